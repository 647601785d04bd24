"""Run a line: many members, in chunks for any executor, or one long run in batches."""

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import SimulationError
from pollux.simulate.discrete.columns import TRACED, Opening, Records, Sheet
from pollux.simulate.discrete.laws import Span, seconds
from pollux.simulate.discrete.line import Line
from pollux.simulate.discrete.lowering import Lowered, lower
from pollux.simulate.discrete.memory import SILENT, blank, blank_sheet, parts_of, records
from pollux.simulate.discrete.opening import Start, opening_of
from pollux.simulate.discrete.results import Results
from pollux.simulate.simulation import Cancelled, Progress

CHUNK: Final = 64
"""Members in one piece of work."""

PARTS: Final = 10_000
"""Room for parts in a member whose queues have no limit."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Some members of a line, for an executor: nothing in it is shared with others or tied to this process."""

    lowered: Lowered
    opening: Opening
    first: int
    members: int
    warm: float
    end: float
    batches: int
    parts: int


def simulate(
    line: Line,
    span: Span,
    *,
    members: int = 100,
    warm_up: Span = 0.0,
    seed: int = 0,
    start: Start | None = None,
    level: float = 0.95,
    batches: int = 1,
    parts: int = PARTS,
    executor: Executor | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Results:
    """Run a line for so long after its warm-up, in independent members; what comes out does not depend on chunks.

    Member i has the same luck under the same `seed` in every line whose blocks have the same names, so that options are
    compared on common random numbers. `start` says how a line stands when it begins; without it it is empty. With
    `batches` each member is counted in so many stretches of equal length, and every one is a row of the results: for
    one long run (`members=1`) their means are nearly independent where a stretch is long. `level` is that of intervals.
    `progress` hears the part of the members that is done; `cancelled` is asked between chunks of them.

    Raises SimulationError for a run that cannot be made or was cancelled. A member that needs room for more parts than
    `parts` (where queues have no limit) fails as a value.

    >>> from pollux.simulate.discrete import Line, Machine, Sink, Supply
    >>> line = Line("one", [Supply("steel"), Machine("press", "30 s"), Sink("out")])
    >>> print(simulate(line, "1 h", members=2).throughput("out"))
    0.03333 (0.03333 to 0.03333)
    """
    if members < 1 or batches < 1 or parts < 1:
        raise SimulationError(f"expected one or more, got {members} members, {batches} batches, {parts} parts")
    lowered = lower(line, seed)
    warm, length = seconds(warm_up, at="warm_up", zero=True), seconds(span, at="span")
    opening = opening_of(line, lowered, start)
    works = [
        Work(lowered, opening, first, min(CHUNK, members - first), warm, warm + length, batches, parts)
        for first in range(0, members, CHUNK)
    ]
    sheets, histogram = _gathered(works, executor, progress or (lambda done: None), cancelled or (lambda: False))
    return Results(lowered, sheets, histogram, length / batches, level)


def work(one: Work) -> tuple[Sheet, I64]:
    """Do a piece of work."""
    written = records(one.lowered)
    sheet = _replicate(one, written)
    return sheet, written.waits


def _replicate(one: Work, written: Records) -> Sheet:
    from pollux.simulate.discrete.kernel_runs import replicate

    lowered = one.lowered
    state = blank(lowered, parts_of(lowered, one.parts), 1)
    sheet = blank_sheet(lowered, one.members * one.batches)
    replicate(
        lowered.plan,
        state,
        written,
        SILENT,
        one.opening,
        sheet,
        one.first,
        one.members,
        True,
        one.warm,
        one.end,
        one.batches,
    )
    return sheet


def _gathered(
    works: list[Work], executor: Executor | None, progress: Progress, cancelled: Cancelled
) -> tuple[Sheet, I64]:
    pieces: list[tuple[Sheet, I64]] = []
    for piece in _pieces(works, executor):
        if cancelled():
            raise SimulationError("the run was cancelled")
        pieces.append(piece)
        progress(len(pieces) / len(works))
    columns = zip(*(sheet for sheet, _ in pieces), strict=True)
    histogram: I64 = np.stack([counts for _, counts in pieces]).sum(axis=0)
    return Sheet(*(np.concatenate(column) for column in columns)), histogram


def _pieces(works: list[Work], executor: Executor | None) -> Iterator[tuple[Sheet, I64]]:
    if executor is None:
        yield from map(work, works)
    else:
        yield from executor.map(work, works)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """When the slots of one member changed their modes: seconds, slots and modes, each (n,), in order of time."""

    lowered: Lowered
    times: F64
    slots: I64
    modes: I64
    end: float


def trace(
    line: Line, span: Span, *, member: int = 0, seed: int = 0, start: Start | None = None, changes: int = 1_000_000
) -> Trace:
    """The modes of every machine of one member over time, from the beginning on.

    Raises SimulationError when there are more changes than that. A change that lasts for no time is among them.

    >>> from pollux.simulate.discrete import Line, Machine, Sink, Supply
    >>> trace(Line("one", [Supply("steel"), Machine("press", 30), Sink("out")]), 60).times.tolist()
    [0.0, 30.0, 30.0, 30.0, 60.0, 60.0, 60.0]
    """
    lowered = lower(line, seed)
    written, end = records(lowered, changes), seconds(span, at="span")
    one = Work(lowered, opening_of(line, lowered, start), member, 1, 0.0, end, 1, PARTS)
    sheet = _replicate(one, written)
    count = int(sheet.mark[0, TRACED])
    if count >= changes:
        raise SimulationError(f"expected at most {changes} changes, got more", at=line.name, hint="a shorter span")
    table = written.trace[:count]
    return Trace(lowered, written.trace_f[:count], table[:, 0], table[:, 1], end)
