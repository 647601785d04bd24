"""The retained state of every twin: `twins/{type}/{id}/state`, the newest values for whoever may read them."""

import json
import math
import threading
from collections.abc import Callable
from typing import Any, final

from pollux.clock import iso
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
        self._waiting: dict[tuple[str, int], Estate] = {}

    def changed(self, applied: Applied, estate: Estate) -> None:
        """Take note of the twins that a batch changed."""
        with self._lock:
            for name, batch in applied.batches.items():
                for row in dict.fromkeys(batch.row.tolist()):
                    self._waiting[name, row] = estate

    def flush(self) -> None:
        """Publish the state of twins that changed; what the endpoint does not take is published next time."""
        with self._lock:
            due = [(key, self._waiting[key]) for key in list(self._waiting)[:A_TURN]]
            for key, _ in due:
                del self._waiting[key]
        for (name, row), estate in due:
            id_ = estate.blocks[name].ids[row]
            if not id_:
                continue
            body = json.dumps(state_of(estate, name, row)).encode()
            try:
                self._publish(f"twins/{name}/{id_}/state", body, retain=True)
            except Overloaded:
                with self._lock:
                    self._waiting.setdefault((name, row), estate)


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
