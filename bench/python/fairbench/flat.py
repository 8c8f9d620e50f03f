"""Whether a packet costs the same with few and with very many of something: worlds side by side, rounds in turn."""

import contextlib

ROUNDS = 30
SECONDS = 0.1  # of each measurement


def compare(worlds, measures):
    """`worlds`: makers of contexts, by how many there are, fewest first. `measures`: name -> function of an open world
    and seconds that returns the cost of one packet in seconds. Returns the figures of ROUNDS rounds: under the name of
    each measure how many times as much as in the smallest world it costs in the largest, and all costs in µs."""
    with contextlib.ExitStack() as stack:
        opened = {number: stack.enter_context(make()) for number, make in worlds.items()}
        return [_round(opened, measures, turn) for turn in range(ROUNDS)]


def _round(opened, measures, turn):
    figures = {"cost_us": {}}
    numbers = list(opened)
    for name, measure in measures.items():
        costs = {}
        for number in numbers[turn % len(numbers):] + numbers[:turn % len(numbers)]:  # nobody is always first
            costs[number] = measure(opened[number], SECONDS)
        figures[name] = costs[numbers[-1]] / costs[numbers[0]]
        figures["cost_us"][name] = {str(number): costs[number] * 1e6 for number in numbers}
    return figures
