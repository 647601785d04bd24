"""The doors: `px.export_fmu`, and `pollux export` on a site."""

import zipfile

import pytest
from tests.simulate.export.models import Boiler

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
    """Without a step one is chosen, and told."""
    monkeypatch.setenv("CC", "no-such-compiler")
    made = px.export_fmu(Boiler, tmp_path / "boiler.fmu", span="10 min")
    assert made.step is not None
    assert 0.01 < made.step < 600
    exchanged = px.export_fmu(Boiler, tmp_path / "boiler.fmu", kind="model-exchange")
    assert exchanged.step is None
