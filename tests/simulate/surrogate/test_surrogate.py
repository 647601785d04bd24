"""Surrogates: near to what they stand in for, with error bars that hold, and a flag where they know nothing."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from tests.simulate.sensitivity.functions import G_FIRST, ISHIGAMI, ISHIGAMI_FIRST, ISHIGAMI_TOTAL, G
from tests.simulate.surrogate.functions import BORE, PAIR, POLYNOMIAL, SMOOTH, wrong

import pollux as px
from pollux.columns.layout import layout_of
from pollux.errors import SimulationError, UnitError
from pollux.model.differentiate import derivative
from pollux.model.evaluate import evaluate
from pollux.model.graph import Expr, leaf
from pollux.model.priors import lognormal, normal, uniform
from pollux.model.schema import schema_of
from pollux.model.units import DIMENSIONLESS
from pollux.simulate import Run, run
from pollux.simulate.sensitivity import Input, Output, Shifted
from pollux.simulate.surrogate import Kind
from pollux.simulate.surrogate.process import GaussianProcess

KINDS = ("chaos", "process", "network")


@pytest.mark.parametrize(("kind", "study", "runs", "most"), [
    ("chaos", ISHIGAMI, 120, 0.02),
    ("chaos", BORE, 120, 0.02),
    ("process", BORE, 60, 0.04),
    ("process", SMOOTH, 60, 0.05),
    ("network", SMOOTH, 120, 0.1),
])  # fmt: skip
def test_it_is_near_to_what_it_stands_in_for(kind, study, runs, most):
    """The true error is small, and the left-out error tells it within a factor of three."""
    found = px.surrogate(study, runs, kind=kind)
    error = wrong(found, study)[0]
    assert error < most
    assert error < 3.0 * found.errors[0] + 1e-12
    assert found.errors[0] < 3.0 * error


def test_a_polynomial_is_found_exactly():
    """What is a sum of few polynomials is learnt to rounding, from fewer runs than there are candidates."""
    found = px.surrogate(POLYNOMIAL, 60, kind="chaos")
    assert wrong(found, POLYNOMIAL)[0] < 1e-5
    assert found.errors[0] < 1e-6


@pytest.mark.parametrize(("kind", "runs"), [("chaos", 24), ("process", 16)])
def test_error_bars_hold_as_often_as_they_say(kind, runs):
    """Of 200 designs of their own, 90 % intervals hold one new point each: not rejected at 1 % (169 to 190 hits)."""
    hits = 0
    for seed in range(200):
        found = px.surrogate(PAIR, runs, kind=kind, seed=seed)
        point = PAIR.design(1, sampling="plain", seed=10_000 + seed)
        told = found.predict(point)
        hits += bool(abs(told.mean - PAIR.evaluate(point))[0, 0] <= 1.6448536 * told.sigma[0, 0])
    print(f"{kind}: {hits} of 200")
    assert 169 <= hits <= 190


def test_error_bars_of_networks_are_not_too_narrow():
    """A committee's intervals hold at least as often as they say: each member has seen less than all of them."""
    found = px.surrogate(SMOOTH, 100, kind="network", seed=1)
    points = SMOOTH.design(1000, sampling="plain", seed=5)
    told = found.predict(points)
    assert np.mean(np.abs(told.mean - SMOOTH.evaluate(points)) <= 1.6448536 * told.sigma) > 0.87


@pytest.mark.parametrize("kind", KINDS)
def test_it_knows_when_it_is_out_of_its_depth(kind):
    """Outside a point is flagged and the error bar covers what is really there; inside hardly any is flagged."""
    found = px.surrogate(SMOOTH, 60, kind=kind, seed=2)
    inside = SMOOTH.design(500, sampling="plain", seed=6)
    assert found.predict(inside).outside.mean() < 0.05
    outside = np.array([[3.0, 0.5, 0.0], [0.5, 2.5, 0.0], [0.5, 0.5, 1.8], [-2.0, -2.0, 0.0]])
    told = found.predict(outside)
    assert told.outside.all()
    assert np.all(np.abs(told.mean - SMOOTH.evaluate(outside)) < 1.645 * told.sigma)
    assert np.all(told.sigma > 5.0 * np.median(found.predict(inside).sigma))


def test_a_hole_in_the_design_is_outside_too():
    """Runs in two corners only: the middle between them is farther from any than they are from each other."""
    square = px.study(lambda x: x.sum(axis=1), {"a": px.uniform(0, 1), "b": px.uniform(0, 1)})
    corners = np.concatenate([square.design(30) * 0.2, 0.8 + 0.2 * square.design(30)])
    found = px.surrogate(square, told=(corners, square.evaluate(corners)))
    assert found.predict([[0.5, 0.5], [0.1, 0.1], [0.9, 0.9]]).outside.tolist() == [True, False, False]


def test_an_impossible_point_is_outside_without_end():
    """A negative number under a lognormal prior has no place: no mean, and an error bar without end."""
    study = px.study(lambda x: np.log(x[:, 0]), {"a": px.lognormal(1, 0.3)})
    told = px.surrogate(study, 20).predict([-1.0])
    assert np.isnan(told.mean).all()
    assert np.isposinf(told.sigma).all()
    assert told.outside.all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bits(kind):
    """Learning twice gives the same surrogate; another seed is another one."""
    one, same, other = (px.surrogate(SMOOTH, 16, kind=kind, seed=seed) for seed in (3, 3, 4))
    points = SMOOTH.design(20, sampling="plain", seed=1)
    assert np.array_equal(one.predict(points).mean, same.predict(points).mean)
    assert np.array_equal(one.predict(points).sigma, same.predict(points).sigma)
    assert not np.array_equal(one.predict(points).mean, other.predict(points).mean)


def test_indices_come_straight_from_the_coefficients():
    """From 200 runs the Ishigami function's published indices, within 0.005 and within their intervals."""
    found = px.surrogate(ISHIGAMI, 200, kind="chaos").indices()
    assert found.first[0] == pytest.approx(ISHIGAMI_FIRST, abs=0.005)
    assert found.total[0] == pytest.approx(ISHIGAMI_TOTAL, abs=0.005)
    assert found.sigma[0] == pytest.approx(3.7208, rel=0.01)
    assert found.mean[0] == pytest.approx(3.5, rel=0.01)
    assert np.all((found.first_low <= found.first) & (found.first <= found.first_high))
    assert "200 runs" in str(found)


def test_indices_agree_with_those_by_runs():
    """Runs of the surrogate say what its coefficients say, for two outputs at once."""
    study = px.study(lambda x: np.stack([x[:, 0] * x[:, 1], x[:, 0] - 2.0 * x[:, 1]], axis=1), {
        "a": px.normal(1, 0.5), "b": px.uniform(0, 1),
    }, ("product", "plane"))  # fmt: skip
    found = px.surrogate(study, 40, kind="chaos")
    direct, by_runs = found.indices(), px.sobol_indices(found.study, base=2048)
    assert direct.first == pytest.approx(by_runs.first, abs=0.02)
    assert direct.total == pytest.approx(by_runs.total, abs=0.02)


def test_the_g_function_has_a_kink_and_its_main_input_is_found_all_the_same():
    """A function that no polynomial follows well: the left-out error admits it, the ranking stands."""
    found = px.surrogate(G, 300, kind="chaos")
    assert found.errors[0] > 0.03
    assert found.indices().first[0, :2] == pytest.approx(G_FIRST[:2], abs=0.05)


def test_the_best_way_is_chosen_by_what_was_left_out():
    """Polynomial chaos for the Ishigami function, whose process is far worse; a stated kind is kept to."""
    auto = px.surrogate(ISHIGAMI, 70)
    assert auto.responses[0].learnt.kind == "chaos"
    assert auto.errors[0] == px.surrogate(ISHIGAMI, 70, kind="chaos").errors[0]
    tooth = px.study(lambda x: np.abs(x[:, 0] - 0.3), {"a": px.uniform(0, 1)})
    assert px.surrogate(tooth, 30).responses[0].learnt.kind == "process"


def test_further_runs_go_where_it_is_unsure():
    """Twenty more runs in one call, away from each other and the old ones; the greatest doubt and the error fall."""
    calls: list[int] = []

    def counted(x):
        calls.append(len(x))
        return SMOOTH.model(x)

    study = px.study(counted, {one.name: one.prior for one in SMOOTH.inputs}, "y")
    few = px.surrogate(study, 20, kind="process")
    more = few.refined(20)
    assert calls == [20, 20]
    assert len(more.points) == 40
    assert len(np.unique(more.points, axis=0)) == 40
    points = SMOOTH.design(500, sampling="plain", seed=5)
    assert more.predict(points).sigma.max() < few.predict(points).sigma.max()
    assert wrong(more, SMOOTH)[0] < 0.7 * wrong(few, SMOOTH)[0]


def test_runs_that_are_known_are_not_made_again():
    """Told runs count; failed ones are left out and counted."""
    points = SMOOTH.design(30)
    values = SMOOTH.evaluate(points)
    values[4] = np.nan
    found = px.surrogate(SMOOTH, told=(points, values))
    assert len(found.points) == 30
    assert found.responses[0].rows == 29
    assert str(found).startswith("a stand-in learnt from 30 runs, 1 failed and left out\ny: ")
    assert json.loads(json.dumps(found.as_json()))["failed"] == 1
    assert len(px.surrogate(SMOOTH, 50, told=(points, values)).points) == 50


def test_a_constant_is_learnt_as_one():
    """What does not vary is told without an error bar, by every kind."""
    study = px.study(lambda x: np.full(len(x), 3.7), {"a": px.uniform(0, 1)})
    kinds: tuple[Kind, ...] = ("auto", "chaos", "process", "network")
    for kind in kinds:
        found = px.surrogate(study, 12, kind=kind)
        told = found.predict([0.5])
        assert told.mean[0, 0] == pytest.approx(3.7, rel=1e-12)
        assert told.sigma[0, 0] == 0.0


def test_too_little_and_nonsense_are_refused():
    """Fewer sound runs than can teach, another kind, points of another width, indices of what is no polynomial."""
    with pytest.raises(SimulationError, match="expected at least 16 sound runs for 8 inputs, got 15") as few:
        px.surrogate(BORE, 15)
    assert few.value.hint == "160 are a fair beginning"
    with pytest.raises(SimulationError, match="expected one of auto, chaos"):
        px.surrogate(BORE, 15, kind="forest")  # type: ignore[arg-type]
    found = px.surrogate(SMOOTH, 20, kind="process")
    with pytest.raises(SimulationError, match="expected points with 3 inputs, got 2"):
        found.predict([1.0, 2.0])
    with pytest.raises(SimulationError, match="expected polynomial chaos"):
        found.indices()


def test_a_slow_model_is_run_on_an_executor():
    """One point at a time on threads: the surrogate is the same as from the formula."""

    def slow(point):
        return math.exp(-point["a"]) * math.sin(3.0 * point["b"]) + point["c"] ** 2

    inputs = {one.name: one.prior for one in SMOOTH.inputs}
    with ThreadPoolExecutor(2) as threads:
        found = px.surrogate(px.study(slow, inputs, "y", one_by_one=True, executor=threads), 30, kind="chaos")
    asked = SMOOTH.design(5)
    expected = px.surrogate(SMOOTH, 30, kind="chaos").predict(asked).mean
    assert found.predict(asked).mean == pytest.approx(expected, rel=1e-9)


INPUTS = (
    Input("load", normal(3.0, 0.5), "kN"),
    Input("width", uniform(0.05, 0.15), "m"),
    Input("depth", lognormal(1.0, 0.1)),
)
OUTPUTS = (Output("bend", "mm"),)


@pytest.mark.parametrize("kind", KINDS)
def test_it_runs_inside_a_twin(kind):
    """As a derived value it gives the surrogate's own mean for every member, in its unit, inside and outside."""
    study = px.Study(INPUTS, OUTPUTS, lambda x: x[:, 0] / x[:, 1] * x[:, 2] ** 2)
    fast = px.surrogate(study, 20, kind=kind)

    class Bent(px.Twin):
        load = px.sensor("N", start=3000)
        width = px.parameter("cm", 10)
        depth = px.parameter("1", 1.0)

        @px.derived
        def bend(self):
            return fast.expression({"load": self.load, "width": self.width, "depth": self.depth})

    points = np.concatenate([study.design(4), [[9.0, 0.1, 1.0]]])
    for point in points:
        given: dict[Any, float] = {Bent.load: 1e3 * point[0], Bent.width: 100 * point[1], Bent.depth: point[2]}
        path = px.prototype(Bent, given=given).run("1 s").samples.path("bend")
        assert path[0, -1, 0] == pytest.approx(fast.predict(point).mean[0, 0], rel=1e-9)
    assert str(Bent.bend.expr.unit) == "mm"
    with pytest.raises(SimulationError, match="expected a value for depth"):
        fast.expression({"load": 1.0, "width": 1.0})


def _reading(at):
    return lambda one: at[str(one.data)]


@pytest.mark.parametrize("kind", KINDS)
def test_its_derivative_is_exact_in_equations(kind):
    """The derivative of the expression on the graph is the slope of the mean, on a point of the design too."""
    fast = px.surrogate(PAIR, 24, kind=kind)
    a, b = (leaf("param", name, DIMENSIONLESS) for name in ("a", "b"))
    expr = fast.expression({"a": a, "b": b})
    assert isinstance(expr, Expr)
    slopes = [derivative(expr, one) for one in (a, b)]
    for point in (np.array([0.4, 0.1]), fast.points[3]):
        at = dict(zip("ab", point, strict=True))
        told = [float(evaluate(one, _reading(at))) for one in slopes]
        for k, slope in enumerate(told):
            step = 1e-5 * (np.arange(2) == k)
            ends = fast.predict([point + step, point - step]).mean[:, 0]
            assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-5)


def test_it_is_compiled_like_any_other_equation():
    """The kernel gives the mean for every member of a design at once."""
    fast = px.surrogate(PAIR, 30, kind="chaos")

    class Stood(px.Twin):
        a = px.parameter("1", 0.5)
        b = px.parameter("1", 0.0)

        @px.derived
        def y(self):
            return fast.expression({"a": self.a, "b": self.b})

    points = PAIR.design(64)
    schema, layout = schema_of(Stood), layout_of(schema_of(Stood))
    start = layout.start(64)
    start[layout.place("a")], start[layout.place("b")] = points.T
    done = run(Run(schema, start, 0, 10**9, step=10**8, record=("y",), backend="numba"))
    assert done.backend == "numba"
    assert done["y"][-1] == pytest.approx(fast.predict(points).mean[:, 0], rel=1e-12, abs=1e-12)


def test_units_are_checked_where_it_becomes_an_equation():
    """A signal in another dimension is refused."""
    fast = px.surrogate(px.Study(INPUTS, OUTPUTS, lambda x: x[:, 0]), 20, kind="chaos")
    with pytest.raises(UnitError):
        fast.expression({"load": px.quantity(3, "K"), "width": px.quantity(0.1, "m"), "depth": 1.0})


def test_a_process_of_many_points_is_no_equation():
    """More exponentials than a kernel should carry are refused, with the way out."""
    many = GaussianProcess(np.zeros((129, 1)), np.ones(1), 0.0, 1.0, np.zeros(129), np.eye(129))
    with pytest.raises(SimulationError, match="expected at most 128 points"):
        many.expression([px.quantity(1.0, "1")])


def test_what_was_learnt_of_a_prior_is_an_input_too():
    """A shifted prior has a germ, and a formula of it for equations."""
    study = px.study(lambda x: x[:, 0] ** 2, {"a": Shifted(uniform(0, 2), 0.3, 0.4)})
    fast = px.surrogate(study, 30, kind="chaos")
    assert wrong(fast, study)[0] < 1e-3
    told = evaluate(fast.expression({"a": 1.2}))
    assert float(told) == pytest.approx(fast.predict([1.2]).mean[0, 0], rel=1e-12)
