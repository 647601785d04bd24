"""What cannot be exported is refused by name, and what is given to begin with is checked."""

import numpy as np
import pytest
from tests.simulate.export.models import Boiler, Equal, Late, Linked, Nested, Noisy
from tests.simulate.models import Oscillator

import pollux as px
from pollux.model.schema import schema_of
from pollux.simulate.export import export_fmu
from pollux.simulate.export.start import start_column


@pytest.mark.parametrize(
    ("twin", "kind", "what", "where"),
    [
        (Linked, "co-simulation", "a total over linked twins", "Linked.used"),
        (Nested, "both", "a settled fast model", "Nested.y"),
        (Oscillator, "both", "over a stretch of time", "Oscillator.highest"),
        (Late, "both", "a delay", "Late.before"),
        (Noisy, "model-exchange", "white noise", "Noisy.x"),
        (Oscillator, "model-exchange", "over a stretch of time", "Oscillator.highest"),
    ],
)
def test_equations_that_cannot_leave_are_named(tmp_path, twin, kind, what, where):
    """The error says what it is, where it stands, and what to do; no file is written."""
    with pytest.raises(px.SimulationError, match=what) as refused:
        export_fmu(twin, tmp_path / "no.fmu", kind=kind, step="10 ms")
    assert refused.value.at == where
    assert refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_an_equality_cannot_be_watched(tmp_path):
    """A solver cannot find where a number equals another; steps of our own do not look for it."""
    with pytest.raises(px.ModelError, match="equality") as refused:
        export_fmu(Equal, tmp_path / "no.fmu", kind="model-exchange")
    assert refused.value.at == "Equal.exact"


@pytest.mark.parametrize(
    ("changes", "what"), [({"version": 1}, "version 2 or 3"), ({"kind": "solver"}, "expected both")]
)
def test_words_are_checked(tmp_path, changes, what):
    """Another version or kind is refused."""
    with pytest.raises(px.SimulationError, match=what):
        export_fmu(Boiler, tmp_path / "no.fmu", **changes)


def test_a_step_longer_than_a_window_is_refused(tmp_path):
    """A window of two and a half seconds needs steps that are not longer."""
    with pytest.raises(px.SimulationError, match=r"at most 2\.5 s"):
        export_fmu(Oscillator, tmp_path / "no.fmu", kind="co-simulation", step="3 s")


def test_the_start_is_told_in_declared_units():
    """Bare numbers are in the unit of the declaration, texts bring their own, names may be dotted."""
    schema = schema_of(Boiler)
    column = start_column(Boiler, schema, {Boiler.temp: 25, "shell.heat": 600, Boiler.power: "2000 W"})
    slot = dict(zip(("temp", "shell.heat", "power", "loss"), (293.15, 600.0, 2.0, 2.0), strict=True))
    slot["temp"] = 298.15
    from pollux.columns import layout_of

    found = {name: column[layout_of(schema).place(name)] for name in slot}
    assert found == pytest.approx(slot)
    assert np.isfinite(column[layout_of(schema).states]).all()


@pytest.mark.parametrize(
    ("start", "error", "what"),
    [
        ({"tmep": 25}, px.NotFound, "expected a signal"),
        ({"shown": 25}, px.SimulationError, "what is computed"),
        ({"temp": 500}, px.SimulationError, "expected a number from"),
        ({Oscillator.x: 1}, px.SimulationError, "expected signals of Boiler"),
    ],
)
def test_starts_that_cannot_be_are_refused(start, error, what):
    """Unknown names, computed values, numbers out of bounds and signals of other types are refused."""
    with pytest.raises(error, match=what):
        start_column(Boiler, schema_of(Boiler), start)


@pytest.mark.parametrize(
    ("name", "what"), [("boiler.zip", "ends in .fmu"), ("nowhere/boiler.fmu", "expected a folder")]
)
def test_paths_are_checked_first(tmp_path, name, what):
    """A name that importers do not take and a folder that is not there are told before anything is compiled."""
    with pytest.raises(px.SetupError, match=what):
        export_fmu(Boiler, tmp_path / name)
