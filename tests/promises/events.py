"""How many events a second: timeouts only, and a queue with one server, beside SimPy in the same run.

One core, warm. `events` is a hundred clocks that tick (each tick a part that is made and counted), `events-queue` M/M/1
at 0.8 with its statistics, both by the compiled engine; `events-processes` the same hundred clocks as generators. The
peer's figures are those of SimPy for the same things, written as its documentation writes them.
"""

import importlib.util
import random
import statistics
from collections.abc import Callable, Iterator
from typing import Any

from pollux.clock import stopwatch
from pollux.simulate.discrete import Buffer, Environment, Line, Machine, Sink, Source, exponential, simulate
from tests.promises.measurement import Measurement, named

RUNS = 3
CLOCKS = 100
TICKS = 20_000
CUSTOMERS = 1_000_000
PEER_SCALE = 50
"""So many times less is measured of what is interpreted."""

Timed = Callable[[], tuple[int, float]]
"""Events, and the seconds that they took."""


def measure() -> list[Measurement]:
    """Millions of events a second; the peer in the same unit."""
    timeouts, queue, processes = _rate(_clocks), _rate(_queue), _rate(_processes)
    peer_timeouts, peer_queue = _peer()
    name, how = named("simpy"), {"ours": "compiled engine, 1 core, warm", "peer": "generators, 1 core, warm"}
    unit, goal = "million events/s, one core", ">= 5, >= 4 times SimPy"
    times, waits = _times(timeouts, peer_timeouts), _times(queue, peer_queue)
    beside = _times(processes, peer_timeouts)
    return [
        Measurement("events", timeouts, unit, goal, name, peer_timeouts, times, how),
        Measurement("events-queue", queue, unit, goal, name, peer_queue, waits, how),
        Measurement(
            "events-processes",
            processes,
            unit,
            "as SimPy",
            name,
            peer_timeouts,
            beside,
            {**how, "ours": "generators, 1 core, warm"},
        ),
    ]


def _times(value: float, peer: float | None) -> float | None:
    return value / peer if peer else None


def _rate(timed: Timed) -> float:
    """The median over some runs, after one that is not counted."""
    rates = [events / seconds / 1e6 for events, seconds in (timed() for _ in range(1 + RUNS))]
    return statistics.median(rates[1:])


def _ran(line: Line, span: float) -> tuple[int, float]:
    began = stopwatch()
    results = simulate(line, span, members=1)
    spent = stopwatch() - began
    assert not results.failed.any()
    return results.events, spent


def _periods() -> Iterator[float]:
    return (1.0 + 0.01 * number for number in range(CLOCKS))


def _clocks() -> tuple[int, float]:
    """A hundred clocks of different periods."""
    sources = [Source(f"clock {number}", period, to="ticks") for number, period in enumerate(_periods())]
    return _ran(Line("clocks", [*sources, Sink("ticks")]), float(TICKS))


def _queue() -> tuple[int, float]:
    """M/M/1: an arrival and an end of service for each customer."""
    arrivals, desk = Source("in", exponential(1.25)), Machine("desk", exponential(1))
    return _ran(Line("queue", [arrivals, Buffer("queue"), desk, Sink("out")]), 1.25 * CUSTOMERS)


def _ticking(env: Any, period: float) -> Iterator[Any]:
    while True:
        yield env.timeout(period)


def _processes() -> tuple[int, float]:
    """The hundred clocks as generators of ours."""
    return _interpreted(Environment())


def _interpreted(env: Any) -> tuple[int, float]:
    for period in _periods():
        env.process(_ticking(env, period))
    span = TICKS // PEER_SCALE
    began = stopwatch()
    env.run(until=span)
    return int(sum(span / period for period in _periods())), stopwatch() - began


def _peer() -> tuple[float | None, float | None]:
    """SimPy's clocks and SimPy's queue, in millions of events a second."""
    if importlib.util.find_spec("simpy") is None:
        return None, None
    import simpy  # type: ignore[import-not-found,unused-ignore]

    return _rate(lambda: _interpreted(simpy.Environment())), _rate(lambda: _peer_queue(simpy))


def _peer_queue(simpy: Any) -> tuple[int, float]:
    env, luck = simpy.Environment(), random.Random(1)  # as the peer's users do
    desk, waits = simpy.Resource(env, 1), list[float]()

    def customer() -> Iterator[Any]:
        came = env.now
        with desk.request() as place:
            yield place
            waits.append(env.now - came)
            yield env.timeout(luck.expovariate(1.0))

    def arrivals() -> Iterator[Any]:
        for _ in range(CUSTOMERS // PEER_SCALE):
            yield env.timeout(luck.expovariate(0.8))
            env.process(customer())

    env.process(arrivals())
    began = stopwatch()
    env.run()
    return 2 * len(waits), stopwatch() - began


if __name__ == "__main__":
    for one in measure():
        print(one)
