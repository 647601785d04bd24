"""Every kind of node is known to everything that walks the graph."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.plants import Pump, graph

import pollux as px
from pollux.errors import ModelError
from pollux.model import latex as printed
from pollux.model.differentiate import jacobian
from pollux.model.digest import digest_of
from pollux.model.evaluate import OUTSIDE, evaluate
from pollux.model.graph import Expr, Settled, Window, const, leaf, node, operation
from pollux.model.rules import OPERATIONS
from pollux.model.schema import schema_of
from pollux.model.tree import to_tree
from pollux.model.tree_reader import from_tree
from pollux.model.units import WHITE, unit
from pollux.model.walk import topological

N, M = leaf("state", "n", unit("1")), leaf("param", "m", unit("1"))
TEMP = leaf("state", "temp", unit("K"))
PUMP = schema_of(Pump)
POINTS = {0.0: 1.0, 1.0: 3.0, 4.0: 4.0}

SAMPLES: dict[str, Expr] = {
    "const": const(2.5, unit("K")),
    "state": N,
    "param": M,
    "phase": leaf("phase", "beat", unit("1")),
    "noise": leaf("noise", "wind", WHITE),
    "time": node("time", (), unit("s")),
    "table": graph(px.table(TEMP, POINTS, units=("K", "bar"))),
    "spline": graph(px.table(TEMP, POINTS, units=("K", "bar"), curve="smooth")),
    "delay": graph(px.delay(N + M, by="2.5 s")),
    "window": node("window", (TEMP,), unit("K*s"), Window("sum", "duration", seconds=5.0)),
    "total": node("total", (graph(M * 2),), unit("1"), "rooms"),
    "gather": node("gather", (TEMP,), unit("K"), "inlet"),
    "present": node("present", (), unit("1"), "inlet"),
    "settled": node("settled", (graph(TEMP * 1.5),), unit("K"), Settled(PUMP, ("room",), 25.0, "temp", 60.0)),
    "+": graph(N + M),
    "-": graph(N - M),
    "*": graph(N * M),
    "/": graph(N / M),
    "neg": graph(-N),
    "abs": graph(abs(N)),
    "pow": graph(TEMP**3),
    "min": graph(px.minimum(N, M)),
    "max": graph(px.maximum(N, M)),
    "where": graph(px.where(N > M, N, M)),
    "exp": graph(px.exp(N)),
    "log": graph(px.log(N)),
    "sqrt": graph(px.sqrt(TEMP)),
    "sin": graph(px.sin(N)),
    "cos": graph(px.cos(N)),
    "tanh": graph(px.tanh(N)),
    "floor": graph(px.floor(N)),
    "<": graph(N < M),
    "<=": graph(N <= M),
    ">": graph(N > M),
    ">=": graph(N >= M),
    "==": graph(N == M),
    "and": graph((N > 1) & (M > 1)),
    "or": graph((N > 1) | (M > 1)),
    "not": graph(~(N > 1)),
}
OTHERS = [graph(N**M), graph(TEMP**0.25), graph(px.table((N, M), {0: POINTS, 1: POINTS}))]


# Of numbers alone a number is made at once, and refused where there is none, such as the logarithm of -1.
NUMBERS = st.sampled_from([one for one in SAMPLES.values() if not one.is_condition and one.op != "const"])


def pure(expr: Expr) -> Expr:
    """The same number without its unit."""
    return graph(expr / px.quantity(1, str(expr.unit)))


def joined(op: str, args: list[Expr]) -> Expr:
    """An operation on pure numbers, or a condition made one by px.where."""
    a, b, c = map(pure, args)
    known = {
        "table": px.table(a, POINTS),
        "spline": px.table(a, POINTS, curve="smooth"),
        "delay": px.delay(a, by="1 s"),
    }
    if op in known:
        return graph(known[op])
    if op in ("and", "or", "not", "where"):
        holds = graph((a > b) & (b > c) if op == "and" else (a > b) | (b > c) if op == "or" else ~(a > b))
        return graph(px.where(holds, a, c))
    made = operation("pow", (a,), 2) if op == "pow" else operation(op, (a, b)[: 1 if op in ONE else 2])
    return graph(px.where(made, a, b)) if made.is_condition else made


ONE = {"neg", "abs", "exp", "log", "sqrt", "sin", "cos", "tanh", "floor"}
GROWN = st.recursive(
    NUMBERS,
    lambda inner: st.builds(
        joined,
        st.sampled_from(sorted(OPERATIONS | {"table", "spline", "delay"})),
        st.lists(inner, min_size=3, max_size=3),
    ),
    max_leaves=12,
)


@given(GROWN)
def test_whatever_is_built_of_them_comes_back(expr):
    """Expressions of all operations come back from JSON as the same node, and so do their derivatives."""
    for one in (expr, *jacobian((expr,), (N, M, TEMP)).values()):
        tree = json.loads(json.dumps(to_tree(one), allow_nan=False))
        assert from_tree(tree, schemas={PUMP.digest: PUMP}) is one


def test_there_is_a_sample_of_every_operation():
    """The samples are all that the printer of LaTeX knows, which is all there is."""
    assert SAMPLES.keys() == printed._PRINTERS.keys()
    assert SAMPLES.keys() >= OPERATIONS | (OUTSIDE - {"phase"})
    assert all(one.op == op for op, one in SAMPLES.items())


@pytest.mark.parametrize("expr", [*SAMPLES.values(), *OTHERS], ids=repr)
def test_everything_knows_every_operation(expr):
    """A node of each kind comes back from JSON, has a digest, prints, and has numbers where its leaves have some."""
    text = json.dumps(to_tree(expr), allow_nan=False)
    assert from_tree(json.loads(text), schemas={PUMP.digest: PUMP}) is expr
    assert len(digest_of(expr)) == 64
    assert printed.latex(expr)
    assert np.isfinite(np.asarray(evaluate(expr, lambda one: 0.7), np.float64))
    if not expr.is_condition:
        for slope in jacobian((expr,), (N, M, TEMP)).values():
            assert np.isfinite(evaluate(slope, lambda one: 0.7))
            assert from_tree(to_tree(slope)) is slope


@pytest.mark.parametrize("expr", [*SAMPLES.values(), *OTHERS], ids=repr)
def test_no_kind_of_node_decides_a_branch(expr):
    """Python cannot ask a node whether it is true, and the hint says what to write instead."""
    with pytest.raises(ModelError, match=r"got a Python branch on a signal\nhint: px\.where"):
        bool(expr)


@pytest.mark.parametrize("expr", [*SAMPLES.values(), *OTHERS], ids=repr)
def test_equal_nodes_are_one(expr):
    """A node made once more is the same object, so common subexpressions are shared and compared by `is`."""
    for one in topological([expr], into_totals=True):
        assert node(one.op, one.args, one.unit, one.data) is one
