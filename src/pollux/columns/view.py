"""Live views: `p7.now.temp` is a number, `fleet.now.temp` one per twin, `building.rooms.power` those of linked twins.

A view copies what it is asked for at the moment it is asked; ages count from the `now` it was made with.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.columns.arrays import F64, I64
from pollux.columns.batch import Place
from pollux.columns.block import Block
from pollux.columns.column import Column
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason
from pollux.columns.reckon import Gathering, Known, certain, reckoned, summed
from pollux.columns.words import Words
from pollux.columns.worth import MISSING, Worth
from pollux.model.graph import Expr, Settled, told_in
from pollux.model.linking import PRESENT, meaning
from pollux.model.units import DIMENSIONLESS
from pollux.model.value import Value
from pollux.model.views import view_of

T = TypeVar("T")

NINE_TENTHS: Final = 2 * 1.6448536269514722
"""Standard deviations between the 5 % and the 95 % quantile of a normal distribution."""

_HALF: Final = 0.5
_WORDS: Final = frozenset(("text", "choice", "position"))


def live_view(kind: type[T], reader: "LiveReader") -> T:
    """A view of a twin type on what a reader reads: `live_view(Pump, LiveReader(blocks, "Pump", row, now=now))`."""
    return view_of(kind, reader.read)


def fact(block: Block, signal: int, row: int) -> str | Place | None:
    """A text, the name of a choice or a position of one twin; None where it was never told."""
    told = block.schema.signals[signal]
    if told.kind == "text":
        return block.texts[signal][row]
    if told.kind == "position":
        return block.place_of(signal, row)
    code = block.values[block.layout.signal_slot[signal], row]
    return None if np.isnan(code) else told.choices[int(code)]


@final
class LiveReader:
    """Reads names of a twin type from live rows: signals, derived values, events, cycles, and names of linked twins.

    `blocks` are those of one tenant by the name of their schema, `name` is that of the type; `rows` an int for one
    twin, an index array for several; `now` nanoseconds UTC. It lives as long as the rows keep their owners.
    """

    __slots__ = ("_block", "_blocks", "_now", "_rows")

    def __init__(self, blocks: Mapping[str, Block], name: str, rows: int | I64, *, now: int) -> None:
        self._blocks = blocks
        self._block = blocks[name]
        self._rows = rows
        self._now = now

    def read(self, name: str) -> Value:
        """What stands under a dotted name; `NotFound` where nothing does."""
        schema = self._block.schema
        place = schema.index.get(name)
        if place is not None:
            return self._words(place) if schema.signals[place].kind in _WORDS else self._signal(place)
        link = next((one for one in schema.links if name.startswith(f"{one}.")), None)
        if link is not None:
            return self._linked(link, name[len(link) + 1 :])
        expr = schema.expression(name)
        return Column(self._believed(name, reckoned(expr, self.known)), expr.unit, now=self._now)

    def known(self, expr: Expr) -> Known:
        """What is known of a node that comes from outside of an expression."""
        schema = self._block.schema
        if expr.op == "time":
            return certain(np.asarray(self._now / SECOND))
        if expr.op == "total":
            return self._total(str(expr.data), expr.args[0])
        if expr.op == "gather":
            return self._gathered(str(expr.data), lambda inner: reckoned(expr.args[0], inner.known))
        if expr.op == "present":
            return certain(self._targets(str(expr.data)) >= 0)
        if expr.op == "settled":
            return self._settled(expr)
        if expr.op == "window":
            return self._remembered(next(one.out for one in self._block.layout.windows if one.expr is expr))
        if expr.op == "delay":
            return self._remembered(next(one.now for one in self._block.layout.delays if one.expr is expr))
        if expr.op == "phase":
            return self._remembered(self._block.layout.slot[str(expr.data)])
        name = str(expr.data)
        place = schema.index.get(name)
        if place is not None and schema.signals[place].unit == expr.unit:
            return self._told(place)
        # What a type gives that was defined later: any value of it, in the unit it was promised in.
        return reckoned(told_in(meaning(schema, name), expr.unit), self.known)

    def _believed(self, name: str, known: Known) -> Known:
        """What a filter believes of a derived value, unless what it is reckoned from was told later."""
        place = self._block.derived.get(name)
        if place is None:
            return known
        low, median, high = np.array(self._block.believed[:, place, self._rows])
        time = np.array(self._block.believed_time[place, self._rows])
        newer = (time != NEVER) & ((time >= known.worth.event_time) | np.isnan(known.numbers))
        if not np.any(newer):
            return known
        worth = Worth(
            np.where(newer, time, known.worth.event_time),
            np.where(newer, Quality.ESTIMATED, known.worth.quality).astype(np.uint8),
            np.where(newer, Reason.NONE, known.worth.reason).astype(np.uint16),
        )
        sigma = (high - low) / NINE_TENTHS
        return Known(np.where(newer, median, known.numbers), worth, lambda: np.where(newer, sigma, known.spread()))

    def _signal(self, place: int) -> Column:
        signal = self._block.schema.signals[place]
        known = self._told(place)
        if signal.kind == "flag":
            known = Known(np.asarray(known.numbers >= _HALF), known.worth, known.spread)
        return Column(known, signal.unit, now=self._now, desired=self._desired(place))

    def _told(self, place: int) -> Known:
        numbers = np.array(self._block.values[self._block.layout.signal_slot[place], self._rows])
        worth = self._worth(place)
        sigma = np.array(self._block.sigma[place, self._rows])
        return Known(np.where(worth.quality == Quality.MISSING, np.nan, numbers), worth, lambda: sigma)

    def _worth(self, place: int) -> Worth:
        block = self._block
        at = (place, self._rows)
        return Worth(np.array(block.event_time[at]), np.array(block.quality[at]), np.array(block.reason[at]))

    def _desired(self, place: int) -> F64 | None:
        actuator = self._block.actuators.get(place)
        return None if actuator is None else np.array(self._block.desired[actuator, self._rows])

    def _words(self, place: int) -> Words:
        rows = np.atleast_1d(self._rows)
        told: NDArray[Any] = np.empty(len(rows), object)
        for number, row in enumerate(rows.tolist()):
            told[number] = fact(self._block, place, row)
        shaped = told.reshape(()) if isinstance(self._rows, int) else told
        return Words(shaped, now=self._now, worth=self._worth(place))

    def _remembered(self, slot: int) -> Known:
        return self._estimated(np.array(self._block.values[slot, self._rows]))

    def _estimated(self, numbers: F64) -> Known:
        quality = np.where(np.isnan(numbers), Quality.MISSING, Quality.ESTIMATED).astype(np.uint8)
        worth = Worth(np.full(numbers.shape, NEVER), quality, np.zeros(numbers.shape, np.uint16))
        return Known(numbers, worth, lambda: np.zeros(()))

    def _settled(self, expr: Expr) -> Known:
        settled = expr.data
        assert isinstance(settled, Settled)
        found = next(one for one in self._block.layout.settled if any(expr is mine for mine in one.exprs))
        fast = found.layout
        asked = fast.schema.expression(settled.output)
        held = {id(one.expr): one.out for one in fast.windows} | {id(one.expr): one.now for one in fast.delays}

        def remembered(leaf: Expr) -> Known:
            if leaf.op == "time":
                return self.known(leaf)
            slot = held[id(leaf)] if id(leaf) in held else fast.slot[str(leaf.data)]
            return self._remembered(found.start + slot)

        if settled.output in fast.slot:
            return self._remembered(found.start + fast.slot[settled.output])
        return reckoned(asked, remembered)

    def _total(self, link: str, expr: Expr) -> Known:
        inner, gathering = self._through(link)
        known = reckoned(expr, inner.known)
        return summed(Known(known.numbers, known.worth, known.spread, gathering))

    def _linked(self, link: str, name: str) -> Value:
        if name == PRESENT:
            return Column(certain(self._targets(link) >= 0), DIMENSIONLESS, now=self._now)
        if self._block.schema.links[link].is_single:
            return self._neighbour(link, name)
        inner, gathering = self._through(link)
        found = inner.read(name)
        if not isinstance(found, Column):
            return found
        known = found.known
        return Column(Known(known.numbers, known.worth, known.spread, gathering), found.unit, now=self._now)

    def _through(self, link: str) -> "tuple[LiveReader, Gathering]":
        links, other = self._block.links[link], self._block.schema.links[link].to
        inner = LiveReader(self._blocks, other, links.target.astype(np.int64), now=self._now)
        return inner, Gathering(links, self._block.rows, self._rows)

    def _neighbour(self, link: str, name: str) -> Value:
        targets = self._targets(link)
        if np.all(targets >= 0):
            rows = int(targets) if targets.ndim == 0 else targets
            return LiveReader(self._blocks, self._block.schema.links[link].to, rows, now=self._now).read(name)
        expr = meaning(self._blocks[self._block.schema.links[link].to].schema, name)
        known = self._gathered(link, lambda inner: reckoned(expr, inner.known))
        return Column(known, expr.unit, now=self._now)

    def _gathered(self, link: str, inside: "Callable[[LiveReader], Known]") -> Known:
        """What is known of the one twin that a link leads to; missing where it leads nowhere."""
        targets, other = self._targets(link), self._block.schema.links[link].to
        leads = targets >= 0
        if not leads.any():
            nothing = np.full(targets.shape, np.nan)
            return Known(nothing, MISSING, lambda: np.zeros(()))
        known = inside(LiveReader(self._blocks, other, np.maximum(targets, 0), now=self._now))
        numbers = np.broadcast_to(known.numbers, targets.shape)
        worth = Worth(
            np.where(leads, known.worth.event_time, NEVER),
            np.where(leads, known.worth.quality, Quality.MISSING).astype(np.uint8),
            np.where(leads, known.worth.reason, Reason.NONE).astype(np.uint16),
        )
        return Known(np.where(leads, numbers, np.nan), worth, lambda: np.where(leads, known.spread(), 0.0))

    def _targets(self, link: str) -> I64:
        return self._block.links[link].first(np.asarray(self._rows, np.int64))
