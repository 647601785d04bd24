"""The doors: `px.export_fmu`, and `pollux export` on a site."""

import zipfile

import pytest
from tests.simulate.export.models import Boiler
from tests.simulate.models import Decay

import pollux as px
from pollux.cli import main

SITE = """
import pollux as px


class Kettle(px.Twin):
    temp = px.sensor("degC", low=-10, high=120, start=20)
    power = px.actuator("W", low=0, high=2000, safe=0)
    heat = px.parameter("J/K", 5000)

    @px.rate(temp)
    def warms(self):
        return self.power / self.heat


site = px.Site("kitchen")
site.fleet(Kettle)
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A file that declares a site with one type, on a machine without a compiler."""
    monkeypatch.setenv("CC", "no-such-compiler")
    path = tmp_path / "site.py"
    path.write_text(SITE)
    return path


def test_a_type_of_a_site_is_exported_from_the_command_line(site, tmp_path, capsys):
    """One line says what was written: the file, the version, the kind, how it steps, for which platforms."""
    fmu = tmp_path / "kettle.fmu"
    assert main(["export", str(site), "Kettle", "--to", str(fmu), "--fmi", "2", "--span", "10 min"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{fmu}: FMI 2, both; the classical Runge-Kutta method")
    assert said.endswith("sources only: no C compiler here\n")
    assert b'modelName="Kettle"' in zipfile.ZipFile(fmu).read("modelDescription.xml")


def test_a_type_that_is_not_there_is_told_with_the_nearest(site, tmp_path, capsys):
    """A misspelt type is one clear message and no file."""
    assert main(["export", str(site), "Ketle", "--to", str(tmp_path / "no.fmu")]) == 1
    assert "did you mean 'Kettle'?" in capsys.readouterr().err
    assert not (tmp_path / "no.fmu").exists()


def test_the_chosen_step_depends_on_the_span(tmp_path, monkeypatch):
    """Without a step one is chosen for the span, and told."""
    monkeypatch.setenv("CC", "no-such-compiler")
    short, long = (px.export_fmu(Decay, tmp_path / "decay.fmu", span=span).step for span in ("100 ms", "1 min"))
    assert short is not None
    assert long is not None
    assert short < long < 2.0


def test_jumps_are_met_where_they_happen(tmp_path, monkeypatch):
    """A type whose events jump takes steps of its own, as a run of ours does; with a step it takes that."""
    monkeypatch.setenv("CC", "no-such-compiler")
    own = px.export_fmu(Boiler, tmp_path / "boiler.fmu")
    assert "Dormand" in own.method
    assert own.step is None
    assert px.export_fmu(Boiler, tmp_path / "boiler.fmu", step="10 ms").step == 0.01
    assert px.export_fmu(Boiler, tmp_path / "boiler.fmu", kind="model-exchange").step is None
