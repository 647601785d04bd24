"""Stock pymodbus servers in a thread of the test, and drivers of ours beside them."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

import pollux as px
from pollux.columns.field import Datum, unpack_field
from pollux.columns.frames import Encoding
from pollux.connect.field.source import AbstractFieldDriver
from pollux.connect.modbus.source import ModbusSource
from pollux.model.schema import schema_of
from tests.connect.field.paper import Kept, place

PATIENCE = 10.0


def times(poll: dict[str, Datum]) -> list[int]:
    """When the values of a poll were so."""
    return [datum.time for datum in poll.values() if datum.time is not None]


class Pump(px.Twin):
    """What the devices of these tests tell."""

    speed = px.actuator("rpm", low=0, high=3000, safe=600)
    valve = px.actuator("1", low=0, high=1, safe=0)
    temp = px.sensor("degC", low=-50, high=150)
    flow = px.sensor("l/min", low=-1e9, high=1e9)
    total = px.sensor("l", low=-1e18, high=1e18)


class Stock:
    """A stock server of some devices, which can be stopped and started again on its port."""

    def __init__(self, *devices: SimDevice, tty: str | None = None, framer: FramerType = FramerType.SOCKET) -> None:
        self.port = free_port()
        self.devices, self._tty, self._framer = list(devices), tty, framer
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Any = None
        self.asked: list[tuple[int, int, int]] = []

    def start(self) -> None:
        up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(up)), daemon=True)
        self._thread.start()
        assert up.wait(PATIENCE)

    async def _serve(self, up: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        if self._tty:
            self._server = ModbusSerialServer(
                self.devices, port=self._tty, framer=FramerType.RTU, baudrate=19200, parity="N", trace_pdu=self._seen
            )
        else:
            self._server = ModbusTcpServer(
                self.devices, address=("127.0.0.1", self.port), framer=self._framer, trace_pdu=self._seen
            )
        await self._server.serve_forever(background=True)
        up.set()
        await self._server.serving

    def _seen(self, sending: bool, pdu: Any) -> Any:
        if not sending:
            self.asked.append((pdu.function_code, pdu.address, getattr(pdu, "count", 0)))
        return pdu

    def stop(self) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(PATIENCE)
        self._thread.join(PATIENCE)

    def cells(self, first: int, count: int, unit: int = 1) -> list[int]:
        """What stands in its holding registers now."""
        assert self._loop is not None
        read = self._server.async_getValues(unit, 3, first, count)
        found: list[int] = asyncio.run_coroutine_threadsafe(read, self._loop).result(PATIENCE)
        return found


@contextlib.contextmanager
def serving(*devices: SimDevice, **options: Any) -> Iterator[Stock]:
    """A stock server while the context lasts."""
    stock = Stock(*devices, **options)
    stock.start()
    try:
        yield stock
    finally:
        stock.stop()


def registers(first: int, *cells: int) -> SimData:
    """Holding and input registers that stand side by side."""
    return SimData(first, values=list(cells), datatype=DataType.REGISTERS)


class Heard:
    """A driver of ours that runs, and what it has handed over."""

    def __init__(self, source: ModbusSource, folder: Path, *, acts: bool = False, kept: Kept | None = None) -> None:
        self.kept = kept or Kept()
        self.source = source
        given = place(folder, self.kept, acts=acts)
        self.driver: AbstractFieldDriver = source.driver(schema_of(Pump), given)

    def polls(self) -> list[dict[str, Datum]]:
        """What was told, poll by poll, of this source's twin."""
        found: list[dict[str, Datum]] = []
        for frames in tuple(self.kept.batches):
            for i in range(len(frames)):
                mine = frames.topic(i) == f"twins/Pump/{self.source.id}/telemetry".encode()
                if mine and frames.encoding[i] == Encoding.FIELD:
                    data = unpack_field(bytes(frames.payload(i))).data
                    found.append({datum.signal: datum for datum in data})
        return found

    def answers(self) -> list[str]:
        """What was answered to orders, as JSON."""
        found: list[str] = []
        for frames in tuple(self.kept.batches):
            found += [
                bytes(frames.payload(i)).decode() for i in range(len(frames)) if frames.topic(i).endswith(b"/ack")
            ]
        return found

    def first(self) -> dict[str, Datum]:
        """What the first poll said."""
        until(self.polls)
        return self.polls()[0]


@contextlib.contextmanager
def hearing(source: ModbusSource, folder: Path, **options: Any) -> Iterator[Heard]:
    """A driver while the context lasts."""
    heard = Heard(source, folder, **options)
    heard.driver.start()
    try:
        yield heard
    finally:
        heard.driver.stop()


def until(condition: Callable[[], object], why: str = "") -> None:
    """Wait until something is so."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if condition():
            return
        pause.wait(0.005)
    raise AssertionError(f"did not happen within {PATIENCE:g} s: {why or condition}")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
