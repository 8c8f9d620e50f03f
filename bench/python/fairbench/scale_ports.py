"""Hosts with very many published ports."""

import functools

from . import flat
from .doors import Doors
from .shared import Shared

NUMBERS = (1, 1_000, 50_000)


def ports(contender, _seconds):
    worlds = {number: functools.partial(Doors, contender.logs, f"ports-{number}", ports=number) for number in NUMBERS}
    return flat.compare(worlds, {"one": Doors.flood, "each": Doors.connect})


CASES = [
    Shared("flat-ports", f"cost of a UDP packet with {NUMBERS[-1]} published ports, in that with {NUMBERS[0]}", "times",
           ports, "one", flat.ROUNDS),
    Shared("flat-ports-each", f"cost of a TCP connection to each of {NUMBERS[-1]} published ports in turn, in that to"
           f" {NUMBERS[0]}", "times", ports, "each", flat.ROUNDS),
]
