"""What an FMU is made from: the places of its numbers, its variables, its start, its step and its token."""

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Final, final

from pollux._version import __version__
from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.model.amounts import seconds
from pollux.model.schema import Schema
from pollux.simulate.export.check import Kind
from pollux.simulate.export.description import Described
from pollux.simulate.export.places import Places, places_of
from pollux.simulate.export.variables import Variable, state_name, variables_of
from pollux.simulate.methods.windows import durations
from pollux.simulate.steps import choose_step

_VERSION: Final = 1
"""Of the generated source: another number makes another token."""

_NANO: Final = 1_000_000_000


@final
@dataclass(frozen=True, slots=True)
class Source:
    """`start` is a column (layout.width,), `step` is in nanoseconds."""

    places: Places
    variables: tuple[Variable, ...]
    start: F64
    kind: Kind
    step: int
    token: str

    @property
    def has_steps(self) -> bool:
        """Whether it is for co-simulation."""
        return self.kind != "model-exchange"

    @property
    def has_exchange(self) -> bool:
        """Whether it is for model exchange."""
        return self.kind != "co-simulation"

    def described(self, span: float) -> Described:
        """What its model description says, for runs of so many seconds."""
        places, schema = self.places, self.places.schema
        return Described(
            name=schema.name,
            identifier=re.sub(r"[^A-Za-z0-9_]", "_", schema.name),
            doc=schema.doc,
            token=self.token,
            has_steps=self.has_steps,
            has_exchange=self.has_exchange,
            variables=self.variables,
            states=tuple(state_name(places, one) for one in schema.states),
            crossings=len(places.crossings),
            step=self.step / _NANO,
            span=span,
            generator=f"Pollux {__version__}",
        )


def source_of(schema: Schema, kind: Kind, start: F64, step: int) -> Source:
    """The source of a type that begins with the column `start` and makes steps of at most `step` nanoseconds."""
    places = places_of(schema, exchange=kind != "co-simulation")
    return Source(places, variables_of(places, start), start, kind, step, _token(schema, kind, start, step))


def step_of(schema: Schema, kind: Kind, start: F64, *, span: float, step: str | float | None) -> int:
    """The longest step in nanoseconds: as told, else chosen for runs of `span` seconds; 1 where nobody makes steps.

    Raises `SimulationError` for one that is longer than a window.
    """
    if kind == "model-exchange":
        return 1
    told = None if step is None else max(1, round(seconds(step) * _NANO))
    chosen = told or choose_step(schema, start[:, None], t0=0, span=round(span * _NANO))
    for window in durations(places_of(schema, exchange=False).rows.layout):
        if chosen > window.seconds * _NANO:
            raise SimulationError(
                f"expected a step of at most {window.seconds:g} s, the length of a window, got {chosen / _NANO:g} s",
                at=f"export_fmu of {schema.name}",
            )
    return chosen


def _token(schema: Schema, kind: Kind, start: F64, step: int) -> str:
    """What ties the description to the binary: the same type, start and step give the same token everywhere."""
    told = f"{schema.digest} {_VERSION} {kind} {step} {[float(one).hex() for one in start]}"
    return f"{{{uuid.UUID(hashlib.sha256(told.encode()).hexdigest()[:32])}}}"
