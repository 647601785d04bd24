"""Devices as a fleet declares them: where, how often, and which register is which signal. It opens nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from pollux.clock import SECOND, duration
from pollux.connect.field.source import AbstractFieldDriver, AbstractFieldSource, FieldPlace
from pollux.connect.modbus.address import Place, place_of
from pollux.connect.modbus.mapped import Bound, Mapped
from pollux.connect.modbus.registers import FLAGS, WRITABLE, Register
from pollux.connect.wire.rights import native
from pollux.errors import SetupError, UnitError
from pollux.model.schema import Schema, Signal
from pollux.model.symbols import Symbol
from pollux.model.units import unit as unit_of

Registers: TypeAlias = Mapping[Any, Register]
"""Registers by signal: `Pump.temp`, or its name."""

SHORTEST: Final = 0.01
MOST_UNIT: Final = 255
MOST_SERIAL: Final = 247
_TOLD: Final = ("sensor", "actuator", "fact")


@final
@dataclass(frozen=True, slots=True, eq=False)
class ModbusSource(AbstractFieldSource):
    """One device of a fleet that is polled over Modbus; made by `modbus`. Times are in seconds."""

    line: Place
    unit: int
    id: str
    registers: Mapping[str, Register]
    actuators: Mapping[str, Register]
    every: float
    timeout: float
    rate: float
    gap: int
    called: str = ""

    @property
    def name(self) -> str:
        return self.called or f"modbus:{self.line.name}:{self.unit}:{self.id}"

    @property
    def both(self) -> dict[str, Register]:
        """All registers that are read: the actuators too."""
        return {**self.registers, **self.actuators}

    def check(self, schema: Schema) -> None:
        if native(f"twins/{schema.name}/{self.id}/telemetry") is None:
            raise SetupError(f"expected the id of a twin, got {self.id!r}", at=self.name)
        for name, register in self.both.items():
            _check_signal(schema.signal(name), register, f"{schema.name}.{name}")
        for name, register in self.actuators.items():
            _check_actuator(schema.signal(name), register, f"{schema.name}.{name}")

    def driver(self, schema: Schema, place: FieldPlace) -> AbstractFieldDriver:
        from pollux.connect.modbus.driver import ModbusDriver

        self.check(schema)
        return ModbusDriver(self.name, self.line, self.bound(schema), place, type_=schema.name, rate=self.rate)

    def bound(self, schema: Schema) -> Bound:
        """The registers with the signals of the class."""
        read = tuple(Mapped(schema.signal(name), register) for name, register in self.both.items())
        written = {one.name: one for one in read if one.name in self.actuators}
        return Bound(self.id, self.unit, read, written, self.every, self.timeout, self.gap)

    def meaning(self) -> list[str]:
        return [f"{name} < {self.name} {register.meaning}" for name, register in self.both.items()]


def modbus(
    url: str,
    *,
    id: str,
    registers: Registers,
    unit: int = 1,
    actuators: Registers | None = None,
    every: str = "1 s",
    timeout: str = "1 s",
    rate: float = 50.0,
    gap: int = 8,
    name: str = "",
) -> ModbusSource:
    """The twin `id` of a fleet, as the unit `unit` of what answers at `url` tells it.

    `url` is `tcp://HOST:502`, `rtu:///dev/ttyUSB0?baud=19200&parity=E&stop=1`, or `rtu+tcp://HOST:PORT` for a serial
    server that passes RTU on. All devices of one `url` share a connection. `registers` are read every `every`, in
    requests that join what lies at most `gap` registers apart; a request waits `timeout` for its answer, and at most
    `rate` of them leave per second on a connection (the least rate of its devices counts). Nothing is ever written but
    the `actuators`, which are read too, and these only by an order while the site is open with `act`. `name` is how
    reports call the connection, where one twin is read in two ways.

    Raises SetupError for what cannot be meant.

    >>> modbus("tcp://10.0.0.5", unit=3, id="P-7", registers={"temp": Register("40101", "int16", scale=0.1)}).unit
    3
    """
    place = place_of(url)
    made = ModbusSource(
        place,
        unit,
        id,
        {_name(signal): register for signal, register in registers.items()},
        {_name(signal): register for signal, register in (actuators or {}).items()},
        duration(every) / SECOND,
        duration(timeout) / SECOND,
        rate,
        gap,
        name,
    )
    # On a serial line unit 0 is everybody: it is never answered, and a write to it sets all devices.
    least, most = (1, MOST_SERIAL) if place.framed == "rtu" else (1 if made.actuators else 0, MOST_UNIT)
    if not least <= unit <= most:
        raise SetupError(f"expected a unit from {least} to {most}, got {unit}", at=place.name)
    if not (made.registers or made.actuators):
        raise SetupError("expected registers, got none", at=made.name)
    if min(made.every, made.timeout) < SHORTEST or not rate > 0 or gap < 0:
        raise SetupError(f"expected times of at least {SHORTEST:g} s, a rate above 0 and no negative gap", at=made.name)
    twice = made.registers.keys() & made.actuators.keys()
    if twice:
        raise SetupError(f"expected {min(twice)} in registers or in actuators, got it in both", at=made.name)
    return made


def _name(signal: object) -> str:
    return signal.name if isinstance(signal, Symbol) else str(signal)


def _check_signal(signal: Signal, register: Register, at: str) -> None:
    if signal.role not in _TOLD:
        raise SetupError(f"expected a sensor, an actuator or a fact, got the {signal.role} {signal.name}", at=at)
    if signal.kind == "position" or (signal.kind == "text") != (register.kind == "string"):
        raise SetupError(f"expected a register that holds a {signal.kind}, got {register.kind}", at=at)
    if register.codes and signal.kind != "choice":
        raise SetupError(f"expected codes= for a choice, got them for a {signal.kind}", at=at)
    unknown = set(register.codes.values()) - set(signal.choices)
    if unknown:
        raise SetupError(f"expected codes of {', '.join(signal.choices)}, got {min(unknown)!r}", at=at)
    if register.unit:
        if signal.kind != "number":
            raise SetupError(f"expected no unit of a {signal.kind}, got {register.unit!r}", at=at)
        if unit_of(register.unit).dimension != signal.unit.dimension:
            raise UnitError(f"expected {signal.edge} or a unit like it, got {register.unit}", at=at)


def _check_actuator(signal: Signal, register: Register, at: str) -> None:
    if signal.role != "actuator":
        raise SetupError(f"expected an actuator, got the {signal.role} {signal.name}", at=at)
    if register.table not in WRITABLE:
        raise SetupError(f"expected a holding register or a coil, got {register.table}", at=at)
    if register.table not in FLAGS and register.kind == "bits":
        raise SetupError(
            "expected a register of its own, got bits of one",
            at=at,
            hint="a register is written whole: what the other bits say could change in between",
        )
    if register.write == "single" and register.cells > 1:
        raise SetupError(f'expected write="multiple" for {register.cells} registers', at=at)
