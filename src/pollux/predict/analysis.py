"""One analysis step of an ensemble Kalman filter: a forecast ensemble meets measurements."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.errors import SimulationError

F64 = NDArray[np.float64]

LEAST: Final = 4
"""With fewer members nothing is left to judge a correlation by when one is put aside."""
DOUBTED: Final = 2.0
"""A regression on a measurement counts for nothing below so many of its own standard errors."""
FAR: Final = 3.5
"""No member stands further from the others than so many of their standard deviations: one of sixty does by chance, in
one analysis of forty."""


@final
@dataclass(frozen=True, slots=True)
class Analysis:
    """The ensemble after the measurements, and how surprising they were.

    `members` is (states, members). `innovation` is measured minus the mean forecast, `spread` the forecast's standard
    deviation, noise included, both (measurements,); `surprise` is the squared innovation in units of that spread,
    summed, which is chi-square distributed with `used` degrees of freedom when model and noise are right.
    """

    members: F64
    innovation: F64
    spread: F64
    surprise: float
    used: int


def analyse(members: F64, forecast: F64, measured: F64, noise: F64, rng: np.random.Generator) -> Analysis:
    r"""Condition an ensemble on measurements: an ensemble Kalman filter whose members vouch for each other.

    A member :math:`x_i` that foresees :math:`y_i` is moved by a measurement :math:`d` with noise :math:`r` as

    .. math:: x_i \leftarrow x_i + \alpha_i \frac{c_i}{v_i + r^2} (d + r\,\varepsilon_i - y_i)

    where the covariance :math:`c_i` and the variance :math:`v_i` are those of *all other* members, and
    :math:`\varepsilon_i` is standard normal. So no member has a part in its own gain, as the truth has none, and the
    spread afterwards is that of the error for whatever gain (Joseph's form), however few members there are: nothing
    needs to be inflated. Measurements are taken in one after the other, each moving what the rest foresee too.

    Where a correlation is within what chance brings, its regression is shrunk, to nothing below `DOUBTED` standard
    errors: with :math:`t_i` the regression's Student number among :math:`N - 1` members,
    :math:`\alpha_i = \max(0, 1 - 4 / t_i^2)`. So what nobody measures stays as unknown as it was, while
    :math:`\alpha \to 1` and the filter goes to Kalman's as members grow.

    `members` is (states, N), `forecast` (measurements, N), `measured` and `noise` (measurements,), noise being a
    standard deviation. A measurement that is NaN is missing and ignored. Raises SimulationError for fewer than `LEAST`
    members, and for members or forecasts that are not finite, since these carry no information.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(10, 2, (1, 2000))
    >>> after = analyse(x, x, np.array([14.0]), np.array([2.0]), rng)
    >>> round(float(after.members.mean())), round(float(after.members.std()), 1)
    (12, 1.4)

    Gains from the others: Houtekamer, Mitchell 1998, Mon. Weather Rev. 126:796, there with two groups; Buehner 2020,
    Mon. Weather Rev. 148:2265. One after the other: Houtekamer, Mitchell 2001, 129:123. Shrinking against sampling
    error: Anderson 2012, 140:2359; in this form the garrote of Breiman 1995, Technometrics 37:373.
    """
    if not (np.isfinite(members).all() and np.isfinite(forecast).all()):
        raise SimulationError("expected finite members, got NaN or infinity", hint="drop the failed members first")
    if members.shape[1] < LEAST:
        raise SimulationError(f"expected at least {LEAST} members, got {members.shape[1]}")
    present = np.isfinite(measured)
    innovation = np.where(present, measured - forecast.mean(axis=1), np.nan)
    spread = np.hypot(forecast.std(axis=1, ddof=1), noise)
    if not present.any():
        return Analysis(members, innovation, spread, 0.0, 0)
    joint = _gathered(np.concatenate([members, forecast[present]]))
    for row, (d, r) in enumerate(zip(measured[present], noise[present], strict=True), len(members)):
        joint = _gathered(_taken_in(joint, row, float(d), float(r), rng))
    surprise = _surprise(forecast[present], innovation[present], noise[present])
    return Analysis(joint[: len(members)], innovation, spread, surprise, int(present.sum()))


def _taken_in(joint: F64, row: int, measured: float, noise: float, rng: np.random.Generator) -> F64:
    """All numbers (rows, N) after one measurement of what stands in `row`."""
    N = joint.shape[1]
    centred = joint - joint.mean(axis=1, keepdims=True)
    covariance, variance = _of_the_others(centred * centred[row]), _of_the_others(centred**2)
    luck = rng.standard_normal((N,))
    off = measured + noise * (luck - luck.mean()) - joint[row]
    gain = _trusted(covariance, variance, row, N) * _safely(covariance, variance[row] + noise**2)
    moved: F64 = joint + gain * off
    return moved


def _of_the_others(products: F64) -> F64:
    """The covariance among all members but one, for each, from products of two numbers' anomalies (rows, N)."""
    N = products.shape[1]
    # The sum over all, less the part of a member and of its pull on the mean.
    found: F64 = (products.sum(axis=1, keepdims=True) - products * (N / (N - 1))) / (N - 2)
    return found


def _gathered(joint: F64) -> F64:
    """Members that stand far from all others (rows, N) brought to where they are only just not alone.

    A straight line through the others says nothing of what lies far from them; left there it would go ever further,
    and bend their lines.
    """
    N = joint.shape[1]
    centred = joint - joint.mean(axis=1, keepdims=True)
    off = centred * (N / (N - 1))
    reach = FAR * np.sqrt(np.maximum(_of_the_others(centred**2), 0.0))
    near: F64 = joint if (np.abs(off) <= reach).all() else joint - off + np.clip(off, -reach, reach)
    return near


def _trusted(covariance: F64, variance: F64, row: int, N: int) -> F64:
    """How far each regression on what stands in `row` is believed, 0 to 1."""
    square = covariance**2
    unexplained = np.maximum(variance * variance[row] - square, 0.0)
    doubt = DOUBTED**2 * _safely(unexplained, (N - 3) * square)
    shrink: F64 = np.where(square > 0, np.maximum(1.0 - doubt, 0.0), 0.0)
    return shrink


def _safely(over: F64, under: F64) -> F64:
    """A quotient that is zero where the denominator is."""
    return np.divide(over, under, out=np.zeros(np.broadcast_shapes(over.shape, under.shape)), where=under > 0)


def _surprise(forecast: F64, innovation: F64, noise: F64) -> float:
    centred: F64 = (forecast - forecast.mean(axis=1, keepdims=True)) / noise[:, None]
    H = centred @ centred.T / (forecast.shape[1] - 1) + np.eye(len(noise))
    delta = innovation / noise
    weighed: F64 = np.asarray(np.linalg.solve(H, delta), np.float64)
    return float(delta @ weighed)
