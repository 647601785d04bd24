"""Sections: the decoded samples of a stretch of log, sorted by series, so that one signal is read without the others.

A section is a table of series and, for each, two packed blocks: the samples, and their picture in columns of a minute.
It is derived from the log and may be thrown away at any time; every block carries a checksum, and one that does not
hold makes the whole index file be built again.
"""

import itertools
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pollux.clock import MINUTE
from pollux.columns.arrays import I64
from pollux.columns.batch import Batch
from pollux.remember.decimate import Series, decimate, in_order

STEP = MINUTE
"""The width of the stored picture's columns."""
BLOCK = 1 << 14
"""The most samples of a block, so that an hour of a fast signal is not read as a month."""

_SMALLEST = 100_000
_LARGEST = 1_000_000
_DEEP = 512
"""Samples of a series that a section waits for: a block costs some 100 us to make, however few it holds."""
_LENGTH = struct.Struct("<II")
_SLOT = np.dtype(
    [
        ("type", "<u2"),
        ("row", "<i4"),
        ("signal", "<i4"),
        ("start", "<i8"),
        ("end", "<i8"),
        ("fine", "<u4"),
        ("fine_size", "<u4"),
        ("fine_check", "<u4"),
        ("coarse", "<u4"),
        ("coarse_size", "<u4"),
        ("coarse_check", "<u4"),
    ]
)
Read: TypeAlias = Callable[[int, int], bytes]


class Key(NamedTuple):
    """Which series: type, row of the twin, index of the signal."""

    type: str
    row: int
    signal: int


class StaleIndex(Exception):
    """The index is not what belongs to this log."""


def packed(series: Series) -> bytes:
    """A block: times as differences, arrivals as delays, all columns compressed together."""
    columns = (
        np.diff(series.time, prepend=np.int64(0)).tobytes(),
        (series.arrival - series.time).tobytes(),
        series.value.tobytes(),
        series.quality.tobytes(),
    )
    return zlib.compress(b"".join(columns), 1)


def unpacked(block: bytes, width: int) -> Series:
    """The series of a block."""
    body = zlib.decompress(block)
    n = len(body) // 25
    time = np.cumsum(np.frombuffer(body, np.int64, n))
    arrival = time + np.frombuffer(body, np.int64, n, 8 * n)
    return Series(
        time, arrival, np.frombuffer(body, np.float64, n, 16 * n), np.frombuffer(body, np.uint8, n, 24 * n), width
    )


@final
class Gathering:
    """Samples of one owner (one person, or nobody) as they are decoded, until they become a section."""

    def __init__(self) -> None:
        self._types: dict[str, int] = {}
        self._chunks: list[tuple[I64, Series]] = []
        self._rows = self._signals = 0
        self.samples = 0

    @property
    def full(self) -> bool:
        """Whether a section should be made: large enough to pack well, small enough to be searched at once."""
        series = len(self._types) * self._rows * self._signals
        return self.samples > min(_LARGEST, max(_SMALLEST, _DEEP * series))

    def add(self, batches: Mapping[str, Batch]) -> None:
        """Add decoded samples."""
        for name, batch in batches.items():
            if not len(batch):
                continue
            code = self._types.setdefault(name, len(self._types))
            keys = np.empty((3, len(batch)), np.int64)
            keys[0], keys[1], keys[2] = code, batch.row, batch.signal
            self._rows = max(self._rows, int(batch.row.max()) + 1)
            self._signals = max(self._signals, int(batch.signal.max()) + 1)
            value = np.where(batch.quality == 0, np.nan, batch.value)
            self._chunks.append((keys, Series(batch.event_time, batch.arrival, value, batch.quality)))
            self.samples += len(batch)

    def bounds(self) -> tuple[int, int]:
        """The first time of any sample and the one after the last."""
        _, whole = self._joined()
        return int(whole.time.min()), int(whole.time.max()) + 1

    def series(self, key: Key) -> Series:
        """The samples of one series so far."""
        code = self._types.get(key.type)
        if code is None:
            return Series.empty()
        keys, whole = self._joined()
        mine = whole.select((keys[0] == code) & (keys[1] == key.row) & (keys[2] == key.signal))
        return mine.select(in_order(mine))

    def _joined(self) -> tuple[I64, Series]:
        if len(self._chunks) > 1:
            keys = np.concatenate([keys for keys, _ in self._chunks], axis=1)
            parts = [series for _, series in self._chunks]
            whole = Series(
                np.concatenate([part.time for part in parts]),
                np.concatenate([part.arrival for part in parts]),
                np.concatenate([part.value for part in parts]),
                np.concatenate([part.quality for part in parts]),
            )
            self._chunks = [(keys, whole)]
        return self._chunks[0]

    def section(self) -> bytes:
        """The section of all samples."""
        keys, whole = self._joined()
        order: I64 = np.lexsort((keys[2], keys[1], keys[0]))
        keys, whole = keys[:, order], whole.select(order)
        changes = np.flatnonzero((keys[:, 1:] != keys[:, :-1]).any(axis=0)) + 1
        edges: list[int] = [0, *changes.tolist(), keys.shape[1]]
        slots: list[tuple[int, ...]] = []
        blocks: list[bytes] = []
        offset = 0
        for start, end in itertools.pairwise(edges):
            series = whole.select(np.arange(start, end))
            for one in _blocks(series.select(in_order(series))):
                fine, coarse = packed(one), packed(decimate(one, STEP))
                bounds = (int(one.time[0]), int(one.time[-1]) + 1)
                places = (offset, len(fine), zlib.crc32(fine), offset + len(fine), len(coarse), zlib.crc32(coarse))
                slots.append((*keys[:, start].tolist(), *bounds, *places))
                blocks += (fine, coarse)
                offset += len(fine) + len(coarse)
        table = np.array(slots, _SLOT)
        names = msgspec.msgpack.encode(list(self._types))
        head = names + table.tobytes()
        return b"".join((_LENGTH.pack(len(names), len(table)), _check(head), head, *blocks))


def _blocks(series: Series) -> Iterator[Series]:
    for start in range(0, len(series), BLOCK):
        yield series.select(np.arange(start, min(start + BLOCK, len(series))))


def _check(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4, "little")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """The table of a section, through which its blocks are read."""

    names: tuple[str, ...]
    table: NDArray[np.void]
    blocks: int
    """where the blocks begin"""

    @staticmethod
    def open(read: Read) -> "Section":
        """Read the table. Raises StaleIndex when it is not whole."""
        start = read(0, _LENGTH.size + 4)
        if len(start) < _LENGTH.size + 4:
            raise StaleIndex
        names, slots = _LENGTH.unpack_from(start)
        head = read(len(start), names + slots * _SLOT.itemsize)
        if _check(head) != start[_LENGTH.size :]:
            raise StaleIndex
        types = msgspec.msgpack.decode(head[:names], type=tuple[str, ...])
        return Section(types, np.frombuffer(head, _SLOT, slots, names), len(start) + len(head))

    def slots(self, key: Key, start: int, end: int) -> NDArray[np.void]:
        """The blocks of a series that overlap start to end, as rows of the table."""
        if key.type not in self.names:
            return self.table[:0]
        table = self.table
        mine = (table["type"] == self.names.index(key.type)) & (table["row"] == key.row)
        mine &= (table["signal"] == key.signal) & (table["start"] < end) & (table["end"] > start)
        found: NDArray[np.void] = table[mine]
        return found

    def series(self, read: Read, slot: np.void, *, coarse: bool) -> Series:
        """The samples of a block, or their picture by the minute. Raises StaleIndex when they are not whole."""
        which = "coarse" if coarse else "fine"
        block = read(self.blocks + int(slot[which]), int(slot[which + "_size"]))
        if zlib.crc32(block) != slot[which + "_check"]:
            raise StaleIndex
        return unpacked(block, STEP if coarse else 0)
