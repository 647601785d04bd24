"""The retained state of every twin: `twins/{type}/{id}/state`, the newest values for whoever may read them."""

import json
import math
import threading
from collections.abc import Callable
from typing import Any, final

import numpy as np

from pollux.clock import iso
from pollux.columns.arrays import I32, I64, Mask
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality
from pollux.errors import Overloaded
from pollux.show.compose.types import outward_number
from pollux.site.estate import Applied, Estate

A_TURN = 2_000


@final
class StatePublisher:
    """Coalesces changes and publishes at most 2,000 twins a turn, the newest values only; the others come next turn."""

    def __init__(self, publish: Callable[..., None]) -> None:
        self._publish = publish
        self._lock = threading.Lock()
        self._changed: dict[tuple[str, str], _Changed] = {}

    def changed(self, applied: Applied, estate: Estate) -> None:
        """Take note of the twins that a batch changed."""
        with self._lock:
            for name, batch in applied.batches.items():
                one = self._changed.setdefault((estate.tenant, name), _Changed(estate))
                one.mark(batch.row, estate.blocks[name].rows)

    def flush(self) -> None:
        """Publish the state of twins that changed; what the endpoint does not take is published next time."""
        left = A_TURN
        for (_, name), one in list(self._changed.items()):
            with self._lock:
                rows = one.take(left)
            left -= len(rows)
            for place, row in enumerate(rows.tolist()):
                try:
                    self._tell(one.estate, name, row)
                except Overloaded:
                    with self._lock:
                        one.mark(rows[place:], one.estate.blocks[name].rows)
                    return

    def _tell(self, estate: Estate, name: str, row: int) -> None:
        id_ = estate.blocks[name].ids[row]
        if id_:
            self._publish(f"twins/{name}/{id_}/state", json.dumps(state_of(estate, name, row)).encode(), retain=True)


@final
class _Changed:
    """The rows of one type that changed. They are taken in turn, so that however many change none waits for ever."""

    __slots__ = ("_next", "_rows", "estate")

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._rows: Mask = np.zeros(64, np.bool_)
        self._next = 0

    def mark(self, rows: I32 | I64, count: int) -> None:
        """These changed, of so many that there are."""
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


def state_of(estate: Estate, name: str, row: int) -> dict[str, Any]:
    """The values of one twin that were told or estimated, in declared units, each with its time and quality."""
    block = estate.blocks[name]
    found: dict[str, Any] = {"seq": estate.seq}
    for index, signal in enumerate(block.schema.signals):
        told = int(block.event_time[index, row])
        slot = int(block.layout.signal_slot[index])
        # Whoever may read a thing need not see names; the state of a person is for those alone who may.
        hidden = signal.personal and not block.schema.personal
        if told == NEVER or slot < 0 or hidden:
            continue
        value = outward_number(block.schema, signal.name, float(block.values[slot, row]))
        found[signal.name] = {
            "value": value if math.isfinite(value) else None,
            "unit": str(signal.edge),
            "t": iso(told),
            "quality": Quality(int(block.quality[index, row])).name.lower(),
        }
    return found
