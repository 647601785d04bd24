"""S(−)-carvedilol: two compartments, absorption in phases, and its effect on the heart rate.

Kinetics (published: Othman 2007, AAPS J 9:E208): CL/F 149 l/h, Vc/F 828 l, Vp/F 1150 l, Q/F 94.7 l/h. Immediate
release: lag 0.20 h, ka 0.92 then (after 1 h) 8.79 1/h in the morning, 0.42 then 3.0 in the evening with F 0.80.
Controlled release: lag 0.23 h, ka 0.08, 0.27, 3.5 1/h at 0-2, 2-4, over 4 h, F 0.76. The dose is half the racemate:
25 mg by mouth are 12.5 mg S.

Effect on the exercise heart rate (published: abstract of the controlled-release study): ΔHR = −19.2 C / (7.7 + C), C
in ng/ml.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

CLEARANCE: Final = 149.0
CENTRAL: Final = 828.0
PERIPHERAL: Final = 1150.0
EXCHANGE: Final = 94.7
EFFECT_LARGEST: Final = 19.2
EFFECT_HALF: Final = 7.7


@final
@dataclass(frozen=True, slots=True)
class Release:
    """How a formulation is absorbed: lag (h), the share that arrives, and ka (1/h) from each hour after the lag on."""

    lag: float
    share: float
    phases: tuple[tuple[float, float], ...]


MORNING: Final = Release(0.20, 1.0, ((0.0, 0.92), (1.0, 8.79)))
EVENING: Final = Release(0.20, 0.80, ((0.0, 0.42), (1.0, 3.0)))
CONTROLLED: Final = Release(0.23, 0.76, ((0.0, 0.08), (2.0, 0.27), (4.0, 3.5)))


def slowing(concentration: ArrayLike) -> NDArray[np.float64]:
    """Change of the exercise heart rate, 1/min, at a plasma concentration of S-carvedilol in ng/ml.

    >>> round(float(slowing(7.7)), 1)
    -9.6
    """
    c = np.asarray(concentration, np.float64)
    return -EFFECT_LARGEST * c / (EFFECT_HALF + c)


@final
@dataclass(frozen=True, slots=True)
class Course:
    """Plasma concentration (ng/ml) of one dose at `hours`, and the area under it so far (ng h/ml)."""

    hours: NDArray[np.float64]
    concentration: NDArray[np.float64]
    area: NDArray[np.float64]


def course(milligrams_s: float, release: Release, *, until: float = 240.0, step: float = 0.05) -> Course:
    """Follow one dose exactly: within a phase the system is linear, so each step is a matrix exponential.

    >>> dose = course(12.5, MORNING)
    >>> round(float(dose.area[-1]), 2)                       # dose over clearance
    83.89
    """
    starts = [start + release.lag for start, _ in release.phases]
    amounts = np.array([1000.0 * milligrams_s * release.share, 0.0, 0.0, 0.0])
    hours, states = [np.array([0.0])], [amounts[None]]
    for (start, end), (_, ka) in zip(pairwise([*starts, until]), release.phases, strict=True):
        grid, path = _phase(amounts, ka, end - start, step)
        hours.append(start + grid)
        states.append(path)
        amounts = path[-1]
    path = np.concatenate(states)
    return Course(np.concatenate(hours), path[:, 1] / CENTRAL, path[:, 3])


def _phase(
    amounts: NDArray[np.float64], ka: float, length: float, step: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amounts (µg) in gut, centre and periphery, and the area, on a uniform grid of one phase; its end included."""
    steps = max(1, round(length / step))
    advance = _exponential(_rates(ka) * (length / steps))
    path = np.empty((steps + 1, 4))
    path[0] = amounts
    for i in range(steps):
        path[i + 1] = advance @ path[i]
    return np.linspace(0.0, length, steps + 1), path


def _rates(ka: float) -> NDArray[np.float64]:
    out, there, back = CLEARANCE / CENTRAL, EXCHANGE / CENTRAL, EXCHANGE / PERIPHERAL
    return np.array(
        [
            [-ka, 0.0, 0.0, 0.0],
            [ka, -out - there, back, 0.0],
            [0.0, there, -back, 0.0],
            [0.0, 1.0 / CENTRAL, 0.0, 0.0],
        ]
    )


def _exponential(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(matrix) by scaling, a Taylor series of 12 terms, and squaring."""
    squarings = max(0, int(np.ceil(np.log2(max(np.abs(matrix).sum(axis=1).max(), 1e-300)))) + 3)
    term = total = np.eye(len(matrix))
    for k in range(1, 13):
        term = term @ matrix / (k * 2.0**squarings)
        total = total + term
    return np.asarray(np.linalg.matrix_power(total, 2**squarings))
