"""`modelDescription.xml` and `buildDescription.xml` of FMI 3.0 (sections 2.4 and 2.5.1.4 of the standard)."""

from xml.etree.ElementTree import Element

from pollux.simulate.export.description import (
    Described,
    add,
    add_experiment,
    add_method,
    add_units,
    flag,
    is_initial_unknown,
    is_output,
    number_attributes,
    rests_on,
    told,
    unknowns,
    written,
)
from pollux.simulate.export.variables import Variable, references


def description3(about: Described) -> bytes:
    """The model description of a version 3 FMU."""
    root = Element(
        "fmiModelDescription",
        told(
            {
                "fmiVersion": "3.0",
                "modelName": about.name,
                "instantiationToken": about.token,
                "description": about.doc.partition("\n")[0],
                "generationTool": about.generator,
                "variableNamingConvention": about.naming,
            }
        ),
    )
    _add_kinds(root, about)
    add_units(root, about.variables)
    categories = add(root, "LogCategories")
    for name in ("logStatusError", "logStatusDiscard"):
        add(categories, "Category", {"name": name})
    add_experiment(root, about)
    variables = add(root, "ModelVariables")
    for place, one in enumerate(about.variables):
        _add_variable(variables, about, place, one)
    _add_structure(root, about)
    if about.has_steps:
        add_method(add(add(root, "Annotations"), "Annotation", {"type": "pollux.method"}), about)
    return written(root)


def build_description(about: Described, sources: tuple[str, ...]) -> bytes:
    """How to compile the sources: these files, C99, contraction off, with the library of mathematics."""
    root = Element("fmiBuildDescription", {"fmiVersion": "3.0"})
    configuration = add(root, "BuildConfiguration", {"modelIdentifier": about.identifier})
    files = add(configuration, "SourceFileSet", {"language": "C99", "compilerOptions": "-ffp-contract=off"})
    for name in sources:
        add(files, "SourceFile", {"name": name})
    add(configuration, "Library", {"name": "m", "external": "true"})
    return written(root)


def _add_kinds(root: Element, about: Described) -> None:
    common = {
        "modelIdentifier": about.identifier,
        "canGetAndSetFMUState": "true",
        "canSerializeFMUState": "true",
        "providesDirectionalDerivatives": flag(about.has_slopes),
        "providesAdjointDerivatives": flag(about.has_slopes),
    }
    if about.has_exchange:
        add(root, "ModelExchange", common | {"needsCompletedIntegratorStep": "false"})
    if about.has_steps:
        fixed = {} if about.step is None else {"fixedInternalStepSize": repr(about.step)}
        add(root, "CoSimulation", common | fixed | {"canHandleVariableCommunicationStepSize": "true"})


def _add_variable(parent: Element, about: Described, place: int, one: Variable) -> None:
    attributes: dict[str, str | None] = {
        "name": one.name,
        "valueReference": str(place),
        "description": one.doc or None,
        "causality": one.causality,
        "variability": one.variability,
        "initial": one.initial or None,
    }
    if one.is_flag:
        add(parent, "Boolean", attributes | {"start": None if one.start is None else flag(one.start >= 0.5)})
        return
    derivative = references(about.variables)[one.derivative_of] if one.derivative_of else None
    add(
        parent,
        "Float64",
        attributes | number_attributes(one) | {"derivative": None if derivative is None else str(derivative)},
    )


def _add_structure(root: Element, about: Described) -> None:
    structure = add(root, "ModelStructure")
    for tag, found, at_start in (
        ("Output", unknowns(about, is_output), False),
        ("ContinuousStateDerivative", unknowns(about, lambda one: bool(one.derivative_of)), False),
        ("InitialUnknown", unknowns(about, is_initial_unknown), True),
        ("EventIndicator", unknowns(about, lambda one: one.part == "PART_CROSSINGS"), False),
    ):
        _add_unknowns(structure, tag, about, found, at_start=at_start)


def _add_unknowns(structure: Element, tag: str, about: Described, found: list[Variable], *, at_start: bool) -> None:
    place = references(about.variables)
    for one in found:
        knowns = " ".join(map(str, rests_on(about, one, at_start=at_start)))
        add(structure, tag, {"valueReference": str(place[one.name]), "dependencies": knowns})
