"""Orthonormal polynomials of several inputs, and which of them to consider."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from pollux.columns.arrays import F64
from pollux.model.value import Value
from pollux.simulate.surrogate.germ import Family

Powers: TypeAlias = tuple[tuple[int, ...], ...]
"""The degree of each input in each polynomial."""


def univariate(family: Family, germ: F64, degree: int) -> F64:
    r"""Orthonormal polynomials up to a degree at some germs, (germs, degree + 1).

    Legendre $\sqrt{2n+1} P_n$ on [-1, 1], and Hermite $He_n / \sqrt{n!}$ under the standard normal density, by their
    three-term recurrences.

    >>> univariate("hermite", np.array([2.0]), 2).round(6).tolist()
    [[1.0, 2.0, 2.12132]]
    """
    out = np.ones((len(germ), degree + 1))
    if degree:
        out[:, 1] = germ
    for n in range(1, degree):
        if family == "legendre":
            out[:, n + 1] = ((2 * n + 1) * germ * out[:, n] - n * out[:, n - 1]) / (n + 1)
        else:
            out[:, n + 1] = germ * out[:, n] - n * out[:, n - 1]
    orthonormal: F64 = out * _norms(family, degree)
    return orthonormal


def _norms(family: Family, degree: int) -> F64:
    n = np.arange(degree + 1)
    if family == "legendre":
        return np.sqrt(2.0 * n.astype(np.float64) + 1.0)
    return np.array([1.0 / math.sqrt(math.factorial(one)) for one in n.tolist()])


def multivariate(kinds: Sequence[Family], germs: F64, powers: Powers) -> F64:
    """Products of univariate polynomials, (points, len(powers))."""
    degrees = np.array(powers)
    out = np.ones((len(germs), len(powers)))
    for place, family in enumerate(kinds):
        out *= univariate(family, germs[:, place], int(degrees[:, place].max(initial=0)))[:, degrees[:, place]]
    return out


def truncated(inputs: int, degree: int, norm: float) -> Powers:
    r"""All powers with $(\sum_i a_i^q)^{1/q} \le p$ for degree p and norm q, by rising total degree.

    A norm below one leaves out most polynomials of many inputs at once.

    Reference: G. Blatman, B. Sudret, Adaptive sparse polynomial chaos expansion based on least angle regression,
    Journal of Computational Physics 230 (2011) 2345-2367, section 3.

    >>> truncated(2, 2, 0.5)
    ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0))
    """
    found = [(0,) * inputs]
    most = degree**norm * (1.0 + 1e-12)
    for active in range(1, min(inputs, degree) + 1):
        parts = list(_parts(active, most, norm))
        if not parts:
            break
        for chosen in itertools.combinations(range(inputs), active):
            found.extend(_spread(inputs, chosen, part) for part in parts)
    return tuple(sorted(found, key=lambda one: (sum(one), one)))


def count(inputs: int, degree: int, norm: float) -> int:
    """How many powers `truncated` would give, without making them.

    >>> count(2, 2, 0.5)
    5
    """
    most = degree**norm * (1.0 + 1e-12)
    total = 1
    for active in range(1, min(inputs, degree) + 1):
        parts = sum(1 for _ in _parts(active, most, norm))
        if not parts:
            break
        total += parts * math.comb(inputs, active)
    return total


def _parts(active: int, most: float, norm: float) -> Iterator[tuple[int, ...]]:
    """Powers above zero of so many inputs, as long as the sum of their norms stays below a bound."""
    if active == 0:
        yield ()
        return
    power = 1
    while power**norm + active - 1 <= most:
        for rest in _parts(active - 1, most - power**norm, norm):
            yield (power, *rest)
        power += 1


def _spread(inputs: int, chosen: tuple[int, ...], part: tuple[int, ...]) -> tuple[int, ...]:
    powers = [0] * inputs
    for place, power in zip(chosen, part, strict=True):
        powers[place] = power
    return tuple(powers)


def polynomial(family: Family, germ: Value, degree: int) -> list[Value | float]:
    """As `univariate`, inside an equation."""
    plain: list[Value | float] = [1.0, germ]
    for n in range(1, degree):
        last, before = plain[n], plain[n - 1]
        if family == "legendre":
            plain.append((germ * last * float(2 * n + 1) - before * float(n)) * (1.0 / (n + 1)))
        else:
            plain.append(germ * last - before * float(n))
    return [one * float(norm) for one, norm in zip(plain, _norms(family, degree), strict=False)]
