"""Compiled hash tables from bytes to numbers; needs numba, imported by `scanner` only."""

from typing import Any, Final, NamedTuple, TypeAlias, final

import numpy as np

from pollux.columns.arrays import I32, I64, U8
from pollux.columns.jit import inlined, jit, short

Seed: TypeAlias = np.uint64

NOT_FOUND: Final = -1


@final
class Table(NamedTuple):
    """An open-addressing hash table from bytes to numbers 0, 1, 2, ...: `slots` hold number + 1, or 0.

    Name i is `bytes[starts[i] : starts[i] + lengths[i]]` in the group `groups[i]`; `hashes` save most comparisons.
    """

    slots: I32
    hashes: Any
    starts: I64
    lengths: I32
    groups: I32
    bytes: U8


@jit
def hash_bytes(a: U8, start: int, length: int, seed: Seed) -> Seed:
    """A seeded 64-bit hash, eight bytes at a time; the bytes themselves are compared after it."""
    h = seed ^ np.uint64(length)
    place = start
    end = start + length
    while place < end:
        word = np.uint64(0)
        for shift in range(min(8, end - place)):
            word |= np.uint64(a[place + shift]) << np.uint64(8 * shift)
        h = (h ^ word) * np.uint64(0x9E3779B97F4A7C15)
        h ^= h >> np.uint64(32)
        h = (h + seed) * np.uint64(0xD6E8FEB86659FD93)
        h ^= h >> np.uint64(29)
        place += 8
    return h


@inlined
def same_bytes(a: U8, start: int, b: U8, other: int, length: int) -> bool:
    """Whether two stretches of bytes are equal."""
    for place in range(length):  # noqa: SIM110 - a generator is slower when compiled
        if a[start + place] != b[other + place]:
            return False
    return True


@jit
def find(table: Table, a: U8, start: int, length: int, group: int, seed: Seed) -> int:
    """The number of a name, -1 where it is not known."""
    mask = len(table.slots) - 1
    h = hash_bytes(a, start, length, seed + np.uint64(group))
    slot = np.int64(h & np.uint64(mask))
    while table.slots[slot] != 0:
        i = int(table.slots[slot]) - 1
        if (
            table.hashes[i] == h
            and table.lengths[i] == length
            and table.groups[i] == group
            and same_bytes(a, start, table.bytes, table.starts[i], length)
        ):
            return i
        slot = (slot + 1) & mask
    return NOT_FOUND


@short
def insert(table: Table, first: int, last: int, seed: Seed) -> None:
    """Put the names `first` to `last` into the slots."""
    mask = len(table.slots) - 1
    for i in range(first, last):
        h = hash_bytes(table.bytes, table.starts[i], table.lengths[i], seed + np.uint64(table.groups[i]))
        table.hashes[i] = h
        slot = np.int64(h & np.uint64(mask))
        while table.slots[slot] != 0:
            slot = (slot + 1) & mask
        table.slots[slot] = i + 1


@short
def locate(table: Table, a: U8, starts: I64, lengths: I32, seed: Seed, found: I32) -> None:
    """The numbers of many names in group 0; names of length 0 are none."""
    for i in range(len(starts)):
        found[i] = find(table, a, starts[i], lengths[i], 0, seed) if lengths[i] else NOT_FOUND
