"""A twin type as an FMU that runs in other tools: C source generated from the graph.

`export_fmu` is the door. Underneath: `places` and `sections` lay out the numbers and the equations of an instance,
`variables` names them for importers, `c_model` prints them as C beside the fixed files in the folder `c`,
`description2` and `description3` tell of them in XML, `compiler` makes the binary, `archive` the file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from pollux.errors import SimulationError
from pollux.model.amounts import seconds
from pollux.model.schema import schema_of
from pollux.simulate.export.archive import write_archive
from pollux.simulate.export.check import Kind, check
from pollux.simulate.export.contents import Version, contents
from pollux.simulate.export.source import source_of, step_of
from pollux.simulate.export.start import Start, start_column

__all__ = ["Exported", "Kind", "export_fmu"]


@final
@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: `platforms` are those with a binary, none for a source FMU; `step` is in seconds."""

    path: Path
    version: Version
    kind: Kind
    platforms: tuple[str, ...]
    step: float | None
    token: str

    def __str__(self) -> str:
        step = "" if self.step is None else f", steps of at most {self.step:g} s"
        binary = f"binary for {', '.join(self.platforms)}" if self.platforms else "sources only: no C compiler here"
        return f"{self.path}: FMI {self.version}, {self.kind}{step}, {binary}"


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
) -> Exported:
    """Write a twin type as an FMU.

    For co-simulation it holds the step of our own kernel, for model exchange the rates of the states and an indicator
    for each event. Signals, states and computed values are variables under their dotted names, in the unit of the
    equations. `start` gives other values to begin with, bare numbers in the declared unit. `span` is how long runs are,
    for which the step is chosen; `step` names it instead. Without a C compiler (`CC`, gcc, clang, cc) it is an FMU of
    sources.

    Raises `SimulationError` for an equation that cannot leave (linked twins, settled fast models, windows in model
    exchange), with its name; `ModelError` for a condition that a solver cannot watch; `SetupError` where neither
    sources nor a binary would be in it.

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
    check(schema, kind)
    column, long = start_column(twin, schema, start or {}), seconds(span)
    source = source_of(schema, kind, column, step_of(schema, kind, column, span=long, step=step))
    about = source.described(long)
    files, platforms = contents(source, about, version, sources=sources)
    write_archive(Path(path), files)
    return Exported(Path(path), version, kind, platforms, about.step if about.has_steps else None, source.token)


def _check_words(version: int, kind: str) -> None:
    if version not in (2, 3):
        raise SimulationError(f"expected version 2 or 3 of FMI, got {version!r}", at="export_fmu")
    if kind not in ("both", "co-simulation", "model-exchange"):
        raise SimulationError(f"expected both, co-simulation or model-exchange, got {kind!r}", at="export_fmu")
