"""What many rounds say together: a median, and how far it can be trusted.

The spread is the interval between the k-th lowest and the k-th highest of n figures, k as large as possible while it
still holds the true median with 90 % probability, whatever the figures' distribution (order statistics: the number of
figures below the median is binomial with 1/2). For 5 to 7 rounds that is lowest to highest; fewer rounds cannot
promise that much and get lowest to highest too.
"""

import math
import statistics
from dataclasses import dataclass

CONFIDENCE = 0.9


@dataclass(frozen=True)
class Figure:
    median: float
    low: float
    high: float

    def json(self):
        return {"median": self.median, "low": self.low, "high": self.high}


def of(values):
    """None of no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    outside = _outside(len(ordered))
    return Figure(statistics.median(ordered), ordered[outside], ordered[-1 - outside])


def ratio(above, below, field="value"):
    """Of the figures of two contenders, round by round, since what disturbs a machine disturbs both of a round.
    Both are lists as Runs.of() gives them. None: they have no round in common."""
    others = {run["round"]: run[field] for run in below if run.get(field)}
    return of([run[field] / others[run["round"]] for run in above
               if run["round"] in others and run.get(field) is not None])


def _outside(number):
    """How many at each end may be left out."""
    outside = 0
    while outside + 1 < number / 2 and _coverage(number, outside + 1) >= CONFIDENCE:
        outside += 1
    return outside


def _coverage(number, outside):
    """Probability that the true median lies between those that remain."""
    return 1 - 2 * sum(math.comb(number, i) for i in range(outside + 1)) / 2**number
