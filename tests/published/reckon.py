"""How the published figures are run: cases as members of one run, in every back end, with short words for it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pollux.columns.arrays import F64
from pollux.columns.layout import layout_of
from pollux.model.graph import Expr
from pollux.model.schema import Schema, schema_of
from pollux.model.walk import topological
from pollux.simulate import Outcome, Run, run
from pollux.simulate.kernels.kernel import Backend

SECOND = 10**9
HOUR = 3600
DAY = 86400
BACKENDS: tuple[Backend, ...] = ("numpy", "numba")

Case = Mapping[str, float]


def table(schema: Schema, cases: Sequence[Case]) -> F64:
    """The columns of a type with one member per case; a case says what is different in it, in the signals' units."""
    layout = layout_of(schema)
    start = layout.start(len(cases))
    for member, case in enumerate(cases):
        for name, value in case.items():
            start[layout.place(name), member] = value
    return start


def simulated(
    kind: type, cases: Sequence[Case], seconds: float, *, dt: float, backend: Backend, **wanted: Any
) -> Outcome:
    """All cases ahead for so many seconds, with steps of `dt`; `wanted` are further fields of the `Run`."""
    schema = schema_of(kind)
    span, step = round(seconds * SECOND), round(dt * SECOND)
    return run(Run(schema, table(schema, cases), 0, span, step=step, backend=backend, **wanted))


def reckoned(kind: type, cases: Sequence[Case] = ({},), *, backend: Backend) -> dict[str, F64]:
    """Every derived number of a type that stands still, (cases,) each, computed inside the kernel.

    It is the integral over one second, which for what does not move is the number itself. What the recorder makes of
    the same graph outside of the kernel is the same within rounding.
    """
    schema = schema_of(kind)
    exprs = {name: expr for name, expr in schema.derived.items() if not expr.is_condition and not moves(expr)}
    found = simulated(kind, cases, 1, dt=1, backend=backend, integrate=exprs, record=tuple(exprs))
    for name, value in found.integrals.items():
        np.testing.assert_allclose(found[name][-1], value, rtol=1e-12, atol=1e-300, err_msg=name)
    return dict(found.integrals)


def moves(expr: Expr) -> bool:
    """Whether an expression changes by itself during a run."""
    return any(one.op in ("state", "phase", "time", "window") for one in topological([expr]))


def only(found: Mapping[str, F64], names: Iterable[str]) -> dict[str, float]:
    """The numbers of the first case under some names."""
    return {name: float(found[name][0]) for name in names}


def digits(value: float, places: int) -> float:
    """A number as a table prints it, with so many digits behind the point."""
    return round(float(value), places)
