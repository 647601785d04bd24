"""FMUs for the tests: made once per session, and our own trajectory to hold them against."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from pollux.columns import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, Solver, run
from pollux.simulate.export import export_fmu

SECOND = 1_000_000_000
VERSIONS = (2, 3)


_PLACE = TemporaryDirectory(prefix="pollux-fmus-")


def folder() -> Path:
    """Where the FMUs of this session lie, until its end."""
    return Path(_PLACE.name)


@cache
def made(twin, version=3, kind="both", step="10 ms", method="auto"):
    """The path of an FMU with a binary."""
    path = folder() / f"{twin.__name__}-{version}-{kind}-{step}-{method}.fmu".replace(" ", "")
    return str(export_fmu(twin, path, version=version, kind=kind, step=step, solver=Solver(method)).path)


@cache
def written(twin, version=3, kind="both"):
    """The path of an FMU of sources, as it is written where there is no C compiler."""
    step = None if twin.__pollux__.algebraic else "10 ms"
    path = folder() / f"{twin.__name__}-{version}-{kind}-sources.fmu"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CC", "no-such-compiler")
        return str(export_fmu(twin, path, version=version, kind=kind, step=step).path)


def ours(twin, names, *, span, grid, step, backend="numpy", method="rk4", chance=None, **changes):
    """Our own trajectory (names, times) of one member from the declared start, in strict arithmetic."""
    schema = schema_of(twin)
    layout = layout_of(schema)
    start = layout.start(1)
    for name, value in changes.items():
        start[layout.place(name)] = value
    what = Run(
        schema,
        start,
        0,
        round(span * SECOND),
        step=step and round(step * SECOND),
        grid=round(grid * SECOND),
        record=names,
        backend=backend,
        strict=True,
        method=method,
        chance=chance,
    )
    return run(what).values[:, :, 0]


def columns(result, names):
    """The columns of FMPy's result (names, times)."""
    return np.array([result[name] for name in names])
