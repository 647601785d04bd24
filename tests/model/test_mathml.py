"""Equations as MathML: well formed, escaped, with the brackets of the LaTeX beside them."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from tests.model.plants import Circulation, Pump
from tests.model.test_links import House
from tests.model.test_noise import Mast
from tests.model.test_settled import Patient

import pollux as px
from pollux.errors import ModelError
from pollux.model.graph import const, leaf
from pollux.model.latex import LATEX
from pollux.model.mathematics import symbol_rows
from pollux.model.mathml import MATHML, mathml
from pollux.model.schema import schema_of
from pollux.model.statements import sections
from pollux.model.units import DIMENSIONLESS, unit

A, B, N = leaf("state", "a", unit("K")), leaf("state", "b", unit("K")), leaf("state", "n", unit("1"))
SQUARE: Any = A**2 / B
BOXES = {"math", "mrow", "mspace", "mfrac", "msqrt", "msup", "msub", "munder", "mover", "mtable", "mtr", "mtd"}
CORE = BOXES | {"mi", "mn", "mo", "mtext"}


def tree(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<math>{text}</math>")


def said(text: str) -> str:
    """What a reader reads, without the boxes."""
    return "".join(tree(text).itertext())


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (A + B - A, "a+b−a"),
        (A - (B + A), "a−(b+a)"),
        ((A + B) * N, "(a+b)⋅n"),
        ((A / B) ** 2, "(ab)2"),
        (-N * N, "−n⋅n"),
        (N * -N, "n⋅(−n)"),
        (N - (-N), "n−(−n)"),
        (px.exp(-N), "e−n"),
        (px.log(N), "ln\N{FUNCTION APPLICATION}(n)"),
        (px.maximum(A, 0), "max\N{FUNCTION APPLICATION}(a,0)"),
        (abs(N), "|n|"),
        (px.quantity(350, "K") < A, "350K<a"),
        ((A > B) & ~(N <= 1), "(a>b)∧(¬(n≤1))"),
        (N * 4e-9, "n⋅4×10−9"),
        (px.where(N >= 0, N, 0), "{nifn≥00otherwise"),
        (px.peak(A, over="90 s"), "peak90s\N{FUNCTION APPLICATION}(a)"),
    ],
)
def test_expressions_are_written_with_as_few_brackets_as_are_needed(expr, text):
    """Each operation reads as mathematics, with brackets only where they matter."""
    assert said(mathml(expr)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0 / 3600.0, "<mfrac><mn>1</mn><mn>3600</mn></mfrac>"),
        (-1.0 / 86400.0, "<mo>−</mo><mfrac><mn>1</mn><mn>86400</mn></mfrac>"),
        (0.25, "<mn>0.25</mn>"),
        (2.0 / 3.0, "<mn>0.666666667</mn>"),
        (-3.0, "<mo>−</mo><mn>3</mn>"),
        (float("inf"), "<mn>∞</mn>"),
        (1e21, "<mn>1</mn><mo>×</mo><msup><mn>10</mn><mn>21</mn></msup>"),
    ],
)
def test_factors_between_units_are_fractions_and_no_number_has_more_than_nine_digits(value, text):
    """1/3600 rather than sixteen digits."""
    assert mathml(const(value, DIMENSIONLESS)) == f"<mrow>{text}</mrow>"


@pytest.mark.parametrize("kind", [Pump, Circulation, House, Patient])
def test_whole_types_are_well_formed_and_hold_nothing_but_mathml_core(kind):
    """The same statements as in LaTeX; every element is one that browsers know, and none has a style or a link."""
    schema = schema_of(kind)
    ours, theirs = sections(schema, MATHML), sections(schema, LATEX)
    assert [(one.title, len(one.statements)) for one in ours] == [(one.title, len(one.statements)) for one in theirs]
    texts = [part for one in ours for line in one.statements for part in (line.left, line.sign, line.right)]
    texts += [part for row in symbol_rows(schema, MATHML) for part in (row.symbol, row.unit)]
    for element in (element for text in texts for element in tree(text).iter()):
        assert element.tag in CORE
        assert set(element.attrib) <= {"width", "accent", "stretchy"}


@pytest.mark.parametrize(("tag", "children"), [("mfrac", 2), ("msup", 2), ("msub", 2), ("munder", 2), ("mover", 2)])
def test_elements_have_as_many_operands_as_they_need(tag, children):
    """A fraction of three is no fraction: browsers would show it as an error."""
    whole = "".join(
        line.left + line.right
        for kind in (Pump, Circulation, House, Patient)
        for one in sections(schema_of(kind), MATHML)
        for line in one.statements
    )
    found = tree(whole + MATHML.rate("x") + mathml(SQUARE)).iter(tag)
    assert {len(element) for element in found} <= {children}


def test_noise_is_written_as_a_differential():
    """A rate with noise is Itô's sentence, dX = f dt + g dW."""
    lines = {said(line.left): said(line.right) for one in sections(schema_of(Mast), MATHML) for line in one.statements}
    noisy = [right for left, right in lines.items() if left.startswith("d") and not left.endswith("dt")]
    assert noisy
    assert all("dW" in right for right in noisy)
    assert MATHML.total(["<mi>a</mi>", "<mi>b</mi>"]) == "<mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>"


def test_names_are_escaped():
    """Nothing that a name holds becomes markup."""
    assert MATHML.name("a<script>&\"'.b") == "<msub><mi>b</mi><mi>a&lt;script&gt;&amp;&quot;&#x27;</mi></msub>"


def test_what_is_too_long_is_an_error_alone_and_a_sentence_on_a_page():
    """The text of an expression is bounded although its graph may be shared a million times over."""
    grown: Any = N
    for _ in range(40):
        grown = grown * grown + 1.0
    with pytest.raises(ModelError, match="printable"):
        mathml(grown)
    assert re.fullmatch(r"<mtext>too long to be shown: \d+ operations</mtext>", MATHML.expression(grown, {}))
    assert MATHML.factor(grown, {}) == MATHML.expression(grown, {})
