import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pollux as px
from pollux.errors import ModelError
from pollux.model.quantile import standard_normal_quantile

PRIORS = st.one_of(
    st.builds(px.normal, st.floats(-1e3, 1e3), st.floats(1e-3, 1e3)),
    st.builds(px.lognormal, st.floats(1e-6, 1e6), st.floats(1e-3, 2)),
    st.builds(lambda low, width: px.uniform(low, low + width), st.floats(-1e3, 1e3), st.floats(1e-2, 1e3)),
)


@given(PRIORS, st.lists(st.floats(-4, 4), min_size=1, max_size=8))
def test_free_numbers_map_there_and_back(prior, free):
    """Each free number has one number inside the support, and comes back from it."""
    numbers = prior.from_free(free)
    low, high = prior.support
    assert np.all((numbers >= low) & (numbers <= high))
    np.testing.assert_allclose(prior.to_free(numbers), free, atol=1e-6)


@given(PRIORS, st.floats(0.1, 10))
def test_a_prior_told_in_another_unit_is_the_same_belief(prior, factor):
    """Scaling the unit scales mean and spread, and leaves the free numbers as they were."""
    scaled = prior.told_in(factor, 0.0)
    assert scaled.mean == pytest.approx(prior.mean * factor, rel=1e-12, abs=1e-9)
    assert scaled.sigma == pytest.approx(prior.sigma * factor)
    np.testing.assert_allclose(
        scaled.from_free([-1.0, 0.5]), prior.from_free([-1.0, 0.5]) * factor, rtol=1e-9, atol=1e-9
    )


@given(PRIORS)
def test_levels_are_probabilities(prior):
    """The quantile function is increasing, has the median in the middle and is NaN for what is no probability."""
    levels = np.array([0.01, 0.3, 0.5, 0.7, 0.99])
    numbers = prior.quantile(levels)
    assert np.all(np.diff(numbers) > 0)
    assert numbers[2] == pytest.approx(float(prior.from_free(0.0)))
    assert np.all(np.isnan(prior.quantile([-0.1, 1.1])))


@pytest.mark.parametrize("prior", [px.normal(5, 2), px.lognormal(3, 0.4), px.uniform(-1, 4)])
def test_samples_have_the_moments_of_their_prior(prior):
    """Mean and standard deviation of many samples are those that the prior says; free numbers have theirs."""
    samples = prior.sample(np.random.default_rng(3), (200, 1000))
    assert samples.shape == (200, 1000)
    assert samples.mean() == pytest.approx(prior.mean, rel=0.01)
    assert samples.std() == pytest.approx(prior.sigma, rel=0.01)
    free = prior.to_free(samples)
    assert free.mean() == pytest.approx(0.0, abs=0.01)
    assert free.std() == pytest.approx(prior.free_sigma, rel=0.01)


@pytest.mark.parametrize("prior", [px.normal(5, 2), px.lognormal(3, 0.4), px.uniform(-1, 4)])
def test_densities_integrate_to_one(prior):
    """The density is one: its integral over the support is one and it vanishes outside."""
    grid = np.linspace(-20, 30, 400_001)
    density = np.exp(prior.log_density(grid))
    assert np.sum(density) * (grid[1] - grid[0]) == pytest.approx(1.0, rel=1e-3)
    if math.isfinite(prior.support[0]):
        assert prior.log_density(prior.support[0] - 1) == -np.inf


def test_the_same_seed_gives_the_same_samples():
    """Samples come from the generator that is handed in and from nothing else."""
    one, two = (px.lognormal(3, 0.1).sample(np.random.default_rng(1), 5) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_quantiles_agree_with_the_standard_library():
    """The vectorised quantile function has sixteen digits, out to the far tails."""
    levels = [1e-300, 1e-20, 1e-6, 0.02, 0.2, 0.5, 0.9, 0.999, 1 - 1e-12]
    want = [NormalDist().inv_cdf(level) for level in levels]
    np.testing.assert_allclose(standard_normal_quantile(levels), want, rtol=1e-14, atol=1e-15)
    assert standard_normal_quantile(0.0) == -np.inf
    assert standard_normal_quantile(1.0) == np.inf


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: px.normal(1, 0),
        lambda: px.lognormal(0, 1),
        lambda: px.lognormal(1, -1),
        lambda: px.uniform(2, 2),
        lambda: px.uniform(0, math.inf),
    ],
)
def test_priors_that_are_none_are_refused(wrong):
    """A spread of zero, a negative median or an empty interval is no prior."""
    with pytest.raises(ModelError, match="expected"):
        wrong()


def test_priors_are_values():
    """Priors are frozen, and equal when their numbers are."""
    assert px.normal(1, 2) == px.normal(1, 2)
    assert hash(px.uniform(1, 2)) == hash(px.uniform(1, 2))
    with pytest.raises(AttributeError):
        setattr(px.normal(1, 2), "spread", 3)  # noqa: B010 - a type checker refuses it too
