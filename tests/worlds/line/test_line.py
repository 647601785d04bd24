"""The line: its story holds what it promises, its bottleneck is the press, and the page is told."""

import argparse
import threading
import urllib.request
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pollux as px
from pollux.worlds import WORLDS
from pollux.worlds.line import CHOICES, Hall, Machine, declared, foresee, planned, ran, run, standing
from pollux.worlds.line.plant import HOUR, MACHINES, SECOND, rack
from pollux.worlds.line.story import LINE, compared, is_nominal, start_at, tell

START = px.instant("2026-03-02T06:00:00Z")


def test_the_story_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """A shift through the front door: mirrored, forked, advised, and every promise held."""
    assert run(argparse.Namespace(fast=True, port=0, seconds=None)) == 0
    printed = capsys.readouterr().out
    assert "The bottleneck is press" in printed
    assert printed.count("  held  ") == 6
    assert "NOT HELD" not in printed


def test_it_is_among_the_worlds() -> None:
    """`pollux demo line` finds it."""
    assert WORLDS["line"][1] == "pollux.worlds.line.demo"


def test_the_fork_begins_where_the_twins_are(tmp_path: Path) -> None:
    """After twenty minutes the start that the twins give is that of the machines; then it is told beside the line."""
    shift = ran(START, hours=0.5)
    site, machines, halls = declared()
    with (
        site.open(tmp_path, clock=px.SimulatedClock(START - 1)),
        px.replay(machines, shift.tapes(), every="1 min"),
        px.replay(halls, {LINE: shift.counter()}, every="1 min"),
    ):
        moment = START + 20 * 60 * SECOND
        machines.live.advance_to(moment)
        assert compared(machines, shift, moment) == (30, 0)
        start = standing(machines)
        assert start == start_at(shift, shift.at(moment))
        foreseen = foresee(start, float(halls[LINE].now.made), 3600.0, 150, members=20)
        tell(halls, foreseen)
        assert set(foreseen.lines()) <= set(vars(Hall))
        assert float(machines["press"].now.waiting) == start.levels[rack("press")]
        assert len(machines) == len(MACHINES)
        assert Machine.down.name == "down"
        assert Hall.made.name == "made"


def test_a_faster_press_is_worth_more_and_costs_its_price() -> None:
    """On the same luck no choice makes fewer in the mean, and the money is that of the housings less the price."""
    foreseen = foresee(px.discrete.Start(), 0.0, 8 * 3600.0, 700, members=60)
    assert foreseen.bottleneck.machine == "press"
    plain = foreseen.outcomes[0]
    for one in foreseen.outcomes[1:]:
        assert one.made.mean() > plain.made.mean()
        assert np.all(one.money + one.choice.price == 14.0 * one.made - 1200.0 * (one.made < 700))
    assert foreseen.best.choice in CHOICES
    assert foreseen.best.choice.name in foreseen.advice
    dear = replace(foreseen, outcomes=(plain, replace(foreseen.outcomes[1], money=plain.money - 1.0)))
    assert dear.advice.startswith("Go on as it is")


def test_the_second_fitter_is_there() -> None:
    """With two fitters no machine waits for one as long as with one."""
    waits = [
        px.discrete.simulate(planned(fitters=n), 20 * 3600.0, members=10).share("press", "waiting").mean for n in (1, 2)
    ]
    assert waits[1] < 0.5 * waits[0]


def test_the_same_seed_runs_the_same_shift() -> None:
    """An emulated shift is its seed."""
    one, same, other = ran(START, hours=1.0), ran(START, hours=1.0), ran(START, hours=1.0, seed=2)
    assert np.array_equal(one.made, same.made)
    assert not np.array_equal(one.made, other.made)
    assert one.times[-1] - one.times[0] == HOUR


def test_a_rate_is_tested_exactly() -> None:
    """Of 200 tries at 90 % the test keeps 169 to 190 hits, as the binomial law has it."""
    assert [hits for hits in range(201) if is_nominal(hits, 200, 0.9)] == list(range(169, 191))


def test_it_runs_live_with_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The page answers while devices speak, and the program ends by itself."""
    from pollux.worlds.line import demo

    ended = threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "until_told", lambda: ended)
        patch.setattr(demo, "AGAIN", 1.0)
        said: list[str] = []
        patch.setattr(demo, "say", said.append)
        patch.setattr(demo, "place_of", lambda page, wanted, got: _asked(page))
        assert demo.live(0, 4.0) == 0
    assert said[0] == "200"
    assert any(line.startswith("advice ") for line in said)


def _asked(page: str) -> str:
    with urllib.request.urlopen(page, timeout=10) as answer:
        return str(answer.status)
