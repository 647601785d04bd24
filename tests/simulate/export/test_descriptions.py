"""The model descriptions: valid in both versions, with units, bounds, starts and dependencies from the graph."""

import zipfile
from xml.etree import ElementTree

import pytest
from tests.simulate.export.fmus import VERSIONS, written
from tests.simulate.export.models import Boiler, Driven, Taken
from tests.simulate.models import Ball, Circulation, Words

import pollux as px
from pollux.model.schema import schema_of
from pollux.simulate.export import export_fmu

fmpy = pytest.importorskip("fmpy")
validation = pytest.importorskip("fmpy.validation")

CASES = [
    (Boiler, "both"),
    (Driven, "both"),
    (Taken, "both"),
    (Ball, "model-exchange"),
    (Words, "co-simulation"),
    (Circulation, "co-simulation"),
]


def _described(twin, version, kind="both"):
    return fmpy.read_model_description(written(twin, version, kind), validate_model_structure=True)


def _named(description):
    return {one.name: one for one in description.modelVariables}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("twin", "kind"), CASES)
def test_descriptions_are_valid(version, twin, kind):
    """FMPy finds nothing wrong: schema, names, structure, starts, combinations, units."""
    assert validation.validate_fmu(written(twin, version, kind)) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_roles_become_causalities(version):
    """States, parameters, facts, actuators, sensors and computed values are what an importer expects of them."""
    named = _named(_described(Boiler, version))
    found = {name: (one.causality, one.variability) for name, one in named.items()}
    assert found["temp"] == ("output", "continuous")
    assert found["on_"] == ("local", "continuous")
    assert found["der(temp)"] == ("local", "continuous")
    assert found["power"] == found["outside"] == ("input", "continuous")
    assert found["loss"] == found["shell.heat"] == ("parameter", "tunable")
    assert found["insulated"] == found["area"] == ("parameter", "fixed")
    assert found["shown"] == found["spent"] == ("output", "continuous")
    assert found["cold"] == ("output", "discrete")
    assert found["hot"] == ("local", "discrete")
    assert "owner" not in found
    assert named["der(temp)"].derivative is named["temp"]
    assert named["shell.heat"].description == "how much heat warms it by a kelvin"


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers_are_in_the_unit_of_the_equations(version):
    """Starts and bounds of a temperature are kelvin, and degC is how it is shown."""
    named = _named(_described(Boiler, version))
    temp = named["temp"]
    assert (temp.unit, temp.displayUnit, temp.start) == ("K", "degC", "293.15")
    assert (float(temp.min), float(temp.max)) == pytest.approx((223.15, 423.15))
    assert (named["insulated"].type, named["insulated"].start) == ("Boolean", "false")


@pytest.mark.parametrize("version", VERSIONS)
def test_units_are_told_in_base_units(version):
    """Every unit has its SI exponents and its factor; a shown unit has its zero."""
    units = {one.name: one for one in _described(Boiler, version).unitDefinitions}
    power = units["kW"].baseUnit
    assert (power.kg, power.m, power.s, power.factor) == (1, 2, -3, 1000.0)
    shown = {one.name: one for one in units["K"].displayUnits}
    assert (shown["degC"].factor, shown["degC"].offset) == (1.0, -273.15)
    assert 300.0 * shown["degF"].factor + shown["degF"].offset == pytest.approx(80.33)


@pytest.mark.parametrize("version", VERSIONS)
def test_dependencies_are_those_of_the_graph(version):
    """A derivative depends on the states and inputs of its equation, at the start on its parameters too."""
    description = _described(Boiler, version)

    def knowns(unknowns, name):
        (found,) = (one for one in unknowns if one.variable.name == name)
        return {one.name for one in found.dependencies}

    assert knowns(description.derivatives, "der(temp)") == {"temp", "on_", "power", "outside"}
    assert knowns(description.derivatives, "der(on_)") == set()
    assert knowns(description.outputs, "spent") == {"power", "on_"}
    assert knowns(description.outputs, "temp") == {"temp"}
    at_start = knowns(description.initialUnknowns, "der(temp)")
    assert at_start == {"temp", "on_", "power", "outside", "loss", "insulated", "shell.heat"}


@pytest.mark.parametrize("version", VERSIONS)
def test_event_indicators_are_counted(version):
    """One for each event, each turn of a cycle and each condition that can be read; none without model exchange."""
    assert _described(Boiler, version).numberOfEventIndicators == 2
    assert _described(Driven, version).numberOfEventIndicators == 1
    assert _described(Words, version, "co-simulation").numberOfEventIndicators == 0


def _root(twin, version):
    return ElementTree.fromstring(zipfile.ZipFile(written(twin, version)).read("modelDescription.xml"))


def _attribute(root, path, name):
    (found,) = root.findall(path)
    return found.get(name)


def test_the_internal_step_is_told():
    """The step stands in the description: as an attribute in version 3, and in a note in both."""
    new, old = _root(Boiler, 3), _root(Boiler, 2)
    assert _attribute(new, "CoSimulation", "fixedInternalStepSize") == "0.01"
    assert _attribute(new, ".//Annotation/Method", "step") == "0.01"
    assert _attribute(old, ".//Tool/Method", "step") == "0.01"
    assert "Runge-Kutta" in str(_attribute(old, ".//Tool/Method", "name"))
    assert _attribute(new, "DefaultExperiment", "stepSize") == "0.01"


def test_the_token_follows_the_type_and_its_start(tmp_path, monkeypatch):
    """The same export has the same token and the same text; another start has another token."""
    monkeypatch.setenv("CC", "no-such-compiler")
    one = export_fmu(Boiler, tmp_path / "1.fmu", step="10 ms")
    two = export_fmu(Boiler, tmp_path / "2.fmu", step="10 ms")
    other = export_fmu(Boiler, tmp_path / "3.fmu", step="10 ms", start={Boiler.temp: 25})
    assert one.token == two.token != other.token
    texts = [zipfile.ZipFile(path).read("modelDescription.xml") for path in (one.path, two.path, other.path)]
    assert texts[0] == texts[1] != texts[2]
    assert b'start="298.15"' in texts[2]


def test_the_page_shows_the_mathematics():
    """The documentation inside the FMU has the equations as LaTeX and every variable."""
    page = zipfile.ZipFile(written(Boiler)).read("documentation/index.html").decode()
    assert r"\dot{\mathrm{temp}}" in page
    assert "shell.heat" in page
    assert schema_of(Boiler).doc in page


def test_whatever_stands_in_a_doc_the_text_is_xml(tmp_path, monkeypatch):
    """Signs of markup and control characters in a description do not break the document."""
    monkeypatch.setenv("CC", "no-such-compiler")

    class Strange(px.Twin):
        """<Odd> & "quoted"."""

        x = px.hidden("1", start=1, doc="a < b & c > \x07 'd'\nsecond line")
        pace = px.parameter("1/s", 1)

        @px.rate(x)
        def falls(self):
            return -self.pace * self.x

    made = export_fmu(Strange, tmp_path / "strange.fmu", step="10 ms")
    assert validation.validate_fmu(str(made.path)) == []
    (x,) = (one for one in fmpy.read_model_description(str(made.path)).modelVariables if one.name == "x")
    assert x.description == "a < b & c >   'd' second line"
    assert "&lt;Odd&gt;" in zipfile.ZipFile(made.path).read("documentation/index.html").decode()


def test_names_of_the_type_come_first():
    """Where a type has a signal called time, the time has another name."""
    named = _named(_described(Taken, 3))
    assert (named["time"].causality, named["time_"].causality) == ("local", "independent")
    assert named["crossing_.over"].unit == "1"
