"""The compiled engine: equal to its own source in plain Python and to an engine written another way, however cut."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.discrete.lines import everything, serial, told

from pollux.errors import ModelError, NotFound, SimulationError
from pollux.simulate.discrete import (
    Block,
    Buffer,
    Environment,
    Failures,
    Inspection,
    Line,
    Machine,
    Resource,
    Setup,
    Sink,
    Source,
    Start,
    Stock,
    Store,
    Supply,
    Transport,
    Worker,
    constant,
    difference,
    exponential,
    schedule,
    simulate,
    trace,
)
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.kernel_random import draw, philox, uniform
from pollux.simulate.discrete.lowering import lower
from pollux.simulate.discrete.memory import blank, level_opening, records
from pollux.simulate.discrete.run import Work, work

ROOT = Path(__file__).parent.parent.parent.parent


def words(*numbers: int) -> tuple[np.uint64, ...]:
    return tuple(np.uint64(one) for one in numbers)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ((0, 0, 0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 6, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_random_numbers_are_philox(given_: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """The known answers that come with Random123."""
    assert tuple(int(one) for one in philox(*words(*given_))) == expected


def test_the_compiled_kernel_is_its_source() -> None:
    """Every block, law and way to fail: thousands of changes are those of plain Python, to the last bit."""
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
    }
    command = [sys.executable, "-m", "tests.simulate.discrete.lines", "4000", "2"]
    plain = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    compiled = told(trace(everything(), 4000.0, member=2, seed=3))
    assert len(compiled) > 1500
    assert plain.splitlines() == compiled


def by_processes(line: Line, span: float) -> list[float]:
    """The moments at which parts leave the serial line, by generators that draw the same numbers."""
    lowered = lower(line, 7)
    env, state = Environment(), blank(lowered, 10)
    state.mark[c.MEMBER] = 1
    ab, bc = Store(env, 2), Store(env, 3)
    left: list[float] = []

    def drawn(station: int, purpose: int) -> float:
        return float(draw(lowered.plan, state, station * len(c.PURPOSES) + purpose))

    def machine(station: int, source: Store | None, target: Store | None):
        life = drawn(station, c.FAILURE)
        while True:
            if source is not None:
                yield source.get()
            work = drawn(station, c.SERVICE)
            while life < work:
                work -= life
                yield env.timeout(life)
                yield env.timeout(drawn(station, c.REPAIR))
                life = drawn(station, c.FAILURE)
            life -= work
            yield env.timeout(work)
            if target is None:
                left.append(env.seconds)
            else:
                yield target.put(station)

    for station, (source, target) in enumerate(((None, ab), (ab, bc), (bc, None))):
        env.process(machine(station, source, target))
    env.run(until=span)
    return left


def test_another_engine_says_the_same() -> None:
    """Processes with stores, failures and blocking, on the same luck: parts leave at the same moments."""
    traced = trace(serial(), 20_000.0, member=1, seed=7)
    mine = traced.slots == 2
    times, modes = traced.times[mine], traced.modes[mine]
    finished = times[modes == c.BLOCKED]  # of no length: the exit always has room
    expected = by_processes(serial(), 20_000.0)
    assert len(expected) > 1000
    assert finished == pytest.approx(expected, abs=1e-4)  # nanoseconds are rounded part by part


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 150), st.integers(0, 3), st.booleans())
def test_a_member_is_the_same_however_cut(members: int, seed: int, threads: bool) -> None:
    """The first members of many are those of a few, in one thread or two, and of another number of chunks."""
    line, span = serial(), 500.0
    few = simulate(line, span, members=min(members, 5), seed=seed)
    if threads:
        with ThreadPoolExecutor(2) as executor:
            many = simulate(line, span, members=members, seed=seed, executor=executor)
    else:
        many = simulate(line, span, members=members, seed=seed)
    for one, other in zip(few.sheet, many.sheet, strict=True):
        assert np.array_equal(one, other[: len(one)])


def test_work_travels_to_other_processes() -> None:
    """What an executor is given is pickled and done elsewhere with the same result."""
    line = everything()
    lowered = lower(line, 3)
    one = Work(lowered, level_opening(lowered), 5, 2, 10.0, 500.0, 1, 100)
    (here, counts), (there, again) = work(one), work(pickle.loads(pickle.dumps(one)))
    assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))
    assert np.array_equal(counts, again)


def test_a_run_tells_how_far_it_is_and_can_be_cancelled() -> None:
    """Progress comes chunk by chunk; who cancels gets an error and no half result."""
    heard: list[float] = []
    simulate(serial(), 100.0, members=130, progress=heard.append)
    assert heard == [1 / 3, 2 / 3, 1.0]
    with pytest.raises(SimulationError, match="cancelled"):
        simulate(serial(), 100.0, members=130, cancelled=lambda: True)


def test_a_faster_machine_has_the_same_luck() -> None:
    """A block that is left alone draws the same; the difference of two options is surer than the two."""
    line = serial()
    machine = line["b"]
    assert isinstance(machine, Machine)
    slow = simulate(line, "10 h", members=30)
    fast = simulate(line.replaced(replace(machine, time=exponential(10))), "10 h", members=30)
    gain = difference(fast, slow, lambda results: results.rates("out"))
    assert gain.low > 0
    apart = slow.throughput("out")
    assert gain.high - gain.low < 0.5 * (apart.high - apart.low)


def test_shares_add_up_and_littles_law_holds() -> None:
    """Every machine does one thing at a time, and content = rate x time, for each queue and the whole line."""
    line = everything()
    results = simulate(line, "50 h", warm_up="2 h", members=8, seed=1)
    assert not results.failed.any()
    for machine in line.machines:
        assert sum(results.share(machine.name, mode).mean for mode in c.MODES) == pytest.approx(1.0)
    for queue in ("in", "hot", "spare", "checked"):
        rate = results.sheet.queue[:, results.lowered.queues.index(queue), c.PASSED].mean() / results.span
        assert results.content(queue).mean == pytest.approx(rate * results.wait(queue).mean, rel=0.02)
    assert results.fullest("in") == 6
    assert results.busy_workers("fitters").mean == pytest.approx(
        sum(results.share(one, "down").mean for one in ("cut",))
        + 2 * results.share("oven", "down").mean
        + results.share("cut", "setup").mean,
        rel=1e-6,
    )


def test_a_source_that_loses() -> None:
    """M/M/1/K: with four places and one at work the share that is lost is that of the formula."""
    blocks: list[Block] = [
        Source("in", exponential(1.0), loses=True),
        Buffer("queue", 4),
        Machine("desk", exponential(0.8)),
        Sink("out"),
    ]
    results = simulate(Line("finite", blocks), 20_000.0, warm_up=100.0, members=30, level=0.99)
    offered = results.done("in")
    load = 0.8
    blocked = (1 - load) * load**5 / (1 - load**6)
    from pollux.simulate.discrete import interval

    assert blocked in interval(results.lost("in") / offered, 0.99)


def test_parts_arrive_by_a_schedule() -> None:
    """Three at given moments, then none: the way through takes what it takes."""
    blocks: list[Block] = [Source("in", schedule([5, 5, 50])), Buffer("queue"), Machine("desk", 10), Sink("out")]
    results = simulate(Line("three", blocks), 200.0, members=1)
    assert results.sheet.queue[0, -1, c.PASSED] == 3
    assert results.wait("out").mean == pytest.approx((10 + 20 + 10) / 3)


def test_a_setup_comes_after_so_many_parts() -> None:
    """Of ten parts and one setup of 50 s in 150 s, a third of the time is setup."""
    blocks: list[Block] = [Supply("raw"), Machine("press", 10, setup=Setup(10, 50)), Sink("out")]
    results = simulate(Line("setup", blocks), 1500.0, members=1)
    assert results.share("press", "setup").mean == pytest.approx(1 / 3)


def test_calendar_failures_keep_the_machine_down_for_its_share() -> None:
    """Down for MTTR / (MTBF + MTTR) of the time, also where it is idle; what was interrupted is finished."""
    failures = Failures(exponential(100), exponential(25), counted="calendar")
    blocks: list[Block] = [Source("in", 50), Buffer("queue"), Machine("press", 10, failures=failures), Sink("out")]
    results = simulate(Line("calendar", blocks), 50_000.0, members=40, level=0.99)
    assert 0.2 in results.share("press", "down")
    assert results.throughput("out").mean == pytest.approx(1 / 50, rel=0.01)


def test_one_repairer_is_shared() -> None:
    """Two machines that fail often wait for one another, and not with two repairers."""
    failures = Failures(exponential(10), constant(10), repairer="fitter")

    def line(count: int) -> Line:
        blocks: list[Block] = [
            Supply("one", to="a"),
            Supply("two", to="b"),
            Machine("a", 20, failures=failures, to="out"),
            Machine("b", 20, failures=failures, to="out"),
            Sink("out"),
        ]
        return Line("pair", blocks, [Worker("fitter", count)])

    alone = simulate(line(2), 2000.0, members=1)
    shared = simulate(line(1), 2000.0, members=1)
    assert alone.share("b", "waiting").mean == 0
    assert shared.share("b", "waiting").mean > 0
    assert shared.throughput("out").mean < alone.throughput("out").mean


def test_machines_without_a_buffer_hand_over() -> None:
    """A slow second machine blocks the first; together they are as fast as the slow one."""
    blocks: list[Block] = [Supply("raw"), Machine("fast", 10), Machine("slow", 25), Sink("out")]
    results = simulate(Line("tight", blocks), 10_000.0, warm_up=100.0, members=1)
    assert results.share("fast", "blocked").mean == pytest.approx(15 / 25, rel=0.01)
    assert results.throughput("out").mean == pytest.approx(1 / 25, rel=0.01)


def test_a_transport_carries_many_at_once() -> None:
    """30 s on the way, three at a time: one part each 10 s."""
    blocks: list[Block] = [Supply("raw"), Transport("belt", 30, 3), Sink("out")]
    assert simulate(Line("belt", blocks), 3000.0, members=1).throughput("out").mean == pytest.approx(0.1)


def test_a_stock_orders_in_time() -> None:
    """One part each 10 s, ordered at 5 for 20 with 30 s of lead: it never runs out, and is never above 20."""
    blocks: list[Block] = [Stock("shelf", reorder=5, up_to=20, lead=30), Machine("press", 10), Sink("out")]
    results = simulate(Line("stock", blocks), 10_000.0, warm_up=100.0, members=1)
    assert results.share("press", "busy").mean == pytest.approx(1.0)
    assert 5 < results.content("shelf").mean < 20
    late = Stock("shelf", reorder=1, up_to=20, lead=60)
    starved = simulate(Line("stock", [late, *blocks[1:]]), 10_000.0, members=1).share("press", "starved")
    assert starved.mean == pytest.approx(40 / 230, rel=0.02)  # ordered with 20 s of work left, 60 s before it comes


def test_scrap_and_rework() -> None:
    """Of what is inspected a tenth is scrapped and a fifth comes again."""
    blocks: list[Block] = [
        Supply("raw"),
        Machine("press", 10),
        Buffer("tray", 50),
        Inspection("test", 1, scrap=0.1, rework=0.2, back_to="tray"),
        Sink("out"),
    ]
    results = simulate(Line("checked", blocks), 100_000.0, members=10, level=0.99)
    assert 0.1 * 0.1 / 0.8 in results.throughput("test scrap")
    assert 0.1 * 0.7 / 0.8 in results.throughput("out")


def test_a_line_that_overflows_is_a_value() -> None:
    """A queue without limit before a slow desk: the members fail with a reason, nobody raises."""
    blocks: list[Block] = [Source("in", exponential(1)), Buffer("queue"), Machine("desk", 3), Sink("out")]
    results = simulate(Line("overflow", blocks), 10_000.0, members=3, parts=100)
    assert results.failed.all()
    assert results.reasons == {"more parts than there was room for": 3}
    assert np.isnan(results.throughput("out").mean)


def test_a_line_that_locks_itself_says_so() -> None:
    """Rework that goes back into a full rack: everybody waits for everybody, and the member is at rest."""
    blocks: list[Block] = [
        Supply("raw"),
        Machine("saw", 5),
        Buffer("rack", 2),
        Machine("press", 10),
        Inspection("test", 10, rework=0.3, back_to="rack"),
        Sink("out"),
    ]
    results = simulate(Line("loop", blocks), "10 h", members=4)
    assert results.at_rest.all()
    assert not results.failed.any()
    assert not simulate(serial(), "1 h", members=4).at_rest.any()


def test_one_long_run_in_batches() -> None:
    """The batches of one run are as many rows, and together what the run is."""
    line = serial()
    one, whole = (simulate(line, "20 h", members=1, batches=n, seed=4) for n in (20, 1))
    assert one.members == 20
    assert one.throughput("out").mean == pytest.approx(whole.throughput("out").mean)
    assert one.throughput("out").low < whole.throughput("out").mean < one.throughput("out").high


def test_a_line_starts_as_it_stands() -> None:
    """With the last machine down for 100 s and three parts before it, the next part leaves after the repair."""
    start = Start(levels={"bc": 3, "ab": 2}, modes={"c": "down", "b": "blocked"}, rests={"c": 100.0})
    traced = trace(serial(), 1000.0, start=start)
    first = traced.times[(traced.slots == 2) & (traced.modes == c.BUSY)][0]
    assert first == 100.0
    assert traced.modes[traced.slots == 1][0] == c.BLOCKED


@pytest.mark.parametrize(
    ("blocks", "words_"),
    [
        ([Machine("a", 1), Sink("a")], "every name once"),
        ([Supply("s"), Machine("a", 1, to="nowhere"), Sink("out")], "names of blocks, got nowhere"),
        ([Supply("s"), Machine("a", 1)], "a block to send parts to"),
        ([Supply("s"), Sink("out")], "a machine or a transport after a queue"),
        ([Supply("s"), Machine("a", 1, to={"out": 0.5}), Sink("out")], "chances that add up to one"),
        ([Supply("s"), Machine("a", 1, operator="nobody"), Sink("out")], "a pool of workers"),
        ([Supply("s"), Machine("a", 1, servers=0), Sink("out")], "one server or more"),
        ([Supply("s"), Inspection("i", 1, rework=0.1), Sink("out")], "expected back_to"),
        ([Supply("s", to="m"), Supply("t", to="m"), Machine("m", 1), Sink("out")], "expected one queue before it"),
        ([Machine("m", 1), Sink("out")], "something that leads to it"),
        ([Supply("s"), Machine("m", 0), Sink("out")], "a duration above zero"),
        ([Source("s", 0), Sink("out")], "a duration above zero"),
    ],
)
def test_a_line_that_is_none_is_refused(blocks: list[Block], words_: str) -> None:
    """The error says what was expected, and where."""
    with pytest.raises(ModelError, match=words_) as refused:
        lower(Line("wrong", blocks))
    assert refused.value.at


def test_names_and_numbers_that_are_none_are_refused() -> None:
    """Results, starts and runs say what they do not know."""
    line = serial()
    results = simulate(line, 10.0, members=1)
    with pytest.raises(NotFound):
        results.share("nobody", "busy")
    with pytest.raises(NotFound):
        results.wait("nowhere")
    with pytest.raises(NotFound):
        simulate(line, 10.0, start=Start(levels={"nowhere": 1}))
    with pytest.raises(SimulationError):
        simulate(line, 10.0, start=Start(levels={"ab": 3}))
    with pytest.raises(SimulationError):
        simulate(line, 10.0, members=0)
    with pytest.raises(SimulationError, match="at most 10 changes"):
        trace(line, 1000.0, changes=10)


def test_every_law_has_the_mean_and_the_spread_it_says() -> None:
    """Twelve thousand draws of each law of the line: mean within 4 %, variance within 30 %."""
    lowered = lower(everything(), 5)
    state = blank(lowered, 4)
    assert records(lowered).waits.shape == (len(lowered.queues), c.BINS)
    from pollux.simulate.discrete.lowering import _rows  # the laws of each stream, in order

    for stream, law in enumerate(law for row in _rows(everything()) for law in row.laws):
        if law.kind in ("never", "constant"):
            continue
        drawn = np.array([draw(lowered.plan, state, stream) for _ in range(12_000)])
        assert drawn.mean() == pytest.approx(law.mean, rel=0.04), law.kind
        assert drawn.var() == pytest.approx(law.scv * law.mean**2, rel=0.3), law.kind
    assert 0 < uniform(lowered.plan, state, 0) < 1


def test_a_resource_and_a_machine_agree() -> None:
    """A desk with one place, as a process and as a block: the same customers, the same waits."""
    gaps, work = [3.0, 1.0, 1.0, 5.0, 0.5], 2.0
    env = Environment()
    desk, waits = Resource(env), []

    def customer():
        came = env.seconds
        with desk.request() as place:
            yield place
            waits.append(env.seconds - came)
            yield env.timeout(work)

    def arrivals():
        for gap in gaps:
            yield env.timeout(gap)
            env.process(customer())

    env.process(arrivals())
    env.run()
    moments = np.cumsum(gaps).tolist()
    blocks: list[Block] = [Source("in", schedule(moments)), Buffer("queue"), Machine("desk", work), Sink("out")]
    results = simulate(Line("desk", blocks), 100.0, members=1)
    assert results.wait("queue").mean == pytest.approx(np.mean(waits))
