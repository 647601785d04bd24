"""Polynomial chaos: a sparse sum of polynomials that are orthonormal under the priors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64
from pollux.model.value import Value
from pollux.simulate.sampling import stream
from pollux.simulate.surrogate.germ import Family
from pollux.simulate.surrogate.learnt import AbstractLearnt
from pollux.simulate.surrogate.polynomials import Powers, count, multivariate, polynomial, truncated

DEGREES: Final = range(1, 13)
FEW_CANDIDATES: Final = 150
MOST_CANDIDATES: Final = 1500
"""Polynomials to choose from; more take long and help little."""
MOST_TERMS: Final = 200
NORM: Final = 0.75
PARTS: Final = 10
MANY: Final = 500
"""Rows above which half as many parts are enough."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class PolynomialChaos(AbstractLearnt):
    r"""$\sum_k c_k \psi_k(\xi)$ with orthonormal products $\psi_k$ of univariate polynomials.

    `powers` are the degrees in each term, `inverse` the inverse of the triangular factor of the design's matrix, which
    gives the leverage of a point. `errors` are the left-out errors, `trust` what leverage left of the trust in each.
    """

    families: tuple[Family, ...]
    powers: Powers
    coefficients: F64
    inverse: F64
    residual: float
    errors: F64
    trust: F64

    @property
    def kind(self) -> str:
        return "chaos"

    @property
    def words(self) -> str:
        degree = max(sum(one) for one in self.powers)
        return f"polynomial chaos, {len(self.powers)} terms of degree {degree} at most"

    @property
    def left_out(self) -> tuple[F64, F64]:
        return self.errors, self.residual / self.trust

    def predict(self, germs: F64) -> tuple[F64, F64]:
        terms = multivariate(self.families, germs, self.powers)
        leverage = ((terms @ self.inverse) ** 2).sum(axis=1)
        return terms @ self.coefficients, self.residual * np.sqrt(1.0 + leverage)

    def expression(self, germs: Sequence[Value]) -> Value | float:
        degrees = np.array(self.powers).max(axis=0)
        bases = [
            polynomial(family, germ, int(degree))
            for family, germ, degree in zip(self.families, germs, degrees, strict=True)
        ]
        total: Value | float = 0.0
        for term, weight in zip(self.powers, self.coefficients.tolist(), strict=True):
            product: Value | float = weight
            for place, power in enumerate(term):
                product = product if power == 0 else bases[place][power] * product
            total = product + total
        return total

    def shares(self, resamples: int, *, seed: int) -> tuple[F64, F64]:
        r"""First and total Sobol indices (1 + resamples, inputs): $\sum c_k^2$ over the terms of an input.

        The first row is that of the coefficients, the others of coefficients drawn from their covariance
        $s^2 (\Psi^T \Psi)^{-1}$.

        Reference: B. Sudret, Global sensitivity analysis using polynomial chaos expansions, Reliability Engineering and
        System Safety 93 (2008) 964-979.
        """
        noise = stream(seed, "coefficients").standard_normal((resamples, len(self.powers)))
        drawn = self.coefficients + self.residual * noise @ self.inverse.T
        squares = np.concatenate([self.coefficients[None, :], drawn]) ** 2
        present = np.array(self.powers) > 0
        squares[:, ~present.any(axis=1)] = 0.0
        alone = present & (present.sum(axis=1, keepdims=True) == 1)
        variance = squares.sum(axis=1, keepdims=True)
        share = 1.0 / np.where(variance > 0.0, variance, np.nan)
        return squares @ alone * share, squares @ present * share


def fit_chaos(families: tuple[Family, ...], germs: F64, values: F64, *, seed: int) -> PolynomialChaos:
    """The sparse polynomial whose error is least on points that had no part in it.

    Terms come in by orthogonal matching pursuit: the one that goes best with what is left, then a fit of all terms by
    least squares. The degree and the number of terms are chosen by cross-validation in which every part of the design
    pursues terms of its own: an error that is left out after the terms were chosen is far too small.

    Reference: Blatman and Sudret 2011, sections 3 and 4; Y. C. Pati, R. Rezaiifar, P. S. Krishnaprasad, Asilomar 1993;
    T. Hastie, R. Tibshirani, J. Friedman, The elements of statistical learning, Springer 2009, section 7.10.2.
    """
    parts = stream(seed, "parts").permutation(len(values)) % (PARTS if len(values) <= MANY else PARTS // 2)
    best: _Tried | None = None
    worse = 0
    for degree in DEGREES:
        powers = _candidates(germs.shape[1], degree)
        if powers is None:
            break
        tried = _tried(powers, multivariate(families, germs, powers), values, parts)
        worse = 0 if best is None or tried.error < 0.99 * best.error else worse + 1
        best = tried if worse == 0 else best
        if worse == 3 or tried.error < 1e-26:
            break
    assert best is not None
    return _solved(families, germs, values, best)


def _candidates(inputs: int, degree: int) -> Powers | None:
    """All polynomials of a degree, or those of few inputs at once where these are many; None for still too many."""
    norm = 1.0 if math.comb(inputs + degree, degree) <= FEW_CANDIDATES or degree == 1 else NORM
    if degree > 1 and count(inputs, degree, norm) > MOST_CANDIDATES:
        return None
    return truncated(inputs, degree, norm)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """What cross-validation said of the best number of terms out of some polynomials."""

    powers: Powers
    matrix: F64
    terms: int
    error: float
    errors: F64
    leverage: F64


def _tried(powers: Powers, matrix: F64, values: F64, parts: NDArray[np.int64]) -> _Tried:
    most = min(matrix.shape[1], (len(values) - int(np.bincount(parts).max())) // 2, MOST_TERMS)
    errors, leverage = np.empty((most, len(values))), np.empty((most, len(values)))
    for part in range(int(parts.max()) + 1):
        out = parts == part
        path = _pursued(matrix, values, ~out, most)
        errors[:, out], leverage[:, out] = path.errors[:, out], path.leverage[:, out]
    means = (errors**2).mean(axis=1)
    terms = int(np.argmin(means))
    return _Tried(powers, matrix, terms + 1, float(means[terms]), errors[terms], leverage[terms])


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """The terms in the order in which they came in; error and leverage of every row after each of them."""

    order: tuple[int, ...]
    errors: F64
    leverage: F64


def _pursued(matrix: F64, values: F64, seen: NDArray[np.bool_], most: int) -> _Path:
    """Orthogonal matching pursuit on the rows that are seen; the others only come along."""
    rows = matrix[seen]
    sizes = np.maximum(np.sqrt((rows**2).sum(axis=0)), 1e-300)
    base, left, leverage = np.zeros((len(matrix), most)), values.copy(), np.zeros(len(matrix))
    order: list[int] = []
    errors, leverages = np.empty((most, len(matrix))), np.empty((most, len(matrix)))
    place: int | None = 0
    for step in range(most):
        if place is not None:
            column = _orthogonal(matrix[:, place], base[:, : len(order)], seen)
            base[:, len(order)] = column
            order.append(place)
            left = left - column * float(column[seen] @ left[seen])
            leverage = leverage + column**2
            place = _next(left[seen] @ rows / sizes, order)
        errors[step], leverages[step] = left, leverage
    return _Path(tuple(order), errors, leverages)


def _next(scores: F64, order: list[int]) -> int | None:
    """The column that goes best with what is left; None where nothing is left that any goes with."""
    size = np.abs(scores)
    size[order] = 0.0
    best = int(np.argmax(size))
    return best if size[best] > 1e-14 else None


def _orthogonal(column: F64, base: F64, seen: NDArray[np.bool_]) -> F64:
    """The part of a column that is orthogonal to a base on the rows that are seen, of length one there."""
    rows, size = base[seen], float(np.sqrt(column[seen] @ column[seen]))
    for _ in range(2):  # once more takes away what rounding left
        column = column - base @ (rows.T @ column[seen])
    length = float(np.sqrt(column[seen] @ column[seen]))
    return column / length if length > 1e-9 * size else np.zeros_like(column)


def _solved(families: tuple[Family, ...], germs: F64, values: F64, tried: _Tried) -> PolynomialChaos:
    order = _pursued(tried.matrix, values, np.ones(len(values), np.bool_), tried.terms).order
    powers = tuple(tried.powers[place] for place in order)
    base, triangle = np.linalg.qr(tried.matrix[:, order])
    inverse = np.asarray(np.linalg.inv(triangle), np.float64)
    trust = 1.0 / np.sqrt(1.0 + tried.leverage)
    residual = float(np.sqrt(np.mean((tried.errors * trust) ** 2)))
    return PolynomialChaos(families, powers, inverse @ (base.T @ values), inverse, residual, tried.errors, trust)
