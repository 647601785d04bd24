from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.plants import graph

import pollux as px
from pollux.columns import Block, LiveReader, Quality, live_view
from pollux.errors import ModelError, UnitError
from pollux.model.differentiate import derivative
from pollux.model.evaluate import evaluate
from pollux.model.graph import Expr, leaf
from pollux.model.hermite import cubics, smooth
from pollux.model.latex import latex
from pollux.model.schema import schema_of
from pollux.model.tree import to_tree
from pollux.model.tree_reader import from_tree
from pollux.model.units import unit

N, M = leaf("state", "n", unit("1")), leaf("state", "m", unit("1"))
FLOW = leaf("state", "flow", unit("l/s"))

STEPS = st.lists(st.tuples(st.floats(0.01, 10), st.floats(-5, 5) | st.just(0.0)), min_size=2, max_size=8)


def points_of(steps):
    xs, ys = np.cumsum(np.array(steps), axis=0).T
    return tuple(xs.tolist()), tuple(ys.tolist())


def at(expr: object, **numbers):
    return evaluate(graph(expr), lambda one: np.asarray(numbers[str(one.data)]))


@given(STEPS)
def test_a_smooth_curve_goes_through_its_points(steps):
    """At each point it has its height, beyond the ends that of the end."""
    xs, ys = points_of(steps)
    size = max(map(abs, ys)) + 1.0
    np.testing.assert_allclose(smooth((xs, ys), np.array(xs)), ys, atol=1e-12 * size)
    np.testing.assert_allclose(smooth((xs, ys), np.array([xs[0] - 1, xs[-1] + 1])), [ys[0], ys[-1]], atol=1e-12 * size)


@given(STEPS)
def test_a_smooth_curve_swings_nowhere(steps):
    """Between two points it rises or falls all the way, as the points do, and never leaves their heights."""
    xs, ys = points_of(steps)
    for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False):
        heights = smooth((xs, ys), np.linspace(x0, x1, 41))
        assert (np.diff(heights) * np.sign(y1 - y0) >= -1e-12 * (1 + abs(y0) + abs(y1))).all()


@given(STEPS)
def test_its_slope_is_continuous(steps):
    """The slopes from both sides of an inner point are the same."""
    found = cubics(points_of(steps))
    for left, right in pairwise(found):
        end = left.c1 + left.width * (2 * left.c2 + 3 * left.width * left.c3)
        assert end == pytest.approx(right.c1, rel=1e-9, abs=1e-9)


def test_data_of_the_paper_stay_monotone():
    """The RPN 14 data of Fritsch and Carlson, which a cubic spline overshoots, rise from 0 to 1 without a swing."""
    xs = (7.99, 8.09, 8.19, 8.7, 9.2, 10.0, 12.0, 15.0, 20.0)
    ys = (0.0, 2.76429e-5, 4.37498e-2, 0.169183, 0.469428, 0.943740, 0.998636, 0.999919, 0.999994)
    heights = smooth((xs, ys), np.linspace(8, 20, 5000))
    assert (np.diff(heights) >= 0).all()
    assert heights.max() <= 1.0


def test_a_smooth_table_is_a_node_that_everything_knows():
    """Units, evaluation, derivative, LaTeX and JSON know a smooth table."""
    head = graph(px.table(FLOW, {0: 3.2, 36: 2.0, 72: 0.0}, units=("m**3/h", "bar"), curve="smooth"))
    assert (head.op, head.unit) == ("spline", unit("bar"))
    assert at(head, flow=10.0) == pytest.approx(2.0)
    assert from_tree(to_tree(head)) is head
    assert to_tree(head)["value"]["op"] == "spline"
    assert latex(head).startswith(r"\operatorname{spline}")
    assert at(head, flow=np.array([-1.0, np.nan, 100.0])).tolist() == pytest.approx([3.2, np.nan, 0.0], nan_ok=True)


@given(STEPS, st.floats(0.02, 0.98))
def test_the_derivative_of_a_smooth_table(steps, share):
    """It is what differences tend to in every interval, and zero beyond the ends."""
    xs, ys = points_of(steps)
    curve = graph(px.table(N, dict(zip(xs, ys, strict=True)), curve="smooth"))
    slope = derivative(curve, N)
    for x0, x1 in pairwise(xs):
        x, h = x0 + share * (x1 - x0), 1e-3 * min(share, 1 - share) * (x1 - x0)
        plain = (smooth((xs, ys), np.array(x + h)) - smooth((xs, ys), np.array(x - h))) / (2 * h)
        assert at(slope, n=x) == pytest.approx(plain, rel=1e-4, abs=1e-4 * (1 + abs(plain)))
    assert not at(slope, n=np.array([xs[0] - 1, xs[-1] + 1])).any()


GRID = {0.0: {0.0: 1.0, 2.0: 3.0, 5.0: 0.0}, 1.0: {0.0: 2.0, 2.0: -1.0, 5.0: 4.0}, 4.0: {0.0: 0.0, 2.0: 1.0, 5.0: 2.0}}


@given(st.floats(-1, 6), st.floats(-1, 6))
def test_a_map_is_bilinear(u, v):
    """Over two operands the height is that of straight lines in one direction between straight lines in the other."""
    u0, v0 = np.clip(u, 0, 4), np.clip(v, 0, 5)
    rows = [np.interp(v0, list(row), list(row.values())) for row in GRID.values()]
    found = at(px.table((N, M), GRID), n=u, m=v)
    assert found == pytest.approx(np.interp(u0, list(GRID), rows), abs=1e-12)


def test_a_map_has_units_and_a_derivative():
    """Both operands are told in their units; the result has its own, and slopes along both."""
    speed = leaf("state", "speed", unit("1/min"))
    found = px.table((speed, FLOW), {0: {0: 0, 36: 1}, 60: {0: 1, 36: 4}}, units=("1/s", "m**3/h", "kW"))
    assert isinstance(found, Expr)
    assert found.unit == unit("kW")
    assert at(found, speed=1800.0, flow=5.0) == pytest.approx(1.5)
    assert at(derivative(found, speed), speed=1800.0, flow=5.0) == pytest.approx(2.0 / 3600)
    assert from_tree(to_tree(found)) is found


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: px.table((N, M), {0: {0: 1, 1: 2}, 1: {0: 1, 2: 2}}), "the same inner x in every row"),
        (lambda: px.table((N, M), {0: {0: 1, 1: 2}}), "two points or more"),
        (lambda: px.table((N, M), {0: 1, 1: 2}), "two points or more"),  # type: ignore[dict-item]
        (lambda: px.table((N, M), {0: {0: 1, 1: 2}, 1: {0: 1, 1: 2}}, curve="smooth"), "straight table of one or two"),  # type: ignore[call-overload]
        (lambda: px.table(N, {0: 1, 1: 2}, curve="wavy"), "straight or smooth, got 'wavy'"),  # type: ignore[call-overload]
        (lambda: px.table(N, {0: 1, 1: 2}, units=("1", "1", "1")), "expected 2 units"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_table_is_refused(make, message):
    """A grid with gaps, too few points, another curve and other units are refused."""
    with pytest.raises(ModelError, match=message):
        make()


class Pump(px.Twin):
    flow = px.actuator("l/s", low=0, high=20, safe=10)

    @px.derived
    def head(self):
        return px.table(self.flow, {0: 3.2, 36: 1.0}, units=("m**3/h", "bar"))


def test_a_table_of_live_numbers_has_units_too():
    """Read off a live number, a curve is told in its units, and refuses a number of another dimension."""
    block = Block(schema_of(Pump))
    block.add_many(["P-1"])
    block.put(0, [0], value=5.0, event_time=0, quality=Quality.GOOD, sigma=0.0)
    now = live_view(Pump, LiveReader({"Pump": block}, "Pump", 0, now=0))
    assert float(now.head) == pytest.approx(2.1)
    read = px.table(now.flow, {0: 3.2, 36: 1.0}, units=("m**3/h", "bar"))
    assert float(read) == pytest.approx(2.1)
    assert float(px.table((now.flow, 1), {0: {0: 0, 2: 2}, 10: {0: 1, 2: 3}}, units=("l/s", "1", "1"))) == 1.5
    with pytest.raises(UnitError):
        px.table(now.flow, {0: 1, 1: 2})
