"""Heat against slabs, walls and fins that are known in closed form."""

import math

import numpy as np
import pytest
from tests.simulate.geometry.bodies import CONDUCTIVITY, SLAB, STORED, closed, slab, wall

from pollux.errors import ModelError
from pollux.simulate.geometry import Convection, Heat, Held, Material, Temperature, box, natural, steady
from pollux.simulate.geometry.reference import steps

pytest.importorskip("skfem")

DIFFUSIVITY = CONDUCTIVITY / STORED


def test_a_slab_warms_as_fourier_says():
    """Both faces jump by one kelvin: the middle follows 1 - 4/pi sum (-1)^n / (2n+1) exp(-((2n+1) pi / L)^2 a t)."""
    system, both, span = slab().system, np.array([1.0, 1.0]), 2000.0
    fields = steps(system, both, span, 400)
    middle = (fields @ system.outputs.T + system.direct @ both)[:, 0]
    times = np.linspace(0.0, span, 401)[20:]
    odd = 2 * np.arange(40)[:, None] + 1
    terms = (-1.0) ** np.arange(40)[:, None] / odd * np.exp(-((odd * math.pi / SLAB) ** 2) * DIFFUSIVITY * times)
    assert np.abs(middle[20:] - (1.0 - 4.0 / math.pi * terms.sum(axis=0))).max() < 2e-4


def test_a_wall_carries_heat_through_three_resistances():
    """At rest films and wall share the difference of the temperatures in the ratio of their resistances."""
    found = steady(wall().system, {"room": 293.15, "weather": 273.15})
    flux = 20.0 / (1 / 8 + 0.2 / 0.8 + 1 / 25)
    assert found["inside"] == pytest.approx(293.15 - flux / 8, rel=1e-12)
    assert found["outside"] == pytest.approx(273.15 + flux / 25, rel=1e-12)


def test_a_fin_cools_as_its_perimeter_says():
    """The temperature along a thin fin is cosh(m (L - x)) / cosh(m L) of that of its base, with m^2 = h P / k A."""
    body = box((0.1, 0.004, 0.004), cells=(12, 1, 1))
    body = body.named("sides", where=lambda middle: (middle[:, 0] > 1e-9) & (middle[:, 0] < 0.1 - 1e-9))
    fin = Heat(
        solid=body,
        material=Material(density=2700, conductivity=200, heat_capacity=900),
        exchanges={"base": Held("-x"), "air": Convection("sides", film=25)},
        outputs={"half": Temperature((0.05, 0.002, 0.002)), "end": Temperature("+x")},
    )
    found = steady(fin.system, {"base": 393.15, "air": 293.15})
    m = math.sqrt(25 * 0.016 / (200 * 0.004**2))
    assert found["end"] == pytest.approx(293.15 + 100 / math.cosh(m * 0.1), abs=0.05)
    assert found["half"] == pytest.approx(293.15 + 100 * math.cosh(m * 0.05) / math.cosh(m * 0.1), abs=0.05)


def test_a_closed_body_keeps_its_heat():
    """Whatever the temperatures begin as, and however they even out, their heat stays; a heater adds its power."""
    system = closed().system
    ones = np.ones(system.size)
    start = np.random.default_rng(1).normal(300.0, 20.0, system.size)
    before, after = (ones @ (system.mass @ one) for one in steps(system, np.zeros(1), 500.0, 50, start)[[0, -1]])
    assert after == pytest.approx(before, rel=1e-12)
    heated = steps(system, np.array([1000.0]), 500.0, 50)[-1]
    assert ones @ (system.mass @ heated) == pytest.approx(1000.0 * 500.0, rel=1e-10)


def test_the_error_falls_with_the_fourth_power_of_the_mesh():
    """The slowest rate of a slab is a (pi / L)^2, and quadratic elements of half the size miss it by a sixteenth."""
    exact = DIFFUSIVITY * (math.pi / SLAB) ** 2
    errors = [natural(slab(n).system, 1).values[0] / exact - 1.0 for n in (2, 4, 8)]
    assert all(error > 0.0 for error in errors)
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 4.0) < 0.2)


def test_a_later_step_is_second_order_in_time():
    """Halving the step of the reference quarters its error."""
    system, load = slab(4).system, np.array([1.0, 0.0])
    fine = steps(system, load, 1000.0, 3200)[-1]
    errors = [np.abs(steps(system, load, 1000.0, n)[-1] - fine).max() for n in (25, 50, 100)]
    assert np.all(np.abs(np.log2(np.array(errors[:-1]) / errors[1:]) - 2.0) < 0.35)


def test_unknown_inputs_and_films_without_sense_are_refused():
    """What no model can mean is named."""
    with pytest.raises(ModelError, match="an input"):
        steady(wall().system, {"rom": 293.0})
    with pytest.raises(ModelError, match="film coefficient"):
        _ = Heat(
            solid=box((1, 1, 1), cells=(1, 1, 1)),
            material=Material(density=1, conductivity=1, heat_capacity=1),
            exchanges={"air": Convection("-x", film=0)},
            outputs={"mean": Temperature()},
        ).system
