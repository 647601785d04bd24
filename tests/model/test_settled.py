from typing import cast

import pytest
from tests.model.plants import Circulation

import pollux as px
from pollux.errors import ModelError, PolluxError
from pollux.model.graph import Settled
from pollux.model.schema import schema_of
from pollux.model.units import unit


class Patient(px.Twin):
    """Days of fluid, above seconds of circulation."""

    fluid = px.hidden("l", start=5)
    stiff = px.parameter("mmHg/ml", 2)
    svr = px.parameter("mmHg*s/l", 900)
    gain = px.parameter("l/day/mmHg", 0.01)
    set_point = px.parameter("kPa", 12)

    @px.derived
    def settled(self):
        fast = px.settled(
            Circulation,
            {Circulation.svr: self.svr, Circulation.lv.stiffness: self.stiff, Circulation.heart_rate: 75},
            over="25 s",
            every="1 h",
        )
        return fast.systolic

    @px.rate(fluid)
    def drinks(self):
        return self.gain * (self.set_point - self.settled)


def test_a_settled_reading_is_a_node_of_the_slow_model():
    """The fast model, its inputs by name and what is read of it stand in one node; inputs are in the fast units."""
    node = schema_of(Patient).derived["settled"]
    assert node.op == "settled"
    assert node.unit == unit("mmHg")
    assert node.data == Settled(
        schema_of(Circulation), ("heart_rate", "lv.stiffness", "svr"), 25.0, "systolic", every_seconds=3600.0
    )
    rate, stiff, svr = node.args
    assert (float(rate), rate.unit) == (75.0, unit("1/min"))
    assert stiff.data == "stiff"
    assert (svr.unit, float(svr.args[0])) == (unit("mmHg*s/ml"), 0.001)


def test_two_readings_share_their_inputs():
    """What is read of one settled run differs in its output only."""

    class Two(px.Twin):
        svr = px.parameter("mmHg*s/ml", 1)

        @px.derived
        def pulse(self):
            fast = px.settled(Circulation, {Circulation.svr: self.svr}, over="25 s")
            return fast.systolic - fast.diastolic

    high, low = schema_of(Two).derived["pulse"].args
    assert [id(one) for one in high.args] == [id(one) for one in low.args]
    outputs = [cast(Settled, one.data).output for one in (high, low)]
    assert outputs == ["systolic", "diastolic"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda: {Circulation.lv.volume: 3}, "expected a parameter or an actuator of Circulation"),
        (lambda: {Circulation.systolic: 3}, "expected a parameter or an actuator of Circulation"),
        (lambda: {Patient.svr: 3}, "expected a parameter or an actuator of Circulation, got Patient.svr"),
        (lambda: {"svr": 3}, "expected parameters of Circulation as keys"),
        (lambda: {Circulation.svr: px.quantity(3, "K")}, "expected mmHg*s/ml, got K"),
        (lambda: {Circulation.svr: Circulation.svr}, "expected a value for Circulation.svr, got parameter"),
    ],
)
def test_only_parameters_of_the_fast_model_are_given(given, message):
    """What the fast model computes cannot be given, nor what it does not know."""
    with pytest.raises(ModelError) as caught:
        px.settled(Circulation, given(), over="25 s")
    assert message in str(caught.value)


def test_the_run_has_a_length():
    """The time over which a fast model settles is a duration."""
    with pytest.raises(PolluxError, match="expected a duration"):
        px.settled(Circulation, {}, over="soon")
