"""Samples on their way from a source: times and numbers, and what the source has to say about what is missing."""

from dataclasses import dataclass
from typing import final

from pollux.columns.arrays import F64, I64


@final
@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples in ascending time: `times` (n,) in nanoseconds UTC, `values` (n, k) for the k signals asked for.

    `missed` counts samples that were due and not taken, `unread` lines and messages that were none.
    """

    times: I64
    values: F64
    missed: int = 0
    unread: int = 0

    def __len__(self) -> int:
        return len(self.times)
