"""Names: a hash table from bytes to numbers that grows, in the form that the kernels look things up in."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, final

import numpy as np

from pollux.columns.arrays import U8


@final
class Names:
    """A hash table of names that grows; the names are numbered in the order they are added."""

    def __init__(self, tables: ModuleType, seed: np.uint64) -> None:
        self._tables = tables
        self._seed = seed
        self.clear()

    def clear(self) -> None:
        """Know no name any more."""
        self._count = 0
        self._used = 0
        self._hashes = np.zeros(64, np.uint64)
        self._starts = np.zeros(64, np.int64)
        self._lengths = np.zeros(64, np.int32)
        self._groups = np.zeros(64, np.int32)
        self._bytes = np.zeros(1024, np.uint8)
        self._slots = np.zeros(256, np.int32)

    def __len__(self) -> int:
        return self._count

    @property
    def table(self) -> Any:
        """The table as the kernels take it."""
        return self._tables.Table(self._slots, self._hashes, self._starts, self._lengths, self._groups, self._bytes)

    def add(self, names: Sequence[bytes], groups: Sequence[int] | None = None) -> None:
        """Add names, each with its group, 0 unless told."""
        if not names:
            return
        first, last, joined = self._count, self._count + len(names), b"".join(names)
        lengths = np.array([len(name) for name in names], np.int32)
        self._room(last, self._used + len(joined))
        self._bytes[self._used : self._used + len(joined)] = np.frombuffer(joined, np.uint8)
        self._lengths[first:last] = lengths
        self._starts[first:last] = self._used + np.cumsum(lengths) - lengths
        self._groups[first:last] = 0 if groups is None else groups
        self._count, self._used = last, self._used + len(joined)
        self._place(first)

    def _place(self, first: int) -> None:
        # At most half full, so that a miss ends soon.
        if 2 * self._count > len(self._slots):
            self._slots = np.zeros(1 << (4 * self._count - 1).bit_length(), np.int32)
            first = 0
        self._tables.insert(self.table, first, self._count, self._seed)

    def _room(self, names: int, size: int) -> None:
        if names > len(self._lengths):
            more = 1 << (names - 1).bit_length()
            self._hashes, self._starts = np.resize(self._hashes, more), np.resize(self._starts, more)
            self._lengths, self._groups = np.resize(self._lengths, more), np.resize(self._groups, more)
        if size > len(self._bytes):
            self._bytes = np.resize(self._bytes, 1 << (size - 1).bit_length())


def drawn(seed: int | None) -> np.uint64:
    """A seed as the tables take it; without one it is drawn by the process, as Python's own for texts."""
    number = hash(("pollux", "topics")) if seed is None else seed
    return np.uint64(number & 0xFFFF_FFFF_FFFF_FFFF)


def as_array(arena: bytes) -> U8:
    """The bytes of an arena, of one type for the kernels whatever it is; what is empty is seen as one byte."""
    return np.frombuffer(memoryview(arena or b"\0").toreadonly(), np.uint8)
