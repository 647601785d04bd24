"""Morris, tornado, local derivatives and studies: analytic cases, one call each, refusals."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulate.sensitivity.functions import ISHIGAMI, PLANE, SLOPES

from pollux.errors import SimulationError
from pollux.model.priors import lognormal, normal, uniform
from pollux.simulate.sensitivity import Shifted, local_sensitivity, morris, shifted, sobol_indices, study, tornado

METHODS = (sobol_indices, morris, tornado, local_sensitivity)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_calls_the_model_once(method):
    """All runs of a design are made in one call, so that they share one ensemble."""
    calls: list[int] = []

    def counted(x):
        calls.append(len(x))
        return x.sum(axis=1)

    method(study(counted, {"a": uniform(0, 1), "b": normal(0, 1)}))
    assert len(calls) == 1


@pytest.mark.parametrize("method", METHODS)
def test_every_result_tells_itself_and_fits_into_json(method):
    """Words, a table with every input, and JSON without NaN; an output that fails in places is told all the same."""
    found = method(
        study(lambda x: np.where(x[:, 0] > 0.97, np.nan, x.sum(axis=1)), {"a": uniform(0, 1), "b": uniform(0, 2)})
    )
    assert all(name in found.table() for name in ("a", "b"))
    assert found.words() in str(found)
    assert json.loads(json.dumps(found.as_json(), allow_nan=False))["outputs"][0]["words"] == found.words()


def test_effects_of_a_plane_are_its_slopes():
    """mu is the slope, sigma is zero, mu* its size; what does not matter has none."""
    plane = study(lambda x: x @ SLOPES, {f"x{k}": uniform(0, 1) for k in range(4)})
    found = morris(plane, trajectories=6)
    assert found.mean[0] == pytest.approx(SLOPES, abs=1e-12)
    assert found.moved[0] == pytest.approx(np.abs(SLOPES), abs=1e-12)
    assert found.sigma[0] == pytest.approx(0.0, abs=1e-12)
    assert found.moved[0, 3] == 0.0
    assert found.runs == 6 * 5
    assert "x3 hardly at all" in found.words()


def test_morris_own_function_is_screened_as_he_did():
    """Of his twenty inputs the first ten matter, 8 to 10 in proportion, 1 to 7 not; the last ten hardly."""
    rng = np.random.Generator(np.random.Philox(key=8))
    order1 = np.where(np.arange(20) < 10, 20.0, rng.normal(size=20))
    order2 = np.where(np.add.outer(np.arange(20), np.arange(20)) < -1, 0, rng.normal(size=(20, 20)))
    order2[:6, :6] = -15.0
    bent = (2, 4, 6)

    def model(x):
        w = 2.0 * (x - 0.5)
        for k in bent:
            w[:, k] = 2.0 * (1.1 * x[:, k] / (x[:, k] + 0.1) - 0.5)
        y = w @ order1 + np.einsum("ni,ij,nj->n", w, np.triu(order2, 1), w)
        y -= 10.0 * np.einsum("na,nb,nc->n", w[:, :5], w[:, :5], w[:, :5]) / 60.0
        return y + 5.0 * np.prod(w[:, :4], axis=1)

    found = morris(study(model, {f"x{k + 1}": uniform(0, 1) for k in range(20)}), trajectories=40, seed=2)
    assert set(np.argsort(-found.moved[0])[:10]) == set(range(10))
    assert found.moved[0, :10].min() > 1.5 * found.moved[0, 10:].max()
    assert np.all(found.sigma[0, 7:10] < 0.35 * found.moved[0, 7:10])
    assert np.all(found.sigma[0, :6] > 0.35 * found.moved[0, :6])


def test_a_tornado_has_its_ends_where_the_quantiles_are():
    """A plane of normal inputs swings by slope times the distance of the quantiles; the longest bar comes first."""
    found = tornado(PLANE, low=0.1, high=0.9)
    width = 2.0 * 1.2815515655446004 * np.arange(1.0, 5.0)
    assert found.swing[0] == pytest.approx(np.abs(SLOPES) * width, rel=1e-12)
    assert found.order("up") == ("x1", "x0", "x2", "x3")
    assert found.middle[0] == pytest.approx(SLOPES @ np.array([0, 10, 20, 30]) + 5.0)
    assert found.as_json()["outputs"][1]["inputs"][0]["name"] == "x1"


@given(st.floats(-2.0, 2.0), st.floats(-2.0, 2.0), st.floats(0.1, 2.0))
def test_derivatives_are_those_of_the_formula(a, b, c):
    """By central differences of fourth order: 1e-7 of the greatest one."""
    hill = study(lambda x: np.sin(x[:, 0]) * np.exp(x[:, 1]) + x[:, 2] ** 3, {
        "a": normal(a, 0.5), "b": normal(b, 0.5), "c": lognormal(c, 0.1),
    })  # fmt: skip
    expected = [np.cos(a) * np.exp(b), np.sin(a) * np.exp(b), 3.0 * c**2]
    found = local_sensitivity(hill)
    assert found.derivative[0] == pytest.approx(expected, abs=1e-7 * max(1.0, *np.abs(expected)))


def test_derivatives_doubt_themselves_where_there_is_none():
    """At a jump two steps disagree, and the doubt says so."""
    found = local_sensitivity(study(lambda x: (x[:, 0] > 0.0) * 1.0, {"a": normal(0, 1)}))
    assert found.doubt[0, 0] > 0.2 * abs(found.derivative[0, 0])


def test_a_function_of_one_point_is_run_for_many():
    """Here and on an executor alike; a division by zero is a failed point."""

    def slow(point):
        return 1.0 / round(point["a"]), point["a"] + point["b"]

    given_ = {"a": uniform(0, 4), "b": uniform(0, 1)}
    here = study(slow, given_, ("inverse", "sum"), one_by_one=True)
    points = here.design(32)
    with ThreadPoolExecutor(2) as threads:
        there = study(slow, given_, ("inverse", "sum"), one_by_one=True, executor=threads).evaluate(points)
    assert np.array_equal(here.evaluate(points), there, equal_nan=True)
    assert np.array_equal(np.isnan(there[:, 0]), points[:, 0] <= 0.5)
    assert np.array_equal(np.isnan(there).any(axis=1), np.isnan(there).all(axis=1))


def test_what_makes_no_study_is_refused():
    """No inputs, one name twice, values of another shape, and plans that cannot be."""
    with pytest.raises(SimulationError, match="expected inputs and outputs"):
        study(lambda x: x, {})
    with pytest.raises(SimulationError, match="expected names that differ"):
        study(lambda x: x, {"a": uniform(0, 1)}, ("y", "y"))
    with pytest.raises(SimulationError, match="expected values of shape"):
        tornado(study(lambda x: x[:-1, 0], {"a": uniform(0, 1)}))
    with pytest.raises(SimulationError, match="expected values of shape"):
        tornado(study(lambda x: x[:, :2].T, {"a": uniform(0, 1), "b": uniform(0, 1)}, ("y", "z")))
    for call in (
        lambda: morris(ISHIGAMI, trajectories=1),
        lambda: morris(ISHIGAMI, grid=3),
        lambda: tornado(ISHIGAMI, low=0.9, high=0.1),
        lambda: local_sensitivity(ISHIGAMI, step=0.0),
    ):
        with pytest.raises(SimulationError):
            call()


@given(st.sampled_from([normal(3, 2), lognormal(2, 0.3), uniform(-1, 4)]), st.floats(-1, 1), st.floats(0.05, 0.5))
def test_what_was_learnt_stays_within_the_prior(prior, centre, spread):
    """A shifted prior has the middle it was given, quantiles inside the bounds, and a density that sums to one."""
    learnt = shifted(prior, centre, spread)
    levels = np.linspace(0.001, 0.999, 2001)
    numbers = learnt.quantile(levels)
    low, high = prior.support
    assert np.all((numbers > low) & (numbers < high))
    assert float(learnt.quantile(0.5)) == pytest.approx(float(prior.from_free(centre)))
    assert np.trapezoid(np.exp(learnt.log_density(numbers)), numbers) == pytest.approx(0.998, abs=2e-3)
    assert learnt.mean == pytest.approx(np.trapezoid(numbers, levels) / 0.998, rel=0.02, abs=0.02)
    back = Shifted(prior, centre, spread)
    assert back.from_free(back.to_free(numbers)) == pytest.approx(numbers)
    assert float(learnt.told_in(2.0, 0.0).quantile(0.25)) == pytest.approx(2.0 * float(learnt.quantile(0.25)))
