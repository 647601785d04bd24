import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.plants import Circulation, Pump, graph
from tests.model.test_evaluate import pures, times
from tests.model.test_links import House
from tests.model.test_settled import Patient

import pollux as px
from pollux.errors import DataRefused
from pollux.model.graph import Expr, Window, const, leaf, node
from pollux.model.schema import schema_of
from pollux.model.tree import to_tree
from pollux.model.tree_reader import from_tree
from pollux.model.units import unit

TEMP = leaf("state", "temp", unit("K"))


def through_json(expr, **known):
    return from_tree(json.loads(json.dumps(to_tree(expr), allow_nan=False)), **known)


@given(st.one_of(times(3), pures(3)).filter(lambda pair: isinstance(pair.expr, Expr)))
def test_an_expression_comes_back_from_json_as_the_same_node(pair):
    """Writing an expression as JSON and reading it gives the very same node, units and factors included."""
    assert through_json(pair.expr) is pair.expr


@pytest.mark.parametrize("kind", [Pump, Circulation, Patient, House])
def test_every_equation_of_a_type_comes_back(kind):
    """Rates, derived values, readings, events and cycles survive; windows, totals and settled runs included."""
    schema = schema_of(kind)
    schemas = {one.digest: one for one in map(schema_of, (Pump, Circulation, House))}
    roots = [*schema.rates.values(), *schema.derived.values(), *schema.readings.values()]
    roots += [one.condition for one in schema.events.values()]
    known = {signal.name: signal.unit for signal in schema.signals}
    for root in roots:
        assert through_json(root, known=known, schemas=schemas) is root


def test_the_text_grows_with_the_graph():
    """What is shared is told once: squaring forty times over is forty small expressions, not a trillion."""
    expr = leaf("state", "n", unit("1"))
    for _ in range(40):
        expr = graph(px.tanh(expr * expr))
    text = json.dumps(to_tree(expr))
    assert len(text) < 10_000
    assert through_json(expr) is expr


def test_deep_expressions_are_cut_into_pieces():
    """A sum of five hundred terms comes back, though no tree of it is deeper than the bound."""
    expr = leaf("state", "n", unit("1"))
    for number in range(500):
        expr = graph(expr + float(number))
    assert through_json(expr) is expr


def test_infinity_has_a_name():
    """JSON has no infinity, so it is a word."""
    assert to_tree(const(float("-inf")))["value"]["number"] == "-inf"
    assert through_json(const(float("-inf"))) is const(float("-inf"))


def test_time_and_tables_come_back():
    """The time of the run and curves through points have a form too."""
    curve = px.table(TEMP, {250: 1, 300: 2}, units=("K", "bar"))
    assert through_json(curve) is curve
    assert through_json(node("time", (), unit("s"))).op == "time"


def value(**fields):
    return {"let": [], "value": fields}


LEAF = {"op": "state", "name": "temp", "unit": "K"}


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ([], "expected an object, got [] - at $"),
        ({"value": LEAF}, "expected the keys let, value"),
        (value(op="eval", args=[LEAF]), "expected a known operation, got 'eval' - at $.value.op"),
        (value(op="__import__", args=[]), "expected a known operation"),
        (value(op="linked", args=[LEAF]), "expected a known operation, got 'linked'"),
        (value(op="event", args=[]), "expected a known operation, got 'event'"),
        (value(op="+", args=[LEAF]), "expected 2 operands, got 1 - at $.value.args"),
        (value(op="exp", args=[LEAF, LEAF]), "expected 1 operand, got 2"),
        (value(op="+", args=[LEAF, LEAF], code="x"), "expected the keys op, args"),
        (value(op="exp", args=[LEAF]), "expected 1, got K - at $.value"),
        (value(op="+", args="ab"), "expected a list, got 'ab'"),
        (value(op="+", args=[LEAF] * 101), "expected a list of at most 100"),
        (value(op=3, args=[]), "expected a short text, got 3 - at $.value.op"),
        (value(op="state", name="x" * 300, unit="K"), "expected a short text"),
        (value(op="state", name="temp", unit="Kk"), "expected a unit, got 'Kk'"),
        (value(op="const", number="1", unit="K"), "expected a number, got '1'"),
        (value(op="const", number=True, unit="K"), "expected a number, got True"),
        (value(op="const", number=float("nan"), unit="K"), "expected a number, got nan"),
        (value(ref=0), "expected the place of an earlier expression, got 0 - at $.value"),
        (value(ref=-1), "expected the place of an earlier expression, got -1"),
        (value(ref=True), "expected the place of an earlier expression, got True"),
        ({"let": [{"ref": 0}], "value": LEAF}, "expected the place of an earlier expression, got 0 - at $.let[0]"),
        (value(op="pow", args=[LEAF], power=99), "expected a whole power from -16 to 16, got 99"),
        (value(op="pow", args=[LEAF], power=2.5), "expected a whole power"),
        (value(op="table", args=[LEAF], points=[[1, 2]], units=["K", "1"]), "expected two points or more"),
        (value(op="table", args=[LEAF], points=[[1], [2]], units=["K", "1"]), "expected pairs of numbers"),
        (value(op="window", args=[LEAF], kind="median", over="cycle", name="b"), "expected peak, trough, mean"),
        (
            value(op="window", args=[LEAF], kind="peak", over="night", name="b"),
            "expected a cycle, an event or a duration",
        ),
        (value(op="window", args=[LEAF], kind="peak", over="duration", seconds=0), "seconds above zero"),
        (value(op="where", args=[LEAF, LEAF, LEAF]), "expected a condition, got a number in K"),
        (
            value(op="settled", args=[], schema="00", inputs=[], seconds=1, every=None, step=None, output="x"),
            "expected the digest of a known type",
        ),
    ],
)
def test_what_is_no_expression_is_refused(tree, message):
    """Anything else than a well-formed tree of known operations is refused, with the place in it."""
    with pytest.raises(DataRefused) as caught:
        from_tree(tree)
    assert message in str(caught.value)


def test_depth_and_size_are_bounded():
    """A tree deeper than a hundred levels or larger than twenty thousand nodes is refused."""
    deep: object = LEAF
    for _ in range(150):
        deep = {"op": "neg", "args": [deep]}
    with pytest.raises(DataRefused, match="at most 20,000 nodes and 100 levels"):
        from_tree({"let": [], "value": deep})
    with pytest.raises(DataRefused, match="at most 20,000 nodes and 100 levels"):
        from_tree({"let": [LEAF] * 20_000, "value": LEAF})


def test_only_known_signals_may_be_named():
    """Where the signals are given, others are refused, and so are other units."""
    tree = to_tree(graph(abs(TEMP)))
    assert from_tree(tree, known={"temp": unit("K")}) is abs(TEMP)
    with pytest.raises(DataRefused, match="expected a known signal, got 'temp'"):
        from_tree(tree, known={"wear": unit("1")})
    with pytest.raises(DataRefused, match="expected temp in bar, got 'K'"):
        from_tree(tree, known={"temp": unit("bar")})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(["+", "state", "K", "window"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["op", "args", "name", "unit", "let", "value", "ref", "number", "power"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.one_of(JSON, JSON.map(lambda tree: {"let": [], "value": tree})))
def test_any_json_is_read_or_refused(tree):
    """No JSON value makes the reader fail in another way than by refusing it."""
    try:
        found = from_tree(tree)
    except DataRefused:
        return
    assert through_json(found) is found


def test_a_window_keeps_what_closes_it():
    """The three kinds of window come back as they were."""
    for window in (Window("peak", "cycle", name="beat"), Window("sum", "duration", seconds=5.0)):
        of = unit("K") * unit("s") if window.kind == "sum" else unit("K")
        assert through_json(node("window", (TEMP,), of, window)).data == window
