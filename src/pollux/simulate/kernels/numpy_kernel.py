"""The NumPy back end: the assignments of a program on arrays of up to 512 members."""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from importlib.abc import SourceLoader
from types import ModuleType
from typing import Any, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.simulate.generate.numpy_printer import numpy_source
from pollux.simulate.generate.program import MOST_STEPS, Pacing, Program
from pollux.simulate.kernels.plan import AbstractKernel, Plan

NUMPY_BLOCK = 512


@final
@dataclass(frozen=True, slots=True)
class NumpyKernel(AbstractKernel):
    """The same assignments on arrays of up to 512 members."""

    source: str
    kept: int
    rows: int
    pacing: Pacing | None = None

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

    def _through(self, module: Any, y: F64, out: F64, own: F64, plan: Plan) -> None:
        for number, (at, from_shared, from_own, record, until) in enumerate(plan.stops.tolist()):
            if from_shared >= 0:
                y[plan.shared_rows] = plan.shared[from_shared][:, None]
            if from_own >= 0:
                y[plan.own_rows] = own[from_own]
            loads = number == 0 or from_shared >= 0 or from_own >= 0
            if loads:
                module.hold(y)
            if number == 0 or (loads and self.pacing is not None):
                self._begin(module, y, plan, at, until)
            if record >= 0:
                out[:, record] = y[plan.picks]
            if self.pacing is None:
                _steps(module, y, plan, at, until)
            elif until > at:
                _attempts(module, y, plan, self.pacing, until * plan.dt)

    def _begin(self, module: Any, y: F64, plan: Plan, at: int, until: int) -> None:
        if self.pacing is None:
            module.begin(y, np.array([plan.start + at * plan.dt]), 0.0, 0.0, 0.0, plan.dt, 0.0, at)
        else:
            module.begin(y, plan.start, until * plan.dt, plan.dt)


def _steps(module: Any, y: F64, plan: Plan, at: int, until: int) -> None:
    """Steps of one length for all members."""
    dt = plan.dt
    for s in range(at, until):
        t0, t1, t2 = (np.array([plan.start + (s + part) * dt]) for part in (0.0, 0.5, 1.0))
        module.step(y, t0, t1, t2, 0.5 * dt, dt, dt / 6.0, np.array([s]))


def _attempts(module: Any, y: F64, plan: Plan, pacing: Pacing, target: float) -> None:
    """Steps of each member's own until all have arrived, or have taken too many."""
    for _ in range(MOST_STEPS):
        if not (y[pacing.since] < target).any():
            return
        module.step(y, plan.start, target, plan.dt)
    late = np.flatnonzero(y[pacing.since] < target)
    y[pacing.failed, late] = plan.start + y[pacing.since, late]
    y[pacing.since, late] = np.inf
    y[pacing.states.start : pacing.states.stop, late] = np.nan


def numpy_kernel(program: Program) -> NumpyKernel:
    """The kernel of a program."""
    return NumpyKernel(numpy_source(program), program.kept, program.rows, program.pacing)


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
