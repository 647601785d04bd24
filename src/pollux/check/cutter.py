"""The cutter's bookkeeping: what the kernels that cut packed blocks were taught, and what comes back as columns.

It is taught by the Python reader: columns and boots that a block had which was good. Without numba there is no cutter.
"""

from collections.abc import Sequence
from importlib import import_module
from sys import byteorder
from types import ModuleType
from typing import Any, final

import numpy as np

from pollux.check.bounds import Bounds
from pollux.check.lives import Lives
from pollux.check.names import as_array, drawn
from pollux.check.packed import Head
from pollux.check.raw import Raw
from pollux.check.taught import Taught
from pollux.check.topics import EntryColumns
from pollux.check.vocabulary import Key
from pollux.columns.arrays import I32, I64, Mask
from pollux.columns.frames import Frames
from pollux.columns.quality import Quality, Reason


def compiled_cutter(vocabularies: int, bounds: Bounds, *, seed: int | None = None) -> "Cutter | None":
    """A cutter for so many vocabularies that is compiled and ready, None where numba is missing."""
    if byteorder == "big":
        # The kernels read numbers as they stand.
        return None
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
        self._taught = Taught(vocabularies, kernels, tables, seed)

    def warm(self) -> None:
        """Compile, by cutting nothing."""
        nothing = np.empty(0, np.int32)
        self._cut(Frames.of(()), nothing, np.empty(0, np.bool_), EntryColumns())
        self._put(Frames.of(()), np.empty((1, self._kernels.ROW), np.int64), 0, 0)

    def learn(self, vocabulary: int, head: Head, keys: Sequence[Key], boot: int) -> None:
        """Know the columns of a good block and its boot, of this number, from the next batch on."""
        self._taught.learn(vocabulary, head, keys, boot)

    def cut(self, frames: Frames, entry: I32, left: Mask, columns: EntryColumns, lives: Lives) -> tuple[list[Raw], I64]:
        """The blocks among the frames that are `left`, and the frames that begin like one and must be looked at.

        What was cut is not left any more.
        """
        self._taught.follow(lives)
        return self._cut(frames, entry, left, columns)

    def _cut(self, frames: Frames, entry: I32, left: Mask, columns: EntryColumns) -> tuple[list[Raw], I64]:
        # Copies, so that what comes from the log, and cannot be written, is of no other type for the kernels.
        arena, index, encoding = as_array(frames.arena), frames.index.astype(np.int32), frames.encoding.astype(np.uint8)
        entries = self._kernels.Entries(columns.vocabulary, columns.channel, columns.encoding)
        told, odd = np.empty((len(entry) + 1, self._kernels.ROW), np.int64), np.empty(len(entry), np.int64)
        longest, most, known, seed = self._bounds.payload, self._bounds.samples, self._taught.known, self._seed
        blocks, samples, strange = self._kernels.read_heads(
            arena, index, entry, encoding, entries, known, longest, most, seed, left, told, odd
        )
        return [self._put(frames, told, blocks, samples)] if blocks else [], odd[:strange]

    def _put(self, frames: Frames, told: I64, blocks: int, samples: int) -> Raw:
        """The blocks whose heads were read, as columns."""
        made = self._kernels.Columns(
            frame=np.empty(blocks, np.int32),
            entry=np.empty(blocks, np.int32),
            seq=np.empty(blocks, np.int64),
            boot=np.empty(blocks, np.int32),
            samples=np.empty(blocks, np.int64),
            signal=np.empty(samples, np.int32),
            value=np.empty(samples),
            time=np.empty(samples, np.int64),
        )
        self._kernels.cut(as_array(frames.arena), told, self._taught.known, made)
        return _finished(made)


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
