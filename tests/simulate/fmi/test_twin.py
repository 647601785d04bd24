"""A twin type whose signals are an FMU's variables, and its physics by their names and in their units."""

from typing import Any

import numpy as np
import pytest
from tests.simulate.fmi.models import BALL, CHAIN, OSCILLATOR, STAIRS, Model, Var

import pollux as px
from pollux.cli import main
from pollux.errors import ModelError, NotFound
from pollux.simulate.fmi import Running, physics_of
from pollux.simulate.fmi.archive import digest_of
from pollux.simulate.fmi.installed import listed

pytest.importorskip("fmpy")

SECOND = 10**9
HERE = Running(isolated=False)
KILN = Model(
    "stairs.c",
    (
        Var("oven.T", 0, causality="output", start="0", unit="degC"),
        Var("der(oven.T)", 1, derivative="oven.T"),
        Var("heat", 2, causality="input", start="0", unit="K/s", more='min="-5" max="5"'),
        Var("y", 3, causality="output", unit="gnats/blink"),
    ),
    ("der(oven.T)",),
    0,
    ("degC", "K/s", "gnats/blink"),
)


@pytest.fixture
def twin(built):
    """A class that a body, given as a dictionary, makes of an FMU of the tests."""

    def make(model, version=2, body=None, **more) -> Any:
        path = built(model, version, states=False)
        return type("Made", (px.Fmu(path, sha256=digest_of(path), **more),), dict(body or {}))

    return make


def test_signals_come_from_variables(twin):
    """Roles, units, starts and bounds follow the description; unknown units are told."""
    kiln = twin(KILN, body={"warmth": px.derived(lambda self: self.oven_T - px.quantity(0, "degC"))})
    signals = {one.name: one for one in kiln.__pollux__.signals}
    assert {name: one.role for name, one in signals.items()} == {"heat": "actuator", "oven_T": "sensor", "y": "sensor"}
    assert (str(signals["oven_T"].edge), str(signals["oven_T"].unit)) == ("degC", "K")
    assert signals["oven_T"].start == pytest.approx(273.15)
    assert (signals["heat"].low, signals["heat"].high) == (-5.0, 5.0)
    assert "gnats/blink" in str(kiln.__pollux_fmu__.warnings)
    assert str(kiln.__pollux__.derived["warmth"].unit) == "K"
    with physics_of(kiln, running=HERE) as one:
        assert one.get("oven_T") == pytest.approx(273.15)
        one.set({"heat": 2.0})
        one.step(SECOND // 2)
        assert one.get("oven_T") == pytest.approx(274.15, abs=1e-6)


def test_units_are_known_by_their_definition(twin):
    """A name that nobody knows is what the FMU defines it to be, and a definition wins against a name."""
    odd = '"><BaseUnit kg="1" s="-2" factor="1000" offset="5"/></Unit><Unit name="more'
    model = Model("stairs.c", (*KILN.variables[:3], Var("y", 3, causality="output", unit="gnats/blink")),
                  KILN.rates, 0, ("degC", f"gnats/blink{odd}", "K/s"))  # fmt: skip
    kiln = twin(model)
    assert str(kiln.__pollux__.signal("y").unit) == "kg/s**2"
    assert not kiln.__pollux_fmu__.warnings
    with physics_of(kiln, running=HERE) as one:
        one.set({"heat": 2.0})
        assert one.get("y") == pytest.approx(4.0 * 1000 + 5)


def test_names_and_units_are_mapped(twin):
    """A variable goes by another name, in another unit; arrays by their elements."""
    own = {
        "v": px.sensor("km/h", noise=0.5),
        "e": px.parameter("1", 0.5),
        "g": px.parameter("m/s**2", -1.62),
    }
    with physics_of(twin(BALL, body=own, names={"h": "height"}, units={"h": "mm"}), running=HERE) as one:
        assert set(one.states) == {"height", "v"}
        assert one.get("e") == 0.5
        one.step(SECOND // 2)
        assert one.get("height") == pytest.approx(1000 - 1620 / 2 / 4)
        assert one.get("v") == pytest.approx(-0.81 * 3.6)
    chain = twin(CHAIN, 3, names={"T": "cell"})
    assert [one.name for one in chain.__pollux__.signals] == ["warmth", "cell_1", "cell_2", "cell_3"]


@pytest.mark.parametrize(
    ("more", "error", "match"),
    [
        ({"names": {"height": "h"}}, NotFound, "expected a variable"),
        ({"units": {"h": "s"}}, px.PolluxError, "expected m, got s|expected s, got m"),
        ({"names": {"h": "x", "v": "x"}}, ModelError, "names that differ"),
        ({"names": {"der(h)": "climb"}}, ModelError, r"also=\('der\(h\)',\)"),
    ],
)
def test_what_is_not_there_is_refused(twin, more, error, match):
    """Unknown variables, units of another dimension and names that clash are errors of the class."""
    with pytest.raises(error, match=match):
        twin(BALL, **more)


def test_other_types_have_no_fmu():
    """A type of equations is not run as an FMU."""
    with pytest.raises(ModelError, match="a type made from an FMU"):
        physics_of(px.Twin)


def test_further_variables_are_read(twin):
    """What is neither output nor state is read when it is named."""
    ball = twin(BALL, also=("der(v)",), units={"der(v)": "m/s**2"})
    with physics_of(ball, members=2, running=HERE) as one:
        one.step(SECOND // 10)
        assert np.allclose(one.get("der_v"), -9.81)


def test_two_types_of_one_fmu_are_strangers_by_name(twin):
    """What a type saved is loaded by one with the same names only."""
    with physics_of(twin(OSCILLATOR), running=HERE) as one:
        saved = one.save()
    with physics_of(twin(OSCILLATOR, names={"x": "deflection"}), running=HERE) as other:  # noqa: SIM117
        with pytest.raises(px.DataRefused, match="another FMU or of another way"):
            other.load(saved)


def test_an_fmu_is_shown_before_it_is_installed(built, capsys):
    """`pollux fmu show` tells variables, units and warnings of a file, and neither runs nor installs it."""
    assert main(["fmu", "show", str(built(KILN, 2, states=False))]) == 0
    shown = capsys.readouterr().out
    assert "FMI 2, co-simulation, model exchange" in shown
    assert "input              heat [K/s]" in shown
    assert "output or state    oven.T [degC]" in shown
    assert listed() == []


def test_integers_are_numbers(twin):
    """An integer input is a parameter, an integer output a sensor."""
    roles = {one.name: one.role for one in twin(STAIRS).__pollux__.signals}
    assert (roles["n"], roles["m"], roles["steps"]) == ("parameter", "sensor", "sensor")
