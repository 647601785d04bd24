"""Which method a run takes where nobody names one."""

import pytest
from tests.simulate.methods.test_adaptive import start_of
from tests.simulate.models import SECOND, Ball, Circulation, Decay, Oscillator
from tests.simulate.stiff import Conserved, Growth, Robertson, VanDerPol

from pollux.errors import SimulationError
from pollux.model.equations import rate
from pollux.model.functions import where
from pollux.model.roles import actuator, hidden, parameter
from pollux.model.schema import schema_of
from pollux.model.twin import Twin
from pollux.simulate import Run, Solver, level
from pollux.simulate.choosing import chosen
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Task


def choice(kind, span, **about):
    return chosen(Run(schema_of(kind), start_of(kind), 0, span, **about))


def test_what_is_not_stiff_takes_steps_of_one_length():
    """Smooth types, and those whose events only watch."""
    assert choice(Decay, 100 * SECOND).method == "rk4"
    assert choice(Oscillator, 1000 * SECOND).method == "rk4"


def test_a_circulation_is_not_taken_for_stiff():
    """Its shortest time constant is near what it does: implicit steps would not be ten times as long."""
    assert choice(Circulation, 600 * SECOND).method == "rk4"


def test_jumps_are_met_where_they_happen():
    """A type with jumps takes steps that end at them."""
    assert choice(Ball, 2 * SECOND).method == "dopri5"
    assert choice(Ball, 2 * SECOND, step=SECOND // 100).method == "rk4"


class Bucket(Twin):
    """Fills in the rain and spills over its brim."""

    water = hidden("1", start=0)
    rain = actuator("1/h", low=0, high=10, safe=0)
    seep = parameter("1/h", 0.5)

    @rate(water)
    def fills(self):
        return self.rain - self.seep * where(self.water > 1, 5 * self.water, self.water)


def test_inputs_that_drive_over_thresholds_want_steps_of_their_own():
    """A long run over a kink with inputs; not a short one, not one without inputs, not one of a smooth type."""
    rain = {"rain": level([0, 3600 * SECOND], [0.2, 4.0])}
    assert choice(Bucket, 10 * 86_400 * SECOND, inputs=rain).method == "dopri5"
    assert choice(Bucket, 600 * SECOND, inputs=rain).method == "rk4"
    assert choice(Bucket, 10 * 86_400 * SECOND).method == "rk4"
    assert choice(Decay, 10_000 * SECOND, inputs={"u": level([0, SECOND], [0.0, 1.0])}).method == "rk4"


def test_stiff_types_are_found_and_the_reason_told():
    """The implicit method is chosen, and the note says what it saves."""
    for kind, span in ((VanDerPol, 2000 * SECOND), (Robertson, 400 * SECOND)):
        found = choice(kind, span)
        assert found.method == "rodas4"
        assert "is stiff" in found.note
        assert "times as long" in found.note


def test_a_type_may_be_stiff_for_some_parameters_only():
    """What a mild start was found to be does not stand for a stiff one of the same type and span."""
    # What was tried is kept by the order of magnitude of the span; no other test has this one.
    schema, span = schema_of(VanDerPol), 30_000 * SECOND
    found = [chosen(Run(schema, start_of(VanDerPol, mu=mu), 0, span)).method for mu in (2.0, 20.0, 1000.0)]
    assert found[0] == "rk4"
    assert found[-1] == "rodas4"


def test_noise_and_algebraic_variables_leave_no_choice():
    """Their methods are taken whatever else holds."""
    assert choice(Growth, SECOND).method == "euler-maruyama"
    assert choice(Conserved, SECOND).method == "rodas4"


def test_the_name_of_no_method_is_refused_with_those_that_there_are():
    """A user who knows the names of another library is told ours, before anything runs."""
    with pytest.raises(SimulationError, match=r"expected a method, got 'rk45'(?s:.*)dopri5"):
        Solver("rk45")  # type: ignore[arg-type]
    with pytest.raises(SimulationError, match="expected a method, got 'rk45'"):
        compose(Task(schema_of(Decay), method="rk45"))  # type: ignore[arg-type]
    assert Solver().method == "auto"
