"""Model exchange: an importer's solver finds our trajectory, our events and our jumps."""

import math

import numpy as np
import pytest
from tests.simulate.export.fmus import VERSIONS, columns, made, ours
from tests.simulate.export.models import Boiler, Driven
from tests.simulate.models import Ball, Decay, Tank

fmpy = pytest.importorskip("fmpy")
pytestmark = pytest.mark.tool("gcc")


@pytest.fixture(autouse=True)
def _compiler(tool):
    tool("gcc")


def _simulated(twin, version, *, span, grid, outputs, **more):
    return fmpy.simulate_fmu(
        made(twin, version), stop_time=span, output_interval=grid, fmi_type="ModelExchange", output=outputs,
        relative_tolerance=1e-10, record_events=False, **more,
    )  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_a_solver_finds_our_trajectory(version):
    """CVode at 1e-10 and our own steps of a millisecond agree within 1e-6, with a cycle that depends on the state."""
    outputs = ["x", "beat.phase", "turns"]
    result = _simulated(Driven, version, span=3.0, grid=0.1, outputs=outputs)
    expected = ours(Driven, ("x", "beat", "turns"), span=3.0, grid=0.1, step=0.001)
    assert np.allclose(columns(result, outputs), expected, rtol=1e-6, atol=1e-6)
    assert result["turns"][-1] == np.count_nonzero(np.diff(result["beat.phase"]) < 0) == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ball_bounces_where_physics_says(version):
    """The solver stops at each impact, and the ball flies on with half its speed: the closed form within 1e-7."""
    result = _simulated(Ball, version, span=3.0, grid=0.1, outputs=["height", "speed"])
    hit = math.sqrt(2 * 10 / 9.81)
    speed = 0.5 * 9.81 * hit
    later = result["time"] - hit
    times = np.nonzero((later > 0) & (later < 2 * speed / 9.81))[0]
    assert len(times) > 10
    flown = later[times]
    assert np.allclose(result["height"][times], speed * flown - 9.81 / 2 * flown**2, rtol=0, atol=1e-6)
    assert np.allclose(result["speed"][times], speed - 9.81 * flown, rtol=0, atol=1e-6)


def test_our_steps_come_close_to_the_solver_as_they_get_shorter():
    """Our jumps happen at the end of a step: the distance from the solver's shrinks with the step."""
    solver = _simulated(Ball, 3, span=2.0, grid=0.5, outputs=["height"])["height"][-1]
    gaps = [abs(ours(Ball, ("height",), span=2.0, grid=2.0, step=step)[0, -1] - solver) for step in (1e-2, 1e-3, 1e-4)]
    assert gaps[2] < gaps[0] / 20
    assert gaps[2] < 1e-3


def test_a_tank_is_emptied_again_and_again():
    """A strict comparison that sits on its edge is met all the same: three fillings in three and a half seconds."""
    result = _simulated(Tank, 3, span=3.5, grid=0.25, outputs=["level"])
    assert np.allclose(result["level"][1::4], 0.25, atol=1e-7)
    assert result["level"][-1] == pytest.approx(0.5, abs=1e-7)


def test_a_condition_that_can_be_read_changes_at_its_event():
    """What a derived condition and an event tell follows the crossing that the solver found."""
    result = _simulated(Boiler, 3, span=60.0, grid=1.0, outputs=["temp", "cold", "on_"])
    assert np.array_equal(result["cold"] > 0.5, result["temp"] < 303.15)
    # T = 783.15 - 490 exp(-0.004 t) reaches 353.15 K after 32.7 s.
    assert np.array_equal(result["on_"] > 0.5, result["time"] < math.log(490 / 430) / 0.004)
    assert result["temp"].max() < 353.15


def test_inputs_and_parameters_reach_the_rates():
    """An input that jumps and a parameter set before the run give the closed form."""
    signal = np.array([(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (2.0, 0.0)], dtype=[("time", float), ("u", float)])
    result = _simulated(Decay, 3, span=2.0, grid=0.5, outputs=["x"], start_values={"k": 2.0, "x": 0.25}, input=signal)
    first = 0.5 - 0.25 * math.exp(-2.0)
    assert result["x"][2] == pytest.approx(first, rel=1e-7)
    assert result["x"][-1] == pytest.approx(first * math.exp(-2.0), rel=1e-7)
