from typing import Any

import pytest

import pollux as px
from pollux.columns.layout import layout_of
from pollux.errors import ModelError
from pollux.model.graph import const, leaf
from pollux.model.schema import schema_of
from pollux.model.units import unit
from pollux.predict.learning import inferred
from pollux.simulate.run import Run
from pollux.simulate.simulation import run

wild: Any = px


class Room(px.Twin):
    """Two-point control: on below 19, off above 21 degrees."""

    temp = px.sensor("degC", start=15)
    heating = px.hidden("1", start=0, low=0, high=1)
    outside, power, loss = px.parameter("degC", 5), px.parameter("K/h", 20), px.parameter("1/h", 0.5)
    low, high = px.parameter("degC", 19), px.parameter("degC", 21)

    @px.rate(temp)
    def warms(self):
        return self.heating * self.power - self.loss * (self.temp - self.outside)

    @px.event
    def cold(self):
        return self.temp < self.low

    @px.event
    def warm(self):
        return self.temp > self.high

    @px.on(cold, heating)
    def on(self):
        return 1

    @px.on(warm, heating)
    def off(self):
        return 0


ROOM = schema_of(Room)


def test_a_hidden_that_only_jumps_is_a_state_that_holds():
    """Its rate is zero, it has the slot of a state, and equations read it as one."""
    assert ROOM.states == ("temp", "heating")
    assert ROOM.rates["heating"] is const(0.0, unit("1/s"))
    assert ROOM.discrete == ("heating",)
    assert ROOM.expression("heating") is leaf("state", "heating", unit("1"))
    assert "heating" not in ROOM.params
    assert layout_of(ROOM).names[layout_of(ROOM).states] == ("temp", "heating")


def test_a_filter_leaves_a_mode_alone():
    """What is on or off is not estimated as a number between."""
    assert [one.name for one in inferred(ROOM)] == ["temp"]


def test_two_point_control_runs():
    """The room swings between its two limits once the heating was first switched on."""
    start = layout_of(ROOM).start(1)
    start[layout_of(ROOM).place("temp")] = 293.15
    hour, minute = 3_600_000_000_000, 60_000_000_000
    found = run(Run(ROOM, start, 0, 24 * hour, step=minute // 2, grid=minute, record=("temp", "heating")))
    temp, heating = found["temp"], found["heating"]
    late = temp[300:]
    assert 291.9 < late.min() < 292.2
    assert 294.1 < late.max() < 294.4
    assert set(heating.ravel().tolist()) == {0.0, 1.0}
    assert found.events["cold"].count[0] > 10


class Servo(px.Twin):
    place = px.sensor("m", start=1)
    drive = px.hidden("m/s", start=0)
    gain, period = px.parameter("1/s", 2), px.parameter("s", 0.1)

    @px.rate(place)
    def moves(self):
        return self.drive

    @px.cycle
    def tick(self):
        return self.period

    @px.on(tick, drive)
    def controls(self):
        return -self.gain * self.place


def test_a_jump_at_each_turn_names_its_cycle():
    """A sampled controller jumps with a cycle, and its output is a discrete state."""
    schema = schema_of(Servo)
    assert [(one.event, one.state) for one in schema.jumps] == [("tick", "drive")]
    assert schema.states == ("place", "drive", "tick")
    assert schema.discrete == ("drive",)


class Buoy(px.Twin):
    """A sampled controller in gusts."""

    gusts = px.noise()
    place, drive = px.sensor("m", start=1), px.hidden("m/s")
    gain, strength = px.parameter("1/s", 2), px.parameter("m/s**0.5", 0.01)
    tick = px.cycle(lambda self: px.quantity(0.1, "s"))

    @px.rate(place)
    def moves(self):
        return self.drive + self.strength * self.gusts

    @px.on(tick, drive)
    def controls(self):
        return -self.gain * self.place


@pytest.mark.parametrize("method", ["euler-maruyama", "milstein"])
def test_a_sampled_controller_holds_its_place_in_noise(method):
    """Cycles, jumps and noise go together: after some seconds only the noise of the last moments is left.

    With gain 2 and period T = 0.1 a turn multiplies the place by 0.8 and adds noise of the variance T strength^2.
    """
    schema = schema_of(Buoy)
    start = layout_of(schema).start(400)
    found = run(
        Run(schema, start, 0, 5_000_000_000, step=20_000_000, record=("place",), method=method, backend="numpy")
    )
    end = found["place"][-1]
    assert abs(end.mean()) < 4 * end.std() / 20
    expected = 0.01 * (0.1 / (1 - 0.8**2)) ** 0.5
    assert end.std() == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("role", [px.sensor, px.parameter, px.fact])
def test_only_a_hidden_is_a_discrete_state(role):
    """What is told or measured does not jump by itself."""
    with pytest.raises(ModelError, match="expected a state to jump, got x"):

        class Jumps(px.Twin):
            x = role("1", **({} if role is px.sensor else {"value": 1}))
            y = px.sensor("1")

            @px.event
            def high(self):
                return self.y > 1

            @px.on(high, x)
            def falls(self):
                return 0


def test_a_jump_needs_an_event_or_a_cycle():
    """A signal does not happen."""
    with pytest.raises(ModelError, match="expected an event or a cycle of Jumps, got"):

        class Jumps(px.Twin):
            x, y = px.hidden("1"), px.sensor("1")

            @wild.on(y, x)
            def falls(self):
                return 0
