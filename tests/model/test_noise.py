from typing import Any

import numpy as np
import pytest

import pollux as px
from pollux.columns import Block, LiveReader, layout_of, live_view
from pollux.errors import ModelError, SimulationError
from pollux.model.differentiate import derivative
from pollux.model.evaluate import evaluate
from pollux.model.graph import leaf
from pollux.model.latex import latex
from pollux.model.schema import schema_of
from pollux.model.statements import equations
from pollux.model.tree import to_tree
from pollux.model.tree_reader import from_tree
from pollux.model.units import WHITE, unit
from pollux.simulate.methods.compose import compose
from pollux.simulate.methods.rows import Task


class Gust(px.Part):
    """Wind of its own."""

    push = px.noise()
    force = px.parameter("m/s**1.5", 0.1)

    @px.derived
    def accelerates(self):
        return self.force * self.push


class Mast(px.Twin):
    """Two masts in the same wind, one of them in gusts too."""

    wind = px.noise()
    here = Gust()
    sway, swing = px.hidden("m/s"), px.hidden("m/s")
    damping, share = px.parameter("1/s", 0.2), px.parameter("m/s**1.5", 0.3)
    shakes = px.sensor("m/s")

    @px.rate(sway, swing)
    def moves(self):
        common = self.share * self.wind
        here = px.where(self.sway > 0, self.here.accelerates, 0)
        return common + here - self.damping * self.sway, common * px.exp(-self.swing / self.swing)

    @px.reading(shakes)
    def seen(self):
        return self.sway


SCHEMA = schema_of(Mast)
WIND = leaf("noise", "wind", WHITE)


def test_noise_is_a_leaf_and_no_signal():
    """A noise has a name and the unit 1/s**0.5, but no slot and no place among the signals."""
    assert SCHEMA.noises == ("wind", "here.push")
    assert SCHEMA.expression("wind") is WIND
    assert unit("1/s") == WHITE**2
    assert not set(SCHEMA.noises) & set(layout_of(SCHEMA).names)
    assert not set(SCHEMA.noises) & set(SCHEMA.index)


def test_its_strength_is_the_derivative():
    """What multiplies the noise in a rate is the derivative by it, with what its condition lets through."""
    strength = derivative(SCHEMA.rates["sway"], leaf("noise", "here.push", WHITE))
    assert strength.unit.dimension == unit("m/s**1.5").dimension
    numbers: dict[str, Any] = {"here.force": 0.1, "sway": np.array([-1.0, 1.0])}
    assert evaluate(strength, lambda one: numbers[str(one.data)]).tolist() == [0.0, 0.1]
    assert evaluate(derivative(SCHEMA.rates["sway"], WIND), lambda one: 0.3) == pytest.approx(0.3)


def test_live_numbers_are_those_without_noise():
    """Evaluated, a noise is its mean, zero, and nobody is asked for it."""
    numbers = {"here.force": 0.1, "sway": 2.0, "damping": 0.2, "share": 0.3}
    assert evaluate(SCHEMA.rates["sway"], lambda one: numbers[str(one.data)]) == pytest.approx(-0.4)


def test_a_live_view_shows_its_mean():
    """On a live view a noise is zero, and what is derived from it is what it is without."""
    block = Block(SCHEMA)
    block.add_many(["M-1"])
    now = live_view(Mast, LiveReader({"Mast": block}, "Mast", 0, now=0))
    assert float(now.wind) == 0.0
    assert float(now.here.accelerates) == 0.0


def test_noise_is_printed_and_comes_back_from_json():
    """A noise has a form as mathematics and one as JSON."""
    assert any(r"\mathrm{d}W_{\mathrm{wind}}" in line for line in equations(SCHEMA))
    assert latex(WIND) == r"\xi_{\mathrm{wind}}"
    assert to_tree(WIND)["value"] == {"op": "noise", "name": "wind"}
    assert from_tree(to_tree(SCHEMA.rates["sway"])) is SCHEMA.rates["sway"]


def test_a_kernel_refuses_noise():
    """No kernel is written that would leave the noise out in silence."""
    with pytest.raises(SimulationError, match="expected a method for noise"):
        compose(Task(SCHEMA))


def rated(equation):
    class Moved(px.Twin):
        w, v = px.noise(), px.noise()
        x, k = px.hidden("1"), px.parameter("1/s**0.5", 1)

        @px.rate(x)
        def moves(self):
            return equation(self)

    return schema_of(Moved)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        (lambda self: self.w**2, "affine in noise, got one that is not in w"),
        (lambda self: self.k * abs(self.w), "affine in noise"),
        (lambda self: self.k * px.maximum(self.w, 0), "affine in noise"),
        (lambda self: self.k**3 / self.w, "affine in noise"),
        (lambda self: self.w * self.v, "affine in noise, got one that is not in"),
        (lambda self: self.k * px.where(self.w > 0, self.w, 0), "the operands of > without noise, got w"),
        (lambda self: self.k**2 * px.floor(self.w / self.k), "the operands of floor without noise, got w"),
        (lambda self: self.w, "got 1/s"),
    ],
)
def test_a_rate_is_affine_in_noise(equation, message):
    """Anything else than a sum of noises times what has none is refused, and so is a unit that does not fit."""
    with pytest.raises(ModelError, match=message):
        rated(equation)


def test_affine_rates_pass():
    """Noise may be scaled by states, divided, chosen by a condition on states and hidden in derived values."""
    for equation in (
        lambda self: self.k * self.w * self.x - self.w / (1 + self.x**2) * self.k,
        lambda self: px.where(self.x > 1, self.k * self.w, self.k * self.v),
        lambda self: -(self.k * (self.w - self.v)) + self.k**2,
    ):
        assert rated(equation).noises == ("w", "v")


def test_only_rates_may_use_noise():
    """A reading, an event, a jump, a residual and a window have no value of white noise to use."""

    def reading():
        class Read(px.Twin):
            w, x = px.noise(), px.sensor("1/s**0.5")

            @px.reading(x)
            def seen(self):
                return self.w

    def event():
        class Happens(px.Twin):
            w = px.noise()

            @px.event
            def high(self):
                return self.w > 0

    def residual():
        class Zero(px.Twin):
            w, x = px.noise(), px.hidden("1/s**0.5")

            @px.algebraic(x)
            def zero(self):
                return self.x - self.w

    def window():
        class Closed(px.Twin):
            w, k = px.noise(), px.parameter("s**0.5", 1)

            @px.derived
            def most(self):
                return px.peak(self.k * self.w, over="1 s")

    def turn():
        class Turns(px.Twin):
            w, k = px.noise(), px.parameter("s**1.5", 1)

            @px.cycle
            def beat(self):
                return self.k * self.w

    for body, what in (
        (reading, "x without noise"),
        (event, "operands of > without noise"),
        (residual, "the residual of x without noise"),
        (window, "operands of window without noise"),
        (turn, "beat without noise"),
    ):
        with pytest.raises(ModelError, match=what):
            body()


def test_another_noise_is_another_type():
    """Whether two states share one noise or have one each counts in the digest."""

    def shared(same):
        class Pair(px.Twin):
            w, v = px.noise(), px.noise()
            x, y, k = px.hidden("1"), px.hidden("1"), px.parameter("1/s**0.5", 1)

            @px.rate(x, y)
            def moves(self):
                return self.k * self.w, self.k * (self.w if same else self.v)

        return schema_of(Pair)

    assert shared(True) == shared(True)
    assert shared(True) != shared(False)
