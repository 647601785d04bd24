"""Orders judged by what was measured when their effects were due."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

import msgspec
import numpy as np

from pollux.act import Effect, Order, concluded
from pollux.clock import duration
from pollux.columns.quality import Quality
from pollux.decide import Advice
from pollux.errors import OrderRefused
from pollux.site.declare import Declared
from pollux.site.foreseen import advised, foreseen
from pollux.site.rooms.runs import RunRecord
from pollux.site.verdicts import Reading, Window, outcomes

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

SITE: Final = "site"
"""Who judges, as the log has it."""


@final
class Judge:
    """Compares what was foreseen of orders with what came, and writes what it finds into the log.

    `values` are the live values of a twin and when an actuator was last set; `note` writes a step of an order.
    """

    def __init__(
        self,
        live: "LiveSite",
        *,
        values: Callable[[Declared, str], tuple[Mapping[str, float], int]],
        note: Callable[[str, str, str, str, Order, Mapping[str, Any]], None],
    ) -> None:
        self._live = live
        self._values = values
        self._note = note

    def verify(self, order_id: str, *, after: str, advice: Advice | None = None) -> None:
        """Judge an order by measurements when `after` is over since now; the request is in the log.

        Raises OrderRefused where something was foreseen for another moment and nothing can be said of this one.
        """
        order = self._live.estate.orders.find(order_id)
        declared, due = self._live.site.declared[order.type], self._live.clock.now() + duration(after)
        live = self._values(declared, order.twin)[0]
        predicted = advised(advice, declared.schema, live, due=due) if advice is not None else ()
        if order.advice and order.predicted and not predicted:
            raise OrderRefused("its effects were foreseen for another moment", at=order_id, hint="they are judged then")
        with self._live.pipe.lock:
            effects = msgspec.to_builtins(predicted or self._set_points(declared, order, due))
            self._note("verify", order_id, SITE, f"after {after}", order, {"predicted": effects})

    def turn(self, now: int) -> None:
        """Judge the orders whose effects are due and measured, or can be measured no more."""
        with self._live.pipe.lock:
            waiting = self._live.estate.orders.awaited()
        for order in waiting:
            if order.type in self._live.site.declared:
                self._judge(order, now)

    def _judge(self, order: Order, now: int) -> None:
        schema = self._live.site.declared[order.type].schema
        found = outcomes(
            order,
            schema,
            now,
            newest=lambda signal: self._newest(order, signal),
            past=lambda signal, window: self._past(order, signal, window),
        )
        if found is None:
            return
        state, words = concluded(found)
        with contextlib.suppress(OrderRefused), self._live.pipe.lock:
            self._note(state, order.id, SITE, words, order, {"outcomes": msgspec.to_builtins(found)})

    def _set_points(self, declared: Declared, order: Order, due: int) -> tuple[Effect, ...]:
        """Where nothing else was foreseen: that each actuator reports what it was set to, within one percent."""
        live, schema = self._values(declared, order.twin)[0], declared.schema
        return tuple(
            Effect(
                name,
                str(schema.unit_of(name)),
                due,
                live.get(name, float("nan")),
                value,
                value - 0.01 * abs(value),
                value + 0.01 * abs(value),
            )
            for name, value in order.params
            if isinstance(value, float) and name in schema.index
        )

    def _newest(self, order: Order, signal: str) -> Reading | None:
        """The newest value of a signal, if somebody measured it and nobody doubts it."""
        with self._live.pipe.lock:
            block = self._live.estate.blocks[order.type]
            index, row = block.schema.index.get(signal), block.row_of.get(order.twin)
            slot = block.layout.slot.get(signal)
            if index is None or row is None or slot is None or block.quality[index, row] != Quality.GOOD:
                return None
            return Reading(float(block.values[slot, row]), int(block.event_time[index, row]))

    def _past(self, order: Order, signal: str, window: Window) -> Sequence[Reading]:
        """The good readings of a signal in a window, from the history."""
        live = self._live
        with live.pipe.lock:
            block = live.estate.blocks[order.type]
            index, row = block.schema.index.get(signal), block.row_of.get(order.twin)
        if index is None or row is None:
            return ()
        subject = live.subject_of(order.type, order.twin)
        series = live.history.samples(order.type, row, [index], window.start, window.end + 1, subject=subject)[index]
        good = np.isfinite(series.value) & (series.quality == Quality.GOOD)
        return [
            Reading(value, at)
            for value, at in zip(series.value[good].tolist(), series.time[good].tolist(), strict=True)
        ]

    def foreseen(self, record: RunRecord, choice: int) -> tuple[Effect, ...]:
        """What a run foresees at its end for the signals that its lab compares."""
        if record.futures is None:
            return ()
        declared = self._live.site.declared[record.type]
        values, _ = self._values(declared, record.twin)
        names = dict.fromkeys(row.signal for row in self._live.labs[record.type].rows if row.signal is not None)
        due = int(record.futures.samples.times[-1])
        return foreseen(record.futures, choice, list(names), declared.schema, values, due=due)
