"""The command line of scripts/bench."""

import argparse
import fnmatch
import os
import signal
import sys
import tempfile

from fairlab import leftovers

from . import chart, machine, registry, report, tables, targets, traffic
from .contender import CONTROL, FRAMES, SUPER
from .runner import Runner

KINDS = (SUPER, FRAMES, CONTROL)
ROUNDS, SECONDS = 40, 0.1
QUICK_ROUNDS = 5


def parser():
    words = argparse.ArgumentParser(
        prog="scripts/bench", description="Measures fairlead beside the host's own network and Docker's, interleaved,"
        " and compares the medians with design.md section 8.")
    words.add_argument("case", nargs="*", help="case or row to run, * and ? allowed; none: all")
    words.add_argument("--json", metavar="FILE", help="everything, raw figures too")
    words.add_argument("--chart", metavar="FILE", help="SVG; with --json it is written next to it anyway")
    words.add_argument("--table", metavar="FILE", help="the rows of section 8 in Markdown")
    words.add_argument("--rounds", type=int, help=f"default {ROUNDS}")
    words.add_argument("--seconds", type=float, default=SECONDS, help="of each slice, default %(default)s")
    words.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds, super-packets only")
    words.add_argument("--contender", action="append", default=[], help="only this one; may be repeated")
    words.add_argument("--wire", action="append", choices=KINDS, default=[], help="only this one; may be repeated")
    words.add_argument("--unpinned", action="store_true", help="let the scheduler choose cores")
    words.add_argument("--list", action="store_true", help="what there is")
    return words


def main(arguments):
    words = parser()
    given = words.parse_args(arguments)
    if given.list:
        print("\n".join(listing()))
        return 0
    if os.geteuid() != 0:
        words.error("must run as root: it makes network namespaces")
    cases, contenders = chosen_cases(given.case, words), chosen_contenders(given.contender, words)
    traffic.pinned = not given.unpinned
    options = {"rounds": given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS), "seconds": given.seconds,
               "pinned": traffic.pinned}
    kinds = given.wire or ((SUPER,) if given.quick else KINDS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all is cleaned up
    leftovers.clean()
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as logs:
        runs = Runner(contenders, cases, kinds, rounds=options["rounds"], seconds=given.seconds, logs=logs).run()
    show(given, runs, cases, contenders, options)
    return 1 if runs.failed else 0


def show(given, runs, cases, contenders, options):
    content = report.document(runs, cases, contenders, machine.describe(), options)
    for line in (*tables.head(content["machine"], runs.others, options), *tables.cases(runs, cases),
                 *tables.rows(content["rows"]), *tables.rows(content["further_rows"], "further targets"),
                 *(f"left out: {who}: {why}" for who, why in runs.missing.items()),
                 *(f"failed: {line}" for line in runs.failed)):
        print(line)
    picture = given.chart or (given.json and os.path.splitext(given.json)[0] + ".svg")
    drawn = chart.draw(runs, cases, content["machine"])
    if picture and drawn:
        write(picture, drawn)
    if given.table:
        write(given.table, "\n".join(tables.markdown(content["rows"])) + "\n")
    if given.json:
        report.write(given.json, content)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def chosen_cases(names, words):
    """Those named, and those that the rows named need."""
    wanted = set()
    for name in names:
        found = {case.id for case in registry.CASES if fnmatch.fnmatchcase(case.id, name)}
        for row in targets.ROWS + targets.FURTHER:
            if fnmatch.fnmatchcase(row.id, name):
                found |= {part.case for part in row.parts}
        if not found:
            words.error(f"no case and no row is called {name}: scripts/bench --list")
        wanted |= found
    return [case for case in registry.CASES if not names or case.id in wanted]


def chosen_contenders(names, words):
    known = {contender.name for contender in registry.CONTENDERS}
    for name in names:
        if name not in known:
            words.error(f"no contender is called {name}: {', '.join(sorted(known))}")
    return [contender for contender in registry.CONTENDERS if not names or contender.name in names]


def listing():
    yield "cases:"
    yield from (f"  {case.id:<22}{case.what} ({', '.join(case.kinds)})" for case in registry.CASES)
    yield "rows of design.md section 8:"
    yield from (f"  {row.id:<22}{row.what}" for row in targets.ROWS)
    yield "further rows:"
    yield from (f"  {row.id:<22}{row.what}" for row in targets.FURTHER)
    yield "contenders:"
    yield from (f"  {contender.name:<22}{contender.what}" for contender in registry.CONTENDERS)
