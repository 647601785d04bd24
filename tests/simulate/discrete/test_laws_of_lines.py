"""What holds in every line, whatever it is made of: nothing is lost, nothing is over-full, nobody does two things."""

from typing import Literal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.clock import SECOND
from pollux.simulate.discrete import (
    Block,
    Buffer,
    Failures,
    Inspection,
    Law,
    Line,
    LinePhysics,
    Machine,
    Setup,
    Sink,
    Source,
    Supply,
    Transport,
    Worker,
    constant,
    erlang,
    exponential,
    geometric,
    simulate,
    uniform,
)
from pollux.simulate.discrete import columns as c

times: st.SearchStrategy[Law] = st.sampled_from([constant(5), exponential(8), erlang(10, 3), uniform(2, 12)])
repairers = st.sampled_from([None, "fitter"])


@st.composite
def failures(draw: st.DrawFn) -> Failures | None:
    """None, or one of the three ways to count a life."""
    counted = draw(st.sampled_from(["none", "busy", "calendar", "cycles"]))
    repairer = draw(repairers)
    if counted == "cycles":
        return Failures(geometric(0.1), exponential(15), counted="cycles", repairer=repairer)
    if counted == "calendar":
        return Failures(exponential(90), exponential(15), counted="calendar", repairer=repairer)
    return None if counted == "none" else Failures(exponential(60), exponential(15), repairer=repairer)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A source or a supply, some machines with or without buffers between them, in any mixture of kinds, a sink."""
    blocks: list[Block] = [Supply("raw")]
    if draw(st.booleans()):
        batch, loses = draw(st.integers(1, 3)), draw(st.booleans())
        blocks = [Source("raw", draw(times), batch=batch, loses=loses), Buffer("in", draw(st.integers(1, 5)))]
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["machine", "before", "way", "test"]))
        if number and (kind == "before" or draw(st.booleans())):
            blocks.append(Buffer(f"rack {number}", draw(st.integers(1, 4)), start=draw(st.integers(0, 1))))
        name = f"{kind} {number}"
        if kind == "way":
            blocks.append(Transport(name, draw(times), draw(st.integers(1, 3))))
        elif kind == "test":
            blocks.append(Inspection(name, draw(times), scrap=0.2))
        else:
            setup = draw(st.sampled_from([None, Setup(5, 20)]))
            blocking: Literal["after", "before"] = "before" if kind == "before" else "after"
            servers = draw(st.integers(1, 3))
            blocks.append(
                Machine(name, draw(times), servers, failures=draw(failures()), setup=setup, blocking=blocking)
            )
    return Line("any", [*blocks, Sink("out")], [Worker("fitter", 1)])


@settings(max_examples=60, deadline=None)
@given(lines(), st.integers(0, 1000))
def test_no_part_is_lost_and_no_place_is_taken_twice(line: Line, seed: int) -> None:
    """At every look the parts that are counted lie in queues or slots, no queue is over-full, and the rest is free."""
    one = LinePhysics(line, 2, seed=seed)
    for _ in range(6):
        one.step(97 * SECOND)
        s = one._state
        assert not s.mark[:, c.FAILED].any()
        lying, held = s.queue[:, :, c.LEVEL].sum(axis=1), (s.slot[:, :, c.PART] >= 0).sum(axis=1)
        assert np.array_equal(lying + held, s.mark[:, c.PARTS])
        buffers = (one._lowered.plan.queue[:, c.KIND] == c.BUFFER) & (one._lowered.room > 0)
        content = s.queue[:, :, c.LEVEL] + s.queue[:, :, c.HELD] + s.queue[:, :, c.RESERVED]
        assert (content[:, buffers] <= s.queue[:, buffers, c.ROOM]).all()
        assert (s.queue[:, :, c.HELD] >= 0).all()
        assert (s.queue[:, :, c.RESERVED] >= 0).all()
        assert (s.hand[:, :, c.FREE] >= 0).all()
        assert [free(s.part[m], s.mark[m, c.SPARE_PART]) for m in range(2)] == (
            s.part.shape[1] - s.mark[:, c.PARTS]
        ).tolist()


def free(part: np.ndarray, place: int) -> int:
    """The length of the list of places that are free."""
    count = 0
    while place >= 0:
        place, count = int(part[place]), count + 1
    return count


@settings(max_examples=25, deadline=None)
@given(lines(), st.integers(0, 1000))
def test_everybody_does_one_thing_at_a_time(line: Line, seed: int) -> None:
    """The shares of all modes add up to one, and what was done lies between what came in and what is there."""
    results = simulate(line, 600.0, members=3, warm_up=50.0, seed=seed)
    for station in line.stations:
        shares = results.shares(station.name)
        assert np.allclose(sum(shares.values()), 1.0)
        assert all((one >= 0).all() for one in shares.values())


@settings(max_examples=25, deadline=None)
@given(lines(), st.integers(0, 1000), st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_where_one_stops_in_between_changes_nothing(line: Line, seed: int, stops: list[int]) -> None:
    """In one step or in several, the end is the same to the last bit."""
    whole, parts = LinePhysics(line, 1, seed=seed), LinePhysics(line, 1, seed=seed)
    whole.step(sum(stops) * SECOND)
    for stop in stops:
        parts.step(stop * SECOND)
    for name in (*whole.states, *whole.outputs):
        assert np.array_equal(whole.get(name), parts.get(name)), name
