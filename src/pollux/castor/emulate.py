"""Emulated devices for any twin type: its own physics behind real connections to the open site."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar, final

import numpy as np

from pollux.castor.devices import Devices
from pollux.castor.pace import Pace
from pollux.castor.plant import F64, Plant
from pollux.castor.speaker import Command, State
from pollux.clock import SECOND, Clock, duration, instant
from pollux.errors import PolluxError, SetupError
from pollux.model.symbols import Symbol
from pollux.model.twin import Twin
from pollux.site.declare import Fleet

T = TypeVar("T", bound=Twin)

WAITING: Final = 1_000
"""Commands that wait for the devices' next cycle or for an actuator to arrive; further ones are rejected."""


def emulate(
    fleet: Fleet[T],
    count: int | None = None,
    *,
    ids: Sequence[str] | None = None,
    every: str = "1 s",
    actuators: Mapping[Symbol, float] | None = None,
    seed: int = 0,
) -> "Emulated":
    """Devices for a fleet of an open site, as a context: `with site.open(folder), px.emulate(pumps, 12): ...`

    Each is a thing of its own that obeys the equations of the type, with parameters drawn from their priors by `seed`.
    It sends sensors (with the declared noise) and actuators over MQTT, every `every` of the site's clock where a sensor
    declares no interval of its own, and carries out `set`: within limits, no faster than the slew, "done" when it is
    there. `actuators` is how they are set at the beginning, in the declared units; `ids` names them, else they are
    `P-1`, `P-2`, ... after the type's first letter.

    Entering returns when every device's first reading is acknowledged, so that all twins can be read. Under a simulated
    clock the devices do what falls due while it is moved. Raises SetupError for counts and settings that cannot be.
    """
    live, schema = fleet.live, fleet.declared.schema
    names = tuple(ids) if ids is not None else tuple(f"{schema.name[0]}-{n}" for n in range(1, (count or 1) + 1))
    if count not in (None, len(names)):
        raise SetupError(f"expected {count} ids, got {len(names)}", at=schema.name)
    rng = np.random.Generator(np.random.Philox(key=seed))
    settings = {symbol.name: value for symbol, value in (actuators or {}).items()}
    plant = Plant(schema, len(names), start=live.clock.now(), rng=rng, settings=settings)
    cycles = Cycles.of(plant, duration(every))
    orders = Orders(plant, live.clock)
    devices = Devices(live, schema, names, answers=orders.answer)
    return Emulated(live.clock, plant, cycles, orders, devices)


@final
@dataclass(frozen=True, slots=True)
class Cycles:
    """How often each sensor reads, and the shortest of these: that of the devices. Nanoseconds."""

    of_sensor: Mapping[str, int]
    shortest: int

    @staticmethod
    def of(plant: Plant, otherwise: int) -> "Cycles":
        """As the sensors declare, `otherwise` where they say nothing."""
        every = {one.name: otherwise if one.every is None else round(one.every * SECOND) for one in plant.sensors}
        return Cycles(every, min(every.values(), default=otherwise))

    def after(self, moment: int) -> int:
        """The next moment at which something is read."""
        return (moment // self.shortest + 1) * self.shortest

    def due(self, last: int, now: int) -> frozenset[str]:
        """The sensors that read since `last`, up to now; all of them at the first moment, when `last` is negative."""
        return frozenset(name for name, every in self.of_sensor.items() if last < 0 or now // every > last // every)


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

    def __init__(self, plant: Plant, clock: Clock) -> None:
        self._plant = plant
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
            if command.expires_at and self._clock.now() >= instant(command.expires_at):
                return "rejected", "it came after its expiry"
            settings = {name: self._plant.setting(name, value) for name, value in command.params.items()}
        except PolluxError as error:
            return "rejected", str(error)
        self._accepted.append(Order(member, command.id, settings))
        return "accepted", ""

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
        return told


@final
class Emulated:
    """Emulated devices of one fleet, made by `emulate`; a context."""

    def __init__(self, clock: Clock, plant: Plant, cycles: Cycles, orders: Orders, devices: Devices) -> None:
        self._clock = clock
        self._plant = plant
        self._cycles = cycles
        self._orders = orders
        self._devices = devices
        self._last = -1
        self._pace = Pace(clock, lambda: cycles.after(self._last), self._turn)

    @property
    def ids(self) -> tuple[str, ...]:
        """The twins that the devices speak for."""
        return self._devices.ids

    def truth(self, symbol: Symbol) -> F64:
        """A signal of every thing as it really was at its last cycle, in its own unit: what a filter does not know."""
        return self._plant.truth(symbol.name)

    def __enter__(self) -> Self:
        self._devices.__enter__()
        try:
            self._turn(self._clock.now())
        except BaseException:
            self._devices.__exit__(None, None, None)
            raise
        self._pace.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pace.stop()
        self._devices.__exit__(kind, error, trace)
        if error is None and self._pace.failure is not None:
            raise self._pace.failure

    def _turn(self, now: int) -> None:
        """One cycle: move on, begin what was ordered, read and send; then say what is done, as the twin shows it."""
        last, self._last = self._last, now
        self._plant.advance(now)
        ended = self._orders.cycle()
        names = self._cycles.due(last, now) | self._plant.actuators
        for member, values in enumerate(self._plant.measured(names)):
            if values:
                self._devices.send(member, values, time=now)
        self._devices.wait()
        for order, state, reason in ended:
            self._devices.tell(order.member, order.id, state, reason)
