"""The NumPy back end of coupled programs: the same sections on arrays of all twins and some members."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.columns.links import Links
from pollux.simulate.coupled.places import Places
from pollux.simulate.coupled.program import TIMES, CoupledProgram, Section, Wire
from pollux.simulate.generate.numpy_printer import module_head, section
from pollux.simulate.kernels.numpy_kernel import load_text
from pollux.simulate.kernels.plan import AbstractKernel, Plan

BLOCK = 64
"""Members at a time: with tens of twins the working set stays in the cache."""

Blocks: TypeAlias = list[F64]
"""Of each type its rows: (rows, twins, members)."""


@lru_cache(maxsize=64)
def numpy_source(program: CoupledProgram) -> str:
    """The module of a coupled kernel: a function per section of a type."""
    sections = (
        section(f"{name}_{place}", one.lines, free, strict=program.strict)
        for place, kind in enumerate(program.kinds)
        for name, free, one in kind.named()
    )
    return "\n\n".join((module_head(program.functions, strict=program.strict), *sections))


@final
@dataclass(frozen=True, slots=True, eq=False)
class CoupledNumpyKernel(AbstractKernel):
    """Section by section over all twins; wires are index arrays."""

    program: CoupledProgram
    places: Places
    links: tuple[Links, ...]
    stages: F64

    @property
    def backend(self) -> str:
        return "numpy"

    @property
    def block(self) -> int:
        return BLOCK

    def load(self) -> None:
        load_text(numpy_source(self.program))

    def advance(self, table: F64, out: F64, plan: Plan) -> None:
        with np.errstate(all="ignore"):
            for low in range(0, table.shape[1], BLOCK):
                members = slice(low, low + BLOCK)
                part = np.ascontiguousarray(table[:, members])
                _Passage(self, part, plan).through(out[:, :, members], plan.own[:, :, members])
                table[:, members] = part


@final
class _Passage:
    """Some members on their way through all stops of a plan."""

    def __init__(self, kernel: CoupledNumpyKernel, table: F64, plan: Plan) -> None:
        self._kernel, self._plan = kernel, plan
        self._program, self._table = kernel.program, table
        self._module: Any = load_text(numpy_source(kernel.program))
        self._members = table.shape[1]
        places = kernel.places
        self._blocks = [
            np.full((kind.rows, twins, self._members), np.nan)
            for kind, twins in zip(self._program.kinds, places.twins, strict=True)
        ]
        self._into = _Rows(kernel.places, self._blocks)
        for place, block in enumerate(self._blocks):
            block[: places.kept[place]] = places.of(table, place)

    def through(self, out: F64, own: F64) -> None:
        plan, start = self._plan, self._plan.start
        for number, (at, from_shared, from_own, record, until) in enumerate(plan.stops.tolist()):
            if from_shared >= 0:
                self._into.put(plan.shared_rows, np.repeat(plan.shared[from_shared][:, None], self._members, axis=1))
            if from_own >= 0:
                self._into.put(plan.own_rows, own[from_own])
            if number == 0 or from_shared >= 0 or from_own >= 0:
                self._all("hold")
            if number == 0:
                self._open(start + at * plan.dt)
            if record >= 0:
                out[:, record] = self._into.take(plan.picks)
            for step in range(at, until):
                self._step(step)
        for place, block in enumerate(self._blocks):
            self._kernel.places.of(self._table, place)[:] = block[: self._kernel.places.kept[place]]

    def _open(self, t0: float) -> None:
        if self._program.is_gathered_at_the_end:
            self._all("begin")
            self._exports(t0, 0.0)
        self._all("opening", **_times(t0, 0.0, 0.0, self._plan.dt))

    def _step(self, step: int) -> None:
        start, dt = self._plan.start, self._plan.dt
        self._all("begin")
        for stage, (c, weight, reach) in enumerate(self._kernel.stages.tolist()):
            t = np.array(start + (step + c) * dt)
            self._exports(t, c)
            self._all("rates", t=t, c=c)
            if stage == 0:
                self._all("carry", t=t, c=c)
            self._all("push", w=weight, x=reach * dt)
        self._all("finish", dt=dt)
        t0, t1, t2 = (np.array(start + (step + part) * dt) for part in (0.0, 0.5, 1.0))
        if self._program.is_gathered_at_the_end:
            self._exports(t2, 1.0)
        self._all("end", **_times(t0, t1, t2, dt))

    def _exports(self, t: Any, c: float) -> None:
        for level, (place, kind) in product(range(self._program.levels), enumerate(self._program.kinds)):
            if level in kind.exports:
                self._one(place, f"export{level}", kind.exports[level], {"t": t, "c": c})

    def _all(self, name: str, **free: Any) -> None:
        for place, kind in enumerate(self._program.kinds):
            self._one(place, name, kind.sections[name], free)

    def _one(self, place: int, name: str, section: Section, free: dict[str, Any]) -> None:
        if section.is_needed:
            for wire in section.wires:
                self._blocks[place][wire.into] = self._read(place, wire)
            getattr(self._module, f"{name}_{place}")(self._blocks[place], **free)

    def _read(self, place: int, wire: Wire) -> F64:
        target, link = self._program.links[wire.link][2], self._kernel.links[wire.link]
        values = self._blocks[target][wire.source]
        shape = self._blocks[place].shape[1:]
        return totalled(values, link, shape) if wire.is_total else gathered(values, link, shape)


def _times(t0: Any, t1: Any, t2: Any, dt: float) -> dict[str, Any]:
    return dict(zip(TIMES, (t0, t1, t2, 0.5 * dt, dt, dt / 6.0), strict=True))


def gathered(values: F64, link: Links, shape: tuple[int, ...]) -> F64:
    """For each twin the value (twins of the other type first) of the one that its link leads to, NaN where nowhere."""
    first = link.first(np.arange(shape[0]))
    out = np.full(shape, np.nan)
    out[first >= 0] = values[first[first >= 0]]
    return out


def totalled(values: F64, link: Links, shape: tuple[int, ...]) -> F64:
    """For each twin the sum of the values of those it links, added up in their order."""
    out = np.zeros(shape)
    np.add.at(out, link.source, values[link.target])
    return out


@final
class _Rows:
    """Rows of the table by their numbers, in the blocks of their types."""

    def __init__(self, places: Places, blocks: Blocks) -> None:
        self._places, self._blocks = places, blocks

    def put(self, rows: I64, values: F64) -> None:
        """Write (rows, members)."""
        for place, chosen, row, twin in self._split(rows):
            self._blocks[place][row, twin] = values[chosen]

    def take(self, rows: I64) -> F64:
        """Read (rows, members)."""
        out = np.empty((len(rows), self._blocks[0].shape[2]))
        for place, chosen, row, twin in self._split(rows):
            out[chosen] = self._blocks[place][row, twin]
        return out

    def _split(self, rows: I64) -> Iterator[tuple[int, I64, I64, I64]]:
        for place, block in enumerate(self._blocks):
            first = self._places.start(place)
            inside = (rows >= first) & (rows < first + self._places.kept[place] * block.shape[1])
            chosen = np.flatnonzero(inside)
            if len(chosen):
                row, twin = np.divmod(rows[chosen] - first, block.shape[1])
                yield place, chosen, row, twin
