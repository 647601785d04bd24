"""What wearables can tell: the posterior of the circulation's parameters from what is measured (Fisher information).

    posterior covariance = inverse of ( diag(1 / prior²) + Σ J_i J_iᵀ / s_i² )

Parameters are logarithms, `J_i` the sensitivity of observation i to them. The table of sensitivities is of the stable
patient of the circulation model, by central differences (reproduced; `sensitivities` of a model replaces it).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

PARAMETERS: Final = ("Ees", "alpha", "EesR", "SVR", "PVR", "SBV", "C_art")
PRIOR: Final = np.array([0.30, 0.20, 0.30, 0.25, 0.40, 0.15, 0.30])
"""Prior standard deviations of the logarithms (our choice)."""

SENSITIVITIES: Final[Mapping[str, NDArray[np.float64]]] = MappingProxyType(
    {
        "SBP": np.array([67.96, -91.14, 16.74, 32.44, -5.01, 24.56, -11.97]),
        "DBP": np.array([33.76, -43.86, 4.72, 49.01, -2.30, 20.03, 24.89]),
        "CO": np.array([2.75, -3.70, 1.08, -1.76, -0.23, 0.34, 0.51]),
        "mPAP": np.array([-8.62, 13.61, 19.16, 4.81, 1.50, 17.69, -2.35]),
        "EF": np.array([21.24, -0.90, 1.95, -13.34, -0.18, -2.64, 4.17]),
        "EDV": np.array([-28.41, -161.34, 34.78, 16.45, -9.20, 34.60, -6.73]),
        "LAP": np.array([-13.90, 20.73, 17.08, 8.18, -4.33, 17.01, -3.34]),
        "CVP": np.array([3.47, -3.00, -7.82, -2.80, 0.31, 16.16, 0.05]),
        "volume": np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1865.62, 0.0]),
    }
)
"""d(observation) / d(ln parameter): mmHg, l/min, per cent, ml."""

WEEK: Final = 7
NOISE: Final[Mapping[str, float]] = MappingProxyType(
    {
        "SBP": 5 / WEEK**0.5,
        "DBP": 4 / WEEK**0.5,
        "CO": 0.7 / WEEK**0.5,
        "volume": 250 / WEEK**0.5,
        "EF": 5.0,
        "EDV": 25.0,
        "mPAP": 2.0,
        "CVP": 2.0,
    }
)
"""Standard deviations: a week of daily readings averaged for cuff, output and scale; one reading of the others."""

SETS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "prior": (),
        "cuff": ("SBP", "DBP"),
        "cuff, weight": ("SBP", "DBP", "volume"),
        "cuff, weight, output": ("SBP", "DBP", "volume", "CO"),
        "cuff, weight, echo": ("SBP", "DBP", "volume", "EF", "EDV"),
        "cuff, weight, PA pressure": ("SBP", "DBP", "volume", "mPAP"),
        "all": ("SBP", "DBP", "volume", "CO", "EF", "EDV", "mPAP", "CVP"),
    }
)
"""Sets of measurements by what the patient has at home or had once."""


@final
@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known after the measurements: the covariance of the logarithms of `PARAMETERS`."""

    covariance: NDArray[np.float64]

    def deviation(self, parameter: str) -> float:
        """Standard deviation of the logarithm of a parameter."""
        at = PARAMETERS.index(parameter)
        return float(np.sqrt(self.covariance[at, at]))

    def predicted(self, sensitivity: NDArray[np.float64]) -> float:
        """Standard deviation of an observation that was not made, in its own unit."""
        return float(np.sqrt(sensitivity @ self.covariance @ sensitivity))


def posterior(
    observations: Iterable[str],
    sensitivities: Mapping[str, NDArray[np.float64]] = SENSITIVITIES,
    *,
    prior: NDArray[np.float64] = PRIOR,
) -> Posterior:
    """The posterior after the named observations.

    >>> known = posterior(SETS["cuff, weight"])
    >>> round(known.deviation("SBV"), 2), round(known.predicted(SENSITIVITIES["LAP"]), 1)
    (0.05, 7.4)
    """
    information = np.diag(prior**-2.0)
    for name in observations:
        information = information + np.outer(sensitivities[name], sensitivities[name]) / NOISE[name] ** 2
    return Posterior(np.asarray(np.linalg.inv(information), np.float64))
