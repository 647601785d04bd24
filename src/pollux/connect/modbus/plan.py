"""Which reads fetch the registers of a device: few, and never over what it refuses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.connect.modbus.decoding import Decoding
from pollux.connect.modbus.pdu import most
from pollux.connect.modbus.registers import FLAGS, Register, Table

AGAIN: Final = 600
"""After so many polls a register that was refused by itself is asked for again."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """One read: `count` cells from `first` on, for the registers at `places`.

    Of its cells those at `take` go to `into` of the image.
    """

    table: Table
    first: int
    count: int
    places: tuple[int, ...]
    take: NDArray[np.intp]
    into: NDArray[np.intp]


@final
class Plan:
    """The reads of one device, and what was learnt from its refusals.

    Registers of a table are read together where at most `gap` cells lie between them (16 times as many bits), within
    what one request may ask for. Where the device refuses such a read, it is taken apart: first at its gaps, then in
    halves, until what is refused stands alone. That is remembered, so that no poll runs into the same hole again; a
    register that is refused alone rests for 600 polls.

    >>> plan = Plan(Decoding([Register(0), Register(1), Register(4, "int32"), Register(90)]), gap=4)
    >>> [(span.first, span.count) for span in plan.spans]
    [(0, 6), (90, 1)]
    >>> [(span.first, span.count) for span in plan.refused(plan.spans[0])]
    [(0, 2), (4, 2)]
    >>> [(span.first, span.count) for span in plan.spans]
    [(0, 2), (4, 2), (90, 1)]
    """

    def __init__(self, decoding: Decoding, *, gap: int = 8) -> None:
        self._decoding = decoding
        self._resting: dict[int, int] = {}
        self._polls = 0
        tables: list[Table] = list(dict.fromkeys(register.table for register in decoding.registers))
        self.spans = [span for table in tables for span in self._grouped(table, gap)]
        """The reads of the next poll."""

    def begin(self) -> None:
        """Another poll begins: what has rested long enough is asked for again."""
        self._polls += 1
        for place, since in tuple(self._resting.items()):
            if self._polls - since >= AGAIN:
                del self._resting[place]
                self.spans.append(self._span([place]))

    def refused(self, span: Span) -> list[Span]:
        """The device refuses this read: what is read instead from now on, nothing where it cannot be taken apart."""
        at = self.spans.index(span)
        parts = self._apart(span)
        self.spans[at : at + 1] = parts
        if not parts:
            self._resting |= dict.fromkeys(span.places, self._polls)
        return parts

    def _apart(self, span: Span) -> list[Span]:
        pieces = _runs(self._registers, span.places, 0)
        if len(pieces) == 1 and len(span.places) > 1:
            half = len(span.places) // 2
            pieces = [list(span.places[:half]), list(span.places[half:])]
            # Registers that share cells, as the bits of one do, are refused together.
            if self._registers[pieces[1][0]].first < max(self._registers[place].end for place in pieces[0]):
                pieces = [[place] for place in span.places] if self._differ(span.places) else [list(span.places)]
        return [self._span(piece) for piece in pieces] if len(pieces) > 1 else []

    def _differ(self, places: Sequence[int]) -> bool:
        return len({(self._registers[place].first, self._registers[place].cells) for place in places}) > 1

    @property
    def _registers(self) -> tuple[Register, ...]:
        return self._decoding.registers

    def _grouped(self, table: Table, gap: int) -> list[Span]:
        mine = [place for place, register in enumerate(self._registers) if register.table == table]
        mine.sort(key=lambda place: (self._registers[place].first, self._registers[place].end))
        reach = gap * 16 if table in FLAGS else gap
        return [self._span(run) for run in _runs(self._registers, mine, reach, most(table))]

    def _span(self, places: Sequence[int]) -> Span:
        some = [self._registers[place] for place in places]
        first, end = some[0].first, max(register.end for register in some)
        take = [np.arange(register.first - first, register.end - first) for register in some]
        starts = self._decoding.starts
        into = [starts[place] + np.arange(register.cells) for place, register in zip(places, some, strict=True)]
        return Span(
            some[0].table, first, end - first, tuple(places), np.concatenate(take), np.concatenate(into).astype(np.intp)
        )


def _runs(
    registers: Sequence[Register], places: Sequence[int], gap: int, longest: int | None = None
) -> list[list[int]]:
    """Places in the order of addresses, cut where more than `gap` cells lie between them or a run grows too long."""
    runs: list[list[int]] = []
    first = end = 0
    for place in places:
        register = registers[place]
        fits = longest is None or max(end, register.end) - first <= longest
        if runs and register.first - end <= gap and fits:
            runs[-1].append(place)
            end = max(end, register.end)
        else:
            runs.append([place])
            first, end = register.first, register.end
    return runs
