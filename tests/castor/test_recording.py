"""Recordings are played through the real door, each row with its own time, and nothing of the future is told."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.castor.plants import Kiln

import pollux as px
from pollux.castor.recording import Tape
from pollux.castor.speaker import Command, State
from pollux.clock import SECOND, instant
from pollux.errors import DataRefused

START = instant("2021-06-01T00:00:00Z")


def tape(rows: int, *, every: int = 3, start: int = START) -> Tape:
    """Heat that rises by a degree a row from 20 degC on, a burner told at every fifth row only."""
    numbers = np.arange(rows)
    burner = np.where(numbers % 5 == 0, 100.0, np.nan)
    return Tape(
        start + every * SECOND * numbers.astype(np.int64),
        {"heat": np.asarray(20.0 + numbers, np.float64), "burner": burner},
    )


@pytest.fixture
def kilns(tmp_path: Path) -> Iterator[px.Fleet[Kiln]]:
    """The fleet of an open site in simulated time, a minute before the recordings begin."""
    site = px.Site()
    fleet = site.fleet(Kiln)
    with site.open(tmp_path, clock=px.SimulatedClock(START - 60 * SECOND)):
        yield fleet


@given(st.integers(1, 30), st.lists(st.integers(0, 30), max_size=5))
def test_however_a_tape_is_cut_its_rows_are_the_same(rows: int, cuts: list[int]) -> None:
    """Rows in pieces are the rows at once; what is NaN is not told."""
    one = tape(rows)
    edges = [0, *sorted(min(cut, rows) for cut in cuts), rows]
    pieces = [row for a, b in itertools.pairwise(edges) for row in one.rows(a, b)]
    assert pieces == list(one.rows(0, rows))
    assert [set(values) for _, values in pieces] == [
        {"heat", "burner"} if n % 5 == 0 else {"heat"} for n in range(rows)
    ]


def test_a_tape_may_be_moved_in_time() -> None:
    """It begins when it is told to and keeps its steps; the original is as it was."""
    one = tape(4)
    moved = one.starting(0)
    assert (moved.start, moved.end, one.start) == (0, 9 * SECOND, START)


@pytest.mark.parametrize("times", [[], [2, 1], [1, 1]])
def test_times_that_do_not_increase_are_refused(times: list[int]) -> None:
    """No rows, rows backwards and rows at one moment are no recording."""
    with pytest.raises(DataRefused):
        Tape(np.array(times, np.int64), {"heat": np.zeros(len(times))})


def test_columns_of_another_length_are_refused() -> None:
    """Every signal has a value, or NaN, for every moment."""
    with pytest.raises(DataRefused, match="heat"):
        Tape(np.array([1, 2]), {"heat": np.zeros(3)})


def test_a_recording_is_mirrored_as_the_clock_comes_to_it(kilns: px.Fleet[Kiln]) -> None:
    """At each moment the twin shows the newest row that has happened, with that row's time, and none to come."""
    with px.replay(kilns, {"K-1": tape(100)}, every="1 s") as playing:
        kilns.live.advance_to(START)
        for second in (10, 11, 12, 100):
            kilns.live.advance_to(START + second * SECOND)
            now = kilns["K-1"].now
            assert float(now.heat) - 273.15 == pytest.approx(20 + second // 3)
            assert float(now.heat.age) == second % 3
        assert playing.sent == 100 // 3 + 1


def test_rows_may_be_gathered_and_keep_their_times(kilns: px.Fleet[Kiln]) -> None:
    """Told every 30 s, a device sends ten rows at once: all arrive, each for its own moment."""
    with px.replay(kilns, {"K-1": tape(20)}, every="30 s"):
        kilns.live.advance_to(START + 29 * SECOND)
        assert len(list(kilns)) == 1  # the first row, at the full minute
        kilns.live.advance_to(START + 30 * SECOND)
        batch, _ = kilns.live.estate.recent["Kiln"].of(0, 2, 0)
        assert (batch.event_time - START).tolist() == [3 * SECOND * n for n in range(11)]
        assert set((batch.arrival - START).tolist()) == {0, 30 * SECOND}


def test_many_rows_behind_the_clock_go_in_flights(kilns: px.Fleet[Kiln]) -> None:
    """A recording of the past is sent at once when its turn comes, and all of it is acknowledged."""
    tapes = {"K-1": tape(500, start=START - 3000 * SECOND), "K-2": tape(120, start=START - 3000 * SECOND)}
    with px.replay(kilns, tapes) as playing:
        kilns.live.advance_to(START)
        assert playing.sent == 620
        assert playing.wait(0.0)
        assert [round(float(one.now.heat) - 273.15) for one in kilns] == [519, 139]


def test_somebody_may_answer_for_a_recording(tmp_path: Path) -> None:
    """What becomes of a command is told by a function of the twin's id and the command."""
    site = px.Site()
    fleet = site.fleet(Kiln)
    heard: list[tuple[str, str, object]] = []

    def answers(id_: str, command: Command) -> tuple[State, str]:
        heard.append((id_, command.name, command.params))
        return "done", "as if"

    clock = px.SimulatedClock(START)
    with site.open(tmp_path, act=True, clock=clock) as live, px.replay(fleet, {"K-9": tape(3)}, answers=answers):
        live.advance_to(START + SECOND)
        order = fleet["K-9"].set({Kiln.burner: 40.0}, reason="try")
        assert order.wait(timeout=20) == "done"
    assert heard == [("K-9", "set", {"burner": 40.0})]


def test_a_recording_refuses_what_it_cannot(tmp_path: Path) -> None:
    """Asked to measure, or to be set, it says at once why not."""
    site = px.Site()
    fleet = site.fleet(Kiln)
    clock = px.SimulatedClock(START)
    with site.open(tmp_path, act=True, clock=clock) as live, px.replay(fleet, {"K-9": tape(3)}):
        live.advance_to(START + SECOND)
        again = fleet["K-9"].ask(Kiln.look, {"at": "heat"}, reason="is it so hot?")
        order = fleet["K-9"].set({Kiln.burner: 40.0}, reason="try")
        assert (again.wait(timeout=20), order.wait(timeout=20)) == ("rejected", "rejected")
        assert again.order.steps[-1].reason == "a recording cannot measure again"
        assert order.order.steps[-1].reason == "a recording cannot obey"


def test_a_recording_plays_at_the_speed_of_a_running_clock(tmp_path: Path) -> None:
    """Under a clock that runs a thousand times faster it is over by itself."""
    site = px.Site()
    fleet = site.fleet(Kiln)
    clock = px.ScaledClock(START, speed=1000)
    with site.open(tmp_path, clock=clock), px.replay(fleet, {"K-1": tape(100)}, every="30 s") as playing:
        assert playing.wait(20.0)
        assert playing.sent == 100
        assert float(fleet["K-1"].now.heat) - 273.15 == pytest.approx(119)
