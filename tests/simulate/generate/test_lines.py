"""The intermediate language: sharing, folding, reuse of names."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pollux.simulate.generate.assign import Assign
from pollux.simulate.generate.fold import fold
from pollux.simulate.generate.lines import Lines
from pollux.simulate.generate.registers import reused

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)


def test_equal_operations_appear_once():
    """a + b and b + a are one assignment, a - b and b - a are two."""
    lines = Lines()
    assert lines.emit("+", "a", "b") == lines.emit("+", "b", "a")
    assert lines.emit("-", "a", "b") != lines.emit("-", "b", "a")
    assert len(lines.assigns) == 3


def test_one_and_true_and_minus_zero_are_told_apart():
    """Arguments that Python calls equal are not taken for each other."""
    lines = Lines()
    names = {
        lines.emit("*", "a", 2.0),
        lines.emit("shl", "a", 2),
        lines.emit("/", "a", 0.0),
        lines.emit("/", "a", -0.0),
    }
    assert len(names) == 4


@given(NUMBERS, NUMBERS, st.sampled_from("+-*"))
def test_constants_are_folded_exactly(a, b, op):
    """A folded operation gives the very number that the machine would, or is not folded."""
    folded = fold(op, (a, b))
    with np.errstate(all="ignore"):
        expected = {"+": np.add, "-": np.subtract, "*": np.multiply}[op](a, b)
    assert folded == expected if np.isfinite(expected) else folded is None


def test_nothing_that_could_be_nan_is_folded_away():
    """0 x and x - x stay, because x may be NaN; division by zero is left to the kernel."""
    assert fold("*", ("x", 0.0)) is None
    assert fold("-", ("x", "x")) is None
    assert fold("==", ("x", "x")) is None
    assert fold("/", (1.0, 0.0)) is None
    assert fold("exp", (1000.0,)) is None


def test_choices_and_logic_that_are_known_vanish():
    """A choice with a known condition is its branch; `and True` and `or False` do nothing."""
    assert fold("where", (True, "a", "b")) == "a"
    assert fold("where", ("c", "a", "a")) == "a"
    assert fold("and", ("c", True)) == "c"
    assert fold("and", ("c", False)) is False
    assert fold("or", (False, "c")) == "c"


def test_a_truth_value_counts_one_or_zero():
    """Used as a number a condition becomes a choice, and a number used as a condition is true unless it is 0."""
    lines = Lines()
    condition = lines.emit("<", "a", "b")
    assert lines.assigns[-1].op == "<"
    lines.real(condition)
    assert lines.assigns[-1] == Assign("v1", "where", ("v0", 1.0, 0.0))
    assert lines.real(True) == 1.0
    assert lines.truth(condition) == condition


def test_stores_come_last_and_never_hold_a_view():
    """A row that is loaded, stored elsewhere and overwritten keeps its old value where it was stored."""
    lines = Lines()
    first, second = lines.emit("load", 0), lines.emit("load", 1)
    lines.store(0, second)
    lines.store(1, first)
    section = lines.section()
    assert [a.op for a in section] == ["load", "load", "copy", "copy", "store", "store"]
    copies, stores = section[2:4], section[4:]
    assert [a.args for a in copies] == [("v1",), ("v0",)]
    assert [a.args for a in stores] == [(0, copies[0].name), (1, copies[1].name)]


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=40))
def test_reused_names_compute_the_same(steps):
    """Whatever the list, the version with few names gives the same results."""
    assigns = [Assign("n0", "+", ("x", 1.0))]
    for k, (op, a, b) in enumerate(steps, start=1):
        assigns.append(Assign(f"n{k}", op, (f"n{a % k}", f"n{b % k}")))
    wanted = (assigns[-1].name, assigns[len(assigns) // 2].name)
    fewer, results = reused(assigns, wanted)
    assert _interpreted(fewer, results) == _interpreted(assigns, wanted)
    assert len({a.name for a in fewer}) <= len(assigns)


def _interpreted(assigns, results):
    values = {"x": np.float64(0.7)}
    operate = {"+": np.add, "-": np.subtract, "*": np.multiply}
    with np.errstate(all="ignore"):
        for assign in assigns:
            args = [values[a] if isinstance(a, str) else a for a in assign.args]
            values[assign.name] = operate[assign.op](args[0], args[1])
    return [repr(values[r]) for r in results]


def test_terms_write_arithmetic():
    """The signs of Python append one assignment each, and known numbers cost none."""
    lines = Lines()
    x = lines.term("x")
    result = (1.0 - x) * 2.0 / (x + 0.0)
    assert [a.op for a in lines.assigns] == ["-", "*", "/"]
    assert result.arg == "v2"
    assert lines.term(math.pi).max(3.0).arg == math.pi
