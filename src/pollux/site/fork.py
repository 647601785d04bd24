"""A fork: a twin copied out of the live columns, to be changed and run ahead. It holds nothing that can act."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import DAY, duration
from pollux.columns.slices import RowSlice
from pollux.decide import Futures, options
from pollux.decide.options import Choice, Choices, Option
from pollux.errors import SimulationError
from pollux.model.graph import Expr
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol
from pollux.predict import Learning
from pollux.simulate import Course, Run, Sampling, Solver, shared
from pollux.simulate.sensitivity import Study
from pollux.site.ensemble import Ensemble
from pollux.site.luck import generator, started
from pollux.site.onward import for_options, onward
from pollux.site.studies import Asked, Over, believing, studied
from pollux.site.told import hash_of
from pollux.site.turning import medoid, turn_of

# What is named here only stays out of a process that runs a design ahead: it brings the server with it.
if TYPE_CHECKING:
    from pollux.show.facts import Turn
    from pollux.site.estate import Estate

F64 = NDArray[np.float64]
T = TypeVar("T")

GRID = 200
"""Points of the output grid where none is asked for: as many as a chart can show."""


@final
class Fork(Generic[T]):
    """One twin as it was at one moment: its columns, what a filter believes of them, the moment and a seed.

    `members` copies are made at once; nothing done to them reaches the twin. `run` starts from them as often as it is
    asked. `fixed` are the names that a design gives, where this is the fork of a design.
    """

    __slots__ = (
        "_believed",
        "_columns",
        "_executor",
        "_fixed",
        "_learning",
        "_slice",
        "inputs",
        "made",
        "members",
        "seed",
        "twin",
    )

    def __init__(
        self,
        slice_: RowSlice,
        *,
        made: int,
        members: int = 1,
        seed: int = 0,
        believed: F64 | None = None,
        inputs: Mapping[str, Course] | None = None,
        executor: Executor | None = None,
        learning: Learning | None = None,
        fixed: frozenset[str] | None = None,
    ) -> None:
        self._slice = slice_
        self._fixed = fixed
        self._believed = believed
        self._learning = learning
        self._executor = executor
        self._columns: F64 | None = slice_.spread(members) if members > 1 else None
        self.twin: str = f"{slice_.layout.schema.name}/{slice_.ids[0]}"
        self.made: int = made
        self.members: int = members
        self.seed: int = seed
        self.inputs: Mapping[str, Course] = inputs or {}

    @property
    def schema(self) -> Schema:
        """The type of the twin."""
        return self._slice.layout.schema

    @property
    def uncertain(self) -> tuple[str, ...]:
        """The names of what is not known for sure: what has a prior, what a filter believes, what sensors told."""
        return tuple(believing(self._slice, self._believed, self._fixed).uncertain)

    def run(
        self,
        span: str,
        choices: "Choices | None" = None,
        *,
        members: int | None = None,
        every: str | None = None,
        seed: int | None = None,
        sampling: Sampling = "plain",
        solver: Solver | None = None,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Futures:
        """The futures of the next `span` under each choice, by members that share their luck.

        `choices` maps actuators and parameters to values (several keys make a grid) or lists whole plans; nothing means
        the twin goes on as it is. `every` is the distance of the output grid, `sampling` how members are drawn from
        what is known of the twin: "plain", "latin" or "sobol". `solver` says how equations are integrated where
        the choice of the run is not wanted. Raises SimulationError for a run that cannot be made; a
        member that fails is a value in the result.
        """
        return self.futures(
            span,
            options(choices),
            members=members,
            every=every,
            seed=seed,
            sampling=sampling,
            solver=solver,
            progress=progress,
            cancelled=cancelled,
        )

    def futures(
        self,
        span: str,
        plans: tuple[Option, ...],
        *,
        members: int | None = None,
        every: str | None = None,
        seed: int | None = None,
        sampling: Sampling = "plain",
        solver: Solver | None = None,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Futures:
        """As `run`, for options made before; raises SimulationError for a span that is not above zero."""
        length = duration(span)
        if length <= 0:
            raise SimulationError("expected a span above zero", at=self.twin)
        count, luck = members or self.members, self.seed if seed is None else seed
        values, how = [dict(plan.values) for plan in plans], solver or Solver()
        start = started(self._slice, count, values, believed=self._believed, seed=luck, sampling=sampling)
        plan = Run(
            self.schema,
            start,
            self.made,
            length,
            grid=duration(every) if every else max(1, length // GRID),
            record=self._recorded(),
            inputs={**self._onward(count, values, length, luck), **self.inputs},
            method=how.method,
            tolerance=how.tolerance(),
            chance=shared(self._slice.ids, options=len(plans), members=count, seed=luck),
        )
        samples = Ensemble(plan, len(plans), executor=self._executor, progress=progress, cancelled=cancelled)
        return Futures(self.twin, self.made, plans, samples, str(samples.outcome.pace))

    def study(
        self,
        span: str,
        outputs: Mapping[str, Asked],
        over: Over | None = None,
        *,
        choice: "Mapping[Choice, float | Expr] | None" = None,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Study:
        """The next `span` as a function of what is uncertain, for `px.sobol_indices`, `px.morris` and the others.

        `outputs` are objectives, signals and derived values (at the end), events and conditions (whether they ever
        hold), by the name under which they are told. `over` are the parameters and states to vary, each by what is
        believed of it, or a mapping to beliefs in declared units, also of actuators; None means whatever is uncertain.
        All else stands in the middle of what is believed, and `choice` sets actuators. What drifts stands still, and
        every point meets the same noise.

        Raises SimulationError where nothing is uncertain, ModelError for what cannot be varied.

        >>> import pollux as px
        >>> class Tank(px.Twin):
        ...     level = px.hidden("m", start=2)
        ...     outlet = px.parameter("1/h", px.lognormal(0.5, 0.2))
        ...     @px.rate(level)
        ...     def drains(self):
        ...         return -self.outlet * self.level
        >>> study = px.prototype(Tank).study("2 h", {"level": Tank.level})
        >>> px.tornado(study).words()
        'outlet from 0.36 to 0.695 1/h takes level from 0.974 to 0.498 m, farther than any other alone'
        """
        length = duration(span)
        if length <= 0:
            raise SimulationError("expected a span above zero", at=self.twin)
        told = believing(self._slice, self._believed, self._fixed)
        return studied(
            Run(self.schema, told.column, self.made, length, inputs=self.inputs),
            told,
            outputs,
            over,
            options([choice] if choice else None)[0],
            executor=self._executor,
            progress=progress,
            cancelled=cancelled,
        )

    def turn(self, cycle: Symbol, fields: Sequence[Symbol], *, every: str = "10 ms") -> "Turn":
        """One whole turn of a cycle with some fields of its model every so often, for the middle member of the belief.

        The cycle is the twin's own, or that of a model which it settles: `fork.turn(Heart.beat, [Heart.lv.volume])`.
        Raises ModelError for what is no cycle, NotFound where the twin has none such, SimulationError where it does not
        turn.
        """
        layout, column = self._slice.layout, self._slice.values[:, 0]
        if self._believed is not None:
            numbers = [layout.slot[one.name] for one in self.schema.signals if one.name in layout.slot]
            column = self._believed[:, medoid(self._believed, numbers)]
        return turn_of(layout, column, cycle, fields, now=self.made, seq=0, every=every)

    def _onward(self, count: int, values: list[dict[str, float]], span: int, seed: int) -> Mapping[str, Course]:
        """How what may drift goes on drifting, each member by its own walk, the same in every option."""
        if self._believed is None or self._learning is None:
            return {}
        members = started(self._slice, count, [{}], believed=self._believed, seed=seed)
        walks = onward(self.schema, self._learning, members, self.made, span, generator(seed, purpose=1))
        return for_options(walks, values)

    def _recorded(self) -> tuple[str, ...]:
        schema = self.schema
        signals = [one.name for one in schema.signals if one.kind == "number" and one.role in ("sensor", "hidden")]
        return tuple(dict.fromkeys([*signals, *schema.derived, *schema.events]))


def forked(
    estate: "Estate",
    type_: str,
    twin: str,
    *,
    made: int,
    executor: Executor,
    members: int = 1,
    seed: int | None = None,
    inputs: Mapping[str, Course] | None = None,
    learning: Learning | None = None,
) -> Fork[Any]:
    """A twin copied out of an estate as it is, or was; whoever asks holds the lock of a live one. Raises NotFound."""
    block = estate.blocks[type_]
    belief = estate.beliefs.get(f"{type_}/{twin}") if estate.beliefs else None
    return Fork(
        block.take(block.row(twin)),
        made=made,
        members=members,
        seed=hash_of(twin) + made // DAY if seed is None else seed,
        believed=None if belief is None else belief.columns,
        inputs=inputs,
        executor=executor,
        learning=learning,
    )
