"""Derivatives are held against complex steps where a function is smooth and against differences where it is not."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.model.plants import Circulation, graph
from tests.model.test_evaluate import NUMBERS, UNITS, pures, times

import pollux as px
from pollux.errors import ModelError
from pollux.model.differentiate import derivative, jacobian
from pollux.model.evaluate import evaluate
from pollux.model.graph import Expr, const, leaf, node
from pollux.model.schema import schema_of
from pollux.model.tree import to_tree
from pollux.model.tree_reader import from_tree
from pollux.model.units import scale, unit
from pollux.model.walk import topological

N = leaf("state", "n", unit("1"))
M = leaf("param", "m", unit("1"))
TEMP = leaf("state", "temp", unit("K"))


def at(expr, **numbers):
    return evaluate(expr, lambda one: numbers[str(one.data)])


def around(expr, by, numbers, step):
    """The expression at the number of `by` and two steps to either side."""

    def moved(k):
        return evaluate(expr, lambda one: numbers[str(one.data)] + (k * step if one is by else 0.0))

    return [moved(k) for k in (-2, -1, 0, 1, 2)]


def sloped(expr, by, numbers, step):
    """A central difference of fourth order."""
    a, b, _, d, e = around(expr, by, numbers, step)
    return (8.0 * (d - b) - (e - a)) / (12.0 * step)


def is_smooth(expr, by, numbers, step):
    """Whether there is no kink between the points: all slopes between neighbours agree."""
    slopes = np.diff(np.stack(around(expr, by, numbers, step)), axis=0) / step
    return np.allclose(slopes, slopes[0], rtol=1e-2, atol=1e-5)


@given(
    st.one_of(times(3), pures(3)).filter(lambda pair: isinstance(pair.expr, Expr)),
    NUMBERS,
    st.sampled_from(sorted(UNITS)),
)
def test_a_derivative_is_the_limit_of_differences(pair, env, name):
    """Whatever stands in an expression, its derivative is what differences tend to, in the unit of their quotient."""
    numbers = {one: value[:1] / unit(UNITS[one]).factor for one, value in env.items()}
    by = leaf("state", name, unit(UNITS[name]))
    assume(is_smooth(pair.expr, by, numbers, 1e-4))
    fine = sloped(pair.expr, by, numbers, 1e-4)
    found = derivative(pair.expr, by)
    assert scale(found.unit, pair.expr.unit / by.unit) == 1.0
    mine = evaluate(found, lambda one: numbers[str(one.data)])
    size = np.max(np.abs(evaluate(pair.expr, lambda one: numbers[str(one.data)])))
    np.testing.assert_allclose(mine, fine + np.zeros_like(mine), rtol=1e-6, atol=1e-7 + 1e-9 * size)


SMOOTH = [
    px.exp,
    px.sin,
    px.cos,
    px.tanh,
    lambda x: px.log(1 + x * x),
    lambda x: px.sqrt(2 + x),
    lambda x: 1 / (3 + x),
    lambda x: x**3 - x**2 + x,
    lambda x: (2 + x) ** -16,
    lambda x: (2 + x) ** 1.5,
    lambda x: (2 + x) ** 0.3,
    lambda x: 2**x,
    lambda x: (2 + x) ** (x / 2),
    lambda x: -px.exp(-x) * x / (2 + x),
]


@given(st.lists(st.sampled_from(SMOOTH), min_size=1, max_size=3), st.floats(0.1, 1.5))
def test_a_derivative_is_exact(words, number):
    """Smooth functions of smooth functions agree with complex steps, f'(x) = Im f(x + ih) / h, to the last digits."""
    expr = N
    for word in words:
        expr = graph(word(1 / (1 + expr**2)))
    plain = evaluate(expr, lambda one: np.asarray(complex(number, 1e-30))).imag / 1e-30
    np.testing.assert_allclose(at(derivative(expr, N), n=number), plain, rtol=1e-10)


@pytest.mark.parametrize(
    ("expr", "slopes"),
    [
        (abs(N), [-1, 1, 1, 1]),
        (px.maximum(N, 1), [0, 0, 1, 1]),
        (px.minimum(N, 1), [1, 1, 1, 0]),
        (px.clip(N, -1, 1), [0, 1, 1, 0]),
        (px.where(N > 1, 3 * N, N), [1, 1, 1, 3]),
        (px.floor(N) + N, [1, 1, 1, 1]),
        (px.table(N, {-1: 0, 0: 2, 1: 1, 2: 4}), [0, -1, 3, 0]),
    ],
)
def test_at_a_kink_one_side_counts(expr, slopes):
    """Beside a kink the derivative is that of the piece, at a kink that of one side."""
    np.testing.assert_array_equal(at(derivative(expr, N), n=np.array([-2.0, 0.0, 1.0, 2.0])) + np.zeros(4), slopes)


def test_what_is_zero_everywhere_is_left_out():
    """A Jacobian holds no zeros, and not even a node is built for them."""
    found = jacobian((graph(N - N), graph(2 * M), graph(N * M), const(3.0)), (N, M))
    assert list(found) == [(1, 1), (2, 0), (2, 1)]
    assert found[1, 1] is const(2.0)
    assert found[2, 0] is M


def test_a_bounded_power_stays_bounded():
    """The derivative of the least whole power can be written as JSON like every other."""
    found = derivative(graph(N**-16), N)
    assert from_tree(to_tree(found)) is found


def test_what_is_shared_is_differentiated_once():
    """Forty squarings one inside the other have a derivative of some hundred nodes, not of a trillion."""
    expr = N
    for _ in range(40):
        expr = graph(px.tanh(expr * expr))
    assert len(topological([derivative(expr, N)])) < 400


def test_the_jacobian_of_a_circulation_is_sparse_and_right():
    """Each flow depends on its neighbours only, and every entry agrees with differences."""
    schema = schema_of(Circulation)
    leaves = [schema.expression(name) for name in schema.states if name not in schema.cycles]
    rates = [schema.rates[str(one.data)] for one in leaves]
    entries = jacobian(rates, leaves)
    assert len(entries) < 40
    numbers = {one.name: one.initial for one in schema.signals} | {"beat": 0.1}
    for (row, column), entry in entries.items():
        slope = sloped(rates[row], leaves[column], numbers, 1e-3)
        assert at(entry, **numbers) == pytest.approx(slope, rel=1e-6, abs=1e-9)
        assert entry.unit == rates[row].unit / leaves[column].unit


def test_held_values_do_not_change():
    """A window keeps the value of a closed stretch of time, so its derivative is zero; time itself has one."""
    assert derivative(graph(px.mean(TEMP, over="5 s")), TEMP) is const(0.0)
    seconds = node("time", (), unit("s"))
    assert derivative(graph(seconds * TEMP), seconds) is TEMP


def test_only_numbers_by_leaves():
    """A condition has no derivative, and there is none by what is computed."""
    with pytest.raises(ModelError, match="got a condition"):
        derivative(graph(N > 1), N)
    with pytest.raises(ModelError, match="expected a signal"):
        derivative(N, graph(N + 1))


@pytest.mark.parametrize("power", [1, 2, 0.5, 3])
def test_units_come_along(power):
    """The derivative of K**n by K is in K**(n - 1)."""
    found = derivative(graph(TEMP**power), TEMP)
    assert found.unit == graph(TEMP**power).unit / unit("K")
