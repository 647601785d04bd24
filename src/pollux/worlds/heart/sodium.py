"""Sodium: what is eaten and not excreted stays, and water with it.

    dA/dt = I − k (A − A0)          first order (published: Walser, in Bie 2018, doi 10.1152/ajpregu.00363.2017)

A step of the intake has a half-time of 21 h and a gain of 1/k = 1.26 day; 140 mmol of sodium hold one litre of
extracellular fluid, about a fifth to a quarter of it plasma. In heart failure k falls and a diuretic raises it.
"""

from math import log
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

HALF_TIME_HOURS: Final = 21.0
RATE: Final = log(2) / HALF_TIME_HOURS * 24
"""k in 1/day (published half-time)."""
CONCENTRATION: Final = 140.0
"""Sodium of the extracellular fluid, mmol/l."""
PLASMA_SHARE: Final = 0.225
"""Plasma over extracellular fluid: between a fifth and a quarter; from memory, unverified."""


def excretion(excess, rate):
    """Sodium that leaves per day beyond the usual, for an excess over the set point; floats, arrays or values of a
    model.
    """
    return rate * excess


def step_response(intake: float, days: ArrayLike, *, rate: float = RATE) -> NDArray[np.float64]:
    """Sodium gained (mmol) `days` after the intake rose by `intake` mmol/day.

    >>> round(float(step_response(100.0, 60.0)))
    126
    """
    return intake / rate * (1.0 - np.exp(-rate * np.asarray(days, np.float64)))


def litres(sodium: ArrayLike) -> NDArray[np.float64]:
    """Extracellular fluid (l) that an amount of sodium (mmol) holds.

    >>> round(float(litres(126.0)), 2)
    0.9
    """
    return np.asarray(sodium, np.float64) / CONCENTRATION
