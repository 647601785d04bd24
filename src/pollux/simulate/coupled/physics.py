"""`CoupledPhysics`: a system of linked twins behind the interface for everything that can be stepped."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.errors import DataRefused, NotFound
from pollux.model.linking import meaning
from pollux.simulate.coupled.compose import compose
from pollux.simulate.coupled.couple import couple
from pollux.simulate.coupled.prepare import system_of, table_of
from pollux.simulate.coupled.program import Method
from pollux.simulate.coupled.run import CoupledRun, Group
from pollux.simulate.kernels.kernel import Backend
from pollux.simulate.methods.rows import Task
from pollux.simulate.physics import AbstractPhysics


class _Saved(msgspec.Struct, frozen=True):
    """The state of a `CoupledPhysics` on disk or on the wire."""

    digests: list[str]
    shapes: list[tuple[int, int, int]]
    time: int
    columns: list[bytes]
    version: int = 1


@final
class CoupledPhysics(AbstractPhysics):
    """Groups of linked twins, beginning at `t0`, moved by steps of the method of at most `longest_step` nanoseconds.

    A name is that of the type, the number of the twin and the name in it: `Room.0.temp`. States, inputs and outputs are
    as for a type that runs alone, of every twin. Links stay as they are; they are not part of what is saved.
    """

    def __init__(
        self,
        groups: tuple[Group, ...],
        *,
        longest_step: int,
        t0: int = 0,
        method: Method = "rk4",
        backend: Backend = "auto",
        strict: bool = False,
    ) -> None:
        self._groups = tuple(replace(group, start=group.start.copy()) for group in groups)
        self._place = {group.schema.name: place for place, group in enumerate(groups)}
        self._time, self._longest_step = t0, longest_step
        self._method: Method = method
        self._backend: Backend = backend
        self._strict = strict
        composed = compose(tuple(Task(group.schema, strict=strict) for group in groups))
        self._system = system_of(self._groups, composed)
        self._states = tuple(self._named("states"))
        self._inputs = tuple(self._named("params"))
        self._outputs = tuple(self._named("outputs"))

    @property
    def states(self) -> tuple[str, ...]:
        return self._states

    @property
    def inputs(self) -> tuple[str, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        return self._outputs

    @property
    def members(self) -> int:
        return int(self._groups[0].start.shape[2])

    @property
    def time(self) -> int:
        return self._time

    def set(self, values: Mapping[str, ArrayLike]) -> None:
        ends = {name: self._end(name) for name in values}
        for name, (place, _, inner) in ends.items():
            if inner not in self._groups[place].schema.params:
                raise NotFound(f"expected an input of a twin, got {name!r}")
        for name, (place, twin, inner) in ends.items():
            row = layout_of(self._groups[place].schema).place(inner)
            self._groups[place].start[row, twin] = np.asarray(values[name], np.float64)

    def get(self, name: str) -> F64:
        place, twin, inner = self._end(name)
        schema, layout = self._groups[place].schema, layout_of(self._groups[place].schema)
        if inner in (*schema.states, *schema.params):
            stored: F64 = self._groups[place].start[layout.place(inner), twin].copy()
            return stored
        if inner not in (*schema.derived, *schema.readings):
            raise NotFound(f"expected a state, an input or an output of {schema.name}, got {inner!r}", at=name)
        table = table_of(self._groups, self._system)
        seen: F64 = self._system.now(table, place, (meaning(schema, inner),), time=self._time / SECOND)[0, twin]
        return seen

    def step(self, span: int) -> None:
        run = CoupledRun(
            self._groups,
            self._time,
            span,
            min(self._longest_step, span),
            method=self._method,
            backend=self._backend,
            strict=self._strict,
        )
        outcome = couple(run)
        self._groups = tuple(replace(group, start=outcome[group.schema.name].final) for group in self._groups)
        self._time += span

    def save(self) -> bytes:
        digests = [group.schema.digest for group in self._groups]
        columns = [np.ascontiguousarray(group.start).astype("<f8").tobytes() for group in self._groups]
        return msgspec.msgpack.encode(_Saved(digests, self._shapes(), self._time, columns))

    def load(self, saved: bytes) -> None:
        try:
            found = msgspec.msgpack.decode(saved, type=_Saved)
        except msgspec.DecodeError as error:
            raise DataRefused(f"expected a saved state, got bytes that are none: {error}") from None
        shapes = self._shapes()
        if found.digests != [group.schema.digest for group in self._groups] or found.shapes != shapes:
            raise DataRefused("expected a state of these types, twins and members, got one of others")
        if [len(one) for one in found.columns] != [8 * int(np.prod(shape)) for shape in shapes]:
            raise DataRefused("expected all numbers of every group, got a state that is cut short")
        columns = [
            np.frombuffer(one, "<f8").astype(np.float64).reshape(shape)
            for one, shape in zip(found.columns, shapes, strict=True)
        ]
        self._groups = tuple(replace(group, start=one) for group, one in zip(self._groups, columns, strict=True))
        self._time = found.time

    def _shapes(self) -> list[tuple[int, int, int]]:
        return [(len(group.start), group.twins, self.members) for group in self._groups]

    def _end(self, name: str) -> tuple[int, int, str]:
        """The place of the type, the twin and the name in it."""
        kind, _, rest = name.partition(".")
        number, _, inner = rest.partition(".")
        place = self._place.get(kind)
        if place is None or not number.isdecimal() or int(number) >= self._groups[place].twins or not inner:
            raise NotFound(f"expected a type, the number of a twin and a name in it, got {name!r}", hint="Room.0.temp")
        return place, int(number), inner

    def _named(self, sort: str) -> Iterator[str]:
        for group in self._groups:
            schema = group.schema
            told = {"states": schema.states, "params": schema.params, "outputs": (*schema.derived, *schema.readings)}
            for twin in range(group.twins):
                yield from (f"{schema.name}.{twin}.{name}" for name in told[sort])
