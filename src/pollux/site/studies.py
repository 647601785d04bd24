"""A what-if as a function of what is uncertain: every point of a design is a member of one run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import SECOND
from pollux.columns.layout import Layout
from pollux.columns.memory import NEVER
from pollux.columns.slices import RowSlice
from pollux.decide import Objective, Option, chance, ever
from pollux.decide import final as at_end
from pollux.errors import ModelError, SimulationError
from pollux.model.graph import Expr
from pollux.model.priors import Prior, normal
from pollux.model.schema import Signal
from pollux.model.symbols import AbstractCondition, AbstractTerm, Symbol
from pollux.model.units import absolute, convert, scale
from pollux.simulate import Outcome, Run, run
from pollux.simulate.chance import Chance
from pollux.simulate.sensitivity import Input, Output, Study, shifted
from pollux.site.compiling import COMPILERS
from pollux.site.slopes import Slopes
from pollux.site.turning import medoid

F64 = NDArray[np.float64]
Asked: TypeAlias = Objective | AbstractTerm | AbstractCondition
Over: TypeAlias = Sequence[Symbol] | Mapping[Symbol, Prior]

VARIED = ("parameter", "hidden", "sensor")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Beliefs:
    """One column (layout.width, 1) in the middle of what is known of a twin, and what is uncertain in it."""

    layout: Layout
    column: F64
    uncertain: Mapping[str, Prior]


def believing(slice_: RowSlice, believed: F64 | None, fixed: frozenset[str] | None) -> Beliefs:
    """What is known of a twin, signal by signal: of a design by its priors, of a live twin by its filter or sensors."""
    layout = slice_.layout
    signals = [one for one in layout.schema.signals if _can_vary(layout, one)]
    if fixed is not None and believed is not None:
        column = layout.start(1)
        column[[layout.slot[name] for name in fixed], 0] = believed[[layout.slot[name] for name in fixed], 0]
        known = {one.name: one.prior for one in signals if one.prior is not None and one.name not in fixed}
    elif believed is not None:
        places = [layout.slot[one.name] for one in layout.schema.signals if one.name in layout.slot]
        column = believed[:, [medoid(believed, places)]]
        known = dict(_learnt(layout, signals, believed))
    else:
        column, known = slice_.values[:, :1].copy(), dict(_told(slice_, signals))
    for name, prior in known.items():
        column[layout.slot[name]] = prior.quantile(0.5)
    return Beliefs(layout, column, known)


def _can_vary(layout: Layout, signal: Signal) -> bool:
    return signal.name in layout.slot and signal.name not in layout.schema.readings and signal.role in VARIED


def _learnt(layout: Layout, signals: list[Signal], believed: F64) -> Iterator[tuple[str, Prior]]:
    """The middle and spread of an ensemble's numbers, in the free numbers of their priors."""
    for signal in signals:
        free = believed[layout.slot[signal.name]]
        free = free if signal.prior is None else signal.prior.to_free(free)
        centre, spread = float(free.mean()), float(free.std(ddof=1)) if len(free) > 1 else 0.0
        # What is the same in all members has a spread by rounding.
        if np.isfinite(centre) and spread > 1e-12 * max(1.0, abs(centre)):
            yield signal.name, _around(signal.prior, centre, spread)


def _told(slice_: RowSlice, signals: list[Signal]) -> Iterator[tuple[str, Prior]]:
    """What sensors told, give or take their deviation; what nobody told, by its prior."""
    for signal in signals:
        place = slice_.layout.schema.index[signal.name]
        value, sigma = slice_.values[slice_.layout.slot[signal.name], 0], slice_.sigma[place, 0]
        if slice_.event_time[place, 0] != NEVER and np.isfinite(sigma) and sigma > 0.0:
            yield signal.name, _measured(signal.prior, float(value), float(sigma))
        elif signal.prior is not None:
            yield signal.name, signal.prior


def _around(prior: Prior | None, centre: float, spread: float) -> Prior:
    return normal(centre, spread) if prior is None else shifted(prior, centre, spread)


def _measured(prior: Prior | None, value: float, sigma: float) -> Prior:
    """As an ensemble is drawn: normal in the free numbers of the prior, with this deviation to first order."""
    if prior is None:
        return normal(value, sigma)
    free = float(prior.to_free(value))
    slope = float(prior.from_free(free + 1e-4) - prior.from_free(free - 1e-4)) / 2e-4
    return shifted(prior, free, sigma / slope)


def studied(
    plan: Run,
    told: Beliefs,
    outputs: Mapping[str, Asked],
    over: Over | None,
    choice: Option,
    *,
    executor: Executor | None,
    progress: Callable[[float], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Study:
    """A study whose model runs all points side by side; `plan` says the type, the time and what is fed."""
    varied = _varied(told, over)
    column = told.column.copy()
    for name, value in choice.values:
        column[told.layout.place(name)] = value
    objectives = {name: _objective(what) for name, what in outputs.items()}
    model = _Ahead(
        replace(plan, start=column),
        tuple(told.layout.place(one.name) for one in varied),
        tuple(objectives.values()),
        executor,
        progress,
        cancelled,
    )
    told_outputs = tuple(Output(name, str(one.unit)) for name, one in objectives.items())
    slopes = Slopes(model.plan, tuple(one.name for one in varied), model.objectives)
    return Study(varied, told_outputs, model, slopes=slopes)


def _varied(told: Beliefs, over: Over | None) -> tuple[Input, ...]:
    schema = told.layout.schema
    if over is None:
        return tuple(Input(name, prior, str(schema.signal(name).unit)) for name, prior in told.uncertain.items())
    return tuple(_input(told, symbol, over[symbol] if isinstance(over, Mapping) else None) for symbol in over)


def _input(told: Beliefs, symbol: Symbol, prior: Prior | None) -> Input:
    schema = told.layout.schema
    signal = schema.signal(symbol.name)
    if not (_can_vary(told.layout, signal) or (prior is not None and signal.role == "actuator")):
        raise ModelError(
            f"expected a parameter or a state, got {symbol!r}", at=schema.name,
            hint="actuators are varied with a belief of their own: {Pump.speed: px.uniform(1000, 3000)}",
        )  # fmt: skip
    if prior is not None:
        to = absolute(signal.edge)
        found = prior.told_in(scale(signal.edge, to), convert(0.0, signal.edge, to))
    elif symbol.name in told.uncertain:
        found = told.uncertain[symbol.name]
    else:
        raise ModelError(
            f"expected something uncertain, got {symbol!r}, which is known", at=schema.name,
            hint="give it a prior where it is declared, or here: {Pump.drag: px.lognormal(2, 0.1)}",
        )  # fmt: skip
    return Input(symbol.name, found, str(signal.unit))


def _objective(what: Asked) -> Objective:
    if isinstance(what, Objective):
        return what
    if isinstance(what, AbstractTerm):
        return at_end(what)
    is_event = isinstance(what, Symbol) and what.name in what.schema.events
    return chance(what if is_event else ever(what))


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    """A model of a study: each point is a member that starts from one column with some of its numbers changed."""

    plan: Run
    rows: tuple[int, ...]
    objectives: tuple[Objective, ...]
    executor: Executor | None
    progress: Callable[[float], None] | None
    cancelled: Callable[[], bool] | None

    def __call__(self, points: F64) -> F64:
        asked = _Questions()
        for one in self.objectives:
            one.of(asked)
        start = np.repeat(self.plan.start, len(points), axis=1)
        start[list(self.rows)] = points.T
        plan = replace(
            self.plan,
            start=start,
            chance=Chance(np.zeros(len(points), np.int64), np.zeros(len(points), np.int64)),
            formulas={f"final {k}": expr for k, expr in enumerate(asked.finals)},
            integrate={f"integral {k}": expr for k, expr in enumerate(asked.integrals)},
        )
        outcome = run(
            plan, executor=self.executor, progress=self.progress, cancelled=self.cancelled, compiler=COMPILERS
        )
        answers = _Answers(outcome, plan, asked)
        values = [one.of(answers)[0] for one in self.objectives]
        return np.where(outcome.failed[:, None], np.nan, np.stack(values, axis=1))


class _Questions:
    """Samples of nothing: they only note what objectives ask, so that one run answers it all."""

    shape = (1, 1)
    times = np.zeros(0, np.int64)
    span = 1.0
    failed = np.zeros((1, 1), np.bool_)

    def __init__(self) -> None:
        self.finals: list[Expr] = []
        self.integrals: list[Expr] = []

    def path(self, name: str) -> F64:
        raise SimulationError(f"expected a value at the end or a sum over time, got the whole course of {name}")

    def final(self, expr: Expr) -> F64:
        return self._noted(self.finals, expr)

    def integral(self, expr: Expr) -> F64:
        return self._noted(self.integrals, expr)

    def count(self, event: str) -> F64:
        return np.zeros((1, 1))

    first = count

    def _noted(self, where: list[Expr], expr: Expr) -> F64:
        if not any(one is expr for one in where):
            where.append(expr)
        return np.zeros((1, 1))


class _Answers:
    """Samples of one run of one option, which holds the answer to everything that was noted."""

    def __init__(self, outcome: Outcome, plan: Run, asked: _Questions) -> None:
        self._outcome, self._asked, self._t0 = outcome, asked, plan.t0
        self.shape = (1, plan.start.shape[1])
        self.times = outcome.times
        self.span = plan.span / SECOND
        self.failed = outcome.failed[None, :]

    def path(self, name: str) -> F64:
        return self._outcome[name].T[None]

    def final(self, expr: Expr) -> F64:
        place = next(k for k, one in enumerate(self._asked.finals) if one is expr)
        end: F64 = self._outcome[f"final {place}"][-1:]
        return end

    def integral(self, expr: Expr) -> F64:
        place = next(k for k, one in enumerate(self._asked.integrals) if one is expr)
        return self._outcome.integrals[f"integral {place}"][None, :]

    def count(self, event: str) -> F64:
        return self._outcome.events[event].count.astype(float)[None, :]

    def first(self, event: str) -> F64:
        found = self._outcome.events[event]
        since = (found.first - self._t0) / SECOND
        return np.where(found.happened, since, np.nan)[None, :]
