"""Numbers of many members, and the bytes in which an FMU reads and writes them."""

from collections.abc import Sequence
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64
from pollux.simulate.fmi.kinds import NUMERIC
from pollux.simulate.fmi.loop_values import Groups
from pollux.simulate.fmi.plan import Group, width
from pollux.simulate.fmi.symbols import Library

_GRID = 8


@final
class Block:
    """Groups of variables side by side in the bytes of a member, each on a multiple of 8."""

    def __init__(self, groups: Sequence[Group], version: int, library: Library, way: Literal["Get", "Set"]) -> None:
        self._places = [_run(group.places) for group in groups]
        self._kinds = [NUMERIC[version][group.type] for group in groups]
        self.numbers = width(groups)
        self.references = np.array([one for group in groups for one in group.references] or [0], np.uint32)
        rows: list[tuple[int, ...]] = []
        first, place = 0, 0
        for group, kind in zip(groups, self._kinds, strict=True):
            count = len(group.places)
            rows.append((library.address(way + kind.word), first, len(group.references), place, count))
            first += len(group.references)
            place += -(-count * np.dtype(kind.dtype).itemsize // _GRID) * _GRID
        self.table = np.array(rows, np.int64).reshape(-1, 5)
        self.bytes = place

    def packed(self, values: F64) -> NDArray[np.uint8]:
        """The bytes (members, bytes) of numbers (numbers, members); whole types are rounded."""
        raw = np.zeros((values.shape[1], max(self.bytes, _GRID)), np.uint8)
        for places, kind, row in zip(self._places, self._kinds, self.table, strict=True):
            told = values[places].T
            own = np.rint(told) if kind.whole else told
            self._seen(raw, row, kind.dtype)[...] = own
        return raw

    def numbers_of(self, raw: NDArray[np.uint8]) -> F64:
        """The numbers (numbers, ...) of bytes (..., bytes)."""
        found = np.empty((self.numbers, *raw.shape[:-1]))
        for places, kind, row in zip(self._places, self._kinds, self.table, strict=True):
            found[places] = np.moveaxis(self._seen(raw, row, kind.dtype), -1, 0)
        return found

    def room(self, *shape: int) -> NDArray[np.uint8]:
        """Bytes for so many members."""
        return np.zeros((*shape, max(self.bytes, _GRID)), np.uint8)

    @property
    def groups(self) -> Groups:
        """The same for the loops."""
        return Groups(self.table, self.references)

    @staticmethod
    def _seen(raw: NDArray[np.uint8], row: NDArray[np.int64], dtype: str) -> NDArray[np.float64]:
        begin, end = int(row[3]), int(row[3] + row[4] * np.dtype(dtype).itemsize)
        seen: NDArray[np.float64] = raw[..., begin:end].view(dtype)
        return seen


def _run(places: list[int]) -> slice | list[int]:
    """Places that follow each other as a slice, which copies in one go."""
    whole = places == list(range(places[0], places[0] + len(places)))
    return slice(places[0], places[-1] + 1) if whole else places
