"""Cases that read different figures of the same run."""

from .case import LOWER, Case
from .contender import CONTROL
from .lone import Control


class Shared(Case):
    """`run`: takes a contender, returns all figures, of which this case's value is `field`. Cases with the same `run`
    get the same figures, each of them once; who comes first makes them."""

    better = LOWER
    kinds = (CONTROL,)
    rounds = 3
    _waiting = {}  # run -> case -> figures that it has not asked for yet

    def __init__(self, name, what, unit, run, field):
        self.id, self.what, self.unit, self.run, self.field = name, what, unit, run, field
        self._waiting.setdefault(run, {})[self.id] = []

    def applies(self, contender):
        return issubclass(contender, Control)

    def take(self, contender, seconds):
        waiting = self._waiting[self.run]
        if not waiting[self.id]:
            figures = self.run(contender)
            for each in waiting.values():
                each.append(figures)
        figures = waiting[self.id].pop(0)
        return {"value": figures[self.field], **figures}
