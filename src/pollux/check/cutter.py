"""The cutter's bookkeeping: what the kernels that cut packed blocks were taught, and what comes back as columns.

It is taught by the Python reader: columns and boots that a block had which was good. Without numba there is no cutter.
"""

from collections.abc import Sequence
from importlib import import_module
from itertools import islice
from types import ModuleType
from typing import Any, Final, final

import msgspec
import numpy as np

from pollux.check.bounds import Bounds
from pollux.check.lives import Lives
from pollux.check.names import Names, as_array, drawn
from pollux.check.packed import Head
from pollux.check.raw import Raw
from pollux.check.topics import EntryColumns
from pollux.check.vocabulary import Key
from pollux.columns.arrays import I32, I64, Mask
from pollux.columns.frames import Frames
from pollux.columns.quality import Quality, Reason

_MOST_KEYS: Final = 1 << 16


def compiled_cutter(vocabularies: int, bounds: Bounds, *, seed: int | None = None) -> "Cutter | None":
    """A cutter for so many vocabularies that is compiled and ready, None where numba is missing."""
    try:
        kernels = import_module("pollux.check.kernel_blocks")
        tables = import_module("pollux.check.kernel_table")
    except ImportError:
        return None
    made = Cutter(vocabularies, bounds, kernels, tables, drawn(seed))
    made.warm()
    return made


@final
class Cutter:
    """Cuts the packed blocks that are as they should be out of batches; the rest is left, whole, to Python."""

    def __init__(
        self, vocabularies: int, bounds: Bounds, kernels: ModuleType, tables: ModuleType, seed: np.uint64
    ) -> None:
        self._bounds, self._kernels, self._seed = bounds, kernels, seed
        self._last = np.full(max(vocabularies, 1), -1, np.int32)
        self._layouts = Names(tables, seed)
        self._boots = Names(tables, seed)
        self._taught: dict[tuple[int, bytes], Sequence[Key]] = {}
        self._keys = 0
        self._numbers: dict[bytes, int] = {}
        self._generation = -1
        self._known: Any = self._learnt()

    def warm(self) -> None:
        """Compile, by cutting nothing."""
        nothing = np.empty(0, np.int32)
        self._cut(Frames.of(()), nothing, np.empty(0, np.bool_), EntryColumns())

    def learn(self, vocabulary: int, head: Head, keys: Sequence[Key], boot: int) -> None:
        """Know the columns and the boot, with its number, of a good block from the next batch on."""
        layout = vocabulary, msgspec.msgpack.encode(head.signals)
        if layout not in self._taught:
            self._make_room(len(keys))
            self._taught[layout] = keys
        if head.boot is not None:
            self._numbers.setdefault(msgspec.msgpack.encode(head.boot), boot)

    def cut(self, frames: Frames, entry: I32, left: Mask, columns: EntryColumns, lives: Lives) -> tuple[list[Raw], I64]:
        """The blocks among the frames that are `left`, and the frames that begin like one and must be looked at.

        What was cut is not left any more.
        """
        self._follow(lives)
        return self._cut(frames, entry, left, columns)

    def _follow(self, lives: Lives) -> None:
        """Know what was taught since the last batch."""
        if lives.generation != self._generation:
            self._generation = lives.generation
            self._boots.clear()
            self._numbers = {}
        if len(self._taught) != len(self._layouts) or len(self._numbers) != len(self._boots):
            self._known = self._learnt()

    def _learnt(self) -> Any:
        """All that was taught, as the kernels take it."""
        new = list(islice(self._taught, len(self._layouts), None))
        self._layouts.add([signals for _, signals in new], [vocabulary for vocabulary, _ in new])
        self._boots.add(list(islice(self._numbers, len(self._boots), None)))
        wide = [0, *(len(keys) for keys in self._taught.values())]
        keys = [key for some in self._taught.values() for key in some]
        return self._kernels.Known(
            layouts=self._layouts.table,
            first=np.cumsum(wide, dtype=np.int64),
            signal=np.array([key.signal for key in keys], np.int32),
            factor=np.array([key.factor for key in keys], np.float64),
            offset=np.array([key.offset for key in keys], np.float64),
            last=self._last,
            boots=self._boots.table,
            boot=np.array(list(self._numbers.values()), np.int32),
        )

    def _make_room(self, keys: int) -> None:
        """Forget all columns when very many were told, so that no sender can fill memory."""
        if self._keys + keys > _MOST_KEYS:
            self._taught = {}
            self._keys = 0
            self._layouts.clear()
            self._last[:] = -1
        self._keys += keys

    def _cut(self, frames: Frames, entry: I32, left: Mask, columns: EntryColumns) -> tuple[list[Raw], I64]:
        # Copies, so that what comes from the log, and cannot be written, is of no other type for the kernels.
        arena, index, encoding = as_array(frames.arena), frames.index.astype(np.int32), frames.encoding.astype(np.uint8)
        entries = self._kernels.Entries(columns.vocabulary, columns.channel, columns.encoding)
        told, odd = np.empty((len(entry) + 1, self._kernels.ROW), np.int64), np.empty(len(entry), np.int64)
        longest, most, known, seed = self._bounds.payload, self._bounds.samples, self._known, self._seed
        blocks, samples, strange = self._kernels.read_heads(
            arena, index, entry, encoding, entries, known, longest, most, seed, left, told, odd
        )
        made = self._raw(blocks, samples)
        self._kernels.cut(arena, told, known, made)
        return [_finished(made)] if blocks else [], odd[:strange]

    def _raw(self, blocks: int, samples: int) -> Any:
        """Room for what some blocks say."""
        return self._kernels.Columns(
            frame=np.empty(blocks, np.int32),
            entry=np.empty(blocks, np.int32),
            seq=np.empty(blocks, np.int64),
            boot=np.empty(blocks, np.int32),
            samples=np.empty(blocks, np.int64),
            signal=np.empty(samples, np.int32),
            value=np.empty(samples),
            time=np.empty(samples, np.int64),
        )


def _finished(cut: Any) -> Raw:
    """What was cut, with what is the same for all blocks."""
    samples = len(cut.value)
    return Raw(
        frame=cut.frame,
        entry=cut.entry,
        seq=cut.seq,
        boot=cut.boot,
        samples=cut.samples,
        texts=np.zeros(len(cut.frame), np.int64),
        signal=cut.signal,
        value=cut.value,
        time=cut.time,
        quality=np.full(samples, Quality.GOOD, np.uint8),
        reason=np.full(samples, Reason.NONE, np.uint16),
        text_signal=np.empty(0, np.int32),
        text_time=np.empty(0, np.int64),
        text=(),
    )
