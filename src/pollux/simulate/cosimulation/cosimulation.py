"""`CoSimulation`: parts of any kind as one thing that can be stepped, saved and loaded like each of them."""

from collections.abc import Mapping, Sequence
from typing import final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from pollux.columns.arrays import F64
from pollux.errors import DataRefused, NotFound, PolluxError, SimulationError
from pollux.simulate.cosimulation.account import Pace, Trace
from pollux.simulate.cosimulation.agreement import Iteration
from pollux.simulate.cosimulation.connection import Connection, order, wires
from pollux.simulate.cosimulation.control import Control, error_of, next_step
from pollux.simulate.cosimulation.master import Account, Master, Memory, Order, Part
from pollux.simulate.physics import AbstractPhysics


class _Saved(msgspec.Struct, frozen=True):
    """The state of a `CoSimulation`."""

    parts: dict[str, bytes]
    now: bytes
    before: bytes
    span: int
    step: int
    version: int = 1


@final
class CoSimulation(AbstractPhysics):
    r"""Parts that read each other through connections, exchanged at macro steps.

    Each part solves its own equations; in between its inputs stand still or move on straight lines. So the coupling has
    an error of its own, of order $H$ for inputs that are held and $H^2$ for straight lines, where $H$ is the macro
    `step` in nanoseconds. A `Control` keeps it within a tolerance, going back where a step was too long; an `Iteration`
    repeats each step until the values agree, as parts need that answer each other at once. Members are independent but
    for the macro steps of a `Control`, which are those that the worst of them needs.

    Names are those of the part, a dot, and the name inside it; inputs are those that no connection feeds.

    Raises `SimulationError` for parts of different times or numbers of members, unknown names, circles of values that
    need each other at once without an `Iteration`, and for parts that cannot be saved where steps are taken back.

    >>> import numpy as np, pollux as px
    >>> from pollux.columns import layout_of
    >>> from pollux.simulate import Connection, CoSimulation, KernelPhysics, Part
    >>> class Lag(px.Twin):
    ...     x, u = px.hidden("1", start=1), px.parameter("1", 0)
    ...
    ...     @px.rate(x)
    ...     def follows(self):
    ...         return (self.u - self.x) / px.quantity(1, "s")
    >>> def lag():
    ...     return KernelPhysics(Lag.__pollux__, layout_of(Lag.__pollux__).start(1), backend="numpy")
    >>> pair = CoSimulation({"a": Part(lag()), "b": Part(lag())}, [Connection("a.x", "b.u")], step=10**8)
    >>> pair.step(10**9)
    >>> pair.inputs, round(float(pair.get("b.x")[0]), 3)
    (('a.u',), 0.736)
    """

    def __init__(
        self,
        parts: Mapping[str, Part],
        connections: Sequence[Connection],
        *,
        step: int,
        way: Order = "gauss-seidel",
        iteration: Iteration | None = None,
        control: Control | None = None,
    ) -> None:
        _check_parts(parts, step)
        wired = wires({name: part.physics for name, part in parts.items()}, connections)
        reads = {name: wired.read_by(name) for name in parts}
        accounts = {name: Account() for name in parts}
        self._master = Master(parts, wired, order(tuple(parts), reads), way, iteration, accounts)
        self._fed = frozenset(f"{part}.{name}" for part, name in wired.targets)
        self._step, self._control = step, control
        self._taken = self._refused = self._forced = 0
        if iteration or control:
            self._check_saves()
        self._memory = self._begun()

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(f"{name}.{one}" for name, part in self._master.parts.items() for one in part.physics.states)

    @property
    def inputs(self) -> tuple[str, ...]:
        names = (f"{name}.{one}" for name, part in self._master.parts.items() for one in part.physics.inputs)
        return tuple(one for one in names if one not in self._fed)

    @property
    def outputs(self) -> tuple[str, ...]:
        names = (f"{name}.{one}" for name, part in self._master.parts.items() for one in part.physics.outputs)
        return (*names, *sorted(self._fed))

    @property
    def members(self) -> int:
        return next(iter(self._master.parts.values())).physics.members

    @property
    def time(self) -> int:
        return next(iter(self._master.parts.values())).physics.time

    @property
    def pace(self) -> Pace:
        """What it took so far."""
        parts = {name: (one.steps, one.taken_back) for name, one in self._master.accounts.items()}
        counts = (self._taken, self._refused, self._forced, self._master.iterations, self._master.unsettled)
        return Pace(*counts, parts)

    def set(self, values: Mapping[str, ArrayLike]) -> None:
        for name in values:
            if name not in self.inputs:
                raise NotFound(f"expected an input that no connection feeds, got {name!r}")
        for name, value in values.items():
            part, _, inner = name.partition(".")
            self._master.parts[part].physics.set({inner: value})
        self._memory.now = self._master.exchange(self._memory.now)

    def get(self, name: str) -> F64:
        part, _, inner = name.partition(".")
        if part not in self._master.parts:
            raise NotFound(f"expected a part, got {part!r}", at=name, hint=f"one of {', '.join(self._master.parts)}")
        return self._master.parts[part].physics.get(inner)

    def step(self, span: int) -> None:
        left = span
        while left > 0:
            left -= self._advance(left)

    def run(self, span: int, *, grid: int, record: Sequence[str]) -> Trace:
        """Step through a span and keep the values of some names at every `grid` nanoseconds, the start among them."""
        if grid <= 0 or span % grid:
            raise SimulationError(f"expected a grid that divides the span of {span} ns, got {grid} ns")
        times = self.time + np.arange(0, span + 1, grid)
        rows = [[self.get(name) for name in record]]
        for _ in range(span // grid):
            self.step(grid)
            rows.append([self.get(name) for name in record])
        values = np.array(rows).reshape(len(times), len(record), self.members)
        return Trace(times, {name: values[:, place] for place, name in enumerate(record)})

    def save(self) -> bytes:
        memory = self._memory
        now, before = (np.ascontiguousarray(one).astype("<f8").tobytes() for one in (memory.now, memory.before))
        return msgspec.msgpack.encode(_Saved(self._master.save(), now, before, memory.span, self._step))

    def load(self, saved: bytes) -> None:
        try:
            found = msgspec.msgpack.decode(saved, type=_Saved)
        except msgspec.DecodeError as error:
            raise DataRefused(f"expected a saved state, got bytes that are none: {error}") from None
        shape = self._memory.now.shape
        size = 8 * shape[0] * shape[1]
        if found.parts.keys() != self._master.parts.keys() or {len(found.now), len(found.before)} != {size}:
            raise DataRefused("expected a state of these parts and members, got one of others")
        before = self._master.save()
        try:
            for name, part in self._master.parts.items():
                part.physics.load(found.parts[name])
        except PolluxError:
            for name, part in self._master.parts.items():
                part.physics.load(before[name])
            raise
        now, earlier = (
            np.frombuffer(one, "<f8").astype(np.float64).reshape(shape) for one in (found.now, found.before)
        )
        self._memory, self._step = Memory(now, earlier, found.span), found.step

    def _advance(self, left: int) -> int:
        """Take one macro step of at most what is left, and say how long it was."""
        if self._control is None:
            return self._one(min(self._step, left))
        return self._controlled(left, self._control)

    def _one(self, span: int) -> int:
        self._memory = self._master.step(self._memory, span)
        self._taken += 1
        return span

    def _controlled(self, left: int, control: Control) -> int:
        """Try a whole step, go back, take it in two halves, and keep these where both agree."""
        saved, memory = self._master.save(), self._memory
        while True:
            span = min(self._step, left)
            self._memory = self._master.step(memory, span)
            if span < 2:
                self._taken += 1
                return span
            whole = self._master.values()
            self._master.take_back(saved)
            self._memory = self._master.step(memory, span // 2)
            self._memory = self._master.step(self._memory, span - span // 2)
            error = error_of(whole, self._master.values(), control)
            is_shortest = span <= control.shortest
            if error <= 1.0 or is_shortest:
                self._taken += 1
                self._forced += error > 1.0
                if span == self._step or error > 1.0:
                    self._step = next_step(span, error, control)
                return span
            self._refused += 1
            self._step = next_step(span, error, control)
            self._master.take_back(saved)

    def _begun(self) -> Memory:
        """The inputs at the start, in agreement with what they lead to."""
        inputs = self._master.exchange(self._master.wires.inputs(self._master.values()))
        found = self._master.wires.inputs(self._master.values())
        gap = np.abs(found - inputs)
        tolerance = self._master.iteration.tolerance if self._master.iteration else 0.0
        apart = np.isfinite(gap) & (gap > 10 * tolerance * (1.0 + np.abs(inputs)))
        if apart.any():
            part, name = self._master.wires.targets[int(np.argmax(apart.any(axis=1)))]
            raise SimulationError(
                "expected values that agree at the start, got a circle of parts that answer each other at once",
                at=f"{part}.{name}",
                hint="iteration=Iteration() solves it; more iterations where one is given",
            )
        return Memory(inputs, inputs)

    def _check_saves(self) -> None:
        for name, part in self._master.parts.items():
            try:
                part.physics.save()
            except PolluxError as error:
                raise SimulationError(
                    f"expected parts that can be taken back, got {name}, which cannot be saved: {error.message}",
                    hint="without iteration and control nothing is taken back",
                ) from error


def _check_parts(parts: Mapping[str, Part], step: int) -> None:
    if not parts or any("." in name for name in parts):
        raise SimulationError(f"expected parts with names without dots, got {', '.join(parts) or 'none'}")
    if step <= 0:
        raise SimulationError(f"expected a macro step above 0 ns, got {step}")
    for what, numbers in (
        ("one number of members", {part.physics.members for part in parts.values()}),
        ("one time", {part.physics.time for part in parts.values()}),
    ):
        if len(numbers) > 1:
            raise SimulationError(f"expected parts of {what}, got {' and '.join(map(str, sorted(numbers)))}")
    for name, part in parts.items():
        if part.substeps < 1:
            raise SimulationError(f"expected 1 step or more in a macro step, got {part.substeps}", at=name)
