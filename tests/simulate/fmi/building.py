"""FMUs for the tests: small C sources compiled here, and the description that goes with each."""

import functools
import platform
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent / "sources"
STATE = {2: 'canGetAndSetFMUstate="true" canSerializeFMUstate="true"',
         3: 'canGetAndSetFMUState="true" canSerializeFMUState="true"'}  # fmt: skip


@dataclass(frozen=True)
class Var:
    """One line of the model's variables."""

    name: str
    reference: int
    type: str = "Real"
    causality: str = "local"
    more: str = ""
    start: str | None = None
    unit: str | None = None
    derivative: str | None = None
    variability: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Model:
    """A source and its variables; `states` are the names of rates."""

    source: str
    variables: tuple[Var, ...]
    rates: tuple[str, ...]
    indicators: int = 0
    unit_names: tuple[str, ...] = ()


BALL = Model(
    "ball.c",
    (
        Var("h", 0, causality="output", start="1", unit="m"),
        Var("v", 1, causality="output", start="0", unit="m/s"),
        Var("der(h)", 2, derivative="h"),
        Var("der(v)", 3, derivative="v"),
        Var("g", 4, causality="parameter", start="-9.81", unit="m/s2", variability="fixed"),
        Var("e", 5, causality="parameter", start="0.7", variability="tunable"),
    ),
    ("der(h)", "der(v)"),
    1,
    ("m", "m/s", "m/s2"),
)
OSCILLATOR = Model(
    "oscillator.c",
    (
        Var("x", 0, causality="output", start="2"),
        Var("v", 1, causality="output", start="0"),
        Var("der(x)", 2, derivative="x"),
        Var("der(v)", 3, derivative="v"),
        Var("mu", 4, causality="parameter", start="1", variability="fixed"),
        Var("force", 5, causality="input", start="0"),
    ),
    ("der(x)", "der(v)"),
)
STAIRS = Model(
    "stairs.c",
    (
        Var("level", 0, causality="output", start="0"),
        Var("der(level)", 1, derivative="level"),
        Var("u", 2, causality="input", start="0"),
        Var("y", 3, causality="output"),
        Var("steps", 0, "Integer", "output"),
        Var("n", 1, "Integer", "input", start="0"),
        Var("m", 2, "Integer", "output"),
    ),
    ("der(level)",),
)
CHAIN = Model(
    "chain.c",
    (
        Var("T", 0, causality="output", start="0 10 20", size=3),
        Var("der(T)", 3, derivative="T", size=3),
        Var("warmth", 6, causality="input", start="5"),
    ),
    ("der(T)",),
)


def fmu(
    model: Model,
    version: int = 2,
    *,
    ways: tuple[str, ...] = ("cs", "me"),
    states: bool = True,
    defines: tuple[str, ...] = (),
    events: bool = False,
    declares: str = "",
    xml: str | None = None,
    name: str | None = None,
) -> Path:
    """The path of an FMU, built once for each set of arguments."""
    return _built(model, version, ways, states, defines, events, declares, xml, name)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fmus")


@functools.cache
def _built(model, version, ways, states, defines, events, declares, xml, name) -> Path:
    folder = Path(tempfile.mkdtemp(dir=_folder().name))
    library = folder / "model.so"
    flags = [f"-D{one}" for one in (*defines, f'MODEL="{model.source}"', *(["EVENTS"] if events else []))]
    flags += ["-DSIZE=3"] if model is CHAIN else []
    command = ["gcc", "-O1", "-shared", "-fPIC", "-fno-fast-math", *flags, str(SOURCES / f"shell{version}.c")]
    subprocess.run([*command, "-o", str(library)], check=True, cwd=SOURCES)
    path = folder / (name or f"{model.source.removesuffix('.c')}{version}.fmu")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        described = xml or (_xml2 if version == 2 else _xml3)(model, ways, states, events, declares)
        archive.writestr("modelDescription.xml", described)
        machine = platform.machine()
        where = f"{machine}-linux" if version == 3 or machine != "x86_64" else "linux64"
        archive.write(library, f"binaries/{where}/model.so")
        archive.writestr("resources/readme.txt", "nothing")
    return path


def _attributes(**more: object) -> str:
    return " ".join(f'{key}="{value}"' for key, value in more.items() if value is not None)


def _xml2(model, ways, states, events, declares) -> str:
    names = [one.name for one in model.variables]
    lines = [f'<fmiModelDescription fmiVersion="2.0" modelName="{model.source}" guid="{{pollux}}" '
             f'numberOfEventIndicators="{model.indicators}">']  # fmt: skip
    told = STATE[2] if states else ""
    if "me" in ways:
        lines.append(f'<ModelExchange modelIdentifier="model" {told}/>')
    if "cs" in ways:
        lines.append(f'<CoSimulation modelIdentifier="model" canHandleVariableCommunicationStepSize="true" {told} {declares}/>')
    lines += _units(model)
    lines.append('<DefaultExperiment startTime="0" stopTime="3" stepSize="0.01"/><ModelVariables>')
    for one in model.variables:
        variability = one.variability or ("continuous" if one.type == "Real" else "discrete")
        initial = "exact" if one.causality in ("output", "local") and one.start is not None else None
        head = _attributes(name=one.name, valueReference=one.reference, causality=one.causality,
                           variability=variability, initial=initial)  # fmt: skip
        at = None if one.derivative is None else names.index(one.derivative) + 1
        value = _attributes(start=one.start, unit=one.unit, derivative=at)
        lines.append(f"<ScalarVariable {head}><{one.type} {value} {one.more}/></ScalarVariable>")
    outputs = [f'<Unknown index="{i + 1}"/>' for i, one in enumerate(model.variables) if one.causality == "output"]
    rates = [f'<Unknown index="{names.index(one) + 1}"/>' for one in model.rates]
    unknown = "".join(sorted({*rates}))
    lines.append("</ModelVariables><ModelStructure><Outputs>" + "".join(outputs) + "</Outputs><Derivatives>"
                 + "".join(rates) + f"</Derivatives><InitialUnknowns>{unknown}</InitialUnknowns></ModelStructure></fmiModelDescription>")  # fmt: skip
    return "\n".join(lines)


def _units(model: Model) -> list[str]:
    if not model.unit_names:
        return []
    return ["<UnitDefinitions>", *(f'<Unit name="{one}"/>' for one in model.unit_names), "</UnitDefinitions>"]


def _xml3(model, ways, states, events, declares) -> str:
    types = {"Real": "Float64", "Integer": "Int32", "Boolean": "Boolean"}
    offsets = {"Real": 0, "Integer": 100, "Boolean": 200}
    references = {one.name: one.reference + offsets[one.type] for one in model.variables}
    told = STATE[3] if states else ""
    lines = [f'<fmiModelDescription fmiVersion="3.0" modelName="{model.source}" instantiationToken="{{pollux}}">']
    if "me" in ways:
        lines.append(f'<ModelExchange modelIdentifier="model" {told}/>')
    if "cs" in ways:
        more = 'hasEventMode="true" mightReturnEarlyFromDoStep="true"' if events else ""
        lines.append(f'<CoSimulation modelIdentifier="model" canHandleVariableCommunicationStepSize="true" {told} {more} {declares}/>')
    lines += _units(model)
    lines.append('<DefaultExperiment startTime="0" stopTime="3" stepSize="0.01"/><ModelVariables>')
    lines.append('<Float64 name="time" valueReference="999" causality="independent" variability="continuous"/>')
    for one in model.variables:
        variability = one.variability or ("continuous" if one.type == "Real" else "discrete")
        initial = "exact" if one.causality in ("output", "local") and one.start is not None else None
        head = _attributes(name=one.name, valueReference=references[one.name], causality=one.causality,
                           variability=variability, initial=initial, start=one.start, unit=one.unit,
                           derivative=references.get(one.derivative))  # fmt: skip
        dimension = "" if one.size is None else f'<Dimension start="{one.size}"/>'
        lines.append(f"<{types[one.type]} {head}>{dimension}</{types[one.type]}>")
    lines.append("</ModelVariables><ModelStructure>")
    lines += [f'<Output valueReference="{references[one.name]}"/>' for one in model.variables if one.causality == "output"]
    lines += [f'<ContinuousStateDerivative valueReference="{references[one]}"/>' for one in model.rates]
    lines += [f'<InitialUnknown valueReference="{references[one]}"/>' for one in model.rates]
    if model.indicators:
        lines.append(f'<EventIndicator valueReference="{references[model.variables[0].name]}"/>')
    lines.append("</ModelStructure></fmiModelDescription>")
    return "\n".join(lines)
