"""Readings over cycles, events and durations, against the formula and against every step looked at."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.simulate.models import SECOND, Oscillator

from pollux.columns import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, run

SCHEMA = schema_of(Oscillator)
LAYOUT = layout_of(SCHEMA)
STEP = SECOND // 200
W = 2 * math.pi
READINGS = ("highest", "lowest", "average", "area", "closing", "energy", "between")


def _run(span, grid, **values):
    start = LAYOUT.start(1)
    for name, value in values.items():
        start[LAYOUT.place(name)] = value
    return run(Run(SCHEMA, start, 0, span, step=STEP, grid=grid, record=(*READINGS, "x"), backend="numpy"))


def _square_integral(a, b):
    """The integral of cos^2(w t)."""
    return (b - a) / 2 + (math.sin(2 * W * b) - math.sin(2 * W * a)) / (4 * W)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.3, 3.0))
def test_windows_over_a_cycle_are_those_of_the_formula(turn):
    """Peak, trough, mean, sum and last of the last whole turn agree with calculus, whatever the length of the turn."""
    assume(0.02 < 7 / turn % 1 < 0.98)
    outcome = _run(7 * SECOND, 7 * SECOND, turn=turn)
    end = math.floor(7 / turn) * turn
    begin = end - turn
    t = np.linspace(begin, end, 20_001)
    area = _square_integral(begin, end)
    found = {name: float(outcome[name][-1, 0]) for name in READINGS}
    assert found["highest"] == pytest.approx(np.cos(W * t).max(), abs=3e-4)
    assert found["lowest"] == pytest.approx(np.cos(W * t).min(), abs=3e-4)
    assert found["area"] == pytest.approx(area, abs=2e-4)
    assert found["average"] == pytest.approx(area / (end - begin), abs=5e-4)
    assert found["closing"] == pytest.approx(math.cos(W * end), abs=3e-4)


def test_extremes_are_those_of_every_step():
    """Peak and trough equal the extremes over all steps of the turn and its two edges, looked at one by one."""
    outcome = _run(6 * SECOND, STEP, turn=1.3)
    x, highest = outcome["x"][:, 0], outcome["highest"][:, 0]
    per_turn = 260
    for turn in range(1, 4):
        seen = x[(turn - 1) * per_turn : turn * per_turn + 1]
        assert highest[turn * per_turn + 1] == pytest.approx(seen.max(), abs=1e-12)


def test_readings_are_missing_before_the_first_whole_turn():
    """A run that begins with a turn has a reading after one turn, one that begins inside after the torn one too."""
    whole = _run(4 * SECOND, SECOND // 10, turn=1.0)
    torn = _run(4 * SECOND, SECOND // 10, turn=1.0, round=0.5)
    first = [int(np.argmax(np.isfinite(one["average"][:, 0]))) for one in (whole, torn)]
    assert first == [10, 15]
    assert np.isnan(whole["highest"][:10]).all()
    assert np.isnan(torn["closing"][:15]).all()


def test_readings_stay_until_the_next_turn_closes():
    """Between two closings a reading does not move."""
    outcome = _run(4 * SECOND, SECOND // 10, turn=1.0)
    average = outcome["closing"][:, 0]
    for turn in range(1, 4):
        held = average[10 * turn : 10 * turn + 10]
        assert len(set(held.tolist())) == 1


def test_windows_over_a_duration_follow_each_other():
    """A window of 2.5 s closes at 2.5 s, 5 s, ..., and holds the mean over exactly that stretch."""
    outcome = _run(11 * SECOND, SECOND // 2)
    energy, t = outcome["energy"][:, 0], outcome.times / SECOND
    assert np.isnan(energy[t < 2.5]).all()
    for k in range(1, 4):
        at = np.flatnonzero(t == 2.5 * k + 0.5)[0]
        assert energy[at] == pytest.approx(_square_integral(2.5 * (k - 1), 2.5 * k) / 2.5, abs=1e-7)


def test_windows_over_an_event_lie_between_two_of_them():
    """From one rise to the next is a turn of the oscillator: the mean of its square is a half."""
    outcome = _run(5 * SECOND, SECOND)
    assert np.isnan(outcome["between"][1, 0])
    assert np.allclose(outcome["between"][3:, 0], 0.5, atol=1e-4)


def test_the_slots_of_sensors_hold_the_last_reading():
    """After a run the columns hold what the sensors last saw, and what they held before where nothing was seen."""
    outcome = _run(4 * SECOND, 4 * SECOND, turn=1.0)
    torn = _run(SECOND // 2, SECOND // 2, turn=1.0, average=7.0)
    row = LAYOUT.place("average")
    assert outcome.final[row, 0] == outcome["average"][-1, 0]
    assert torn.final[row, 0] == 7.0
