"""The clock of a device: offset, drift, wrong zone; what is slow, kept back or not stamped is no fault of a clock."""

import numpy as np
import pytest

from pollux.check import DeviceClock
from pollux.columns import Quality, Reason
from pollux.errors import SetupError
from tests.check.follow import Followed, said

HOUR = 3600.0


def heard(followed: Followed, delays, *, every: float = 10.0, start: float = 0.0) -> list[str]:
    """One message every so often, each late by its delay: why its value is doubted."""
    found = []
    for number, delay in enumerate(delays):
        second = start + number * every
        found += followed.reasons(said({"level": 1.0}, second, t=second - delay))
    return found


@pytest.mark.parametrize(
    ("offset", "fault", "zone"),
    [
        (-HOUR, "zone", -HOUR),
        (-5.75 * HOUR, "zone", -5.75 * HOUR),
        (-95.0, "behind", None),
        (95.0, "ahead", None),
        (-100 * 24 * HOUR, "behind", None),
    ],
)
def test_a_clock_that_is_off_is_told_with_its_offset(offset, fault, zone):
    """After eight messages that agree the values are uncertain, and the estimate says by how much."""
    followed = Followed(DeviceClock("30 s"))
    delays = 0.2 + np.random.default_rng(1).exponential(0.5, 30) - offset
    why = heard(followed, delays)
    assert why[:7] == ["NONE"] * 7
    assert set(why[7:]) == {"SKEW"}
    clock = followed.inspector.clock_of(0)
    assert (clock.fault, clock.zone) == (fault, zone)
    assert clock.offset == pytest.approx(offset, abs=1.0)


def test_a_clock_that_is_right_is_never_doubted():
    """Delays of a bad link, with one in ten messages very late, are no fault of the clock."""
    rng = np.random.default_rng(2)
    followed = Followed(DeviceClock("30 s"))
    delays = rng.exponential(3.0, 300) + 120 * (rng.random(300) < 0.1)
    assert set(heard(followed, delays)) == {"NONE"}
    assert followed.inspector.clock_of(0).fault == "none"


def test_daylight_saving_is_a_jump_by_an_hour_and_ends_again():
    """A clock that goes an hour wrong is doubted from the eighth message on, and believed soon after it is right."""
    followed = Followed(DeviceClock("30 s"))
    why = heard(followed, [0.3] * 40 + [HOUR + 0.3] * 40 + [0.3] * 40)
    assert set(why[:47]) == {"NONE"}
    assert set(why[47:80]) == {"SKEW"}
    assert set(why[80:]) == {"NONE"}


def test_a_device_whose_clock_was_never_set_says_so():
    """Seconds since 1970 by a clock that began there: set aside for their time, and the estimate says why."""
    followed = Followed(DeviceClock("30 s"))
    sent = [said({"level": 1.0, "t": 1000.0 + 10 * k}, 10 * k) for k in range(20)]
    assert set(followed.reasons(*sent)) == {"CLOCK"}
    assert followed.inspector.clock_of(0).fault == "never set"


def test_what_was_kept_back_during_an_outage_is_no_fault_of_the_clock():
    """Sixty values of an hour come at once, then live ones: nothing is doubted."""
    followed = Followed(DeviceClock("30 s"))
    assert set(heard(followed, [0.2] * 20)) == {"NONE"}
    backlog = [said({"level": 1.0}, 4000 + k * 0.01, t=400 + 60 * k) for k in range(60)]
    assert set(followed.reasons(*backlog)) == {"NONE"}
    assert set(heard(followed, [0.2] * 20, start=4010)) == {"NONE"}


def test_a_delay_that_is_usual_is_no_fault():
    """A device that sends every hour what it measured an hour ago is right where this is declared."""
    hourly = [HOUR + 0.3] * 30
    assert "SKEW" in heard(Followed(DeviceClock("30 s")), hourly, every=HOUR)
    assert set(heard(Followed(DeviceClock("30 s", usual="1 h")), hourly, every=HOUR)) == {"NONE"}


def test_drift_is_the_slope_of_the_lower_envelope():
    """A clock that gains 200 ppm is read to a few per cent through delays a thousand times its gain per message."""
    followed = Followed(DeviceClock("30 s", over="1 day"))
    rng = np.random.default_rng(3)
    seconds = np.arange(0, 86_400, 60.0)
    for second in seconds:
        delay = rng.exponential(1.0) - 200e-6 * second
        followed.hear(said({"level": 1.0}, second, t=second - delay))
    clock = followed.inspector.clock_of(0)
    assert clock.drift == pytest.approx(200, rel=0.05)
    assert clock.fault == "drifting"


def test_nothing_is_said_of_a_device_that_tells_no_time():
    """Without time stamps there is no estimate, and nothing is doubted."""
    followed = Followed(DeviceClock())
    assert followed.reasons(*[said({"level": 1.0}, k) for k in range(20)]) == ["NONE"] * 20
    assert followed.inspector.clock_of(0) is None


def test_nothing_that_is_doubted_for_its_clock_is_dropped():
    """A value of a clock that is behind stays the last one, uncertain; a worse quality stays what it is."""
    followed = Followed(DeviceClock("30 s"))
    heard(followed, [HOUR] * 20)
    place = followed.block.schema.index["level"]
    assert followed.block.quality[place, 0] == Quality.UNCERTAIN
    assert followed.block.reason[place, 0] == Reason.SKEW
    assert followed.reasons(said({"level": 99.0}, 1000, t=1000 - HOUR)) == ["RANGE"]


@pytest.mark.parametrize("wrong", [{"within": "0 s"}, {"messages": 2}, {"messages": 99}])
def test_amounts_that_cannot_be_are_refused(wrong):
    """A window without width, too few or too many messages."""
    with pytest.raises(SetupError):
        DeviceClock(**wrong)
