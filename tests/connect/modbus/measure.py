"""Requests for 100 registers, one after the other: our line beside the client of pymodbus, against a server that costs
next to nothing and against a stock one. `python -m tests.connect.modbus.measure` prints requests a second and processor
time of the client for each.
"""

import asyncio
import multiprocessing
import struct
import time

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimDevice

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
        process.terminate()
        process.join()


if __name__ == "__main__":
    main()
