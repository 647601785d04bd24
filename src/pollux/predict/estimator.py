"""The filter of one twin: an ensemble that is run ahead by the model and conditioned on what was measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.layout import Layout, layout_of
from pollux.errors import SimulationError
from pollux.model.schema import Schema, Signal
from pollux.predict.analysis import F64, analyse
from pollux.predict.evidence import Evidence
from pollux.predict.learning import Learning, inferred, learnt, observed
from pollux.predict.walk import walked

Advance = Callable[[F64, int, int], F64]
"""Columns (width, members), from and to in nanoseconds UTC: the columns at the end. A failed member is NaN."""

Read = Callable[[F64, tuple[str, ...]], F64]
"""Columns (width, members) and names: what the model computes for each member now, (names, members)."""

REMEMBERED = 200
FURTHEST = 3.0
PASSES = 4
"""How often the same evidence is taken in, each time with as many times its variance."""


@final
@dataclass(frozen=True, slots=True)
class Observation:
    """The mean of `count` readings of one sensor since the last update, in its unit.

    `time` is the mean of the moments at which they were made, in nanoseconds UTC; zero means the moment of the update.
    `uncertainty` is a standard deviation that all of them share, such as that of a calibration: no mean lessens it.
    """

    signal: str
    value: float
    count: int = 1
    time: int = 0
    uncertainty: float = 0.0


@final
@dataclass(frozen=True, slots=True)
class Foreseen:
    """What was foreseen of a measurement before it was taken in, and what came: all in the sensor's unit.

    `sigma` is the standard deviation of their difference: of the forecast and of the noise.
    """

    signal: str
    mean: float
    sigma: float
    measured: float

    @property
    def far(self) -> int:
        """On which side the measurement lies further out than an outlier's limit: 1 above, -1 below, else 0."""
        off = (self.measured - self.mean) / self.sigma
        return int(off > FURTHEST) - int(off < -FURTHEST)


@final
@dataclass(frozen=True, slots=True)
class Believed:
    """The ensemble of one twin at a moment: columns (width, members), and how surprised it has been.

    A `time` of zero says that it rests on evidence alone: no reading has come yet. `surprises` holds the last values of
    squared innovation over expectation; their mean is about one where model and noise are right. `replaced` counts
    members that failed and were drawn anew from the others. `foreseen` is what the last update expected of what it took
    in.
    """

    columns: F64
    time: int
    updates: int = 0
    surprises: tuple[float, ...] = ()
    replaced: int = 0
    foreseen: tuple[Foreseen, ...] = ()

    @property
    def members(self) -> int:
        """How many members there are."""
        return int(self.columns.shape[1])

    @property
    def strain(self) -> float:
        """The mean of the remembered surprises: well above one, the model no longer explains what is measured."""
        return float(np.mean(self.surprises)) if self.surprises else float("nan")


@final
class Estimator:
    """Estimates the states and learns the parameters of one twin type.

    `advance` runs an ensemble ahead, for example a compiled kernel; it is handed in so that the filter knows no
    simulator. Everything is a function of what comes in: the same ensemble, measurements and generator give the same
    ensemble.
    """

    def __init__(self, schema: Schema, learning: Learning, advance: Advance) -> None:
        learning.check(schema)
        self.layout: Layout = layout_of(schema)
        self.learning = learning
        self._advance = advance
        self._learnt = learnt(schema)
        self._inferred = inferred(schema)
        self._observed = {one.name: one for one in observed(schema)}
        self._latched = [self.layout.place(name) for name in self._observed if name in schema.readings]

    @property
    def watches(self) -> frozenset[str]:
        """The sensors whose readings it takes in."""
        return frozenset(self._observed)

    def begin(self, column: F64, time: int, rng: np.random.Generator, given: Believed | None = None) -> Believed:
        """An ensemble before anything was measured: priors sampled, the rest as the twin's column (width,) has it.

        A state that is measured itself is known to within the noise of its sensor; all other numbers that are
        estimated are taken from `given`, what was believed by evidence alone, where there is any.
        """
        columns = np.repeat(column[:, None], self.learning.members, axis=1)
        sampled = self.layout.start(self.learning.members, rng)
        for signal in (*self._learnt, *self._inferred):
            slot = self.layout.place(signal.name)
            if given is not None and signal.name not in self._observed:
                columns[slot] = given.columns[slot]
            elif signal.prior is not None:
                columns[slot] = sampled[slot]
            elif signal.name in self._observed:
                columns[slot] += signal.noise * rng.standard_normal((self.learning.members,))
        return Believed(columns, time)

    def absorb(
        self, before: Believed, until: int, observations: Mapping[str, Observation], rng: np.random.Generator
    ) -> Believed:
        """Run the ensemble ahead to `until` and take in what was measured since.

        Readings of a state from before the belief's own time are passed over: it began with them. Raises
        SimulationError when fewer than half of the members survive.
        """
        start = self._drifted(before, until, rng)
        end = self._advance(start, before.time, until)
        alive, failed = self._alive(end, rng)
        start, end = start[:, alive], end[:, alive]
        after = replace(before, columns=end, time=until, updates=before.updates + 1, replaced=before.replaced + failed)
        known = [observations[name] for name in self._observed if name in observations]
        known = [one for one in known if not (0 < one.time <= before.time and one.signal in self.layout.schema.rates)]
        forecasts = [self._forecast(one, before, until, start, end) for one in known]
        usable = [
            (one, forecast) for one, forecast in zip(known, forecasts, strict=True) if np.isfinite(forecast).all()
        ]
        return self._conditioned(after, usable, rng) if usable else after

    def believe(self, before: Believed, evidence: Sequence[Evidence], read: Read, rng: np.random.Generator) -> Believed:
        r"""Take in what was measured once, at the moment of the belief: states and parameters move, no time passes.

        The evidence is taken in `PASSES` times with :math:`\sqrt{\mathrm{PASSES}}` times its deviation, and read anew
        from the model between: in a linear model this is one step of Kalman's, in a curved one the steps are small
        enough to follow it. `read` is handed in, as `advance` is.

        Raises NotFound for names that the type does not compute, SimulationError where the model gives no number.

        Emerick, Reynolds 2013, Comput. Geosci. 55:3 (ensemble smoother with multiple data assimilation).
        """
        for one in evidence:
            one.check(self.layout.schema)
        names = tuple(one.name for one in evidence)
        measured = np.array([one.value for one in evidence])
        noise = np.array([one.sigma for one in evidence]) * np.sqrt(PASSES)
        columns = before.columns
        for _ in range(PASSES if evidence else 0):
            forecast = read(columns, names)
            free = self._free(columns)
            columns = self._written(
                columns, self._no_wider(free, analyse(free, forecast, measured, noise, rng).members)
            )
        if evidence and self._latched:
            columns[self._latched] = read(columns, tuple(self.layout.names[slot] for slot in self._latched))
        return replace(before, columns=columns)

    def _forecast(self, one: Observation, before: Believed, until: int, start: F64, end: F64) -> F64:
        """What each member foresees of readings (members,): on the straight line to its end, once it has a beginning.

        A state has one from the first, what is computed from states after the first update.
        """
        slot, begun = self.layout.place(one.signal), before.updates > 0 or one.signal in self.layout.schema.rates
        forecast: F64 = end[slot]
        if begun and before.time < one.time < until:
            forecast = start[slot] + (one.time - before.time) / (until - before.time) * (end[slot] - start[slot])
        return forecast

    def _conditioned(
        self, believed: Believed, usable: list[tuple[Observation, F64]], rng: np.random.Generator
    ) -> Believed:
        measured = np.array([one.value for one, _ in usable])
        noise = np.array([self._noise(one) for one, _ in usable])
        forecast = np.stack([forecast for _, forecast in usable])
        sigma = np.hypot(forecast.std(axis=1, ddof=1), noise)
        told = zip(usable, forecast.mean(axis=1).tolist(), sigma.tolist(), strict=True)
        foreseen = tuple(Foreseen(one.signal, mean, spread, one.value) for (one, _), mean, spread in told)
        columns = believed.columns.copy()
        for row in self._moved(believed.foreseen, foreseen):
            slot = self.layout.place(foreseen[row].signal)
            push = self._push(columns, abs(foreseen[row].measured - foreseen[row].mean), rng)
            columns[slot], forecast[row] = columns[slot] + push, forecast[row] + push
        # What each member would have read just now is moved along, so that the next line starts where it stands.
        latched = [slot for slot in self._latched if np.isfinite(columns[slot]).all()]
        joint = np.concatenate([self._free(columns), columns[latched]])
        result = analyse(joint, forecast, measured, _widened(forecast, measured, noise), rng)
        analysed = self._no_wider(joint, result.members)
        columns[latched] = analysed[len(joint) - len(latched) :]
        surprise = float(np.mean([((one.measured - one.mean) / one.sigma) ** 2 for one in foreseen]))
        return replace(
            believed,
            columns=self._written(columns, analysed[: len(joint) - len(latched)]),
            surprises=(*believed.surprises, surprise)[-REMEMBERED:],
            foreseen=foreseen,
        )

    def _moved(self, before: tuple[Foreseen, ...], now: tuple[Foreseen, ...]) -> list[int]:
        """Measured states that lie far out on the same side for the second time in a row.

        One such reading is an outlier of the sensor. Two are not: something that no equation knows has moved the state,
        such as an opened lid.
        """
        far = {one.signal: one.far for one in before}
        states = self.layout.schema.rates
        return [
            row for row, one in enumerate(now) if one.far and one.far == far.get(one.signal) and one.signal in states
        ]

    def _push(self, columns: F64, size: float, rng: np.random.Generator) -> F64:
        """An unknown push of a state by about so much, (members,): it says nothing about anything else.

        Made independent of all other numbers of the ensemble, so that what is learnt does not pay for what happened.
        """
        free, members = self._free(columns), columns.shape[1]
        drawn: F64 = rng.standard_normal((members,))
        others = np.column_stack([np.ones(members), (free - free.mean(axis=1, keepdims=True)).T])
        if others.shape[1] < members:
            axes, _ = np.linalg.qr(others)
            drawn = drawn - axes @ (axes.T @ drawn)
        return np.asarray(size * drawn / drawn.std(ddof=1), np.float64)

    def _noise(self, one: Observation) -> float:
        signal = self._observed[one.signal]
        floor = self.learning.floor.get(one.signal, 0.0)
        return float(np.hypot(np.hypot(max(signal.noise, 1e-12) / np.sqrt(one.count), floor), one.uncertainty))

    def _drifted(self, before: Believed, until: int, rng: np.random.Generator) -> F64:
        columns = before.columns.copy()
        for signal in self._learnt:
            slot = self.layout.place(signal.name)
            columns[slot] = walked(signal, columns[slot], until - before.time, self.learning, rng)
        return columns

    def _alive(self, columns: F64, rng: np.random.Generator) -> tuple[NDArray[np.int64], int]:
        """Which member stands at each place: those that failed are replaced by copies of others, drawn at random."""
        slots = [self.layout.place(one.name) for one in (*self._inferred, *self._learnt)]
        alive = np.isfinite(columns[slots]).all(axis=0) if slots else np.ones(columns.shape[1], bool)
        failed = int((~alive).sum())
        if 2 * failed > columns.shape[1]:
            raise SimulationError(
                f"{failed} of {columns.shape[1]} members failed", at=self.layout.schema.name,
                hint="the step may be too large, or a prior allows what the model cannot bear",
            )  # fmt: skip
        standing: NDArray[np.int64] = np.arange(columns.shape[1], dtype=np.int64)
        standing[~alive] = rng.choice(np.flatnonzero(alive), failed)
        return standing, failed

    def _free(self, columns: F64) -> F64:
        """States as they are and parameters in their free units, (numbers, members)."""
        rows = [columns[self.layout.place(one.name)] for one in self._inferred]
        rows += [one.prior.to_free(columns[self.layout.place(one.name)]) for one in self._learnt if one.prior]
        return np.stack(rows) if rows else np.empty((0, columns.shape[1]))

    def _no_wider(self, before: F64, after: F64) -> F64:
        """Numbers after an analysis (numbers, members), none wider than before it, or than its prior where it has one.

        Chance in the gains may widen what is believed, and rightly so; but nothing that is measured makes anybody know
        less than nothing. So no run of bad luck, and no wrong model, drives an ensemble apart.
        """
        priors = [one.prior.free_sigma for one in self._learnt if one.prior]
        widest = np.zeros(len(before))
        widest[len(self._inferred) : len(self._inferred) + len(priors)] = priors
        allowed = np.maximum(before.std(axis=1), widest)
        share = np.minimum(1.0, allowed / np.maximum(after.std(axis=1), np.finfo(float).tiny))
        mean = after.mean(axis=1, keepdims=True)
        held: F64 = mean + share[:, None] * (after - mean)
        return held

    def _written(self, columns: F64, free: F64) -> F64:
        """The columns with the numbers of `free` put back, states within their declared bounds."""
        after = columns.copy()
        for row, signal in zip(free, (*self._inferred, *self._learnt), strict=True):
            after[self.layout.place(signal.name)] = _bounded(signal, row)
        return after


def _widened(forecast: F64, measured: F64, noise: F64) -> F64:
    """Noise such that no measurement lies further out than `FURTHEST` standard deviations: Huber's way with outliers.

    Huber 1964, Ann. Math. Statist. 35:73. The filter gives way to a sudden change slowly; limits do not wait for it.
    """
    spread = forecast.std(axis=1, ddof=1)
    needed = (np.abs(measured - forecast.mean(axis=1)) / FURTHEST) ** 2 - spread**2
    widened: F64 = np.sqrt(np.maximum(noise**2, needed))
    return widened


def _bounded(signal: Signal, row: F64) -> F64:
    if signal.role == "parameter" and signal.prior is not None:
        return signal.prior.from_free(row)
    return np.clip(row, signal.low, signal.high)
