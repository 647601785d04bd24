"""A twin is silent when nothing of it came in real time, however fast the calendar of a demonstration runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

import pollux as px
from pollux.clock import HOUR, SECOND

START = px.instant("2026-11-02T00:00:00Z")
QUICK, USUAL = 54_000.0, 1_440.0


class Wrist(px.Twin):
    """It tells once an hour."""

    pulse = px.sensor("1/min", low=20, high=250, every="1 h")


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets real seconds pass at once."""
    passed = [10**15]
    monkeypatch.setattr("pollux.clock.time.monotonic_ns", lambda: passed[0])

    def wait(seconds: float) -> None:
        passed[0] += round(seconds * SECOND)

    return wait


def test_a_clock_knows_how_fast_it_ran(real: Callable[[float], None]) -> None:
    """The mean over the last seconds, through every change of its speed; before it began it ran as it began."""
    clock = px.ScaledClock(START, speed=100.0)
    assert clock.pace(10.0) == pytest.approx(100.0)
    real(5.0)
    clock.run_at(1.0)
    real(5.0)
    assert clock.pace(10.0) == pytest.approx(50.5)
    assert clock.now() == START + 505 * SECOND
    for _ in range(200):
        clock.run_at(2.0 + clock.speed)
        real(1.0)
    assert clock.pace(1.0) == pytest.approx(clock.speed)
    assert len(clock._paces) < 70


def test_a_twin_is_not_silent_because_a_quick_calendar_was_slowed(
    tmp_path: Path, real: Callable[[float], None]
) -> None:
    """Heard 0.3 s ago while 15 h passed in a second, it is there when the calendar slows down; after 11 s it is not."""
    clock = px.ScaledClock(START, speed=QUICK)
    site = px.Site("Ward")
    fleet = site.fleet(Wrist)
    with site.open(tmp_path, clock=clock) as live:
        fleet.add("W-1")
        row = live.estate.blocks["Wrist"].row("W-1")
        live.estate.mirror.populations["Wrist"].rhythm.heard[row] = clock.now()
        real(1.1)
        clock.run_at(USUAL)
        assert clock.now() - START > 16 * HOUR
        (there,) = live.rooms.twins.presence("Wrist", ["W-1"])
        assert there.online
        real(25.0)
        (gone,) = live.rooms.twins.presence("Wrist", ["W-1"])
        assert (gone.online, gone.text) == (False, "silent")
