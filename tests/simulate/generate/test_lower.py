"""Lowering: a list of assignments means what the graph means, whatever the graph."""

from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.models import SECOND, Words

from pollux.columns import layout_of
from pollux.errors import SimulationError
from pollux.model.evaluate import evaluate
from pollux.model.functions import cos, exp, floor, log, maximum, minimum, sin, sqrt, tanh, where
from pollux.model.graph import Expr, lift
from pollux.model.schema import schema_of
from pollux.model.tables import table
from pollux.model.walk import topological
from pollux.model.windows import mean
from pollux.simulate import Run, run
from pollux.simulate.generate.lower import Held
from pollux.simulate.generate.numpy_printer import numpy_source
from pollux.simulate.generate.program import Program
from pollux.simulate.kernels.numpy_kernel import load_text
from pollux.simulate.methods.rows import Task, rows_of
from pollux.simulate.methods.sheet import Sheet, held_leaf, moves

SCHEMA = schema_of(Words)
ROWS = rows_of(Task(SCHEMA))
LEAVES = [SCHEMA.expression(name) for name in ("x", "y", "a", "b", "beat")]

numbers = st.one_of(
    st.sampled_from(LEAVES),
    st.floats(-3, 3).map(lambda v: cast(Expr, lift(round(v, 3)))),
)


def _grown(inner):
    one = st.sampled_from(
        [
            lambda x: -x,
            abs,
            lambda x: sin(3 * x),
            cos,
            tanh,
            floor,
            lambda x: exp(-abs(x)),
            lambda x: log(abs(x) + 0.5),
            lambda x: sqrt(abs(x)),
            lambda x: x**3,
            lambda x: (abs(x) + 1) ** -2,
            lambda x: (abs(x) + 0.1) ** 1.7,
            lambda x: table(x, {-1: 2.0, 0: 0.0, 2.5: 1.0}),
            lambda x: table(x, {-1: 2.0, 0: 0.0, 1: 0.1, 2.5: 1.0}, curve="smooth"),
            lambda x: table((x, -x), {-1: {0: 1.0, 2: -1.0}, 1: {0: 0.5, 2: 3.0}}),
        ]
    )
    two = st.sampled_from(
        [
            lambda x, y: x + y,
            lambda x, y: x - y,
            lambda x, y: x * y,
            lambda x, y: x / (abs(y) + 0.3),
            maximum,
            minimum,
            lambda x, y: where((x > y) & ~(x > 1), x, 2 * y),
            lambda x, y: where((x <= y) | (y < 0), y - x, x),
        ]
    )
    return st.one_of(
        st.builds(lambda f, x: f(x), one, inner),
        st.builds(lambda f, x, y: f(x, y), two, inner, inner),
    )


expressions = st.recursive(numbers, _grown, max_leaves=25)


def _table(members=7):
    rng = np.random.default_rng(4)
    table = ROWS.table(layout_of(SCHEMA).start(members, rng))
    for name in ("x", "y", "a", "b", "beat"):
        table[layout_of(SCHEMA).place(name)] = rng.uniform(0.05, 2.5, members)
    return table


def _lowered(expr, *, strict):
    """The expression computed by a printed kernel section that stores it in a row of its own."""
    task = Task(SCHEMA, strict=strict)
    held = Held(ROWS.kept + 1, leaf=held_leaf(ROWS), moves=moves(task), strict=strict)
    sheet = Sheet(task, ROWS, held, prefix="v")
    sheet.lines.store(ROWS.kept, sheet.instant(0.0, state=sheet.load)(expr))
    program = Program(ROWS.kept, held.rows, held.lines.section(), (), sheet.lines.section(), strict)
    module = load_text(numpy_source(program))
    table = _table()
    y = np.zeros((program.rows, table.shape[1]))
    y[: ROWS.kept] = table
    with np.errstate(all="ignore"):
        module.hold(y)
        module.step(y, *(np.zeros(1),) * 3, 0.0, 0.0, 0.0, 0)
    return y[ROWS.kept]


def _meant(expr):
    table = _table()
    place = layout_of(SCHEMA).place
    found = evaluate(expr, lambda leaf: table[place(str(leaf.data))])
    return np.broadcast_to(found, table.shape[1:])


@settings(max_examples=150, deadline=None)
@given(expressions, st.booleans())
def test_a_list_means_what_the_graph_means(expr, strict):
    """For any expression the printed list gives the numbers of the graph, with sharing, hoisting and folding."""
    found, meant = _lowered(expr, strict=strict), _meant(expr)
    near = np.isclose(found, meant, rtol=1e-9, atol=1e-9, equal_nan=True)
    # A comparison or a floor may fall the other way where both sides agree to the last digits.
    assert np.all(near | _is_on_an_edge(expr))


def _is_on_an_edge(expr):
    """Where operands of a comparison are all but equal, or that of a floor all but whole."""
    edge = np.zeros(_table().shape[1], bool)
    for one in topological([expr]):
        if one.op in ("<", "<=", ">", ">="):
            left, right = (_meant(side) for side in one.args)
            edge |= np.isclose(left, right, rtol=1e-9, atol=1e-9)
        elif one.op == "floor":
            value = _meant(one.args[0])
            edge |= np.isclose(value, np.round(value), rtol=1e-9, atol=1e-9)
    return edge


def test_a_sum_of_thousands_is_lowered():
    """Nothing recurses: an expression may be as deep as it likes."""
    deep = SCHEMA.expression("x")
    for _ in range(5000):
        deep = cast(Expr, deep + SCHEMA.expression("a"))
    assert np.allclose(_lowered(deep, strict=True), _meant(deep))


def test_windows_of_objectives_are_refused():
    """A window that the type does not have has no accumulator, and the error says what to do."""
    stranger = cast(Expr, mean(SCHEMA.expression("x"), over="3 s"))
    start = layout_of(SCHEMA).start(1)
    with pytest.raises(SimulationError, match="expected a window of Words") as refused:
        run(Run(SCHEMA, start, 0, SECOND, step=SECOND // 10, integrate={"mean": stranger}, backend="numpy"))
    assert "reading of the type" in str(refused.value)
