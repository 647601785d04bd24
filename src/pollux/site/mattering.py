"""What matters in a what-if: an outcome at both ends of each thing that is uncertain, and each one's share."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast, final

import numpy as np
from numpy.typing import NDArray

from pollux.decide.options import Choice
from pollux.errors import SimulationError
from pollux.model.graph import Expr
from pollux.model.schema import Schema
from pollux.show.compose.sensitivity import outcomes, plain
from pollux.show.compose.types import outward
from pollux.show.documents.sensitivity import Bar, Method, Sensitivity
from pollux.simulate.sensitivity import Study, sobol_indices, tornado
from pollux.simulate.sensitivity.studies import Model
from pollux.simulate.sensitivity.words import ends, failures, listed, percent
from pollux.simulate.sensitivity.words import plain as known
from pollux.site.fork import Fork
from pollux.site.studies import Asked

F64 = NDArray[np.float64]

MOST_RUNS: Final = 3_000
"""Runs of each design at most."""

SLICE: Final = 128
"""Runs that go side by side before progress is told."""

FUTURES: Final = 256
"""Futures over which a chance is taken at each end, where the runs allow."""

ROWS: Final = 512
"""Rows of the design of Sobol indices, where the runs allow."""

TAILS: Final = (0.05, 0.95)


@final
@dataclass(frozen=True, slots=True)
class Question:
    """Of which outcome, how far ahead, by which method, with what set on the way."""

    output: str
    over: str
    method: Method = "tornado"
    settings: Mapping[Choice, float | Expr] | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """Inputs (inputs,) at both ends of their range, and what comes out there."""

    low: F64
    high: F64
    middle: float
    at_low: F64
    at_high: F64
    failed: int
    futures: int = 1

    @property
    def shares(self) -> F64:
        """Squared swings over their sum: shares of the variance where effects are straight and add up."""
        squares = (self.at_high - self.at_low) ** 2
        total = float(np.nansum(squares))
        return squares / total if total > 0.0 else np.zeros(len(squares))


def mattering(
    fork: str,
    copy: Fork[Any],
    kind: type,
    asked: Question,
    *,
    progress: Callable[[float], None],
    cancelled: Callable[[], bool],
) -> Sensitivity:
    """The answer to a question; raises SimulationError where nothing is uncertain and for a run that was cancelled."""
    if not copy.uncertain:
        raise SimulationError("nothing in this twin is uncertain", hint="what is, has a prior: px.lognormal(2, 0.1)")
    outputs = {asked.output: symbol_of(kind, asked.output)}
    study = copy.study(asked.over, outputs, choice=asked.settings, cancelled=cancelled)
    inputs, seed = len(study.inputs), abs(copy.seed) % 2**31
    draws = _bounded(FUTURES, 2 * inputs + 1) if asked.output in copy.schema.events else 1
    rows = (1 << _bounded(ROWS, inputs + 2).bit_length() - 1) if asked.method == "sobol" else 0
    runs = (2 * inputs + 1) * draws + (inputs + 2) * rows
    study = replace(study, model=_Slices(study.model, runs, progress))
    found = _chances(study, draws, seed) if asked.output in copy.schema.events else _ends(study)
    shares, low, high = found.shares, None, None
    if rows:
        indices = sobol_indices(study, base=rows, seed=seed)
        low, high = indices.total_low[0], indices.total_high[0]
        shares = np.where(indices.sigma[0] > 0.0, indices.total[0], 0.0)
    return _Told(copy.schema, asked, study, found, shares, low, high).document(fork, runs)


def _bounded(wanted: int, each: int) -> int:
    return max(1, min(wanted, MOST_RUNS // each))


@final
class _Slices:
    """A model that takes its points slice by slice, so that it can tell how far it is."""

    def __init__(self, model: Model, runs: int, progress: Callable[[float], None]) -> None:
        self._model, self._runs, self._progress = model, runs, progress
        self._done = 0

    def __call__(self, points: F64) -> F64:
        return np.concatenate([self._slice(points[k : k + SLICE]) for k in range(0, len(points), SLICE)])

    def _slice(self, points: F64) -> F64:
        values = self._model(points)
        self._done += len(points)
        self._progress(self._done / self._runs)
        return values


def symbol_of(kind: type, name: str) -> Asked:
    """The symbol behind a dotted name of a class."""
    symbol: Any = kind
    for word in name.split("."):
        symbol = getattr(symbol, word)
    return cast("Asked", symbol)


def _ends(study: Study) -> _Ends:
    bars = tornado(study, low=TAILS[0], high=TAILS[1])
    return _Ends(bars.low, bars.high, float(bars.middle[0]), bars.at_low[0], bars.at_high[0], bars.failed)


def _chances(study: Study, draws: int, seed: int) -> _Ends:
    """A chance is a mean over futures: the same ones at every end, but for the input whose ends they are."""
    inputs = len(study.inputs)
    drawn = study.design(draws, seed=seed)
    low, high = study.at(np.repeat([[TAILS[0]], [TAILS[1]]], inputs, axis=1))
    points = np.repeat(drawn[None], 2 * inputs + 1, axis=0)
    for k in range(inputs):
        points[1 + k, :, k], points[1 + inputs + k, :, k] = low[k], high[k]
    values = study.evaluate(points.reshape(-1, inputs))[:, 0].reshape(2 * inputs + 1, draws)
    failed = int(np.isnan(values).sum())
    with np.errstate(all="ignore"):
        means = np.nansum(values, axis=1) / np.isfinite(values).sum(axis=1)
    return _Ends(low, high, float(means[0]), means[1 : 1 + inputs], means[1 + inputs :], failed, draws)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """An answer before it is written down in declared units and in words."""

    schema: Schema
    asked: Question
    study: Study
    ends: _Ends
    shares: F64
    low: F64 | None
    high: F64 | None

    @property
    def event(self) -> bool:
        return self.asked.output in self.schema.events

    def document(self, fork: str, runs: int) -> Sensitivity:
        unit, factor, shift = self._out()
        bars = tuple(sorted(self._bars(factor, shift), key=lambda bar: -(bar.share or 0.0)))
        return Sensitivity(
            fork=fork,
            state="done",
            progress=1.0,
            method=self.asked.method,
            output=self.asked.output,
            label=outcomes(self.schema)[self.asked.output],
            unit=unit,
            over=self.asked.over,
            middle=known(self.ends.middle * factor + shift),
            words=self._words(bars, unit),
            note=self._note(runs),
            runs=runs,
            failed=self.ends.failed,
            bars=bars,
        )

    def _out(self) -> tuple[str, float, float]:
        """Unit, factor and shift of the outcome for clients."""
        if self.event:
            return "%", 100.0, 0.0
        place = self.schema.index.get(self.asked.output)
        if place is None:
            return str(self.schema.unit_of(self.asked.output)), 1.0, 0.0
        signal = self.schema.signals[place]
        return str(signal.edge), *outward(signal)

    def _bars(self, factor: float, shift: float) -> Iterator[Bar]:
        for k, one in enumerate(self.study.inputs):
            signal = self.schema.signal(one.name)
            scale, zero = outward(signal)
            yield Bar(
                name=one.name,
                label=plain(one.name),
                unit=str(signal.edge),
                low=float(self.ends.low[k]) * scale + zero,
                high=float(self.ends.high[k]) * scale + zero,
                at_low=known(self.ends.at_low[k] * factor + shift),
                at_high=known(self.ends.at_high[k] * factor + shift),
                share=_share(self.shares, k),
                lo=_share(self.low, k),
                hi=_share(self.high, k),
            )

    def _words(self, bars: tuple[Bar, ...], unit: str) -> str:
        first, label = bars[0], outcomes(self.schema)[self.asked.output]
        when = f"{'within' if self.event else 'after'} {self.asked.over}"
        if not first.share:
            return f"Nothing that is uncertain changes the {label} {when}."
        others = [f"{bar.label} {percent(bar.share / 100.0)}" for bar in bars[1:4] if bar.share and bar.share >= 1.0]
        lead = f"{first.label} decides {percent(first.share / 100.0)} of the spread of {label} {when}"
        lead = lead[:1].upper() + lead[1:] + (f"; {listed(others)}." if others else ".")
        if first.at_low is None or first.at_high is None:
            return lead
        return f"{lead} Alone, {first.label} takes it from {ends(first.at_low, first.at_high, unit)}."

    def _note(self, runs: int) -> str:
        how = "As set here" if self.asked.settings else "Going on as it is"
        how += ", each from its 5 % to its 95 % level"
        how += (
            f", the others as believed in {self.ends.futures} futures." if self.event else ", the others in the middle."
        )
        shares = "those of the squared swings, which see nothing of what two do together"
        if self.asked.method == "sobol":
            shares = "total Sobol indices with 90 % intervals"
        return f"{how} Shares are {shares}. {failures(self.ends.failed, runs)}."


def _share(shares: F64 | None, k: int) -> float | None:
    # Estimates may lie outside of what a share can be.
    return None if shares is None else known(100.0 * float(np.clip(shares[k], 0.0, 1.0)))
