"""What Modbus costs here: `python -m tests.connect.modbus.measure`. No test: figures, not promises.

Requests for 100 registers, one after the other: our line beside the client of pymodbus, against a server that costs
next to nothing and against a stock one. Then a whole site that polls 200 devices with 100 numbers each once a second,
and the share of one core that it takes, log and twins included, beside the same site without devices.
"""

import asyncio
import multiprocessing
import struct
import tempfile
import time

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimDevice

import pollux as px
from pollux.clock import WallClock
from pollux.connect.modbus.address import place_of
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.line import Line
from pollux.connect.modbus.pdu import read_answer, read_request
from tests.connect.modbus.stock import free_port, registers

COUNT = 5_000
CELLS = 100


class Bare(asyncio.Protocol):
    """Answers every read with the same cells."""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        while data:
            number, _, length, unit = struct.unpack_from(">HHHB", data)
            head = struct.pack(">HHHBBB", number, 0, 3 + 2 * CELLS, unit, 3, 2 * CELLS)
            self._transport.write(head + bytes(2 * CELLS))
            data = data[6 + length :]


async def bare(port):
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port)
    await server.serve_forever()


async def stock(port):
    await ModbusTcpServer(
        SimDevice(3, simdata=[registers(0, *[7] * CELLS)]), address=("127.0.0.1", port)
    ).serve_forever()


async def ours(port):
    line, counts = Line(place_of(f"tcp://127.0.0.1:{port}"), WallClock(), rate=1e9), Counters()
    await line.ask(3, read_request("holding", 0, CELLS), timeout=1.0, counts=counts)
    with measured("ours"):
        for _ in range(COUNT):
            answer = await line.ask(3, read_request("holding", 0, CELLS), timeout=1.0, counts=counts)
            read_answer("holding", CELLS, answer.pdu)
    line.close()


async def theirs(port):
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    with measured("pymodbus"):
        for _ in range(COUNT):
            assert len((await client.read_holding_registers(0, count=CELLS, device_id=3)).registers) == CELLS
    client.close()


class measured:
    """Prints what the block took."""

    def __init__(self, name):
        self._name = name

    def __enter__(self):
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *_):
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        print(f"  {self._name:9} {COUNT / wall:7,.0f} requests/s {1e6 * cpu / COUNT:6.1f} us of processor a request")


def meter(numbers):
    """A type with so many sensors."""
    signals = {f"s{n}": px.sensor("1", low=-1e9, high=1e9) for n in range(numbers)}
    return type("Meter", (px.Twin,), signals)


def site_share(port, devices, numbers=CELLS, seconds=10.0):
    """The share of a core that a site takes which polls so many devices."""
    kind, site = meter(numbers), px.Site("plant")
    mapped = {f"s{n}": px.Register(n, "uint16") for n in range(numbers)}
    url = f"tcp://127.0.0.1:{port}"
    site.fleet(kind, *(px.modbus(url, unit=1 + n, id=f"M-{n}", registers=mapped, rate=1e6) for n in range(devices)))
    with tempfile.TemporaryDirectory() as folder, site.open(folder, mqtt=None) as live:
        time.sleep(5.0)
        polls, cpu, wall = _polls(live), time.process_time(), time.perf_counter()
        time.sleep(seconds)
        share = (time.process_time() - cpu) / (time.perf_counter() - wall)
        rate = (_polls(live) - polls) / seconds
    print(f"  {devices:4} devices {rate:6.1f} polls/s {100 * share:5.1f} % of a core")


def _polls(live):
    return sum(driver.counters["polls"] for driver in live.doors.fields.drivers)


def run(server, port):
    asyncio.run(server(port))


def main():
    for server in (bare, stock):
        port = free_port()
        process = multiprocessing.get_context("spawn").Process(target=run, args=(server, port), daemon=True)
        process.start()
        time.sleep(3.0)
        print(f"{server.__name__} server")
        for client in (ours, theirs, ours, theirs):
            asyncio.run(client(port))
        if server is bare:
            for devices in (0, 200):
                site_share(port, devices)
        process.terminate()
        process.join()


if __name__ == "__main__":
    main()
