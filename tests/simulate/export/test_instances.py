"""An instance called function by function: saved states, failures that are told, rules about what may be set."""

from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.export.fmus import VERSIONS, ours
from tests.simulate.export.models import Boiler, Fails
from tests.simulate.models import Ball, Decay, Words

fmpy = pytest.importorskip("fmpy")
instances = pytest.importorskip("tests.simulate.export.instances")
pytestmark = pytest.mark.tool("gcc")


@pytest.fixture(autouse=True)
def _compiler(tool):
    tool("gcc")


def _run(one, first, last):
    for k in range(first, last):
        one.step(0.1 * k, 0.1)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_saved_state_has_the_same_future(version):
    """Saved, run on, restored and run again: the same numbers to the bit, windows and events included."""
    with instances.called(Words, version, exported="co-simulation") as one:
        one.begin()
        _run(one, 0, 7)
        state = one.fmu.getFMUState() if version == 3 else one.fmu.getFMUstate()
        _run(one, 7, 20)
        first = [one.get(name) for name in ("x", "y", "beat.phase", "seen", "time")]
        (one.fmu.setFMUState if version == 3 else one.fmu.setFMUstate)(state)
        assert one.get("time") == pytest.approx(0.7)
        _run(one, 7, 20)
        assert [one.get(name) for name in ("x", "y", "beat.phase", "seen", "time")] == first
        (one.fmu.freeFMUState if version == 3 else one.fmu.freeFMUstate)(state)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_state_goes_through_bytes_into_another_instance(version):
    """A serialised state restored in another instance of the FMU goes on as the first would have."""
    with instances.called(Ball, version) as one, instances.called(Ball, version) as other:
        one.begin()
        _run(one, 0, 12)
        save, put = ("FMUState", "FMUState") if version == 3 else ("FMUstate", "FMUstate")
        state = getattr(one.fmu, f"get{save}")()
        data = getattr(one.fmu, f"serialize{save}")(state)
        back = getattr(other.fmu, "deserializeFMUState" if version == 3 else "deSerializeFMUstate")(data)
        getattr(other.fmu, f"set{put}")(back)
        _run(one, 12, 30)
        _run(other, 12, 30)
        assert other.get("height") == one.get("height")
        assert other.get("speed") == one.get("speed")


@pytest.mark.parametrize("version", VERSIONS)
def test_bytes_of_another_fmu_are_refused(version):
    """A serialised state begins with the token of its FMU; another one does not take it."""
    with instances.called(Ball, version) as one, instances.called(Decay, version) as other:
        one.begin()
        state = one.fmu.getFMUState() if version == 3 else one.fmu.getFMUstate()
        data = one.fmu.serializeFMUState(state) if version == 3 else one.fmu.serializeFMUstate(state)
        with pytest.raises(Exception, match="fail"):
            (other.fmu.deserializeFMUState if version == 3 else other.fmu.deSerializeFMUstate)(data)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_state_that_is_no_number_is_an_error_and_is_told(version):
    """A step that ends in infinity returns an error, and the log says since when."""
    with instances.called(Fails, version) as one:
        one.begin()
        _run(one, 0, 9)
        with pytest.raises(Exception, match="fail"):
            _run(one, 9, 40)
        status, text = one.messages[-1]
        assert status == 3
        assert "no finite number since the time" in text


@pytest.mark.parametrize("version", VERSIONS)
def test_a_derivative_that_is_no_number_is_discarded(version):
    """A solver that tries a state at which a rate overflows may try a shorter step: it is told to discard."""
    with instances.called(Fails, version, "model-exchange") as one:
        one.begin()
        (one.fmu.newDiscreteStates if version == 2 else one.fmu.updateDiscreteStates)()
        one.fmu.enterContinuousTimeMode()
        one.fmu.setContinuousStates((fmpy.fmi1.c_double * 1)(1e200), 1)
        rates = (fmpy.fmi1.c_double * 1)()
        with pytest.raises(Exception, match="fail"):
            (one.fmu.getDerivatives if version == 2 else one.fmu.getContinuousStateDerivatives)(rates, 1)
        assert one.messages[-1][0] == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_computed_cannot_be_set(version):
    """Outputs are refused at any time, fixed parameters and states once the run has begun; inputs are taken."""
    with instances.called(Boiler, version) as one:
        one.begin(area=3.0, temp=300.0)
        one.set("power", 2.0)
        one.set("loss", 1.5)
        for name in ("spent", "der(temp)", "area", "temp", "time"):
            with pytest.raises(Exception, match="fail"):
                one.set(name, 1.0)
            assert "cannot be set" in one.messages[-1][1]
        assert one.get("spent") == 2.0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_in_the_wrong_mode_is_refused(version):
    """A step before initialisation is an error with the name of the function, not a crash."""
    with instances.called(Decay, version) as one:
        with pytest.raises(Exception, match="fail"):
            one.step(0.0, 0.1)
        assert "DoStep was called in a mode" in one.messages[-1][1]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_instance_can_begin_anew(version):
    """After a reset everything is as it was declared."""
    with instances.called(Decay, version) as one:
        one.begin(k=2.0)
        _run(one, 0, 5)
        one.fmu.reset()
        assert (one.get("x"), one.get("k"), one.get("time")) == (1.0, 1.25, 0.0)
        one.begin()
        _run(one, 0, 5)
        assert one.get("x") == pytest.approx(2.718281828459045 ** (-1.25 * 0.5), rel=1e-8)


@pytest.mark.parametrize("version", VERSIONS)
def test_instances_do_not_share_anything(version):
    """Two instances of one library keep their own states."""
    with instances.called(Decay, version) as one, instances.called(Decay, version) as other:
        one.begin(x=3.0)
        other.begin()
        _run(one, 0, 3)
        assert other.get("x") == 1.0
        assert one.get("x") > 2.0


@pytest.mark.parametrize("version", VERSIONS)
def test_directional_derivatives_are_exact(version):
    """The derivatives of rates and outputs by states and inputs are those of calculus; zero where nothing connects."""
    whats, bys = ("der(temp)", "der(on_)", "spent", "shown", "temp"), ("temp", "on_", "power", "outside")
    with instances.called(Boiler, version) as one:
        one.begin(temp=300.0, power=2.0)
        told = [[one.slope(what, by) for by in bys] for what in whats]
    # heat T' = power on - loss (T - outside), with 500 J/K and 2 W/K, the power told in kW
    expected = [[-0.004, 4.0, 2.0, 0.004], [0, 0, 0, 0], [0, 2.0, 1.0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    assert told == [pytest.approx(row, abs=1e-12) for row in expected]


def test_adjoint_derivatives_are_the_same_matrix_from_the_other_side():
    """A seed on the unknowns, propagated back, gives the column sums of the Jacobian."""
    with instances.called(Boiler, 3) as one:
        one.begin(temp=300.0, power=2.0)
        refs = [one.reference[name] for name in ("der(temp)", "spent")]
        knowns = [one.reference[name] for name in ("on_", "power")]
        back = one.fmu.getAdjointDerivative(refs, knowns, [1.0, 10.0])
        assert list(back) == pytest.approx([4.0 + 20.0, 2.0 + 10.0])


@pytest.mark.parametrize("version", VERSIONS)
def test_derivatives_by_parameters_are_not_told(version):
    """A parameter is no known of the standard in a run: asked for it, the FMU refuses and says so."""
    with instances.called(Boiler, version) as one:
        one.begin()
        with pytest.raises(Exception, match="fail"):
            one.slope("der(temp)", "loss")
        assert "no state and no input" in one.messages[-1][1]


@settings(max_examples=25)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_however_time_is_cut_the_steps_are_the_same(parts):
    """Communication steps of any whole number of internal steps lead to the same states, bit for bit."""
    with instances.called(Words, 3, exported="co-simulation") as one:
        one.begin()
        for before, part in zip(accumulate([0, *parts]), parts, strict=False):
            one.step(before * 0.01, part * 0.01)
        found = [one.get(name) for name in ("x", "y", "beat.phase")]
    assert found == list(_trajectory()[:, sum(parts)])


@cache
def _trajectory():
    return ours(Words, ("x", "y", "beat"), span=1.0, grid=0.01, step=0.01)
