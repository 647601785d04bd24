"""What may lie behind a sudden change: a few simple explanations, weighed by how well they predict what was measured.

Each explanation lets one thing change, by an amount nobody knows beforehand: fluid, the strength of the heart, the
tone of the vessels, or nothing but the scale. Its sensitivities say how cuff and scale would move, so each
explanation predicts a normal distribution of the change, and Bayes' rule compares them. The explanations and their
sizes are our choice; the probabilities are among these explanations only, and say nothing of one that is not in the
list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.worlds.heart.fisher import PARAMETERS, SENSITIVITIES

OBSERVED: Final = ("SBP", "DBP", "volume")
NOISE: Final[Mapping[str, float]] = MappingProxyType({"SBP": 5.0, "DBP": 4.0, "volume": 110.0})
"""Standard deviations of a change between two days, mmHg and ml of blood seen through the scale."""
BLOOD_PER_KILOGRAM: Final = 225.0
"""Millilitres of blood per kilogram of retained fluid: from memory, unverified."""


@final
@dataclass(frozen=True, slots=True)
class Explanation:
    """One thing that may have changed: a parameter's logarithm by about `spread`, or the scale by `kilograms`."""

    words: str
    parameter: str | None = None
    spread: float = 0.0
    kilograms: float = 0.0

    def covariance(self) -> NDArray[np.float64]:
        """Of the change that it predicts for what is observed."""
        own = np.diag([NOISE[name] ** 2 for name in OBSERVED])
        if self.parameter is not None:
            at = PARAMETERS.index(self.parameter)
            lean = np.array([SENSITIVITIES[name][at] for name in OBSERVED])
            own = own + self.spread**2 * np.outer(lean, lean)
        own[2, 2] += (self.kilograms * BLOOD_PER_KILOGRAM) ** 2
        return np.asarray(own)


EXPLANATIONS: Final = (
    Explanation("fluid", "SBV", 0.20),
    Explanation("a weaker heart", "Ees", 0.15),
    Explanation("tighter vessels", "SVR", 0.12),
    Explanation("the scale, clothes or another person", kilograms=1.5),
    Explanation("chance"),
)


REPEATED: Final = 0.3
"""The chance that a wrong weighing is followed by one that is wrong alike (our choice)."""


def weighed(*, systolic: float, diastolic: float, kilograms: float, weighings: int = 1) -> dict[str, float]:
    """The probability of each explanation of a change of cuff (mmHg) and scale (kg), most likely first.

    `weighings` is on how many mornings in a row the scale has moved the same way.

    >>> found = weighed(systolic=6.0, diastolic=4.0, kilograms=2.3, weighings=3)
    >>> next(iter(found)), found["fluid"] > 0.8
    ('fluid', True)
    """
    change = np.array([systolic, diastolic, BLOOD_PER_KILOGRAM * kilograms])
    evidence = {one.words: _log_density(change, one.covariance()) for one in EXPLANATIONS}
    for one in EXPLANATIONS:
        evidence[one.words] += (weighings - 1) * float(np.log(REPEATED)) if one.kilograms else 0.0
    best = max(evidence.values())
    weights = {words: float(np.exp(value - best)) for words, value in evidence.items()}
    total = sum(weights.values())
    return {words: weight / total for words, weight in sorted(weights.items(), key=lambda item: -item[1])}


def _log_density(change: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    _, determinant = np.linalg.slogdet(covariance)
    return float(-0.5 * (change @ np.linalg.solve(covariance, change) + determinant))


def sentence(probabilities: Mapping[str, float]) -> str:
    """The most likely explanation with its probability, among those that were weighed.

    >>> sentence({"fluid": 0.82, "a weaker heart": 0.18})
    'likely fluid (82 % among 2 explanations)'
    """
    words, share = next(iter(probabilities.items()))
    return f"likely {words} ({100 * share:.0f} % among {len(probabilities)} explanations)"
