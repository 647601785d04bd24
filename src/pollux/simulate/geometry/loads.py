"""What acts on a structure, what holds it and what is seen of it: values that a `Structure` is made of."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import ModelError
from pollux.model.amounts import Amount, amount
from pollux.model.units import unit
from pollux.simulate.geometry.reduced import Reduced
from pollux.simulate.geometry.solid import AXES

Point: TypeAlias = tuple[Amount, Amount, Amount]
Direction: TypeAlias = str | tuple[float, float, float]

HELD: Final = {"x": 0, "y": 1, "z": 2}


@final
@dataclass(frozen=True, slots=True)
class Force:
    """A force in N in a `direction`, spread evenly over a surface."""

    surface: str
    direction: Direction


@final
@dataclass(frozen=True, slots=True)
class Pressure:
    """A pressure in Pa on a surface, against its outward normal."""

    surface: str


@final
@dataclass(frozen=True, slots=True)
class Acceleration:
    """An acceleration in m/s**2 that the whole mass feels: gravity in its direction, or a shaken base against it."""

    direction: Direction


@final
@dataclass(frozen=True, slots=True)
class Warming:
    """A rise of the temperature in K, the same in the whole body, which expands by it."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Warmed:
    """The temperatures of a reduced body with heat in the same solid, which expands as unevenly as it is warm.

    Inputs are its modes and its own inputs; a part of the one gives them to a part of the other with `warmth`.
    """

    by: Reduced

    def __repr__(self) -> str:
        return f"Warmed({self.by.digest})"


Load: TypeAlias = Force | Pressure | Acceleration | Warming | Warmed


@final
@dataclass(frozen=True, slots=True)
class Displacement:
    """Metres in a `direction`: the mean over a surface by its name, or at the node nearest to a point."""

    at: str | Point
    direction: Direction


@final
@dataclass(frozen=True, slots=True)
class Stress:
    """Von Mises' stress in Pa at the corner of a cell nearest to a point."""

    at: Point


@final
@dataclass(frozen=True, slots=True)
class PeakStress:
    """The greatest von Mises' stress in Pa among a few `spots`.

    The spots are where loads, one at a time and at rest, bring the greatest stress: an estimate of the peak from below.
    """

    spots: int = 3


Output: TypeAlias = Displacement | Stress | PeakStress


@final
@dataclass(frozen=True, slots=True)
class Rayleigh:
    r"""Damping $C = \alpha M + \beta K$: `mass` is $\alpha$ in 1/s, `stiffness` is $\beta$ in s.

    Raises ModelError for what would drive instead of damp.

    >>> Rayleigh.ratio(0.02, between=("10 Hz", "100 Hz")).of(2 * math.pi * 10)
    0.02
    """

    mass: float = 0.0
    stiffness: float = 0.0

    def __post_init__(self) -> None:
        if min(self.mass, self.stiffness) < 0.0 or not math.isfinite(self.mass + self.stiffness):
            raise ModelError(f"expected damping of zero or more, got {self.mass} 1/s and {self.stiffness} s")

    @staticmethod
    def ratio(ratio: float, *, between: tuple[Amount, Amount]) -> "Rayleigh":
        """The damping with this ratio at two frequencies (a bare number is in Hz), a little less between them."""
        low, high = (2.0 * math.pi * amount(one, unit("Hz")) for one in between)
        return Rayleigh(2.0 * ratio * low * high / (low + high), 2.0 * ratio / (low + high))

    def of(self, angular: float) -> float:
        r"""The damping ratio $\zeta = \alpha/(2\omega) + \beta\omega/2$ at an angular frequency in rad/s."""
        return self.mass / (2.0 * angular) + self.stiffness * angular / 2.0


def along(direction: Direction) -> F64:
    """A direction as a unit vector; raises ModelError for one without length."""
    known: Sequence[float] | None = AXES.get(direction) if isinstance(direction, str) else direction
    if known is None or len(known) != 3 or not 0.0 < float(np.linalg.norm(known)) < math.inf:
        raise ModelError(f"expected one of {', '.join(AXES)} or three numbers, got {direction!r}", at="direction")
    vector = np.asarray(known, np.float64)
    found: F64 = vector / np.linalg.norm(vector)
    return found


def metres(point: Point) -> F64:
    """A point in metres."""
    return np.array([amount(one, unit("m")) for one in point])


def components(held: str, surface: str) -> tuple[int, ...]:
    """The components that a support holds, such as `"xyz"` or `"z"`; raises ModelError for other letters."""
    if not held or any(one not in HELD for one in held):
        raise ModelError(f"expected some of x, y and z, got {held!r}", at=f"support of {surface!r}", hint='"xyz"')
    return tuple(HELD[one] for one in held)
