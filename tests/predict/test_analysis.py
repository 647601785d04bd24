"""The ensemble filter equals the Kalman filter where that is exact, and knows how little it knows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.errors import SimulationError
from pollux.predict.analysis import analyse
from pollux.predict.score import score


def kalman(m, P, H, R, y):
    K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
    return m + K @ (y - H @ m), P - K @ H @ P


def test_it_approaches_the_kalman_filter_as_one_over_root_n() -> None:
    """On a linear problem the mean and covariance differ from the exact ones by less as members grow."""
    P = np.array([[4.0, 1.5], [1.5, 2.0]])
    H, noise, y = np.array([[1.0, 0.5]]), np.array([0.7]), np.array([3.0])
    m, C = kalman(np.zeros(2), P, H, np.diag(noise**2), y)
    errors = []
    for N in (100, 10_000):
        gaps = []
        for seed in range(20):
            x = np.random.default_rng(seed).multivariate_normal(np.zeros(2), P, N).T
            after = analyse(x, H @ x, y, noise).members
            gaps.append(np.hypot(np.abs(after.mean(axis=1) - m).max(), np.abs(np.cov(after) - C).max()))
        errors.append(np.mean(gaps))
    assert errors[1] < errors[0] / 5


def test_a_missing_measurement_changes_nothing_it_does_not_touch() -> None:
    """NaN is a missing value: with all missing the ensemble stays, with one missing the other still counts."""
    x = np.random.default_rng(1).normal(size=(3, 50))
    assert analyse(x, x, np.full(3, np.nan), np.ones(3)).members is x
    one = analyse(x, x, np.array([1.0, np.nan, np.nan]), np.ones(3))
    assert one.used == 1
    assert np.allclose(one.members, analyse(x, x[:1], np.array([1.0]), np.ones(1)).members)


def test_a_failed_member_is_refused() -> None:
    """A member that is not finite cannot enter an analysis unseen."""
    x = np.array([[1.0, np.nan]])
    with pytest.raises(SimulationError):
        analyse(x, x, np.array([1.0]), np.array([1.0]))


@pytest.mark.parametrize(("N", "least"), [(10, 780), (40, 860)])
def test_small_ensembles_are_not_overconfident(N: int, least: int) -> None:
    """Forecast and analysed a thousand times with few members, the 90 % interval stays near its claim."""
    rng = np.random.default_rng(5)
    truth, x, inside = 0.0, rng.normal(0, 1, (1, N)), 0
    for _ in range(1000):
        truth = 0.95 * truth + 0.3 * rng.normal()
        x = 0.95 * x + 0.3 * rng.normal(size=(1, N))
        x = analyse(x, x, np.array([truth + rng.normal()]), np.array([1.0])).members
        half = 1.645 * x.std(ddof=1)
        inside += abs(truth - x.mean()) < half
    assert inside > least


def test_surprise_is_chi_square_when_all_is_right() -> None:
    """The mean of the surprise equals the number of measurements."""
    rng = np.random.default_rng(3)
    surprises = []
    for _ in range(300):
        x = rng.normal(size=(2, 60))
        truth = rng.normal(size=2)
        surprises.append(analyse(x, x, truth + rng.normal(size=2), np.ones(2)).surprise)
    assert np.mean(surprises) == pytest.approx(2.0, abs=0.35)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(3, 30), st.floats(0.01, 100))
def test_an_analysis_never_widens_what_it_measures_beyond_its_forecast(seed: int, N: int, noise: float) -> None:
    """The analysed spread of a measured state lies below the inflated forecast's."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1, N))
    after = analyse(x, x, rng.normal(size=1), np.array([noise]))
    assert after.members.std() <= after.inflation * x.std() * (1 + 1e-9)


def test_the_score_counts_what_it_says() -> None:
    """Coverage, bias and error of a set made by hand."""
    truth = np.array([0.0, 1.0, 2.0, 3.0])
    s = score(truth - 1, truth + 0.5, np.array([1.0, 2.0, 3.0, 2.9]), truth)
    assert (s.coverage, s.bias, s.rms) == (0.75, 0.5, 0.5)
