"""Rules are declared on what is measured, in its unit, and on nothing else."""

import pytest

import pollux as px
from pollux.watch import Limit


class Heart(px.Twin):
    rate = px.parameter("1/min", 60)
    strain = px.hidden("1", start=0)
    pressure = px.sensor("mmHg")
    temp = px.sensor("degC")

    @px.reading(pressure)
    def cuff(self):
        return px.quantity(2, "mmHg*min") * self.rate


def test_a_limit_names_the_measured_signal_also_where_an_equation_gives_it() -> None:
    """A limit on a sensor with a reading is one on what the device measures."""
    assert px.limit(Heart.pressure < 90, severity="high") == Limit("pressure", "below", 90.0, "high")
    assert px.limit(Heart.temp > 38.1, severity="low", delay="1 min") == Limit(
        "temp", "above", 38.1 + 273.15, "low", delay=60_000_000_000
    )


def test_a_limit_on_what_nobody_measures_is_refused() -> None:
    """Hidden states, parameters and formulas have no limits; conditions that compare nothing have none either."""
    for condition in (Heart.strain > 1, Heart.rate > 100, Heart.pressure * 2 > 100):
        with pytest.raises(px.ModelError):
            px.limit(condition, severity="high")


def test_changes_and_silences_say_how_much_and_how_long() -> None:
    """A change is a rise or a fall, never both."""
    assert px.change(Heart.pressure, rise=20, within="1 h", severity="low").within == 3_600_000_000_000
    assert px.silence(Heart.pressure, after="2 min", severity="low").after == 120_000_000_000
    with pytest.raises(px.ModelError):
        px.change(Heart.pressure, rise=20, fall=20, within="1 h", severity="low")
