"""Populations, carbon and emissions against published figures: the checks G5 to G9."""

import math

import numpy as np
import pytest
from tests.published.models_ecology import Forcing, Hunting, Inventory, Pulse, Seeds
from tests.published.reckon import BACKENDS, DAY, SECOND, digits, only, reckoned, simulated

from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, run

YEAR = 31_557_600
READ = ("most_prey", "most_predators", "mean_prey", "mean_predators")


@pytest.mark.parametrize(("backend", "days"), [("numpy", 25), ("numba", 200)])
def test_g5_hunters_and_their_prey(backend, days) -> None:
    """G5: period 10.7889, most prey 13.6760, most predators 6.1554, to the last digit; means exactly c/d = 4 and
    a/b = 2.75; the invariant .308584259 drifts by less than 1e-6 (over 200 time units in numba).
    """
    fixed = {"growth": 1.1, "hunt": 0.4, "hunger": 0.4, "gain": 0.1}
    record = (*READ, "invariant")
    found = simulated(
        Hunting, [fixed], days * DAY, dt=DAY / 500, backend=backend, grid=DAY * SECOND // 10, record=record
    )
    turns = found.events["turns"]
    period = (turns.last - turns.first)[0] / (turns.count[0] - 1) / (DAY * SECOND)
    assert digits(period, 4) == 10.7889
    most = [digits(found[name][-1, 0], 4) for name in READ[:2]]
    assert most == [13.6760, 6.1554]
    assert [found[name][-1, 0] for name in READ[2:]] == pytest.approx([4, 2.75], rel=1e-6)
    assert np.abs(found["invariant"] - 0.308584259).max() < 1e-6


@pytest.mark.parametrize("backend", BACKENDS)
def test_g6_ten_years_of_seeds(backend) -> None:
    """G6: after ten steps of Beverton and Holt 46.756671 are there, by jumps and by the closed form."""
    layout = layout_of(schema_of(Seeds))
    found = simulated(Seeds, [{}], 10.5 * YEAR, dt=YEAR / 8, backend=backend)
    many = found.final[layout.place("many"), 0]
    assert digits(many, 6) == 46.756671
    assert reckoned(Seeds, backend=backend)["formula"][0] == pytest.approx(many, rel=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_g7_carbon_leaves_the_air(backend) -> None:
    """G7: .5962 of a pulse remain after 20 years, .4094 after 100, .2803 after 500; 52.36 years' worth in the first
    100 (Joos 2013; coefficients from memory, unverified).
    """
    schema, years, decades = schema_of(Pulse), YEAR * SECOND, [2, 10, 50]
    found = run(
        Run(
            schema,
            layout_of(schema).start(1),
            -250 * years,
            500 * years,
            step=years // 4,
            grid=10 * years,
            record=("remains", "carbon_years"),
            backend=backend,
        )
    )
    assert [digits(found["remains"][k, 0], 4) for k in (0, *decades)] == [1.0, 0.5962, 0.4094, 0.2803]
    assert digits(found["carbon_years"][10, 0], 2) == 52.36
    formula = reckoned(Pulse, [{"age": 10 * k} for k in decades], backend=backend)["formula"]
    assert formula == pytest.approx(found["remains"][decades, 0], rel=1e-7)


@pytest.mark.parametrize("backend", BACKENDS)
def test_g8_a_doubling_of_carbon_dioxide(backend) -> None:
    """G8: 5.35 ln 2 = 3.708 W/m2, from whatever concentration it begins."""
    found = reckoned(Forcing, [{}, {"concentration": 840, "before": 420}], backend=backend)["forcing"]
    assert [digits(one, 3) for one in found] == [3.708, 3.708]


@pytest.mark.parametrize("backend", BACKENDS)
def test_g9_errors_of_emissions_add_in_quadrature(backend) -> None:
    """G9: relative errors of a product and absolute errors of a sum, worked by hand, to 1e-12."""
    found = only(reckoned(Inventory, backend=backend), ("total", "error", "heat.relative_error", "traffic.emission"))
    heat, power, traffic = (
        40_000 * math.hypot(0.05, 0.1),
        75_000 * math.hypot(0.02, 0.03),
        10_400 * math.hypot(0.1, 0.05),
    )
    assert found == pytest.approx(
        {
            "total": 125_400,
            "error": math.hypot(heat, power, traffic),
            "heat.relative_error": math.hypot(0.05, 0.1),
            "traffic.emission": 10_400,
        },
        rel=1e-12,
    )


def test_g9_chance_agrees_with_quadrature() -> None:
    """A hundred thousand inventories drawn from what is believed scatter by the error of the formula, within 2 %."""
    schema = schema_of(Inventory)
    start = layout_of(schema).start(100_000, np.random.default_rng(9))
    found = run(Run(schema, start, 0, SECOND, step=SECOND, record=("total",), backend="numpy"))
    told = reckoned(Inventory, backend="numpy")["error"][0]
    assert found["total"][-1].std() == pytest.approx(told, rel=0.02)
