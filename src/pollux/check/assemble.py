"""Assembling: raw columns to the batches of each type, with beliefs, arrival, and what identifies each message."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import final

import numpy as np

from pollux.check.believe import Belief
from pollux.check.lives import Lives
from pollux.check.raw import Raw
from pollux.check.topics import EntryColumns
from pollux.columns.arrays import I32, I64
from pollux.columns.batch import Batch, Messages, Texts
from pollux.columns.frames import Frames
from pollux.columns.memory import NEVER


@final
@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """What one type was told."""

    batch: Batch
    texts: Texts
    messages: Messages


def assemble(
    raw: Raw,
    frames: Frames,
    entries: EntryColumns,
    *,
    types: I32,
    beliefs: Sequence[Belief],
    lives: Lives,
    kernels: ModuleType | None = None,
) -> dict[int, Assembled]:
    """The columns of each type, by its number; `types` says which type each vocabulary speaks of.

    With `kernels` the passes over samples are compiled, and their results the same.
    """
    spoken: I32 = types[entries.vocabulary[raw.entry]]
    if not len(spoken):
        return {}
    if (spoken == spoken[0]).all():
        return {int(spoken[0]): _one(raw, frames, entries, beliefs[int(spoken[0])], lives, kernels)}
    numbers: list[int] = np.unique(spoken).tolist()
    parts = {number: raw.messages(np.flatnonzero(spoken == number)) for number in numbers}
    return {number: _one(part, frames, entries, beliefs[number], lives, kernels) for number, part in parts.items()}


def _one(
    raw: Raw, frames: Frames, entries: EntryColumns, belief: Belief, lives: Lives, kernels: ModuleType | None
) -> Assembled:
    row = entries.row[raw.entry]
    arrival = frames.arrival[raw.frame]
    messages = Messages(
        row=row,
        channel=entries.channel[raw.entry],
        frame=raw.frame,
        arrival=arrival,
        seq=raw.seq,
        life=lives.of(frames, raw),
        lives=lives.lives,
        samples=_starts(raw.samples),
        texts=_starts(raw.texts),
    )
    return Assembled(_batch(raw, row, arrival, belief, kernels), _texts(raw, row, arrival), messages)


def _batch(raw: Raw, row: I32, arrival: I64, belief: Belief, kernels: ModuleType | None) -> Batch:
    rows, heard, frame, event_time = _spread(raw, row, arrival, kernels)
    value, quality, reason = belief.calibrated(
        rows, raw.signal, raw.value, event_time, arrival=heard, told=raw.quality, why=raw.reason, kernels=kernels
    )
    return Batch(
        row=rows,
        signal=raw.signal,
        event_time=event_time,
        arrival=heard,
        value=value,
        quality=quality,
        reason=reason,
        frame=frame,
    )


def _spread(raw: Raw, row: I32, arrival: I64, kernels: ModuleType | None) -> tuple[I32, I64, I32, I64]:
    """Row, arrival, frame and event time of each sample."""
    if kernels is None:
        heard = np.repeat(arrival, raw.samples)
        event_time = np.where(raw.time == NEVER, heard, raw.time)
        return np.repeat(row, raw.samples), heard, np.repeat(raw.frame, raw.samples), event_time
    count = len(raw.value)
    rows, frame = np.empty(count, np.int32), np.empty(count, np.int32)
    heard, event_time = np.empty(count, np.int64), np.empty(count, np.int64)
    kernels.spread((row, arrival, raw.frame, raw.samples), raw.time, (rows, heard, frame, event_time))
    return rows, heard, frame, event_time


def _texts(raw: Raw, row: I32, arrival: I64) -> Texts:
    if not raw.text:
        return Texts.empty()
    heard = np.repeat(arrival, raw.texts)
    return Texts(
        row=np.repeat(row, raw.texts),
        signal=raw.text_signal,
        event_time=np.where(raw.text_time == NEVER, heard, raw.text_time),
        arrival=heard,
        value=raw.text,
        frame=np.repeat(raw.frame, raw.texts),
    )


def _starts(counts: I64) -> I64:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
