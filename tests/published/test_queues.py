"""Queues, two-machine lines and stocks against theory and against published tables: M1 to M8 of the domains' checks.

Seeds are fixed, so a check of a random run passes always or never; its interval holds 99 %.
"""

import numpy as np
import pytest

from pollux.simulate.discrete import (
    Block,
    Buffer,
    Environment,
    Failures,
    Line,
    Machine,
    Sink,
    Source,
    Supply,
    constant,
    exponential,
    geometric,
    interval,
    simulate,
    theory,
)
from pollux.simulate.discrete.results import Results
from pollux.simulate.discrete.theory import alone, two_machine_line

EXACT = {2: 0.833699, 4: 0.840936, 10: 0.856175, 20: 0.870541, 50: 0.887845, 200: 0.902542}


def served(servers: int, arrivals: float, *, members: int, hours: float, seed: int) -> Results:
    """A queue with exponential times of mean one, in its steady state."""
    blocks: list[Block] = [
        Source("in", exponential(1 / arrivals)),
        Buffer("queue"),
        Machine("desk", exponential(1.0), servers=servers),
        Sink("out"),
    ]
    span = 3600 * hours
    return simulate(Line("queue", blocks), span, warm_up=2000.0, members=members, level=0.99, seed=seed)


def test_m1_one_server() -> None:
    """M/M/1 at 0.8: two million customers spend 5 s in the mean, four of which they wait; four are there."""
    results = served(1, 0.8, members=40, hours=18, seed=1)
    assert results.sheet.queue[:, -1].sum() > 1_000_000
    truth = theory.mm1(0.8, 1.0)
    assert truth.time == pytest.approx(5.0)
    assert truth.time in results.wait("out")
    assert truth.wait in results.wait("queue")
    assert truth.number in results.work_in_progress()
    assert truth.load in results.share("desk", "busy")
    # The time in the system is exponential with mean 5.
    assert results.quantile("out", 0.9) == pytest.approx(11.513, rel=0.03)


def test_m2_several_servers() -> None:
    """M/M/3 at a load of two: waits as Erlang C says."""
    results = served(3, 2.0, members=40, hours=5, seed=2)
    truth = theory.mmc(2.0, 1.0, 3)
    assert truth.wait == pytest.approx(theory.erlang_c(2.0, 3) / (3.0 - 2.0))
    assert truth.wait in results.wait("queue")
    assert truth.waiting in results.content("queue")
    assert truth.number in results.work_in_progress()


def test_m2_a_network() -> None:
    """Three stations with feedback: each as if it were alone, by the product form."""
    blocks: list[Block] = [
        Source("in", exponential(2.0), to="qa"),
        Buffer("qa", to="a"),
        Buffer("qb", to="b"),
        Buffer("qc", to="c"),
        Machine("a", exponential(1.0), to={"qb": 0.6, "qc": 0.4}),
        Machine("b", exponential(1.5), to={"qa": 0.2, "out": 0.8}),
        Machine("c", exponential(1.8), servers=2, to={"qb": 0.3, "out": 0.7}),
        Sink("out"),
    ]
    truth = theory.jackson([0.5, 0, 0], [[0, 0.6, 0.4], [0.2, 0, 0], [0, 0.3, 0]], [1, 1 / 1.5, 1 / 1.8], [1, 1, 2])
    results = simulate(Line("jackson", blocks), 20_000.0, warm_up=3000.0, members=60, level=0.99, seed=4)
    for name, one in zip("abc", truth, strict=True):
        assert one.waiting in results.content(f"q{name}"), name
        assert one.load in results.share(name, "busy"), name


@pytest.mark.parametrize(("room", "rate"), EXACT.items())
def test_m3_two_machines_exactly(room: int, rate: float) -> None:
    """The exact chain gives the table, and half of the room is taken in symmetric lines."""
    found = two_machine_line((0.01, 0.01), (0.1, 0.1), room)
    assert found.rate == pytest.approx(rate, abs=6e-7)
    assert found.content == pytest.approx(room / 2, abs=1e-6)


def test_m3_two_machines_that_differ() -> None:
    """A worse second machine: fewer parts, and a fuller buffer."""
    found = two_machine_line((0.01, 0.02), (0.1, 0.1), 10)
    assert found.rate == pytest.approx(0.796129, abs=6e-7)
    assert found.content == pytest.approx(6.5239, abs=6e-5)


def unit_cycle(room: int, fail: tuple[float, float] = (0.01, 0.01)) -> Line:
    """The same line for the engine: cycles of one second, geometric lives and repairs, blocking before the work."""

    def machine(name: str, chance: float) -> Machine:
        failures = Failures(geometric(chance), geometric(0.1), counted="cycles")
        return Machine(name, constant(1.0), failures=failures, blocking="before")

    blocks: list[Block] = [
        Supply("raw"),
        machine("one", fail[0]),
        Buffer("room", room),
        machine("two", fail[1]),
        Sink("out"),
    ]
    return Line("two machines", blocks)


@pytest.mark.parametrize("fail", [(0.01, 0.01), (0.01, 0.02)])
def test_m4_two_machines_by_events(fail: tuple[float, float]) -> None:
    """The engine finds the rate and the content of the exact chain, over two million cycles."""
    results = simulate(unit_cycle(10, fail), 50_000.0, warm_up=2000.0, members=40, level=0.99, seed=5)
    truth = two_machine_line(fail, (0.1, 0.1), 10)
    assert truth.rate in results.throughput("out")
    assert truth.content in results.content("room")


def test_m5_limits() -> None:
    """More room gives more parts, from both machines together to the worse one alone."""
    rates = [two_machine_line((0.01, 0.01), (0.1, 0.1), room).rate for room in (2, 4, 10, 20, 50, 200)]
    assert rates == sorted(rates)
    assert pytest.approx(0.833333, abs=1e-6) == 1 / (1 + 0.1 + 0.1)
    assert 0.833333 < rates[0] < 0.834
    assert 0.9 < rates[-1] < alone(0.01, 0.1)


def test_m6_effectiveness() -> None:
    """0.90 x 0.95 x 0.99 = 0.8464 (rounded)."""
    assert round(theory.Effectiveness(0.90, 0.95, 0.99).oee, 4) == 0.8464


def test_m7_economic_lot() -> None:
    """Demand 1200, order 50, holding 3: lots of 200 at 600."""
    lot = theory.eoq(1200, 50, 3)
    assert lot.quantity == pytest.approx(200, rel=1e-12)
    assert lot.cost == pytest.approx(600, rel=1e-12)


@pytest.mark.parametrize(
    ("demand", "reorder", "up_to", "cost"),
    [(10, 6, 40, 35.022), (15, 10, 49, 42.698), (20, 14, 62, 49.173), (25, 19, 56, 54.262)],
)
def test_m8_the_best_policy(demand: float, reorder: int, up_to: int, cost: float) -> None:
    """K 64, h 1, p 9: the pairs that enumeration gives, and their costs."""
    found = theory.best_policy(demand, 64, 1, 9)
    assert (found.reorder, found.up_to) == (reorder, up_to)
    assert found.cost == pytest.approx(cost, abs=0.001)


def test_m8_by_processes() -> None:
    """The policy for a mean demand of 20, played as a process for 100,000 periods, costs what the formula says."""
    policy = theory.best_policy(20, 64, 1, 9)
    env = Environment(seed=3)
    demands = env.luck["demand"].poisson(20, 100_000)
    costs: list[float] = []

    def stock():
        level = policy.up_to
        for demand in demands.tolist():
            ordered = level <= policy.reorder
            level = (policy.up_to if ordered else level) - demand
            costs.append(64 * ordered + max(level, 0) + 9 * max(-level, 0))
            yield env.timeout("1 day")

    env.run(env.process(stock()))
    batches = np.array(costs).reshape(100, -1).mean(axis=1)
    assert policy.cost in interval(batches, 0.99)
