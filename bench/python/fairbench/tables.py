"""What a person reads: a block for each case, then the rows of design.md section 8."""

from . import spread
from .contender import FRAMES, SUPER

BASELINES = ("host", "kernel")
WIRES = {SUPER: "wire that carries super-packets", FRAMES: "wire with frames of the MTU (segmentation off, GRO on)"}
DISTURBED = 0.3  # of one core
WORDS = {True: "reached", False: "NOT reached", None: "not measured"}


def cases(runs, cases_run):
    """Lines. Ratios are of rounds side by side, with their quartiles."""
    by_id = {case.id: case for case in cases_run}
    for kind, found in runs.figures.items():
        yield f"\n=== {WIRES.get(kind, kind)} ==="
        for name, contenders in found.items():
            yield from _case(by_id[name], contenders)


def _case(case, contenders):
    yield f"\n{case.id}: {case.what} ({case.unit}, {case.better} is better)"
    bases = [base for base in BASELINES if base in contenders]
    yield "  " + f"{'':<16}{'median':>10}  {'spread':<20}" + "".join(f"{'of ' + base:<24}" for base in bases) + "more"
    for name, runs in contenders.items():
        figure = spread.of([run["value"] for run in runs])
        text = f"  {name:<16}{number(figure.median):>10}  {between(figure):<20}"
        for base in bases:
            text += f"{'' if base == name else ratio(spread.ratio(runs, contenders[base])):<24}"
        yield (text + _more(case, runs)).rstrip()


def _more(case, runs):
    """CPU time of all rounds, tail latency and loss, where the case has them."""
    words = []
    if any(run.get("work") for run in runs):
        cpu = sum(run["busy"] for run in runs) / sum(run["work"] for run in runs)
        words.append(f"CPU {number(cpu)} {case.cpu_unit}")
    tail = spread.of([run["p99_us"] for run in runs if "p99_us" in run])
    if tail:
        words.append(f"p99 {number(tail.median)} µs")
    loss = spread.of([run["loss"] for run in runs if "loss" in run])
    if loss:
        words.append(f"loss {loss.median:.1%}")
    return ", ".join(words)


def rows(judged, title="design.md section 8"):
    yield f"\n=== {title} ==="
    for row in judged:
        yield f"\n{WORDS[row['reached']]:<14}{row['what']}"
        for part in row["parts"]:
            value = "-" if part["measured"] is None else (
                f"{number(part['measured'])} ({number(part['low'])} .. {number(part['high'])})")
            yield f"  {WORDS[part['reached']]:<14}{part['label']:<44}{value:<28}{part['target']}"


def markdown(judged):
    """The same rows, for README.md."""
    yield "| what | measured (spread) | target | |"
    yield "|---|---|---|---|"
    for row in judged:
        yield f"| **{row['what']}** | | | {WORDS[row['reached']]} |"
        for part in row["parts"]:
            value = "" if part["measured"] is None else (
                f"{number(part['measured'])} ({number(part['low'])} to {number(part['high'])})")
            yield f"| {part['label']} | {value} | {part['target']} | {WORDS[part['reached']]} |"


def head(machine, others, options):
    pinned = ("clients on core 0, servers on core 1" if options["pinned"] else "not pinned to cores")
    yield (f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {options['rounds']} rounds of"
           f" slices of {options['seconds']:g} s; {pinned}; spread: half of the slices lie in it")
    busy = spread.of(others)
    if busy:
        share = sum(load > DISTURBED for load in others) / len(others)
        yield (f"busy with something else between rounds: {busy.median:.2f} of one core (median), more than"
               f" {DISTURBED} in {share:.0%} of the pauses"
               + (": NOT a quiet machine, do not trust these figures" if share > 0.1 else ""))


def number(value):
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:.0f}"


def between(figure):
    return f"{number(figure.low)} .. {number(figure.high)}"


def ratio(figure):
    return "" if figure is None else f"{number(figure.median)} ({number(figure.low)} .. {number(figure.high)})"
