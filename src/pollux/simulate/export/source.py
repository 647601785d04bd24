"""What an FMU is made from: the places of its numbers, its variables, its start, its step and its token."""

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Final, Literal, final

from pollux._version import __version__
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.errors import SimulationError
from pollux.model.amounts import seconds
from pollux.model.schema import Schema
from pollux.simulate.choosing import chosen
from pollux.simulate.export.check import Kind
from pollux.simulate.export.description import Described
from pollux.simulate.export.names import state_name
from pollux.simulate.export.places import Places, places_of
from pollux.simulate.export.slopes import has_slopes
from pollux.simulate.export.variables import Variable, variables_of
from pollux.simulate.methods.rows import ADAPTIVE, STOCHASTIC, Method
from pollux.simulate.run import Run
from pollux.simulate.steps import choose_step, longest, step_of_noise
from pollux.simulate.tolerance import Tolerance

_VERSION: Final = 1
"""Of the generated source: another number makes another token."""

_NANO: Final = 1_000_000_000

METHODS: Final[dict[Method, str]] = {
    "rk4": "the classical Runge-Kutta method of fourth order",
    "dopri5": "the pair of Dormand and Prince of fifth order",
    "rodas4": "the Rosenbrock method RODAS of fourth order",
    "euler-maruyama": "the method of Euler and Maruyama for noise",
    "milstein": "the method of Milstein for noise",
}
"""The methods in words."""


@final
@dataclass(frozen=True, slots=True)
class Steps:
    """How a co-simulation steps: by a `method`, with steps of at most `longest` nanoseconds or within `tolerance`."""

    method: Method
    longest: int
    tolerance: Tolerance

    def told(self, adaptive: bool) -> str:
        """The method and its accuracy in words."""
        if adaptive:
            return f"{METHODS[self.method]}, steps of its own within a relative error of {self.tolerance.relative:g}"
        return f"{METHODS[self.method]}, steps of at most {self.longest / _NANO:g} s"


@final
@dataclass(frozen=True, slots=True)
class Source:
    """`start` is a column (layout.width,)."""

    places: Places
    variables: tuple[Variable, ...]
    start: F64
    kind: Kind
    steps: Steps
    token: str

    @property
    def has_steps(self) -> bool:
        """Whether it is for co-simulation."""
        return self.kind != "model-exchange"

    @property
    def has_exchange(self) -> bool:
        """Whether it is for model exchange."""
        return self.kind != "co-simulation"

    @property
    def has_slopes(self) -> bool:
        """Whether it tells derivatives."""
        return self.has_exchange and has_slopes(self.places.schema)

    @property
    def is_adaptive(self) -> bool:
        """Whether its own steps choose their length."""
        return self.places.rows.control is not None

    def table(self) -> F64:
        """The rows (kept,) that an instance begins with."""
        table = self.places.rows.table(self.start[:, None])
        if self.places.rows.control is not None:
            self.steps.tolerance.into(table, self.places.rows.control)
        found: F64 = table[:, 0]
        return found

    def described(self, span: int) -> Described:
        """What its model description says, for runs of so many nanoseconds."""
        places, schema = self.places, self.places.schema
        return Described(
            name=schema.name,
            identifier=re.sub(r"[^A-Za-z0-9_]", "_", schema.name),
            doc=schema.doc,
            token=self.token,
            has_steps=self.has_steps,
            has_exchange=self.has_exchange,
            variables=self.variables,
            states=tuple(state_name(schema, one) for one in schema.states),
            crossings=len(places.crossings),
            has_slopes=self.has_slopes,
            method=self.steps.told(self.is_adaptive),
            step=None if self.is_adaptive or not self.has_steps else self.steps.longest / _NANO,
            span=span / _NANO,
            generator=f"Pollux {__version__}",
        )


def source_of(schema: Schema, kind: Kind, start: F64, steps: Steps) -> Source:
    """The source of a type that begins with the column `start`."""
    places = places_of(schema, steps.method, exchange=kind != "co-simulation")
    return Source(places, variables_of(places, start), start, kind, steps, _token(schema, kind, start, steps))


def method_of(schema: Schema, method: Method | Literal["auto"], start: F64, *, span: int, step: int | None) -> Method:
    """The method to step with: that which is told, else the one that a run of `span` nanoseconds would take."""
    return chosen(Run(schema, start[:, None], 0, span, step=step)).method if method == "auto" else method


def longest_step(schema: Schema, method: Method, start: F64, *, span: int, step: int | None) -> int:
    """The longest step in nanoseconds: as told, else chosen for runs of `span`; 1 where a method chooses its own.

    Raises `SimulationError` for one that is longer than a window or than a delay allows.
    """
    if method in ADAPTIVE:
        if step is not None:
            raise SimulationError(f"expected a tolerance for {method}, got a step", at="export_fmu")
        return 1
    choose = step_of_noise if method in STOCHASTIC else choose_step
    found = step or choose(schema, start[:, None], t0=0, span=span)
    for most in longest(layout_of(schema)):
        if found > most * _NANO:
            raise SimulationError(
                f"expected a step of at most {most:g} s, as a window or a delay asks, got {found / _NANO:g} s",
                at=f"export_fmu of {schema.name}",
            )
    return found


def nanoseconds(told: str | float) -> int:
    """A stretch of time as a whole number of nanoseconds, one at least."""
    return max(1, round(seconds(told) * _NANO))


def _token(schema: Schema, kind: Kind, start: F64, steps: Steps) -> str:
    """What ties the description to the binary: the same type, start and steps give the same token everywhere."""
    tolerance = (steps.tolerance.relative, *sorted(steps.tolerance.absolute.items()))
    about = f"{schema.digest} {_VERSION} {kind} {steps.method} {steps.longest} {tolerance}"
    told = f"{about} {[float(one).hex() for one in start]}"
    return f"{{{uuid.UUID(hashlib.sha256(told.encode()).hexdigest()[:32])}}}"
