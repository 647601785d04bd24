"""What a co-simulation tells: how it went, and its values on a grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from pollux.columns.arrays import F64, I64
from pollux.errors import NotFound


@final
@dataclass(frozen=True, slots=True)
class Pace:
    """How a co-simulation went: macro steps `taken` and `refused`, `forced` ones, iterations, those that never agreed.

    `parts` says of each part how many steps it took, and how often it was taken back.
    """

    taken: int
    refused: int
    forced: int
    iterations: int
    unsettled: int
    parts: Mapping[str, tuple[int, int]]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Values of a co-simulation on a grid: `trace["tank.level"]` is (times, members)."""

    times: I64
    values: Mapping[str, F64]

    def __getitem__(self, name: str) -> F64:
        if name not in self.values:
            raise NotFound(f"expected a recorded name, got {name!r}", hint=f"recorded: {', '.join(self.values)}")
        return self.values[name]
