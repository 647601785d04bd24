"""Stochastic differential equations: orders, moments, common noise, refusals."""

from typing import Any

import numpy as np
import pytest
from tests.simulate.methods.test_adaptive import start_of
from tests.simulate.models import SECOND, Decay
from tests.simulate.stiff import Crossed, Growth

from pollux.errors import SimulationError
from pollux.model.equations import rate
from pollux.model.noises import noise
from pollux.model.roles import hidden, parameter
from pollux.model.schema import schema_of
from pollux.model.twin import Twin
from pollux.simulate import Run, run
from pollux.simulate.chance import Chance, plain, shared

MEMBERS = 4000


def paths(method, steps, members=MEMBERS, span=SECOND, **about):
    request: dict[str, Any] = {
        "backend": "numba",
        "record": ("x", "w"),
        "method": method,
        "step": SECOND // steps,
    } | about
    return run(Run(schema_of(Growth), start_of(Growth, members), 0, span, **request))


@pytest.mark.parametrize(("method", "order"), [("euler-maruyama", 0.5), ("milstein", 1.0)])
def test_the_strong_order_holds(method, order):
    """The mean distance to the path of the formula, for the same Wiener process, falls with h^1/2 and h."""
    errors = []
    for steps in (16, 64, 256):
        x, w = paths(method, steps).values[:, -1]
        errors.append(np.abs(x - np.exp(1.0 + w)).mean())
    found = np.log(np.array(errors[:-1]) / errors[1:]) / np.log(4)
    assert np.all(np.abs(found - order) < 0.12)


def test_the_weak_order_holds():
    """The error of the mean falls with h, for both methods: (1 + mu h)^n instead of e^(mu t)."""
    for method in ("euler-maruyama", "milstein"):
        for steps in (4, 8, 16):
            x, w = paths(method, steps, members=60_000).values[:, -1]
            expected = (1 + 1.5 / steps) ** steps - np.exp(1.5)
            gaps = x - np.exp(1.0 + w)
            # Paired with the exact path the mean gap has a small spread; five of its errors hold but for one in 10^6.
            assert abs(gaps.mean() - expected) < 5 * gaps.std() / np.sqrt(len(gaps))


def test_wiener_increments_are_normal_and_independent():
    """Mean, variance, kurtosis and the correlation between steps and between members are those of white noise."""
    w = paths("euler-maruyama", 64, grid=SECOND // 64).values[1]
    steps = np.diff(w, axis=0) * np.sqrt(64)
    many = steps.size
    assert abs(steps.mean()) < 4 / np.sqrt(many)
    assert abs(steps.var() - 1) < 4 * np.sqrt(2 / many)
    assert abs((steps**4).mean() - 3) < 4 * np.sqrt(96 / many)
    assert abs((steps[1:] * steps[:-1]).mean()) < 4 / np.sqrt(many)
    assert abs((steps[:, 1:] * steps[:, :-1]).mean()) < 4 / np.sqrt(many)


def test_strict_noise_is_the_same_in_both_back_ends():
    """Bit for bit when strict, to rounding else."""
    fast, slow = (paths("milstein", 32, 40, backend=b, strict=True).values for b in ("numba", "numpy"))
    assert np.array_equal(fast, slow)
    fast, slow = (paths("milstein", 32, 40, backend=b).values for b in ("numba", "numpy"))
    assert np.allclose(fast, slow, rtol=1e-12, atol=1e-12)


def test_a_run_that_goes_on_has_the_noise_of_one_without_a_break():
    """Noise belongs to the member and the number of the step since 1970."""
    whole = paths("euler-maruyama", 32, 5, span=2 * SECOND)
    half = paths("euler-maruyama", 32, 5)
    schema = schema_of(Growth)
    rest = run(Run(schema, half.final, SECOND, SECOND, step=SECOND // 32, method="euler-maruyama", backend="numba"))
    assert np.array_equal(rest.final, whole.final)


def test_options_meet_the_same_noise():
    """Members of one number and seed have equal noise; other twins, members and seeds have their own."""
    chance = shared(["A", "B"], options=2, members=3, seed=7)
    w = paths("euler-maruyama", 16, 12, chance=chance).values[1, -1].reshape(2, 2, 3)
    assert np.array_equal(w[:, 0], w[:, 1])
    assert len(np.unique(w)) == 6
    other = paths("euler-maruyama", 16, 12, chance=shared(["A", "B"], options=2, members=3, seed=8)).values[1, -1]
    assert not np.any(other == w.ravel())
    assert np.array_equal(paths("euler-maruyama", 16, 3).values, paths("euler-maruyama", 16, 3, chance=plain(3)).values)
    again = Chance(np.array([0, 0]), np.array([2, 0]))
    assert np.array_equal(
        paths("euler-maruyama", 16, 2, chance=again).values, paths("euler-maruyama", 16, 3).values[:, :, [2, 0]]
    )


class Spring(Twin):
    """An Ornstein-Uhlenbeck process: variance sigma^2 / (2 k) in the long run."""

    shock = noise()
    x = hidden("1", start=0)
    k = parameter("1/s", 2.0)
    sigma = parameter("1/s**0.5", 0.6)

    @rate(x)
    def follows(self):
        return self.sigma * self.shock - self.k * self.x


def test_an_ornstein_uhlenbeck_process_has_its_variance():
    """Euler-Maruyama with step h has the stationary variance sigma^2 / (2 k - k^2 h)."""
    schema, h = schema_of(Spring), 0.01
    found = run(
        Run(schema, start_of(Spring, 20_000), 0, 5 * SECOND, step=SECOND // 100, record=("x",), backend="numba")
    )
    assert found.pace.method == "euler-maruyama"
    expected = 0.36 / (4 - 4 * h)
    assert abs(found["x"][-1].var() / expected - 1) < 4 * np.sqrt(2 / 20_000)


def test_what_a_method_is_not_for_is_refused():
    """Noise under a method without noise, and noise that does not commute under milstein."""
    with pytest.raises(SimulationError, match="expected a method for noise"):
        paths("rk4", 16, 1)
    with pytest.raises(SimulationError, match="noise that commutes"):
        run(Run(schema_of(Crossed), start_of(Crossed), 0, SECOND, step=SECOND // 8, method="milstein"))
    assert run(Run(schema_of(Decay), start_of(Decay), 0, SECOND)).pace.method == "rk4"
