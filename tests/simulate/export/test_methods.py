"""Steps that choose their own length, stiff types and algebraic unknowns, in both kinds."""

import numpy as np
import pytest
from tests.simulate.export.fmus import VERSIONS, columns, made, ours, written
from tests.simulate.export.models import Divided, Driven, Late, Noisy, Stiff

import pollux as px
from pollux.simulate import Chance
from pollux.simulate.export import export_fmu

fmpy = pytest.importorskip("fmpy")
validation = pytest.importorskip("fmpy.validation")
pytestmark = pytest.mark.tool("gcc")


@pytest.fixture(autouse=True)
def _compiler(tool):
    tool("gcc")


def _simulated(path, kind, *, span, grid, outputs, **more):
    return fmpy.simulate_fmu(
        path, stop_time=span, output_interval=grid, fmi_type=kind, output=outputs, record_events=False, **more
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_steps_of_their_own_are_those_of_our_kernel_to_the_bit(version):
    """The pair of Dormand and Prince takes the same attempts in C as in our kernel, and meets the same turns."""
    path = made(Driven, version, "both", None, "dopri5")
    outputs = ["x", "beat.phase", "turns"]
    result = _simulated(path, "CoSimulation", span=3.2, grid=0.2, outputs=outputs)
    expected = ours(Driven, ("x", "beat", "turns"), span=3.2, grid=0.2, step=None, method="dopri5")
    assert np.array_equal(columns(result, outputs), expected)


def test_a_delay_leaves_with_its_past():
    """A rate that looks back three tenths of a second takes our steps to the bit, and its derived value is ours."""
    result = _simulated(
        made(Late, 3, "co-simulation", "2 ms"), "CoSimulation", span=2.0, grid=0.1, outputs=["x", "before"]
    )
    expected = ours(Late, ("x", "before"), span=2.0, grid=0.1, step=0.002)
    assert np.array_equal(result["x"], expected[0])
    assert np.allclose(result["before"], expected[1], rtol=1e-12, atol=0)
    assert result["before"][0] == 1.0
    assert expected[0].min() < -0.2


def test_noise_is_drawn_by_a_seed():
    """The path of a stochastic type is ours to the bit; another seed gives the path that we have with it."""
    path = made(Noisy, 3, "co-simulation", "20 ms")
    assert validation.validate_fmu(path) == []
    for seed in (0, 7):
        result = _simulated(path, "CoSimulation", span=2.0, grid=0.1, outputs=["x"], start_values={"seed": seed})
        chance = Chance(np.array([seed]), np.array([0]))
        expected = ours(Noisy, ("x",), span=2.0, grid=0.1, step=0.02, method="euler-maruyama", chance=chance)
        assert np.array_equal(columns(result, ("x",)), expected)
        assert np.ptp(result["x"]) > 0.05


def test_a_stiff_type_steps_over_what_is_fast():
    """RODAS in C is ours to the bit on rates that differ by 250,000; the event on the way is met once."""
    path = made(Stiff, 3, "both", None, "rodas4")
    outputs = ["a", "b", "fills"]
    result = _simulated(path, "CoSimulation", span=32.0, grid=2.0, outputs=outputs)
    expected = ours(Stiff, tuple(outputs), span=32.0, grid=2.0, step=None, method="rodas4")
    assert np.array_equal(columns(result, outputs), expected)
    assert result["a"][-1] == pytest.approx(np.exp(-0.04 * 32), rel=1e-4)
    assert result["fills"][-1] == 1.0


@pytest.mark.parametrize("kind", ["CoSimulation", "ModelExchange"])
def test_algebraic_unknowns_follow_from_their_residuals(kind):
    """The level falls as the closed form says, and what is between the valves keeps its part of it."""
    path = made(Divided, 3, "both", None)
    assert validation.validate_fmu(path) == []
    result = _simulated(path, kind, span=10.0, grid=1.0, outputs=["level", "between", "flow"], relative_tolerance=1e-8)
    # k1 sqrt(l - b) = k2 sqrt(b): b = l k1^2 / (k1^2 + k2^2) = l / 5, and l' = -k sqrt(l) with k = k2 / sqrt(5).
    k = 0.2 / np.sqrt(5)
    assert np.allclose(result["level"], (np.sqrt(2) - k * result["time"] / 2) ** 2, rtol=1e-6)
    assert np.allclose(result["between"], result["level"] / 5, rtol=1e-6)
    assert np.allclose(result["flow"], 0.2 * np.sqrt(result["between"]), rtol=1e-9)


def test_an_unknown_rests_on_what_its_residual_rests_on():
    """Unknowns are computed: outputs of their states, and so is what rests on them."""
    description = fmpy.read_model_description(written(Divided, 3))
    (between,) = (one for one in description.modelVariables if one.name == "between")
    assert (between.causality, between.initial, between.start) == ("output", "calculated", None)
    rests = {one.variable.name: {known.name for known in one.dependencies} for one in description.outputs}
    assert rests["between"] == rests["flow"] == {"level"}
    (falls,) = description.derivatives
    assert {one.name for one in falls.dependencies} == {"level", "inflow"}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"solver": px.Solver("rodas4")}, "an explicit method for a delay"),
        ({"solver": px.Solver("dopri5"), "step": "1 ms"}, "got a step"),
    ],
)
def test_methods_are_checked(tmp_path, changes, what):
    """A method that is not for the type is refused, and so is a step for one that chooses its own."""
    with pytest.raises(px.SimulationError, match=what):
        export_fmu(Late, tmp_path / "no.fmu", **{"kind": "co-simulation", **changes})
