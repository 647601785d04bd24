"""Ports: the numbers of an FMU under the names, and in the units, by which they are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import NotFound
from pollux.model.suggest import did_you_mean
from pollux.simulate.fmi.description import Description, Variable

_PARAMETERS = frozenset(("parameter", "structuralParameter"))


@final
@dataclass(frozen=True, slots=True)
class Port:
    """One number: value = number of the FMU * `scale` + `shift`."""

    name: str
    scale: float = 1.0
    shift: float = 0.0


@final
@dataclass(frozen=True, slots=True)
class Ports:
    """The numbers of some variables, in their order, as a block: names to rows, units both ways."""

    variables: tuple[Variable, ...]
    ports: tuple[Port, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """By what each is asked for."""
        return tuple(one.name for one in self.ports)

    def row(self, name: str, of: str) -> int:
        """Where it stands; raises `NotFound` with the nearest name."""
        for place, one in enumerate(self.ports):
            if one.name == name:
                return place
        raise NotFound(f"expected {of}, got {name!r}", hint=did_you_mean(name, self.names))

    def inward(self, values: F64) -> F64:
        """From our units to those of the FMU, row by row."""
        scale, shift = self._units()
        found: F64 = (values - shift) / scale
        return found

    def outward(self, values: F64) -> F64:
        """From the units of the FMU to ours."""
        scale, shift = self._units()
        if (scale == 1.0).all() and (shift == 0.0).all():
            return values
        trailing = (1,) * (values.ndim - 2)
        found: F64 = values * scale.reshape(-1, 1, *trailing) + shift.reshape(-1, 1, *trailing)
        return found

    def starts(self) -> F64:
        """What each begins with, in our units; 0 where nothing is said."""
        told = [one.start if isinstance(one.start, tuple) else (0.0,) * one.size for one in self.variables]
        flat = np.array([number for start in told for number in start]).reshape(-1, 1)
        return self.outward(flat)

    @property
    def whole(self) -> tuple[bool, ...]:
        """Which of them can only be whole numbers."""
        return tuple(not one.type.startswith(("Real", "Float")) for one in self.variables for _ in range(one.size))

    def _units(self) -> tuple[F64, F64]:
        scale = np.array([one.scale for one in self.ports]).reshape(-1, 1)
        return scale, np.array([one.shift for one in self.ports]).reshape(-1, 1)


def ports_of(variables: Sequence[Variable], named: Mapping[str, Port]) -> Ports:
    """The ports of variables; an element that is not named goes by its name in the FMU, in its own unit."""
    elements = [name for one in variables for name in one.elements]
    return Ports(tuple(variables), tuple(named.get(name, Port(name)) for name in elements))


def inputs_of(description: Description) -> Iterator[Variable]:
    """What may be set at any time: inputs, and parameters that are tunable."""
    for one in description.variables:
        tunable = one.causality == "parameter" and one.variability == "tunable"
        if description.numeric(one) and (one.causality == "input" or tunable):
            yield one


def parameters_of(description: Description) -> Iterator[Variable]:
    """What may be set before it begins: parameters that are fixed."""
    for one in description.variables:
        if description.numeric(one) and one.causality in _PARAMETERS and one.variability != "tunable":
            yield one


def startable(description: Description) -> Iterator[Variable]:
    """What may be given a value before it begins: fixed parameters, outputs and states with a start."""
    yield from parameters_of(description)
    for one in description.variables:
        begins = one.initial in ("exact", "approx") and one.start is not None and one.variability != "constant"
        if description.numeric(one) and one.causality in ("output", "local") and begins:
            yield one


def reads_of(description: Description, also: Sequence[str]) -> tuple[tuple[Variable, ...], tuple[str, ...]]:
    """What is read: outputs, continuous states and what is named besides; and the elements that are states."""
    states = {one.name for one in description.variables if one.name in description.states}
    wanted = {*states, *also}
    for name in also:
        description.variable(name)
    variables = tuple(
        one
        for one in description.variables
        if description.numeric(one) and (one.causality == "output" or one.name in wanted)
    )
    elements = tuple(name for one in variables if one.name in states for name in one.elements)
    return variables, elements
