"""The estate of one tenant: everything that is a function of the log. Nothing here waits, sends or knows the time.

The same entries in the same order give the same estate, live, replayed, or as of a moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, final

import msgspec
import numpy as np

from pollux.act import OrderBook
from pollux.check import AbstractCheck, Calibration, Decoder
from pollux.check.calibration import held_as
from pollux.check.mapping import TopicMapping
from pollux.check.sealed import AbstractKeys
from pollux.columns.batch import Batch, Refusal
from pollux.columns.block import Block
from pollux.columns.frames import Frames
from pollux.columns.quality import Quality, Reason
from pollux.columns.snapshot import freeze, restore
from pollux.columns.view import NINE_TENTHS
from pollux.errors import StorageError
from pollux.mirror import Mirror
from pollux.model.schema import Schema
from pollux.predict import Believed
from pollux.remember import Note
from pollux.site.acknowledgements import acknowledgements, answer
from pollux.site.beliefs import packed, unpacked
from pollux.site.orders import apply_order, order_of, plain_order
from pollux.site.recent import RecentSamples, Stamps
from pollux.site.residuals import Residuals
from pollux.site.shelf import Shelf, apply_run
from pollux.site.taken import Taken
from pollux.site.trail import Trail
from pollux.watch import Alarm, AlarmBook, Rule, Watch
from pollux.watch.site import site_alarm


@final
@dataclass(frozen=True, slots=True)
class Holding:
    """What a site declares of one type, as far as the estate needs it."""

    schema: Schema
    mappings: tuple[TopicMapping, ...] = ()
    rules: tuple[Rule, ...] = ()
    thing: str = "machine"
    foreseen: tuple[str, ...] = ()
    checks: tuple[AbstractCheck, ...] = ()
    calibrations: tuple[Calibration, ...] = ()
    seals: AbstractKeys | None = None


@final
@dataclass(frozen=True, slots=True)
class Applied:
    """What an entry changed: samples by type, alarms in their new state, refusals, newcomers as "Type/id"."""

    batches: Mapping[str, Batch] = field(default_factory=dict[str, Batch])
    alarms: tuple[Alarm, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    newcomers: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    estimates: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()


@final
class Estate:
    """The twins of one tenant, their alarms, orders and beliefs, after position `seq` of the log.

    `time` is the newest arrival or decision up to that position, in nanoseconds UTC. With `frozen` it goes on from
    there; raises StorageError or KeyError when that is of other types than those declared now.
    """

    def __init__(self, tenant: str, holdings: Sequence[Holding], frozen: Mapping[str, bytes] | None = None) -> None:
        self.tenant = tenant
        self.holdings = {holding.schema.name: holding for holding in holdings}
        self.blocks = {name: Block(one.schema, one.foreseen) for name, one in self.holdings.items()}
        self.decoder = self.reader()
        self.mirror = Mirror(self.blocks, self.decoder.judges, self.decoder.inspectors)
        self.alarms = AlarmBook()
        self.watches = {name: self._watch(holding) for name, holding in self.holdings.items()}
        self.orders = OrderBook()
        self.shelf = Shelf()
        self.taken = Taken()
        self.beliefs: dict[str, Believed] = {}
        self.residuals = Residuals()
        self.trails: dict[str, Trail] = {}
        self.stamps = {name: Stamps(len(block.quality) + len(block.derived)) for name, block in self.blocks.items()}
        self.recent = {name: RecentSamples() for name in self.blocks}
        self.seq = 0
        self.time = 0
        if frozen is not None:
            self._restore(frozen)

    def reader(self) -> Decoder:
        """A decoder of its own, for whoever reads the same frames once more."""
        held = self.holdings.items()
        return Decoder(
            {name: one.mappings for name, one in held},
            self.blocks,
            checks={name: one.checks for name, one in held},
            calibrations={name: one.calibrations for name, one in held},
            seals=next((one.seals for one in self.holdings.values() if one.seals is not None), None),
        )

    def compile(self) -> None:
        """Be compiled from the next batch on, where numba is there; what is said stays the same."""
        if not (self.decoder.compile() and self.mirror.compile()):
            return
        for watch in self.watches.values():
            watch.compile()
        kernels = import_module("pollux.columns.kernels")
        kernels.warm()
        for stamps in self.stamps.values():
            stamps.kernels = kernels

    def unsure(self, name: str, twin: str, signal: str, at: int) -> float:
        """The standard uncertainty of a sensor's calibration at a moment, in the unit of the columns; 0 for none."""
        index = self.blocks[name].schema.index[signal]
        curve = self.decoder.calibration(name, twin, index, at)
        declared = self.blocks[name].schema.signals[index]
        # A difference of one degC is one of one kelvin: the zero does not count.
        return 0.0 if curve is None else curve.uncertainty * declared.edge.factor / declared.unit.factor

    def _watch(self, holding: Holding) -> Watch:
        schema = holding.schema
        return Watch(schema.name, schema.index, holding.rules, book=self.alarms, thing=holding.thing)

    def take_in(self, frames: Frames, seq: int) -> Applied:
        """A batch of raw messages."""
        self._stand(seq, int(frames.arrival.max(initial=self.time)))
        effects = self.mirror.apply(self.decoder.decode(frames))
        batches = {name: change.batch for name, change in effects.changes.items() if len(change.batch)}
        alarms: list[Alarm] = []
        for name, batch in batches.items():
            block = self.blocks[name]
            self.stamps[name].mark(batch.signal, batch.row, seq, block.rows)
            self.recent[name].add(seq, batch)
            alarms += self.watches[name].apply(batch, block.ids)
        newcomers = tuple(f"{name}/{id_}" for name, id_ in effects.newcomers)
        told = [*acknowledgements(frames, (one.frame for one in effects.refusals))]
        answered = tuple(answer(self.orders, one) for one in told)
        heard = {one.frame for one in told}
        refused = tuple(one for one in effects.refusals if one.frame not in heard)
        return Applied(batches, tuple(alarms), refused, newcomers, tuple(o for o in answered if o))

    def take_note(self, note: Note, seq: int) -> Applied:
        """Something that was decided, or that happened because time passed."""
        self._stand(seq, max(self.time, int(note.body.get("at", 0))))
        match note.kind:
            case "tick":
                return self._tick(int(note.body["at"]), note.body.get("beats", {}))
            case "alarm":
                return Applied(alarms=(self._alarm(note.body),))
            case "identity":
                self.taken.add(str(note.body.get("key", "")))
                return Applied()
            case "site":
                return Applied(alarms=site_alarm(self.alarms, note.body))
            case "order":
                return Applied(orders=(self._order(note.body),))
            case "run":
                return Applied(runs=(apply_run(self.shelf, note.body),))
            case "estimate":
                return self._estimate(note.body, seq)
            case "twin":
                return self._twin(note.body, seq)
            case _:
                return Applied()

    def _stand(self, seq: int, at: int) -> None:
        self.seq, self.time = seq, at

    def _tick(self, now: int, beats: Mapping[str, int]) -> Applied:
        alarms: list[Alarm] = []
        for name, watch in self.watches.items():
            alarms += watch.tick(now, self.blocks[name].ids, beats)
        return Applied(alarms=tuple(alarms), orders=tuple(order.id for order in self.orders.tick(now)))

    def _alarm(self, body: Mapping[str, Any]) -> Alarm:
        who, reason, at = str(body["who"]), str(body["reason"]), int(body["at"])
        if body["action"] == "shelve":
            return self.alarms.shelve(str(body["id"]), who=who, reason=reason, until=int(body["until"]), at=at)
        return self.alarms.acknowledge(str(body["id"]), who=who, reason=reason, at=at)

    def _order(self, body: Mapping[str, Any]) -> str:
        """A step of an order; with the one that sends it, its values become those desired of the twin."""
        order = self.orders.find(apply_order(self.orders, body))
        block = self.blocks.get(order.type)
        if body["action"] == "sent" and order.name == "set" and block is not None and order.twin in block.row_of:
            for name, value in order.params:
                if isinstance(value, float):
                    self.mirror.want(order.type, order.twin, name, value, when=int(body["at"]))
        return order.id

    def _estimate(self, body: Mapping[str, Any], seq: int) -> Applied:
        """What a filter or a forecast believes of a twin: values with their deviation, and the ensemble behind them."""
        name, id_ = str(body["type"]), str(body["twin"])
        block = self.blocks[name]
        if id_ not in block.row_of:
            return Applied()
        row = block.row(id_)
        for signal, (value, sigma) in body["values"].items():
            index = block.schema.index[signal]
            block.put(index, [row], value=value, sigma=sigma, event_time=int(body["at"]), quality=Quality.ESTIMATED)
            self.stamps[name].mark(np.array([index], np.int32), np.array([row], np.int32), seq, block.rows)
            trail = self.trails.setdefault(f"{name}/{id_}/{signal}", Trail())
            trail.add(int(body["at"]), float(value), float(sigma))
        self._derived(name, id_, row, body, seq)
        against = self.residuals.note(f"{name}/{id_}", body.get("against", {}), int(body["at"]))
        for signal, since in against.items():
            self.mirror.doubt(name, id_, signal, since, int(body["at"]), Reason.MODEL)
        if body.get("belief"):
            self.beliefs[f"{name}/{id_}"] = unpacked(body["belief"])
        return Applied(estimates=(f"{name}/{id_}",))

    def _derived(self, name: str, id_: str, row: int, body: Mapping[str, Any], seq: int) -> None:
        """What a filter believes of the derived values of a twin, from 5 % quantile to 95 % quantile."""
        block, at = self.blocks[name], int(body["at"])
        places: list[int] = []
        for derived, (low, median, high) in body.get("derived", {}).items():
            if derived not in block.derived:
                continue
            block.believe(derived, row, (low, median, high), when=at)
            places.append(len(block.schema.signals) + block.derived[derived])
            trail = self.trails.setdefault(f"{name}/{id_}/{derived}", Trail())
            trail.add(at, float(median), float(high - low) / NINE_TENTHS)
        rows = np.full(len(places), row, np.int32)
        self.stamps[name].mark(np.array(places, np.int32), rows, seq, block.rows)

    def _twin(self, body: Mapping[str, Any], seq: int) -> Applied:
        """A twin that a person or a program made, changed or removed."""
        name, id_ = str(body["type"]), str(body["twin"])
        block = self.blocks[name]
        if body["action"] == "remove":
            ended = self.watches[name].forget(block.row(id_), int(body["at"]))
            self.mirror.remove(name, id_)
            self.beliefs.pop(f"{name}/{id_}", None)
            self.residuals.forget(f"{name}/{id_}")
            return Applied(alarms=tuple(ended), newcomers=(f"{name}/{id_}",))
        new = id_ not in block.row_of
        row = self.mirror.add(name, id_)
        for signal, value in body["values"].items():
            self.mirror.tell(name, id_, signal, value, when=int(body.get("since", body["at"])))
        for link, targets in body.get("links", {}).items():
            self.mirror.link(name, id_, link, targets)
        self.stamps[name].mark_rows([row], seq, block.rows)
        return Applied(newcomers=(f"{name}/{id_}",) if new else ())

    # -- snapshots ----------------------------------------------------------------------------------------------------

    def freeze(self) -> dict[str, bytes]:
        """The estate as named pieces of bytes: equal estates give equal bytes."""
        prefix = f"{self.tenant}:"
        parts = {f"{prefix}block:{name}": freeze(block) for name, block in self.blocks.items()}
        parts |= {f"{prefix}watch:{name}": watch.freeze() for name, watch in self.watches.items()}
        parts |= {
            f"{prefix}calibrations:{name}": held_as(one.calibrations).encode() for name, one in self.holdings.items()
        }
        parts[f"{prefix}mirror"] = self.mirror.freeze()
        parts[f"{prefix}alarms"] = msgspec.msgpack.encode([list(self.alarms), list(self.alarms.past())])
        parts[f"{prefix}orders"] = msgspec.msgpack.encode([plain_order(order) for order in self.orders])
        parts[f"{prefix}residuals"] = self.residuals.freeze()
        parts[f"{prefix}shelf"] = self.shelf.freeze()
        parts[f"{prefix}taken"] = self.taken.freeze()
        parts[f"{prefix}beliefs"] = msgspec.msgpack.encode(
            {twin: packed(b) for twin, b in sorted(self.beliefs.items())}
        )
        parts[f"{prefix}trails"] = msgspec.msgpack.encode({name: t.freeze() for name, t in sorted(self.trails.items())})
        parts[f"{prefix}place"] = msgspec.msgpack.encode([self.seq, self.time])
        return parts

    def _same_calibrations(self, name: str, held: bytes | None) -> None:
        """Values under other calibrations are other values: the log is then read again under those of now."""
        now = held_as(self.holdings[name].calibrations)
        if (held or held_as(()).encode()) != now.encode():
            raise StorageError("expected a snapshot under the calibrations of now, got one of others", at=name)

    def _restore(self, parts: Mapping[str, bytes]) -> None:
        prefix = f"{self.tenant}:"
        for name, block in self.blocks.items():
            restore(block, parts[f"{prefix}block:{name}"])
            self.watches[name].restore(parts[f"{prefix}watch:{name}"])
            self._same_calibrations(name, parts.get(f"{prefix}calibrations:{name}"))
        self.mirror.restore(parts[f"{prefix}mirror"])
        open_, past = msgspec.msgpack.decode(parts[f"{prefix}alarms"], type=tuple[list[Alarm], list[Alarm]])
        for alarm in (*past, *reversed(open_)):
            self.alarms.put(alarm)
        for order in msgspec.msgpack.decode(parts[f"{prefix}orders"]):
            self.orders.put(order_of(order))
        self.shelf.restore(parts[f"{prefix}shelf"])
        if f"{prefix}taken" in parts:
            self.taken.restore(parts[f"{prefix}taken"])
        if f"{prefix}residuals" in parts:
            self.residuals.restore(parts[f"{prefix}residuals"])
        for twin, belief in msgspec.msgpack.decode(parts[f"{prefix}beliefs"]).items():
            self.beliefs[twin] = unpacked(belief)
        for name, trail in msgspec.msgpack.decode(parts[f"{prefix}trails"]).items():
            self.trails[name] = Trail.of(trail)
        self.seq, self.time = msgspec.msgpack.decode(parts[f"{prefix}place"])
        for name, block in self.blocks.items():
            self.stamps[name].grow(block.rows, self.seq)
