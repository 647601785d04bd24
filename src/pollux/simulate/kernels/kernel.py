"""Kernels: a program as a function that advances a table, in numba or in NumPy.

NumPy starts at once and numba when its compiled kernel lies in the cache, or when it is asked for. A kernel is a value:
it can be sent to another process, which loads it there.
"""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, final

from pollux.columns.arrays import F64
from pollux.errors import SetupError
from pollux.simulate.generate.numba_printer import numba_source
from pollux.simulate.generate.program import Program
from pollux.simulate.kernels.cache import cache_folder, is_warm, keep, key_of, mark_warm, numba_version
from pollux.simulate.kernels.jax_kernel import jax_kernel
from pollux.simulate.kernels.numpy_kernel import NUMPY_BLOCK, numpy_kernel
from pollux.simulate.kernels.plan import AbstractKernel, Plan

Backend: TypeAlias = Literal["auto", "numba", "numpy", "jax"]


class Compilation(Protocol):
    """A kernel being compiled somewhere else."""

    def wait(self) -> int:
        """Wait for the end; 0 when it succeeded."""
        ...


Compiler: TypeAlias = Callable[[Path, str], Compilation]
"""Starts the compilation of the kernel of this folder and key, and does not wait for it."""

WIDTH = 16
SCALAR_UP_TO = 3
"""Members for which one at a time is faster than a block of 16, however full: a block costs as much as three."""
COMPILING = 5.0
"""Seconds that compiling may take: what would keep NumPy busy for longer waits for it."""


@final
@dataclass(frozen=True, slots=True)
class NumbaKernel(AbstractKernel):
    """Machine code from the cache of `folder`; compiled there when it is missing."""

    folder: Path
    key: str
    source: str
    width: int

    @property
    def backend(self) -> str:
        return "numba"

    @property
    def block(self) -> int:
        return self.width

    def load(self) -> None:
        self._compiled()

    def advance(self, table: F64, out: F64, plan: Plan) -> None:
        p = plan
        self._compiled()(table, out, p.picks, p.shared, p.shared_rows, p.own, p.own_rows, p.stops, p.start, p.dt)

    def _compiled(self) -> Callable[..., None]:
        return loaded(self.folder, self.key, self.source)


@lru_cache(maxsize=256)
def loaded(folder: Path, key: str, source: str) -> Callable[..., None]:
    """The compiled function of a kernel, loaded once: a part of a co-simulation asks for it at every step."""
    # On another machine the folder may not be there; the user's own one is.
    return load_compiled(keep(folder if folder.is_dir() else cache_folder(), key, source))


def numpy_seconds(program: Program, *, steps: int, members: int) -> float:
    """About how long the NumPy back end takes: a microsecond per operation and block of members, on any machine."""
    return 1e-6 * steps * len(program.step) * -(-members // NUMPY_BLOCK)


def kernel(
    program: Program, *, members: int, backend: Backend, compiler: Compiler | None = None, numpy_takes: float = 0.0
) -> AbstractKernel:
    """The kernel for so many members: "numpy", "numba" (compiled now if need be), "jax" or "auto".

    "auto" is numba where its compiled kernel lies in the cache; else `compiler` is told what to compile, and NumPy runs
    meanwhile, unless it would take `numpy_takes` seconds and those are more than compiling takes. Without a folder that
    is safe to load code from, "auto" is NumPy and "numba" raises `SetupError`.
    """
    slow = numpy_kernel(program)
    if backend == "jax":
        return jax_kernel(program)
    if backend == "numpy" or (backend == "auto" and numba_version() is None):
        return slow
    if numba_version() is None:
        raise SetupError("expected numba, which is not installed", hint='pip install numba, or backend="numpy"')
    width = 1 if members <= SCALAR_UP_TO else WIDTH
    source = numba_source(program, width=width)
    try:
        folder = cache_folder()
    except SetupError:
        if backend == "auto":
            return slow
        raise
    fast = NumbaKernel(folder, key_of(source), source, width)
    if backend == "numba" or is_warm(fast.folder, fast.key):
        return fast
    return fast if _compiled(fast, compiler, wait=numpy_takes > COMPILING) else slow


def _compiled(fast: NumbaKernel, compiler: Compiler | None, *, wait: bool) -> bool:
    """Have a kernel compiled elsewhere, or here where nobody else can; tells whether it is ready."""
    if compiler is None:
        return wait
    keep(fast.folder, fast.key, fast.source)
    compilation = compiler(fast.folder, fast.key)
    return wait and compilation.wait() == 0


@lru_cache(maxsize=256)
def load_compiled(path: Path) -> Callable[..., None]:
    """The compiled function of a generated module; compiles it, into the cache beside it, where need be."""
    spec = importlib.util.spec_from_file_location(f"pollux_generated_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # numba finds the globals of a function it loads from its cache through the name of the module.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    mark_warm(path.parent, path.stem)
    advance: Callable[..., None] = module.advance
    return advance
