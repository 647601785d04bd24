"""Whoever follows a clock is called at the moments that are due, whatever kind of clock it is."""

import itertools
import threading

import pytest

from pollux.castor.pace import Pace
from pollux.clock import SECOND, ScaledClock, SimulatedClock
from pollux.errors import Overloaded


def test_a_simulated_clock_calls_in_order_while_it_is_moved() -> None:
    """Each due moment is met exactly, and none after the end."""
    clock, seen, moments = SimulatedClock(0), list[int](), [3, 7, 9, 20]
    pace = Pace(clock, lambda: moments[len(seen)] if len(seen) < len(moments) else None, seen.append)
    pace.start()
    clock.advance_to(8)
    assert seen == [3, 7]
    clock.advance_to(10)
    pace.stop()
    clock.advance_to(100)
    assert seen == [3, 7, 9]


def test_what_a_turn_raises_comes_out_where_the_clock_is_moved() -> None:
    """In simulated time nothing is swallowed."""
    clock = SimulatedClock(0)

    def refuse(_: int) -> None:
        raise Overloaded("full", retry_after=1.0)

    Pace(clock, lambda: 5, refuse).start()
    with pytest.raises(Overloaded):
        clock.advance_to(6)


def test_a_clock_that_runs_is_followed_and_what_was_missed_is_done_once() -> None:
    """At a great speed many moments pass between two looks: they are met by one turn, in time order."""
    clock, seen, enough = ScaledClock(0, speed=1e6), list[int](), threading.Event()

    def turn(now: int) -> None:
        seen.append(now)
        if len(seen) == 5:
            enough.set()

    pace = Pace(clock, lambda: (seen[-1] if seen else 0) + SECOND, turn)
    pace.start()
    assert enough.wait(10.0)
    pace.stop()
    assert pace.failure is None
    assert seen == sorted(seen)
    assert all(later - earlier >= SECOND for earlier, later in itertools.pairwise(seen))


def test_an_error_of_the_program_ends_it_and_is_kept() -> None:
    """What is no refusal of the site is not tried again, and whoever ends the pace can see it."""
    done = threading.Event()

    def break_(_: int) -> None:
        done.set()
        raise ZeroDivisionError

    pace = Pace(ScaledClock(0, speed=1e6), lambda: 1, break_)
    pace.start()
    assert done.wait(10.0)
    pace.stop()
    assert isinstance(pace.failure, ZeroDivisionError)
