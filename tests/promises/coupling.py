"""What a coupling step costs: linked twins in one kernel, beside two simulators in mosaik, in the same run.

`measure()` gives the lines of `pollux bench coupling`; as a program, `python -m tests.promises.coupling`, it prints
more shapes. A coupling step is one step of the whole system in which every connection hands its value over: by us in
each of the four stages of a step, by mosaik once, and its simulators do nothing but add.
"""

import contextlib
import io
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

import pollux as px
from pollux.clock import stopwatch
from pollux.columns import Links, layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Connection, CoSimulation, CoupledPhysics, CoupledRun, Group, Part, couple
from tests.promises.measurement import Measurement, named

SECOND = 1_000_000_000
RUNS = 5
CASES = (
    ("coupling", 2, "<= 5 us + 20 ns a value, 10x mosaik"),
    ("coupling-many", 100, "<= 7 us, 10x mosaik"),
    ("co-simulation", 2, "10x mosaik"),
)
"""Lines, connections and goals."""
MOSAIK = "two simulators in this process, time-based, that add what they are told, 1 core, warm"


class Cell(px.Twin):
    """A body that exchanges heat with both of its neighbours."""

    west, east = px.link(), px.link()
    temp = px.hidden("K", start=300)
    pace = px.parameter("1/s", 0.1)

    @px.rate(temp)
    def evens_out(self):
        def gain(other):
            return px.where(px.present(other), other.temp - self.temp, 0)

        return self.pace * (gain(self.west) + gain(self.east))


class Told(px.Twin):
    """A body that is told the temperature of the other one."""

    temp = px.hidden("K", start=300)
    other = px.parameter("K", 300)
    pace = px.parameter("1/s", 0.1)

    @px.rate(temp)
    def evens_out(self):
        return self.pace * (self.other - self.temp)


def measure() -> list[Measurement]:
    """Microseconds per step of two twins with 2 connections, of 51 with 100, and of two parts that are coupled."""
    lines = []
    for name, connections, goal in CASES[:2]:
        ours, peer = 1e6 * seconds_per_step(connections // 2 + 1, 1), mosaik_step(connections)
        how = {"ours": f"RK4, {connections} connections in every stage, 1 core, warm", "peer": MOSAIK}
        lines.append(_beside(name, ours, goal, peer, how))
    lines.append(_parts_beside(mosaik_step(2)))
    return lines


def _parts_beside(peer: float | None) -> Measurement:
    """Two kernels as parts of a co-simulation, which mosaik's simulators are."""
    how = {"ours": "Jacobi, each a kernel with RK4, 2 connections, 1 core, warm", "peer": MOSAIK}
    name, _, goal = CASES[2]
    return _beside(name, 1e6 * macro_step(), goal, peer, how)


def _beside(name: str, ours: float, goal: str, peer: float | None, how: dict[str, str]) -> Measurement:
    theirs = None if peer is None else 1e6 * peer
    ratio = None if theirs is None else theirs / ours
    return Measurement(name, ours, "us per step", goal, named("mosaik"), theirs, ratio, how)


def macro_step(steps: int = 1000) -> float:
    """The median time of a macro step of two compiled parts that read each other."""
    parts = {name: Part(_part(temp), inputs="hold") for name, temp in (("a", 300.0), ("b", 310.0))}
    each_other = [Connection("a.Told.0.temp", "b.Told.0.other"), Connection("b.Told.0.temp", "a.Told.0.other")]
    pair = CoSimulation(parts, each_other, step=SECOND // 100, way="jacobi")
    pair.step(SECOND)
    return _timed(lambda: pair.step(steps * SECOND // 100)) / steps


def _part(temp: float) -> CoupledPhysics:
    start = layout_of(schema_of(Told)).start(1)[:, :, None]
    start[0] = temp
    return CoupledPhysics((Group(schema_of(Told), start),), longest_step=SECOND // 100, backend="numba")


def seconds_per_step(twins: int, members: int, steps: int = 20_000) -> float:
    """The median time of a step of a row of twins, from a long run less a short one."""
    numbers = np.arange(twins, dtype=np.int32)
    links = {"west": Links(numbers[1:], numbers[:-1]), "east": Links(numbers[:-1], numbers[1:])}
    start = np.repeat(layout_of(schema_of(Cell)).start(twins)[:, :, None], members, axis=2)
    start[0] += numbers[:, None]
    group = Group(schema_of(Cell), start, links)

    def run(count: int) -> Callable[[], object]:
        return lambda: couple(CoupledRun((group,), 0, count * SECOND // 100, SECOND // 100, backend="numba"))

    run(1)()
    return (_timed(run(steps)) - _timed(run(steps // 10))) / (steps - steps // 10)


def _timed(call: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        begun = stopwatch()
        call()
        times.append(stopwatch() - begun)
    return median(times)


def mosaik_step(connections: int, steps: int = 2000) -> float | None:
    """Seconds per step of two simulators in mosaik, in this process, which exchange so many values; None without it."""
    if find_spec("mosaik") is None:
        return None
    return median(_mosaik_run(connections, steps) for _ in range(3)) / steps


def _mosaik_run(connections: int, steps: int) -> float:
    import mosaik
    from loguru import logger

    logger.remove()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        world = mosaik.World({"Adder": {"python": "tests.promises.coupling:adder"}})
        one, other = (world.start("Adder", values=connections // 2).Adder() for _ in range(2))
        there = [(f"out{k}", f"in{k}") for k in range(connections // 2)]
        world.connect(one, other, *there)
        world.connect(other, one, *there, time_shifted=True, initial_data={name: 0.0 for name, _ in there})
        begun = stopwatch()
        world.run(until=steps, print_progress=False)
        return stopwatch() - begun


def adder() -> Any:
    """A simulator of mosaik that adds what it is told."""
    import mosaik_api_v3

    class Adder(mosaik_api_v3.Simulator):
        def __init__(self):
            super().__init__({"api_version": "3.0", "type": "time-based", "models": {}})
            self.told = [0.0]

        def init(self, sid, time_resolution=1.0, **params):
            names = [f"{way}{k}" for way in ("in", "out") for k in range(params["values"])]
            self.meta["models"] = {"Adder": {"public": True, "params": [], "attrs": names}}
            return self.meta

        def create(self, num, model, **params):
            return [{"eid": "adder", "type": model}]

        def step(self, time, inputs, max_advance):
            self.told = [sum(one.values()) for one in inputs.get("adder", {}).values()] or [0.0]
            return time + 1

        def get_data(self, outputs):
            total = sum(self.told) + 1.0
            return {eid: dict.fromkeys(names, total) for eid, names in outputs.items()}

    return Adder()


def main() -> None:
    """Print these lines, and what other shapes cost."""
    for one in measure():
        peer = "not installed" if one.peer_value is None else f"{one.peer_value:.1f} us, {one.ratio:.0f} times"
        print(f"{one.name:14} {one.value:8.3f} {one.unit}  goal {one.goal}  mosaik: {peer}")
    for twins, members in ((400, 1), (51, 100), (400, 100)):
        step = seconds_per_step(twins, members, 2000)
        print(
            f"{twins:4} twins x {members:4} members: {1e6 * step:8.2f} us, {1e9 * step / twins / members:.1f} ns each"
        )


if __name__ == "__main__":
    main()
