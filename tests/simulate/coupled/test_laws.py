"""What linked systems keep, and how fast their errors fall."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.coupled.models import SECOND, columns
from tests.simulate.coupled.nets import MEMBERS, Ball, Pipe, Spring, water, web

from pollux.model.graph import const, operation, told_in
from pollux.model.linking import meaning
from pollux.model.schema import schema_of
from pollux.model.units import unit
from pollux.simulate import CoupledRun, couple

nets = st.integers(2, 6).flatmap(
    lambda twins: st.tuples(
        st.lists(st.floats(0.5, 3.0), min_size=twins, max_size=twins),
        st.lists(st.tuples(st.integers(0, twins - 1), st.integers(0, twins - 1)), min_size=1, max_size=10),
    )
)


@settings(deadline=None, max_examples=40)
@given(net=nets)
def test_water_is_neither_made_nor_lost(net):
    """Whatever the net, the water in all tanks is the same at the end to rounding; numba and NumPy agree on it."""
    levels, ends = net
    groups = water(levels, ends, MEMBERS)
    run = CoupledRun(groups, 0, 100 * SECOND, SECOND, record={"Tank": ("level", "area")}, backend="numba")
    outcome = couple(run)["Tank"]
    kept = (outcome["level"] * outcome["area"]).sum(axis=1)
    assert kept[-1] == pytest.approx(kept[0], rel=1e-13)
    slow = couple(replace(run, backend="numpy"))["Tank"]
    assert slow["level"] == pytest.approx(outcome["level"], rel=1e-12, abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(net=nets)
def test_springs_keep_energy_and_momentum(net):
    """Balls on hardening springs, in any net: momentum to rounding, energy to the error of the method."""
    places, ends = net
    ends = [(a, b) for a, b in ends if a != b] or [(0, 1)]
    balls = columns(schema_of(Ball), len(places), MEMBERS, place=places, mass=1 + np.arange(len(places)))
    springs = columns(schema_of(Spring), len(ends), MEMBERS)
    groups = web((Spring, ("left", "right")), (Ball, ("rightward", "leftward")), ends, balls, springs)
    record = {"Ball": ("energy", "speed", "mass"), "Spring": ("energy",)}
    run = CoupledRun(groups, 0, 2 * SECOND, SECOND // 1000, record=record, backend="numba")
    outcome = couple(run)
    energy = outcome["Ball"]["energy"].sum(axis=1) + outcome["Spring"]["energy"].sum(axis=1)
    assert energy[-1] == pytest.approx(energy[0], rel=1e-7)
    momentum = (outcome["Ball"]["speed"] * outcome["Ball"]["mass"]).sum(axis=1)
    assert np.abs(momentum).max() <= 1e-11 * max(1.0, np.abs(outcome["Ball"]["speed"]).max())


@pytest.mark.parametrize(("method", "order"), [("rk4", 4), ("heun", 2), ("midpoint", 2), ("euler", 1)])
def test_the_error_of_a_coupled_system_falls_with_the_order_of_its_method(method, order):
    """Halving the step of a chain of hardening springs divides the error by two to the order."""
    balls = columns(schema_of(Ball), 4, MEMBERS, place=[0, 1.3, 1.9, 3.5])
    springs = columns(schema_of(Spring), 3, MEMBERS)
    ends = [(0, 1), (1, 2), (2, 3)]
    groups = web((Spring, ("left", "right")), (Ball, ("rightward", "leftward")), ends, balls, springs)

    def end(how, steps):
        run = CoupledRun(groups, 0, SECOND, SECOND // steps, record={"Ball": ("place",)}, method=how, backend="numba")
        return couple(run)["Ball"]["place"][-1, :, 0]

    exact = end("rk4", 20_000)
    steps = {1: 2000, 2: 400, 4: 100}[order]
    coarse, fine = (np.abs(end(method, one) - exact).max() for one in (steps, 2 * steps))
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.15)


def test_integrals_and_conditions_are_kept_inside_the_kernel():
    """What leaves a tank through its pipes is the integral of their flow; a condition may look at a neighbour."""
    groups = water([2.0, 1.0, 0.5], [(0, 1), (1, 2)], MEMBERS)
    pipe = schema_of(Pipe)
    through = told_in(pipe.expression("flow"), unit("m**3/s"))
    full = operation(">", (meaning(pipe, "end.pressure"), const(9.5, unit("kPa"))))
    run = CoupledRun(
        groups,
        0,
        200 * SECOND,
        SECOND,
        record={"Tank": ("level",)},
        integrate={"Pipe": {"volume": through}},
        ever={"Pipe": {"full": full}},
    )
    for backend in ("numpy", "numba"):
        done = couple(replace(run, backend=backend))
        drop = done["Tank"]["level"][0, 0] - done["Tank"]["level"][-1, 0]
        assert done["Pipe"].integrals["volume"][0] == pytest.approx(drop, rel=1e-12)
        assert done["Pipe"].ever["full"][:, 0].tolist() == [True, False]
