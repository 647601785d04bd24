import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.check import Bounds, Disconnected, OutOfRange, Spike, Stuck, TooFast, judged_series, mqtt
from pollux.check.doubts import Jury
from pollux.clock import DAY, HOUR, MINUTE, SECOND, ClockError, instant
from pollux.columns import NEVER, Quality, Reason, Recent
from pollux.errors import SetupError, UnitError
from tests.check.wire import NOW, SCHEMA, beliefs, decoder, heard, native, samples
from tests.columns.plants import Pump

TEMP = SCHEMA.index["temp"]


@pytest.mark.parametrize(
    ("payload", "belief"),
    [
        (b'{"temp": 300}', ("GOOD", "NONE")),
        (b'{"temp": 250}', ("GOOD", "NONE")),
        (b'{"temp": 249.999}', ("BAD", "RANGE")),
        (b'{"temp": 421}', ("BAD", "RANGE")),
        (b'{"temp": NaN}', ("BAD", "NOT_A_NUMBER")),
        (b'{"temp": Infinity}', ("BAD", "NOT_A_NUMBER")),
        (b'{"temp": null}', ("BAD", "NOT_A_NUMBER")),
        (b'{"temp": 300, "t": 0}', ("UNCERTAIN", "CLOCK")),
        (b'{"temp": 300, "t": "1989-12-31T23:59:59Z"}', ("UNCERTAIN", "CLOCK")),
        (b'{"temp": 300, "t": "2100-01-01T00:00:00Z"}', ("UNCERTAIN", "CLOCK")),
        (b'{"temp": 999, "t": 0}', ("BAD", "RANGE")),
        (b'{"temp": 300, "t": "1990-01-01T00:00:00Z"}', ("GOOD", "NONE")),
        (b'{"temp": {"value": 300, "quality": "uncertain"}}', ("UNCERTAIN", "TOLD")),
        (b'{"temp": {"value": 300, "quality": "bad"}}', ("BAD", "TOLD")),
    ],
)
def test_a_value_is_believed_by_its_number_range_and_time(payload, belief):
    """What cannot be is kept, with the reason, and set aside."""
    found = heard(decoder(), native(payload))
    assert beliefs(found) == [belief]
    assert len(samples(found)) == 1
    aside = belief[0] == "BAD" or belief[1] == "CLOCK"
    assert found.batches["Pump"].set_aside.tolist() == [aside]


def test_the_future_begins_after_the_arrival():
    """A clock may run ahead by the bound, whatever the time of the site: a replay decides the same."""
    ahead = Bounds().ahead
    for arrival in (NOW, NOW - 300 * DAY):
        edge = [{"temp": 300, "t": arrival + ahead}, {"temp": 300, "t": arrival + ahead + 1}]
        found = heard(decoder(), native(edge, arrival=arrival))
        assert beliefs(found) == [("GOOD", "NONE"), ("UNCERTAIN", "CLOCK")]


def test_a_loose_channel_and_an_unlikely_range_are_told_by_rules():
    """`Disconnected` is bad at once; `OutOfRange` is uncertain, and its texts carry their own unit."""
    made = decoder(
        mqtt(
            doubts={
                Pump.vibration: [Disconnected(0.0)],
                Pump.temp: [OutOfRange("0 degC", 350)],
                "oil": [OutOfRange(0, 90)],
            }
        )
    )
    found = heard(
        made, native({"vibration": 0, "temp": 270, "oil": 95}), native({"vibration": 1, "temp": 349, "oil": 5})
    )
    assert beliefs(found) == [
        ("BAD", "DISCONNECTED"),
        ("UNCERTAIN", "RANGE"),
        ("UNCERTAIN", "RANGE"),
        *[("GOOD", "NONE")] * 3,
    ]


def test_what_is_bad_already_keeps_its_reason():
    """A number outside the declared range is not made better by a milder doubt."""
    made = decoder(mqtt(doubts={Pump.temp: [OutOfRange(290, 310)]}))
    assert beliefs(heard(made, native({"temp": 500}))) == [("BAD", "RANGE")]


def recent(times: list[int], values: list[float], since: int | None = None) -> Recent:
    padding = 8 - len(times)
    return Recent(
        np.array([times + [int(NEVER)] * padding]),
        np.array([values + [np.nan] * padding]),
        np.array([times[-1] if since is None else since]),
    )


@pytest.mark.parametrize(
    ("doubt", "times", "values", "reason"),
    [
        (TooFast("2 K/s"), [10 * SECOND, 9 * SECOND], [302.0, 300.0], Reason.NONE),
        (TooFast("2 K/s"), [10 * SECOND, 9 * SECOND], [302.1, 300.0], Reason.RATE),
        (TooFast("120 K/min"), [10 * SECOND, 9 * SECOND], [297.9, 300.0], Reason.RATE),
        (TooFast(2), [10 * SECOND], [400.0], Reason.NONE),
        (Spike("5 K"), [4, 3, 2, 1], [310.0, 300.0, 301.0, 299.0], Reason.SPIKE),
        (Spike(5), [4, 3, 2, 1], [304.0, 300.0, 301.0, 299.0], Reason.NONE),
        (Spike(5), [4, 3, 2, 1], [310.0, 310.0, 310.0, 299.0], Reason.NONE),
        (Spike(5), [3, 2, 1], [310.0, 300.0, 301.0], Reason.NONE),
        (Stuck("1 h", samples=3), [HOUR, 60, 30], [300.0] * 3, Reason.NONE),
        (Stuck("1 h", samples=3), [2 * HOUR, 60, 30], [300.0] * 3, Reason.STUCK),
        (Stuck("1 h", samples=3), [2 * HOUR, 60, 30], [300.0, 300.0, 301.0], Reason.NONE),
        (Stuck("1 h", samples=3), [2 * HOUR, 60], [300.0, 300.0], Reason.NONE),
    ],
)
def test_a_value_is_doubted_beside_its_neighbours(doubt, times, values, reason):
    """Rate, spike and standstill, by the values before it in event time."""
    quality, why = Jury(SCHEMA, {TEMP: [doubt]}).judge(TEMP, recent(times, values))
    assert why.tolist() == [reason]
    assert quality.tolist() == [Quality.GOOD if reason == Reason.NONE else Quality.UNCERTAIN]


def test_the_first_doubt_gives_the_reason():
    """A value that is too fast and a spike is doubted once."""
    jury = Jury(SCHEMA, {TEMP: [TooFast(1), Spike(1)]})
    _, why = jury.judge(TEMP, recent([4 * SECOND, 3 * SECOND, 2 * SECOND, SECOND], [400.0, 300.0, 300.0, 300.0]))
    assert why.tolist() == [Reason.RATE]
    assert jury.signals == (TEMP,)


def test_a_whole_series_is_judged_by_the_same_rules():
    """History shows the qualities that the values have in order of event time."""
    times = np.arange(6) * SECOND
    values = np.array([300.0, 300.0, 310.0, 300.0, 300.0, 300.0])
    quality, why = judged_series(SCHEMA, TEMP, [TooFast(5)], times=times, values=values)
    assert why.tolist() == [0, 0, Reason.RATE, Reason.RATE, 0, 0]
    assert quality.tolist() == [1, 1, 2, 2, 1, 1]
    _, stuck = judged_series(SCHEMA, TEMP, [Stuck("2 s", samples=2)], times=times, values=values)
    assert stuck.tolist() == [0, 0, 0, 0, Reason.STUCK, Reason.STUCK]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 100), st.sampled_from([300.0, 301.0, 350.0])), max_size=30))
def test_judging_a_series_is_judging_each_value_as_it_comes(steps):
    """All at once, or one after the other: the same qualities."""
    times = np.cumsum([step for step, _ in steps], dtype=np.int64) * SECOND
    values = np.array([value for _, value in steps])
    doubts = [TooFast(1), Spike(10), Stuck("5 s", samples=3)]
    _, why = judged_series(SCHEMA, TEMP, doubts, times=times, values=values)
    jury = Jury(SCHEMA, {TEMP: doubts})
    for i in range(len(steps)):
        before = [k for k in range(i) if values[k] != values[i]]
        since = int(times[before[-1]] if before else times[0])
        newest = range(i, max(i - 8, -1), -1)
        _, alone = jury.judge(TEMP, recent([int(times[k]) for k in newest], [values[k] for k in newest], since))
        assert alone[0] == why[i]


def test_rules_that_cannot_hold_are_refused_where_they_are_declared():
    """A duration, a number of values, a unit: checked before the first sample."""
    with pytest.raises(ClockError):
        Stuck("long")
    with pytest.raises(SetupError):
        Stuck("1 h", samples=1)
    with pytest.raises(SetupError):
        Spike(1, of=8)


def test_a_bound_in_another_unit_is_refused_when_the_fleet_is_declared():
    """A rate in kelvin without a time is no rate."""
    with pytest.raises(UnitError):
        decoder(mqtt(doubts={Pump.temp: [TooFast("2 K")]}))


def test_the_bounds_of_time_are_declared():
    """A site may hold other times possible."""
    bounds = Bounds(earliest=instant("2026-01-01T00:00:00Z"), ahead=MINUTE)
    found = heard(
        decoder(bounds=bounds),
        native([{"temp": 300, "t": "2025-12-31T00:00:00Z"}, {"temp": 300, "t": NOW + 2 * MINUTE}, {"temp": 300}]),
    )
    assert [reason for _, reason in beliefs(found)] == ["CLOCK", "CLOCK", "NONE"]
