import copy
import gc
import math
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.plants import graph

import pollux as px
from pollux.errors import ModelError, UnitError
from pollux.model.graph import Expr, const, leaf, node, operation, told_in
from pollux.model.units import unit
from pollux.model.walk import leaves, names, rewritten, topological


def signal(name: str, of: str) -> Expr:
    return leaf("state", name, unit(of))


temp, room = signal("temp", "K"), signal("room", "K")
pressure, back = signal("pressure", "kPa"), signal("back", "mmHg")
wear = signal("wear", "1")


def test_equal_expressions_are_one_node():
    """The same operation on the same operands is the same object, so common subexpressions are shared."""
    assert (temp - room) * 2 is (temp - room) * 2
    assert temp - room is not room - temp
    assert const(0.0) is not const(-0.0)


def test_nodes_are_held_weakly():
    """The table of nodes keeps nothing alive: what no model uses is gone."""
    gone = weakref.ref(signal("never used again", "K") + 0)
    gc.collect()
    assert gone() is None


def test_nodes_survive_a_process_and_a_copy():
    """An expression that is pickled or copied comes back as the very same node."""
    expr = px.exp((temp - room) / px.quantity(12, "K")) * wear
    assert pickle.loads(pickle.dumps(expr)) is expr
    assert copy.deepcopy(expr) is expr


def test_a_factor_stands_where_units_meet():
    """Where two units of one dimension meet, the right one is converted; nowhere else is a factor inserted."""
    difference = pressure - back
    assert isinstance(difference, Expr)
    assert difference.unit == unit("kPa")
    assert difference.args[1].op == "*"
    assert float(difference.args[1].args[0]) == pytest.approx(0.133322387415)
    assert graph(temp - room).args == (temp, room)


def test_products_compose_units_without_factors():
    """A product keeps its operands as they are and multiplies their units."""
    flow = (pressure - back) / signal("resistance", "kPa*s/ml")
    assert isinstance(flow, Expr)
    assert flow.unit == unit("ml/s")


def test_zero_fits_every_unit():
    """Zero needs no unit, whatever it meets."""
    assert graph(px.maximum(pressure, 0)).args[1] is const(0.0, unit("kPa"))
    assert graph(temp >= 0).args[1] is const(0.0, unit("K"))


def test_a_bare_number_is_dimensionless():
    """A bare number beside a unit is refused with the way to write it; a percentage takes it as a pure number."""
    with pytest.raises(UnitError, match="expected K, got the bare number 80") as caught:
        temp - 80
    assert 'px.parameter("K", 80)' in str(caught.value)
    assert float(graph(1 - signal("damp", "percent")).args[0]) == 100.0


def test_dimensions_that_differ_are_refused():
    """A sum of two dimensions is no sum."""
    with pytest.raises(UnitError, match="expected K, got kPa"):
        temp + pressure


@pytest.mark.parametrize(
    ("power", "of", "op"), [(2, "K**2", "pow"), (-1, "1/K", "pow"), (0.5, "K**(1/2)", "sqrt"), (1.5, "K**(3/2)", "pow")]
)
def test_powers_carry_units(power, of, op):
    """Whole, half and fractional powers are taken of units too."""
    raised = temp**power
    assert isinstance(raised, Expr)
    assert (raised.unit, raised.op) == (unit(of), op)


def test_a_variable_power_is_dimensionless():
    """A power that is a signal has neither base nor exponent with a dimension."""
    assert graph(2**wear).unit == unit("1")
    with pytest.raises(UnitError, match="expected 1, got K"):
        temp**wear


def test_numbers_are_reckoned_at_once():
    """Operations on constants alone are constants, in their unit."""
    length = px.quantity(3, "min") + px.quantity(30, "s")
    assert length is const(3.5, unit("min"))
    assert float(px.sqrt(px.quantity(9, "m**2"))) == 3.0
    assert -px.quantity(3, "K") is const(-3.0, unit("K"))
    assert px.quantity(3, "m") ** 2 is const(9.0, unit("m**2"))


@pytest.mark.parametrize("wrong", [lambda: temp / 0, lambda: px.log(-1), lambda: px.exp(1000), lambda: const(math.nan)])
def test_numbers_that_do_not_exist_are_refused(wrong):
    """A division by zero or a logarithm of -1 is found while the model is defined."""
    with pytest.raises(ModelError, match="expected"):
        wrong()


def test_conditions_and_numbers_are_kept_apart():
    """A condition is no number and a number no condition, with a hint for each."""
    with pytest.raises(ModelError, match="expected a number, got a condition"):
        (temp > room) * 2
    with pytest.raises(ModelError, match="expected a condition, got a number in K"):
        (temp > room) & temp
    with pytest.raises(ModelError, match="expected a condition, got a number in K"):
        px.where(temp, 1, 0)
    assert graph((temp > room) | ~(wear >= 1)).is_condition
    assert graph(temp != room).op == "not"


def test_python_branches_are_refused():
    """`if`, `and`, `max` and chained comparisons ask for a truth value that a signal does not have."""
    for wrong in (lambda: 1 if temp > room else 2, lambda: max(temp, room), lambda: room < temp < room):
        with pytest.raises(ModelError, match="Python branch on a signal") as caught:
            wrong()
        assert "px.where" in str(caught.value)


def test_numpy_functions_are_refused_with_their_name():
    """np.exp of a signal says px.exp; np.arctan has no counterpart and says so."""
    with pytest.raises(ModelError, match=r"np\.exp of a signal") as caught:
        np.exp(temp)
    assert "use px.exp" in str(caught.value)
    with pytest.raises(ModelError, match=r"np\.maximum of a signal") as caught:
        np.maximum(temp, room)
    assert "use px.maximum" in str(caught.value)
    with pytest.raises(ModelError, match=r"np\.arctan of a signal"):
        np.arctan(wear)
    with pytest.raises(ModelError, match=r"np\.multiply of a signal"):
        np.ones(3) * temp
    with pytest.raises(ModelError, match="got a signal inside an equation"):
        math.exp(wear)


def test_numpy_numbers_are_numbers():
    """A NumPy scalar may stand where a float may, on either side."""
    assert np.float64(2.0) * wear is 2.0 * wear
    assert wear * float(np.int64(2)) is wear * 2
    assert graph(np.float32(0.5) < wear).args == (const(0.5), wear)


@pytest.mark.parametrize("thing", ["text", None, [1, 2], (1,), True, {}])
def test_other_things_are_refused(thing):
    """What can never be a value is refused by name, not by a TypeError somewhere else."""
    with pytest.raises(ModelError, match="expected a signal or a number"):
        temp + thing
    with pytest.raises(ModelError, match="expected a signal or a number"):
        temp == thing


@pytest.mark.parametrize("name", ["sigma", "age", "quality"])
def test_live_properties_have_no_meaning_in_an_equation(name):
    """Uncertainty, age and quality belong to live values."""
    with pytest.raises(ModelError, match=f"expected a live value for .{name}"):
        getattr(temp, name)


def test_expressions_do_not_change():
    """A node is a value: it cannot be written to."""
    with pytest.raises(ModelError, match="got a change"):
        temp.op = "param"


def test_deep_expressions_are_walked_without_recursion():
    """A sum of ten thousand terms is walked, rewritten and read: depth is no limit."""
    total: px.Value = wear
    for number in range(10_000):
        total = total + float(number)
    assert isinstance(total, Expr)
    assert len(topological([total])) == 20_001
    assert rewritten(total, lambda one: None) is total
    assert names(total) == {"wear"}


def test_operands_come_before_results_in_one_order():
    """The order is topological and depends on nothing but the expressions."""
    expr = graph((temp - room) * (temp + room))
    order = topological([expr])
    assert [one.op for one in order] == ["state", "state", "-", "+", "*"]
    assert [one.data for one in leaves(expr)] == ["temp", "room"]


def test_rewriting_replaces_and_keeps_the_rest():
    """A rewritten graph has the new nodes and shares all that did not change."""
    expr = graph((temp - room) * (wear + 1))
    changed = rewritten(expr, lambda one: const(293.0, unit("K")) if one is room else None)
    assert names(changed) == {"temp", "wear"}
    assert changed.args[1] is expr.args[1]


@given(st.floats(-1e6, 1e6), st.sampled_from(["K", "kPa", "percent"]), st.sampled_from(["K", "mmHg", "1"]))
def test_telling_a_constant_in_another_unit(number, have, want):
    """A constant told in another unit of its dimension is scaled; in another dimension it is refused, save for zero."""
    expr = const(number, unit(have))
    if unit(have).dimension == unit(want).dimension:
        assert float(told_in(expr, unit(want))) == pytest.approx(number * unit(have).factor / unit(want).factor)
    else:
        with pytest.raises(UnitError):
            told_in(expr, unit(want))


def test_only_operations_of_the_graph_are_made():
    """The door that checks units knows its operations and no others."""
    with pytest.raises(ModelError, match="expected an operation of the graph"):
        operation("eval", (temp,))
    assert node("window", (temp,), temp.unit, "x") is node("window", (temp,), temp.unit, "x")
