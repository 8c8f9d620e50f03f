"""What is done to each contender, and which figure it gives."""

import fnmatch

from .contender import FRAMES, SUPER

HIGHER, LOWER = "higher", "lower"


class Case:
    id = ""  # in tables, in JSON and on the command line
    what = ""  # one line
    unit = ""  # of the figure `value`
    better = HIGHER
    cpu_unit = None  # of the figures `busy` / `work`, where they are there
    kinds = (SUPER, FRAMES)  # wires that it is run on
    rounds = None  # None: as many as were asked for
    path = None  # of the contender; None: takes() decides

    def applies(self, contender):
        """Whether it is run on a contender (its class)."""
        wanted = contender.cases is None or any(fnmatch.fnmatchcase(self.id, pattern) for pattern in contender.cases)
        return wanted and self.path in contender.paths

    def take(self, contender, seconds):
        """Runs once on an open contender, for about `seconds`. Returns a dict of figures: `value`, in `unit`, and
        whatever else was seen; `work` and `busy`: units of work, and CPU time of the whole machine for them, whose
        quotient over all rounds is in `cpu_unit`. One round is a slice; what it needs should stand already then.
        Raises process.Failed: the run is recorded as failed, and the next one is made."""
        raise NotImplementedError
