"""Reckoning with live numbers: an expression of the graph over what is known, with uncertainty, age and quality."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, I64
from pollux.columns.links import Links
from pollux.columns.worth import DECLARED, Worth, gathered, together
from pollux.errors import ModelError
from pollux.model.evaluate import OUTSIDE, evaluate
from pollux.model.graph import Expr
from pollux.model.walk import topological

Spread: TypeAlias = Callable[[], F64]
"""Gives standard deviations, when they are asked for."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Gathering:
    """How numbers of linked twins go back to the twins that link them: number i belongs to `links.source[i]`.

    `rows` is the number of rows of the linking block, `chosen` the ones that are looked at.
    """

    links: Links
    rows: int
    chosen: I64 | int


@final
@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Numbers that are known at one moment: shape () for one twin, (twins,) for several."""

    numbers: NDArray[Any]
    worth: Worth
    spread: Spread
    gathering: Gathering | None = None


def certain(numbers: NDArray[Any]) -> Known:
    """Numbers without doubt: constants, and what the caller says."""
    return Known(numbers, DECLARED, lambda: np.zeros(()))


def reckoned(expr: Expr, leaf: Callable[[Expr], Known]) -> Known:
    """The numbers of an expression; `leaf` knows its signals and whatever else comes from outside of it."""
    known = {one: leaf(one) for one in topological([expr]) if one.op in OUTSIDE}
    numbers = evaluate(expr, lambda one: known[one].numbers)
    worth = together([one.worth for one in known.values()])
    return Known(numbers, worth, lambda: _propagated(expr, known), _common(list(known.values())))


def _propagated(expr: Expr, known: dict[Expr, Known]) -> F64:
    r"""Standard deviations to first order, $\sigma^2 = \sum_i (\partial f/\partial x_i)^2 \sigma_i^2$.

    The slope along each $x_i$ is taken over one standard deviation to either side.
    """
    variance: F64 = np.zeros(())
    if expr.is_condition:
        return variance
    for leaf, one in known.items():
        sigma = one.spread()
        if np.any(sigma != 0.0):
            above, below = (_moved(expr, known, leaf, sigma * side) for side in (1.0, -1.0))
            with np.errstate(all="ignore"):
                variance = variance + (0.5 * (above - below)) ** 2
    return np.sqrt(variance)


def _moved(expr: Expr, known: dict[Expr, Known], leaf: Expr, by: F64) -> NDArray[Any]:
    return evaluate(expr, lambda one: known[one].numbers + by if one is leaf else known[one].numbers)


def _common(known: list[Known]) -> Gathering | None:
    found = [one.gathering for one in known if one.gathering is not None]
    if any(one.links is not found[0].links for one in found):
        raise ModelError("expected values of one link, got those of several", hint="add up the px.total of each")
    return found[0] if found else None


def summed(known: Known) -> Known:
    """For each twin that is looked at, the sum of the numbers of those it links; deviations as if independent."""
    if known.gathering is None:
        raise ModelError("expected values of linked twins, got own ones", hint="px.total(self.rooms.power)")
    links, rows, chosen = known.gathering.links, known.gathering.rows, known.gathering.chosen

    def spread() -> F64:
        variance = np.broadcast_to(known.spread(), len(links)) ** 2
        return np.sqrt(links.total(variance, rows=rows)[chosen])

    numbers = np.broadcast_to(known.numbers, len(links)).astype(np.float64)
    worth = gathered(known.worth, links.source, rows)
    return Known(np.asarray(links.total(numbers, rows=rows)[chosen]), worth.at(chosen), spread)
