"""Instances in this very process: fast, and as dangerous as their code."""

import math
from collections.abc import Callable, Sequence
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.fmi.blocks import Block
from pollux.simulate.fmi.calls import NEXT, table_of
from pollux.simulate.fmi.compiled import Loops, loops
from pollux.simulate.fmi.instances import AbstractInstances, Member, Statuses
from pollux.simulate.fmi.lifecycle import Log, Maker
from pollux.simulate.fmi.loop_values import Method, api_of, members_of, work_for
from pollux.simulate.fmi.plan import Plan
from pollux.simulate.fmi.states import StateCalls
from pollux.simulate.fmi.statuses import FATAL, GONE, MEANING, OK, WARNING
from pollux.simulate.fmi.symbols import Library
from pollux.simulate.fmi.tableaux import CLASSICAL, DORMAND_PRINCE
from pollux.simulate.fmi.transfer import IN_STEPS, IN_TIME, PLAIN, carry, following, leave, settle

_NAME: Final = "pollux-{}"


@final
class LocalInstances(AbstractInstances):
    """See `AbstractInstances`. `beat[0]` grows with every call, so that another process sees that it goes on."""

    def __init__(
        self, plan: Plan, starts: F64, inputs: F64, *, beat: NDArray[np.int64] | None = None, with_: Loops | None = None
    ) -> None:
        self._plan = plan
        self._loops = with_ or loops()
        self._log = Log()
        library = Library(plan)
        self._api = api_of(table_of(library, plan.version), plan.version, plan.begin, plan.clocks)
        self._states = StateCalls(library, plan.version)
        self._maker = Maker(plan, library, self._log)
        self._starts = Block(plan.starts, plan.version, library, "Set")
        self._inputs = Block(plan.inputs, plan.version, library, "Set")
        self._reads = Block(plan.reads, plan.version, library, "Get")
        self._method = _method(plan)
        counter = np.zeros(1, np.int64) if beat is None else beat
        self._work = work_for(plan.states, plan.indicators, len(self._method.nodes), counter)
        self._members = members_of(inputs.shape[1], plan.states, len(plan.clocks))
        self._members.memory[:, NEXT] = math.inf
        self._at = plan.begin
        self._make(self._starts.packed(starts), self._inputs.packed(inputs))

    @property
    def members(self) -> int:
        return len(self._members.components)

    @property
    def usable(self) -> bool:
        return bool(self._members.components.all()) and not self._fatal

    @property
    def statuses(self) -> Statuses:
        return np.array(self._members.dead)

    @property
    def failed_at(self) -> F64:
        return np.array(self._members.failed_at)

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
        self._loops.put(self._api, self._put_mode, self._inputs.groups, self._members, raw, self._work)
        self._check()

    def advance(self, begin: float, h: float, count: int) -> None:
        self._run(begin, h, count, self._reads.room(0, self.members))

    def record(self, begin: float, h: float, count: int) -> F64:
        rows = self._reads.room(count, self.members)
        self._run(begin, h, count, rows)
        return self._without_dead(self._reads.numbers_of(rows), begin, h, count)

    def read(self) -> F64:
        raw = self._reads.room(self.members)
        self._loops.get(self._api, self._reads.groups, self._members, raw, self._work)
        self._check()
        found = self._reads.numbers_of(raw)
        found[:, self._members.dead != OK] = np.nan
        return found

    def save(self) -> list[Member]:
        return [self._saved(m) for m in range(self.members)]

    def load(self, members: Sequence[Member]) -> None:
        own = self._members
        for m, one in enumerate(members):
            own.memory[m] = one.memory
            own.dead[m], own.failed_at[m] = one.status, one.failed_at
            if one.status == OK and not self._states.load(int(own.components[m]), one.state):
                own.dead[m] = GONE
            self._work.beat[0] += 1

    def close(self) -> None:
        own = self._members
        for m, component in enumerate(own.components):
            # After a fatal error nothing of the FMU may be called any more, by any of its instances.
            if component and not self._fatal:
                self._maker.free(int(component))
            own.components[m] = 0

    @property
    def _fatal(self) -> bool:
        return bool((self._members.dead == FATAL).any())

    @property
    def _put_mode(self) -> int:
        if self._plan.exchange:
            return IN_TIME
        return IN_STEPS if self._plan.event_mode and self._plan.discrete_inputs else PLAIN

    def _make(self, starts: NDArray[np.uint8], inputs: NDArray[np.uint8]) -> None:
        for m in range(self.members):
            component = self._members.components[m] = self._maker.instance(_NAME.format(m))
            self._maker.initialise(
                int(component),
                self._setter(self._starts, component, starts[m]),
                self._setter(self._inputs, component, inputs[m]),
            )
            if self._plan.exchange or self._plan.event_mode:
                self._begin(m, int(component))
            self._work.beat[0] += 1

    def _setter(self, block: Block, component: int, row: NDArray[np.uint8]) -> Callable[[], None]:
        def set_all() -> None:
            status = carry(self._api, block.groups, component, row.ctypes.data)
            if status > WARNING:
                what = MEANING.get(status, str(status))
                raise SimulationError(f"expected values to be taken, got: {what}", at=self._plan.identifier)

        return set_all

    def _begin(self, m: int, component: int) -> None:
        """From the event mode after initialisation to where steps are taken."""
        own = self._members
        status = settle(self._api, component, self._work)
        if status <= WARNING:
            own.memory[m, NEXT] = following(self._api, own.memory, m, float(self._work.real[4]))
            status = leave(self._api, IN_TIME if self._plan.exchange else IN_STEPS, component)
        if status > WARNING:
            own.dead[m] = status
        elif self._plan.exchange:
            own.nominal[m] = self._maker.nominals(component)

    def _run(self, begin: float, h: float, count: int, rows: NDArray[np.uint8]) -> None:
        what = (self._reads.groups, rows, self._work)
        if self._plan.exchange:
            self._loops.travel(self._api, self._members, begin, h, count, self._method, *what)
        else:
            self._loops.march(self._api, self._plan.event_mode, self._members, begin, h, count, *what)
        self._at = begin + h * count
        self._check()

    def _without_dead(self, found: F64, begin: float, h: float, count: int) -> F64:
        """What was read, NaN from the step on in which a member failed."""
        own = self._members
        if own.dead.any():
            begins = begin + h * np.arange(count)
            found[:, begins[:, None] >= np.where(own.dead == OK, math.inf, own.failed_at)] = np.nan
        return found

    def _saved(self, m: int) -> Member:
        own = self._members
        state = self._states.save(int(own.components[m])) if own.dead[m] == OK else b""
        self._work.beat[0] += 1
        status = int(own.dead[m]) if state is not None else GONE
        return Member(state or b"", list(map(float, own.memory[m])), status, float(own.failed_at[m]))

    def _check(self) -> None:
        """Note when members failed between steps; raises `SimulationError` where all is lost."""
        own = self._members
        own.failed_at[(own.dead != OK) & np.isnan(own.failed_at)] = self._at
        if self._fatal:
            last = self._log.lines[-1] if self._log.lines else None
            hint = f"the FMU says: {last}" if last else "all its instances are lost; load an earlier state"
            raise SimulationError(f"expected a step, got: {MEANING[FATAL]}", at=self._plan.identifier, hint=hint)


def _method(plan: Plan) -> Method:
    """Classical Runge-Kutta where a step is given, else Dormand and Prince with error control."""
    own = CLASSICAL if plan.fixed_step > 0.0 else DORMAND_PRINCE
    table = np.ascontiguousarray(np.vstack([own.stages, own.weights, own.error]))
    return Method(table, own.nodes, own.order, float(plan.fixed_step), float(plan.tolerance))
