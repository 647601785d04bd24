"""`modelDescription.xml` of FMI 2.0 (section 2.2 of the standard)."""

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


def description2(about: Described, sources: tuple[str, ...]) -> bytes:
    """The model description of a version 2 FMU, with the names of the files to compile."""
    root = Element(
        "fmiModelDescription",
        told(
            {
                "fmiVersion": "2.0",
                "modelName": about.name,
                "guid": about.token,
                "description": about.doc.partition("\n")[0],
                "generationTool": about.generator,
                "variableNamingConvention": about.naming,
                "numberOfEventIndicators": str(about.crossings),
            }
        ),
    )
    _add_kinds(root, about, sources)
    add_units(root, about.variables)
    _add_log(root)
    add_experiment(root, about)
    if about.has_steps:
        tool = add(add(root, "VendorAnnotations"), "Tool", {"name": "Pollux"})
        add_method(tool, about)
    variables = add(root, "ModelVariables")
    for place, one in enumerate(about.variables):
        _add_variable(variables, about, place, one)
    _add_structure(root, about)
    return written(root)


def _add_kinds(root: Element, about: Described, sources: tuple[str, ...]) -> None:
    common = {
        "modelIdentifier": about.identifier,
        "canNotUseMemoryManagementFunctions": "true",
        "canGetAndSetFMUstate": "true",
        "canSerializeFMUstate": "true",
        "providesDirectionalDerivative": flag(about.has_slopes),
    }
    steps = {"canHandleVariableCommunicationStepSize": "true", "canInterpolateInputs": "false"}
    exchange = {"completedIntegratorStepNotNeeded": "true"}
    for wanted, tag, own in (
        (about.has_exchange, "ModelExchange", exchange),
        (about.has_steps, "CoSimulation", steps),
    ):
        if wanted:
            element = add(root, tag, common | own)
            files = add(element, "SourceFiles") if sources else element
            for name in sources:
                add(files, "File", {"name": name})


def _add_log(root: Element) -> None:
    categories = add(root, "LogCategories")
    for name in ("logStatusError", "logStatusDiscard"):
        add(categories, "Category", {"name": name})


def _add_variable(parent: Element, about: Described, place: int, one: Variable) -> None:
    scalar = add(
        parent,
        "ScalarVariable",
        {
            "name": one.name,
            "valueReference": str(place),
            "description": one.doc or None,
            "causality": one.causality,
            "variability": one.variability,
            "initial": one.initial or None,
        },
    )
    if one.is_flag:
        add(scalar, "Boolean", {"start": None if one.start is None else flag(one.start >= 0.5)})
        return
    derivative = references(about.variables)[one.derivative_of] + 1 if one.derivative_of else None
    add(scalar, "Real", number_attributes(one) | {"derivative": str(derivative) if derivative else None})


def _add_structure(root: Element, about: Described) -> None:
    structure = add(root, "ModelStructure")
    _add_unknowns(structure, "Outputs", about, unknowns(about, is_output), at_start=False)
    derivatives = unknowns(about, lambda one: bool(one.derivative_of))
    _add_unknowns(structure, "Derivatives", about, derivatives, at_start=False)
    _add_unknowns(structure, "InitialUnknowns", about, unknowns(about, is_initial_unknown), at_start=True)


def _add_unknowns(parent: Element, tag: str, about: Described, found: list[Variable], *, at_start: bool) -> None:
    if not found:
        return
    place = references(about.variables)
    group = add(parent, tag)
    for one in found:
        knowns = " ".join(str(known + 1) for known in rests_on(about, one, at_start=at_start))
        add(group, "Unknown", {"index": str(place[one.name] + 1), "dependencies": knowns})
