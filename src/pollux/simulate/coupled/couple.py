"""The door: simulate a system of linked twins, in chunks of members for any executor."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.errors import SimulationError
from pollux.simulate.coupled.prepare import CHUNK_BYTES, CHUNKS, WORTH, CoupledJob, Prepared, prepare
from pollux.simulate.coupled.run import CoupledOutcome, CoupledRun, GroupOutcome
from pollux.simulate.kernels.kernel import Compiler
from pollux.simulate.outcome import forgotten, happenings, merged, nanoseconds

Progress: TypeAlias = Callable[[float], None]
Cancelled: TypeAlias = Callable[[], bool]


@final
@dataclass(frozen=True, slots=True, eq=False)
class CoupledPiece:
    """The result of a job: the recorded rows (picks, times, members), and the table at the end."""

    recorded: F64
    table: F64


def couple(
    what: CoupledRun,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
    compiler: Compiler | None = None,
) -> CoupledOutcome:
    r"""Simulate twins that read each other, all equations in one kernel.

    The whole system is one ordinary differential equation $\dot y = f(t, y)$: in each stage of a step all values that
    others gather are reckoned first, in the order in which they need each other, then all slopes, so no value is ever
    older than the stage. `executor`, `progress`, `cancelled` and `compiler` are as in `run`.

    Raises `SimulationError` for a run that cannot be made, for derived values that need themselves around a circle of
    links, and when cancelled. A twin that fails is a value.

    >>> import numpy as np, pollux as px
    >>> from pollux.columns import Links, layout_of
    >>> from pollux.simulate import CoupledRun, Group
    >>> class Cell(px.Twin):
    ...     west, east = px.link(), px.link()
    ...     temp = px.hidden("K", start=300)
    ...     pace = px.parameter("1/s", 1)
    ...
    ...     @px.rate(temp)
    ...     def evens_out(self):
    ...         def gain(other):
    ...             return px.where(px.present(other), other.temp - self.temp, 0)
    ...         return self.pace * (gain(self.west) + gain(self.east))
    >>> west, east = Links(), Links()
    >>> west.set(1, [0]); east.set(0, [1])
    >>> start = np.repeat(layout_of(Cell.__pollux__).start(2)[:, :, None], 1, axis=2)
    >>> start[0, 0] = 320.0
    >>> group = Group(Cell.__pollux__, start, {"west": west, "east": east})
    >>> done = couple(CoupledRun((group,), 0, 10**10, 10**7, record={"Cell": ("temp",)}, backend="numpy"))
    >>> done["Cell"]["temp"][-1, :, 0].round(6).tolist()
    [310.0, 310.0]
    """
    prepared = prepare(what, compiler)
    # Here and now, or every thread that works on a chunk would compile the same kernel.
    prepared.whole.kernel.load()
    memory = [_forgotten(prepared, kind) for kind in range(len(what.groups))]
    values, table = _gathered(prepared, executor, progress or (lambda done: None), cancelled or (lambda: False))
    groups = {
        group.schema.name: _outcome(what, prepared, values[kind], table, kind, memory[kind])
        for kind, group in enumerate(what.groups)
    }
    schedule = prepared.whole.schedule
    grid = what.span // max(1, len(schedule.recorded) - 1)
    times = what.t0 + grid * np.arange(len(schedule.recorded))
    return CoupledOutcome(times, groups, prepared.whole.kernel.backend, round(what.span / schedule.steps))


def work(job: CoupledJob) -> CoupledPiece:
    """Do a job."""
    schedule, table = job.schedule, job.table.copy()
    out = np.empty((len(schedule.picks), len(schedule.recorded), table.shape[1]))
    for first, last in itertools.pairwise(job.stretches):
        if job.cancelled is not None and job.cancelled():
            raise SimulationError("the run was cancelled")
        job.kernel.advance(table, out, schedule.plan(first, last))
    return CoupledPiece(out, table)


def _gathered(
    prepared: Prepared, executor: Executor | None, progress: Progress, cancelled: Cancelled
) -> tuple[list[F64], F64]:
    """The values of each type and the table at the end, of all members.

    Values are reckoned here and not where the rows come from: so a job holds numbers only, and no graph.
    """
    schedule, members = prepared.whole.schedule, prepared.whole.table.shape[1]
    times = schedule.start + schedule.recorded.astype(np.float64) * schedule.dt
    values = [
        np.empty((len(exprs), len(times), count, members))
        for exprs, count in zip(prepared.recorder.exprs, prepared.system.places.twins, strict=True)
    ]
    table, done = np.empty_like(prepared.whole.table), 0
    for part, piece in _pieces(prepared, executor, cancelled):
        table[:, part] = piece.table
        for whole, some in zip(values, prepared.recorder.values(piece.recorded, piece.table, times), strict=True):
            whole[..., part] = some
        done += part.stop - part.start
        progress(done / members)
    return values, table


def _pieces(
    prepared: Prepared, executor: Executor | None, cancelled: Cancelled
) -> Iterator[tuple[slice, CoupledPiece]]:
    if executor is None:
        for part, job in chunks(prepared.whole):
            yield part, work(replace(job, cancelled=cancelled))
        return
    away = [(part, executor.submit(work, job)) for part, job in chunks(prepared.whole)]
    try:
        for part, future in away:
            if cancelled():
                raise SimulationError("the run was cancelled")
            yield part, future.result()
    finally:
        for _, future in away:
            future.cancel()


def chunks(job: CoupledJob) -> Iterator[tuple[slice, CoupledJob]]:
    """Chunks of whole blocks of members, and the job of each."""
    members, block = job.table.shape[1], job.kernel.block
    row_bytes = 8 * max(1, len(job.schedule.picks) * len(job.schedule.recorded))
    most = max(1, CHUNK_BYTES // row_bytes // block)
    least = -(-WORTH // (job.schedule.steps * len(job.table)) // block)
    blocks = -(-members // block)
    count = -(-blocks // max(1, min(max(-(-members // CHUNKS // block), least), most)))
    edges = [min(members, block * (blocks * k // count)) for k in range(count + 1)]
    for low, high in itertools.pairwise(edges):
        part = slice(low, high)
        table = np.ascontiguousarray(job.table[:, part])
        yield part, replace(job, table=table, schedule=job.schedule.part(part))


def _forgotten(prepared: Prepared, kind: int) -> dict[str, F64]:
    part = prepared.system.places.of(prepared.whole.table, kind)
    events = prepared.system.rows[kind].run.layout.events
    return {name: forgotten(part, slots) for name, slots in events.items()}


def _outcome(
    what: CoupledRun, prepared: Prepared, values: F64, table: F64, kind: int, memory: dict[str, F64]
) -> GroupOutcome:
    system, schema = prepared.system, what.groups[kind].schema
    rows, part = system.rows[kind].run, system.places.of(table, kind)
    _latch(what, prepared, table, kind)
    events = {name: happenings(part, slots, what.t0) for name, slots in rows.layout.events.items()}
    for name, slots in rows.layout.events.items():
        merged(part, slots, memory[name])
    return GroupOutcome(
        names=what.record.get(schema.name, ()),
        values=values,
        events=events,
        integrals={name: part[row].copy() for name, row in rows.integral.items()},
        ever={name: part[row] > 0.0 for name, row in rows.ever.items()},
        final=part[: rows.layout.width].copy(),
        failed_at=nanoseconds(part[rows.failed], what.t0),
    )


def _latch(what: CoupledRun, prepared: Prepared, table: F64, kind: int) -> None:
    """Put what the sensors with a reading last saw into their slots; what is still missing leaves them alone."""
    schema, layout = what.groups[kind].schema, layout_of(what.groups[kind].schema)
    part, end = prepared.system.places.of(table, kind), (what.t0 + what.span) / SECOND
    seen = prepared.system.now(table, kind, tuple(schema.readings.values()), time=end)
    for name, value in zip(schema.readings, seen, strict=True):
        row = layout.place(name)
        part[row] = np.where(np.isnan(value), part[row], value)
