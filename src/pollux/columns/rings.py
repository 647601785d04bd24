r"""The memory of a delay: a ring of samples over the delay, read with straight lines between them.

`SAMPLES` samples lie `seconds / (SAMPLES - 1)` apart, so that they span the whole delay $\tau$. The newest stands at
`position` and was taken at `time`; the one before it stands one place before, and round the ring. At $t$ the delayed
value lies $(\mathrm{time} - (t - \tau)) / \mathrm{spacing}$ places behind the newest.
"""

from typing import Final, NamedTuple, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.model.graph import Expr

SAMPLES: Final = 64


@final
class DelaySlots(NamedTuple):
    """Where a delay keeps its samples, from `first` on, which of them is the newest, and when that was taken."""

    expr: Expr
    first: int
    position: int
    time: int

    @property
    def seconds(self) -> float:
        """How long ago the delayed value was."""
        assert isinstance(self.expr.data, float)
        return self.expr.data

    @property
    def spacing(self) -> float:
        """The time between two samples, in seconds."""
        return self.seconds / (SAMPLES - 1)

    def read(self, numbers: F64, now: float) -> F64:
        """The delayed value at `now`, from columns (slots, ...); NaN where the ring has not begun."""
        ring, position, time = numbers[self.first : self.first + SAMPLES], numbers[self.position], numbers[self.time]
        behind = np.clip((time - now + self.seconds) / self.spacing, 0.0, SAMPLES - 1)
        begun = np.isfinite(position) & np.isfinite(behind)
        whole = np.where(begun, np.floor(behind), 0.0)
        newer = np.where(begun, position - whole, 0.0).astype(np.int64) % SAMPLES
        ahead: F64 = np.take_along_axis(ring, newer[None], 0)[0]
        back: F64 = np.take_along_axis(ring, ((newer - 1) % SAMPLES)[None], 0)[0]
        share = behind - whole
        found: F64 = np.where(begun, np.where(share > 0.0, ahead + share * (back - ahead), ahead), np.nan)
        return found
