"""Opens contenders, takes all figures round by round, and closes them."""

import contextlib
import sys
import time
from dataclasses import dataclass, field

from fairlab.process import Failed

from . import frames, machine, tcp, traffic
from .contender import Unavailable

PAUSE = 0.2  # seconds between rounds; what is busy then is somebody else, who disturbs


@dataclass
class Runs:
    """All that was seen, as it goes into the JSON: `figures`, by kind of wire, case, contender, a list with a dict for
    each round."""

    figures: dict = field(default_factory=dict)
    checks: list = field(default_factory=list)
    others: list = field(default_factory=list)  # share of one core that was busy in each pause
    missing: dict = field(default_factory=dict)  # contender -> why it could not be had
    failed: list = field(default_factory=list)  # one line each

    def add(self, kind, case, contender, figures):
        self.figures.setdefault(kind, {}).setdefault(case, {}).setdefault(contender, []).append(figures)

    def of(self, kind, case, contender):
        return self.figures.get(kind, {}).get(case, {}).get(contender, [])


class Runner:
    def __init__(self, contenders, cases, kinds, *, rounds, seconds, logs):
        """Contenders as classes."""
        self.contenders, self.cases, self.kinds = contenders, cases, kinds
        self.rounds, self.seconds, self.logs = rounds, seconds, logs
        self.runs = Runs()

    def run(self):
        for kind in self.kinds:
            plan = [(case, wanted) for case in self.cases if kind in case.kinds
                    and (wanted := [c for c in self.contenders if kind in c.kinds and case.applies(c)])]
            if plan:
                with contextlib.ExitStack() as stack:
                    stack.callback(traffic.forget)
                    self._run_on(kind, plan, self._open(kind, plan, stack))
        return self.runs

    def _open(self, kind, plan, stack):
        """name -> contender, of all that can be had."""
        found = {}
        for maker in self.contenders:
            if not any(maker in wanted for _, wanted in plan):
                continue
            say(f"{kind}: {maker.name}: {maker.what}")
            contender = maker(kind, self.logs)
            stack.callback(contender.close)
            try:
                contender.open()
                tcp.same_everywhere(contender)
            except Unavailable as reason:
                self.runs.missing[maker.name] = str(reason)
                say(f"{maker.name} is left out: {reason}")
                continue
            except Failed as error:
                self.runs.missing[maker.name] = str(error)
                self._fail(f"{kind}: {maker.name} did not start: {error}")
                continue
            found[maker.name] = contender
        return found

    def _run_on(self, kind, plan, contenders):
        for contender in contenders.values():
            if contender.hosts():
                self._check_frames(kind, contender)
        for number in range(max(min(case.rounds or self.rounds, self.rounds) for case, _ in plan)):
            self.runs.others.append(round(machine.idle_load(PAUSE), 3))
            started = time.monotonic()
            for case, wanted in plan:
                if number >= (case.rounds or self.rounds):
                    continue
                there = [contenders[c.name] for c in wanted if c.name in contenders]
                shift = number % len(there) if there else 0
                for contender in there[shift:] + there[:shift]:  # nobody is always first
                    self._take(kind, case, contender, number)
            say(f"{kind}: round {number + 1} took {time.monotonic() - started:.1f} s")

    def _take(self, kind, case, contender, number):
        try:
            figures = case.take(contender, self.seconds)
        except Failed as error:
            self._fail(f"{kind}: {case.id}: {contender.name}: {error}")
            return
        self.runs.add(kind, case.id, contender.name, {"round": number, **figures})

    def _check_frames(self, kind, contender):
        try:
            check = frames.check(contender, kind)
        except Failed as error:
            self._fail(f"{kind}: {contender.name}: {error}")
            return
        self.runs.checks.append(check)
        if not check["right"]:
            self._fail(f"{kind}: {contender.name}: a packet of {check['largest']} bytes crossed a wire with an MTU of"
                       f" {check['mtu']}")

    def _fail(self, text):
        self.runs.failed.append(text)
        say(text)


def say(text):
    print(text, file=sys.stderr, flush=True)
