"""NEWS2: what scores, what is missing, what is printed."""

from dataclasses import replace

import pytest

import pollux as px
from pollux.worlds.heart.news2 import SECOND, Input, Reading, ScaleTwo, score

NOW = 1_000_000 * SECOND
HOUR = 3600.0


def readings(respiration, saturation, oxygen, systolic, pulse, letter, temperature):
    values = (respiration, saturation, oxygen, systolic, pulse, letter, temperature)
    return {name: Reading(value, NOW) for name, value in zip(Input, values, strict=True)}


WELL = readings(16, 97, False, 120, 70, "A", 37.0)


def test_an_old_input_counts_as_missing_with_its_age():
    """An input older than the agreed interval makes the score incomplete and is named with its age."""
    old = WELL | {Input.TEMPERATURE: replace(WELL[Input.TEMPERATURE], time=NOW - int(1.5 * HOUR) * SECOND)}
    seen = score(old, now=NOW, interval=HOUR)
    assert seen.total is None
    assert [(m.input, m.why) for m in seen.missing] == [(Input.TEMPERATURE, "90 min old")]


def test_nothing_measured_scores_nothing():
    """Seven missing inputs are "at least 0", never a total of 0."""
    seen = score({}, now=NOW, interval=HOUR)
    assert seen.total is None
    assert len(seen.missing) == 7
    assert seen.at_least == 0


def test_a_single_three_is_shown_beside_the_total():
    """A pulse of 40 alone is a total of 3 and an urgent ward review."""
    seen = score(WELL | {Input.PULSE: Reading(40, NOW)}, now=NOW, interval=HOUR)
    assert (seen.total, seen.threes, seen.response) == (3, (Input.PULSE,), "urgent ward review")
    assert str(seen) == "NEWS2 3, a single 3: pulse"


def test_responses_follow_the_total():
    """5 is urgent, 7 an emergency, and an incomplete score of at least 7 is an emergency too."""
    five = readings(22, 94, False, 105, 105, "A", 37.5)
    assert score(five, now=NOW, interval=HOUR).response.startswith("urgent assessment")
    grave = {Input.RESPIRATION: Reading(26, NOW), Input.SATURATION: Reading(90, NOW), Input.PULSE: Reading(132, NOW)}
    assert score(grave, now=NOW, interval=HOUR).response.startswith("emergency")


def test_scale_two_needs_a_recorded_decision():
    """The same saturation of 95 % on oxygen scores on scale 2 only when a clinician has recorded the decision."""
    given = readings(18, 95, True, 130, 80, "A", 37)
    decided = ScaleTwo("cardiologist on duty", NOW, "hypercapnic failure in 2024")
    assert score(given, now=NOW, interval=HOUR).points[Input.SATURATION] == 1
    assert score(given, now=NOW, interval=HOUR, scale_two=decided).points[Input.SATURATION] == 2


def test_an_unknown_letter_is_refused():
    """Consciousness other than A, C, V, P, U is refused with a hint, not scored."""
    with pytest.raises(px.DataRefused, match="one of A, C, V, P, U"):
        score(WELL | {Input.CONSCIOUSNESS: Reading("X", NOW)}, now=NOW, interval=HOUR)


def test_temperature_is_read_in_tenths():
    """35.04 degrees read as 35.0 and 35.06 as 35.1: the chart is written in tenths."""
    points = [
        score(WELL | {Input.TEMPERATURE: Reading(t, NOW)}, now=NOW, interval=HOUR).points[Input.TEMPERATURE]
        for t in (35.04, 35.06)
    ]
    assert points == [3, 1]
