"""The ensemble filter equals the Kalman filter where that is exact, and knows how little it knows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.errors import SimulationError
from pollux.predict.analysis import analyse
from pollux.predict.score import score


def rng():
    return np.random.default_rng(11)


def kalman(m, P, H, R, y):
    K = P @ H.T @ np.linalg.inv(H @ P @ H.T + R)
    return m + K @ (y - H @ m), P - K @ H @ P


def test_it_approaches_the_kalman_filter_as_one_over_root_n() -> None:
    """F3: on a linear problem mean and covariance differ from the exact ones by an error that falls as N^-1/2."""
    P = np.array([[4.0, 1.5], [1.5, 2.0]])
    H, noise, y = np.array([[1.0, 0.5]]), np.array([0.7]), np.array([3.0])
    m, C = kalman(np.zeros(2), P, H, np.diag(noise**2), y)
    sizes, errors = (100, 1000, 10_000), []
    for N in sizes:
        gaps = []
        for seed in range(40):
            x = np.random.default_rng(seed).multivariate_normal(np.zeros(2), P, N).T
            after = analyse(x, H @ x, y, noise, np.random.default_rng(1000 + seed)).members
            gaps.append(np.hypot(np.abs(after.mean(axis=1) - m).max(), np.abs(np.cov(after) - C).max()))
        errors.append(np.mean(gaps))
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.1)


def test_a_missing_measurement_changes_nothing_it_does_not_touch() -> None:
    """NaN is a missing value: with all missing the ensemble stays, with one missing the other still counts."""
    x = np.random.default_rng(1).normal(size=(3, 50))
    assert analyse(x, x, np.full(3, np.nan), np.ones(3), rng()).members is x
    one = analyse(x, x, np.array([1.0, np.nan, np.nan]), np.ones(3), rng())
    assert one.used == 1
    assert np.allclose(one.members, analyse(x, x[:1], np.array([1.0]), np.ones(1), rng()).members)


def test_a_failed_member_is_refused() -> None:
    """A member that is not finite cannot enter an analysis unseen."""
    x = np.array([[1.0, np.nan]])
    with pytest.raises(SimulationError):
        analyse(x, x, np.array([1.0]), np.array([1.0]), rng())


@pytest.mark.parametrize(("N", "least"), [(10, 780), (40, 860)])
def test_small_ensembles_are_not_overconfident(N: int, least: int) -> None:
    """Forecast and analysed a thousand times with few members, the 90 % interval stays near its claim."""
    rng = np.random.default_rng(5)
    truth, x, inside = 0.0, rng.normal(0, 1, (1, N)), 0
    for _ in range(1000):
        truth = 0.95 * truth + 0.3 * rng.normal()
        x = 0.95 * x + 0.3 * rng.normal(size=(1, N))
        x = analyse(x, x, np.array([truth + rng.normal()]), np.array([1.0]), rng).members
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
        surprises.append(analyse(x, x, truth + rng.normal(size=2), np.ones(2), rng).surprise)
    assert np.mean(surprises) == pytest.approx(2.0, abs=0.35)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 30), st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_units_do_not_matter(seed: int, N: int, scale: float, zero: float) -> None:
    """An analysis in other units, with another zero, gives the same ensemble in those."""
    rng = np.random.default_rng(seed)
    x, d, noise = rng.normal(size=(3, N)), rng.normal(size=2), np.array([0.5, 1.5])
    plain = analyse(x, x[:2], d, noise, np.random.default_rng(1)).members
    other = scale * x + zero
    told = analyse(other, other[:2], scale * d + zero, scale * noise, np.random.default_rng(1)).members
    assert np.allclose(told, scale * plain + zero, rtol=1e-6, atol=1e-6 * scale)


def test_what_nobody_measures_stays_as_unknown_as_it_was() -> None:
    """Fifty measurements of something else leave the spread of an independent number nearly as it was."""
    ratios = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        before = x = rng.normal(size=(2, 48))
        for _ in range(50):
            x = np.stack([0.9 * x[0] + 0.5 * rng.normal(size=48), x[1]])
            x = analyse(x, x[:1], rng.normal(size=1), np.ones(1), rng).members
        ratios.append(x[1].std() / before[1].std())
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)


def test_no_member_has_a_part_in_its_own_gain() -> None:
    """A member on the line that all others lie on moves along it, however its own distance shapes their moments."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=40)
    x = 2.0 * y + 0.01 * rng.normal(size=40)
    far = x.copy()
    far[0] += 2.0
    usual, moved = (
        analyse(one[None], y[None], np.array([1.0]), np.array([0.5]), np.random.default_rng(2)).members[0]
        for one in (x, far)
    )
    assert moved[0] - far[0] == pytest.approx(usual[0] - x[0], rel=1e-9)


def test_too_few_members_are_refused() -> None:
    """Three members leave nothing to judge a correlation by."""
    with pytest.raises(SimulationError, match="at least 4"):
        analyse(np.ones((1, 3)), np.ones((1, 3)), np.ones(1), np.ones(1), rng())


def test_the_score_counts_what_it_says() -> None:
    """Coverage, bias and error of a set made by hand."""
    truth = np.array([0.0, 1.0, 2.0, 3.0])
    s = score(truth - 1, truth + 0.5, np.array([1.0, 2.0, 3.0, 2.9]), truth)
    assert (s.coverage, s.bias, s.rms) == (0.75, 0.5, 0.5)
