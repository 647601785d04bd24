"""The words of the errors that a modeller meets, in full: they are part of the interface."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pollux as px
from pollux.errors import ModelError

HERE = Path(__file__).name


# The same words, unseen by type checkers, which refuse many of these mistakes before Pollux does.
wild: Any = px


class Other(px.Twin):
    x = px.hidden("K")


def refused(define) -> str:
    """The text of the error that a class body raises, with line numbers as N."""
    with pytest.raises(ModelError) as caught:
        define()
    assert caught.value.at, "an error says where"
    head, _, tail = str(caught.value).partition(f"({HERE}:")
    return head + "(N" + tail.lstrip("0123456789") if tail else head


def test_a_bare_number():
    """A number without a unit is answered with the parameter to declare."""

    def define():
        class Pump(px.Twin):
            temp = px.hidden("K")
            cooling = px.parameter("1/s", 1)

            @px.rate(temp)
            def cools(self):
                return self.cooling * (self.temp - 293)

    assert refused(define) == (
        "expected K, got the bare number 293 - at Pump.cools (N)\n"
        'hint: make it a px.parameter("K", 293), or write px.quantity(293, "K")'
    )


def test_the_line_is_that_of_the_mistake():
    """The place names the line inside the equation, not its first one."""
    with pytest.raises(ModelError) as caught:

        class Pump(px.Twin):
            temp = px.hidden("K")
            pressure = px.parameter("bar", 1)

            @px.derived
            def wrong(self):
                fine = self.temp * 2
                return fine + self.pressure

    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    number = next(at for at, line in enumerate(lines, 1) if line.strip() == "return fine + self.pressure")
    assert caught.value.at == f"Pump.wrong ({HERE}:{number})"


def test_the_wrong_unit_of_a_rate():
    """A rate whose dimension is not that of its state per time is told what is missing."""

    def define():
        class Pump(px.Twin):
            temp = px.hidden("K")
            room = px.parameter("K", 1)

            @px.rate(temp)
            def cools(self):
                return self.room - self.temp

    assert refused(define) == (
        "expected K/s for the rate of temp, got K - at Pump.cools (N)\nhint: what is missing is a factor in 1/s"
    )


def test_a_misspelt_name():
    """An unknown name is answered with the nearest one."""

    def define():
        class Pump(px.Twin):
            temp = px.hidden("K")
            cooling = px.parameter("1/s", 1)

            @px.rate(temp)
            def cools(self):
                return self.coolign * self.temp  # type: ignore[attr-defined]  # which a checker sees too

    assert (
        refused(define) == "expected a name of Pump, got 'coolign' - at Pump.cools (N)\nhint: did you mean 'cooling'?"
    )


def test_an_algebraic_loop():
    """Derived values that need each other are told as the loop they make."""

    def define():
        class Pump(px.Twin):
            temp = px.hidden("K")

            @px.derived
            def a(self):
                return self.b + self.temp

            @px.derived
            def b(self):
                return self.a - self.temp

    assert refused(define) == (
        "expected values that do not need themselves, got the loop a -> b -> a - at Pump.b (N)\n"
        "hint: a loop through a state or an unknown is sound: give one of them a px.rate or a px.algebraic"
    )


def test_a_python_branch():
    """An `if` on a signal is answered with px.where."""

    def define():
        class Pump(px.Twin):
            temp = px.hidden("K")
            cooling = px.parameter("K/s", 1)
            limit = px.parameter("K", 3)

            @px.rate(temp)
            def cools(self):
                if self.temp > self.limit:
                    return -self.cooling
                return 0

    assert refused(define) == (
        "expected an expression, got a Python branch on a signal - at Pump.cools (N)\n"
        "hint: px.where(condition, then, otherwise) chooses by value; & | ~ join conditions; px.maximum instead of max"
    )


def test_numpy_in_an_equation():
    """np.exp of a signal is answered with px.exp."""

    def define():
        class Pump(px.Twin):
            wear = px.hidden("1")

            @px.derived
            def wears(self):
                return np.exp(self.wear)

    assert refused(define) == (
        "expected px functions, got np.exp of a signal - at Pump.wears (N)\nhint: use px.exp in equations"
    )


def test_math_in_an_equation():
    """math.exp of a signal is answered with px.exp too."""

    def define():
        class Pump(px.Twin):
            wear = px.hidden("1")

            @px.derived
            def wears(self):
                return math.exp(self.wear)

    assert refused(define) == (
        "expected a live value for float, got a signal inside an equation - at Pump.wears (N)\n"
        "hint: an equation has no numbers yet: use px.exp, not math.exp or np.exp"
    )


def test_a_rate_for_an_actuator():
    """What is set from outside has no rate."""

    def define():
        class Pump(px.Twin):
            speed = px.actuator("rpm", low=0, high=1)

            @px.rate(speed)
            def turns(self):
                return 0

    assert refused(define) == (
        "expected a sensor or a hidden to have a rate, got the actuator speed - at Pump.turns (N)\n"
        "hint: an actuator is set from outside: make it a px.hidden, or let a px.hidden follow it"
    )


def test_a_sensor_with_rate_and_reading():
    """A sensor is a state or is computed from states, not both."""

    def define():
        class Pump(px.Twin):
            temp = px.sensor("K")
            heat = px.parameter("K/s", 1)

            @px.rate(temp)
            def heats(self):
                return self.heat

            @px.reading(temp)
            def seen(self):
                return self.temp

    assert refused(define) == (
        "expected a rate or a reading of temp, got both - at Pump.seen (N)\nhint: a rate makes it a state, measured"
    )


def test_an_unknown_unit():
    """A misspelt unit is answered where the signal is declared."""

    def define():
        class Pump(px.Twin):
            pressure = px.sensor("mmhg")

    assert refused(define) == ("expected a unit, got 'mmhg' - at Pump.pressure (N)\nhint: did you mean 'mmHg'?")


def body(**extra):
    """A class body with a state, a sensor, a parameter and whatever is added."""
    names = {
        "x": px.hidden("K"),
        "y": px.hidden("m"),
        "seen": px.sensor("K"),
        "k": px.parameter("K/s", 1),
        "limit": px.parameter("K", 1),
        "label": px.fact("text"),
        "fuel": px.fact(["gas", "oil"]),
    }
    return names | {name: make(names) for name, make in extra.items()}


def happening(names):
    """An event to jump at."""
    names["hot"] = px.event(lambda self: self.x >= self.limit)
    return names["hot"]


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"f": lambda n: wild.rate(n["x"], n["y"])(lambda self: self.k)}, "expected 2 values (x, y), got 1"),
        ({"f": lambda n: wild.rate(n["x"])(lambda self: (self.k, self.k))}, "expected 1 value (x), got 2"),
        ({"f": lambda n: wild.rate()(lambda self: self.k)}, "expected the states that change, got none"),
        ({"f": lambda n: wild.rate(n["x"], n["x"])(lambda self: (0, 0))}, "expected one rate for each state"),
        ({"f": lambda n: wild.rate(n["k"])(lambda self: 0)}, "got the parameter k"),
        ({"f": lambda n: wild.rate(n["label"])(lambda self: 0)}, "got the fact label"),
        ({"f": lambda n: wild.rate(Other.x)(lambda self: 0)}, "expected a signal of Some, got Other.x"),
        ({"f": lambda n: wild.rate(3)(lambda self: 0)}, "expected a signal of Some, got 3"),
        ({"f": lambda n: wild.rate(n["x"])(lambda self: None)}, "expected a signal or a number, got None"),
        (
            {"f": lambda n: wild.rate(n["x"])(lambda self: self.x > self.limit)},
            "expected K/s for the rate of x, got a condition",
        ),
        ({"f": lambda n: wild.rate(n["x"])(lambda self: 3)}, "expected K/s for the rate of x, got 1"),
        (
            {"f": lambda n: wild.reading(n["x"])(lambda self: self.x)},
            "expected a sensor to have a reading, got the hidden x",
        ),
        (
            {name: lambda n: wild.reading(n["seen"])(lambda self: self.x) for name in ("f", "g")},
            "expected one reading for each sensor, got a second for seen",
        ),
        ({"f": lambda n: wild.reading(n["seen"])(lambda self: self.y)}, "expected K for seen, got m"),
        ({"f": lambda n: wild.event(lambda self: self.x)}, "expected a condition, got a number in K"),
        ({"f": lambda n: wild.event(lambda self: self.x == self.limit)}, "got an equality"),
        ({"f": lambda n: wild.on(happening(n), n["k"])(lambda self: 0)}, "expected a state to jump, got k"),
        ({"f": lambda n: wild.on(n["x"], n["x"])(lambda self: 0)}, "expected an event or a cycle of Some, got Some.x"),
        ({"f": lambda n: wild.cycle(lambda self: self.x)}, "expected s for f, got K"),
        ({"f": lambda n: wild.derived(lambda self: self.label)}, "expected a number, got the text 'label'"),
        ({"f": lambda n: wild.derived(lambda self: self.fuel == "gas")}, "expected a number, got the choice 'fuel'"),
        ({"f": lambda n: wild.derived(lambda self: "x")}, "expected a signal or a number, got 'x'"),
        ({"f": lambda n: wild.derived(lambda self: self)}, "expected a value, got Some"),
        ({"f": lambda n: wild.derived(lambda self: self.x[0])}, "expected an equation of signals, got TypeError"),
        ({"f": lambda n: wild.derived(lambda self, other: self.x)}, "expected an equation of signals, got TypeError"),
        ({"f": lambda n: wild.derived(lambda self: self.x if self.x else 0)}, "Python branch on a signal"),
        ({"f": lambda n: wild.derived(lambda self: setattr(self, "x", 3))}, "expected Some.x to be read, got a change"),
        ({"f": lambda n: wild.derived(lambda self: float(self.x.sigma))}, "expected a live value for .sigma"),
        ({"f": lambda n: wild.derived(lambda self: wild.exp("x"))}, "expected a signal or a number, got 'x'"),
        ({"f": lambda n: wild.derived(lambda self: wild.exp(self))}, "expected signals and numbers, got"),
        ({"f": lambda n: wild.derived(lambda self: 20 + px.quantity(3, "degC/s"))}, "a difference of one degC is 1 K"),
    ],
)
def test_each_mistake_is_refused_with_its_place(extra, message):
    """Every mistake of a class body is a ModelError that says what was expected and found, and where."""
    with pytest.raises(ModelError) as caught:
        type("Some", (px.Twin,), body(**extra))
    assert message in str(caught.value)
    assert str(caught.value.at).startswith("Some.")
    assert f"({HERE}:" in str(caught.value.at)


def test_a_cycle_is_no_value():
    """A cycle has a phase, an elapsed time and a period, and is no number itself."""
    with pytest.raises(ModelError, match="expected a value, got Turn") as caught:

        class Some(px.Twin):
            pace = px.parameter("1/s", 1)

            @px.cycle
            def beat(self):
                return 1 / self.pace

            @px.derived
            def wrong(self):
                return self.beat

    assert "a cycle gives .phase, .elapsed and .period" in str(caught.value)


def test_errors_leave_as_they_are():
    """An error of the class body is a ModelError itself, not wrapped by the making of the class."""
    with pytest.raises(ModelError):

        class Some(px.Twin):
            x = px.sensor("nonsense")
