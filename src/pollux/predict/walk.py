"""How a parameter that may change goes on changing: one walk, for filters and for forecasts."""

import math

import numpy as np

from pollux.clock import DAY
from pollux.columns.arrays import F64
from pollux.model.schema import Signal
from pollux.predict.learning import Learning


def walked(signal: Signal, numbers: F64, span: int, learning: Learning, rng: np.random.Generator) -> F64:
    r"""A parameter's numbers (members,) `span` nanoseconds later, by the walk that `learning` believes in.

    In the free units :math:`z` of its prior, with the drift :math:`q` of one day and the time :math:`\tau` in which it
    fades, over :math:`t` days,

    .. math:: z' = a z + q \sqrt{\tau (1 - a^2) / 2}\, \varepsilon, \quad a = e^{-t / \tau}

    which is :math:`z + q \sqrt{t}\, \varepsilon` where nothing fades. Numbers that neither drift nor fade are handed
    back as they are, and no luck is used up.

    Uhlenbeck, Ornstein 1930, Phys. Rev. 36:823.
    """
    drift, tau = learning.drift.get(signal.name, 0.0), learning.fading(signal.name)
    if signal.prior is None or span <= 0 or (not drift and math.isinf(tau)):
        return numbers
    days = span / DAY
    kept = math.exp(-days / tau)
    spread = drift * math.sqrt(days if math.isinf(tau) else tau / 2 * -math.expm1(-2 * days / tau))
    free = kept * signal.prior.to_free(numbers) + spread * rng.standard_normal(numbers.shape)
    return np.asarray(signal.prior.from_free(free), np.float64)
