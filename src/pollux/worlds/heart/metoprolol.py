"""Metoprolol 50 mg: one compartment, absorbed more slowly than it is cleared (flip-flop).

    C(t) = (Dose / V) ka / (ka − ke) (exp(−ke s) − exp(−ka s)),   s = t − lag,   ke = CL / V

Published: Eugene 2016, PMC4959610: V 38 l, CL 105 (men) and 59.1 (women) l/h, ka 0.235 1/h, lag 0.469 h.
"""

from dataclasses import dataclass
from math import log
from typing import Final, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

VOLUME: Final = 38.0
ABSORPTION: Final = 0.235
LAG: Final = 0.469


@final
@dataclass(frozen=True, slots=True)
class Metoprolol:
    """One oral dose of `milligrams`; `clearance` in l/h.

    >>> round(MAN.peak, 1), round(MAN.peak_time, 2), round(MAN.area, 1)
    (89.0, 1.44, 476.2)
    """

    clearance: float
    milligrams: float = 50.0

    @property
    def elimination(self) -> float:
        """ke, 1/h."""
        return self.clearance / VOLUME

    def concentration(self, hours: ArrayLike) -> NDArray[np.float64]:
        """Plasma concentration, ng/ml, `hours` after the dose."""
        s = np.maximum(np.asarray(hours, np.float64) - LAG, 0.0)
        ke = self.elimination
        scale = 1000.0 * self.milligrams / VOLUME * ABSORPTION / (ABSORPTION - ke)
        return scale * (np.exp(-ke * s) - np.exp(-ABSORPTION * s))

    @property
    def peak_time(self) -> float:
        """Hours from dose to peak."""
        return LAG + log(self.elimination / ABSORPTION) / (self.elimination - ABSORPTION)

    @property
    def peak(self) -> float:
        """Peak concentration, ng/ml."""
        return float(self.concentration(self.peak_time))

    @property
    def area(self) -> float:
        """Area under the curve to infinity, ng h/ml: dose over clearance."""
        return 1000.0 * self.milligrams / self.clearance


MAN: Final = Metoprolol(clearance=105.0)
WOMAN: Final = Metoprolol(clearance=59.1)
