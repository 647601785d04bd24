"""Expressions are drawn together with a plain NumPy function of the same meaning in base units."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.plants import graph

import pollux as px
from pollux.errors import ModelError
from pollux.model.evaluate import evaluate, evaluate_all
from pollux.model.graph import Expr, leaf
from pollux.model.units import unit

Env = dict[str, Any]
Words = tuple[Callable[..., Any], Callable[..., Any]]


@dataclass
class Pair:
    """An expression and what it should be, in base units, for numbers told in base units."""

    expr: px.Value | float
    plain: Callable[[Env], Any]


TIMES = {"t_s": "s", "t_min": "min", "t_h": "h"}
PURES = {"n": "1", "share": "percent"}
UNITS = {**TIMES, **PURES}


def known(name: str) -> Pair:
    return Pair(leaf("state", name, unit(UNITS[name])), lambda env: env[name])


def binary(word: Callable[[Any, Any], Any], plain: Callable[[Any, Any], Any], a: Pair, b: Pair) -> Pair:
    return Pair(word(a.expr, b.expr), lambda env: plain(a.plain(env), b.plain(env)))


def unary(word: Callable[[Any], Any], plain: Callable[[Any], Any], a: Pair) -> Pair:
    return Pair(word(a.expr), lambda env: plain(a.plain(env)))


SAME: list[Words] = [
    (lambda a, b: a + b, np.add),
    (lambda a, b: a - b, np.subtract),
    (px.minimum, np.minimum),
    (px.maximum, np.maximum),
]
# A sine of a great number is ill conditioned, and a step may fall on either side: both are tested on their own below.
BOUNDED: list[Words] = [
    (lambda a: px.sin(px.tanh(a)), lambda a: np.sin(np.tanh(a))),
    (lambda a: px.cos(px.tanh(a)), lambda a: np.cos(np.tanh(a))),
    (lambda a: px.exp(px.tanh(a)), lambda a: np.exp(np.tanh(a))),
    (lambda a: px.sqrt(abs(a)), lambda a: np.sqrt(np.abs(a))),
    (lambda a: px.log(1 + a**2), lambda a: np.log(1 + a**2)),
    (lambda a: -a, np.negative),
]


def times(depth: int) -> st.SearchStrategy[Pair]:
    """Expressions that are a time."""
    if depth == 0:
        return st.sampled_from(sorted(TIMES)).map(known)
    inner, pure = times(depth - 1), pures(depth - 1)
    return st.one_of(
        inner,
        st.builds(lambda f, a, b: binary(f[0], f[1], a, b), st.sampled_from(SAME), inner, inner),
        st.builds(lambda a, b: binary(lambda x, y: x * y, np.multiply, a, b), inner, pure),
        st.builds(lesser, inner, inner),
    )


def pures(depth: int) -> st.SearchStrategy[Pair]:
    """Expressions that are a pure number."""
    if depth == 0:
        number = st.floats(-3, 3).map(lambda value: Pair(value, lambda env: value))
        return st.one_of(st.sampled_from(sorted(PURES)).map(known), number)
    inner, time = pures(depth - 1), times(depth - 1)
    return st.one_of(
        inner,
        st.builds(lambda f, a, b: binary(f[0], f[1], a, b), st.sampled_from(SAME), inner, inner),
        st.builds(lambda f, a: unary(f[0], f[1], a), st.sampled_from(BOUNDED), inner),
        st.builds(lambda a, b: binary(lambda x, y: x / y, np.divide, a, b), time, times(0)),
    )


def lesser(a: Pair, b: Pair) -> Pair:
    """The lesser of two, by a condition: its value does not jump where the condition turns."""
    return Pair(px.where(graph(a.expr < b.expr), a.expr, b.expr), lambda env: np.minimum(a.plain(env), b.plain(env)))


NUMBERS = st.fixed_dictionaries({name: st.floats(0.1, 10).map(lambda x: np.array([x, 1.7, -x])) for name in UNITS})


@given(st.one_of(times(3), pures(3)).filter(lambda pair: isinstance(pair.expr, Expr)), NUMBERS)
def test_evaluate_agrees_with_plain_numpy(pair, env):
    """Whatever units meet in it, an expression has the number that plain arithmetic in base units gives."""
    told = {name: value / unit(UNITS[name]).factor for name, value in env.items()}
    mine = evaluate(pair.expr, lambda one: told[str(one.data)]) * pair.expr.unit.factor
    np.testing.assert_allclose(mine, np.broadcast_to(pair.plain(env), mine.shape), rtol=1e-9, atol=1e-7)


N = leaf("state", "n", unit("1"))


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        (px.exp, np.exp),
        (px.sin, np.sin),
        (px.cos, np.cos),
        (px.tanh, np.tanh),
        (px.floor, np.floor),
        (abs, np.abs),
        (lambda x: x**3, lambda x: x**3),
        (lambda x: x**-2, lambda x: x**-2.0),
        (lambda x: abs(x) ** 1.5, lambda x: np.abs(x) ** 1.5),
        (lambda x: 2**x, lambda x: 2**x),
        (lambda x: px.clip(x, -1, 2), lambda x: np.clip(x, -1, 2)),
        (lambda x: px.where((x > 1) | (x < -1), x, 0), lambda x: np.where(np.abs(x) > 1, x, 0)),
        (lambda x: px.where(~(x >= 0) & (x != -2), 1, 2), lambda x: np.where((x < 0) & (x != -2), 1, 2)),
        (lambda x: px.table(x, {-1: 5, 0: 1, 2: 3}), lambda x: np.interp(x, [-1, 0, 2], [5, 1, 3])),
    ],
)
def test_each_function_is_the_one_of_numpy(word, plain):
    """Every word of an equation has the meaning of its NumPy counterpart, negative arguments included."""
    numbers = np.array([-3.5, -2.0, -0.25, 0.5, 1.0, 7.25])
    np.testing.assert_allclose(evaluate(word(N), lambda one: numbers), plain(numbers), rtol=1e-14)


def test_nothing_is_raised_for_bad_arguments():
    """The root of a negative number is NaN and an overflow infinite, as in a kernel."""
    assert np.isnan(evaluate(px.sqrt(N), lambda one: -1.0))
    assert np.isinf(evaluate(px.exp(N), lambda one: 1e4))


def test_a_table_knows_its_units():
    """A curve takes its argument and gives its result in the units it was told, and refuses others."""
    flow = leaf("state", "flow", unit("l/s"))
    head = px.table(flow, {0: 3.2, 36: 1.0}, units=("m**3/h", "bar"))
    assert isinstance(head, Expr)
    assert head.unit == unit("bar")
    assert evaluate(head, lambda one: 5.0) == pytest.approx(2.1)
    with pytest.raises(ModelError, match="expected bar, got l/s"):
        px.table(flow, {0: 1, 1: 2}, units=("bar", "1"))
    with pytest.raises(ModelError, match="x increasing"):
        px.table(N, {1: 1, 0: 2})
    with pytest.raises(ModelError, match="finite"):
        px.table(N, {0: 1, 1: float("inf")})


def test_what_is_shared_is_asked_for_once():
    """Several expressions evaluated together ask for each leaf once."""
    asked: list[str] = []

    def read(one: Expr) -> float:
        asked.append(str(one.data))
        return 2.0

    double, square = N + N, N * N
    assert isinstance(double, Expr)
    assert isinstance(square, Expr)
    assert [float(one) for one in evaluate_all((double, square), read)] == [4.0, 4.0]
    assert asked == ["n"]


def test_without_a_reader_only_constants_have_numbers():
    """An expression of signals cannot be evaluated without their numbers."""
    with pytest.raises(ModelError, match="no reader of signals"):
        evaluate(N + 1)
