"""Anything that can be stepped: your states, inputs, outputs; step; save; load.

A compiled type, an FMU, a discrete-event model and a domain engine stand behind the same few methods, so that forks,
filters and training sessions need not know which it is. `pollux.testing.check_physics` examines whatever implements it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.errors import DataRefused, NotFound
from pollux.model.schema import Schema
from pollux.simulate.kernels.kernel import Backend
from pollux.simulate.recorder import now
from pollux.simulate.run import Run
from pollux.simulate.settling.settle import Settling
from pollux.simulate.simulation import run


class AbstractPhysics(ABC):
    """Many members of one thing, moved through time together.

    Values go in and out by name, one number per member. What happens next depends on nothing but the state, the inputs
    and the spans of the steps: two that were saved alike have the same future, bit for bit.
    """

    @property
    @abstractmethod
    def states(self) -> tuple[str, ...]:
        """What it remembers, as far as it can be read by name."""

    @property
    @abstractmethod
    def inputs(self) -> tuple[str, ...]:
        """What may be set."""

    @property
    @abstractmethod
    def outputs(self) -> tuple[str, ...]:
        """What else may be read."""

    @property
    @abstractmethod
    def members(self) -> int:
        """How many there are."""

    @property
    @abstractmethod
    def time(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""

    @abstractmethod
    def set(self, values: Mapping[str, ArrayLike]) -> None:
        """Set inputs, each to one number or to one per member; raises `NotFound` for other names."""

    @abstractmethod
    def get(self, name: str) -> F64:
        """A state, an input or an output of each member; raises `NotFound` for other names."""

    @abstractmethod
    def step(self, span: int) -> None:
        """Move so many nanoseconds ahead. A member that fails is no finite number from then on; nobody else notices."""

    @abstractmethod
    def save(self) -> bytes:
        """Everything that its future depends on."""

    @abstractmethod
    def load(self, saved: bytes) -> None:
        """Go back to what was saved, here or by another of the same kind; raises `DataRefused` for anything else."""


class _Saved(msgspec.Struct, frozen=True):
    """The state of a `KernelPhysics` on disk or on the wire."""

    digest: str
    time: int
    members: int
    columns: bytes
    version: int = 1


@final
class KernelPhysics(AbstractPhysics):
    """Members of a compiled type, beginning at `t0` with the columns `start` (layout.width, members).

    Its states are those of the type and its phases, its inputs the parameters and actuators, its outputs the derived
    values and readings.
    """

    def __init__(
        self,
        schema: Schema,
        start: F64,
        *,
        t0: int = 0,
        longest_step: int | None = None,
        backend: Backend = "auto",
        strict: bool = False,
        settling: Settling | None = None,
    ) -> None:
        self._schema = schema
        self._layout = layout_of(schema)
        self._columns = start.copy()
        self._time = t0
        self._longest_step = longest_step
        self._backend: Backend = backend
        self._strict = strict
        self._settling = settling or Settling()

    @property
    def states(self) -> tuple[str, ...]:
        return (*self._schema.states, *self._schema.unknowns)

    @property
    def inputs(self) -> tuple[str, ...]:
        return self._schema.params

    @property
    def outputs(self) -> tuple[str, ...]:
        return (*self._schema.derived, *self._schema.readings)

    @property
    def members(self) -> int:
        return int(self._columns.shape[1])

    @property
    def time(self) -> int:
        return self._time

    def set(self, values: Mapping[str, ArrayLike]) -> None:
        for name in values:
            if name not in self._schema.params:
                raise NotFound(f"expected an input of {self._schema.name}, got {name!r}")
        for name, value in values.items():
            self._columns[self._layout.place(name)] = np.asarray(value, np.float64)

    def get(self, name: str) -> F64:
        if name in self._schema.derived or name in self._schema.readings:
            return self._now(name)
        if name not in self.states and name not in self._schema.params:
            raise NotFound(f"expected a state, an input or an output of {self._schema.name}, got {name!r}")
        found: F64 = self._columns[self._layout.place(name)].copy()
        return found

    def step(self, span: int) -> None:
        outcome = run(
            Run(
                self._schema,
                self._columns,
                self._time,
                span,
                step=self._longest_step,
                backend=self._backend,
                strict=self._strict,
                settling=self._settling,
            )
        )
        self._columns = outcome.final
        self._time += span

    def save(self) -> bytes:
        columns = np.ascontiguousarray(self._columns).astype("<f8").tobytes()
        return msgspec.msgpack.encode(_Saved(self._schema.digest, self._time, self.members, columns))

    def load(self, saved: bytes) -> None:
        try:
            found = msgspec.msgpack.decode(saved, type=_Saved)
        except msgspec.DecodeError as error:
            raise DataRefused(f"expected a saved state, got bytes that are none: {error}") from None
        if found.digest != self._schema.digest or found.version != 1:
            raise DataRefused(
                f"expected a state of {self._schema.name}, got one of another type or of another version of it",
                hint="start anew, or carry single values over by name",
            )
        if len(found.columns) != 8 * self._layout.width * found.members:
            raise DataRefused(f"expected {self._layout.width} numbers per member, got a state that is cut short")
        self._columns = np.frombuffer(found.columns, "<f8").astype(np.float64).reshape(self._layout.width, -1)
        self._time = found.time

    def _now(self, name: str) -> F64:
        expr = self._schema.expression(name)
        seen: F64 = now(self._schema, self._columns, (expr,), time=self._time / SECOND)[0]
        return seen
