"""What an alarm says is in the unit in which people declared the signal, and a number is never without it."""

import pollux as px


class Oven(px.Twin):
    """Hot, in the unit of cooks; columns hold kelvin."""

    air = px.sensor("degC", low=-10, high=400)
    beat = px.sensor("1/min", low=0, high=200)
    share = px.sensor("1", low=0, high=1)


def test_a_limit_says_what_was_measured_in_the_declared_unit():
    """533.15 K beyond 523.15 K is 260 degC beyond 250."""
    rule = px.limit(Oven.air > px.quantity(250, "degC"), severity="high")
    assert rule.words(533.15) == "measured 260 °C, limit 250 °C"
    assert px.limit(Oven.beat > 90, severity="low").words(100.0) == "measured 100 /min, limit 90 /min"
    assert px.limit(Oven.share > 0.5, severity="low").words(0.75) == "measured 0.75, limit 0.5"


def test_a_change_of_a_temperature_has_no_zero():
    """A rise of 12 kelvin is one of 12 degrees, not of minus 261."""
    rule = px.change(Oven.air, within="1 h", rise=10.0, severity="low")
    assert rule.words(293.15, 12.0) == "measured 20 °C, up 12 °C"


def test_a_silence_says_the_minute_of_the_last_reading():
    """Nobody reads milliseconds."""
    rule = px.silence(Oven.air, after="1 h", severity="low")
    assert rule.words(px.instant("2026-11-06T21:00:00Z")) == "last reading 2026-11-06 21:00 UTC"
