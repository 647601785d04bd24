"""Emulated sensors disturb the truth in the ways that are declared, and in no other."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.castor.sensors import Artefact, Channel, Emulation, Sensor
from pollux.errors import SetupError

HOUR = 3_600_000_000_000


def truth(moment: int) -> dict[str, float]:
    return {"temp": 37.0 + moment / HOUR, "none": float("nan")}


def read(sensor: Sensor, hours: int, seed: int = 1) -> list[tuple[int, float]]:
    emulation = Emulation([sensor], truth, np.random.default_rng(seed))
    return [(r.time, r.values["temp"]) for r in emulation.readings(0, hours * HOUR)]


def test_a_perfect_sensor_reads_the_truth_on_its_beat() -> None:
    """Without noise, drop-outs and jitter the readings are the truth at multiples of the interval."""
    assert read(Sensor("patch", HOUR, (Channel("temp"), Channel("none"))), 3) == [
        (HOUR * n, 37.0 + n) for n in (1, 2, 3)
    ]


def test_noise_bias_and_rounding_have_their_sizes() -> None:
    """Over many readings the error has the declared mean and spread, in whole steps."""
    sensor = Sensor("patch", HOUR, (Channel("temp", noise=0.4, bias=0.3, step=0.1),))
    errors = np.array([value - 37.0 - moment / HOUR for moment, value in read(sensor, 4000)])
    assert errors.mean() == pytest.approx(0.3, abs=0.03)
    assert errors.std() == pytest.approx(0.4, abs=0.03)
    assert np.allclose(errors * 10, np.round(errors * 10), atol=1e-5)


def test_dropouts_gaps_and_artefacts_are_as_declared() -> None:
    """Missed readings, a stretch without any, and wrong values in runs."""
    sensor = Sensor(
        "patch", HOUR, (Channel("temp", artefact=Artefact(0.02, 0.0, length=5)),), dropout=0.1, gaps=((0, 1000 * HOUR),)
    )
    readings = read(sensor, 5000)
    assert min(moment for moment, _ in readings) >= 1000 * HOUR
    assert len(readings) == pytest.approx(0.9 * 4000, rel=0.05)
    assert np.mean([value == 0 for _, value in readings]) == pytest.approx(5 * 0.02 / (1 + 4 * 0.02), rel=0.35)


@given(st.lists(st.integers(0, 50 * HOUR), max_size=4))
def test_however_time_is_cut_the_moments_are_the_same(cuts: list[int]) -> None:
    """Asking for readings in pieces gives the same moments as asking once."""
    sensor = Sensor("patch", HOUR // 3, (Channel("temp"),))
    whole = [moment for moment, _ in read(sensor, 50)]
    edges = [0, *sorted(cuts), 50 * HOUR]
    emulation = Emulation([sensor], truth, np.random.default_rng(1))
    pieces = [r.time for a, b in itertools.pairwise(edges) for r in emulation.readings(a, b)]
    assert pieces == whole


def test_a_sensor_may_read_at_some_hours_of_the_day() -> None:
    """Three times a day, in durations with a unit: at 7, 13 and 21 o'clock of each day, and at no other time."""
    cuff = Sensor("cuff", "1 day", (Channel("temp"),), at=("7 h", "13 h", "21 h"))
    assert [moment // HOUR for moment, _ in read(cuff, 50)] == [7, 13, 21, 31, 37, 45]


def test_uneven_moments_are_all_read_when_a_device_sends_twice_a_day() -> None:
    """Between noon and midnight fall two of three readings, and both are made."""
    cuff = Sensor("cuff", "1 day", (Channel("temp"),), at=("7 h", "13 h", "21 h"))
    halves = [cuff.due(12 * HOUR * n, 12 * HOUR * (n + 1), reach=12 * HOUR) for n in range(2)]
    assert [[moment // HOUR for moment in half] for half in halves] == [[7], [13, 21]]


def test_a_channel_may_read_what_has_another_name_and_stops_at_its_bounds() -> None:
    """It is told as `fever`, measured as `temp`, and no higher than 40."""
    emulation = Emulation(
        [Sensor("patch", HOUR, (Channel("fever", reads="temp", high=40.0),))], truth, np.random.default_rng(1)
    )
    assert [reading.values for reading in emulation.readings(0, 4 * HOUR)] == [
        {"fever": value} for value in (38.0, 39.0, 40.0, 40.0)
    ]


def test_an_artefact_may_be_a_multiple_of_the_truth() -> None:
    """An extra beat: half as fast again as the truth, in whole steps."""
    sensor = Sensor("wrist", HOUR, (Channel("temp", noise=0.1, step=1.0, artefact=Artefact(1.0, times=1.5)),))
    assert [value for _, value in read(sensor, 2)] == [round(1.5 * 38.0), round(1.5 * 39.0)]


def test_who_is_behind_reads_only_what_a_device_would_still_hold() -> None:
    """After a long time only the last readings of a stretch are made, of a slow sensor its last one."""
    quick, slow = Sensor("quick", HOUR, (Channel("temp"),)), Sensor("slow", 30 * HOUR, (Channel("temp"),))
    emulation = Emulation([quick, slow], truth, np.random.default_rng(1))
    readings = [(one.sensor, one.time // HOUR) for one in emulation.readings(0, 100 * HOUR, reach=2 * HOUR)]
    assert readings == [("slow", 90), ("quick", 99), ("quick", 100)]


@pytest.mark.parametrize("wrong", [{"every": 0}, {"dropout": 1.0}, {"at": ()}, {"at": (HOUR,)}, {"at": (-1,)}])
def test_a_senseless_sensor_is_refused(wrong: dict[str, Any]) -> None:
    """No interval, no reading that ever comes, no moment within the interval."""
    with pytest.raises(SetupError):
        Sensor(**{"name": "patch", "every": HOUR, "channels": (), **wrong})
