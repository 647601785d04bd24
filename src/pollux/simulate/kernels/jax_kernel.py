"""The JAX back end: the same source as NumPy's, traced by JAX, for gradients and accelerators.

It agrees with NumPy to rounding. On a CPU it is slower than numba; it is there for the derivatives of whole runs
(`gradients`) and for a machine whose accelerator JAX knows. Numbers are of 64 bits all along.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SetupError
from pollux.simulate.generate.numpy_printer import numpy_source
from pollux.simulate.generate.program import MOST_STEPS, Pacing, Program
from pollux.simulate.kernels.numpy_kernel import load_text
from pollux.simulate.kernels.plan import AbstractKernel, Plan

BLOCK = 1024

Rows: TypeAlias = tuple[Any, ...]
"""The rows of a table, each an array of members."""


@final
@dataclass(frozen=True, slots=True)
class JaxKernel(AbstractKernel):
    """A program as functions that JAX compiles for each number of members."""

    source: str
    kept: int
    rows: int
    pacing: Pacing | None

    @property
    def backend(self) -> str:
        return "jax"

    @property
    def block(self) -> int:
        return BLOCK

    def load(self) -> None:
        _moves(self)

    def advance(self, table: F64, out: F64, plan: Plan) -> None:
        jax = jax_of()
        moves = _moves(self)
        with jax.enable_x64(True):
            rows = entered(self, table)
            for number, (at, from_shared, from_own, record, until) in enumerate(plan.stops.tolist()):
                rows, loads = fed(rows, plan, number, from_shared, from_own)
                if loads:
                    rows = moves.hold(rows)
                if number == 0 or (loads and self.pacing is not None):
                    rows = moves.begin(rows, plan.start, plan.dt, at, until)
                if record >= 0:
                    out[:, record] = np.stack([np.asarray(rows[k]) for k in plan.picks]) if len(plan.picks) else 0.0
                if until > at:
                    rows = moves.through(rows, plan.start, plan.dt, at, until)
            table[:] = np.stack([np.asarray(row) for row in rows[: self.kept]])


def jax_kernel(program: Program) -> JaxKernel:
    """The kernel of a program; raises `SetupError` where JAX is not installed or the program is strict."""
    if program.strict:
        raise SetupError("expected a back end with fixed bits for strict arithmetic, got jax", hint='backend="numba"')
    if importlib.util.find_spec("jax") is None:
        raise SetupError("expected jax, which is not installed", hint="make install EXTRAS=jax")
    source = numpy_source(program).replace("from numpy import", "from jax.numpy import")
    return JaxKernel(source, program.kept, program.rows, program.pacing)


def jax_of() -> Any:
    """The module of JAX, loaded when it is first needed."""
    return importlib.import_module("jax")


def entered(kernel: JaxKernel, table: F64) -> Rows:
    """The rows of a run that begins with a table."""
    members = np.zeros(table.shape[1])
    rest = [members] * (kernel.rows - kernel.kept)
    return tuple(jax_of().numpy.asarray(row) for row in (*table, *rest))


def fed(rows: Rows, plan: Plan, number: int, from_shared: int, from_own: int) -> tuple[Rows, bool]:
    """The rows with the inputs of a stop, and whether what rests on inputs is to be reckoned anew."""
    new = list(rows)
    if from_shared >= 0:
        for row, value in zip(plan.shared_rows, plan.shared[from_shared], strict=True):
            new[row] = np.full(new[row].shape, value)
    if from_own >= 0:
        for row, values in zip(plan.own_rows, plan.own[from_own], strict=True):
            new[row] = np.array(values)
    return tuple(new), number == 0 or from_shared >= 0 or from_own >= 0


@final
@dataclass(frozen=True, slots=True)
class Moves:
    """What a kernel does to rows: reckon what is held, begin, go through the steps from one stop to another."""

    hold: Callable[[Rows], Rows]
    begin: Callable[..., Rows]
    through: Callable[..., Rows]
    step: Callable[..., Rows]


@lru_cache(maxsize=64)
def _moves(kernel: JaxKernel) -> Moves:
    return moves_of(kernel)


def moves_of(kernel: JaxKernel) -> Moves:
    """The functions of a kernel, compiled by JAX when they are first called."""
    jax, module = jax_of(), load_text(kernel.source)
    paced = kernel.pacing is not None

    def hold(rows: Rows) -> Rows:
        return _changed(module.hold, rows)

    def begin(rows: Rows, start: Any, dt: Any, at: Any, until: Any) -> Rows:
        times = (start, until * dt, dt) if paced else (start + at * dt, 0.0, 0.0, 0.0, dt, 0.0, at)
        return _changed(module.begin, rows, *times)

    def step(rows: Rows, start: Any, dt: Any, s: Any) -> Rows:
        t0, t1, t2 = (start + (s + part) * dt for part in (0.0, 0.5, 1.0))
        return _changed(module.step, rows, t0, t1, t2, 0.5 * dt, dt, dt / 6.0, s)

    def steps(rows: Rows, start: Any, dt: Any, at: Any, until: Any) -> Rows:
        return jax.lax.fori_loop(at, until, lambda s, rows: step(rows, start, dt, s), rows)  # type: ignore[no-any-return]

    def attempts(rows: Rows, start: Any, dt: Any, at: Any, until: Any) -> Rows:
        return _attempts(jax, module, kernel.pacing, rows, start, until * dt, dt)

    jit = jax.jit
    return Moves(jit(hold), jit(begin), jit(attempts if paced else steps), step)


def _changed(section: Callable[..., None], rows: Rows, *times: Any) -> Rows:
    y = list(rows)
    section(y, *times)
    # A value that does not depend on members comes out as one number.
    return tuple(jax_of().numpy.broadcast_to(new, old.shape) for new, old in zip(y, rows, strict=True))


def _attempts(jax: Any, module: Any, pacing: Pacing | None, rows: Rows, start: Any, target: Any, unit: Any) -> Rows:
    """Steps of each member's own until all have arrived, or have taken too many."""
    assert pacing is not None
    since, failed, states = pacing.since, pacing.failed, pacing.states

    def is_busy(state: tuple[Any, Rows]) -> Any:
        return (state[0] < MOST_STEPS) & (state[1][since] < target).any()

    def attempt(state: tuple[Any, Rows]) -> tuple[Any, Rows]:
        return state[0] + 1, _changed(module.step, state[1], start, target, unit)

    _, rows = jax.lax.while_loop(is_busy, attempt, (0, rows))
    where, late, new = jax.numpy.where, rows[since] < target, list(rows)
    new[failed] = where(late, start + rows[since], rows[failed])
    new[since] = where(late, np.inf, rows[since])
    for row in states:
        new[row] = where(late, np.nan, rows[row])
    return tuple(new)
