"""Effects: what applying a batch did, for whoever pushes, judges, estimates, remembers or answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from pollux.columns.arrays import I64, Mask
from pollux.columns.batch import Batch, Refusal, Texts


@final
@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What happened to one type.

    `batch` are the samples that were heard for the first time, late and doubted ones too, with their final qualities:
    this is what rules, filters and history take. `late` says which of them were older than what was known, `current`
    which became a last value. `texts` are the facts told. `cells` are those whose value, quality or fact changed, in no
    order, numbered signal * `capacity` + row.
    """

    batch: Batch
    late: Mask
    current: Mask
    texts: Texts
    cells: I64
    capacity: int

    def changed(self) -> list[tuple[int, int]]:
        """Row and signal of each cell that changed, in ascending order."""
        return sorted({(cell % self.capacity, cell // self.capacity) for cell in self.cells.tolist()})


@final
@dataclass(frozen=True, slots=True)
class Counts:
    """How much of what: frames and messages heard, messages heard before, samples taken, those late, those set aside,
    and refusals.
    """

    frames: int = 0
    messages: int = 0
    duplicates: int = 0
    samples: int = 0
    late: int = 0
    aside: int = 0
    refused: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.frames + other.frames,
            self.messages + other.messages,
            self.duplicates + other.duplicates,
            self.samples + other.samples,
            self.late + other.late,
            self.aside + other.aside,
            self.refused + other.refused,
        )


@final
@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What applying a decoded batch did.

    `changes` by type; `newcomers` are the twins that are new, as (type, id); `heard` the rows per type that sent
    anything at all. `counts` is of this batch.
    """

    changes: Mapping[str, Changes] = field(default_factory=dict[str, Changes])
    newcomers: tuple[tuple[str, str], ...] = ()
    heard: Mapping[str, I64] = field(default_factory=dict[str, I64])
    refusals: tuple[Refusal, ...] = ()
    counts: Counts = field(default_factory=Counts)
