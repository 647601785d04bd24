"""From inputs to germs: independent numbers whose distribution has polynomials of its own.

An input with a uniform prior becomes a number between -1 and 1, any other the standard normal number behind it.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.model.functions import log
from pollux.model.priors import Prior, lognormal, normal, uniform
from pollux.model.value import Value
from pollux.simulate.sensitivity import Shifted

Family: TypeAlias = Literal["legendre", "hermite"]


def families(priors: Sequence[Prior]) -> tuple[Family, ...]:
    """The polynomials that belong to each input."""
    return tuple("legendre" if isinstance(one, uniform) else "hermite" for one in priors)


def germs(priors: Sequence[Prior], points: F64) -> F64:
    """The germs (points, inputs) of some points; NaN where a point is impossible under its prior.

    >>> germs([uniform(2, 4), normal(60, 12)], np.array([[3.5, 72.0]])).tolist()
    [[0.5, 1.0]]
    """
    return np.stack([_germ(prior, points[:, place]) for place, prior in enumerate(priors)], axis=1)


def _germ(prior: Prior, numbers: F64) -> F64:
    if isinstance(prior, uniform):
        return 2.0 * (numbers - prior.low) / (prior.high - prior.low) - 1.0
    free = prior.to_free(numbers)
    return np.where(np.isfinite(free), free, np.nan)


def germ_of(prior: Prior, number: Value) -> Value:
    """The germ of an input inside an equation; `number` has no unit.

    Raises SimulationError for a prior that has no formula in equations.
    """
    if isinstance(prior, uniform):
        return (number - prior.low) * (2.0 / (prior.high - prior.low)) - 1.0
    if isinstance(prior, Shifted):
        return (_free(prior.prior, number) - prior.centre) * (1.0 / prior.spread)
    return _free(prior, number)


def _free(prior: Prior, number: Value) -> Value:
    if isinstance(prior, normal):
        return (number - prior.centre) * (1.0 / prior.spread)
    if isinstance(prior, lognormal):
        return log(number * (1.0 / prior.median)) * (1.0 / prior.spread)
    if isinstance(prior, uniform):
        return log((number - prior.low) / (prior.high - number))
    raise SimulationError(f"expected a prior with a formula, got {prior!r}", at="Surrogate.expression")
