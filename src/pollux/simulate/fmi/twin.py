"""A twin type whose signals are the variables of an FMU: `class Drive(px.Fmu("drive.fmu"))`."""

import hashlib
import keyword
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Final, final

from pollux.errors import ModelError
from pollux.model.roles import Role, actuator, hidden, parameter, sensor
from pollux.model.schema import Schema, schema_of
from pollux.model.twin import Twin
from pollux.model.units import Unit, absolute, scale, unit
from pollux.simulate.fmi.description import Variable, Warnings
from pollux.simulate.fmi.engine import FmuEngine
from pollux.simulate.fmi.opened import OpenedFmu, open_fmu
from pollux.simulate.fmi.ports import Port, inputs_of, parameters_of, reads_of
from pollux.simulate.fmi.running import Running
from pollux.simulate.fmi.units import Told, told_in
from pollux.simulate.foreign import stand_behind

_RESERVED: Final = frozenset(("t", "seq", "boot"))


@final
@dataclass(frozen=True, slots=True)
class FmuFace:
    """What stands behind a type that was made from an FMU: its ports by element, and what was doubtful.

    `own` are the signals that the class body declares itself.
    """

    fmu: OpenedFmu
    ports: Mapping[str, Port]
    own: frozenset[str]
    running: Running
    warnings: Warnings


def Fmu(
    what: str | Path,
    *,
    sha256: str | None = None,
    names: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    also: Sequence[str] = (),
    running: Running | None = None,
) -> type[Twin]:
    """The base of a twin type whose signals are the variables of an FMU; none of its code is run for it.

    Inputs become actuators where they have bounds, else parameters; parameters stay parameters; outputs become sensors,
    continuous states and what `also` names hidden signals. `motor.w` is called `motor_w` and `T[2]` is `T_2`, unless
    `names` gives another; units are those of the FMU where they are known, unless `units` tells others, into which
    numbers are converted. A signal that the class body declares under such a name is taken as it stands there.
    `running` says how it is run.

    The FMU must be installed (`pollux fmu install drive.fmu`) or pinned by `sha256`: it is native code. Raises
    SetupError for one that is not and where the extra `fmi` is missing, NotFound for an unknown name or variable,
    DataRefused for damage, ModelError for names that clash.
    """
    fmu = open_fmu(what, sha256=sha256)
    options = running or Running()
    options = replace(options, also=(*options.also, *also))
    wishes = _Wishes(fmu, dict(names or {}), dict(units or {}), options)

    class FmuTwin(Twin):
        """The base that brings the signals along."""

        __pollux_fmu__: ClassVar[FmuFace]

        def __init_subclass__(cls, *, personal: bool = False) -> None:
            cls.__pollux_fmu__ = wishes.declare(cls)
            super().__init_subclass__(personal=personal)
            cls.__pollux__ = _behind(cls.__pollux__, cls.__pollux_fmu__)

    return FmuTwin


def _behind(schema: Schema, face: FmuFace) -> Schema:
    """The schema with its FMU behind it: types with other code behind equal signals are other types."""
    known = repr((schema.digest, face.fmu.sha256, sorted(face.ports.items(), key=lambda item: item[0]), face.running))
    own = replace(schema, digest=hashlib.sha256(known.encode()).hexdigest()[: len(schema.digest)])
    stand_behind(own, FmuEngine(face.fmu, face.ports, face.running))
    return own


def face_of(kind: type) -> FmuFace:
    """What stands behind a type; raises `ModelError` for one that was not made from an FMU."""
    found = getattr(kind, "__pollux_fmu__", None)
    if not isinstance(found, FmuFace):
        raise ModelError(f"expected a type made from an FMU, got {kind.__name__}", hint="class Drive(px.Fmu(...))")
    return found


@final
@dataclass(frozen=True, slots=True)
class _Wishes:
    """An FMU, and how its variables are to be called and measured."""

    fmu: OpenedFmu
    names: Mapping[str, str]
    units: Mapping[str, str]
    running: Running

    def declare(self, kind: type) -> FmuFace:
        """Give a class the signals that it does not declare itself."""
        ports: dict[str, Port] = {}
        own: set[str] = set()
        doubts: list[str] = []
        for variable, sort in self._variables():
            for place, element in enumerate(variable.elements):
                name = self._name(variable, element)
                if name in {port.name for port in ports.values()}:
                    raise ModelError(f"expected names that differ, got {name!r} twice", at=element, hint="names={...}")
                role = vars(kind).get(name)
                if isinstance(role, Role):
                    own.add(name)
                    edge, source = role.edge, self._source(variable, role.edge)
                else:
                    edge = self._edge(variable, element, doubts)
                    source = self._source(variable, edge)
                    _give(kind, name, _role(variable, sort, place, source, edge, doubts))
                inner = absolute(edge)
                ports[element] = Port(name, source.factor * scale(source.unit, inner), source.into(0.0, inner))
        self._check_known()
        return FmuFace(
            self.fmu, ports, frozenset(own), self.running, self.fmu.description.warnings + Warnings(tuple(doubts))
        )

    def _variables(self) -> Iterator[tuple[Variable, str]]:
        description = self.fmu.description
        for one in inputs_of(description):
            yield one, "input" if one.causality == "input" else "parameter"
        for one in parameters_of(description):
            yield one, "parameter"
        for one in reads_of(description, self.running.also)[0]:
            yield one, "output" if one.causality == "output" else "state"

    def _name(self, variable: Variable, element: str) -> str:
        wanted = self.names.get(element)
        if wanted is None and variable.name in self.names:
            wanted = self.names[variable.name] + element[len(variable.name) :]
        return _identifier(wanted or element)

    def _edge(self, variable: Variable, element: str, doubts: list[str]) -> Unit:
        told = self.units.get(element) or self.units.get(variable.name)
        if told is not None:
            return unit(told)
        known = told_in(variable.unit, self.fmu.description.units)
        if known is None:
            doubts.append(f"{element}: the unit {variable.unit!r} is not known, and taken as a pure number")
        return unit("1") if known is None else known.unit

    def _source(self, variable: Variable, edge: Unit) -> Told:
        """In what the FMU tells it: where it does not say, in what it is asked for."""
        known = told_in(variable.unit, self.fmu.description.units) if variable.unit else None
        return known or Told(edge)

    def _check_known(self) -> None:
        elements = {name for one, _ in self._variables() for name in (one.name, *one.elements)}
        for name in (*self.names, *self.units):
            if name not in elements:
                self.fmu.description.variable(name)  # NotFound for what is not there at all
                raise ModelError(f"expected an input, a parameter or an output, got {name!r}", hint=f"also=({name!r},)")


def _identifier(told: str) -> str:
    name = re.sub(r"\W+", "_", told).strip("_")
    if not name.isidentifier() or keyword.iskeyword(name) or name in _RESERVED:
        name = f"v_{name}"
    return name


def _give(kind: type, name: str, role: Role) -> None:
    setattr(kind, name, role)
    role.__set_name__(kind, name)


def _role(variable: Variable, sort: str, place: int, source: Told, edge: Unit, doubts: list[str]) -> Role:
    """The signal of one number, its bounds and start told in the unit of the signal."""
    told: Any = variable.start[place] if isinstance(variable.start, tuple) else None
    low, high = variable.low, variable.high
    if not low < high or (told is not None and not low <= told <= high):
        doubts.append(f"{variable.name}: bounds from {low:g} to {high:g} for a start of {told}; they are left out")
        low, high = -math.inf, math.inf
    low, high = (source.into(one, edge) for one in (low, high))
    start = None if told is None else source.into(told, edge)
    text = str(edge)
    if sort == "input" and math.isfinite(low) and math.isfinite(high):
        return actuator(text, low=low, high=high, start=start, doc=variable.about)
    if sort in ("input", "parameter"):
        return parameter(text, 0.0 if start is None else start, low=low, high=high, doc=variable.about)
    if sort == "output":
        return sensor(text, low=low, high=high, start=start, doc=variable.about)
    return hidden(text, low=low, high=high, start=start, doc=variable.about)


def own_values(kind: type) -> Mapping[str, float]:
    """The values with which signals of the class body begin."""
    schema = schema_of(kind)
    signals = {name: schema.signal(name).start for name in face_of(kind).own}
    return {name: float(start) for name, start in signals.items() if isinstance(start, int | float)}
