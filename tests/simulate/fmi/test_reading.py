"""Descriptions are read leniently where the FMU can be run, and refused with a reason where not."""

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.fmi.describing import described_as
from tests.simulate.fmi.models import BALL, CHAIN, COUNTER, STAIRS

from pollux.errors import DataRefused, NotFound, PolluxError, SetupError, SimulationError

pytest.importorskip("fmpy")

from pollux.simulate.fmi.opened import OpenedFmu
from pollux.simulate.fmi.reading import read_description
from pollux.simulate.fmi.running import Running
from pollux.simulate.fmi.setting import Setting

ODD = ["", "-1", "1e400", "NaN", "INF", "x", "9" * 21, "0", "true", "1 2 3", "-0.5", "\u00e9"]


def _read(tmp_path, text, encoding="utf-8"):
    (tmp_path / "modelDescription.xml").write_bytes(text.encode(encoding))
    return read_description(tmp_path, "a.fmu")


def _xml(model, version):
    return described_as(version)(model, ("cs", "me"), True, False, "")


@pytest.mark.parametrize("version", [2, 3])
def test_a_sound_description_has_no_warnings(tmp_path, version):
    """Both versions say the same of the same model."""
    found = _read(tmp_path, _xml(BALL, version))
    assert not found.warnings
    assert (found.version, found.states, found.state_count, found.indicator_count) == (version, ("h", "v"), 2, 1)
    assert found.variable("g").start == (-9.81,)
    assert found.variable("h").unit == "m"
    assert [way.way for way in found.ways] == ["co-simulation", "model exchange"]
    assert all(way.serializes for way in found.ways)
    assert (found.begin, found.step) == (0.0, 0.01)


def test_arrays_have_a_shape(tmp_path):
    """An array of FMI 3 is as many numbers, with names counted from 1."""
    found = _read(tmp_path, _xml(CHAIN, 3))
    assert found.variable("T").elements == ("T[1]", "T[2]", "T[3]")
    assert found.variable("T").start == (0.0, 10.0, 20.0)
    assert found.state_count == 3


@pytest.mark.parametrize(
    ("before", "after", "warning"),
    [
        ('fmiVersion="2.0"', 'fmiVersion="2.0.4"', "read as '2.0'"),
        ("<Real start=\"-9.81\"", '<Real declaredType="Gone" start="-9.81"', "declaredType is not defined"),
        ('causality="parameter" variability="fixed"', 'causality="parameter" variability="continuous"', "cannot be"),
        ('unit="m/s2"', 'unit="m/s2" maximal="9"', "maximal"),
        ('modelName="ball.c"', 'modelName="ball.c" colour="red"', "colour"),
        ('causality="parameter" variability="fixed"', 'causality="parameter"', "taken for fixed"),
    ],
)  # fmt: skip
def test_slips_are_warnings(tmp_path, before, after, warning):
    """What FMPy refuses, and what does not keep it from running, is told and mended."""
    text = _xml(BALL, 2)
    assert before in text
    found = _read(tmp_path, text.replace(before, after))
    assert warning in str(found.warnings)
    assert found.variable("g").start == (-9.81,)


def test_an_input_without_a_start_is_told(tmp_path):
    """It begins at 0, and that is worth a warning."""
    found = _read(tmp_path, _xml(STAIRS, 2).replace('<Real start="0"  />', "<Real/>").replace('start="0"', "", 3))
    assert "u: an input without a start" in str(found.warnings)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("<a", "description in XML"),
        ("<a/>", "understood"),
        (_xml(BALL, 2).replace('"2.0"', '"1.0"'), "understood|FMI 2 or 3"),
        (_xml(BALL, 2).replace('start="0.7"', 'start="many"'), "expected a number"),
        (_xml(BALL, 2).replace("CoSimulation", "Other").replace("ModelExchange", "More"), "scheduled execution"),
        (_xml(BALL, 2).replace('valueReference="5"', 'valueReference="-1"'), "of 32 bits"),
        (_xml(CHAIN, 3).replace('start="3"', 'start="99999999999"'), "at most 1000000 elements"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "DOCTYPE"),
    ],
)
def test_faults_are_refused(tmp_path, text, match):
    """What cannot be run is an error that says why."""
    with pytest.raises(DataRefused, match=match):
        _read(tmp_path, text)


@settings(max_examples=150)
@given(
    model=st.sampled_from([(BALL, 2), (BALL, 3), (STAIRS, 2), (CHAIN, 3), (COUNTER, 3)]),
    places=st.lists(st.tuples(st.integers(0, 500), st.sampled_from(ODD)), min_size=1, max_size=3),
)
def test_any_attribute_may_be_wrong(tmp_path_factory, model, places):
    """Whatever stands in an attribute, the description is read or refused, and what was read can be planned."""
    text = _xml(*model)
    for place, odd in places:
        attributes = list(re.finditer(r'\w+="([^"]*)"', text))
        found = attributes[place % len(attributes)]
        text = text[: found.start(1)] + odd + text[found.end(1) :]
    folder = tmp_path_factory.mktemp("odd")
    try:
        described = _read(folder, text)
        for way in described.ways:
            fmu = OpenedFmu("odd.fmu", "0" * 64, folder, described)
            assert Setting(fmu, Running(way=way.way), {}).digest
    except PolluxError:
        pass


def test_entities_do_not_hide_in_encodings(tmp_path):
    """A DOCTYPE is found in UTF-16 too, and an encoding in which it could hide is refused."""
    with pytest.raises(DataRefused, match="DOCTYPE"):
        _read(tmp_path, '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><x/>', "utf-16")
    with pytest.raises(DataRefused, match="expected UTF-8, got UTF-7"):
        _read(tmp_path, '<?xml version="1.0" encoding="UTF-7"?>+ADw-+ACE-DOCTYPE x+AD4-')


def test_an_archive_without_a_description_is_refused(tmp_path):
    """A ZIP file alone is no FMU."""
    with pytest.raises(DataRefused, match=r"without a modelDescription\.xml"):
        read_description(tmp_path, "a.fmu")


def test_the_missing_extra_is_named(tmp_path, monkeypatch):
    """Without FMPy an FMU cannot be read, and the error says what to install."""
    (tmp_path / "modelDescription.xml").write_text(_xml(BALL, 2))
    monkeypatch.setitem(sys.modules, "fmpy.model_description", None)
    with pytest.raises(SetupError, match="make install EXTRAS=fmi"):
        read_description(tmp_path, "a.fmu")


def test_names_and_ways_that_are_not_there(tmp_path):
    """The nearest variable is named, and the ways there are."""
    found = _read(tmp_path, described_as(2)(BALL, ("cs",), True, False, ""))
    with pytest.raises(NotFound, match="did you mean 'der"):
        found.variable("der(x)")
    with pytest.raises(SimulationError, match="expected model exchange, got an FMU for co-simulation"):
        found.way("model exchange")
