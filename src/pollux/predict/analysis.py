"""One analysis step of an ensemble Kalman filter: a forecast ensemble meets measurements."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from pollux.errors import SimulationError

F64 = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True)
class Analysis:
    """The ensemble after the measurements, and how surprising they were.

    `members` is (states, members). `innovation` is measured minus the mean forecast, `spread` the forecast's standard
    deviation, noise included, both (measurements,); `surprise` is the squared innovation in units of that spread,
    summed, which is chi-square distributed with `used` degrees of freedom when model and noise are right.
    `inflation` is the factor by which the forecast's spread was widened for the ensemble's finite size.
    """

    members: F64
    innovation: F64
    spread: F64
    surprise: float
    used: int
    inflation: float


def analyse(members: F64, forecast: F64, measured: F64, noise: F64) -> Analysis:
    r"""Condition an ensemble on measurements: the ensemble transform Kalman filter with finite-size correction.

    With anomalies :math:`A` of the states and :math:`Y` of the forecast measurements, :math:`N` members and noise
    covariance :math:`R`, the weights are

    .. math:: \Omega = (Y^T R^{-1} Y + \zeta I)^{-1}, \quad w = \Omega Y^T R^{-1} \delta, \quad
              E = \bar x + A (w + \sqrt{N-1}\, \Omega^{1/2})

    on the directions that the measurements see; on all others the ensemble is left as it is, so that what nobody
    measures is never widened by a surprise elsewhere.

    :math:`\zeta = N - 1` is the plain filter. Here it minimises the dual function of the finite-size filter, which
    treats the ensemble as a sample of the forecast's distribution instead of as the distribution itself, so that no
    inflation needs tuning.

    `members` is (states, N), `forecast` (measurements, N), `measured` and `noise` (measurements,), noise being a
    standard deviation. A measurement that is NaN is missing and ignored; members with a forecast that is not finite
    carry no information and raise SimulationError.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(10, 2, (1, 2000))
    >>> after = analyse(x, x, np.array([14.0]), np.array([2.0]))
    >>> round(float(after.members.mean())), round(float(after.members.std()), 1)
    (12, 1.4)

    Bishop, Etherton, Majumdar 2001, Mon. Weather Rev. 129:420. Bocquet, Raanes, Hannart 2015, Nonlin. Processes
    Geophys. 22:645, section 3.
    """
    if not (np.isfinite(members).all() and np.isfinite(forecast).all()):
        raise SimulationError("expected finite members, got NaN or infinity", hint="drop the failed members first")
    present = np.isfinite(measured)
    innovation = np.where(present, measured - forecast.mean(axis=1), np.nan)
    spread = np.hypot(forecast.std(axis=1, ddof=1), noise)
    if not present.any():
        return Analysis(members, innovation, spread, 0.0, 0, 1.0)
    return _condition(members, forecast[present], innovation, noise[present], spread)


def _condition(members: F64, forecast: F64, innovation: F64, noise: F64, spread: F64) -> Analysis:
    N = members.shape[1]
    delta = innovation[np.isfinite(innovation)] / noise
    Y: F64 = (forecast - forecast.mean(axis=1, keepdims=True)) / noise[:, None]
    U, s, Vt = np.linalg.svd(Y, full_matrices=False)
    projected = U.T @ delta
    zeta = _finite_size(s, projected, float(delta @ delta - projected @ projected), N)
    w = Vt.T @ (s / (s**2 + zeta) * projected)
    shrink = np.sqrt((N - 1) / (s**2 + zeta)) - 1.0
    mean = members.mean(axis=1, keepdims=True)
    A = members - mean
    after = mean + (A @ w)[:, None] + A + (A @ Vt.T) * shrink @ Vt
    H = Y @ Y.T / (N - 1) + np.eye(len(delta))
    weighed: F64 = np.asarray(np.linalg.solve(H, delta), np.float64)
    surprise = float(delta @ weighed)
    return Analysis(after, innovation, spread, surprise, len(delta), float(np.sqrt((N - 1) / zeta)))


def _finite_size(s: F64, projected: F64, rest: float, N: int) -> float:
    """The minimum of the dual function over [(N - 1) / 4, N - 1], by golden section in log zeta."""
    epsilon = 1.0 + 1.0 / N

    def dual(log_zeta: float) -> float:
        zeta = float(np.exp(log_zeta))
        misfit = float(np.sum(projected**2 / (1.0 + s**2 / zeta))) + rest
        return float(misfit + epsilon * zeta + (N + 1) * np.log((N + 1) / zeta))

    # Four times the forecast's variance is as far as one surprise may widen it: more says that the model is wrong.
    # Below the plain filter's forecast it never goes: by itself the dual would narrow it by 1/N at each quiet update.
    low, high = np.log((N - 1) / 4.0), np.log(N - 1.0)
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(60):
        a, b = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, b) if dual(a) < dual(b) else (a, high)
    return float(np.exp((low + high) / 2.0))
