"""A population: the twins of one type in the mirror, and all that deciding about their next message needs."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Final, final

import numpy as np

from pollux.columns.arrays import I64, Mask
from pollux.columns.batch import Batch, Messages, Place, Texts
from pollux.columns.block import Block
from pollux.columns.inspector import AbstractInspector
from pollux.columns.judge import AbstractJudge
from pollux.columns.quality import Quality, Reason
from pollux.mirror.effects import Changes, Counts
from pollux.mirror.presence import Rhythm
from pollux.mirror.recents import Recents, Series, joined
from pollux.mirror.seen import Seen
from pollux.mirror.settling import Settling
from pollux.mirror.stretches import Stretches
from pollux.mirror.tally import Tally

_NO_CELLS: Final = np.empty(0, np.int64)


@final
class Population:
    """The twins of one type: their block, presence, counters, and the newest values of judged signals.

    `inspect` makes an inspector that begins with nothing, where rules follow the devices over time. With `kernels` the
    passes over samples are compiled, and their results the same.
    A cell is a signal of a twin, numbered signal * capacity + row: where it stands in the block's arrays.
    """

    __slots__ = (
        "_inspect",
        "_judge_of",
        "_settling",
        "block",
        "inspector",
        "kernels",
        "recents",
        "rhythm",
        "seen",
        "stretches",
        "tally",
    )

    def __init__(
        self, block: Block, judge: AbstractJudge | None, inspect: Callable[[], AbstractInspector] | None = None
    ) -> None:
        self.block = block
        self._judge_of = judge
        self._inspect = inspect
        self.clear()
        self._settling = Settling(block)
        self.kernels: ModuleType | None = None

    def clear(self) -> None:
        """Remember nothing of anybody."""
        self.rhythm = Rhythm()
        self.seen = Seen()
        self.tally = Tally(len(self.block.schema.signals))
        self.recents = None if self._judge_of is None else Recents(self._judge_of)
        self.inspector = None if self._inspect is None else self._inspect()
        self.stretches = Stretches(len(self.block.schema.signals))

    def reserve(self) -> None:
        """Keep up with the rows of the block."""
        self.rhythm.reserve(self.block.rows)
        self.tally.reserve(self.block.rows)
        if self.recents is not None:
            self.recents.reserve(self.block.rows)
        self.stretches.reserve(self.block.rows)
        if self.inspector is not None:
            self.inspector.reserve(self.block.rows)

    def forget(self, row: int) -> None:
        """Remember nothing of a row whose owner is gone."""
        self.reserve()
        self.rhythm.forget(row)
        self.seen.forget(row)
        self.tally.forget(row)
        if self.recents is not None:
            self.recents.forget(row)
        self.stretches.forget(row)
        if self.inspector is not None:
            self.inspector.forget(row)

    def take(self, messages: Messages, batch: Batch, texts: Texts) -> tuple[Changes, I64, Counts]:
        """Apply what was told, in log order: what changed, who was heard, and how much of what that was."""
        self.reserve()
        heard = self.rhythm.hear(messages.row, messages.arrival, self.kernels)
        first = self.seen.accept(messages)
        repeated = len(first) - int(np.count_nonzero(first))
        if repeated:
            self.tally.repeat(messages, first)
            batch = batch.select(np.repeat(first, np.diff(messages.samples)))
            texts = texts.select(np.repeat(first, np.diff(messages.texts)))
        if self.inspector is not None and len(batch):
            quality, reason = self.inspector.inspect(batch)
            batch = replace(batch, quality=quality, reason=reason)
            self.stretches.note(batch)
        changes = self._apply(batch, texts)
        late, aside = self.tally.note(changes.batch, changes.late, self.kernels)
        self.block.version += 1
        counts = Counts(messages=len(messages), duplicates=repeated, samples=len(changes.batch), late=late, aside=aside)
        return changes, heard, counts

    def doubt(self, signal: int, row: int, first: int, last: int, reason: Reason) -> None:
        """Doubt the samples between two event times after they came, and the last value if it is one of them."""
        self.stretches.add(signal, row, first, last, reason)
        block = self.block
        if block.quality[signal, row] == Quality.GOOD and first <= block.event_time[signal, row] <= last:
            block.quality[signal, row], block.reason[signal, row] = Quality.UNCERTAIN, reason
            block.version += 1

    def _apply(self, batch: Batch, texts: Texts) -> Changes:
        late, current, changed = self._settling.settle(batch, self.rhythm, self.kernels)
        judged, amended = self._judge(batch, current)
        cells = np.concatenate((changed, amended, self._tell(texts)))
        return Changes(judged, late, current, texts, cells, self.block.memory.capacity)

    def _judge(self, batch: Batch, current: Mask) -> tuple[Batch, I64]:
        """The samples as the judge sees them beside their neighbours, and the cells whose last value it sees anew."""
        if self.recents is None:
            return batch, _NO_CELLS
        quality, reason, amended = batch.quality.copy(), batch.reason.copy(), [_NO_CELLS]
        believed, told = ~batch.set_aside, batch.event_time != batch.arrival
        for signal in self.recents.judge.signals:
            mine = np.flatnonzero(believed & (batch.signal == signal))
            if len(mine):
                series = Series(batch.row[mine].astype(np.int64), batch.event_time[mine], told[mine], batch.value[mine])
                seen, why = self.recents.note(signal, series)
                quality[mine], reason[mine] = joined(batch.quality[mine], batch.reason[mine], seen, why)
                new = mine[current[mine]]
                self.recents.base(signal, batch.row[new].astype(np.int64), batch.quality[new], batch.reason[new])
                amended.append(self._amend(signal, np.unique(series.row)))
        return replace(batch, quality=quality, reason=reason), np.concatenate(amended)

    def _amend(self, signal: int, rows: I64) -> I64:
        """Judge last values again; the cells that are worth something else now."""
        assert self.recents is not None
        quality, reason = self.recents.verdict(signal, rows)
        memory = self.block.memory
        differs = (memory.quality[signal, rows] != quality) | (memory.reason[signal, rows] != reason)
        memory.quality[signal, rows], memory.reason[signal, rows] = quality, reason
        amended: I64 = signal * memory.capacity + rows[differs]
        return amended

    def _tell(self, texts: Texts) -> I64:
        """Apply facts that are no numbers; the cells that changed."""
        changed: list[int] = []
        for i, value in enumerate(texts.value):
            row, signal = int(texts.row[i]), int(texts.signal[i])
            if self.tell(row, signal, value, event_time=int(texts.event_time[i]), arrival=int(texts.arrival[i])):
                changed.append(signal * self.block.memory.capacity + row)
        return np.array(changed, np.int64)

    def tell(self, row: int, signal: int, value: str | Place, *, event_time: int, arrival: int) -> bool:
        """Apply one fact that is no number, unless a newer one is known; the order is that of samples."""
        block = self.block
        known = int(block.event_time[signal, row])
        told, known_told = event_time != arrival, known != int(block.arrival[signal, row])
        if event_time < known or (
            event_time == known and told and not (known_told and self._greater(row, signal, value))
        ):
            return False
        if isinstance(value, str):
            block.texts[signal][row] = value
        else:
            start = 3 * block.positions[signal]
            block.memory.places[start : start + 3, row] = value
        block.event_time[signal, row], block.arrival[signal, row] = event_time, arrival
        block.quality[signal, row], block.reason[signal, row] = Quality.GOOD, Reason.NONE
        return True

    def _greater(self, row: int, signal: int, value: str | Place) -> bool:
        known = self.block.texts[signal][row] if isinstance(value, str) else self.block.place_of(signal, row)
        return known is None or repr(value) > repr(known)
