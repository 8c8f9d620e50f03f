"""The command line of scripts/bench."""

import argparse
import tempfile

from fairlab import leftovers

from . import registry, traffic
from .contender import CONTROL, FRAMES, SUPER
from .runner import Runner

KINDS = (SUPER, FRAMES, CONTROL)


def parser():
    words = argparse.ArgumentParser(prog="scripts/bench", description="Measures contenders side by side.")
    words.add_argument("case", nargs="*", help="only these, or all whose names begin so with a * at the end")
    words.add_argument("--rounds", type=int)
    words.add_argument("--seconds", type=float, default=1.0)
    words.add_argument("--contender", action="append", default=[])
    words.add_argument("--wire", action="append", choices=KINDS, default=[])
    words.add_argument("--unpinned", action="store_true")
    words.add_argument("--list", action="store_true")
    return words


def main(arguments):
    given = parser().parse_args(arguments)
    traffic.pinned = not given.unpinned
    cases = [case for case in registry.CASES if not given.case or case.id in given.case]
    contenders = [c for c in registry.CONTENDERS if not given.contender or c.name in given.contender]
    leftovers.clean()
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as logs:
        runs = Runner(contenders, cases, given.wire or KINDS, rounds=given.rounds or 5, seconds=given.seconds,
                      logs=logs).run()
    print(runs)
    return 1 if runs.failed else 0
