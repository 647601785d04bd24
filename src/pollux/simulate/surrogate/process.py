"""A Gaussian process: smooth between the points of the design, and unsure away from them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.model.functions import exp, sqrt
from pollux.model.value import Value
from pollux.simulate.surrogate.learnt import AbstractLearnt
from pollux.simulate.surrogate.optimise import minimised

LENGTHS: Final = (0.05, 100.0)
NUGGETS: Final = (1e-10, 1.0)
STARTS: Final = (0.5, 2.0, 8.0)
"""Lengths to begin the search with: a likelihood may have several peaks."""
MOST_IN_EQUATIONS: Final = 128
"""Points of a design up to which the process may become an equation: each is an exponential in every step."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class GaussianProcess(AbstractLearnt):
    r"""Kriging with the Matern 5/2 covariance and a length for each input.

    $k(x, x') = \sigma^2 (1 + a + a^2/3) e^{-a}$ with $a^2 = 5 \sum_i (x_i - x'_i)^2 / l_i^2$, and a nugget
    $\eta\sigma^2$ on the diagonal. `weights` are $K^{-1} y$, `root` is the inverse of the Cholesky factor of $K$.
    """

    design: F64
    lengths: F64
    nugget: float
    variance: float
    weights: F64
    root: F64

    @property
    def kind(self) -> str:
        return "process"

    @property
    def words(self) -> str:
        return f"Gaussian process through {len(self.design)} points"

    @property
    def left_out(self) -> tuple[F64, F64]:
        # Dubrule 1983: leaving a point out needs no further factorisation.
        diagonal = (self.root**2).sum(axis=0)
        return self.weights / diagonal, np.sqrt(self.variance / diagonal)

    def predict(self, germs: F64) -> tuple[F64, F64]:
        across = matern(germs / self.lengths, self.design / self.lengths)
        known = ((across @ self.root.T) ** 2).sum(axis=1)
        return across @ self.weights, np.sqrt(self.variance * np.maximum(1.0 + self.nugget - known, self.nugget))

    def expression(self, germs: Sequence[Value]) -> Value | float:
        if len(self.design) > MOST_IN_EQUATIONS:
            raise SimulationError(
                f"expected at most {MOST_IN_EQUATIONS} points for a process in equations, got {len(self.design)}",
                hint='kind="chaos" or kind="network" is as fast however many runs it was learnt from',
            )
        scaled = [germ * (math.sqrt(5.0) / length) for germ, length in zip(germs, self.lengths.tolist(), strict=True)]
        total: Value | float = 0.0
        for point, weight in zip(
            (self.design * math.sqrt(5.0) / self.lengths).tolist(), self.weights.tolist(), strict=True
        ):
            square: Value | float = 1e-24  # keeps the derivative finite on the point itself
            for one, there in zip(scaled, point, strict=True):
                square = (one - there) ** 2 + square
            away = sqrt(square)
            total = (1.0 + away + square * (1.0 / 3.0)) * exp(-away) * weight + total
        return total


def matern(a: F64, b: F64) -> F64:
    """Matern 5/2 correlations between points in units of their lengths, (len(a), len(b))."""
    away = _scaled(a, b)
    correlations: F64 = (1.0 + away + away**2 / 3.0) * np.exp(-away)
    return correlations


def _scaled(a: F64, b: F64) -> F64:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2.0 * a @ b.T
    away: F64 = np.sqrt(5.0 * np.maximum(squares, 0.0))
    return away


def fit_process(germs: F64, values: F64) -> GaussianProcess:
    r"""The process whose lengths and nugget make the values most likely; the variance follows from them.

    With $K = R + \eta I$ and $\hat\sigma^2 = y^T K^{-1} y / n$ it minimises
    $\frac n2 \log \hat\sigma^2 + \frac12 \log |K|$ by its exact gradient within bounds, from the best of three starts.

    Reference: C. E. Rasmussen, C. K. I. Williams, Gaussian processes for machine learning, MIT Press 2006, sections
    4.2, 5.4; T. J. Santner et al., The design and analysis of computer experiments, Springer 2018, section 3.3.
    """
    inputs = germs.shape[1]
    low = np.log(np.array([LENGTHS[0]] * inputs + [NUGGETS[0]]))
    high = np.log(np.array([LENGTHS[1]] * inputs + [NUGGETS[1]]))

    def bounded(free: F64) -> tuple[float, F64]:
        share = 0.5 * (1.0 + np.tanh(0.5 * free))
        value, gradient = unlikely(low + (high - low) * share, germs, values)
        return value, gradient * (high - low) * share * (1.0 - share)

    found: list[tuple[F64, float]] = []
    for length in STARTS:
        begin = np.log(np.array([length] * inputs + [1e-6]))
        share = (begin - low) / (high - low)
        found.append(minimised(bounded, np.log(share / (1.0 - share)), iterations=8))
    first = min(found, key=lambda one: one[1])[0]
    best, _ = minimised(bounded, first, iterations=60)
    return _solved(low + (high - low) * 0.5 * (1.0 + np.tanh(0.5 * best)), germs, values)


def unlikely(logs: F64, germs: F64, values: F64) -> tuple[float, F64]:
    """The negative logarithm of the likelihood and its gradient by the logarithms of lengths and nugget."""
    rows, lengths, nugget = len(values), np.exp(logs[:-1]), float(np.exp(logs[-1]))
    scaled = germs / lengths
    away = _scaled(scaled, scaled)
    decay = np.exp(-away)
    try:
        root = _inverse_root((1.0 + away + away**2 / 3.0) * decay, nugget)
    except np.linalg.LinAlgError:
        return math.inf, np.zeros_like(logs)
    inverse = root.T @ root
    weights = inverse @ values
    variance = max(float(values @ weights) / rows, 1e-300)
    pull = inverse - np.outer(weights, weights) / variance
    bend = pull * (1.0 + away) * decay * (5.0 / 3.0)
    # The squared distance of one input: x^2 + x'^2 - 2 x x', summed against the symmetric `bend` without its matrix.
    sums = bend.sum(axis=1)
    by_length = (scaled**2 * sums[:, None]).sum(axis=0) - ((bend @ scaled) * scaled).sum(axis=0)
    by_nugget = 0.5 * nugget * float(np.trace(pull))
    value = 0.5 * rows * math.log(variance) - float(np.log(np.diag(root)).sum())
    return value, np.append(by_length, by_nugget)


def _inverse_root(correlation: F64, nugget: float) -> F64:
    """The inverse of the lower Cholesky factor."""
    jittered = correlation + (nugget + 1e-12) * np.eye(len(correlation))
    return np.asarray(np.linalg.inv(np.linalg.cholesky(jittered)), np.float64)


def _solved(logs: F64, germs: F64, values: F64) -> GaussianProcess:
    lengths, nugget = np.exp(logs[:-1]), float(np.exp(logs[-1]))
    root = _inverse_root(matern(germs / lengths, germs / lengths), nugget)
    weights = root.T @ (root @ values)
    variance = max(float(values @ weights) / len(values), 1e-300)
    return GaussianProcess(germs, lengths, nugget, variance, weights, root)
