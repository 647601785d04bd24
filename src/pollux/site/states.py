"""The retained state of every twin: `twins/{type}/{id}/state`, the newest values for whoever may read them."""

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, final

import msgspec
import numpy as np

from pollux.clock import iso
from pollux.columns.arrays import I32, I64, Mask
from pollux.columns.block import Block
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality
from pollux.errors import Overloaded
from pollux.model.schema import Schema
from pollux.show.compose.types import outward
from pollux.site.estate import Applied, Estate

A_TURN = 2_000
AT_ONCE = 40
PAUSE = 0.004
"""Seconds between so many twins and the next: others, who answer devices, are not kept waiting by a thousand."""

Told = list[tuple[str, bytes]]
"""Topics with what is retained there."""

_WORDS = {int(quality): quality.word for quality in Quality}


@final
class StatePublisher:
    """Coalesces changes and publishes at most 2,000 twins a turn, the newest values only; the others come next turn.

    `publish` takes some at once, and may raise Overloaded for all of them; `reading` is held while values are copied.
    """

    def __init__(self, publish: Callable[[Told], None], reading: AbstractContextManager[object] | None = None) -> None:
        self._publish, self._reading = publish, reading or nullcontext()
        self._lock = threading.Lock()
        self._changed: dict[tuple[str, str], _Changed] = {}
        self._pause = threading.Event()

    def changed(self, applied: Applied, estate: Estate) -> None:
        """Take note of the twins that a batch changed."""
        with self._lock:
            for name, batch in applied.batches.items():
                one = self._changed.get((estate.tenant, name))
                if one is None:
                    one = self._changed[estate.tenant, name] = _Changed(estate, name)
                one.mark(batch.row)

    def flush(self) -> None:
        """Publish the state of twins that changed; what is not taken is published next time."""
        left = A_TURN
        for one in list(self._changed.values()):
            with self._lock:
                rows = one.take(left)
            left -= len(rows)
            for start in range(0, len(rows), AT_ONCE):
                if start:
                    self._pause.wait(PAUSE)
                try:
                    self._tell(one, rows[start : start + AT_ONCE])
                except Overloaded:
                    with self._lock:
                        one.mark(rows[start:])
                    return

    def _tell(self, one: "_Changed", rows: I64) -> None:
        with self._reading:
            told = one.shown.of(one.estate.seq, one.block, rows)
        self._publish([(f"twins/{one.name}/{id_}/state", msgspec.json.encode(state)) for id_, state in told])


@final
class _Changed:
    """The rows of one type that changed. They are taken in turn, so that however many change none waits for ever."""

    __slots__ = ("_next", "_rows", "estate", "name", "shown")

    def __init__(self, estate: Estate, name: str) -> None:
        self.estate, self.name = estate, name
        self.shown = Shown(estate.blocks[name].schema)
        self._rows: Mask = np.zeros(64, np.bool_)
        self._next = 0

    @property
    def block(self) -> Block:
        """The twins of the type."""
        return self.estate.blocks[self.name]

    def mark(self, rows: I32 | I64) -> None:
        """These changed."""
        count = self.block.rows
        if count > len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros(max(count, 2 * len(self._rows)), np.bool_)])
        self._rows[rows] = True

    def take(self, most: int) -> I64:
        """At most so many of them, going on behind the last one that was taken."""
        rows = np.flatnonzero(self._rows)
        if len(rows) > most:
            rows = np.roll(rows, -int(np.searchsorted(rows, self._next)))[:most]
        self._rows[rows] = False
        self._next = int(rows[-1]) + 1 if len(rows) else 0
        return rows


@final
class Shown:
    """What is shown of a type: of each signal its place, its slot, its name, its unit, and how to turn into that."""

    __slots__ = ("_signals",)

    def __init__(self, schema: Schema) -> None:
        # Whoever may read a thing need not see names; the state of a person is for those alone who may.
        self._signals = [
            (index, signal.name, str(signal.edge), *outward(signal))
            for index, signal in enumerate(schema.signals)
            if schema.personal or not signal.personal
        ]

    def of(self, seq: int, block: Block, rows: I64 | Sequence[int]) -> list[tuple[str, dict[str, Any]]]:
        """The ids of some twins with the values that were told or estimated of them, each with its time and quality."""
        ids = [block.ids[row] for row in rows]
        found: list[dict[str, Any]] = [{"seq": seq} for _ in ids]
        moments: dict[int, str] = {}
        for index, name, unit, factor, shift in self._signals:
            slot = int(block.layout.signal_slot[index])
            if slot < 0:
                continue
            times: list[int] = block.event_time[index, rows].tolist()
            values: list[float] = (block.values[slot, rows] * factor + shift).tolist()
            qualities: list[int] = block.quality[index, rows].tolist()
            for state, told, value, quality in zip(found, times, values, qualities, strict=True):
                if told != NEVER:
                    state[name] = {
                        "value": value if math.isfinite(value) else None,
                        "unit": unit,
                        "t": moments.get(told) or moments.setdefault(told, iso(told)),
                        "quality": _WORDS[quality],
                    }
        return [(id_, state) for id_, state in zip(ids, found, strict=True) if id_]


def state_of(estate: Estate, name: str, row: int) -> dict[str, Any]:
    """The values of one twin that were told or estimated, in declared units, each with its time and quality."""
    block = estate.blocks[name]
    return dict(Shown(block.schema).of(estate.seq, block, [row]))[block.ids[row]]
