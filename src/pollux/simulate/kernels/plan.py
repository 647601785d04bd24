"""What a kernel is asked to do, whichever back end it is of."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

from pollux.columns.arrays import F64, I64


@final
@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a kernel is told: where the numbers come from and go to, and when.

    `stops` has one line per moment at which something happens: (step, line of `shared` or -1, line of `own` or -1,
    line of `out` or -1, step of the next stop). `shared` is (lines, inputs), `own` is (lines, inputs, members), and
    their rows say where the inputs stand in the table. `out` is (picks, recorded times, members).
    """

    stops: I64
    picks: I64
    shared: F64
    shared_rows: I64
    own: F64
    own_rows: I64
    start: float
    dt: float


class AbstractKernel(ABC):
    """Advances tables of members."""

    __slots__ = ()

    @property
    @abstractmethod
    def backend(self) -> str:
        """Which back end this is: "numba" or "numpy"."""

    @property
    @abstractmethod
    def block(self) -> int:
        """How many members it takes at a time; chunks of whole blocks waste nothing."""

    @abstractmethod
    def load(self) -> None:
        """Get ready, which compiles where need be; `advance` does it too."""

    @abstractmethod
    def advance(self, table: F64, out: F64, plan: Plan) -> None:
        """Move every member of a table (kept rows, members) through all stops of a plan, in place."""
