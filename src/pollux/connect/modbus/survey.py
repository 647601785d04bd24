"""A survey of registers: read what was pointed at, slowly, and say what may stand there. It writes nothing, ever."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.clock import SECOND, WallClock, duration, stopwatch
from pollux.connect.modbus.address import place_of
from pollux.connect.modbus.counters import Counters
from pollux.connect.modbus.decoding import U16
from pollux.connect.modbus.guessing import Guess, guesses
from pollux.connect.modbus.line import Line, Unreachable
from pollux.connect.modbus.pdu import BrokenAnswer, Refused, read_answer, read_request
from pollux.connect.modbus.registers import FLAGS, LAST, Table
from pollux.errors import SetupError

BLOCK: Final = 32
"""Cells that are asked for at once: few, since older devices refuse long reads."""

MOST_CELLS: Final = 10_000
FASTEST: Final = 50.0

Progress = Callable[[int, int], None]
"""Cells that are known, there or not, and cells that were asked for."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Cells from `first` on that the device answers for: `samples` (readings, cells)."""

    first: int
    samples: U16

    @property
    def last(self) -> int:
        """The address of its last cell."""
        return self.first + int(self.samples.shape[1]) - 1


@final
@dataclass(frozen=True, slots=True, eq=False)
class ModbusSurvey:
    """What a survey has found.

    `runs` are the cells that are there, `guesses` what they may hold. `requests` were made in `seconds`. `complete` is
    False where it ended before every cell was asked for; `why` says why then, or why nothing answers.
    """

    url: str
    unit: int
    table: Table
    first: int
    last: int
    runs: tuple[Run, ...]
    guesses: tuple[Guess, ...]
    requests: int
    seconds: float
    complete: bool
    why: str = ""

    def draft(self) -> str:
        """The declaration to edit: each guess as a register, with the reason behind it."""
        lines = [f'px.modbus("{self.url}", unit={self.unit}, id="...", registers={{']
        lines += [
            f"    Thing.signal_{one.first}: {_register(self.table, one)},  # {one.shown}: {one.why}"
            for one in self.guesses
        ]
        return "\n".join([*lines, "})"])


def survey_modbus(
    url: str,
    *,
    unit: int,
    first: int,
    last: int,
    table: Table = "holding",
    readings: int = 3,
    every: str = "1 s",
    rate: float = 5.0,
    timeout: str = "1 s",
    most: int = 1_000,
    progress: Progress | None = None,
) -> ModbusSurvey:
    """Read the cells from `first` to `last` (from 0, both included) of one unit, and guess what they hold.

    Nothing but what is named is asked for, at most `rate` times a second and `most` times in all; what is there is read
    `readings` times, `every` so often, to see what moves. It only reads (functions 1 to 4). Returns also where nothing
    answers, with the reason; raises SetupError for a range that cannot be meant.
    """
    if not 0 <= first <= last <= LAST or last - first >= MOST_CELLS:
        raise SetupError(f"expected a range of at most {MOST_CELLS} cells within 0 to {LAST}, got {first} to {last}")
    if not 0 < rate <= FASTEST or readings < 1 or most < 1:
        raise SetupError(f"expected a rate up to {FASTEST:g} requests a second, and readings and requests from 1 on")
    line = Line(place_of(url), WallClock(), rate=rate)
    survey = _Survey(line, unit, table, duration(timeout) / SECOND, most, progress, last - first + 1)
    begun = stopwatch()
    runs = asyncio.run(survey.made(first, last, readings, duration(every) / SECOND))
    found = [] if table in FLAGS else [guess for run in runs for guess in guesses(run.first, run.samples)]
    return ModbusSurvey(
        url, unit, table, first, last, tuple(runs), tuple(found), survey.counts.requests, stopwatch() - begun,
        not survey.why, survey.why,
    )  # fmt: skip


@final
class _Over(Exception):
    """The survey ends here."""


@final
class _Survey:
    """One survey on its way."""

    def __init__(
        self, line: Line, unit: int, table: Table, timeout: float, most: int, progress: Progress | None, cells: int
    ) -> None:
        self._line, self._unit, self._timeout, self._most = line, unit, timeout, most
        self._table: Table = table
        self._progress, self._cells, self._known = progress, cells, 0
        self.counts = Counters()
        self.why = ""

    async def made(self, first: int, last: int, readings: int, every: float) -> list[Run]:
        """The cells that are there, joined where they lie side by side."""
        there: dict[int, U16] = {}
        try:
            await self._looked(first, last, there)
        except _Over as over:
            self.why = str(over)
        runs = _joined(there)
        for _ in range(readings - 1):
            if not runs or self.why:
                break
            await asyncio.sleep(every)
            try:
                runs = [Run(run.first, np.vstack([run.samples, await self._again(run)])) for run in runs]
            except (_Over, Refused) as over:
                self.why = str(over)
        self._line.close()
        return runs

    async def _looked(self, first: int, last: int, there: dict[int, U16]) -> None:
        waiting = deque((at, min(BLOCK, last + 1 - at)) for at in range(first, last + 1, BLOCK))
        while waiting:
            at, count = waiting.popleft()
            try:
                there[at] = await self._read(at, count)
            except Refused:
                if count > 1:
                    waiting.extendleft([(at + count // 2, count - count // 2), (at, count // 2)])
                    continue
            self._known += count
            if self._progress is not None:
                self._progress(self._known, self._cells)

    async def _again(self, run: Run) -> U16:
        count = int(run.samples.shape[1])
        parts = [(at, min(BLOCK, count - at)) for at in range(0, count, BLOCK)]
        return np.concatenate([await self._read(run.first + at, some) for at, some in parts])

    async def _read(self, at: int, count: int) -> U16:
        if self.counts.requests >= self._most:
            raise _Over(f"{self._most} requests were made")
        request = read_request(self._table, at, count)
        try:
            answer = await self._line.ask(self._unit, request, timeout=self._timeout, counts=self.counts)
            return read_answer(self._table, count, answer.pdu)
        except (Unreachable, BrokenAnswer) as error:
            raise _Over(str(error)) from None


def _joined(there: dict[int, U16]) -> list[Run]:
    runs: list[list[int]] = []
    for at in sorted(there):
        if runs and runs[-1][-1] + len(there[runs[-1][-1]]) == at:
            runs[-1].append(at)
        else:
            runs.append([at])
    return [Run(run[0], np.concatenate([there[at] for at in run])[None, :]) for run in runs]


def _register(table: Table, guess: Guess) -> str:
    more = f', table="{table}"' if table != "holding" else ""
    more += f', order="{guess.order}"' if guess.order != "ABCD" else ""
    more += f", length={guess.cells}" if guess.kind == "string" else ""
    return f'px.Register({guess.first}, "{guess.kind}"{more})'
