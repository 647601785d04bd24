"""One output as it was learnt: in its own numbers, with an error bar that held for the points left out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.model.value import Value
from pollux.simulate.surrogate.chaos import fit_chaos
from pollux.simulate.surrogate.germ import Family
from pollux.simulate.surrogate.learnt import AbstractLearnt
from pollux.simulate.surrogate.network import fit_network
from pollux.simulate.surrogate.process import fit_process

Kind: TypeAlias = Literal["auto", "chaos", "process", "network"]
KINDS: Final = ("auto", "chaos", "process", "network")

HELD: Final = 0.9
"""How often the error bar is made to hold; 1.645 standard deviations are 90 % of a normal distribution."""
WIDTH: Final = 1.6448536269514722
WIDENING: Final = 2.0
"""Spreads of the output that an error bar grows by for each further distance between the points of the design."""
GOOD: Final = 0.02
"""A left-out error, in parts of the spread, below which "auto" looks no further."""
MOST_FOR_PROCESS: Final = 800
LEAST_FOR_NETWORK: Final = 40


@final
@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """One output: `centre + scale * learnt`, its standard deviation times `factor`.

    `error` is the root mean square of the left-out errors in parts of the output's spread: 0 is perfect, 1 is no better
    than the mean. `rows` are those of the design that it was learnt from.
    """

    learnt: AbstractLearnt
    centre: float
    scale: float
    factor: float
    error: float
    rows: int

    def predict(self, germs: F64, excess: F64) -> tuple[F64, F64]:
        """Mean and standard deviation at some germs; outside of the design it grows by the output's spread."""
        with np.errstate(all="ignore"):
            mean, sigma = self.learnt.predict(germs)
            wide = self.scale * np.hypot(self.factor * sigma * (1.0 + excess), WIDENING * excess)
        return self.centre + self.scale * mean, np.where(np.isfinite(wide), wide, np.inf)

    def expression(self, germs: Sequence[Value]) -> Value | float:
        """The mean as an expression."""
        return self.learnt.expression(germs) * self.scale + self.centre

    @property
    def words(self) -> str:
        return f"{self.learnt.words}, left-out error {100.0 * self.error:.2g} % of the spread"


def respond(kind: Kind, families: tuple[Family, ...], germs: F64, values: F64, *, seed: int) -> Response:
    """Learn one output from a design, by one way or by the one with the least left-out error."""
    centre, spread = float(values.mean()), float(values.std())
    # What varies by rounding only does not vary.
    scale = spread if spread > 1e-13 * float(np.abs(values).max(initial=0.0)) else 0.0
    plain = (values - centre) / scale if scale else np.zeros_like(values)
    if kind != "auto":
        return _calibrated(_fitted(kind, families, germs, plain, seed), centre, scale)
    found = [_calibrated(_fitted("chaos", families, germs, plain, seed), centre, scale)]
    if scale and len(values) <= MOST_FOR_PROCESS:
        found.append(_calibrated(_fitted("process", families, germs, plain, seed), centre, scale))
    if scale and len(values) >= LEAST_FOR_NETWORK and min(one.error for one in found) > GOOD:
        found.append(_calibrated(_fitted("network", families, germs, plain, seed), centre, scale))
    return min(found, key=lambda one: one.error)


def _fitted(kind: Kind, families: tuple[Family, ...], germs: F64, values: F64, seed: int) -> AbstractLearnt:
    if kind == "process":
        return fit_process(germs, values)
    if kind == "network":
        return fit_network(germs, values, seed=seed)
    return fit_chaos(families, germs, values, seed=seed)


def _calibrated(learnt: AbstractLearnt, centre: float, scale: float) -> Response:
    r"""With the factor by which the error bars held at 90 % of the points left out.

    The $\lceil 0.9 (n+1) \rceil$-th of the left-out errors, each in its own standard deviations, over 1.645.

    Reference: H. Papadopoulos, V. Vovk, A. Gammerman, Journal of Artificial Intelligence Research 40 (2011) 815-840;
    R. F. Barber et al., Predictive inference with the jackknife+, Annals of Statistics 49 (2021) 486-507.
    """
    errors, told = learnt.left_out
    scores = np.sort(np.abs(errors) / np.maximum(told, 1e-300))
    place = min(len(scores), math.ceil(HELD * (len(scores) + 1))) - 1
    factor = float(scores[place]) / WIDTH
    return Response(learnt, centre, scale, factor, float(np.sqrt(np.mean(errors**2))), len(errors))
