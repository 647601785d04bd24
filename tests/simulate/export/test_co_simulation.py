"""Co-simulation: an exported twin runs in FMPy and gives the numbers of our own kernel."""

import math

import numpy as np
import pytest
from tests.simulate.export.fmus import VERSIONS, columns, made, ours
from tests.simulate.export.models import Driven
from tests.simulate.models import Ball, Circulation, Decay, Oscillator, Words

fmpy = pytest.importorskip("fmpy")
pytestmark = pytest.mark.tool("gcc")


@pytest.fixture(autouse=True)
def _compiler(tool):
    tool("gcc")


def _simulated(twin, version, kind="co-simulation", *, span, grid, outputs, **more):
    return fmpy.simulate_fmu(
        made(twin, version, kind), stop_time=span, output_interval=grid, fmi_type="CoSimulation", output=outputs, **more
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_states_are_those_of_our_kernel_to_the_bit(version):
    """Every word of an equation, a cycle, an event and a jump: the C step gives the bits of our strict one."""
    result = _simulated(Words, version, span=2.0, grid=0.25, outputs=["x", "y", "beat.phase"])
    expected = ours(Words, ("x", "y", "beat"), span=2.0, grid=0.25, step=0.01)
    assert np.array_equal(columns(result, ("x", "y", "beat.phase")), expected)
    assert np.ptp(expected[2]) > 0.3


def test_the_compiled_kernel_gives_the_same_bits():
    """numba's strict kernel and the C step agree to the bit."""
    result = _simulated(Driven, 3, "both", span=2.0, grid=0.25, outputs=["x", "beat.phase"])
    expected = ours(Driven, ("x", "beat"), span=2.0, grid=0.25, step=0.01, backend="numba")
    assert np.array_equal(columns(result, ("x", "beat.phase")), expected)


@pytest.mark.parametrize("version", VERSIONS)
def test_outputs_agree_with_ours(version):
    """Derived values and readings over a cycle are ours within 1e-12; a window that has not closed is no number."""
    result = _simulated(Words, version, span=2.0, grid=0.25, outputs=["mixture", "seen"])
    expected = ours(Words, ("mixture", "seen"), span=2.0, grid=0.25, step=0.01)
    assert np.allclose(columns(result, ("mixture", "seen")), expected, rtol=1e-12, atol=0.0, equal_nan=True)
    assert math.isnan(result["seen"][0])
    assert np.isfinite(result["seen"][-1])


def test_windows_of_every_kind_close_as_ours_do():
    """Peaks, troughs, means, integrals and last values over cycles, events and durations are those of our kernel."""
    names = ("highest", "lowest", "average", "area", "closing", "energy", "between")
    result = _simulated(Oscillator, 3, span=6.0, grid=0.5, outputs=list(names))
    found, expected = columns(result, names), ours(Oscillator, names, span=6.0, grid=0.5, step=0.01)
    assert np.allclose(found, expected, rtol=1e-12, atol=0.0, equal_nan=True)
    assert np.isfinite(found[:, -1]).all()


def test_a_circulation_with_parts_beats_as_ours_does():
    """A model of ten volumes in parts keeps our trajectory bit for bit, under dotted names."""
    names = ("lv.volume", "aorta.volume", "veins.volume", "systolic")
    path = made(Circulation, 3, "co-simulation", "5 ms")
    result = fmpy.simulate_fmu(path, stop_time=2.0, output_interval=0.1, output=list(names))
    expected = ours(Circulation, names, span=2.0, grid=0.1, step=0.005)
    assert np.array_equal(columns(result, names[:3]), expected[:3])
    assert np.allclose(result["systolic"], expected[3], rtol=1e-12, atol=0.0, equal_nan=True)
    assert np.isfinite(expected[3, -1])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ball_bounces_as_ours_does(version):
    """An event with a jump happens in the same step, with the same speed afterwards."""
    result = _simulated(Ball, version, "both", span=4.0, grid=0.05, outputs=["height", "speed"])
    assert np.array_equal(
        columns(result, ("height", "speed")), ours(Ball, ("height", "speed"), span=4.0, grid=0.05, step=0.01)
    )
    assert np.count_nonzero(np.diff(np.sign(result["speed"])) > 0) >= 2


@pytest.mark.parametrize("version", VERSIONS)
def test_parameters_and_inputs_are_told_by_the_importer(version):
    """A parameter set before the run and an input that follows a signal act as they do in our equations."""
    signal = np.array([(0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (2.0, 0.0)], dtype=[("time", float), ("u", float)])
    result = _simulated(
        Decay, version, "both", span=2.0, grid=0.1, outputs=["x"], start_values={"k": 2.0, "x": 0.25}, input=signal
    )
    first = 0.5 - 0.25 * math.exp(-2.0)
    assert result["x"][10] == pytest.approx(first, rel=1e-8)
    assert result["x"][20] == pytest.approx(first * math.exp(-2.0), rel=1e-3)


def test_a_communication_step_that_is_no_multiple_is_cut_into_equal_steps():
    """Communication steps of 25 ms over internal ones of 10 ms are three steps each: ours, to the bit."""
    result = _simulated(Words, 3, span=1.0, grid=0.025, outputs=["x"])
    assert np.array_equal(columns(result, ("x",)), ours(Words, ("x",), span=1.0, grid=0.025, step=0.01))
