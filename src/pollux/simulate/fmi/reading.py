"""From an unpacked FMU to its `Description`: FMPy parses, and what it finds wrong is a warning where it can be run.

Source: FMI 2.0.4, section 2.2; FMI 3.0.2, section 2.4.
"""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Literal

from pollux.errors import DataRefused
from pollux.simulate.fmi.description import Ability, Description, Variable, Warnings, Way
from pollux.simulate.fmi.kinds import NUMERIC
from pollux.simulate.fmi.markup import mend, read_tree
from pollux.simulate.fmi.units import Told, base_unit

_MOST: Final = 200
"""So many warnings are kept; a description that breaks one rule mostly breaks it a thousand times."""
_LARGEST: Final = 1_000_000
"""Elements of an array, at most: each is a name here."""


def read_description(folder: Path, at: str) -> Description:
    """What the FMU in this folder says of itself; `at` is its name in errors.

    Raises `DataRefused` for what cannot be run, `SetupError` where FMPy is missing.
    """
    tree = read_tree(folder, at)
    slips = mend(tree)
    with tempfile.TemporaryDirectory() as private:
        # A file of its own, since FMPy would also read, and judge, the build description beside the original.
        path = Path(private) / "modelDescription.xml"
        tree.write(str(path), encoding="utf-8", xml_declaration=True)
        found, problems = _parsed(path, at)
    described = _described(found, at, Warnings(tuple([*slips, *problems][:_MOST])))
    return replace(described, variables=tuple(_timed(described.variables, tree, at)))


def _parsed(path: Path, at: str) -> tuple[Any, list[str]]:
    fmpy: Any = import_module("fmpy.model_description")
    try:
        return fmpy.read_model_description(str(path), validate=True), []
    except Exception as error:  # noqa: BLE001  # FMPy raises whatever comes
        problems = [str(one) for one in getattr(error, "problems", [error])]
    try:
        return fmpy.read_model_description(str(path), validate=False), problems
    except Exception as error:  # noqa: BLE001
        raise DataRefused(
            f"expected a description that can be understood, got {type(error).__name__}: {error}",
            at=f"{at}: modelDescription.xml",
            hint=problems[0] if problems[0] != str(error) else None,
        ) from None


def _described(found: Any, at: str, warnings: Warnings) -> Description:
    version: Literal[2, 3] | None = {2: 2, 3: 3}.get(found.fmiMajorVersion)  # type: ignore[assignment]
    if version is None:
        raise DataRefused(f"expected FMI 2 or 3, got {found.fmiVersion}", at=at, hint="export it as FMI 2 or 3")
    ways = tuple(_ways(found, version))
    if not ways:
        raise DataRefused(
            "expected co-simulation or model exchange, got scheduled execution, which is not supported", at=at
        )
    if not 0 <= found.numberOfEventIndicators <= _LARGEST:
        raise DataRefused(f"expected at most {_LARGEST} indicators, got {found.numberOfEventIndicators}", at=at)
    variables = tuple(_variable(one, version, at) for one in found.modelVariables)
    return Description(
        version=version,
        name=found.modelName or at,
        token=found.guid or "",
        variables=variables,
        ways=ways,
        state_count=found.numberOfContinuousStates,
        indicator_count=found.numberOfEventIndicators,
        states=tuple(_states(found)),
        begin=_number(getattr(found.defaultExperiment, "startTime", None), 0.0, at),
        step=_step(found, at),
        tolerance=_number(getattr(found.defaultExperiment, "tolerance", None), None, at),
        tool=found.generationTool or "",
        units=_units(found),
        warnings=warnings + Warnings(tuple(_doubts(found, ways))),
    )


def _ways(found: Any, version: int) -> Iterator[Ability]:
    ways: tuple[tuple[Way, Any], ...] = (
        ("co-simulation", found.coSimulation),
        ("model exchange", found.modelExchange),
    )
    for way, told in ways:
        if told is not None and told.modelIdentifier:
            yield Ability(
                way,
                told.modelIdentifier,
                serializes=told.canGetAndSetFMUstate and told.canSerializeFMUstate,
                once_per_process=told.canBeInstantiatedOnlyOncePerProcess,
                needs_tool=told.needsExecutionTool,
                varies_step=getattr(told, "canHandleVariableCommunicationStepSize", True),
                fixed_step=_number(getattr(told, "fixedInternalStepSize", None), None, told.modelIdentifier),
                event_mode=version == 3 and getattr(told, "hasEventMode", False),
            )


def _variable(one: Any, version: int, at: str) -> Variable:
    numeric = one.type in NUMERIC[version]
    declared = one.declaredType
    unit = one.unit or getattr(declared, "unit", None) or ""
    shape = tuple(one.shape or ())
    if not 0 <= one.valueReference < 1 << 32:
        raise DataRefused(f"expected a value reference of 32 bits, got {one.valueReference}", at=f"{at}: {one.name}")
    if any(length < 0 for length in shape) or math.prod(shape) > _LARGEST:
        raise DataRefused(f"expected an array of at most {_LARGEST} elements, got {shape}", at=f"{at}: {one.name}")
    return Variable(
        name=one.name,
        type=one.type,
        reference=one.valueReference,
        causality=one.causality,
        variability=one.variability,
        shape=shape,
        start=_start(one, math.prod(shape), at) if numeric else one.start,
        unit=unit,
        low=_number(one.min or getattr(declared, "min", None), -math.inf, at),
        high=_number(one.max or getattr(declared, "max", None), math.inf, at),
        derivative_of=getattr(one.derivative, "name", None),
        initial=one.initial or "",
        about=one.description or "",
        interval=one.intervalVariability or "",
    )


def _timed(variables: tuple[Variable, ...], tree: Any, at: str) -> Iterator[Variable]:
    """The variables, the clocks with their times, which FMPy does not read: in seconds, or counted."""
    clocks = {one.get("name"): one for one in tree.getroot().iterfind("ModelVariables/Clock")}
    for one in variables:
        if one.name not in clocks:
            yield one
            continue
        told = clocks[one.name]
        grid = _number(told.get("resolution"), 1.0, at) or 1.0
        counted = _number(told.get("intervalCounter"), None, at)
        yield replace(
            one,
            period=_number(told.get("intervalDecimal"), counted and counted / grid, at),
            shift=_number(told.get("shiftDecimal"), _number(told.get("shiftCounter"), 0.0, at) / grid, at),
        )


def _start(one: Any, size: int, at: str) -> tuple[float, ...] | None:
    """The starts of all elements; a single one is for all of them."""
    if one.start is None:
        return None
    words = str(one.start).split()
    values = tuple(_number({"true": "1", "false": "0"}.get(word, word), 0.0, f"{at}: {one.name}") for word in words)
    if len(values) == 1:
        return values * size
    if len(values) != size:
        raise DataRefused(f"expected {size} starts, got {len(values)}", at=f"{at}: {one.name}")
    return values


_BASES: Final = ("kg", "m", "s", "A", "K", "mol", "cd", "rad")


def _units(found: Any) -> dict[str, Told]:
    """The units that are defined by those of the SI."""
    defined = {one.name: one.baseUnit for one in found.unitDefinitions if one.baseUnit is not None}
    return {
        name: base_unit({base: getattr(one, base) for base in _BASES}, one.factor, one.offset)
        for name, one in defined.items()
    }


def _states(found: Any) -> Iterator[str]:
    """The variables of which the derivatives of the structure are derivatives."""
    for unknown in found.derivatives:
        state = getattr(unknown.variable, "derivative", None)
        if state is not None:
            yield state.name


def _step(found: Any, at: str) -> float | None:
    told = _number(getattr(found.defaultExperiment, "stepSize", None), None, at)
    return told if told is not None and 0.0 < told < math.inf else None


def _number(told: Any, missing: Any, at: str) -> Any:
    """A number as XML writes it (`INF`, `-INF` and `NaN` too)."""
    if told is None:
        return missing
    try:
        return float(told)
    except ValueError:
        raise DataRefused(f"expected a number, got {str(told)[:40]!r}", at=at) from None


def _doubts(found: Any, ways: tuple[Ability, ...]) -> Iterator[str]:
    for one in found.modelVariables:
        if one.causality == "input" and one.start is None and one.type not in ("Clock", "Binary", "String"):
            yield f"{one.name}: an input without a start, which begins at 0"
    if any(way.needs_tool for way in ways):
        yield "it needs a tool of its maker on this machine"
