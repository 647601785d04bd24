"""What is believed of a number before it is learnt: `normal`, `lognormal`, `uniform`.

Each prior maps its numbers one to one onto the whole real line ("free" numbers), so that filters and calibration can
move without meeting a bound: `to_free`, `from_free`, and the mean and spread that the free numbers have.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pollux.errors import ModelError
from pollux.model.quantile import standard_normal_quantile
from pollux.model.value import Floats

_LOG_SQRT_2PI: Final = 0.5 * math.log(2.0 * math.pi)


class Prior(ABC):
    """A distribution of one number, in the unit of the signal that carries it."""

    __slots__ = ()

    @property
    @abstractmethod
    def mean(self) -> float:
        """The expected number."""

    @property
    @abstractmethod
    def sigma(self) -> float:
        """The standard deviation."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The least and the greatest number that is possible."""

    @property
    @abstractmethod
    def free_sigma(self) -> float:
        """The standard deviation of the free numbers; their mean is zero."""

    @abstractmethod
    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        """Numbers drawn from it, of this shape."""

    @abstractmethod
    def quantile(self, level: ArrayLike) -> Floats:
        """The numbers below which it lies with these probabilities: uniform levels give numbers drawn from it."""

    @abstractmethod
    def log_density(self, number: ArrayLike) -> Floats:
        """The logarithm of the density at each number; minus infinity outside the support."""

    @abstractmethod
    def to_free(self, number: ArrayLike) -> Floats:
        """The free numbers that belong to these."""

    @abstractmethod
    def from_free(self, free: ArrayLike) -> Floats:
        """The numbers that belong to these free ones: the inverse of `to_free`."""

    @abstractmethod
    def told_in(self, factor: float, offset: float) -> "Prior":
        """The prior of `factor * number + offset`: the same belief in another unit."""


class StandardFree(Prior):
    """A prior whose free numbers are standard normal: their mean is zero, their standard deviation one."""

    __slots__ = ()

    @property
    def free_sigma(self) -> float:
        return 1.0

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        return self.from_free(generator.standard_normal(shape))

    def quantile(self, level: ArrayLike) -> Floats:
        return self.from_free(standard_normal_quantile(level))


@final
@dataclass(frozen=True, slots=True)
class normal(StandardFree):
    """A number around `centre`, give or take `spread` (one standard deviation).

    >>> normal(60, 12).mean, float(normal(60, 12).to_free(72))
    (60.0, 1.0)
    """

    centre: float
    spread: float

    def __post_init__(self) -> None:
        _expect("a spread above zero", self.spread > 0, self)

    @property
    def mean(self) -> float:
        return float(self.centre)

    @property
    def sigma(self) -> float:
        return float(self.spread)

    @property
    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    def log_density(self, number: ArrayLike) -> Floats:
        return -0.5 * self.to_free(number) ** 2 - math.log(self.spread) - _LOG_SQRT_2PI

    def to_free(self, number: ArrayLike) -> Floats:
        return (_floats(number) - self.centre) / self.spread

    def from_free(self, free: ArrayLike) -> Floats:
        return self.centre + self.spread * _floats(free)

    def told_in(self, factor: float, offset: float) -> "normal":
        return normal(self.centre * factor + offset, self.spread * abs(factor))


@final
@dataclass(frozen=True, slots=True)
class lognormal(StandardFree):
    r"""A positive number with median `median`; its logarithm is normal with standard deviation `spread`.

    $x = m\,e^{s z}$ with $z$ standard normal, so a spread of 0.1 is about ten percent; the mean is $m\,e^{s^2/2}$.

    Raises ModelError for a median or a spread that is not above zero, and in a unit with a zero of its own.

    >>> round(lognormal(100, 0.1).mean, 3), float(lognormal(100, 0.1).from_free(0))
    (100.501, 100.0)
    """

    median: float
    spread: float

    def __post_init__(self) -> None:
        _expect("a median above zero", self.median > 0, self)
        _expect("a spread above zero", self.spread > 0, self)

    @property
    def mean(self) -> float:
        return self.median * math.exp(0.5 * self.spread**2)

    @property
    def sigma(self) -> float:
        return self.mean * math.sqrt(math.expm1(self.spread**2))

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    def log_density(self, number: ArrayLike) -> Floats:
        numbers = _floats(number)
        with np.errstate(all="ignore"):
            density = -0.5 * self.to_free(numbers) ** 2 - math.log(self.spread) - _LOG_SQRT_2PI - np.log(numbers)
        return np.where(numbers > 0, density, -np.inf)

    def to_free(self, number: ArrayLike) -> Floats:
        with np.errstate(all="ignore"):
            return np.log(_floats(number) / self.median) / self.spread

    def from_free(self, free: ArrayLike) -> Floats:
        return self.median * np.exp(self.spread * _floats(free))

    def told_in(self, factor: float, offset: float) -> "lognormal":
        if offset:
            raise ModelError("expected K, got a lognormal in a unit with a zero of its own", hint="declare it in K")
        return lognormal(self.median * factor, self.spread)


@final
@dataclass(frozen=True, slots=True)
class uniform(Prior):
    r"""Any number between `low` and `high`, all as likely; the free numbers are $\log(u/(1-u))$ of its place $u$.

    >>> uniform(2, 4).mean, float(uniform(2, 4).from_free(0.0))
    (3.0, 3.0)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _expect("low below high", -math.inf < self.low < self.high < math.inf, self)

    @property
    def mean(self) -> float:
        return 0.5 * (self.low + self.high)

    @property
    def sigma(self) -> float:
        return (self.high - self.low) / math.sqrt(12.0)

    @property
    def support(self) -> tuple[float, float]:
        return float(self.low), float(self.high)

    @property
    def free_sigma(self) -> float:
        return math.pi / math.sqrt(3.0)

    def sample(self, generator: np.random.Generator, shape: int | tuple[int, ...]) -> Floats:
        return generator.uniform(self.low, self.high, shape)

    def quantile(self, level: ArrayLike) -> Floats:
        levels = _floats(level)
        inside = (levels >= 0.0) & (levels <= 1.0)
        return np.where(inside, self.low + (self.high - self.low) * levels, np.nan)

    def log_density(self, number: ArrayLike) -> Floats:
        numbers = _floats(number)
        inside = (numbers >= self.low) & (numbers <= self.high)
        return np.where(inside, -math.log(self.high - self.low), -np.inf)

    def to_free(self, number: ArrayLike) -> Floats:
        numbers = _floats(number)
        with np.errstate(all="ignore"):
            return np.log((numbers - self.low) / (self.high - numbers))

    def from_free(self, free: ArrayLike) -> Floats:
        # tanh keeps its accuracy and never overflows, whatever the free number.
        return self.low + (self.high - self.low) * 0.5 * (1.0 + np.tanh(0.5 * _floats(free)))

    def told_in(self, factor: float, offset: float) -> "uniform":
        ends = sorted((self.low * factor + offset, self.high * factor + offset))
        return uniform(ends[0], ends[1])


def _floats(number: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(number, dtype=np.float64)


def _expect(what: str, holds: bool, got: Any) -> None:
    if not holds:
        raise ModelError(
            f"expected {what}, got {got}", hint="priors: normal(60, 12), lognormal(8e-9, 0.1), uniform(0, 1)"
        )
