import re

import pytest
from tests.model.plants import Circulation, Pump
from tests.model.test_algebraic import Network
from tests.model.test_delays import Loop
from tests.model.test_discrete import Room, Servo
from tests.model.test_noise import Mast
from tests.model.test_settled import Patient

import pollux as px
from pollux.errors import ModelError
from pollux.model.drift import diffusion, drift
from pollux.model.graph import const, leaf, node, operation
from pollux.model.schema import schema_of
from pollux.model.units import WHITE, unit

KINDS = [Pump, Circulation, Network, Loop, Room, Servo, Mast, Patient]


@pytest.mark.parametrize("kind", KINDS)
def test_every_symbol_and_every_equation_is_shown(kind):
    """Each numeric signal, noise and cycle has a line in the table, each equation of each kind one of its own."""
    schema, shown = schema_of(kind), px.mathematics(kind)
    numeric = [one.name for one in schema.signals if one.kind in ("number", "flag")]
    assert [one.name for one in shown.symbols] == [*numeric, *schema.noises, *schema.cycles]
    rated = [one for one in schema.states if one not in schema.cycles and one not in schema.discrete]
    counts = {
        "States": len(rated),
        "Unknowns": len(schema.algebraic),
        "Derived values": len(schema.derived),
        "Cycles": len(schema.cycles),
        "Readings": len(schema.readings),
        "Events": len(schema.events),
        "Jumps": len(schema.jumps),
    }
    assert {one.title: len(one.statements) for one in shown.sections} == {k: n for k, n in counts.items() if n}


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_well_formed(kind):
    """Braces and environments are closed, and each row of the table has six cells."""
    shown = px.mathematics(kind)
    for text in (shown.latex(), shown.markdown()):
        bare = text.replace(r"\{", "").replace(r"\}", "")
        assert bare.count("{") == bare.count("}")
        begun, ended = (re.findall(rf"\\{word}{{(.*?)}}", text) for word in ("begin", "end"))
        assert sorted(begun) == sorted(ended)
    rows = [one for one in shown.markdown().splitlines() if one.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", one)) for one in rows} == {7}
    assert shown.markdown().count("$$") == 2 * len(shown.sections)
    assert str(shown) == shown.markdown()


def test_a_rate_with_noise_is_printed_in_the_form_of_ito():
    """What has no noise stands before dt, what multiplies a noise before its dW."""
    first, second = px.mathematics(Mast).sections[0].statements
    assert first.left == r"\mathrm{d}\mathrm{sway}"
    still, moved, gusts = first.right.split(" + ")
    assert still == r"\left(-\mathrm{damping} \, \mathrm{sway}\right) \, \mathrm{d}t"
    assert moved == r"\mathrm{share} \, \mathrm{d}W_{\mathrm{wind}}"
    assert gusts.endswith(r"\mathrm{d}W_{\mathrm{push}_{\mathrm{here}}}")
    assert r"\xi" not in first.right + second.right
    assert r"\mathrm{d}t" not in second.right


def test_states_say_what_they_are():
    """The table tells states, discrete states and unknowns from what stands still, with units and starts."""
    found = {one.name: one for kind in (Room, Network, Mast) for one in px.mathematics(kind).symbols}
    assert (found["temp"].what, found["temp"].unit, found["temp"].value) == ("sensor state", r"\mathrm{K}", "288.15")
    assert found["heating"].what == "discrete state"
    assert found["flow"].what == "hidden unknown"
    assert found["shakes"].value == ""
    assert found["wind"].unit == r"\mathrm{s^{1/2}}"


def test_texts_are_escaped():
    """A bar in a text ends no cell, and a percent sign starts no comment."""

    class Odd(px.Twin):
        r"""50 % of |x| & more_of \that."""

        share = px.parameter("1", 1, doc="a | b\nc 5 % {of} ~x")

    shown = px.mathematics(Odd)
    assert r"| a \| b c 5 % {of} ~x |" in shown.markdown()
    assert r"50 \% of |x| \& more\_of \textbackslash{}that." in shown.latex()
    assert r"5 \% \{of\} \textasciitilde{}x" in shown.latex()


def test_only_a_twin_type_has_mathematics():
    """Another class is refused."""
    with pytest.raises(ModelError, match="expected a twin type, got int"):
        px.mathematics(int)  # type: ignore[arg-type]


X, W, V = leaf("state", "x", unit("1/s")), leaf("noise", "w", WHITE), leaf("noise", "v", WHITE)
K = leaf("param", "k", WHITE)


def test_drift_and_diffusion_take_a_rate_apart():
    """Whatever way the noise came in, the drift is the rate without it and the diffusion what multiplies it."""
    pushed = operation("*", (K, W))
    less = operation(
        "-", (operation("neg", (pushed,)), operation("/", (X, operation("exp", (operation("/", (X, X)),)))))
    )
    assert drift(operation("+", (pushed, X))) is X
    assert drift(operation("-", (pushed, X))) is operation("neg", (X,))
    assert drift(X) is X
    assert drift(less).op == "neg"
    both = operation("where", (operation(">", (X, const(0.0))), pushed, operation("*", (V, K))))
    assert float(drift(both)) == 0.0
    assert [name for name, _ in diffusion(both)] == ["w", "v"]


def test_a_total_stays_as_it_is():
    """What stands in the names of a linked type is not looked into for noise."""
    rooms = node("total", (X,), X.unit, "rooms")
    assert drift(operation("+", (operation("*", (K, W)), rooms))) is rooms
