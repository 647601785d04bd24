"""A twin type whose signals are an FMU's variables, and its physics by their names and in their units."""

import numpy as np
import pytest
from tests.simulate.fmi.models import BALL, CHAIN, OSCILLATOR, STAIRS, Model, Var

import pollux as px
from pollux.errors import ModelError, NotFound
from pollux.simulate.fmi import Running, physics_of
from pollux.simulate.fmi.archive import digest_of

pytest.importorskip("fmpy")

SECOND = 10**9
HERE = Running(isolated=False)
KILN = Model(
    "stairs.c",
    (
        Var("oven.T", 0, causality="output", start="20", unit="degC"),
        Var("der(oven.T)", 1, derivative="oven.T"),
        Var("heat", 2, causality="input", start="0", unit="K/s", more='min="-5" max="5"'),
        Var("y", 3, causality="output", unit="gnats/blink"),
    ),
    ("der(oven.T)",),
    0,
    ("degC", "K/s", "gnats/blink"),
)


def _base(built, model, version=2, **more):
    path = built(model, version, states=False)
    return px.Fmu(path, sha256=digest_of(path), **more)


def test_signals_come_from_variables(built):
    """Roles, units, starts and bounds follow the description; unknown units are told."""

    class Kiln(_base(built, KILN)):
        """A kiln."""

        @px.derived
        def warmth(self):
            return self.oven_T - px.quantity(0, "degC")

    signals = {one.name: one for one in Kiln.__pollux__.signals}
    assert {name: one.role for name, one in signals.items()} == {"heat": "actuator", "oven_T": "sensor", "y": "sensor"}
    assert (str(signals["oven_T"].edge), str(signals["oven_T"].unit)) == ("degC", "K")
    assert signals["oven_T"].start == pytest.approx(293.15)
    assert (signals["heat"].low, signals["heat"].high) == (-5.0, 5.0)
    assert "gnats/blink" in str(Kiln.__pollux_fmu__.warnings)
    with physics_of(Kiln, running=HERE) as one:
        assert one.get("oven_T") == pytest.approx(293.15)
        one.set({"heat": 2.0})
        one.step(SECOND // 2)
        assert one.get("oven_T") == pytest.approx(294.15, abs=1e-6)


def test_names_and_units_are_mapped(built):
    """A variable goes by another name, in another unit; arrays by their elements."""

    class Ball(_base(built, BALL, names={"h": "height"}, units={"h": "mm"})):
        v = px.sensor("km/h", noise=0.5)
        e = px.parameter("1", 0.5)
        g = px.parameter("m/s**2", -1.62)

    with physics_of(Ball, running=HERE) as one:
        assert set(one.states) == {"height", "v"}
        assert one.get("e") == 0.5
        one.step(SECOND // 2)
        assert one.get("height") == pytest.approx(1000 - 1620 / 2 / 4)
        assert one.get("v") == pytest.approx(-0.81 * 3.6)

    class Chain(_base(built, CHAIN, 3, names={"T": "cell"})):
        pass

    assert [one.name for one in Chain.__pollux__.signals] == ["warmth", "cell_1", "cell_2", "cell_3"]


def test_what_is_not_there_is_refused(built):
    """Unknown variables, units of another dimension and names that clash are errors of the class."""
    with pytest.raises(NotFound, match="expected a variable"):

        class Wrong(_base(built, BALL, names={"height": "h"})):
            pass

    with pytest.raises(px.PolluxError, match="expected s, got m"):

        class Other(_base(built, BALL, units={"h": "s"})):
            pass

    with pytest.raises(ModelError, match="names that differ"):

        class Clash(_base(built, BALL, names={"h": "x", "v": "x"})):
            pass

    with pytest.raises(ModelError, match=r"also=\('der\(h\)',\)"):

        class More(_base(built, BALL, names={"der(h)": "climb"})):
            pass

    class Own(px.Twin):
        pass

    with pytest.raises(ModelError, match="a type made from an FMU"):
        physics_of(Own)


def test_further_variables_are_read(built):
    """What is neither output nor state is read when it is named."""

    class Ball(_base(built, BALL, also=("der(v)",), units={"der(v)": "m/s**2"})):
        pass

    with physics_of(Ball, members=2, running=HERE) as one:
        one.step(SECOND // 10)
        assert np.allclose(one.get("der_v"), -9.81)


def test_two_types_of_one_fmu_are_strangers_by_name(built):
    """What a type saved is loaded by one with the same names only."""

    class Plain(_base(built, OSCILLATOR)):
        pass

    class Renamed(_base(built, OSCILLATOR, names={"x": "deflection"})):
        pass

    with physics_of(Plain, running=HERE) as one, physics_of(Renamed, running=HERE) as other:
        with pytest.raises(px.DataRefused, match="another FMU or of another way"):
            other.load(one.save())


def test_integers_are_numbers(built):
    """An integer input is a parameter, an integer output a sensor."""

    class Stairs(_base(built, STAIRS)):
        pass

    roles = {one.name: one.role for one in Stairs.__pollux__.signals}
    assert (roles["n"], roles["m"], roles["steps"]) == ("parameter", "sensor", "sensor")
