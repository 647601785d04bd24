"""Emulated devices for any twin type: its own physics, or another's, behind real connections to the open site."""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar, final

import numpy as np

from pollux.act import OrderState
from pollux.castor.asked import Requests
from pollux.castor.devices import Devices
from pollux.castor.pace import Pace
from pollux.castor.plant import F64, Life, Plant, nothing, setting
from pollux.castor.sensors import Sensor
from pollux.castor.speaker import PATIENCE, Command, State
from pollux.castor.worn import Wearer, Worn, declared
from pollux.clock import Clock, SimulatedClock, duration
from pollux.errors import NotFound, PolluxError, SetupError
from pollux.model.schema import Schema, schema_of
from pollux.model.symbols import Symbol
from pollux.model.twin import Twin
from pollux.model.units import convert
from pollux.site.declare import Fleet
from pollux.site.live import LiveSite

T = TypeVar("T", bound=Twin)

BY_HAND: Final = ""
"""The id of what nobody ordered."""

UNDER_WAY: Final[frozenset[OrderState]] = frozenset({"sent", "accepted"})
"""How an order stands that has been sent and is not over."""

WAITING: Final = 1_000
"""Commands that wait for the devices' next cycle or for an actuator to arrive; further ones are rejected."""


def emulate(
    fleet: Fleet[T],
    count: int | None = None,
    *,
    ids: Sequence[str] | None = None,
    every: str = "1 s",
    actuators: Mapping[Symbol, float] | None = None,
    obeys: type[Twin] | None = None,
    parameters: Mapping[Symbol, float | Sequence[float] | F64] | None = None,
    life: Life | None = None,
    sensors: Sequence[Sensor] | None = None,
    seed: int = 0,
) -> "Emulated":
    """Devices for a fleet of an open site, as a context: `with site.open(folder), px.emulate(pumps, 12): ...`

    Each is a thing of its own that obeys the equations of the type, with parameters drawn from their priors by `seed`.
    It sends sensors (with the declared noise) and actuators over MQTT, every `every` of the site's clock where a sensor
    declares no interval of its own, and carries out `set`: within limits, no faster than the slew, "done" when it is
    there. A command with `measures=True` is obeyed at once: the signals that its words name are read and sent, then it
    is "done". `actuators` is how they are set at the beginning, in the declared units; `ids` names them, else they are
    `P-1`, `P-2`, ... after the type's first letter.

    `obeys` lets the things obey another type, so that the twin's equations are wrong about them as they are about real
    things: what is read of it is what it calls by the same name, or by a channel's `reads`, told in the unit of the
    fleet's signal. `parameters` says what its parameters and states are at the beginning, one value or one for each
    thing; `life(start, end)` what they do over the next stretch, as courses in their own units, with one value or one
    for each thing per instant; it may be asked twice for a stretch. `sensors` are those that every thing wears instead
    of the declared ones; each reads when it is put on and then as it says, and what was read is sent every `every`. An
    actuator that no sensor reads is told as it is, every `every`.

    Entering returns when every device's first reading is acknowledged, so that all twins can be read. Under a simulated
    clock the devices do what falls due while it is moved; where another clock runs ahead of them, a sensor misses what
    fell due before the last `every`, but for its last reading. Raises SetupError for counts, settings and names that
    cannot be.
    """
    live, schema = fleet.live, fleet.declared.schema
    names = tuple(ids) if ids is not None else tuple(f"{schema.name[0]}-{n}" for n in range(1, (count or 1) + 1))
    if count not in (None, len(names)):
        raise SetupError(f"expected {count} ids, got {len(names)}", at=schema.name)
    model, now, cycle = schema if obeys is None else schema_of(obeys), live.clock.now(), duration(every)
    worn = declared(schema, model, cycle) if sensors is None else Worn(schema, model, tuple(sensors), cycle)
    begun = _made(model, parameters or {}, len(names)) | _set(model, actuators or {})
    fed = _fed(model, life or nothing, now, now + worn.cycle)
    rng = np.random.Generator(np.random.Philox(key=seed))
    plant = Plant(model, len(names), start=now, rng=rng, made=begun, life=fed)
    return Emulated(live, schema, plant, names, worn, worn.on(len(names), seed=seed))


def _made(model: Schema, given: Mapping[Symbol, Any], count: int) -> dict[str, F64 | float]:
    """Parameters and states by name in own units, one value per thing."""
    found: dict[str, F64 | float] = {}
    for symbol, values in given.items():
        signal = model.signal(symbol.name)
        numbers = np.asarray(values, np.float64)
        if numbers.shape not in ((), (count,)) or signal.role == "actuator" or signal.name in model.readings:
            raise SetupError(
                f"expected a parameter or a state and one value or {count}, got {numbers.shape}",
                at=f"{model.name}.{signal.name}",
            )
        own = [convert(value, signal.edge, signal.unit) for value in np.broadcast_to(numbers, count).tolist()]
        found[signal.name] = np.array(own)
    return found


def _set(model: Schema, given: Mapping[Symbol, float]) -> dict[str, float]:
    """Actuators by name in own units."""
    return {
        symbol.name: setting(model, symbol.name, value, edge=symbol.schema.signal(symbol.name).edge)
        for symbol, value in given.items()
    }


def _fed(model: Schema, life: Life, start: int, end: int) -> Life:
    """The same life, after a look at what it brings."""
    for name in life(start, end):
        if name not in model.params or model.signal(name).role == "actuator":
            raise SetupError(f"expected courses of parameters of {model.name}, got {name!r}", at="life")
    return life


@final
@dataclass(frozen=True, slots=True)
class Order:
    """A command that was accepted: which device moves which actuators, and to where in their own units."""

    member: int
    id: str
    settings: Mapping[str, float]

    def overtakes(self, older: "Order") -> bool:
        """Whether it sets what an older one is still setting."""
        return self.member == older.member and not self.settings.keys().isdisjoint(older.settings)


@final
class Orders:
    """The commands that devices accepted: begun at their next cycle, done when the actuators are there."""

    def __init__(self, plant: Plant, schema: Schema, clock: Clock) -> None:
        self._plant = plant
        self._edges = {one.name: one.edge for one in schema.signals}
        self._clock = clock
        self._accepted: deque[Order] = deque()
        self._ongoing: list[Order] = []

    def answer(self, member: int, command: Command) -> tuple[State, str]:
        """What a device says at once; called in the thread of the devices' voices."""
        if command.name != "set" or not command.params:
            return "rejected", f"expected the command set with values, got {command.name}"
        if len(self._accepted) + len(self._ongoing) >= WAITING:
            return "rejected", "too many commands wait"
        try:
            if command.late(self._clock.now()):
                return "rejected", "it came after its expiry"
            settings = {
                name: setting(self._plant.schema, name, value, edge=self._edges.get(name))
                for name, value in command.params.items()
            }
        except PolluxError as error:
            return "rejected", str(error)
        self._accepted.append(Order(member, command.id, settings))
        return "accepted", ""

    def by_hand(self, member: int, settings: Mapping[str, Any]) -> None:
        """Somebody sets actuators of a thing without a command; raises NotFound and SetupError for what cannot be."""
        own = {
            name: setting(self._plant.schema, name, value, edge=self._edges.get(name))
            for name, value in settings.items()
        }
        self._accepted.append(Order(member, BY_HAND, own))

    def cycle(self) -> list[tuple[Order, State, str]]:
        """Aim the actuators at what was accepted since the last cycle; what has become of orders by now."""
        told: list[tuple[Order, State, str]] = []
        while self._accepted:
            order = self._accepted.popleft()
            overtaken = [old for old in self._ongoing if order.overtakes(old)]
            told.extend((old, "failed", f"overtaken by {order.id}") for old in overtaken)
            self._ongoing = [old for old in self._ongoing if old not in overtaken] + [order]
            for name, value in order.settings.items():
                self._plant.aim(order.member, name, value)
        arrived = [o for o in self._ongoing if all(self._plant.reached(o.member, name) for name in o.settings)]
        self._ongoing = [order for order in self._ongoing if order not in arrived]
        told.extend((order, "done", "") for order in arrived)
        return [one for one in told if one[0].id != BY_HAND]


@final
class Emulated:
    """Emulated devices of one fleet, made by `emulate`; a context."""

    def __init__(
        self,
        live: LiveSite,
        schema: Schema,
        plant: Plant,
        ids: Sequence[str],
        worn: Worn,
        wearers: Sequence[Wearer],
    ) -> None:
        self._live = live
        self._schema = schema
        self._plant = plant
        self._worn = worn
        self._wearers = wearers
        self._orders = Orders(plant, schema, live.clock)
        self._devices = Devices(live, schema, ids, answers=self._answer)
        self._requests = Requests(schema, worn.measured, live.clock, measure=self._measured, tell=self._devices.tell)
        self._moving = threading.Lock()
        self._lost: set[str] = set()
        self._last = -1
        self._pace = Pace(live.clock, lambda: worn.after(self._last), self._turn)

    @property
    def ids(self) -> tuple[str, ...]:
        """The twins that the devices speak for."""
        return self._devices.ids

    def truth(self, what: Symbol | str) -> F64:
        """What every thing really was at its last cycle: what a filter does not know.

        A symbol of the fleet's type is told in its own unit; a name may also be that of something that only the model
        behind the devices has. Raises NotFound.
        """
        name = what if isinstance(what, str) else what.name
        return self._worn.own(name, self._plant.truth(name))

    def adjust(self, id_: str, settings: Mapping[str, Any]) -> None:
        """Set actuators of one thing by hand, from its next cycle on: nobody is told but by what its sensors read.

        So a person takes another dose, or somebody turns a knob on the spot. Raises NotFound and SetupError for what
        cannot be set.
        """
        if id_ not in self.ids:
            raise NotFound(f"expected one of {', '.join(self.ids[:5])}, got {id_!r}")
        self._orders.by_hand(self.ids.index(id_), settings)

    def __enter__(self) -> Self:
        self._lost.update(self._sent())  # to devices that were there before these
        self._devices.__enter__()
        try:
            self._turn(self._live.clock.now())
        except BaseException:
            self._leave(None, None, None)
            raise
        self._live.owing.append(self._obeyed)
        self._pace.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pace.stop()
        self._live.owing.remove(self._obeyed)
        self._leave(kind, error, trace)
        if error is None and self._pace.failure is not None:
            raise self._pace.failure

    def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._requests.stop()
        self._devices.__exit__(kind, error, trace)

    def _answer(self, member: int, command: Command) -> tuple[State, str]:
        asked = self._requests if self._requests.takes(command.name) else self._orders
        return asked.answer(member, command)

    def _turn(self, now: int) -> None:
        """One cycle; under a clock that is moved, also what is asked because of it: no time passes meanwhile."""
        with self._moving:
            self._cycle(now)
        if isinstance(self._live.clock, SimulatedClock):
            self._live.desk.settle()
            self._obeyed()

    def _cycle(self, now: int) -> None:
        """Move on, begin what was ordered, read and send; then say what is done, as the twin shows it."""
        last, worn = self._last, self._worn
        if last >= 0:
            now = max(last, worn.moment(now))
        path = self._plant.advance(now, every=worn.grid if last >= 0 else None, names=worn.names)
        ended = self._orders.cycle()
        path = path.ending(now, self._plant.seen(worn.names))
        self._last = now
        for member, one in enumerate(self._wearers):
            for moment, values in one.tells(path, last, now):
                self._devices.send(member, values, time=moment)
        self._devices.wait()
        for order, state, reason in ended:
            self._devices.tell(order.member, order.id, state, reason)
        if ended:
            self._devices.wait()

    def _measured(self, member: int, names: Sequence[str]) -> str:
        """One device reads some signals now, between its cycles or at one; why it could not, or nothing."""
        with self._moving:
            now = max(self._last, self._live.clock.now())
            path = self._plant.ahead(now, self._worn.names)
            values = self._wearers[member].asked(names, path, now)
            if len(values) < len(names):
                return f"nothing could be read of {', '.join(name for name in names if name not in values)}"
            self._devices.measured(member, values, time=now)
        return ""

    def _obeyed(self) -> None:
        """Wait until the devices have done with every request to measure that has been sent to them."""
        for id_ in self._sent():
            state = self._live.desk.wait(id_, ("done",), PATIENCE)
            if state in UNDER_WAY:  # it was lost on its way, and is not waited for again
                self._lost.add(id_)

    def _sent(self) -> list[str]:
        """The requests to measure that are on their way, but for those that are known to be lost."""
        if not self._live.desk.acts or not any(one.measures for one in self._schema.commands.values()):
            return []
        with self._live.pipe.lock:
            orders = [one for id_ in self.ids for one in self._live.estate.orders.of(self._schema.name, id_)]
        mine = [one for one in orders if one.state in UNDER_WAY and one.id not in self._lost]
        return [one.id for one in mine if self._requests.takes(one.name)]
