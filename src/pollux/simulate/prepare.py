"""From a `Run` to jobs: check what is asked for, compile, sample the inputs, lay out the schedule."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.columns.memory import NEVER
from pollux.errors import SimulationError
from pollux.simulate import courses
from pollux.simulate.chance import plain
from pollux.simulate.choosing import Choice, chosen
from pollux.simulate.courses import Sampled
from pollux.simulate.extremes import extremes
from pollux.simulate.generate.program import Program
from pollux.simulate.job import Job
from pollux.simulate.kernels.kernel import Compiler, kernel, numpy_seconds
from pollux.simulate.kernels.plan import AbstractKernel
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import STOCHASTIC, Method, Rows, Task, rows_of
from pollux.simulate.recorder import Recorder, recorder
from pollux.simulate.run import Run
from pollux.simulate.schedule import Schedule, fed
from pollux.simulate.settling.nested import fast_models
from pollux.simulate.settling.settle import FastModel
from pollux.simulate.steps import bearable, choose_step, heard, longest, step_of_noise
from pollux.simulate.timing import Timing, own, stepped

CHUNK_BYTES = 1 << 26
"""What the recorded rows of one chunk may take before they are reckoned into values."""

LATEST = 2**63 - 1
"""The last instant, in nanoseconds since 1970."""

CHUNKS = 16
"""Into so many chunks a run is cut where it is large enough: progress for people, work for several threads."""

WORTH = 20_000
"""Steps times members below which a chunk is not worth handing out: about a millisecond."""

WORTH_QUESTIONS = 64
"""Members below which a chunk with fast models is not worth it: each question costs a millisecond however few ask."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A run ready to be worked on: `whole` is the job of all members, `effort` about how many steps each will take."""

    choice: Choice
    rows: Rows
    whole: Job
    effort: int

    def chunks(self) -> Iterator[tuple[slice, Job]]:
        """Chunks of whole blocks, and the job of each."""
        members = self.whole.table.shape[1]
        edges = _edges(self.whole, members, self.effort)
        for low, high in itertools.pairwise(edges):
            part = slice(low, high)
            table = self.whole.table[:, part]
            yield part, replace(self.whole, table=table, schedule=self.whole.schedule.part(part))


def prepare(run: Run, compiler: Compiler | None) -> Prepared:
    """Everything that is done once per run; raises `SimulationError` for what cannot be run."""
    grid = _check(run)
    choice = chosen(run) if run.method == "auto" else Choice(run.method)
    task = _task(run, choice.method)
    rows = rows_of(task)
    fast = fast_models(run, rows, compiler)
    timing = _timing(run, choice, rows, fast, grid)
    recording = _recording(run, rows, run.span // grid + 1)
    schedule = _schedule(run, rows, recording, timing)
    questions = tuple(_questions(run, schedule, one) for one in fast)
    asked = frozenset[int]().union(*questions)
    # The end stands twice, because what happens at the end is a stretch without a step.
    stretches = (*sorted({*timing.pauses.tolist(), *asked, 0, timing.steps}), timing.steps)
    fit = _kernel(run, compose(task), timing.effort, compiler)
    whole = Job(fit, _table(run, rows, timing), schedule, recording, fast, stretches, questions)
    return Prepared(choice, rows, whole, timing.effort)


def _timing(run: Run, choice: Choice, rows: Rows, fast: tuple[FastModel, ...], grid: int) -> Timing:
    if rows.control is not None:
        return own(run.span, grid)
    return stepped(run.span, grid, run.step or _chosen_step(run, choice, fast), run.start.shape[1])


def _kernel(run: Run, program: Program, effort: int, compiler: Compiler | None) -> AbstractKernel:
    members = run.start.shape[1]
    takes = numpy_seconds(program, steps=effort, members=members)
    return kernel(program, members=members, backend=run.backend, compiler=compiler, numpy_takes=takes)


def _table(run: Run, rows: Rows, timing: Timing) -> F64:
    table = rows.table(run.start)
    if rows.luck is not None:
        chance = run.chance or plain(run.start.shape[1])
        chance.into(table, rows.luck, first=run.t0 * timing.steps // run.span)
    if rows.control is not None:
        run.tolerance.into(table, rows.control)
    return table


def _check(run: Run) -> int:
    """The distance of the grid in nanoseconds."""
    layout = layout_of(run.schema)
    if run.start.ndim != 2 or run.start.shape[0] != layout.width:
        raise SimulationError(
            f"expected columns of shape ({layout.width}, members), got {run.start.shape}",
            at=f"Run.start of {run.schema.name}",
            hint="layout_of(schema).start(members), or the columns of a fork",
        )
    _check_times(run)
    for seconds in longest(layout):
        if run.step is not None and seconds * SECOND < run.step:
            raise SimulationError(
                f"expected a step of at most {seconds:g} s, as a window or a delay asks, got {run.step / SECOND:g} s",
                at=f"Run.step of {run.schema.name}",
            )
    for name in run.inputs:
        if name not in run.schema.params:
            raise SimulationError(
                f"expected a parameter or an actuator of {run.schema.name}, got {name!r}",
                at="Run.inputs",
                hint="states follow from their rates; a reading is what comes out",
            )
    grid = run.grid or run.span
    if grid <= 0 or run.span % grid:
        raise SimulationError(
            f"expected a grid that divides the span of {run.span / SECOND:g} s, got {grid / SECOND:g} s", at="Run.grid"
        )
    return grid


def _check_times(run: Run) -> None:
    if run.span <= 0 or (run.step is not None and run.step <= 0):
        raise SimulationError(f"expected a span and a step above 0 ns, got {run.span} and {run.step}")
    if run.t0 <= NEVER or run.t0 + run.span > LATEST:
        raise SimulationError(
            f"expected a run between the years 1678 and 2262, got {run.t0:,} ns since 1970 for {run.span:,} ns",
            at=f"Run of {run.schema.name}",
            hint="instants are whole nanoseconds of 64 bits: up to 584 years, if it begins early enough",
        )


def _chosen_step(run: Run, choice: Choice, fast: tuple[FastModel, ...]) -> int:
    def settle(table: F64) -> None:
        for one in fast:
            one.settle(table, run.t0 / SECOND, first=True)

    if choice.method in STOCHASTIC:
        return step_of_noise(run.schema, run.start, t0=run.t0, span=run.span)
    step = choice.step or choose_step(run.schema, run.start, t0=run.t0, span=run.span, settle=settle if fast else None)
    # The rates of a type with fast models are slow beside these, and need them settled to be asked.
    if fast or not run.inputs:
        return step
    bound = heard(run.inputs.values(), t0=run.t0, span=run.span)
    return min(step, bound, bearable(run.schema, extremes(run), t0=run.t0))


def _task(run: Run, method: Method) -> Task:
    sloped = tuple(sorted(name for name, course in run.inputs.items() if course.is_straight))
    return Task(run.schema, tuple(run.integrate.items()), tuple(run.ever.items()), sloped, run.strict, method)


def _recording(run: Run, rows: Rows, times: int) -> Recorder:
    exprs = [run.schema.expression(name) for name in run.record] + list(run.formulas.values())
    size = 8 * len(exprs) * times * run.start.shape[1]
    if size > run.budget:
        raise SimulationError(
            f"expected outputs of at most {run.budget / 2**20:,.0f} MiB, got {size / 2**20:,.0f} MiB",
            at="Run.budget",
            hint="a coarser grid, fewer names or members, or quantities that the run sums up: integrate, ever, events",
        )
    return recorder(exprs, rows, fed=run.inputs)


def _schedule(run: Run, rows: Rows, recording: Recorder, timing: Timing) -> Schedule:
    steps = timing.steps
    sampled = {name: _sampled(run, name, rows, steps) for name in run.inputs}
    shared = {name: one for name, one in sampled.items() if one.values.shape[1] == 1}
    own = {name: one for name, one in sampled.items() if name not in shared}
    recorded = timing.per_grid * np.arange(steps // timing.per_grid + 1) if recording.exprs else np.zeros(0, np.int64)
    return Schedule(
        steps=steps,
        dt=run.span / steps / SECOND,
        start=run.t0 / SECOND,
        recorded=recorded,
        shared=fed(shared, rows, 1),
        own=fed(own, rows, run.start.shape[1]),
        picks=np.array(recording.picks, np.int64),
    )


def _sampled(run: Run, name: str, rows: Rows, steps: int) -> Sampled:
    course, members = run.inputs[name], run.start.shape[1]
    if not course.is_shared and course.values.shape[1] != members:
        raise SimulationError(
            f"expected values for {members} members, got {course.values.shape[1]}", at=f"Run.inputs[{name!r}]"
        )
    before = run.start[rows.layout.place(name)]
    return courses.sampled(course, before, t0=run.t0, step=run.span / steps, steps=steps)


def _questions(run: Run, schedule: Schedule, fast: FastModel) -> frozenset[int]:
    """The steps at which a fast model is asked: every so often, where an input may have jumped, and at the end."""
    regular = np.arange(0, schedule.steps, max(1, round(fast.every / schedule.dt)))
    jumps = [name for name, course in run.inputs.items() if not course.is_straight]
    marks = [fed.marks for fed in (schedule.shared, schedule.own)] if jumps else []
    return frozenset(np.concatenate([regular, *marks, [schedule.steps]]).astype(np.int64).tolist())


def _edges(job: Job, members: int, effort: int) -> list[int]:
    """Where one chunk ends and the next begins: whole blocks, about the same number of them in each.

    A chunk is a sixteenth of all members, but more where that is not worth its way, and no more than the memory for
    recorded rows allows.
    """
    block = job.kernel.block
    row_bytes = 8 * max(1, len(job.schedule.picks) * len(job.schedule.recorded))
    most = max(1, CHUNK_BYTES // row_bytes // block)
    least = -(-(WORTH_QUESTIONS if job.fast else WORTH // effort) // block)
    fair = -(-members // CHUNKS // block)
    blocks = -(-members // block)
    chunks = -(-blocks // max(1, min(max(fair, least), most)))
    return [min(members, block * (blocks * k // chunks)) for k in range(chunks + 1)] if members else [0]
