"""What many rounds say together: their median, and the quartiles between which half of them lie."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    median: float
    low: float
    high: float

    def json(self):
        return {"median": self.median, "low": self.low, "high": self.high}


def of(values):
    """None of no values. Of fewer than four, lowest and highest stand for the quartiles."""
    ordered = sorted(values)
    if not ordered:
        return None
    low, high = ordered[0], ordered[-1]
    if len(ordered) >= 4:
        low, _, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return Figure(statistics.median(ordered), low, high)


def ratio(above, below, field="value"):
    """Of the figures of two contenders, round by round, since what disturbs a machine disturbs both of a round.
    Both are lists as Runs.of() gives them. None: they have no round in common."""
    others = {run["round"]: run[field] for run in below if run.get(field)}
    return of([run[field] / others[run["round"]] for run in above
               if run["round"] in others and run.get(field) is not None])
