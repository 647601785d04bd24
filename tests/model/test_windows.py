from typing import cast

import pytest
from tests.model.plants import graph

import pollux as px
from pollux.errors import ModelError
from pollux.model.graph import Window, const
from pollux.model.schema import schema_of
from pollux.model.units import unit
from pollux.model.walk import names, topological


class Ward(px.Twin):
    """A reading over each kind of window."""

    pressure = px.hidden("mmHg", start=100)
    power = px.hidden("kW")
    drop = px.parameter("mmHg/s", 1)
    limit = px.parameter("mmHg", 60)
    rate_ = px.parameter("1/min", 70)
    high = px.sensor("kPa")
    average = px.sensor("mmHg")
    energy = px.sensor("kWh")
    before = px.sensor("mmHg")

    @px.cycle
    def beat(self):
        return 1 / self.rate_

    @px.event
    def alarm(self):
        return self.pressure <= self.limit

    @px.rate(pressure)
    def falls(self):
        return -self.drop

    @px.reading(high)
    def cuff(self):
        return px.peak(self.pressure, over=self.beat)

    @px.reading(average)
    def monitor(self):
        return px.mean(self.pressure, over="90 s") + px.trough(self.pressure, over="90 s") - self.limit

    @px.reading(energy)
    def meter(self):
        return px.sum(self.power, over="1 day")

    @px.reading(before)
    def held(self):
        return px.last(self.pressure, over=self.alarm)


def windows(name: str) -> list[Window]:
    data = [one.data for one in topological([schema_of(Ward).readings[name]])]
    return [one for one in data if isinstance(one, Window)]


def test_windows_close_on_cycles_events_and_durations():
    """A window knows what closes it: a cycle or an event by name, a duration in seconds."""
    assert windows("high") == [Window("peak", "cycle", name="beat")]
    assert windows("average") == [Window("mean", "duration", seconds=90.0), Window("trough", "duration", seconds=90.0)]
    assert windows("before") == [Window("last", "event", name="alarm")]


def test_readings_are_told_in_the_unit_of_the_sensor():
    """A peak keeps the unit of what it watches; the reading is converted to that of its sensor."""
    reading = schema_of(Ward).readings["high"]
    assert (reading.op, reading.unit) == ("*", unit("kPa"))
    assert float(reading.args[0]) == pytest.approx(0.133322387415)


def test_a_sum_is_an_integral_over_time():
    """The sum of a power over a day is an energy: kW times s, told in kWh."""
    reading = schema_of(Ward).readings["energy"]
    assert reading.args[1].unit == unit("kW*s")
    assert float(reading.args[0]) == pytest.approx(1 / 3600)


def test_an_event_that_closes_a_window_stays_a_name():
    """The condition of the event is not drawn into the reading."""
    assert names(schema_of(Ward).readings["before"]) == {"pressure"}


def test_events_of_parts_and_their_cycles_close_windows():
    """Cycles and events of parts are known by their dotted names."""

    class Lung(px.Part):
        volume = px.parameter("l", 3)
        pace = px.parameter("1/min", 12)
        tidal = px.sensor("l")

        @px.cycle
        def breath(self):
            return 1 / self.pace

        @px.reading(tidal)
        def spirometer(self):
            return px.peak(self.volume, over=self.breath) - px.trough(self.volume, over=self.breath)

    class Body(px.Twin):
        left = Lung()

    reading = schema_of(Body).readings["left.tidal"]
    assert [cast(Window, one.data).name for one in reading.args] == ["left.breath", "left.breath"]


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (lambda self: px.peak(self.x, over="soon"), "expected a duration such as '30 days', got 'soon'"),
        (lambda self: px.peak(self.x, over=self.x), "expected a cycle, an event or a duration"),
        (lambda self: px.peak(self.x, over=cast(str, 3)), "expected a cycle, an event or a duration, got 3"),
        (lambda self: px.peak(px.mean(self.x, over="1 s"), over="1 s"), "a window inside a window"),
        (lambda self: px.peak(self.x > self.x, over="1 s"), "expected a number over time, got a condition"),
        (lambda self: px.peak(cast(px.Value, 3), over="1 s"), "expected a signal inside an equation, got 3"),
    ],
)
def test_a_window_that_cannot_be_is_refused(reading, message):
    """What closes a window is a cycle, an event or a duration; windows do not nest."""
    seen = px.sensor("K")
    body = {"x": px.hidden("K"), "y": seen, "see": px.reading(seen)(reading)}
    with pytest.raises(ModelError) as caught:
        type("Some", (px.Twin,), body)
    assert message in str(caught.value)
    assert "Some.see (test_windows.py:" in str(caught.value)


def test_a_state_does_not_follow_from_a_window():
    """A window is missing before its first close, so no rate and no period may rest on one."""
    with pytest.raises(ModelError, match="expected the rate of x to follow from states, got a window") as caught:

        class Some(px.Twin):
            x = px.hidden("K")
            lag = px.parameter("s", 3)

            @px.derived
            def smooth(self):
                return px.mean(self.x, over="1 min")

            @px.rate(x)
            def follows(self):
                return (self.smooth - self.x) / self.lag

    assert "self.felt" in str(caught.value)


def test_windows_are_for_equations():
    """Over live values and symbols there is no window."""
    with pytest.raises(ModelError, match=r"windows belong to @px\.reading"):
        px.peak(cast(px.Value, Ward.pressure), over="1 s")
    assert graph(px.peak(const(3.0), over="1 s")).op == "window"
