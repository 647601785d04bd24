"""The scanner's bookkeeping: hash tables of topics, names and boots for the kernels, and what comes back as columns.

Without numba there is no scanner, and documents do all the work.
"""

from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise
from types import ModuleType
from typing import Any, Final, final

import numpy as np

from pollux.check.bounds import Bounds
from pollux.check.keytable import KeyTable
from pollux.check.lives import NO_BOOT, Lives
from pollux.check.names import Names, as_array, drawn
from pollux.check.raw import NOTHING, Raw
from pollux.check.topics import NO_ENTRY, EntryColumns, Topics
from pollux.check.vocabulary import Vocabulary
from pollux.columns.arrays import I32, I64, U8, Mask
from pollux.columns.frames import Frames
from pollux.columns.quality import Quality, Reason

_CHUNK: Final = 1 << 20


def compiled_scanner(
    vocabularies: Sequence[Vocabulary], bounds: Bounds, *, seed: int | None = None
) -> "Scanner | None":
    """A scanner that is compiled and ready, None where numba is missing.

    `seed` keeps senders from choosing topics that collide; without one it is drawn by the process, as Python's own for
    texts. It changes no result.
    """
    try:
        kernels = import_module("pollux.check.kernels")
        tables = import_module("pollux.check.kernel_table")
        sorting = import_module("pollux.check.kernel_frames")
    except ImportError:
        return None
    scanner = Scanner(vocabularies, bounds, kernels, tables, sorting, drawn(seed))
    scanner.warm()
    return scanner


@final
class Scanner:
    """Reads the payloads that the kernels take; the rest is left, whole, to the documents."""

    def __init__(
        self,
        vocabularies: Sequence[Vocabulary],
        bounds: Bounds,
        kernels: ModuleType,
        tables: ModuleType,
        sorting: ModuleType,
        seed: np.uint64,
    ) -> None:
        self._bounds = bounds
        self._kernels = kernels
        self._tables = tables
        self._sorting = sorting
        self._seed = seed
        self._topics = Names(tables, seed)
        self._boots = Names(tables, seed)
        self._boot_numbers: list[int] = []
        self._topics_generation = self._lives_generation = -1
        self._words = KeyTable(vocabularies, kernels, Names(tables, seed))
        self._here = np.zeros(kernels.HERE, np.int64)
        self._sheet = self._blank(1 << 12)

    def warm(self) -> None:
        """Compile, by reading nothing."""
        nothing = np.empty(0, np.int32)
        bytes_read = as_array(b"{}")
        self._tables.locate(self._topics.table, bytes_read, nothing.astype(np.int64), nothing, self._seed, nothing)
        index, left = np.empty((0, 4), np.int32), np.empty(0, np.bool_)
        self._choose(index, nothing, np.empty(0, np.uint8), EntryColumns(), nothing, nothing, left)
        self._run(bytes_read, index, nothing, nothing, nothing, left)

    def locate(self, frames: Frames, topics: Topics) -> I32:
        """The entries of the frames' topics, NO_ENTRY where they are not known yet."""
        self._follow(topics)
        found = np.full(len(frames), NO_ENTRY, np.int32)
        if len(frames):
            starts, lengths = frames.index[:, 0].astype(np.int64), frames.index[:, 1].astype(np.int32)
            self._tables.locate(self._topics.table, as_array(frames.arena), starts, lengths, self._seed, found)
        return found

    def scan(self, frames: Frames, entry: I32, topics: Topics, lives: Lives) -> tuple[Raw, Mask]:
        """What the frames say that it takes, and which known frames are left."""
        # A copy, so that what comes from the log, and cannot be written, is of no other type for the kernels.
        index, count = frames.index.astype(np.int32), len(entry)
        group, channel, left = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.bool_)
        if not self._choose(index, entry, frames.encoding, topics.columns, group, channel, left):
            return NOTHING, left
        return self._chunks(frames, index, entry, group, channel, left, lives), left

    def _choose(
        self, index: I32, entry: I32, encoding: U8, columns: EntryColumns, group: I32, channel: I32, left: Mask
    ) -> int:
        entries = self._sorting.Entries(columns.vocabulary, columns.channel, columns.encoding)
        words, longest, written = self._words, self._bounds.payload, encoding.astype(np.uint8)
        chosen = self._sorting.choose(
            index, entry, written, entries, words.spoken, words.channel, longest, group, channel, left
        )
        return int(chosen)

    def _chunks(
        self, frames: Frames, index: I32, entry: I32, group: I32, channel: I32, left: Mask, lives: Lives
    ) -> Raw:
        """Read the batch in pieces of bounded size, so that the sheet is bounded too."""
        arena, cuts = as_array(frames.arena), [0, len(entry)]
        if len(frames.arena) > _CHUNK:
            piece = np.cumsum(index[:, 3], dtype=np.int64) // _CHUNK
            cuts[1:1] = (np.flatnonzero(np.diff(piece)) + 1).tolist()
        parts: list[Raw] = []
        for start, end in pairwise(cuts):
            here = slice(start, end)
            self._run(arena, index[here], entry[here], group[here], channel[here], left[here])
            parts.append(self._raw(frames, start, lives))
        return Raw.join(parts)

    def _run(self, arena: U8, index: I32, entry: I32, group: I32, channel: I32, left: Mask) -> None:
        size = int(index[:, 3].sum(dtype=np.int64)) // 2 + len(entry) + 1
        if size > len(self._sheet.value):
            self._sheet = self._blank(1 << (size - 1).bit_length())
        self._here[: self._kernels.MESSAGES + 1] = 0
        keys, most = self._words.keys, self._bounds.samples
        self._kernels.scan(arena, index, entry, group, channel, keys, self._sheet, most, self._seed, left)

    def _raw(self, frames: Frames, start: int, lives: Lives) -> Raw:
        """What stands on the sheet, copied; `start` is the first frame of the piece."""
        sheet, words = self._sheet, self._words
        samples, messages = int(self._here[self._kernels.SAMPLES]), int(self._here[self._kernels.MESSAGES])
        key = sheet.key[:samples]
        return Raw(
            frame=sheet.frame[:messages] + np.int32(start),
            entry=sheet.entry[:messages].copy(),
            seq=sheet.seq[:messages].copy(),
            boot=self._boot(frames.arena, sheet.boot[:messages], sheet.boot_length[:messages], lives),
            samples=sheet.samples[:messages].copy(),
            texts=np.zeros(messages, np.int64),
            signal=words.signal[key],
            value=words.converted(key, sheet.value[:samples]),
            time=sheet.time[:samples].copy(),
            quality=np.full(samples, Quality.GOOD, np.uint8),
            reason=np.full(samples, Reason.NONE, np.uint16),
            text_signal=np.empty(0, np.int32),
            text_time=np.empty(0, np.int64),
            text=(),
        )

    def _boot(self, arena: bytes, starts: I64, lengths: I32, lives: Lives) -> I32:
        """The numbers of the boots that messages name."""
        if not lengths.any():
            return np.full(len(lengths), NO_BOOT, np.int32)
        self._remember(lives)
        found = np.full(len(lengths), NO_ENTRY, np.int32)
        self._tables.locate(self._boots.table, as_array(arena), starts, lengths, self._seed, found)
        new = np.flatnonzero((found < 0) & (lengths > 0)).tolist()
        names = dict.fromkeys(arena[int(starts[i]) : int(starts[i]) + int(lengths[i])] for i in new)
        if names:
            self._boot_numbers += [lives.number(name.decode()) for name in names]
            self._boots.add(list(names))
            self._tables.locate(self._boots.table, as_array(arena), starts, lengths, self._seed, found)
        numbers = np.array([*self._boot_numbers, NO_BOOT], np.int32)
        return numbers[found]

    def _remember(self, lives: Lives) -> None:
        if lives.generation != self._lives_generation:
            self._lives_generation = lives.generation
            self._boots.clear()
            self._boot_numbers = []

    def _follow(self, topics: Topics) -> None:
        """Learn the topics that were worked out since the last batch."""
        if topics.generation != self._topics_generation:
            self._topics_generation = topics.generation
            self._topics.clear()
        self._topics.add(topics.keys(len(self._topics)))

    def _blank(self, size: int) -> Any:
        longs = [np.empty(size, np.int64) for _ in range(5)]
        ints = [np.empty(size, np.int32) for _ in range(4)]
        return self._kernels.Sheet(
            key=ints[0],
            value=np.empty(size),
            time=longs[0],
            frame=ints[1],
            entry=ints[2],
            seq=longs[1],
            boot=longs[2],
            boot_length=ints[3],
            samples=longs[3],
            times=longs[4],
            here=self._here,
        )
