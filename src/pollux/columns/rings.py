r"""The memory of a delay: samples over the delay, the oldest first.

`SAMPLES` samples lie $d = \tau / (\mathrm{SAMPLES} - 3)$ apart; the newest was taken `age` seconds ago, less than $d$.
So the delayed value lies between the third and the fourth of them, and the one before and the one behind are there for
the cubic through all four. A sample is added by moving all of them one place, which needs no index: a kernel does the
same for every member.
"""

from typing import Final, NamedTuple, final

from pollux.model.graph import Expr

SAMPLES: Final = 64


@final
class DelaySlots(NamedTuple):
    """Where a delay keeps its samples, from `first` on, the age of the newest, and the delayed value as it is `now`."""

    expr: Expr
    first: int
    age: int
    now: int

    @property
    def seconds(self) -> float:
        """How long ago the delayed value was."""
        assert isinstance(self.expr.data, float)
        return self.expr.data

    @property
    def spacing(self) -> float:
        """The time between two samples, in seconds."""
        return self.seconds / (SAMPLES - 3)
