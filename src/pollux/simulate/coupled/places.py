"""Where the numbers of a system stand: in the table of a run, and in the buffer of a kernel.

The table is (rows, members): type by type, of each type row by row, of each row twin by twin. So the rows of a type are
a view of shape (kept, twins, members), and one row of all its twins lies side by side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.columns.links import Links
from pollux.simulate.coupled.numba_source import Lanes
from pollux.simulate.coupled.program import CoupledProgram


@final
@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The types of a system in its table: how many rows each keeps, and how many twins it has."""

    kept: tuple[int, ...]
    twins: tuple[int, ...]

    @property
    def rows(self) -> int:
        """The number of rows in the table."""
        return sum(kept * twins for kept, twins in zip(self.kept, self.twins, strict=True))

    def start(self, kind: int) -> int:
        """The first row of a type."""
        return sum(kept * twins for kept, twins in zip(self.kept[:kind], self.twins[:kind], strict=True))

    def of(self, table: F64, kind: int) -> F64:
        """The part of a table that belongs to a type, as a view (kept, twins, members)."""
        first, kept, twins = self.start(kind), self.kept[kind], self.twins[kind]
        return table[first : first + kept * twins].reshape(kept, twins, table.shape[1])

    def row(self, kind: int, row: int) -> I64:
        """The rows of the table in which one row of all twins of a type stands."""
        return self.start(kind) + row * self.twins[kind] + np.arange(self.twins[kind])


@final
@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """The index arrays of a numba kernel: offsets into its buffer of `size` numbers.

    `place` is where each row of the table stands, `extent` where each type begins and how many tiles it has. `one` are
    the twins that single links lead to, those of link k from `one_at[k]` on; `many` those of links to many, of which
    twin n of link k has those from `ends[ends_at[k] + n]` up to the next end.
    """

    place: I64
    extent: I64
    one: I64
    one_at: I64
    many: I64
    ends: I64
    ends_at: I64
    size: int


def wiring(program: CoupledProgram, places: Places, links: Sequence[Links], *, width: int, lanes: Lanes) -> Wiring:
    """The offsets for links of these numbers; a link that leads nowhere leads to a tile of nothing at the end."""
    tiles = [twins if lanes == "members" else -(-twins // width) for twins in places.twins]
    sizes = [kind.rows * width * count for kind, count in zip(program.kinds, tiles, strict=True)]
    bases = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    nothing = int(bases[-1])
    at = [
        _twin_offsets(int(base), kind.rows, twins, width, lanes)
        for base, kind, twins in zip(bases[:-1], program.kinds, places.twins, strict=True)
    ]
    lanes_of = [count * (1 if lanes == "members" else width) for count in tiles]
    followed = [
        _followed(link, at[kind], at[target], lanes_of[kind], nothing)
        for (kind, _, target), link in zip(program.links, links, strict=True)
    ]
    one, many = [first for first, _, _ in followed], [others for _, others, _ in followed]
    before = _starts(many)
    ends = [begin + end for begin, (_, _, end) in zip(before, followed, strict=False)]
    largest = max(kind.rows for kind in program.kinds) * width
    return Wiring(
        place=np.concatenate([_row_offsets(at[k], kind.kept, width) for k, kind in enumerate(program.kinds)]),
        extent=np.ascontiguousarray(np.stack([bases[:-1], np.array(tiles)], axis=1).astype(np.int64)),
        one=_joined(one),
        one_at=_starts(one),
        many=_joined(many),
        ends=_joined(ends),
        ends_at=_starts(ends),
        size=nothing + largest,
    )


def _twin_offsets(base: int, rows: int, twins: int, width: int, lanes: Lanes) -> I64:
    """Where row 0 of each twin stands."""
    twin = np.arange(twins)
    if lanes == "members":
        return base + twin * rows * width
    return base + (twin // width) * rows * width + twin % width


def _row_offsets(twins: I64, kept: int, width: int) -> I64:
    return (np.arange(kept)[:, None] * width + twins[None, :]).ravel()


def _followed(link: Links, at: I64, target: I64, lanes: int, nothing: int) -> tuple[I64, I64, I64]:
    """The first target of each lane, all targets, and where those of each lane end among them."""
    first = np.full(lanes, nothing)
    leads = link.first(np.arange(len(at)))
    first[: len(at)][leads >= 0] = target[leads[leads >= 0]]
    count = np.bincount(link.source, minlength=lanes)
    return first, target[link.target], np.concatenate(([0], np.cumsum(count)))


def _starts(parts: Sequence[I64]) -> I64:
    return np.concatenate(([0], np.cumsum([len(one) for one in parts]))).astype(np.int64)


def _joined(parts: Sequence[I64]) -> I64:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)
