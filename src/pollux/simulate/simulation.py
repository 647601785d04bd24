"""Run a type ahead: many members at once, in chunks for any executor, with the same result however it is cut."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.simulate.foreign import driven, following, with_failures
from pollux.simulate.job import Piece, work
from pollux.simulate.kernels.kernel import Compiler
from pollux.simulate.methods.rows import Rows
from pollux.simulate.outcome import Outcome, Pace, forgotten, happenings, merged, nanoseconds
from pollux.simulate.prepare import Prepared, prepare
from pollux.simulate.recorder import recorder
from pollux.simulate.run import Run
from pollux.simulate.settling.settle import Settled

Progress: TypeAlias = Callable[[float], None]
Cancelled: TypeAlias = Callable[[], bool]

ASK = 0.25
"""Seconds between two questions whether the run is cancelled, while chunks are away."""

AWAY = 64
"""Chunks that are away at a time, so that tables and pieces take bounded memory however many members there are."""


def run(
    what: Run,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    compiler: Compiler | None = None,
) -> Outcome:
    """Simulate.

    Chunks go to `executor` (threads, processes, Dask, Ray) where one is given, else they run here, one after another;
    what comes out does not depend on it, bit for bit. `progress` hears the part of the members that is done;
    `cancelled` is asked between chunks, and without an executor at pauses within them too; a chunk that a worker has
    begun runs to its end there, and nobody waits for it. `compiler` compiles kernels
    elsewhere.

    Raises `SimulationError` for a run that cannot be made or was cancelled, and when a worker dies. A member that fails
    is a value.
    """
    engine = driven(what, cancelled or (lambda: False))
    what = following(what, engine)
    prepared = prepare(what, compiler)
    # Here and now, or every thread that works on a chunk would compile the same kernel.
    for kernel in (prepared.whole.kernel, *(fast.kernel for fast in prepared.whole.fast)):
        kernel.load()
    memory = {name: forgotten(prepared.whole.table, slots) for name, slots in prepared.rows.layout.events.items()}
    whole = _gathered(prepared, executor, progress or (lambda done: None), cancelled or (lambda: False))
    return with_failures(_outcome(what, prepared, whole, memory), engine)


def _gathered(prepared: Prepared, executor: Executor | None, progress: Progress, cancelled: Cancelled) -> Piece:
    """The pieces of all chunks, put together in the order of the members."""
    job = prepared.whole
    members = job.table.shape[1]
    values = np.empty((len(job.recorder.exprs), len(job.schedule.recorded), members))
    table, settled, done = np.empty_like(job.table), Settled(), 0
    pieces = _here(prepared, cancelled) if executor is None else _elsewhere(prepared, executor, cancelled)
    for part, piece in pieces:
        values[:, :, part], table[:, part] = piece.values, piece.table
        settled += piece.settled
        done += part.stop - part.start
        progress(done / members)
    return Piece(values, table, settled)


def _here(prepared: Prepared, cancelled: Cancelled) -> Iterator[tuple[slice, Piece]]:
    for part, job in prepared.chunks():
        yield part, work(replace(job, cancelled=cancelled))


def _elsewhere(prepared: Prepared, executor: Executor, cancelled: Cancelled) -> Iterator[tuple[slice, Piece]]:
    chunks = prepared.chunks()
    away: deque[tuple[slice, Future[Piece]]] = deque()
    try:
        for part, job in chunks:
            away.append((part, executor.submit(work, job)))
            if len(away) == AWAY:
                yield _first(away, cancelled)
        while away:
            yield _first(away, cancelled)
    finally:
        for _, future in away:
            future.cancel()


def _first(away: deque[tuple[slice, Future[Piece]]], cancelled: Cancelled) -> tuple[slice, Piece]:
    """The chunk that was handed out before all others, no longer held here once it is done."""
    part, future = away[0]
    piece = _awaited(future, cancelled)
    away.popleft()
    return part, piece


def _awaited(future: Future[Piece], cancelled: Cancelled) -> Piece:
    while True:
        if cancelled():
            raise SimulationError("the run was cancelled")
        try:
            return future.result(timeout=ASK)
        except TimeoutError:
            if future.done():
                raise
        except BrokenExecutor as wrong:
            raise SimulationError(
                f"a worker died: {wrong}", hint="too little memory for it, perhaps: fewer workers, or a coarser grid"
            ) from wrong


def _outcome(run: Run, prepared: Prepared, whole: Piece, memory: dict[str, F64]) -> Outcome:
    rows, schedule, table = prepared.rows, prepared.whole.schedule, whole.table
    _latch(run, rows, table)
    events = {name: happenings(table, slots, run.t0) for name, slots in rows.layout.events.items()}
    for name, slots in rows.layout.events.items():
        merged(table, slots, memory[name])
    grid = run.span // max(1, len(schedule.recorded) - 1)
    return Outcome(
        names=(*run.record, *run.formulas),
        times=run.t0 + grid * np.arange(len(schedule.recorded)),
        values=whole.values,
        events=events,
        integrals={name: table[row].copy() for name, row in rows.integral.items()},
        ever={name: table[row] > 0.0 for name, row in rows.ever.items()},
        final=table[: rows.layout.width].copy(),
        failed_at=nanoseconds(table[rows.failed], run.t0),
        backend=prepared.whole.kernel.backend,
        pace=_pace(run, prepared, table),
        settled=whole.settled,
    )


def _pace(run: Run, prepared: Prepared, table: F64) -> Pace:
    choice, control, steps = prepared.choice, prepared.rows.control, prepared.whole.schedule.steps
    if control is None:
        taken = np.full(table.shape[1], steps)
        return Pace(choice.method, taken, np.zeros_like(taken), round(run.span / steps), choice.note)
    taken, refused = table[[control.accepted, control.rejected]].astype(np.int64)
    return Pace(choice.method, taken, refused, round(run.span / max(1.0, float(taken.mean()))), choice.note)


def _latch(run: Run, rows: Rows, table: F64) -> None:
    """Put what the sensors with a reading last saw into their slots; what is still missing leaves them alone."""
    seen = recorder(list(run.schema.readings.values()), rows).now(table, (run.t0 + run.span) / SECOND)
    for name, value in zip(run.schema.readings, seen, strict=True):
        row = rows.layout.place(name)
        table[row] = np.where(np.isnan(value), table[row], value)
