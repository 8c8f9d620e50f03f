"""Cases that read different figures of the same run."""

from fairlab.process import Failed

from .case import LOWER, Case
from .contender import CONTROL
from .lone import Control


class Shared(Case):
    """`run`: takes a contender and the seconds of each measurement; returns all figures, of which this case's value is
    `field`, or a list of them, for this round and those to come. Cases with the same `run` get the same figures, each
    of them once; who comes first makes them. What failed is not tried again."""

    better = LOWER
    kinds = (CONTROL,)
    _waiting = {}  # run -> case -> figures that it has not asked for yet
    _broken = {}  # run -> what went wrong

    def __init__(self, name, what, unit, run, field, rounds=3):
        self.id, self.what, self.unit, self.run, self.field, self.rounds = name, what, unit, run, field, rounds
        self._waiting.setdefault(run, {})[self.id] = []

    def applies(self, contender):
        return issubclass(contender, Control)

    def take(self, contender, seconds):
        waiting = self._waiting[self.run]
        if not waiting[self.id]:
            if self.run in self._broken:
                raise Failed(self._broken[self.run])
            try:
                made = self.run(contender, seconds)
            except Failed as error:
                self._broken[self.run] = f"not again: {str(error).strip().splitlines()[0]}"
                raise
            for each in waiting.values():
                each += made if isinstance(made, list) else [made]
        figures = waiting[self.id].pop(0)
        return {"value": figures[self.field], **figures}
