"""Registers of a Modbus device that stands beside the agent, polled."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.clock import SECOND, Clock, duration
from pollux.connect.modbus.address import Place, place_of
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.line import Line
from pollux.connect.modbus.reader import Reader, Round, Silent
from pollux.connect.modbus.registers import Register
from pollux.edge.samples import Samples
from pollux.edge.sources.source import AbstractSource, Need
from pollux.errors import SetupError

CHUNK: Final = 0.1
"""Samples of so many seconds are handed over together."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Polled(AbstractSource):
    """Registers of one unit; made by `polled`. Times are in seconds."""

    line: Place
    unit: int
    registers: tuple[Register, ...]
    every: float
    timeout: float
    gap: int

    @property
    def rate(self) -> float:
        return 1 / self.every

    @property
    def step(self) -> int:
        return 0

    def samples(self, need: Need) -> Iterator[Samples]:
        if len(need.signals) != len(self.registers):
            raise SetupError(f"expected {len(need.signals)} registers, one a summary, got {len(self.registers)}")
        with asyncio.Runner() as runner:
            line, counts = Line(self.line, need.clock, rate=1e6), Counters()
            reader = Reader(self.registers, line, counts, unit=self.unit, timeout=self.timeout, gap=self.gap)
            try:
                yield from self._chunks(runner, reader, need)
            finally:
                line.close()

    def _chunks(self, runner: asyncio.Runner, reader: Reader, need: Need) -> Iterator[Samples]:
        due = _seconds(need.clock)
        while True:
            rows: list[tuple[int, list[float]]] = []
            missed, until = 0, _seconds(need.clock) + CHUNK
            while due <= until:
                if need.pause(due - _seconds(need.clock)):
                    return
                rows.append(runner.run(_once(reader)))
                late = int(max(0.0, _seconds(need.clock) - due) // self.every)
                missed, due = missed + late, due + (late + 1) * self.every
            if not rows and need.pause(CHUNK):
                return
            numbers = np.array([row for _, row in rows]).reshape(-1, len(self.registers))
            yield Samples(np.array([at for at, _ in rows], np.int64), numbers, missed)


def polled(
    url: str, registers: Sequence[Register], *, unit: int = 1, every: str = "100 ms", timeout: str = "1 s", gap: int = 8
) -> Polled:
    """Registers of a Modbus device beside the agent, read every so often, one for each summary in their order.

    `url` and registers are as for `px.modbus`; what they say is in the declared unit of their signals by `scale` and
    `offset`, so that a `unit` of a register is refused, and so are texts. A register that the device refuses, or that
    shows that nothing is connected, is no number. Polls that were due while another was under way count as missed.
    Raises SetupError.

    >>> polled("tcp://10.0.0.5", [Register("40101", "int16", scale=0.1)], every="20 ms").rate
    50.0
    """
    length = duration(every) / SECOND
    if not registers or length <= 0 or any(one.unit or one.kind == "string" for one in registers):
        raise SetupError(
            "expected registers of numbers without units, and a time between polls", at=url,
            hint="scale= and offset= make the signal's declared unit",
        )  # fmt: skip
    return Polled(place_of(url), unit, tuple(registers), length, duration(timeout) / SECOND, gap)


async def _once(reader: Reader) -> tuple[int, list[float]]:
    """When the registers were read, and their numbers, NaN where there is none; OSError where the device is silent."""
    found = Round()
    try:
        await reader.read(found)
    except Silent as silent:
        raise OSError(str(silent)) from None
    if not found.read:
        raise OSError("the device refuses every register")
    number = reader.values().number
    return max(found.read.values()), [float(number[i]) if i in found.read else float("nan") for i in range(len(number))]


def _seconds(clock: Clock) -> float:
    return clock.now() / SECOND
