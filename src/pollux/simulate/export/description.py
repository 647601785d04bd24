"""What both versions of `modelDescription.xml` say, and how the text is made."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pollux.simulate.export.base_units import base_unit, display, used
from pollux.simulate.export.variables import Variable, references


@final
@dataclass(frozen=True, slots=True)
class Described:
    """What a model description is made from; `step` and `span` are in seconds.

    `method` is its own way of stepping in words; `step` is None where its steps choose their length.
    """

    name: str
    identifier: str
    doc: str
    token: str
    has_steps: bool
    has_exchange: bool
    variables: tuple[Variable, ...]
    states: tuple[str, ...]
    crossings: int
    has_slopes: bool
    method: str
    step: float | None
    span: float
    generator: str

    @property
    def naming(self) -> str:
        """`structured` where every name is one of ASCII identifiers, as FMI asks."""
        return "structured" if all(one.name.isascii() for one in self.variables) else "flat"


def written(root: Element) -> bytes:
    """A document as UTF-8, indented."""
    indent(root)
    text: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return text + b"\n"


def add(parent: Element, tag: str, attributes: Mapping[str, str | None] | None = None) -> Element:
    """A child with those attributes that are not None."""
    return SubElement(parent, tag, told(attributes or {}))


def told(attributes: Mapping[str, str | None]) -> dict[str, str]:
    """Those attributes that are not None, without the control characters that XML cannot hold."""
    return {name: _CONTROL.sub(" ", one) for name, one in attributes.items() if one is not None}


_CONTROL: Final = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")


def add_units(root: Element, variables: Iterable[Variable]) -> None:
    """The units of all real variables."""
    pairs = [(one.unit, one.edge) for one in variables if not one.is_flag]
    definitions = add(root, "UnitDefinitions")
    for unit, shown in used(pairs).items():
        element = add(definitions, "Unit", {"name": unit.symbol})
        base = base_unit(unit)
        if base is not None:
            add(element, "BaseUnit", base)
        for edge in shown:
            add(element, "DisplayUnit", display(edge, unit))


def add_experiment(root: Element, about: Described) -> None:
    """From 0 to the span that the step was chosen for."""
    experiment = {"startTime": "0.0", "stopTime": repr(about.span)}
    if about.step is not None:
        experiment["stepSize"] = repr(about.step)
    add(root, "DefaultExperiment", experiment)


def number_attributes(one: Variable) -> dict[str, str | None]:
    """Unit, bounds, usual size and start of a real variable."""
    return {
        "unit": one.unit.symbol,
        "displayUnit": None if one.edge == one.unit else one.edge.symbol,
        "min": _finite(one.low),
        "max": _finite(one.high),
        "nominal": _finite(one.nominal) if one.variability == "continuous" else None,
        "start": _finite(one.start),
    }


def _finite(number: float | None) -> str | None:
    return None if number is None or number in (float("inf"), float("-inf")) else repr(number)


def add_method(parent: Element, about: Described) -> None:
    """How it steps by itself."""
    add(parent, "Method", {"name": about.method, "step": None if about.step is None else repr(about.step)})


def flag(value: bool) -> str:
    """A truth value as XML writes it."""
    return "true" if value else "false"


def unknowns(about: Described, chosen: Callable[[Variable], bool]) -> list[Variable]:
    """The chosen variables in the order of their value references."""
    return [one for one in about.variables if chosen(one)]


def is_output(one: Variable) -> bool:
    """Whether it is an output."""
    return one.causality == "output"


def is_initial_unknown(one: Variable) -> bool:
    """Whether it is computed at the start: outputs and derivatives that nobody sets."""
    return one.initial == "calculated" and (one.causality == "output" or bool(one.derivative_of))


def rests_on(about: Described, one: Variable, *, at_start: bool) -> list[int]:
    """The value references of what a variable depends on: inputs, states and time, at the start parameters too."""
    place = references(about.variables)
    states = frozenset(about.states)
    # An output that is a state depends on itself, as a known.
    names = one.rests_on if one.rests_on is not None else frozenset((one.name,))

    def counts(name: str) -> bool:
        known = about.variables[place[name]]
        return at_start or name in states or known.causality in ("input", "independent")

    return sorted(place[name] for name in names if counts(name))
