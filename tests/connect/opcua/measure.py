"""What OPC UA costs here: `python -m tests.connect.opcua.measure`. No test: figures, not promises.

A stock server in a process of its own writes 500 variables as fast as it can; a whole site reads them, signed and
encrypted, log and twins included. Then a site shows 200 twins with ten signals, and a stock client reads them.
"""

import asyncio
import multiprocessing
import os
import resource
import tempfile
import threading
import time
from typing import Any

import pollux as px
from pollux.clock import WallClock
from pollux.columns.field import Datum
from pollux.connect.opcua.stack import ua
from tests.connect.field.paper import Paper
from tests.connect.opcua.authority import fingerprint
from tests.connect.opcua.rig import PASSWORD, URI, USER, Plant
from tests.connect.opcua.visiting import index_of, visiting

TWINS, SECONDS = 500, 10.0


class Line(px.Twin):
    """One number."""

    flow = px.sensor("m**3/h")


class Many(px.Twin):
    """Ten numbers."""

    a, b, c, d, e = (px.sensor("degC") for _ in range(5))
    f, g, h, i, j = (px.sensor("bar") for _ in range(5))


def plant(pipe: Any) -> None:
    """A server that writes all its variables again and again until it is told to end."""
    made = Plant()
    for number in range(TWINS):
        made.add(f"L{number}.flow", 0.0)
    pipe.send((made.url, fingerprint(made.certificate)))
    count = 0

    async def write() -> None:
        nonlocal count
        for number in range(TWINS):
            value = ua.DataValue(ua.Variant(float(count), ua.VariantType.Double))
            await made._node(f"L{number}.flow").write_value(value)
            count += 1

    while not pipe.poll():
        made.run(write())
        time.sleep(0.01)
    made.close()


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    """Megabytes in memory."""
    with open(f"/proc/{os.getpid()}/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


def reading() -> None:
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.Process(target=plant, args=(theirs,))
    other.start()
    url, pin = ours.recv()
    os.environ["MEASURE"] = PASSWORD
    site = px.Site("measure")
    site.fleet(
        Line,
        px.opcua(url, nodes={Line.flow: f"nsu={URI};s={{id}}.flow"}, pin=pin, username=USER, password_env="MEASURE",
                 publishing="200 ms", sampling="10 ms", queue=100),
    )  # fmt: skip
    with site.open(tempfile.mkdtemp(), mqtt=None) as live:
        (driver,) = live.doors.fields.drivers
        while driver.counters["values"] < 2 * TWINS:
            threading.Event().wait(0.1)
        before, used, begun = driver.counters["values"], spent(), time.perf_counter()
        threading.Event().wait(SECONDS)
        count, cpu, wall = driver.counters["values"] - before, spent() - used, time.perf_counter() - begun
        print(f"reading: {count / wall:,.0f} values/s from {TWINS} nodes, {1e6 * cpu / count:.0f} us of CPU each")
    ours.send("end")
    other.join()


def showing() -> None:
    site, paper = px.Site("measure"), Paper()
    site.fleet(Many, paper)
    memory, begun = resident(), time.perf_counter()
    with site.open(tempfile.mkdtemp(), mqtt=None, opcua="127.0.0.1:0") as live:
        assert live.doors.opcua is not None
        print(f"showing: open after {time.perf_counter() - begun:.1f} s, {resident() - memory:.0f} MB")
        delivery = paper.made[0].delivery
        for number in range(200):
            delivery.tell(f"M{number}", [Datum(name, 1.0, WallClock().now()) for name in "abcdefghij"])
        delivery.flush()
        begun, memory = time.perf_counter(), resident()
        while len(live.doors.opcua._house.space._known) < 200:  # type: ignore[union-attr]
            threading.Event().wait(0.05)
        print(f"showing: 200 twins of 10 signals are nodes after {time.perf_counter() - begun:.1f} s, "
              f"{resident() - memory:.0f} MB")  # fmt: skip
        live.accounts.add("all", kind="service", roles={"viewer"}, twins=["*"])
        token = live.accounts.issue("all").secret

        async def visit() -> None:
            async with visiting(f"opc.tcp://127.0.0.1:{live.doors.opcua.port}", "all", token) as client:  # type: ignore[union-attr]
                index = await index_of(client)
                nodes = [
                    client.get_node(ua.NodeId(f"Many/M{n}/{name}", index)) for n in range(10) for name in "abcdefghij"
                ]
                start = time.perf_counter()
                for _ in range(50):
                    await client.read_values(nodes)
                print(f"showing: {50 * len(nodes) / (time.perf_counter() - start):,.0f} values/s read, 100 a request")

        asyncio.run(visit())


if __name__ == "__main__":
    reading()
    showing()
