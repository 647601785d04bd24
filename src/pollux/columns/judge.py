"""What a judge of values is: it looks at the newest values of a signal and says how far the last one is believed.

The mirror keeps the newest values by event time, so that what a judge says does not depend on the order of arrival; the
rules themselves come from `check`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, final

from pollux.columns.arrays import F64, I64, U8, U16

DEPTH: Final = 8
"""How many of the newest values of a judged signal are kept."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """The newest values of one signal on n twins, newest first.

    `times` and `values` have the shape (n, DEPTH), with NEVER and NaN where there are fewer; `since` (n,) is the event
    time of the last value that differed from the newest one, of the first one known where none did.
    """

    times: I64
    values: F64
    since: I64


class AbstractJudge(ABC):
    """Judges the newest value of some signals of one schema by the values before it."""

    @property
    @abstractmethod
    def signals(self) -> tuple[int, ...]:
        """The signals it judges, by schema index."""

    @abstractmethod
    def judge(self, signal: int, recent: Recent) -> tuple[U8, U16]:
        """A quality and a reason for the newest value of each twin, (n,) each: GOOD and NONE, or UNCERTAIN and why."""
