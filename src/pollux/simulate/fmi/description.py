"""What an FMU says of itself, as frozen values; `reading` makes them from its modelDescription.xml."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, final

from pollux.errors import NotFound, SimulationError
from pollux.model.suggest import did_you_mean
from pollux.simulate.fmi.kinds import NUMERIC
from pollux.simulate.fmi.units import Told

Way = Literal["co-simulation", "model exchange"]


@final
@dataclass(frozen=True, slots=True)
class Warnings:
    """What is wrong with a description, yet does not keep the FMU from running.

    >>> print(Warnings(("line 3: no unit", "no step size")))
    line 3: no unit
    no step size
    """

    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __bool__(self) -> bool:
        return bool(self.lines)

    def __add__(self, more: "Warnings") -> "Warnings":
        return Warnings(tuple(dict.fromkeys((*self.lines, *more.lines))))


@final
@dataclass(frozen=True, slots=True)
class Variable:
    """One variable; an array of FMI 3 has a `shape`, and as many starts as elements, row by row."""

    name: str
    type: str
    reference: int
    causality: str = "local"
    variability: str = "continuous"
    shape: tuple[int, ...] = ()
    start: tuple[float, ...] | str | None = None
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    derivative_of: str | None = None
    initial: str = ""
    about: str = ""
    interval: str = ""
    """Of a clock: how its interval varies; `period` and `shift` are seconds."""
    period: float | None = None
    shift: float = 0.0

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def elements(self) -> tuple[str, ...]:
        """The names of its numbers: its own, or `x[1,2]` for elements of an array, counted from 1."""
        if not self.shape:
            return (self.name,)
        places = product(*(range(1, length + 1) for length in self.shape))
        return tuple(f"{self.name}[{','.join(map(str, place))}]" for place in places)


@final
@dataclass(frozen=True, slots=True)
class Ability:
    """One of the ways in which an FMU can be run, and what it declares of it."""

    way: Way
    identifier: str
    serializes: bool = False
    once_per_process: bool = False
    needs_tool: bool = False
    varies_step: bool = True
    fixed_step: float | None = None
    event_mode: bool = False


@final
@dataclass(frozen=True, slots=True)
class Description:
    """Everything of an FMU that is needed to run it; times in seconds."""

    version: Literal[2, 3]
    name: str
    token: str
    variables: tuple[Variable, ...]
    ways: tuple[Ability, ...]
    state_count: int = 0
    indicator_count: int = 0
    states: tuple[str, ...] = ()
    begin: float = 0.0
    step: float | None = None
    tolerance: float | None = None
    tool: str = ""
    units: Mapping[str, Told] = field(default_factory=dict[str, Told])
    warnings: Warnings = field(default_factory=Warnings)

    def variable(self, name: str) -> Variable:
        """The variable of this name; raises `NotFound` with the nearest one."""
        for one in self.variables:
            if one.name == name:
                return one
        names = [one.name for one in self.variables]
        raise NotFound(f"expected a variable of {self.name}, got {name!r}", hint=did_you_mean(name, names))

    def way(self, wanted: Way | None) -> Ability:
        """The ability that is asked for, else co-simulation, else model exchange; raises `SimulationError`."""
        for one in self.ways:
            if wanted in (None, one.way):
                return one
        raise SimulationError(
            f"expected {wanted}, got an FMU for {' and '.join(one.way for one in self.ways)}", at=self.name
        )

    def numeric(self, variable: Variable) -> bool:
        """Whether it is made of numbers."""
        return variable.type in NUMERIC[self.version]
