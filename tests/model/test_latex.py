import pytest
from tests.model.plants import Circulation, Pump, graph
from tests.model.test_links import House
from tests.model.test_settled import Patient

import pollux as px
from pollux.errors import ModelError
from pollux.model.graph import leaf
from pollux.model.latex import latex, symbol
from pollux.model.schema import schema_of
from pollux.model.statements import equations
from pollux.model.units import unit

A, B, N = leaf("state", "a", unit("K")), leaf("state", "b", unit("K")), leaf("state", "n", unit("1"))


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (A + B - A, "a + b - a"),
        (A - (B + A), r"a - \left(b + a\right)"),
        ((A + B) * N, r"\left(a + b\right) \, n"),
        (A / (B + A), r"\frac{a}{b + a}"),
        ((A / B) ** 2, r"\left(\frac{a}{b}\right)^{2}"),
        (-N * N, r"-n \, n"),
        (N * -N, r"n \, \left(-n\right)"),
        (N - (-N), r"n - \left(-n\right)"),
        (px.exp(-N), "e^{-n}"),
        (px.sqrt(A), r"\sqrt{a}"),
        (N**0.25, "n^{0.25}"),
        (px.log(N), r"\ln\left(n\right)"),
        (px.maximum(A, 0), r"\max\left(a, 0\right)"),
        (px.floor(N), r"\left\lfloor n \right\rfloor"),
        (abs(N), r"\left| n \right|"),
        (px.quantity(350, "K") < A, r"350\,\mathrm{K} < a"),
        ((A > B) & ~(N <= 1), r"\left(a > b\right) \land \left(\lnot \left(n \le 1\right)\right)"),
        (N * 4e-9, r"n \, 4 \times 10^{-9}"),
        (
            px.where(N >= 0, N, 0),
            r"\begin{cases} n & n \ge 0 \\ 0 & \text{otherwise} \end{cases}",
        ),
        (px.peak(A, over="90 s"), r"\operatorname{peak}_{90\,\mathrm{s}}\left(a\right)"),
    ],
)
def test_expressions_are_printed_with_as_few_brackets_as_are_needed(expr, text):
    """Each operation prints as mathematics, with brackets only where they matter."""
    assert latex(expr) == text


def test_names_are_upright_words_below_their_part():
    """A word is upright, a letter in italics, a part an index, an underscore escaped."""
    assert symbol("x") == "x"
    assert symbol("lv.end_volume") == r"\mathrm{end\_volume}_{\mathrm{lv}}"
    assert symbol("a.b.c") == r"c_{\mathrm{a.b}}"


def test_the_pump_prints_itself():
    """The equations of the pump of the design, as mathematics."""
    first, second, third = equations(schema_of(Pump))
    assert first == (
        r"\dot{\mathrm{temp}} = \mathrm{friction} \, \mathrm{speed}^{2}"
        r" - \mathrm{cooling} \, \left(\mathrm{temp} - \mathrm{room}\right)"
    )
    assert second == (
        r"\dot{\mathrm{wear}} = \mathrm{ageing} \, "
        r"e^{\frac{\mathrm{temp} - \mathrm{room}}{\mathrm{softness}}}"
    )
    assert third == r"\mathrm{seal\_fails} \colon \mathrm{wear} \ge 1"


def test_derived_values_are_printed_as_their_names():
    """An equation that uses a derived value names it, and the derived value is printed once."""
    lines = equations(schema_of(Circulation))
    arteries = next(line for line in lines if line.startswith(r"\dot{\mathrm{volume}_{\mathrm{arteries}}}"))
    assert r"\mathrm{pressure}_{\mathrm{aorta}} - \mathrm{pressure}_{\mathrm{arteries}}" in arteries
    assert any(line.startswith(r"T_{\mathrm{beat}} = ") for line in lines)
    assert any(line.startswith(r"\mathrm{systolic} = \operatorname{peak}_{\mathrm{beat}}") for line in lines)


@pytest.mark.parametrize("kind", [Pump, Circulation, Patient, House])
def test_braces_are_balanced(kind):
    """Whatever a type holds, each of its lines has as many opening braces as closing ones."""
    for line in equations(schema_of(kind)):
        plain = line.replace(r"\{", "").replace(r"\}", "")
        assert plain.count("{") == plain.count("}")
        assert plain.count(r"\left") == plain.count(r"\right")


def test_a_text_that_would_never_end_is_refused():
    """An expression whose text doubles with each level is refused with a way out."""
    expr = N
    for _ in range(40):
        expr = graph(px.tanh(expr * expr))
    with pytest.raises(ModelError, match="got a very long one") as caught:
        latex(expr)
    assert "@px.derived" in str(caught.value)
