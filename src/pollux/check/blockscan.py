"""Packed blocks of a whole batch at once: those of one shape are cut out of the arena together.

It takes the blocks that are as they should be and leaves all others, whole, to the documents, which say what is wrong
with them. Where there is a compiled cutter it goes first, and is taught by what it leaves. So with either or without
them the columns are the same, bit for bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, final

import msgspec
import numpy as np

from pollux.check.bounds import Bounds
from pollux.check.cutter import Cutter
from pollux.check.faults import Fault
from pollux.check.identity import identity
from pollux.check.lives import NO_BOOT, Lives
from pollux.check.packed import MAGIC, START, TYPES, Head, as_floats
from pollux.check.raw import Raw
from pollux.check.shapes import is_list
from pollux.check.topics import IGNORED, NO_ENTRY, EntryColumns, Topics
from pollux.check.vocabulary import Key, Vocabulary
from pollux.columns.arrays import F64, I32, I64, Mask
from pollux.columns.batch import NO_SEQUENCE
from pollux.columns.frames import Encoding, Frames
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason

_HEAD: Final = msgspec.msgpack.Decoder(Head)
_MAGIC: Final = np.frombuffer(MAGIC, np.uint8)
_ARRIVAL, _EACH, _EVEN = 0, 1, 2


@final
class _Shape(NamedTuple):
    """What blocks must share to be cut out together."""

    vocabulary: int
    signals: tuple[str, ...]
    n: int
    type: str
    clock: int


@final
class _Span(NamedTuple):
    """One block: its frame, the entry of its topic, and where in the arena it lies."""

    frame: int
    entry: int
    start: int
    end: int


@final
@dataclass(slots=True)
class _Group:
    """The blocks of one shape, with numbers of `size` bytes.

    A row of `told` is a block: frame, entry, seq, boot, the first time and the step, where its numbers begin.
    """

    keys: list[Key]
    size: int
    told: list[tuple[int, int, int, int, int, int, int]] = field(
        default_factory=list[tuple[int, int, int, int, int, int, int]]
    )


@final
class BlockScanner:
    """Reads the packed blocks of batches, for the vocabularies of one tenant."""

    __slots__ = ("_bounds", "_cutter", "_vocabularies")

    def __init__(self, vocabularies: Sequence[Vocabulary], bounds: Bounds, cutter: Cutter | None = None) -> None:
        self._vocabularies, self._bounds, self._cutter = vocabularies, bounds, cutter

    def scan(self, frames: Frames, entry: I32, rest: Mask, topics: Topics, lives: Lives) -> tuple[list[Raw], Mask]:
        """What the blocks among `rest` say, and which frames are left."""
        if not rest.any():
            return [], rest
        left, raws = rest.copy(), list[Raw]()
        if self._cutter is None:
            places = self._candidates(frames, entry, rest, topics.columns)
        else:
            raws, places = self._cutter.cut(frames, entry, left, topics.columns, lives)
        if len(places):
            raws += self._one_by_one(frames, entry, places, left, topics.columns, lives)
        return raws, left

    def _one_by_one(
        self, frames: Frames, entry: I32, places: I64, left: Mask, columns: EntryColumns, lives: Lives
    ) -> list[Raw]:
        """What some blocks say, their heads read in Python; those that it takes are not left any more."""
        groups: dict[_Shape, _Group] = {}
        arena = frames.arena
        numbers: list[int] = entry[places].tolist()
        speaking: list[int] = columns.vocabulary[entry[places]].tolist()
        spans: list[tuple[int, int]] = frames.index[places, 2:].tolist()
        for i, number, vocabulary, (start, length) in zip(places.tolist(), numbers, speaking, spans, strict=True):
            left[i] = not self._take(arena, _Span(i, number, start, start + length), vocabulary, groups, lives)
        return [_raw(arena, shape, group) for shape, group in groups.items() if group.told]

    def _candidates(self, frames: Frames, entry: I32, rest: Mask, columns: EntryColumns) -> I64:
        """The frames that begin as blocks do, and that nothing says are something else."""
        places = np.flatnonzero(rest & (entry != NO_ENTRY))
        told, start, length = entry[places], frames.index[places, 2], frames.index[places, 3]
        named = np.where(frames.encoding[places] == Encoding.GUESS, columns.encoding[told], frames.encoding[places])
        good = (columns.vocabulary[told] != IGNORED) & (columns.channel[told] < 0)
        good &= (length >= START.size) & (length <= self._bounds.payload)
        good &= (named == Encoding.GUESS) | (named == Encoding.BINARY)
        some = np.flatnonzero(good)
        begins = np.frombuffer(frames.arena, np.uint8)[start[some, None] + np.arange(len(MAGIC))] if len(some) else None
        return places[some[(begins == _MAGIC).all(axis=1)]] if begins is not None else places[:0]

    def _take(
        self, arena: bytes, span: "_Span", vocabulary: int, groups: dict["_Shape", "_Group"], lives: Lives
    ) -> bool:
        """Note one block with its like; False for one that the documents must look at."""
        start, end = span.start + START.size, span.end
        numbers = start + int.from_bytes(arena[start - 4 : start], "little")
        try:
            head = _HEAD.decode(arena[start : min(numbers, end)])
            seq, boot = _identity(head, lives)
        except (msgspec.DecodeError, UnicodeDecodeError, Fault):
            return False
        clock = _ARRIVAL if head.t is None else _EACH if head.t == "each" else _EVEN
        shape = _Shape(vocabulary, tuple(head.signals), head.n, head.type, clock)
        group, even = groups.get(shape), _even(head)
        if group is None:
            keys = self._spoken(shape) if _fits(head, self._bounds.samples) else None
            if keys is None:
                return False
            group = groups[shape] = _Group(keys, TYPES[head.type].itemsize * head.n * len(keys))
        times = 8 * head.n if clock == _EACH else 0
        if even is None or numbers + times + group.size != end:
            return False
        group.told.append((span.frame, span.entry, seq, boot, *even, numbers + times))
        if self._cutter is not None:
            self._cutter.learn(vocabulary, head, group.keys, boot)
        return True

    def _spoken(self, shape: "_Shape") -> list[Key] | None:
        """The keys of some columns; None unless each is a number or a flag of the type, told once."""
        of, signals = self._vocabularies[shape.vocabulary], shape.signals
        if (
            of.mapping.read is not None
            or of.mapping.twin is not None
            or len(set(signals)) < len(signals)
            or of.ignore.intersection(signals)
        ):
            return None
        keys = [of.keys.get(wire) for wire in signals]
        known = [key for key in keys if key is not None and key.kind in ("number", "flag")]
        return known if len(known) == len(keys) else None


def _fits(head: Head, most: int) -> bool:
    return head.type in TYPES and head.n > 0 and 0 < head.n * len(head.signals) <= most


def _identity(head: Head, lives: Lives) -> tuple[int, int]:
    if head.seq is None and head.boot is None:
        return NO_SEQUENCE, NO_BOOT
    seq, boot = identity({"seq": head.seq, "boot": head.boot}, "$")
    return seq, lives.number(boot)


def _even(head: Head) -> tuple[int, int] | None:
    """The first time and the step, (0, 0) where none are told; None where they are no times or leave 64 bits."""
    told: object = head.t
    if told is None or told == "each":
        return 0, 0
    if not is_list(told) or len(told) != 2 or type(told[0]) is not int or type(told[1]) is not int:
        return None
    first, step = int(told[0]), int(told[1])
    return (first, step) if max(abs(first), abs(step), abs(first + step * (head.n - 1))) < 2**63 else None


def _raw(arena: bytes, shape: _Shape, group: _Group) -> Raw:
    """The columns of the blocks of one shape, in the order of their frames."""
    told, wide = np.array(group.told, np.int64), len(group.keys)
    blocks, each = len(told), wide * shape.n
    values = _values(arena, shape, group).reshape(blocks, wide, shape.n)
    for place, key in enumerate(group.keys):
        if not key.same:
            values[:, place] = values[:, place] * key.factor + key.offset
    nothing = np.empty(0, np.int64)
    return Raw(
        frame=told[:, 0].astype(np.int32),
        entry=told[:, 1].astype(np.int32),
        seq=told[:, 2].copy(),
        boot=told[:, 3].astype(np.int32),
        samples=np.full(blocks, each, np.int64),
        texts=np.zeros(blocks, np.int64),
        signal=np.tile(np.repeat(np.array([key.signal for key in group.keys], np.int32), shape.n), blocks),
        value=values.reshape(-1),
        time=np.repeat(_times(arena, shape, told)[:, None, :], wide, axis=1).reshape(-1),
        quality=np.full(blocks * each, int(Quality.GOOD), np.uint8),
        reason=np.full(blocks * each, int(Reason.NONE), np.uint16),
        text_signal=nothing.astype(np.int32),
        text_time=nothing,
        text=(),
    )


def _values(arena: bytes, shape: _Shape, group: _Group) -> F64:
    kind, count = TYPES[shape.type], shape.n * len(group.keys)
    parts = [np.frombuffer(arena, kind, count, start) for *_, start in group.told]
    return as_floats(np.concatenate(parts))


def _times(arena: bytes, shape: _Shape, told: I64) -> I64:
    """(blocks, n) times."""
    if shape.clock == _ARRIVAL:
        return np.full((len(told), shape.n), NEVER)
    if shape.clock == _EACH:
        starts: list[int] = told[:, 6].tolist()
        return np.stack([np.frombuffer(arena, "<i8", shape.n, start - 8 * shape.n) for start in starts]).astype(
            np.int64
        )
    return told[:, 4, None] + told[:, 5, None] * np.arange(shape.n, dtype=np.int64)
