"""Documents made of facts: fields of a real type, comparisons, words, values at their edges."""

import contextlib
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pollux as px
from pollux.act import Effect, Order, Outcome, Transition
from pollux.columns.batch import Refusal
from pollux.columns.frames import Origin
from pollux.columns.quality import Quality, Reason
from pollux.errors import DataRefused
from pollux.model.schema import schema_of
from pollux.show.compose import state, where
from pollux.show.compose.marks import of_alarm
from pollux.show.compose.orders import Standing, outcome_row, row
from pollux.show.compose.reception import refusals
from pollux.show.compose.scores import row as score_row
from pollux.show.compose.types import outward_columns, twin_type
from pollux.show.compose.wall import spots, tile
from pollux.show.compose.words import MINUS, number
from pollux.show.documents.acting import OrderRow
from pollux.show.documents.twins import Vital
from pollux.show.facts import Field, Points, PresenceFact, Score, Table, TwinType
from pollux.watch import Alarm


class Boiler(px.Twin):
    """A boiler in degrees Celsius."""

    temp = px.sensor("degC", low=-10, high=120, noise=0.5, every="10 s")
    wear = px.hidden("1", start=0, low=0)
    power = px.actuator("kW", low=0, high=20)
    room = px.parameter("degC", 20)
    name = px.fact("text", personal=True)


def test_a_schema_gives_its_fields() -> None:
    """Roles, units of the outside, bounds, intervals and what is personal come from the type."""
    kind = twin_type(schema_of(Boiler), plural="Boilers")
    fields = {field.name: field for field in kind.fields}
    assert (kind.name, kind.plural, kind.one) == ("Boiler", "Boilers", "boiler")
    assert [fields[name].role for name in ("temp", "wear", "power", "room", "name")] == [
        "measured", "estimate", "set", "parameter", "fact",
    ]  # fmt: skip
    assert (fields["temp"].unit, fields["temp"].every) == ("degC", 10.0)
    assert (fields["temp"].low, fields["temp"].high) == pytest.approx((-10.0, 120.0))
    assert (fields["wear"].low, fields["wear"].high) == (0.0, None)
    assert (fields["name"].personal, fields["name"].plain) == (True, False)


def test_numbers_leave_in_the_declared_unit() -> None:
    """Kelvin of the columns become degrees Celsius for clients; what has no edge stays."""
    factor, shift = outward_columns(schema_of(Boiler))
    inside = np.full((len(factor), 2), 300.0)
    outside = inside * factor + shift
    names = [signal.name for signal in schema_of(Boiler).signals]
    assert outside[names.index("temp")].tolist() == pytest.approx([26.85, 26.85])
    assert outside[names.index("power")].tolist() == [300.0, 300.0]


KIND = TwinType("T", (Field("x", "measured", "K"), Field("s", "fact", "", numeric=False)), "Ts", "t")


def table(values: list[float], texts: list[str | None]) -> Table:
    n = len(values)
    numbers = np.array([values, [math.nan] * n])
    quality = np.where(np.isnan(numbers), Quality.MISSING, Quality.GOOD).astype(np.uint8)
    zeros = np.zeros((2, n), np.int64)
    return Table(
        KIND, tuple(f"t{i}" for i in range(n)), 1, 0, numbers, quality, zeros.astype(np.uint16), zeros, zeros,
        np.full((2, n), np.nan), texts={"s": texts},
    )  # fmt: skip


@given(
    st.lists(st.floats(-5, 5) | st.just(math.nan), min_size=1, max_size=8),
    st.sampled_from([">", "<", ">=", "<=", "==", "!="]),
    st.integers(-5, 5),
)
def test_where_equals_a_slow_reference(values: list[float], sign: str, bound: int) -> None:
    """Each comparison holds for exactly the twins whose value is there and fits."""
    held = where.holds(where.parse(f"x {sign} {bound}"), table(values, [None] * len(values)))
    slow = {">": lambda v: v > bound, "<": lambda v: v < bound, ">=": lambda v: v >= bound,
            "<=": lambda v: v <= bound, "==": lambda v: v == bound, "!=": lambda v: v != bound}[sign]  # fmt: skip
    assert held.tolist() == [not math.isnan(v) and slow(v) for v in values]


@given(st.text(max_size=40))
def test_any_where_is_read_or_refused(text: str) -> None:
    """A text is comparisons or a refusal with its place, never anything else."""
    with contextlib.suppress(DataRefused):
        assert where.parse(text)


def test_texts_are_compared_as_texts() -> None:
    """A text field is compared with a text in quotes; without one it fits nothing."""
    held = where.holds(where.parse('s == "a"'), table([1.0, 2.0, 3.0], ["a", "b", None]))
    assert held.tolist() == [True, False, False]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_numbers_for_people_are_close_and_short(value: float) -> None:
    """A number as people read it is within a thousandth, and has a true minus sign."""
    text = number(value)
    read = float(text.replace(MINUS, "-").replace(",", ""))
    assert "-" not in text
    assert read == pytest.approx(value, rel=1e-3, abs=1e-6)


def test_a_value_that_is_not_finite_is_null() -> None:
    """Infinities and gaps never reach a client as numbers."""
    full = state.value(table([math.inf], [None]), 0, 0, {}, {})
    assert (full.value, full.quality, full.sigma) == (None, "missing", None)


RISE = Alarm(
    "A-1", "Patient", "H-1", "weight-rise-2-in-259200s", "weight", "high",
    "Weight up", "measured 86.6, up 2.13", 86.6, 10**18,
)  # fmt: skip


def test_a_mark_of_a_change_says_by_how_much_and_since_when():
    """The chart of the weight can carry the change, bracketed to where the rule began to count."""
    mark = of_alarm(RISE)
    assert (mark.signal, mark.short, mark.from_) == ("weight", "+2.13 in 3 days", 1e9 - 259_200)


def test_a_mark_of_a_limit_has_no_bracket():
    """A limit that was passed is a moment, not a stretch."""
    mark = of_alarm(replace(RISE, rule="weight-above-90", detail="measured 91, limit 90"))
    assert (mark.signal, mark.short, mark.from_) == ("weight", None, None)


ADVISED = Order(
    "PC-1", "Boiler", "B-1", "set", (("power", 12.0),), "pollux", 10**18, 2 * 10**18,
    "Raise the loop diuretic: advised by R-3, run F-3", advice="R-3", carrier="person",
)  # fmt: skip


def _row(asked: Order) -> OrderRow:
    order = asked.stepped(Transition("PC-1", "proposed", 10**18, "pollux", asked.reason))
    standing = Standing((), (), signatures=2, may_approve=False, may_cancel=False)
    return row(order, twin_type(schema_of(Boiler)), standing)


def test_an_order_for_a_person_is_a_plan_change_in_the_words_of_its_advice():
    """What is asked stands once, and what lies ahead is said as it is for somebody with a list."""
    shown = _row(ADVISED)
    assert (shown.title, shown.text) == ("Plan change PC-1", "Raise the loop diuretic")
    assert [one.text for one in shown.stations] == [
        "by pollux: R-3, run F-3",
        "needs 2 more signatures",
        "to the medication list",
        "read",
        "taken",
        "by measurements",
    ]


def test_an_order_for_a_device_says_what_is_set():
    """Without advice the values stand, and the stations are those of a device."""
    shown = _row(replace(ADVISED, reason="colder night", advice="", carrier="device"))
    assert (shown.title, shown.text) == ("Order PC-1", "power 12 kW")
    assert shown.stations[2].text == "to the device"


@pytest.mark.parametrize(("before", "signed", "shown"), [(86.0, True, (-2.0, -1.0)), (math.nan, False, (84.0, 85.0))])
def test_what_was_unknown_before_is_compared_by_its_values(before: float, signed: bool, shown: tuple[float, float]):
    """A change needs a beginning; without one predicted and measured values stand side by side."""
    effect = Effect("temp", "K", 10**18, before=before, median=84.0, low=83.0, high=86.0)
    found = outcome_row(Outcome(effect, 85.0, "inside"))
    assert (found.signed, (found.predicted, found.measured)) == (signed, shown)


def test_a_wall_shows_what_is_measured_of_a_person_and_nothing_that_names_them():
    """Everything of a person is personal; under a code the pulse may hang on a wall, the name may not."""
    fields = tuple(replace(field, personal=True) for field in twin_type(schema_of(Boiler)).fields)
    kind = replace(twin_type(schema_of(Boiler)), fields=fields, personal=True)
    shown = spots(kind, range(len(kind.fields)))
    assert [[kind.fields[place].name for place in spot.places] for spot in shown] == [["temp"]]


def test_a_wall_pairs_what_the_domain_pairs_and_leaves_out_what_nobody_measured():
    """What stands on top of the page stands on the tile under the same words: a pair in one place, no estimate."""
    sensors = ("systolic", "diastolic", "saturation")
    kind = TwinType(
        "P", (*(Field(name, "measured", "1") for name in sensors), Field("filling", "estimate", "1")), "", ""
    )
    vitals = [Vital(label="Pressure", signals=sensors[:2]), Vital(label="Filling", signals=("filling",))]
    vitals.append(Vital(label="Oxygen", signals=("saturation",)))
    found = [(spot.label, spot.places) for spot in spots(kind, range(4), vitals)]
    assert found == [("Pressure", (0, 1)), ("Oxygen", (2,))]
    numbers, zeros = np.array([[118.0], [72.0], [97.0], [12.0]]), np.zeros((4, 1), np.int64)
    good = np.full((4, 1), Quality.GOOD, np.uint8)
    told = Table(kind, ("B-1",), 1, 0, numbers, good, zeros.astype(np.uint16), zeros, zeros, np.full((4, 1), np.nan))
    shown = tile(told, 0, spots(kind, range(4), vitals), presence=PresenceFact(True, 1), alarm=None)
    assert [(one.value, one.second, one.stale) for one in shown.values] == [(118.0, 72.0, False), (97.0, None, False)]


def test_a_score_is_a_number_only_where_every_input_counts():
    """Else it is the least that it can be, and what is missing is named with the reason."""
    pulse, oxygen = Points("pulse", "pulse", 2), Points("oxygen", "oxygen", 0)
    whole = score_row(Score("Early", 6, (pulse, oxygen), "medium"))
    assert (whole.title, whole.points, whole.complete, whole.measure) == ("Early", 2, True, "2 of 2 inputs")
    part = score_row(Score("Early", 6, (pulse, replace(oxygen, points=None, reason="not measured")), None, "An aid."))
    assert (part.title, part.complete, part.measure) == ("Early incomplete, at least 2", False, "1 of 2 inputs")
    assert part.text == "Missing: oxygen (not measured) · An aid."


def test_every_reason_to_refuse_a_message_has_something_to_try():
    """Who reads of a refusal reads what to do about it."""
    for reason in (one for one in Reason if one.refuses):
        (fault,) = refusals([Refusal(0, 1, Origin("", "P-1"), "a/b", reason, "expected JSON", "{")])
        assert fault.hint, reason
