"""modelDescription.xml of the tests' FMUs, as FMI 2 and FMI 3 want it."""

from collections.abc import Callable

from tests.simulate.fmi.models import Model, Var

STATE = {
    2: 'canGetAndSetFMUstate="true" canSerializeFMUstate="true"',
    3: 'canGetAndSetFMUState="true" canSerializeFMUState="true"',
}
EXPERIMENT = '<DefaultExperiment startTime="0" stopTime="3" stepSize="0.01"/><ModelVariables>'


def described_as(version: int) -> Callable[..., str]:
    """Who writes the description of this version."""
    return _second if version == 2 else _third


def _second(model: Model, ways, states, events, declares) -> str:
    places = {one.name: place + 1 for place, one in enumerate(model.variables)}
    lines = [
        f'<fmiModelDescription fmiVersion="2.0" modelName="{model.source}" guid="{{pollux}}" '
        f'numberOfEventIndicators="{model.indicators}">',
        *_ways(ways, STATE[2] if states else "", declares),
        *_units(model),
        EXPERIMENT,
    ]
    for one in model.variables:
        value = _attributes(start=one.start, unit=one.unit, derivative=places.get(one.derivative or ""))
        head = _attributes(**_head(one), valueReference=one.reference)
        lines.append(f"<ScalarVariable {head}><{one.type} {value} {one.more}/></ScalarVariable>")
    rates = [f'<Unknown index="{places[one]}"/>' for one in model.rates]
    lines += ["</ModelVariables><ModelStructure>", "<Outputs>"]
    lines += [f'<Unknown index="{places[one.name]}"/>' for one in model.variables if one.causality == "output"]
    lines += ["</Outputs>", "<Derivatives>", *rates, "</Derivatives>", "<InitialUnknowns>", *sorted(rates)]
    return "\n".join([*lines, "</InitialUnknowns></ModelStructure></fmiModelDescription>"])


def _third(model: Model, ways, states, events, declares) -> str:
    types = {"Real": "Float64", "Integer": "Int32", "Boolean": "Boolean", "Clock": "Clock"}
    offsets = {"Real": 0, "Integer": 100, "Boolean": 200, "Clock": 300}
    references = {one.name: one.reference + offsets[one.type] for one in model.variables}
    more = 'hasEventMode="true" mightReturnEarlyFromDoStep="true"' if events else ""
    lines = [
        f'<fmiModelDescription fmiVersion="3.0" modelName="{model.source}" instantiationToken="{{pollux}}">',
        *_ways(ways, STATE[3] if states else "", f"{more} {declares}"),
        *_units(model),
        EXPERIMENT,
        '<Float64 name="time" valueReference="999" causality="independent" variability="continuous"/>',
    ]
    for one in model.variables:
        head = _attributes(**_head(one), valueReference=references[one.name], start=one.start, unit=one.unit,
                           derivative=references.get(one.derivative or ""))  # fmt: skip
        dimension = "" if one.size is None else f'<Dimension start="{one.size}"/>'
        lines.append(f"<{types[one.type]} {head} {one.more}>{dimension}</{types[one.type]}>")
    lines.append("</ModelVariables><ModelStructure>")
    outputs = [one.name for one in model.variables if one.causality == "output"]
    lines += [f'<Output valueReference="{references[one]}"/>' for one in outputs]
    lines += [f'<ContinuousStateDerivative valueReference="{references[one]}"/>' for one in model.rates]
    lines += [f'<InitialUnknown valueReference="{references[one]}"/>' for one in model.rates]
    if model.indicators:
        lines.append(f'<EventIndicator valueReference="{references[model.variables[0].name]}"/>')
    return "\n".join([*lines, "</ModelStructure></fmiModelDescription>"])


def _head(one: Var) -> dict[str, object]:
    exact = one.causality in ("output", "local") and one.start is not None
    return {
        "name": one.name,
        "causality": one.causality,
        "variability": one.variability or ("continuous" if one.type == "Real" else "discrete"),
        "initial": "exact" if exact else None,
    }


def _ways(ways: tuple[str, ...], states: str, declares: str) -> list[str]:
    exchange = f'<ModelExchange modelIdentifier="model" {states}/>'
    simulation = (
        f'<CoSimulation modelIdentifier="model" canHandleVariableCommunicationStepSize="true" {states} {declares}/>'
    )
    return [exchange] * ("me" in ways) + [simulation] * ("cs" in ways)


def _units(model: Model) -> list[str]:
    units = [f'<Unit name="{one}"/>' for one in model.unit_names]
    return ["<UnitDefinitions>", *units, "</UnitDefinitions>"] if units else []


def _attributes(**more: object) -> str:
    return " ".join(f'{key}="{value}"' for key, value in more.items() if value is not None)
