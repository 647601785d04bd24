"""Sobol indices: how much of an output's spread comes from each input."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.sampling import Sampling, levels
from pollux.simulate.sensitivity.resample import intervals
from pollux.simulate.sensitivity.studies import Study
from pollux.simulate.sensitivity.words import LEVEL, failures, listed, number, percent, plain, ranked, row_of, table

LEAST = 8
"""Rows of the design below which no interval can be told."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class SobolIndices:
    """Each input's share of the variance of each output; arrays are (outputs, inputs).

    `first` is what an input explains by itself, `total` what it explains together with the others, each with the ends
    of an interval that holds with probability `level`. `mean` and `sigma` are those of the outputs, (outputs,). `runs`
    were made, `failed` of them were no numbers; with each one its row of the design is left out.
    """

    names: tuple[str, ...]
    outputs: tuple[str, ...]
    units: tuple[str, ...]
    mean: F64
    sigma: F64
    first: F64
    first_low: F64
    first_high: F64
    total: F64
    total_low: F64
    total_high: F64
    level: float
    runs: int
    failed: int

    def words(self, output: str | None = None) -> str:
        """One sentence: who explains how much of the spread of an output (the first one where none is named)."""
        row = row_of(self.outputs, output)
        told = f"{self.outputs[row]} ({number(self.sigma[row], self.units[row])})"
        if not self.sigma[row] > 0.0:
            return f"{self.outputs[row]} does not vary"
        order = ranked(self.total[row])
        shown = [place for place in order if self.total[row, place] >= 0.01]
        quiet = [self.names[place] for place in order if self.total[row, place] < 0.01]
        parts = [f"{self.names[place]} explains {self._share(row, place)}" for place in shown]
        silent = f"; {listed(quiet)} {'explains' if len(quiet) == 1 else 'explain'} nothing of it" if quiet else ""
        return f"of the spread of {told} {listed(parts)}{silent}"

    def table(self, output: str | None = None) -> str:
        """The indices of an output with their intervals, the greatest total first."""
        row = row_of(self.outputs, output)
        lines = [
            [
                self.names[place],
                *_cell(self.first[row, place], self.first_low[row, place], self.first_high[row, place]),
                *_cell(self.total[row, place], self.total_low[row, place], self.total_high[row, place]),
            ]
            for place in ranked(self.total[row])
        ]
        span = f"{self.level:.0%}"
        return table(["input", "alone", span, "in all", span], lines)

    def __str__(self) -> str:
        told = [f"{self.words(name)}\n{self.table(name)}" for name in self.outputs]
        return "\n\n".join([*told, failures(self.failed, self.runs)])

    def as_json(self) -> dict[str, Any]:
        """Everything as plain numbers and lists: per output, its inputs with their shares."""
        return {
            "method": "sobol",
            "level": self.level,
            "runs": self.runs,
            "failed": self.failed,
            "outputs": [self._output(row) for row in range(len(self.outputs))],
        }

    def _output(self, row: int) -> dict[str, Any]:
        parts = ("first", "first_low", "first_high", "total", "total_low", "total_high")
        return {
            "name": self.outputs[row],
            "unit": self.units[row],
            "mean": plain(self.mean[row]),
            "sigma": plain(self.sigma[row]),
            "words": self.words(self.outputs[row]),
            "inputs": [
                {"name": name, **{part: plain(getattr(self, part)[row, place]) for part in parts}}
                for place, name in enumerate(self.names)
            ],
        }

    def _share(self, row: int, place: int) -> str:
        # Estimates may lie outside of what a share can be; the table shows them as they are.
        first, total = np.clip((self.first[row, place], self.total[row, place]), 0.0, 1.0)
        more = f" ({percent(total)} with others)" if total - first > 0.02 else ""
        return f"{percent(first)}{more}"


def sobol_indices(
    study: Study,
    *,
    base: int = 1024,
    sampling: Sampling = "sobol",
    level: float = LEVEL,
    resamples: int = 400,
    seed: int = 0,
) -> SobolIndices:
    r"""First-order and total Sobol indices of every input, from `base * (inputs + 2)` runs in one call.

    With two independent designs A and B, and $A_B^i$ as A with input i out of B,

    $S_i = \frac{1}{V N} \sum_j f(B)_j (f(A_B^i)_j - f(A)_j)$,
    $T_i = \frac{1}{2 V N} \sum_j (f(A)_j - f(A_B^i)_j)^2$

    of outputs less their mean. $S_i$ is the share of the variance that goes away when input i is known, $T_i$ the share
    that stays when all others are known; $\sum S_i \le 1 \le \sum T_i$. A power of two as `base` serves Sobol points
    best. Intervals are bootstrap percentiles over the rows of the design.

    Raises SimulationError for a base below 8 and where hardly a row is left without a failed run.

    Reference: A. Saltelli et al., Variance based sensitivity analysis of model output, Computer Physics Communications
    181 (2010) 259-270, table 2 (b) and (f); M. J. W. Jansen, Computer Physics Communications 117 (1999) 35-43.

    >>> import pollux as px
    >>> plane = px.study(lambda x: 3 * x[:, 0] + x[:, 1], {"a": px.uniform(0, 1), "b": px.uniform(0, 1)}, "height")
    >>> px.sobol_indices(plane).words()
    'of the spread of height (0.913) a explains 90 % and b explains 10 %'
    """
    if base < LEAST:
        raise SimulationError(f"expected a base of at least {LEAST}, got {base}", at="sobol_indices")
    values = _evaluated(study, base, sampling, seed)
    sound = np.isfinite(values).all(axis=(0, 2))
    if sound.sum() < LEAST:
        raise SimulationError(
            f"expected at least {LEAST} sound rows of the design, got {sound.sum()}", hint="most runs failed"
        )
    figures = _Figures(values[:, sound])
    whole = figures.of(np.full((1, figures.rows), 1.0 / figures.rows))[0]
    low, high = intervals(figures.of, figures.rows, level=level, resamples=resamples, seed=seed)
    mean, sigma = figures.moments()
    return SobolIndices(
        names=study.names,
        outputs=tuple(one.name for one in study.outputs),
        units=tuple(one.unit for one in study.outputs),
        mean=mean,
        sigma=sigma,
        first=whole[0],
        first_low=low[0],
        first_high=high[0],
        total=whole[1],
        total_low=low[1],
        total_high=high[1],
        level=level,
        runs=base * (len(study.inputs) + 2),
        failed=int(np.isnan(values).any(axis=2).sum()),
    )


def _evaluated(study: Study, base: int, sampling: Sampling, seed: int) -> F64:
    """The outputs (inputs + 2, base, outputs) of the designs A, B and of A with each input out of B."""
    inputs, names = len(study.inputs), study.names
    places = levels(sampling, [*names, *(f"{name}'" for name in names)], base, seed=seed, twin="sobol").T
    a, b = study.at(places[:, :inputs]), study.at(places[:, inputs:])
    values = study.evaluate(np.concatenate([a, b, *(_crossed(a, b, place) for place in range(inputs))]))
    return values.reshape(inputs + 2, base, -1)


def _crossed(a: F64, b: F64, place: int) -> F64:
    mixed = a.copy()
    mixed[:, place] = b[:, place]
    return mixed


@final
class _Figures:
    """The products whose weighted means are the indices: (rows, ...) each."""

    def __init__(self, values: F64) -> None:
        self.rows = values.shape[1]
        both = values[:2]
        self._middle = both.mean(axis=(0, 1))
        # An output that hardly differs from zero compared with its size does not vary.
        scale = np.abs(both).max(axis=(0, 1))
        centred = values - self._middle
        a, b, crossed = centred[0], centred[1], centred[2:]
        self._first = (b * (crossed - a)).transpose(1, 2, 0)
        self._total = (0.5 * (a - crossed) ** 2).transpose(1, 2, 0)
        self._sum, self._square = 0.5 * (a + b), 0.5 * (a**2 + b**2)
        self._least = (1e-12 * scale) ** 2

    def moments(self) -> tuple[F64, F64]:
        variance = self._square.mean(axis=0) - self._sum.mean(axis=0) ** 2
        return self._middle, np.sqrt(np.where(variance > self._least, variance, 0.0))

    def of(self, weights: F64) -> F64:
        """First and total indices (resamples, 2, outputs, inputs) under these weights; NaN without any variance."""
        variance = weights @ self._square - (weights @ self._sum) ** 2
        with np.errstate(all="ignore"):
            share = 1.0 / np.where(variance > self._least, variance, np.nan)[:, :, None]
        rows, shape = len(weights), self._first.shape[1:]
        first, total = (
            (weights @ one.reshape(self.rows, -1)).reshape(rows, *shape) * share for one in (self._first, self._total)
        )
        return np.stack([first, total], axis=1)


def _cell(value: float, low: float, high: float) -> tuple[str, str]:
    return percent(value), f"{percent(low)} to {percent(high)}"
