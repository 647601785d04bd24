"""Libraries that lack what is needed are refused by name; those that lack what is not needed run."""

import shutil
import zipfile

import numpy as np
import pytest
from tests.simulate.fmi.models import BALL, OSCILLATOR

from pollux.errors import SimulationError
from pollux.simulate.fmi import FmuPhysics, Running, open_fmu
from pollux.simulate.fmi.archive import digest_of

SECOND = 10**9


def _step(fmu, way=None):
    with FmuPhysics(fmu, running=Running(way=way, isolated=False)) as one:
        one.step(SECOND // 10)
        return one.get(one.states[0])


def test_a_missing_function_is_named(opened):
    """Without fmi2DoStep there is no co-simulation, and the error says which function is missing."""
    fmu = opened(BALL, 2, states=False, defines=("NO_DO_STEP",))
    with pytest.raises(SimulationError, match="a library without fmi2DoStep"):
        _step(fmu, "co-simulation")
    assert np.isfinite(_step(fmu, "model exchange")).all()


def test_all_missing_functions_are_named_before_any_is_called(opened):
    """A library of another version lacks everything."""
    fmu = opened(BALL, 2, states=False, defines=("NO_INSTANTIATE", "NO_DO_STEP"))
    with pytest.raises(SimulationError, match="without fmi2Instantiate, fmi2DoStep"):
        _step(fmu)


def test_another_token_is_refused_with_what_it_says(opened, built):
    """An FMU that gives no instance is an error with its own words."""
    path = built(OSCILLATOR, 2, states=False, xml=_foreign(built(OSCILLATOR, 2, states=False)))
    fmu = open_fmu(path, sha256=digest_of(path))
    with pytest.raises(SimulationError, match=r"expected an instance, got none[\s\S]*the FMU says: another guid"):
        _step(fmu)


@pytest.mark.parametrize("how", ["none", "other", "broken"])
def test_a_library_for_another_machine(opened, built, tmp_path, how):
    """The libraries that are there are named; one that cannot be loaded is an error of ours."""
    path = built(BALL, 2, states=False)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "in")
    place = next((tmp_path / "in" / "binaries").iterdir())
    if how == "broken":
        (place / "model.so").write_bytes(b"\x7fELF but not really")
    elif how == "other":
        place.rename(place.parent / "vax64")
    else:
        shutil.rmtree(place.parent)
    packed = shutil.make_archive(str(tmp_path / "again"), "zip", tmp_path / "in")
    fmu = open_fmu(packed, sha256=digest_of(tmp_path / "again.zip"))
    match = {"none": "got none", "other": "got vax64", "broken": "a library that can be loaded"}[how]
    with pytest.raises(SimulationError, match=match):
        _step(fmu)


def _foreign(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read("modelDescription.xml").decode().replace("{pollux}", "{other}")
