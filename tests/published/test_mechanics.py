"""Mechanics against closed forms of the textbook: a pendulum, a spring, a fall, a ball, two wheels."""

import numpy as np
import pytest
from tests.published.models_mechanics import Ball, Fall, Flywheel, Pendulum, Spring
from tests.published.reckon import BACKENDS, SECOND, Case, simulated


def mean_of_means(a: float, b: float) -> float:
    """The arithmetic-geometric mean of two numbers."""
    for _ in range(40):
        a, b = (a + b) / 2, float(np.sqrt(a * b))
    return a


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pendulum_takes_the_longer_the_further_it_swings(backend) -> None:
    """The period is 2 pi sqrt(l/g) over the arithmetic-geometric mean of 1 and cos(a/2), for any swing a."""
    swings = np.radians([1, 30, 60, 90, 150, 179])
    cases = [{"angle": one, "length": 2.0} for one in swings]
    turns = simulated(Pendulum, cases, 40, dt=0.002, backend=backend).events["passes"]
    found = (turns.last - turns.first) / (turns.count - 1) / SECOND
    exact = [2 * np.pi * np.sqrt(2.0 / 9.81) / mean_of_means(1, float(np.cos(one / 2))) for one in swings]
    assert found == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_spring_dies_away_as_its_damper_says(backend) -> None:
    """Weakly, just and strongly damped, a mass that is let go follows the solution of its linear equation."""
    times = np.arange(0, 10.001, 0.25)
    springs: list[Case] = [{"mass": 2, "stiffness": 50, "damping": damping} for damping in (0.5, 5, 20.001, 80)]
    found = simulated(Spring, springs, 10, dt=0.005, backend=backend, grid=SECOND // 4, record=("place",))["place"]
    for member, spring in enumerate(springs):
        roots = np.roots([spring["mass"], spring["damping"], spring["stiffness"]]).astype(complex)
        share = 0.1 * roots[::-1] * np.array([-1, 1]) / (roots[0] - roots[1])
        exact = (share * np.exp(np.outer(times, roots))).sum(axis=1).real
        np.testing.assert_allclose(found[:, member], exact, atol=1e-8)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_shaken_spring_swings_as_far_as_resonance_says(backend) -> None:
    """Below, at and above resonance the amplitude is F / sqrt((k - m w^2)^2 + (c w)^2)."""
    turns = np.array([0.4, 0.79577, 1.6])
    fixed = {"mass": 2, "stiffness": 50, "damping": 2, "force": 3, "place": 0}
    found = simulated(
        Spring, [{**fixed, "shaking": one} for one in turns], 60, dt=0.005, backend=backend, record=("reach",)
    )
    speed = 2 * np.pi * turns
    exact = 3 / np.sqrt((50 - 2 * speed**2) ** 2 + (2 * speed) ** 2)
    assert found["reach"][-1] == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_fall_through_air_ends_at_one_speed(backend) -> None:
    """The speed is u tanh(g t / u) and the way u^2/g ln cosh(g t / u), with u = sqrt(2 m g / (air drag))."""
    found = simulated(Fall, [{}], 20, dt=0.02, backend=backend, grid=SECOND, record=("speed", "fallen"))
    last, times = np.sqrt(2 * 80 * 9.81 / (1.2 * 0.7)), np.arange(21)
    np.testing.assert_allclose(found["speed"][:, 0], last * np.tanh(9.81 * times / last), rtol=1e-8)
    np.testing.assert_allclose(found["fallen"][:, 0], last**2 / 9.81 * np.log(np.cosh(9.81 * times / last)), rtol=1e-8)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ball_bounces_as_often_as_its_series_says(backend) -> None:
    """The k-th bounce comes at T + 2 T (b + ... + b^(k-1)), T the time of the first fall, within a step a bounce."""
    first, dt = np.sqrt(2 * 10 / 9.81), 0.0005
    times = first * (1 + 2 * np.concatenate([[0], np.cumsum(0.8 ** np.arange(1, 5))]))
    for seconds, bounces in ((times[2] + 0.1, 3), (times[4] + 0.1, 5)):
        hits = simulated(Ball, [{}], seconds, dt=dt, backend=backend).events["hits"]
        assert hits.count[0] == bounces
        assert hits.first[0] / SECOND == pytest.approx(first, abs=1e-6)
        assert hits.last[0] / SECOND == pytest.approx(times[bounces - 1], abs=bounces * dt)


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_wheels_end_at_one_speed(backend) -> None:
    """They meet at the speed that keeps the turning, and the heat is what the energy lost."""
    found = simulated(
        Flywheel, [{"inertia_one": 2, "clutch": 0.5}], 60, dt=0.02, backend=backend, record=("one", "other", "heat")
    )
    assert found["one"][-1, 0] == pytest.approx(40, rel=1e-9)
    assert found["other"][-1, 0] == pytest.approx(40, rel=1e-9)
    assert found["heat"][-1, 0] == pytest.approx(0.5 * 2 * 100**2 - 0.5 * 5 * 40**2, rel=1e-9)
