"""Kernels: a program as a function that advances a table, in numba or in NumPy.

NumPy starts at once and numba when its compiled kernel lies in the cache, or when it is asked for. A kernel is a value:
it can be sent to another process, which loads it there.
"""

import importlib.util
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.abc import SourceLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import SetupError
from pollux.simulate.generate.numba_printer import numba_source
from pollux.simulate.generate.numpy_printer import numpy_source
from pollux.simulate.generate.program import Program
from pollux.simulate.kernels.cache import cache_folder, is_warm, keep, key_of, mark_warm, numba_version

Backend: TypeAlias = Literal["auto", "numba", "numpy"]


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
NUMPY_BLOCK = 512
COMPILING = 5.0
"""Seconds that compiling may take: what would keep NumPy busy for longer waits for it."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a kernel is told: where the numbers come from and go to, and when.

    `stops` has one line per moment at which something happens: (step, line of `shared` or -1, line of `own` or -1,
    line of `out` or -1, step of the next stop). `shared` is (lines, inputs), `own` is (lines, inputs, members), and
    their rows say where the inputs stand in the table. `out` is (picks, recorded times, members).
    """

    stops: I64
    picks: I64
    shared: F64
    shared_rows: I64
    own: F64
    own_rows: I64
    start: float
    dt: float


class AbstractKernel(ABC):
    """Advances tables of members."""

    __slots__ = ()

    @property
    @abstractmethod
    def backend(self) -> str:
        """Which back end this is: "numba" or "numpy"."""

    @property
    @abstractmethod
    def block(self) -> int:
        """How many members it takes at a time; chunks of whole blocks waste nothing."""

    @abstractmethod
    def load(self) -> None:
        """Get ready, which compiles where need be; `advance` does it too."""

    @abstractmethod
    def advance(self, table: F64, out: F64, plan: Plan) -> None:
        """Move every member of a table (kept rows, members) through all stops of a plan, in place."""


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
        # On another machine the folder may not be there; the user's own one is.
        folder = self.folder if self.folder.is_dir() else cache_folder()
        return load_compiled(keep(folder, self.key, self.source))


@final
@dataclass(frozen=True, slots=True)
class NumpyKernel(AbstractKernel):
    """The same assignments on arrays of up to 512 members."""

    source: str
    kept: int
    rows: int

    @property
    def backend(self) -> str:
        return "numpy"

    @property
    def block(self) -> int:
        return NUMPY_BLOCK

    def load(self) -> None:
        load_text(self.source)

    def advance(self, table: F64, out: F64, plan: Plan) -> None:
        module = load_text(self.source)
        with np.errstate(all="ignore"):
            for low in range(0, table.shape[1], NUMPY_BLOCK):
                members = slice(low, low + NUMPY_BLOCK)
                y = np.empty((self.rows, table[:, members].shape[1]))
                y[: self.kept] = table[:, members]
                self._through(module, y, out[:, :, members], plan.own[:, :, members], plan)
                table[:, members] = y[: self.kept]

    @staticmethod
    def _through(module: Any, y: F64, out: F64, own: F64, plan: Plan) -> None:
        dt = plan.dt
        for number, (at, from_shared, from_own, record, until) in enumerate(plan.stops.tolist()):
            if from_shared >= 0:
                y[plan.shared_rows] = plan.shared[from_shared][:, None]
            if from_own >= 0:
                y[plan.own_rows] = own[from_own]
            if number == 0 or from_shared >= 0 or from_own >= 0:
                module.hold(y)
            if number == 0:
                module.begin(y, np.array([plan.start + at * dt]), 0.0, 0.0, 0.0, dt, 0.0)
            if record >= 0:
                out[:, record] = y[plan.picks]
            for s in range(at, until):
                t0, t1, t2 = (np.array([plan.start + (s + part) * dt]) for part in (0.0, 0.5, 1.0))
                module.step(y, t0, t1, t2, 0.5 * dt, dt, dt / 6.0)


def numpy_seconds(program: Program, *, steps: int, members: int) -> float:
    """About how long the NumPy back end takes: a microsecond per operation and block of members, on any machine."""
    return 1e-6 * steps * len(program.step) * -(-members // NUMPY_BLOCK)


def kernel(
    program: Program, *, members: int, backend: Backend, compiler: Compiler | None = None, numpy_takes: float = 0.0
) -> AbstractKernel:
    """The kernel for so many members: "numpy", "numba" (compiled now if need be), or "auto".

    "auto" is numba where its compiled kernel lies in the cache; else `compiler` is told what to compile, and NumPy runs
    meanwhile, unless it would take `numpy_takes` seconds and those are more than compiling takes. Without a folder that
    is safe to load code from, "auto" is NumPy and "numba" raises `SetupError`.
    """
    slow = NumpyKernel(numpy_source(program), program.kept, program.rows)
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


@final
class _Text(SourceLoader):
    """Imports a module from its text; nothing touches the disk."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_filename(self, fullname: str) -> str:
        return f"<{fullname}>"

    def get_data(self, path: str) -> bytes:
        return self._text.encode()


@lru_cache(maxsize=256)
def load_text(source: str) -> ModuleType:
    """The module of a generated NumPy source."""
    loader = _Text(source)
    spec = importlib.util.spec_from_loader("pollux_generated", loader, origin="generated")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
