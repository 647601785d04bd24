"""Minimise a smooth function whose gradient is known: L-BFGS."""

from collections.abc import Callable

import numpy as np

from pollux.columns.arrays import F64

MEMORY = 12
"""Pairs of steps and gradients that are remembered."""


def minimised(function: Callable[[F64], tuple[float, F64]], start: F64, *, iterations: int) -> tuple[F64, float]:
    """The place and value of a minimum near `start`; `function` gives value and gradient.

    Limited-memory BFGS with a backtracking search (Armijo); a pair without curvature is forgotten. It ends when the
    gradient is small, nothing gets better, or after so many iterations.

    Reference: J. Nocedal, S. J. Wright, Numerical optimization, Springer 2006, algorithms 3.1, 7.4 and 7.5.

    >>> place, value = minimised(lambda x: (float((x - 3) @ (x - 3)), 2 * (x - 3)), np.zeros(2), iterations=20)
    >>> place.round(6).tolist()
    [3.0, 3.0]
    """
    place = start.copy()
    value, gradient = function(place)
    pairs: list[tuple[F64, F64, float]] = []
    for _ in range(iterations):
        if not np.abs(gradient).max() > 1e-9 * max(1.0, abs(value)):
            break
        step = _searched(function, place, value, gradient, -_twice(gradient, pairs))
        if step is None:
            if not pairs:
                break
            pairs.clear()  # the memory misleads: once more along the gradient
            continue
        there, lower, slope = step
        _remember(pairs, there - place, slope - gradient)
        done = value - lower <= 1e-13 * max(1.0, abs(value))
        place, value, gradient = there, lower, slope
        if done:
            break
    return place, value


def _searched(
    function: Callable[[F64], tuple[float, F64]], place: F64, value: float, gradient: F64, direction: F64
) -> tuple[F64, float, F64] | None:
    """The first of ever shorter steps that goes down enough; None where none does."""
    down = float(direction @ gradient)
    if down >= 0.0:
        return None
    length = 1.0
    for _ in range(30):
        there = place + length * direction
        lower, slope = function(there)
        if np.isfinite(lower) and lower <= value + 1e-4 * length * down:
            return there, lower, slope
        length *= 0.5
    return None


def _twice(gradient: F64, pairs: list[tuple[F64, F64, float]]) -> F64:
    """The inverse Hessian of the memory times a gradient: the two loops."""
    q = gradient.copy()
    parts: list[float] = []
    for moved, turned, inverse in reversed(pairs):
        part = inverse * float(moved @ q)
        parts.append(part)
        q -= part * turned
    if pairs:
        moved, turned, _ = pairs[-1]
        q *= float(moved @ turned) / float(turned @ turned)
    else:
        q *= 1.0 / max(1.0, float(np.sqrt(q @ q)))
    for (moved, turned, inverse), part in zip(pairs, reversed(parts), strict=True):
        q += (part - inverse * float(turned @ q)) * moved
    return q


def _remember(pairs: list[tuple[F64, F64, float]], moved: F64, turned: F64) -> None:
    curvature = float(moved @ turned)
    if curvature > 1e-10 * float(np.sqrt(moved @ moved) * np.sqrt(turned @ turned)):
        pairs.append((moved, turned, 1.0 / curvature))
        del pairs[:-MEMORY]
