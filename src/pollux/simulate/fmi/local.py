"""Instances in this very process: fast, and as dangerous as their code."""

import math
from collections.abc import Sequence
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.fmi.blocks import Block
from pollux.simulate.fmi.calls import MEMORY, NEXT, table_of
from pollux.simulate.fmi.compiled import Loops, loops
from pollux.simulate.fmi.instances import AbstractInstances, Member, Statuses
from pollux.simulate.fmi.lifecycle import Log, Maker
from pollux.simulate.fmi.plan import Plan
from pollux.simulate.fmi.states import StateCalls
from pollux.simulate.fmi.statuses import FATAL, GONE, MEANING, OK, WARNING
from pollux.simulate.fmi.symbols import Library
from pollux.simulate.fmi.tableaux import CLASSICAL, DORMAND_PRINCE
from pollux.simulate.fmi.transfer import IN_STEPS, IN_TIME, PLAIN, carry, settle

_NAME: Final = "pollux-{}"


@final
class _Scratch:
    """Memory that loops work in: 64 bytes seen as three types, and the arrays of the integrator."""

    def __init__(self, states: int, indicators: int, stages: int) -> None:
        self.real = np.zeros(8)
        self.word = self.real.view(np.int32)
        self.byte = self.real.view(np.uint8)
        self.x, self.y, self.k = np.zeros(states), np.zeros(states), np.zeros((stages, states))
        self.z, self.after = np.zeros(indicators), np.zeros(indicators)

    @property
    def views(self) -> tuple[Any, Any, Any]:
        """The 64 bytes as bytes, words and numbers."""
        return self.byte, self.word, self.real


@final
class LocalInstances(AbstractInstances):
    """See `AbstractInstances`. `beat[0]` grows with every call, so that another process sees that it goes on."""

    def __init__(
        self, plan: Plan, starts: F64, inputs: F64, *, beat: NDArray[np.int64] | None = None, with_: Loops | None = None
    ) -> None:
        self._plan = plan
        self._loops = with_ or loops()
        self._beat = np.zeros(1, np.int64) if beat is None else beat
        self._log = Log()
        library = Library(plan)
        self._calls = table_of(library, plan.version)
        self._states = StateCalls(library, plan.version)
        self._maker = Maker(plan, library, self._log)
        self._starts = Block(plan.starts, plan.version, library, "Set")
        self._inputs = Block(plan.inputs, plan.version, library, "Set")
        self._reads = Block(plan.reads, plan.version, library, "Get")
        self._method = CLASSICAL if plan.fixed_step > 0.0 else DORMAND_PRINCE
        self._table = np.ascontiguousarray(np.vstack([self._method.stages, self._method.weights, self._method.error]))
        self._scratch = _Scratch(plan.states, plan.indicators, len(self._method.nodes))
        members = inputs.shape[1]
        self._dead = np.zeros(members, np.int64)
        self._failed_at = np.full(members, np.nan)
        self._memory = np.zeros((members, MEMORY))
        self._memory[:, NEXT] = math.inf
        self._nominal = np.ones((members, plan.states))
        self._components = np.zeros(members, np.int64)
        self._make(self._starts.packed(starts), self._inputs.packed(inputs))

    @property
    def members(self) -> int:
        return len(self._components)

    @property
    def usable(self) -> bool:
        return bool(self._components.all()) and not (self._dead == FATAL).any()

    @property
    def statuses(self) -> Statuses:
        return self._dead.copy()

    @property
    def failed_at(self) -> F64:
        return self._failed_at.copy()

    @property
    def log(self) -> tuple[str, ...]:
        return self._log.lines

    @property
    def can_save(self) -> bool:
        """Whether all functions for states are there."""
        return self._states.complete

    def use(self, with_: Loops) -> None:
        """Take other loops from now on; they do the same."""
        self._loops = with_

    def put(self, inputs: F64) -> None:
        raw = self._inputs.packed(inputs)
        self._loops.put(
            self._calls, self._plan.version, self._put_mode, self._inputs.table, self._inputs.references,
            self._components, self._dead, raw, self._memory, *self._scratch.views, self._beat,
        )  # fmt: skip
        self._check()

    def advance(self, begin: float, h: float, count: int) -> None:
        self._run(begin, h, count, self._reads.room(0, self.members))

    def record(self, begin: float, h: float, count: int) -> F64:
        rows = self._reads.room(count, self.members)
        self._run(begin, h, count, rows)
        return self._without_dead(self._reads.numbers_of(rows), begin, h, count)

    def read(self) -> F64:
        raw = self._reads.room(self.members)
        self._loops.get(
            self._plan.version, self._reads.table, self._reads.references, self._components, self._dead, raw,
            self._beat,
        )  # fmt: skip
        self._check()
        found = self._reads.numbers_of(raw)
        found[:, self._dead != OK] = np.nan
        return found

    def save(self) -> list[Member]:
        return [self._saved(m) for m in range(self.members)]

    def load(self, members: Sequence[Member]) -> None:
        for m, one in enumerate(members):
            self._memory[m] = one.memory
            self._dead[m], self._failed_at[m] = one.status, one.failed_at
            if one.status == OK and not self._states.load(int(self._components[m]), one.state):
                self._dead[m] = GONE
            self._beat[0] += 1

    def close(self) -> None:
        fatal = bool((self._dead == FATAL).any())
        for m, component in enumerate(self._components):
            # After a fatal error nothing of the FMU may be called any more, by any of its instances.
            if component and not fatal:
                self._maker.free(int(component))
            self._components[m] = 0

    @property
    def _put_mode(self) -> int:
        if self._plan.exchange:
            return IN_TIME
        return IN_STEPS if self._plan.event_mode and self._plan.discrete_inputs else PLAIN

    def _make(self, starts: NDArray[np.uint8], inputs: NDArray[np.uint8]) -> None:
        for m in range(self.members):
            component = self._components[m] = self._maker.instance(_NAME.format(m))
            self._maker.initialise(
                int(component), self._setter(self._starts, component, starts[m]),
                self._setter(self._inputs, component, inputs[m]),
            )  # fmt: skip
            if self._plan.exchange or self._plan.event_mode:
                self._begin(m)
            self._beat[0] += 1

    def _setter(self, block: Block, component: int, row: NDArray[np.uint8]) -> Any:
        def set_all() -> None:
            status = carry(self._plan.version, block.table, block.references.ctypes.data, component, row.ctypes.data)
            if status > WARNING:
                raise SimulationError(
                    f"expected values to be taken, got: {MEANING.get(status, status)}", at=self._plan.identifier
                )

        return set_all

    def _begin(self, m: int) -> None:
        """From the event mode after initialisation to where steps are taken."""
        component, scratch = int(self._components[m]), self._scratch
        status = settle(self._calls, self._plan.version, component, *scratch.views)
        if status <= WARNING:
            self._memory[m, NEXT] = scratch.real[4]
            status = self._maker.leave_events(component)
        if status > WARNING:
            self._dead[m], self._failed_at[m] = status, self._plan.begin
        elif self._plan.exchange:
            self._nominal[m] = self._maker.nominals(component)

    def _run(self, begin: float, h: float, count: int, rows: NDArray[np.uint8]) -> None:
        plan, scratch = self._plan, self._scratch
        head = (self._calls, plan.version)
        members = (self._components, self._dead, self._failed_at, self._memory, begin, h, count)
        tail = (self._reads.table, self._reads.references, rows, *scratch.views, self._beat)
        if plan.exchange:
            self._loops.travel(
                *head, *members, plan.fixed_step, plan.tolerance, self._table, self._method.nodes,
                self._method.order, scratch.x, scratch.y, scratch.k, scratch.z, scratch.after, self._nominal, *tail,
            )  # fmt: skip
        else:
            self._loops.march(*head, plan.event_mode, *members, *tail)
        self._check()

    def _without_dead(self, found: F64, begin: float, h: float, count: int) -> F64:
        """What was read, NaN from the step on in which a member failed."""
        if not self._dead.any():
            return found
        ends = begin + h * np.arange(count)
        found[:, ends[:, None] >= np.where(self._dead == OK, math.inf, self._failed_at)] = np.nan
        return found

    def _saved(self, m: int) -> Member:
        state = self._states.save(int(self._components[m])) if self._dead[m] == OK else b""
        self._beat[0] += 1
        status = int(self._dead[m]) if state is not None else GONE
        return Member(state or b"", list(map(float, self._memory[m])), status, float(self._failed_at[m]))

    def _check(self) -> None:
        if (self._dead == FATAL).any():
            last = self._log.lines[-1] if self._log.lines else None
            raise SimulationError(
                f"expected a step, got: {MEANING[FATAL]}", at=self._plan.identifier,
                hint=f"the FMU says: {last}" if last else "all its instances are lost; load an earlier state",
            )  # fmt: skip
