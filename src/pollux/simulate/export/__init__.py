"""A twin type as an FMU that runs in other tools: C source generated from the graph.

`export_fmu` is the door. Underneath: `places` and `sections` lay out the numbers and the equations of an instance,
`variables` names them for importers, `c_model` prints them as C beside the fixed files in the folder `c`,
`description2` and `description3` tell of them in XML, `compiler` makes the binary, `archive` the file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.model.schema import Schema, schema_of
from pollux.simulate.export.archive import check_path, write_archive
from pollux.simulate.export.check import Kind, check
from pollux.simulate.export.contents import Version, contents
from pollux.simulate.export.source import Steps, longest_step, method_of, nanoseconds, source_of
from pollux.simulate.export.start import Start, start_column
from pollux.simulate.solver import Solver

__all__ = ["Exported", "Kind", "export_fmu"]


@final
@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: `platforms` are those with a binary, none for a source FMU.

    `method` says how it steps by itself, `step` is the longest step in seconds where steps do not choose their length.
    """

    path: Path
    version: Version
    kind: Kind
    platforms: tuple[str, ...]
    method: str
    step: float | None
    token: str

    def __str__(self) -> str:
        binary = f"binary for {', '.join(self.platforms)}" if self.platforms else "sources only: no C compiler here"
        method = "" if self.kind == "model-exchange" else f"; {self.method}"
        return f"{self.path}: FMI {self.version}, {self.kind}{method}; {binary}"


def export_fmu(
    twin: type,
    path: str | Path,
    *,
    version: Version = 3,
    kind: Kind = "both",
    sources: bool = True,
    start: Start | None = None,
    span: str | float = "1 min",
    step: str | float | None = None,
    solver: Solver | None = None,
) -> Exported:
    """Write a twin type as an FMU.

    For co-simulation it holds the step of our own kernel, for model exchange the rates of the states and an indicator
    for each event. Signals, states and computed values are variables under their dotted names, in the unit of the
    equations. `start` gives other values to begin with, bare numbers in the declared unit. Without a C compiler (`CC`,
    gcc, clang, cc) it is an FMU of sources.

    `solver` is how a co-simulation steps: "rk4" with steps of one length, chosen for runs of `span` where `step` does
    not name it; "dopri5" and, for stiff types, "rodas4" with steps of their own within its tolerance;
    "euler-maruyama" and "milstein" for types with noise. "auto", or none, is what a run of our own takes for the type,
    the start and the span.

    Raises `SimulationError` for an equation that cannot leave, with its name (linked twins, settled fast models; in
    model exchange windows, delays and noise); `ModelError` for a condition that a solver cannot watch; `SetupError` for
    a path that cannot be written, for sources that do not compile, and where neither sources nor a binary would be in
    it.

    Standard: FMI 2.0.4 and 3.0.1, Modelica Association, fmi-standard.org.

    >>> import pathlib, tempfile, pollux as px
    >>> class Cup(px.Twin):
    ...     temp = px.hidden("degC", start=80)
    ...     room = px.actuator("degC", low=-20, high=60, safe=20)
    ...     pace = px.parameter("1/s", 0.01)
    ...
    ...     @px.rate(temp)
    ...     def cools(self):
    ...         return self.pace * (self.room - self.temp)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cup = export_fmu(Cup, pathlib.Path(folder, "cup.fmu"), step="100 ms")
    >>> cup.kind, cup.step
    ('both', 0.1)
    """
    schema = schema_of(twin)
    _check_words(version, kind)
    check_path(Path(path))
    check(schema, kind)
    column = start_column(twin, schema, start or {})
    source = source_of(schema, kind, column, _steps(schema, kind, column, span, step, solver or Solver()))
    about = source.described(nanoseconds(span))
    files, platforms = contents(source, about, version, sources=sources)
    write_archive(Path(path), files)
    return Exported(Path(path), version, kind, platforms, about.method, about.step, source.token)


def _steps(
    schema: Schema, kind: Kind, start: F64, span: str | float, step: str | float | None, solver: Solver
) -> Steps:
    long, told = nanoseconds(span), None if step is None else nanoseconds(step)
    if kind == "model-exchange":
        # Nobody takes these steps; they only say how the numbers are laid out.
        return Steps("rodas4" if schema.algebraic else "rk4", 1, solver.tolerance())
    method = method_of(schema, solver.method, start, span=long, step=told)
    return Steps(method, longest_step(schema, method, start, span=long, step=told), solver.tolerance())


def _check_words(version: int, kind: str) -> None:
    if version not in (2, 3):
        raise SimulationError(f"expected version 2 or 3 of FMI, got {version!r}", at="export_fmu")
    if kind not in ("both", "co-simulation", "model-exchange"):
        raise SimulationError(f"expected both, co-simulation or model-exchange, got {kind!r}", at="export_fmu")
