"""What decide needs to know of an ensemble of futures, whoever simulated it."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pollux.model.graph import Expr

F64 = NDArray[np.float64]


class Samples(Protocol):
    """Futures of some options by some members, where member i has the same luck in every option.

    All arrays are (options, members), paths (options, times, members), in the units of their expressions.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Options and members."""
        ...

    @property
    def times(self) -> NDArray[np.int64]:
        """The output grid, nanoseconds UTC."""
        ...

    @property
    def span(self) -> float:
        """The length of the run in seconds."""
        ...

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Members that failed numerically; their numbers are NaN."""
        ...

    def path(self, name: str) -> F64:
        """A signal, derived value or reading on the output grid."""
        ...

    def final(self, expr: Expr) -> F64:
        """The value of an expression at the end."""
        ...

    def integral(self, expr: Expr) -> F64:
        """The integral of an expression over the run; per second in its unit's time."""
        ...

    def count(self, event: str) -> F64:
        """How often an event happened."""
        ...

    def first(self, event: str) -> F64:
        """When an event first happened, seconds after the start; NaN for never."""
        ...
