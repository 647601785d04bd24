"""`CoupledPhysics`: a system of linked twins behind the interface for everything that can be stepped."""

from collections.abc import Iterator, Mapping
from typing import final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.errors import DataRefused, NotFound
from pollux.model.graph import Expr
from pollux.model.linking import meaning
from pollux.simulate.coupled.compose import compose
from pollux.simulate.coupled.numba_kernel import coupled_kernel
from pollux.simulate.coupled.prepare import check, system_of, table_of
from pollux.simulate.coupled.program import Method
from pollux.simulate.coupled.run import CoupledRun, Group
from pollux.simulate.kernels.kernel import Backend
from pollux.simulate.kernels.plan import Plan
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
        check(CoupledRun(groups, t0, longest_step, longest_step, method=method))
        self._schemas = tuple(group.schema for group in groups)
        self._place = {schema.name: place for place, schema in enumerate(self._schemas)}
        self._time, self._longest_step = t0, longest_step
        composed = compose(tuple(Task(schema, strict=strict) for schema in self._schemas))
        self._system = system_of(groups, composed)
        self._table = table_of(groups, self._system)
        # One kernel for life: a change of back end on the way would change the last bits of a repeated future.
        self._kernel = coupled_kernel(
            composed.program,
            self._system.places,
            tuple(self._system.links[kind, name] for kind, name, _ in composed.program.links),
            members=self.members,
            method=method,
            steps=1,
            backend=backend,
            compiler=None,
        )
        # Views of the table, which is written in place: a name is looked up once.
        self._columns = [
            self._system.places.of(self._table, place)[: layout_of(schema).width]
            for place, schema in enumerate(self._schemas)
        ]
        self._stored: dict[str, F64] = {}
        self._read = [place for place, schema in enumerate(self._schemas) if schema.readings]
        self._states = tuple(self._named("states"))
        self._inputs = tuple(self._named("params"))
        self._settable = frozenset(self._inputs)
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
        return int(self._table.shape[1])

    @property
    def time(self) -> int:
        return self._time

    def set(self, values: Mapping[str, ArrayLike]) -> None:
        for name in values:
            if name not in self._settable:
                raise NotFound(f"expected an input of a twin, got {name!r}")
        for name, value in values.items():
            row = self._row_of(name)
            assert row is not None
            row[:] = np.asarray(value, np.float64)

    def get(self, name: str) -> F64:
        row = self._row_of(name)
        if row is not None:
            return row.copy()
        place, twin, inner = self._end(name)
        schema = self._schemas[place]
        if inner not in (*schema.derived, *schema.readings):
            raise NotFound(f"expected a state, an input or an output of {schema.name}, got {inner!r}", at=name)
        seen: F64 = self._now(place, (meaning(schema, inner),))[0, twin]
        return seen

    def step(self, span: int) -> None:
        steps = -(-span // self._longest_step)
        members, none = self.members, np.zeros(0, np.int64)
        stops = np.array([[0, -1, -1, -1, steps]], np.int64)
        own, out = np.zeros((0, 0, members)), np.empty((0, 0, members))
        start, dt = self._time / SECOND, span / steps / SECOND
        self._kernel.advance(self._table, out, Plan(stops, none, np.zeros((0, 0)), none, own, none, start, dt))
        self._time += span
        for place in self._read:
            self._latch(place)

    def save(self) -> bytes:
        digests = [schema.digest for schema in self._schemas]
        columns = [np.ascontiguousarray(one).astype("<f8").tobytes() for one in self._columns]
        return msgspec.msgpack.encode(_Saved(digests, self._shapes(), self._time, columns))

    def load(self, saved: bytes) -> None:
        try:
            found = msgspec.msgpack.decode(saved, type=_Saved)
        except msgspec.DecodeError as error:
            raise DataRefused(f"expected a saved state, got bytes that are none: {error}") from None
        shapes = self._shapes()
        if found.digests != [schema.digest for schema in self._schemas] or found.shapes != shapes:
            raise DataRefused("expected a state of these types, twins and members, got one of others")
        if [len(one) for one in found.columns] != [8 * int(np.prod(shape)) for shape in shapes]:
            raise DataRefused("expected all numbers of every group, got a state that is cut short")
        for place, one in enumerate(found.columns):
            self._columns[place][:] = np.frombuffer(one, "<f8").reshape(shapes[place])
        self._time = found.time

    def _latch(self, place: int) -> None:
        """What a sensor saw last stays until its window closes again."""
        schema, layout = self._schemas[place], layout_of(self._schemas[place])
        for name, seen in zip(schema.readings, self._now(place, tuple(schema.readings.values())), strict=True):
            row = self._columns[place][layout.place(name)]
            row[:] = np.where(np.isnan(seen), row, seen)

    def _row_of(self, name: str) -> F64 | None:
        """The numbers of a state or an input, in the table; None for what is reckoned."""
        if name not in self._stored:
            place, twin, inner = self._end(name)
            schema = self._schemas[place]
            if inner not in (*schema.states, *schema.params):
                return None
            self._stored[name] = self._columns[place][layout_of(schema).place(inner), twin]
        return self._stored[name]

    def _now(self, place: int, exprs: tuple[Expr, ...]) -> F64:
        return self._system.now(self._table, place, exprs, time=self._time / SECOND)

    def _shapes(self) -> list[tuple[int, int, int]]:
        places = range(len(self._schemas))
        return [(layout_of(self._schemas[k]).width, self._system.places.twins[k], self.members) for k in places]

    def _end(self, name: str) -> tuple[int, int, str]:
        """The place of the type, the twin and the name in it."""
        kind, _, rest = name.partition(".")
        number, _, inner = rest.partition(".")
        place = self._place.get(kind)
        if place is None or not number.isdecimal() or int(number) >= self._system.places.twins[place] or not inner:
            raise NotFound(f"expected a type, the number of a twin and a name in it, got {name!r}", hint="Room.0.temp")
        return place, int(number), inner

    def _named(self, sort: str) -> Iterator[str]:
        for place, schema in enumerate(self._schemas):
            told = {"states": schema.states, "params": schema.params, "outputs": (*schema.derived, *schema.readings)}
            for twin in range(self._system.places.twins[place]):
                yield from (f"{schema.name}.{twin}.{name}" for name in told[sort])
