r"""Monotone cubic curves through points: smooth between them, and without a swing that the points do not have.

In the interval $[x_i, x_{i+1}]$ of width $h_i$ and secant $\Delta_i$ the curve is the cubic with the values $y_i$ and
$y_{i+1}$ and the slopes $d_i$ and $d_{i+1}$ at its ends. The slopes begin as those of the parabola through three
points, zero where the points turn round; where $\alpha = d_i/\Delta_i$ and $\beta = d_{i+1}/\Delta_i$ leave the circle
$\alpha^2 + \beta^2 \le 9$, both are scaled back onto it. So the curve rises exactly where the points rise, and its
slope is continuous. Beyond the ends it is level: there the slope jumps to zero.

F. N. Fritsch, R. E. Carlson, Monotone Piecewise Cubic Interpolation, SIAM J. Numer. Anal. 17:238 (1980).
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]
"""The xs, increasing, and the ys."""

_RADIUS: Final = 3.0


@final
class Cubic(NamedTuple):
    r"""One interval: $y_0 + t (c_1 + t (c_2 + t c_3))$ for $t = x - x_0$ from 0 to `width`."""

    x0: float
    width: float
    y0: float
    c1: float
    c2: float
    c3: float


@lru_cache(maxsize=256)
def cubics(points: Points) -> tuple[Cubic, ...]:
    """The cubics of a curve, one for each interval.

    >>> cubics(((0.0, 1.0, 3.0), (0.0, 1.0, 3.0)))[1]
    Cubic(x0=1.0, width=2.0, y0=1.0, c1=1.0, c2=0.0, c3=0.0)
    """
    xs, ys = points
    widths = [x1 - x0 for x0, x1 in pairwise(xs)]
    secants = [(y1 - y0) / width for (y0, y1), width in zip(pairwise(ys), widths, strict=True)]
    slopes = _slopes(widths, secants)
    return tuple(
        Cubic(x0, width, y0, d0, (3.0 * secant - 2.0 * d0 - d1) / width, (d0 + d1 - 2.0 * secant) / width**2)
        for x0, y0, width, secant, (d0, d1) in zip(xs, ys, widths, secants, pairwise(slopes), strict=False)
    )


def smooth(points: Points, x: NDArray[Any]) -> NDArray[Any]:
    """The heights of a curve at x, in whatever shape x has; NaN stays NaN.

    >>> smooth(((0.0, 1.0), (0.0, 2.0)), np.array([-5.0, 0.5, 9.0])).tolist()
    [0.0, 1.0, 2.0]
    """
    x0, width, y0, c1, c2, c3 = _table(points)
    at = np.clip(np.searchsorted(x0, x, side="right") - 1, 0, len(x0) - 1)
    t = np.clip(x - x0[at], 0.0, width[at])
    found: NDArray[Any] = y0[at] + t * (c1[at] + t * (c2[at] + t * c3[at]))
    return found


@lru_cache(maxsize=256)
def _table(points: Points) -> NDArray[np.float64]:
    """The cubics as columns, (6, intervals)."""
    table = np.array(cubics(points)).T
    table.flags.writeable = False
    return table


def _slopes(widths: list[float], secants: list[float]) -> list[float]:
    """The slope at each point."""
    if len(secants) == 1:
        return [secants[0], secants[0]]
    first = _end(widths[0], widths[1], secants[0], secants[1])
    last = _end(widths[-1], widths[-2], secants[-1], secants[-2])
    inner = [
        (h1 * s0 + h0 * s1) / (h0 + h1) if s0 * s1 > 0.0 else 0.0
        for (h0, h1), (s0, s1) in zip(pairwise(widths), pairwise(secants), strict=True)
    ]
    slopes = [first, *inner, last]
    for place, secant in enumerate(secants):
        slopes[place : place + 2] = _within(slopes[place], slopes[place + 1], secant)
    return slopes


def _end(near: float, far: float, secant: float, next_secant: float) -> float:
    """The slope at an end of the parabola through three points, zero where it would point the other way."""
    slope = ((2.0 * near + far) * secant - near * next_secant) / (near + far)
    return slope if slope * secant > 0.0 else 0.0


def _within(left: float, right: float, secant: float) -> tuple[float, float]:
    """Two slopes for which the cubic between them is monotone."""
    if secant == 0.0:
        return 0.0, 0.0
    size = math.hypot(left / secant, right / secant)
    scale = min(1.0, _RADIUS / size) if size else 1.0
    return left * scale, right * scale
