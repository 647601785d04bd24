"""Orders to a device: written, read back, and answered by what was read."""

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple, final

import numpy as np

from pollux.clock import Clock
from pollux.columns.field import Datum
from pollux.connect.field.delivery import Answered
from pollux.connect.field.order import FieldOrder
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.decoding import U16, Decoding, encode
from pollux.connect.modbus.line import Line, Unreachable
from pollux.connect.modbus.mapped import Bound, Mapped
from pollux.connect.modbus.pdu import (
    BrokenAnswer,
    Refused,
    check_written,
    read_answer,
    read_request,
    write_request,
)
from pollux.errors import PolluxError

READS: Final = 3
"""How often a register is read back before it counts as not taken."""

SETTLING: Final = 0.2
"""Seconds between two such reads."""


@final
class Outcome(NamedTuple):
    """What became of an order: its state, why, and what was read back of the actuators."""

    state: Answered
    reason: str = ""
    read: tuple[Datum, ...] = ()


@final
class Writer:
    """Writes the mapped actuators of one device. A request that was not answered is never written again: what counts is
    what is read back.
    """

    def __init__(self, bound: Bound, line: Line, clock: Clock, counts: Counters) -> None:
        self._bound, self._line, self._clock, self._counts = bound, line, clock, counts

    async def carry(self, asked: FieldOrder) -> Outcome:
        """Carry an order out; nothing is written unless everything that it asks for can be."""
        self._counts.field.orders += 1
        try:
            cells = self._cells(asked)
        except PolluxError as error:
            self._counts.field.orders_rejected += 1
            return Outcome("rejected", str(error))
        read: list[Datum] = []
        for name, wanted in cells.items():
            why = await self._set(self._bound.written[name], wanted, read, asked.expires)
            if why:
                self._counts.field.orders_failed += 1
                return Outcome("failed", f"{name}: {why}", tuple(read))
        self._counts.field.orders_done += 1
        return Outcome("done", "read back", tuple(read))

    def _cells(self, asked: FieldOrder) -> Mapping[str, U16]:
        if asked.name != "set" or not asked.params:
            raise PolluxError(f"expected an order that sets actuators, got {asked.name!r}")
        if asked.expires and asked.expires <= self._clock.now():
            raise PolluxError("expected an order that still holds, got one that has expired")
        unknown = sorted(asked.params.keys() - self._bound.written.keys())
        if unknown:
            raise PolluxError(f"expected actuators that are mapped to registers, got {', '.join(unknown)}")
        written = self._bound.written
        return {
            name: encode(written[name].register, written[name].asked(value)) for name, value in asked.params.items()
        }

    async def _set(self, one: Mapped, wanted: U16, read: list[Datum], until: int) -> str:
        """Write one actuator and read it back; why it did not take it, empty where it did."""
        try:
            why = await self._write(one, wanted, until)
            cells = await self._read_back(one, wanted, read)
        except (Refused, Unreachable, BrokenAnswer) as error:
            return str(error)
        if np.array_equal(cells, wanted):
            return ""
        said = f"read back {_words(one, cells)} after {_words(one, wanted)} was written"
        return f"{said} ({why})" if why else said

    async def _write(self, one: Mapped, wanted: U16, until: int) -> str:
        """Write before an instant; why it is not known whether that arrived, empty where it did. Raises Refused."""
        register, device = one.register, self._bound
        single = register.write == "single" or (register.cells == 1 and register.write != "multiple")
        request = write_request(register.table, register.first, wanted, single=single)
        try:
            answer = await self._line.ask(
                device.unit, request, timeout=device.timeout, counts=self._counts, until=until
            )
            check_written(request, answer.pdu)
        except (Unreachable, BrokenAnswer) as error:
            return str(error)
        return ""

    async def _read_back(self, one: Mapped, wanted: U16, read: list[Datum]) -> U16:
        register, device = one.register, self._bound
        request = read_request(register.table, register.first, register.cells)
        attempts = 0
        while True:
            answer = await self._line.ask(device.unit, request, timeout=device.timeout, counts=self._counts)
            cells = read_answer(register.table, register.cells, answer.pdu)
            attempts += 1
            if attempts == READS or np.array_equal(cells, wanted):
                break
            await asyncio.sleep(SETTLING)
        read.append(Datum(one.name, one.told(_number(one, cells)), answer.at, 0, one.unit))
        return cells


def _number(one: Mapped, cells: U16) -> float:
    return float(Decoding([one.register]).decode(cells).number[0])


def _words(one: Mapped, cells: U16) -> str:
    told = one.told(_number(one, cells))
    if one.signal.kind != "number":
        return str(told)
    unit = one.register.unit or str(one.signal.edge)
    return f"{told:g}" if unit == "1" else f"{told:g} {unit}"
