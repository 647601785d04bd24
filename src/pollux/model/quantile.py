"""The quantile function of the standard normal distribution, for arrays."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from pollux.model.value import Floats

_Polynomial: TypeAlias = tuple[float, ...]
_Ratio: TypeAlias = tuple[_Polynomial, _Polynomial]

# Highest power first, numerator and denominator.
CENTRE: Final[_Ratio] = (
    (
        2509.0809287301226727,
        33430.575583588128105,
        67265.770927008700853,
        45921.953931549871457,
        13731.693765509461125,
        1971.5909503065514427,
        133.14166789178437745,
        3.3871328727963666080,
    ),
    (
        5226.4952788528545610,
        28729.085735721942674,
        39307.895800092710610,
        21213.794301586595867,
        5394.1960214247511077,
        687.18700749205790830,
        42.313330701600911252,
        1.0,
    ),
)
SHOULDER: Final[_Ratio] = (
    (
        7.74545014278341407640e-4,
        0.0227238449892691845833,
        0.241780725177450611770,
        1.27045825245236838258,
        3.64784832476320460504,
        5.76949722146069140550,
        4.63033784615654529590,
        1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        0.0151986665636164571966,
        0.148103976427480074590,
        0.689767334985100004550,
        1.67638483018380384940,
        2.05319162663775882187,
        1.0,
    ),
)
TAIL: Final[_Ratio] = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        0.0265321895265761230930,
        0.296560571828504891230,
        1.78482653991729133580,
        5.46378491116411436990,
        6.65790464350110377720,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        0.0148753612908506148525,
        0.136929880922735805310,
        0.599832206555887937690,
        1.0,
    ),
)


def standard_normal_quantile(level: ArrayLike) -> Floats:
    """The number below which a standard normal one lies with probability `level`, to sixteen digits.

    Rational approximations in three ranges. Infinite at 0 and 1, NaN outside.

    Reference: M. J. Wichura, Algorithm AS 241: the percentage points of the normal distribution, Applied Statistics 37
    (1988) 477-484.

    >>> float(standard_normal_quantile(0.5)), round(float(standard_normal_quantile(0.975)), 6)
    (0.0, 1.959964)
    """
    p = np.asarray(level, dtype=np.float64)
    q = p - 0.5
    with np.errstate(all="ignore"):
        r = np.sqrt(-np.log(np.minimum(p, 1.0 - p)))
        tails = np.copysign(np.where(r <= 5.0, _ratio(SHOULDER, r - 1.6), _ratio(TAIL, r - 5.0)), q)
        inside = np.where(np.abs(q) <= 0.425, q * _ratio(CENTRE, 0.180625 - q * q), tails)
    return np.where((p == 0.0) | (p == 1.0), np.copysign(np.inf, q), np.where((p < 0.0) | (p > 1.0), np.nan, inside))


def _ratio(polynomials: _Ratio, x: Floats) -> Floats:
    above, below = (np.polyval(np.array(one), x) for one in polynomials)
    return np.asarray(above / below)
