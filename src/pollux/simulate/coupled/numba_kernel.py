"""The numba back end of coupled programs, and the choice between the two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.columns.links import Links
from pollux.errors import SetupError
from pollux.simulate.coupled.numba_source import Lanes, numba_source
from pollux.simulate.coupled.numpy_kernel import CoupledNumpyKernel
from pollux.simulate.coupled.places import Places, Wiring, wiring
from pollux.simulate.coupled.program import METHODS, CoupledProgram, Method
from pollux.simulate.kernels.cache import cache_folder, is_warm, keep, key_of, numba_version
from pollux.simulate.kernels.kernel import COMPILING, SCALAR_UP_TO, WIDTH, Backend, Compiler, loaded
from pollux.simulate.kernels.plan import AbstractKernel, Plan

_OPERATION: Final = 1e-6
"""Seconds that NumPy takes for an operation on some hundred numbers; each thousand numbers more take as long again."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class CoupledNumbaKernel(AbstractKernel):
    """Machine code from the cache of `folder`; compiled there when it is missing."""

    folder: Path
    key: str
    source: str
    lanes: int
    wiring: Wiring
    stages: F64

    @property
    def backend(self) -> str:
        return "numba"

    @property
    def block(self) -> int:
        return self.lanes

    def load(self) -> None:
        self._compiled()

    def advance(self, table: F64, out: F64, plan: Plan) -> None:
        p, w = plan, self.wiring
        told = (table, out, p.picks, p.shared, p.shared_rows, p.own, p.own_rows, p.stops, p.start, p.dt)
        wires = (w.place, w.extent, w.one, w.one_at, w.many, w.ends, w.ends_at)
        self._compiled()(*told, *wires, self.stages, w.size)

    def _compiled(self) -> Callable[..., None]:
        return loaded(self.folder, self.key, self.source)


@final
@dataclass(frozen=True, slots=True)
class Shape:
    """How many lanes a tile has, and what they are."""

    width: int
    lanes: Lanes


def shape_for(twins: Sequence[int], members: int) -> Shape:
    """The cheapest way through so many twins of each type and members; a tile of 16 lanes costs as much as three.

    >>> shape_for([400], 1), shape_for([20], 1000), shape_for([1, 1], 1)
    (Shape(width=16, lanes='twins'), Shape(width=16, lanes='members'), Shape(width=1, lanes='twins'))
    """
    blocks = sum(twins) * -(-members // WIDTH) * SCALAR_UP_TO
    rows = members * sum(-(-one // WIDTH) for one in twins) * SCALAR_UP_TO
    single = members * sum(twins)
    _, width, lanes = min((single, 1, "twins"), (rows, WIDTH, "twins"), (blocks, WIDTH, "members"))
    return Shape(width, "members" if lanes == "members" else "twins")


def coupled_kernel(
    program: CoupledProgram,
    places: Places,
    links: tuple[Links, ...],
    *,
    members: int,
    method: Method,
    steps: int,
    backend: Backend,
    compiler: Compiler | None,
) -> AbstractKernel:
    """The kernel for so many members, chosen as for a type that runs alone."""
    stages = np.array(METHODS[method])
    slow = CoupledNumpyKernel(program, places, links, stages)
    if backend == "numpy" or (backend == "auto" and numba_version() is None):
        return slow
    if numba_version() is None:
        raise SetupError("expected numba, which is not installed", hint='pip install numba, or backend="numpy"')
    try:
        fast = _fast(program, places, links, members, stages)
    except SetupError:
        if backend == "auto":
            return slow
        raise
    if backend == "numba" or is_warm(fast.folder, fast.key):
        return fast
    takes = _OPERATION * steps * len(stages) * program.operations * (1 + sum(places.twins) * members / 1000)
    return fast if _compiled(fast, compiler, wait=takes > COMPILING) else slow


def _fast(
    program: CoupledProgram, places: Places, links: tuple[Links, ...], members: int, stages: F64
) -> CoupledNumbaKernel:
    shape = shape_for(places.twins, members)
    source = numba_source(program, width=shape.width, lanes=shape.lanes)
    lanes = shape.width if shape.lanes == "members" else 1
    wires = wiring(program, places, links, width=shape.width, lanes=shape.lanes)
    return CoupledNumbaKernel(cache_folder(), key_of(source), source, lanes, wires, stages)


def _compiled(fast: CoupledNumbaKernel, compiler: Compiler | None, *, wait: bool) -> bool:
    """Have a kernel compiled elsewhere, or here where nobody else can; tells whether it is ready."""
    if compiler is None:
        return wait
    keep(fast.folder, fast.key, fast.source)
    compilation = compiler(fast.folder, fast.key)
    return wait and compilation.wait() == 0
