"""A prior after something was learnt: another middle and another spread, within the same bounds."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from pollux.model.priors import Prior, StandardFree, lognormal, normal
from pollux.model.value import Floats

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)


@final
@dataclass(frozen=True, slots=True)
class Shifted(StandardFree):
    r"""A number whose free number under `prior` is normal with mean `centre` and standard deviation `spread`.

    $x = f(c + s z)$ with $z$ standard normal and $f$ the prior's own way from free numbers: what an ensemble or a
    sensor knows of a number, which stays possible.

    >>> from pollux.model.priors import uniform
    >>> learnt = Shifted(uniform(0, 1), 0.0, 0.1)
    >>> round(learnt.mean, 3), round(learnt.sigma, 3)
    (0.5, 0.025)
    """

    prior: Prior
    centre: float
    spread: float

    @property
    def mean(self) -> float:
        return float(self.from_free(_NODES) @ _WEIGHTS / _WEIGHTS.sum())

    @property
    def sigma(self) -> float:
        away = self.from_free(_NODES) - self.mean
        return float(np.sqrt(away**2 @ _WEIGHTS / _WEIGHTS.sum()))

    @property
    def support(self) -> tuple[float, float]:
        return self.prior.support

    def log_density(self, number: ArrayLike) -> Floats:
        free = self.to_free(number)
        step = 1e-5
        with np.errstate(all="ignore"):
            slope = (self.from_free(free + step) - self.from_free(free - step)) / (2.0 * step)
            density = -0.5 * free**2 - 0.5 * np.log(2.0 * np.pi) - np.log(slope)
        return np.where(np.isfinite(free), density, -np.inf)

    def to_free(self, number: ArrayLike) -> Floats:
        return (self.prior.to_free(number) - self.centre) / self.spread

    def from_free(self, free: ArrayLike) -> Floats:
        return self.prior.from_free(self.centre + self.spread * np.asarray(free, np.float64))

    def told_in(self, factor: float, offset: float) -> "Shifted":
        # A falling scale turns the free numbers of a normal and a uniform prior over.
        turn = -1.0 if factor < 0 else 1.0
        return Shifted(self.prior.told_in(factor, offset), turn * self.centre, self.spread)


def shifted(prior: Prior, centre: float, spread: float) -> Prior:
    """What is believed where the free number under a prior is normal with this centre and spread.

    >>> from pollux.model.priors import normal
    >>> shifted(normal(60, 12), 0.5, 0.1)
    normal(centre=66.0, spread=1.2000000000000002)
    """
    if isinstance(prior, normal):
        return normal(prior.centre + prior.spread * centre, prior.spread * spread)
    if isinstance(prior, lognormal):
        return lognormal(float(prior.from_free(centre)), prior.spread * spread)
    return Shifted(prior, centre, spread)
