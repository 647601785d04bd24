"""Registers bound to the signals of a class: what a number of the device is called, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from pollux.columns.field import FieldValue
from pollux.connect.field.order import Param
from pollux.connect.modbus.registers import Register
from pollux.errors import DataRefused
from pollux.model.schema import Signal
from pollux.model.units import convert
from pollux.model.units import unit as unit_of


@final
@dataclass(frozen=True, slots=True, eq=False)
class Mapped:
    """One register and its signal."""

    signal: Signal
    register: Register

    @property
    def name(self) -> str:
        """The signal's name."""
        return self.signal.name

    @property
    def unit(self) -> str | None:
        """The unit in which the device counts, None for the declared one."""
        return self.register.unit or None

    @property
    def codes(self) -> Mapping[int, str]:
        """What the numbers of a choice mean."""
        return self.register.codes or dict(enumerate(self.signal.choices))

    def told(self, number: float) -> FieldValue:
        """A number of the device as the signal's kind of value; an unknown code stays a number, which is refused."""
        if number != number:
            return None
        if self.signal.kind == "flag":
            return bool(number)
        return self.codes.get(round(number), number) if self.signal.kind == "choice" else number

    def asked(self, value: Param) -> float:
        """What an order asks for, in the declared unit, as the number of the device; raises DataRefused."""
        kind = self.signal.kind
        if kind == "choice":
            found = [code for code, word in self.codes.items() if word == value]
            if not found:
                raise DataRefused(f"expected one of {', '.join(self.codes.values())}, got {value!r}", at=self.name)
            return float(found[0])
        if isinstance(value, str) or (isinstance(value, bool) and kind != "flag"):
            raise DataRefused(f"expected a {kind}, got {value!r}", at=self.name)
        if not self.register.unit:
            return float(value)
        return convert(float(value), self.signal.edge, unit_of(self.register.unit))


@final
@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """One unit of a line and its twin: what is read, what may be written, and at what pace, in seconds."""

    twin: str
    unit: int
    read: tuple[Mapped, ...]
    written: Mapping[str, Mapped]
    every: float
    timeout: float
    gap: int
