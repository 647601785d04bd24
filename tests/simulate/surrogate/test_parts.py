"""The parts of surrogates: polynomials, the likelihood of a process, back-propagation, L-BFGS, equations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.model.evaluate import evaluate
from pollux.model.graph import leaf
from pollux.model.priors import lognormal, normal, uniform
from pollux.model.units import DIMENSIONLESS
from pollux.simulate.sampling import stream
from pollux.simulate.sensitivity import Shifted
from pollux.simulate.surrogate.depth import region_of
from pollux.simulate.surrogate.germ import germ_of, germs
from pollux.simulate.surrogate.network import _loss
from pollux.simulate.surrogate.optimise import minimised
from pollux.simulate.surrogate.polynomials import count, polynomial, truncated, univariate
from pollux.simulate.surrogate.process import fit_process, matern, unlikely

NODES = {"legendre": np.polynomial.legendre.leggauss(20), "hermite": np.polynomial.hermite_e.hermegauss(20)}


def _numbers(expr, x):
    """The numbers of an expression of one free leaf."""
    return evaluate(expr, lambda one: x)


@pytest.mark.parametrize("family", ["legendre", "hermite"])
def test_polynomials_are_orthonormal(family):
    """By Gauss quadrature, exact for their products, the matrix of their means is the identity."""
    nodes, weights = NODES[family]
    values = univariate(family, nodes, 9)
    assert values.T * (weights / weights.sum()) @ values == pytest.approx(np.eye(10), abs=1e-9)


@pytest.mark.parametrize("family", ["legendre", "hermite"])
def test_polynomials_are_the_same_in_equations(family):
    """The recurrence on expressions gives the numbers of the recurrence on arrays."""
    x = np.linspace(-1.5, 1.5, 7)
    terms = polynomial(family, leaf("param", "x", DIMENSIONLESS), 6)[1:]
    assert pytest.approx(univariate(family, x, 6)[:, 1:], rel=1e-12) == np.array([_numbers(one, x) for one in terms]).T


@given(st.integers(1, 5), st.integers(0, 6), st.sampled_from([0.5, 0.75, 1.0]))
def test_powers_are_counted_as_they_are_made(inputs, degree, norm):
    """Each power once, none beyond the norm, as many as `count` says."""
    powers = truncated(inputs, degree, norm)
    assert len(set(powers)) == len(powers) == count(inputs, degree, norm)
    assert all(sum(one**norm for one in power) <= degree**norm + 1e-9 for power in powers)


@given(st.integers(0, 2**32))
def test_the_gradient_of_the_likelihood_is_exact(seed):
    """Central differences agree with the formula in every length and in the nugget."""
    rng = stream(seed, "likelihood")
    x, y = rng.standard_normal((12, 2)), rng.standard_normal(12)
    logs = np.array([*rng.uniform(-1, 1, 2), rng.uniform(-6, -1)])
    gradient = unlikely(logs, x, y)[1]
    for k in range(3):
        step = 1e-5 * np.eye(3)[k]
        slope = (unlikely(logs + step, x, y)[0] - unlikely(logs - step, x, y)[0]) / 2e-5
        assert gradient[k] == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_left_out_errors_of_a_process_are_those_of_leaving_out():
    """The formula without a further factorisation gives what refitting without the point gives, at the same lengths."""
    rng = stream(1, "left out")
    x = rng.uniform(-1, 1, (15, 2))
    y = np.sin(3.0 * x[:, 0]) + x[:, 1]
    found = fit_process(x, y)
    error, sigma = found.left_out
    others = np.arange(15) != 4
    scaled = x / found.lengths
    inner = matern(scaled[others], scaled[others]) + (found.nugget + 1e-12) * np.eye(14)
    across = matern(scaled[4:5], scaled[others])
    assert error[4] == pytest.approx(y[4] - (across @ np.linalg.solve(inner, y[others]))[0], rel=1e-5)
    alone = 1.0 + found.nugget - (across @ np.linalg.solve(inner, across.T))[0, 0]
    assert sigma[4] == pytest.approx(np.sqrt(found.variance * alone), rel=1e-4)


def test_back_propagation_is_exact():
    """Central differences agree with the gradient of the loss, penalty and all."""
    rng = stream(2, "network")
    sizes = [(2, 4), (4, 3), (3, 1)]
    flat = rng.standard_normal(sum((rows + 1) * units for rows, units in sizes))
    x, y = rng.standard_normal((9, 2)), rng.standard_normal(9)
    gradient = _loss(flat, sizes, x, y, 0.1)[1]
    for k in range(len(flat)):
        step = 1e-6 * (np.arange(len(flat)) == k)
        slope = (_loss(flat + step, sizes, x, y, 0.1)[0] - _loss(flat - step, sizes, x, y, 0.1)[0]) / 2e-6
        assert gradient[k] == pytest.approx(slope, abs=1e-7)


def test_the_banana_is_minimised():
    """L-BFGS finds the minimum of Rosenbrock's valley in ten dimensions."""

    def valley(x):
        bend, along = x[1:] - x[:-1] ** 2, 1.0 - x[:-1]
        gradient = np.zeros_like(x)
        gradient[:-1] = -400.0 * x[:-1] * bend - 2.0 * along
        gradient[1:] += 200.0 * bend
        return float(100.0 * bend @ bend + along @ along), gradient

    place, value = minimised(valley, np.full(10, -1.2), iterations=300)
    assert value < 1e-8
    assert place == pytest.approx(np.ones(10), abs=1e-3)


@given(
    st.sampled_from([normal(3, 2), lognormal(2, 0.3), uniform(-1, 4), Shifted(uniform(0, 5), 0.2, 0.5)]),
    st.floats(0.01, 0.99),
)
def test_germs_are_the_same_in_equations(prior, level):
    """Arrays and expressions agree, and germs have the distribution of their polynomials."""
    number = prior.quantile(np.array([level]))
    germ = germs([prior], number[:, None])[0, 0]
    assert float(_numbers(germ_of(prior, leaf("param", "x", DIMENSIONLESS)), number[0])) == pytest.approx(
        germ, abs=1e-9
    )
    if isinstance(prior, uniform):
        assert germ == pytest.approx(2.0 * level - 1.0)
    else:
        assert germ == pytest.approx(float(normal(0, 1).quantile(level)), abs=1e-9)


def test_the_points_of_a_design_lie_inside_of_it():
    """No point of a design is outside of it, and distances count in those between its points."""
    line = np.linspace(0.0, 1.0, 11)[:, None]
    region = region_of(line)
    assert not region.excess(line).any()
    assert region.excess(np.array([[1.4], [-0.3], [np.nan]])) == pytest.approx([3.0, 2.0, np.inf])
