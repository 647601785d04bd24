"""A line behind `AbstractPhysics`: it passes the exam, forks with luck of its own, and takes other speeds and rooms."""

import numpy as np
import pytest
from tests.simulate.discrete.lines import everything, serial

from pollux.clock import MINUTE, SECOND
from pollux.errors import DataRefused, NotFound, SimulationError
from pollux.simulate.discrete import Block, Buffer, Line, LinePhysics, Machine, Sink, Start, Supply
from pollux.testing.physics import check_physics


def test_it_passes_the_exam() -> None:
    """All laws of `check_physics`, for a line with everything in it; a speed that is no number stays visible."""
    kept = check_physics(lambda: LinePhysics(everything(), 3, seed=2), span=5 * MINUTE, steps=3, poison="cut.speed")
    assert "nan stays visible" in kept


def test_states_are_read_by_name() -> None:
    """Levels, modes, counts, speeds and rooms have their names."""
    one = LinePhysics(serial(), 2, start=Start(levels={"ab": 2}, modes={"c": "down"}, rests={"c": 60.0}))
    assert one.get("c.down").tolist() == [1, 1]
    assert one.get("a.speed").tolist() == [1, 1]
    assert one.get("bc.room").tolist() == [3, 3]
    one.step(61 * SECOND)
    assert (one.get("c.down") < 2).all()
    assert one.get("out.count").sum() >= 0
    with pytest.raises(NotFound):
        one.set({"ab.level": 1.0})


def test_a_speed_makes_a_machine_faster() -> None:
    """Twice as fast from the beginning: twice as many."""
    line = Line("one", [Supply("raw"), Machine("press", 10), Sink("out")])
    one = LinePhysics(line, 2)
    one.set({"press.speed": [1.0, 2.0]})
    one.step(1000 * SECOND)
    counts = one.get("out.count")
    assert counts[1] == pytest.approx(2 * counts[0], abs=2)


def test_more_room_lets_in_who_waits() -> None:
    """A machine that is blocked goes on as soon as its buffer has another place."""
    blocks: list[Block] = [Supply("raw"), Machine("fast", 1), Buffer("tray", 1), Machine("slow", 1000), Sink("out")]
    one = LinePhysics(Line("tray", blocks), 2)
    one.step(10 * SECOND)
    assert one.get("fast.blocked").tolist() == [1, 1]
    one.set({"tray.room": [1, 3]})
    one.step(1 * SECOND)
    assert one.get("fast.blocked").tolist() == [1, 0]
    assert one.get("tray.level").tolist() == [1, 3]
    with pytest.raises(SimulationError):
        one.set({"tray.room": 0})


def test_forks_begin_alike_and_go_apart() -> None:
    """What is there is the same, what comes is drawn anew; two forks of the same number have the same luck."""
    one = LinePhysics(serial(), 2, seed=5)
    one.step(2_000 * SECOND)
    forks, again = one.fork(1, 40), one.fork(1, 40)
    assert {tuple(forks.get(name)) for name in ("ab.level", "b.busy")} == {
        tuple([one.get(name)[1]] * 40) for name in ("ab.level", "b.busy")
    }
    for each in (forks, again):
        each.step(2_000 * SECOND)
    counts = forks.get("out.count")
    assert len(set(counts.tolist())) > 10
    assert np.array_equal(counts, again.get("out.count"))
    assert one.time == 2_000 * SECOND


def test_another_line_or_seed_is_refused() -> None:
    """A state belongs to its line and its luck."""
    saved = LinePhysics(serial(), 1).save()
    with pytest.raises(DataRefused):
        LinePhysics(serial(), 1, seed=1).load(saved)
    with pytest.raises(DataRefused):
        LinePhysics(everything(), 1).load(saved)
