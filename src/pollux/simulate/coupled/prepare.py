"""From a `CoupledRun` to jobs: check what is asked for, compose, choose a kernel, lay out table and schedule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.columns.links import Links
from pollux.errors import SimulationError
from pollux.model.graph import Expr
from pollux.model.linking import meaning
from pollux.simulate.coupled.compose import Composed, compose
from pollux.simulate.coupled.feeds import check_feeds, fed, sampled_feeds, sloped
from pollux.simulate.coupled.numba_kernel import coupled_kernel
from pollux.simulate.coupled.places import Places
from pollux.simulate.coupled.program import METHODS
from pollux.simulate.coupled.recorder import CoupledRecorder, System, coupled_recorder
from pollux.simulate.coupled.run import CoupledRun, Group
from pollux.simulate.coupled.steps import chosen_step
from pollux.simulate.kernels.kernel import Compiler
from pollux.simulate.kernels.plan import AbstractKernel
from pollux.simulate.methods.rows import Task
from pollux.simulate.methods.windows import durations
from pollux.simulate.schedule import Schedule
from pollux.simulate.timing import stepped

CHUNK_BYTES: Final = 1 << 26
"""What the recorded rows of one chunk may take before they are reckoned into values."""

CHUNKS: Final = 16
"""Into so many chunks a run is cut where it is large enough: progress for people, work for several threads."""

WORTH: Final = 200_000
"""Steps times rows times members below which a chunk is not worth handing out: about a millisecond."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class CoupledJob:
    """Some members of a whole system, through a whole run; `stretches` are the steps at which the kernel pauses.

    It holds numbers and source only, so that it can be sent to another process.
    """

    kernel: AbstractKernel
    table: F64
    schedule: Schedule
    stretches: tuple[int, ...]
    cancelled: Callable[[], bool] | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A coupled run ready to be worked on: `whole` is the job of all members, of whose rows `recorder` makes values."""

    system: System
    recorder: CoupledRecorder
    whole: CoupledJob


def prepare(run: CoupledRun, compiler: Compiler | None) -> Prepared:
    """Everything that is done once per run; raises `SimulationError` for what cannot be run."""
    grid, members = check(run), run.groups[0].start.shape[2]
    composed = compose(_tasks(run))
    system = system_of(run.groups, composed)
    table = table_of(run.groups, system)
    step = run.step or chosen_step(composed, system, table, run.method, t0=run.t0, span=run.span)
    timing = stepped(run.span, grid, step, members * system.places.rows // 8)
    recorder = _recording(run, system, run.span // grid + 1)
    schedule = _schedule(run, system, recorder, timing.steps, timing.per_grid)
    kernel = coupled_kernel(
        composed.program,
        system.places,
        tuple(system.links[kind, name] for kind, name, _ in composed.program.links),
        members=members,
        method=run.method,
        steps=timing.steps,
        backend=run.backend,
        compiler=compiler,
    )
    # The end stands twice, because what happens at the end is a stretch without a step.
    stretches = (*sorted({*timing.pauses.tolist(), 0, timing.steps}), timing.steps)
    return Prepared(system, recorder, CoupledJob(kernel, table, schedule, stretches))


def system_of(groups: tuple[Group, ...], composed: Composed) -> System:
    """Where everything of some groups stands."""
    places = Places(tuple(rows.kept for rows in composed.rows), tuple(group.twins for group in groups))
    links = {
        (kind, name): group.links.get(name) or Links()
        for kind, group in enumerate(groups)
        for name in group.schema.links
    }
    return System(composed.exchange, composed.rows, places, links)


def table_of(groups: tuple[Group, ...], system: System) -> F64:
    """The table of a run that begins with the columns of these groups."""
    table = np.zeros((system.places.rows, groups[0].start.shape[2]))
    for kind, group in enumerate(groups):
        rows, part = system.rows[kind], system.places.of(table, kind)
        part[: rows.run.layout.width] = group.start
        part[rows.run.failed] = np.nan
        for name, row in rows.present.items():
            leads = system.links[kind, name].first(np.arange(group.twins)) >= 0
            part[row] = leads[:, None]
    return table


def _tasks(run: CoupledRun) -> tuple[Task, ...]:
    straight = sloped(run)
    return tuple(
        Task(
            group.schema,
            tuple(run.integrate.get(group.schema.name, {}).items()),
            tuple(run.ever.get(group.schema.name, {}).items()),
            tuple(sorted(straight[kind])),
            run.strict,
        )
        for kind, group in enumerate(run.groups)
    )


def check(run: CoupledRun) -> int:
    """The distance of the grid in nanoseconds; raises `SimulationError` for what cannot be run."""
    names = [group.schema.name for group in run.groups]
    if not names or len(set(names)) < len(names):
        raise SimulationError(f"expected one group for each type, got {', '.join(names) or 'none'}")
    for group in run.groups:
        _check_group(run, group, names)
    if run.span <= 0 or (run.step is not None and run.step <= 0):
        raise SimulationError(f"expected a span and a step above 0 ns, got {run.span} and {run.step}")
    if run.method not in METHODS:
        raise SimulationError(f"expected one of {', '.join(METHODS)}, got {run.method!r}", at="CoupledRun.method")
    for kind in (*run.record, *run.integrate, *run.ever):
        if kind not in names:
            raise SimulationError(f"expected a type of the run, got {kind!r}", at="CoupledRun")
    check_feeds(run)
    grid = run.grid or run.span
    if grid <= 0 or run.span % grid:
        raise SimulationError(
            f"expected a grid that divides the span of {run.span / SECOND:g} s, got {grid / SECOND:g} s",
            at="CoupledRun.grid",
        )
    return grid


def _check_group(run: CoupledRun, group: Group, names: list[str]) -> None:
    layout, members = layout_of(group.schema), run.groups[0].start.shape[2:]
    at = f"Group of {group.schema.name}"
    if group.start.ndim != 3 or group.start.shape[0] != layout.width or group.start.shape[2:] != members:
        raise SimulationError(
            f"expected columns of shape ({layout.width}, twins, members), got {group.start.shape}",
            at=at,
            hint="all groups have the same members; layout_of(schema).start(twins)[:, :, None] is one",
        )
    for window in durations(layout):
        if run.step is not None and window.seconds * SECOND < run.step:
            raise SimulationError(f"expected a step of at most {window.seconds:g} s, the length of a window", at=at)
    for name, link in group.links.items():
        _check_link(run, group, name, link, at)


def _check_link(run: CoupledRun, group: Group, name: str, link: Links, at: str) -> None:
    if name not in group.schema.links:
        raise SimulationError(f"expected a link of {group.schema.name}, got {name!r}", at=at)
    far = group.schema.links[name]
    twins = next((one.twins for one in run.groups if one.schema.name == far.to), None)
    if twins is None:
        return  # said when the types are brought together
    if len(link) and not (link.source.min() >= 0 and link.source.max() < group.twins):
        raise SimulationError(f"expected links from twins below {group.twins}", at=f"{at}, link {name}")
    if len(link) and not (link.target.min() >= 0 and link.target.max() < twins):
        raise SimulationError(f"expected links to twins of {far.to} below {twins}", at=f"{at}, link {name}")
    if np.any(np.diff(link.source) < 0):
        raise SimulationError("expected links sorted by their source", at=f"{at}, link {name}", hint="Links.set sorts")
    if far.is_single and len(np.unique(link.source)) < len(link):
        raise SimulationError("expected one target at most for each twin", at=f"{at}, link {name}")


def _recording(run: CoupledRun, system: System, times: int) -> CoupledRecorder:
    exprs = [tuple(_named(group, name) for name in run.record.get(group.schema.name, ())) for group in run.groups]
    recorder = coupled_recorder(system, exprs, fed(run))
    numbers = sum(len(some) * group.twins for some, group in zip(exprs, run.groups, strict=True))
    size = 8 * max(numbers, len(recorder.picks)) * times * run.groups[0].start.shape[2]
    if size > run.budget:
        raise SimulationError(
            f"expected outputs of at most {run.budget / 2**20:,.0f} MiB, got {size / 2**20:,.0f} MiB",
            at="CoupledRun.budget",
            hint="a coarser grid, fewer names or members, or an integral as a px.hidden with a rate",
        )
    return recorder


def _named(group: Group, name: str) -> Expr:
    return meaning(group.schema, name)


def _schedule(run: CoupledRun, system: System, recorder: CoupledRecorder, steps: int, per_grid: int) -> Schedule:
    shared, own = sampled_feeds(run, system, steps)
    is_recorded = any(recorder.exprs)
    return Schedule(
        steps=steps,
        dt=run.span / steps / SECOND,
        start=run.t0 / SECOND,
        recorded=np.arange(0, steps + 1, per_grid) if is_recorded else np.zeros(0, np.int64),
        shared=shared,
        own=own,
        picks=recorder.picks,
    )
