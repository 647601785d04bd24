"""Processes as generators: order, waiting, interruption, sharing, luck and errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.errors import SimulationError
from pollux.simulate.discrete import Container, Environment, Interrupted, Resource, Store, Streams


def test_equal_moments_keep_the_order_of_asking() -> None:
    """Three that wait for the same moment go on in the order in which they came."""
    env, seen = Environment(), list[str]()

    def one(name):
        yield env.timeout(0.1)
        yield env.timeout(0.2)
        seen.append(name)

    def other(name):
        yield env.timeout(0.3)
        seen.append(name)

    for name, steps in (("a", one), ("b", other), ("c", one)):
        env.process(steps(name))
    env.run()
    assert seen == ["b", "a", "c"]
    assert env.seconds == 0.3
    assert env.now() == 300_000_000


def test_a_process_is_waited_for_and_gives_a_value() -> None:
    """What a generator returns is what its caller gets."""
    env = Environment(start=1_000)

    def child():
        yield env.timeout("1 min")
        return 42

    def parent():
        value = yield env.process(child())
        return value + 1

    assert env.run(env.process(parent())) == 43
    assert env.now() == 1_000 + 60 * 10**9


def test_an_interruption_ends_a_wait() -> None:
    """A machine that is interrupted knows why and what is left, and what it waited for does not wake it again."""
    env, told = Environment(), list[object]()

    def work():
        left = 10.0
        while left > 0:
            began = env.seconds
            try:
                yield env.timeout(left)
                left = 0
            except Interrupted as stop:
                left -= env.seconds - began
                told.append((stop.cause, left))
                yield env.timeout(5)
        told.append(env.seconds)

    def breaker(victim):
        yield env.timeout(4)
        victim.interrupt("broken")

    env.process(breaker(env.process(work())))
    env.run()
    assert told == [("broken", 6.0), 15.0]


def test_all_and_any() -> None:
    """All wait for the last, any for the first; both say who has happened."""
    env, seen = Environment(), list[object]()

    def waits():
        short, long = env.timeout(1, "short"), env.timeout(2, "long")
        first = yield short | long
        seen.append((env.seconds, list(first.values())))
        both = yield short & long
        seen.append((env.seconds, list(both.values())))
        yield env.all_of([])
        seen.append(env.seconds)

    env.process(waits())
    env.run()
    assert seen == [(1.0, ["short"]), (2.0, ["short", "long"]), 2.0]


def test_an_error_reaches_who_waits_and_else_ends_the_run() -> None:
    """A failure is raised in the process that waits; unheard it is raised by the run."""
    env = Environment()

    def breaks():
        yield env.timeout(1)
        raise ValueError("broken")

    def waits():
        try:
            yield env.process(breaks())
        except ValueError:
            return "caught"

    assert env.run(env.process(waits())) == "caught"
    env.process(breaks())
    with pytest.raises(ValueError, match="broken"):
        env.run()


@pytest.mark.parametrize("odd", [5, None, "1 s"])
def test_a_yield_of_anything_else_is_refused_with_its_place(odd: object) -> None:
    """The process and the moment stand in the error."""
    env = Environment()

    def strange():
        yield env.timeout(2)
        yield odd

    env.process(strange())
    with pytest.raises(SimulationError, match=r"process strange at 2 s"):
        env.run()


def test_what_cannot_be_is_refused() -> None:
    """Spans below zero, moments that are over, waits that nothing ends, things that happen twice."""
    env = Environment()
    with pytest.raises(SimulationError, match="zero or more"):
        env.timeout(-1)
    env.run(until=5)
    with pytest.raises(SimulationError, match="moment from 5 s"):
        env.run(until=4)
    with pytest.raises(SimulationError, match="nothing ends"):
        env.run(env.happening())
    one = env.happening().succeed()
    with pytest.raises(SimulationError, match="has not happened"):
        one.succeed()
    with pytest.raises(SimulationError):
        Container(env, 5).get(6)
    with pytest.raises(SimulationError):
        Resource(env, 0)


def test_a_lower_rank_is_served_first() -> None:
    """Who asks with a lower rank goes before those who wait longer."""
    env, seen = Environment(), list[str]()
    desk = Resource(env)

    def customer(name, rank):
        with desk.request(rank) as place:
            yield place
            seen.append(name)
            yield env.timeout(1)

    for name, rank in (("first", 5), ("second", 5), ("urgent", 0)):
        env.process(customer(name, rank))
    env.run()
    assert seen == ["first", "urgent", "second"] or seen == ["urgent", "first", "second"]


def test_giving_up_leaves_the_queue() -> None:
    """Who waits no longer than a while lets the next one in."""
    env, seen = Environment(), list[object]()
    desk = Resource(env)

    def impatient():
        with desk.request() as place:
            got = yield place | env.timeout(3)
            seen.append(place in got)

    def slow():
        with desk.request() as place:
            yield place
            yield env.timeout(10)

    env.process(slow())
    env.process(impatient())
    env.run()
    assert seen == [False]
    assert (desk.taken, desk.waiting) == (0, 0)


def test_luck_has_names() -> None:
    """A stream that draws more disturbs no other; members differ."""
    few, many = Streams(3), Streams(3)
    many["repairs"].random(100)
    assert np.array_equal(few["arrivals"].random(5), many["arrivals"].random(5))
    assert few["arrivals"].random() != Streams(3, member=1)["arrivals"].random()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 9)), min_size=1, max_size=20), st.integers(1, 3))
def test_a_resource_is_never_over_full(customers: list[tuple[int, int]], places: int) -> None:
    """Never more at work than there are places, and everybody is served."""
    env, served = Environment(), list[float]()
    desk = Resource(env, places)

    def customer(comes, stays):
        yield env.timeout(comes)
        with desk.request() as place:
            yield place
            assert desk.taken <= places
            yield env.timeout(stays)
        served.append(env.seconds)

    for one in customers:
        env.process(customer(*one))
    env.run()
    assert len(served) == len(customers)
    assert desk.taken == 0


def test_a_store_and_a_container_hold_what_fits() -> None:
    """Who puts in too much waits until somebody takes."""
    env, seen = Environment(), list[object]()
    shelf, tank = Store(env, 1), Container(env, 10, 10)

    def packer():
        yield shelf.put("a")
        yield shelf.put("b")
        seen.append(("b is in", env.seconds))
        yield tank.put(4)
        seen.append(("tank", env.seconds))

    def picker():
        yield env.timeout(5)
        yield shelf.get()
        yield env.timeout(5)
        yield tank.get(4)

    env.process(packer())
    env.process(picker())
    env.run()
    assert seen == [("b is in", 5.0), ("tank", 10.0)]
    assert tank.level == 10


def test_who_is_interrupted_takes_his_wish_back() -> None:
    """A `get` that is cancelled takes nothing from the others."""
    env, got = Environment(), list[str]()
    shelf, tank = Store(env), Container(env, 10)

    def wants(name):
        wish = shelf.get()
        try:
            yield wish
            got.append(name)
        except Interrupted:
            shelf.cancel(wish)

    first = env.process(wants("first"))
    env.process(wants("second"))

    def later():
        yield env.timeout(1)
        first.interrupt()
        yield env.timeout(1)
        yield shelf.put("thing")
        tank.cancel(tank.get(5))
        yield tank.put(3)

    env.process(later())
    env.run()
    assert got == ["second"]
    assert tank.level == 3
