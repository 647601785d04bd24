"""An order is never carried out twice, late, by the wrong person, or outside its envelope."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pollux.act import (
    ApprovalPolicy,
    Carried,
    Effect,
    Envelope,
    Interlock,
    Order,
    OrderBook,
    OrderState,
    Outcome,
    Slew,
    judge,
    plan,
)
from pollux.act.envelope import Bounds
from pollux.act.orders import NEXT
from pollux.errors import Conflict, NotFound, OrderRefused, Overloaded

ORDER = Order("o-1", "Pump", "P-7", "set", (("speed", 2400.0),), "anna", 0, 100, "wears less")
NONE = ApprovalPolicy()
CLINICAL = ApprovalPolicy(
    signatures=1, roles=frozenset({"clinician"}), proposer_may_sign=False, reason_when_departing=True
)
DOCTOR = frozenset({"clinician"})


def test_the_same_order_twice_is_one_order() -> None:
    """The same id and body again changes nothing; another body under the id is a conflict."""
    book = OrderBook()
    assert book.propose(ORDER, 1) is book.propose(ORDER, 2)
    with pytest.raises(Conflict):
        book.propose(replace(ORDER, params=(("speed", 2500.0),)), 2)


def test_an_order_without_a_future_is_refused() -> None:
    """What has expired when it is proposed never enters the book."""
    with pytest.raises(OrderRefused):
        OrderBook().propose(ORDER, 100)


def test_time_ends_what_was_not_done() -> None:
    """An order whose time has come expires, also when nobody ticked in between."""
    book = OrderBook()
    book.propose(ORDER, 1)
    with pytest.raises(OrderRefused):
        book.step("o-1", "approved", who="bob", now=100)
    assert book.find("o-1").state == "expired"
    other = OrderBook()
    other.propose(ORDER, 1)
    assert [o.state for o in other.tick(100)] == ["expired"]
    assert other.tick(101) == []


def test_done_is_not_verified() -> None:
    """The device's word ends at done; only a measurement verifies."""
    book = OrderBook()
    book.propose(ORDER, 1)
    for state in ("approved", "sent", "accepted", "done"):
        book.step("o-1", state, who="x", now=2)
    assert book.find("o-1").open
    book.step("o-1", "verified", who="pollux", now=500)
    assert [s.state for s in book.find("o-1").steps] == ["proposed", "approved", "sent", "accepted", "done", "verified"]


def test_a_repeated_acknowledgement_changes_nothing() -> None:
    """The same step again is no second step; a step that cannot follow is refused; unknown orders are not found."""
    book = OrderBook()
    book.propose(ORDER, 1)
    book.step("o-1", "approved", who="x", now=2)
    before = book.find("o-1")
    assert book.step("o-1", "approved", who="y", now=3) is before
    with pytest.raises(OrderRefused):
        book.step("o-1", "done", who="device", now=3)
    with pytest.raises(NotFound):
        book.step("o-2", "done", who="device", now=3)


def test_a_clinician_signs_who_is_not_the_proposer() -> None:
    """In medicine the proposer cannot sign, nor somebody in another role, nor without a reason against advice."""
    book = OrderBook()
    book.propose(ORDER, 1)
    for who, roles, reason in (("anna", DOCTOR, "x"), ("bob", frozenset({"nurse"}), "x"), ("bob", DOCTOR, " ")):
        with pytest.raises(OrderRefused):
            book.sign("o-1", CLINICAL, who=who, roles=roles, reason=reason, now=2)
    assert book.sign("o-1", CLINICAL, who="bob", roles=DOCTOR, reason="weighed", now=2).state == "approved"


def test_two_signatures_are_two_people() -> None:
    """Where two must sign, one person counts once."""
    policy = ApprovalPolicy(signatures=2)
    book = OrderBook()
    book.propose(ORDER, 1)
    assert book.sign("o-1", policy, who="bob", roles=DOCTOR, reason="", now=2).state == "proposed"
    with pytest.raises(OrderRefused):
        book.sign("o-1", policy, who="bob", roles=DOCTOR, reason="", now=3)
    assert book.sign("o-1", policy, who="eve", roles=DOCTOR, reason="", now=3).state == "approved"


def test_the_book_is_bounded() -> None:
    """A full book refuses new orders and says when to come back."""
    book = OrderBook(capacity=1)
    book.propose(ORDER, 1)
    with pytest.raises(Overloaded):
        book.propose(replace(ORDER, id="o-2"), 1)


def test_the_envelope_names_every_reason() -> None:
    """Limits, rate of change and interlocks are all told at once."""
    envelope = Envelope(
        {"speed": Bounds(600, 3000), "valve": Bounds(0, 1, Slew(0.1))},
        [Interlock("the guard is open", lambda live: live["guard"] > 0)],
    )
    live = {"speed": 2000.0, "valve": 0.0, "guard": 0.0}
    reasons = envelope.reasons({"speed": 3200.0, "valve": 1.0, "colour": 1.0}, live, elapsed=1_000_000_000)
    assert len(reasons) == 4
    assert envelope.reasons({"valve": 0.1}, live | {"guard": 1.0}, elapsed=1_000_000_000) == []
    with pytest.raises(OrderRefused, match="expected 600 to 3000, got 3200"):
        envelope.check(replace(ORDER, params=(("speed", 3200.0),)), live | {"guard": 1.0}, elapsed=0)


def carried() -> OrderBook:
    """A book with one order that is done."""
    book = OrderBook()
    book.propose(ORDER, 1)
    for state in ("approved", "sent", "done"):
        book.step("o-1", state, who="x", now=2)
    return book


EFFECT = Effect("weight", "kg", 0, before=86.9, median=84.3, low=82.7, high=86.0)


@pytest.mark.parametrize(
    ("measured", "state"), [(84.0, "verified"), (82.0, "verified"), (86.8, "ineffective"), (math.nan, "ineffective")]
)
def test_an_effect_is_judged_by_measurement(measured: float, state: str) -> None:
    """Inside the interval, or beyond it on the foreseen side, is an effect; too little or nothing measured is none."""
    assert judge([EFFECT], {"weight": measured})[0] == state


def test_a_verdict_is_given_once_and_kept() -> None:
    """What was measured stands in the order as it was at the verdict; there is no second one."""
    book = carried()
    state, words, outcomes = judge([EFFECT], {"weight": 84.0})
    closed = book.conclude("o-1", state, outcomes, who="site", reason=words, now=500)
    assert (closed.state, closed.outcomes, closed.steps[-1].reason) == (
        "verified", (Outcome(EFFECT, 84.0, "inside"),), "1 of 1 inside the predicted interval",
    )  # fmt: skip
    with pytest.raises(OrderRefused):
        book.conclude("o-1", "ineffective", [], who="site", reason="", now=600)
    with pytest.raises(OrderRefused):
        book.foresee("o-1", [EFFECT])
    assert book.find("o-1") is closed


def test_a_verdict_waits_for_the_order() -> None:
    """What is not carried out is not judged, and what foresees nothing is not waited for."""
    book = OrderBook()
    book.propose(replace(ORDER, predicted=(EFFECT,)), 1)
    with pytest.raises(OrderRefused):
        book.conclude("o-1", "verified", [], who="site", reason="", now=2)
    assert book.awaited() == ()
    for state in ("approved", "sent", "done"):
        book.step("o-1", state, who="x", now=2)
    assert [order.id for order in book.awaited()] == ["o-1"]
    assert carried().awaited() == ()


def test_what_is_done_and_foresees_nothing_takes_no_room() -> None:
    """Orders that only wait for nobody do not fill the book."""
    book = OrderBook(capacity=1)
    for number in range(3):
        book.propose(replace(ORDER, id=f"o-{number}"), 1)
        for state in ("approved", "sent", "done"):
            book.step(f"o-{number}", state, who="x", now=2)
    assert [order.id for order in book.of("Pump", "P-7")] == ["o-0", "o-1", "o-2"]
    assert book.of("Pump", "P-8") == ()


def test_what_was_not_measured_is_said() -> None:
    """The words of a verdict count what is inside and what nobody measured in time."""
    other = replace(EFFECT, signal="pulse")
    assert judge([EFFECT, other], {"weight": 84.0})[1] == "1 of 2 inside the predicted interval, 1 not measured in time"


def test_what_is_no_number_is_no_set_point() -> None:
    """A text or a flag for an actuator is refused with its name, and not passed over."""
    envelope = Envelope({"speed": Bounds(600, 3000)}, [])
    for value in ("fast", True):
        with pytest.raises(OrderRefused, match="speed: expected a number"):
            envelope.check(replace(ORDER, params=(("speed", value),)), {}, elapsed=0)


def test_a_plan_holds_what_a_person_has_not_done_yet() -> None:
    """Sent and read changes of a person stand on the plan, oldest first; what a device carries out never does."""
    book = OrderBook()
    lives: list[tuple[str, Carried, tuple[OrderState, ...]]] = [
        ("late", "person", ("approved", "sent", "accepted")),
        ("early", "person", ("approved", "sent")),
        ("signed", "person", ("approved",)),
        ("taken", "person", ("approved", "sent", "done")),
        ("device", "device", ("approved", "sent")),
    ]
    for id_, carrier, states in lives:
        book.propose(replace(ORDER, id=id_, carrier=carrier), 1)
        for state in states:
            book.step(id_, state, who="x", now=5 if id_ == "late" else 3)
    now = plan("Pump/P-7", book, told=lambda order: dict(order.params))
    assert [(change.id, change.state) for change in now.changes] == [("early", "sent"), ("late", "accepted")]


def test_an_order_without_a_prediction_cannot_be_verified() -> None:
    """Where nothing was foreseen, nothing is verified."""
    assert judge([], {})[0] == "ineffective"


class Life(RuleBasedStateMachine):
    """Whatever is asked in whatever order, the book obeys its own rules."""

    def __init__(self) -> None:
        super().__init__()
        self.book, self.now, self.sent = OrderBook(), 1, 0

    @rule(later=st.integers(0, 40))
    def time_passes(self, later: int) -> None:
        self.now += later
        self.book.tick(self.now)

    @precondition(lambda self: self.now < 100)
    @rule()
    def propose(self) -> None:
        self.book.propose(ORDER, self.now)

    @rule(state=st.sampled_from(sorted(NEXT)))
    def step(self, state: str) -> None:
        try:
            before = self.book.find("o-1")
            after = self.book.step("o-1", state, who="x", now=self.now)  # type: ignore[arg-type]
        except (OrderRefused, NotFound):
            return
        self.sent += after is not before and state == "sent"

    @invariant()
    def never_twice_and_never_late(self) -> None:
        assert self.sent <= 1
        for order in self.book:
            times = [s.at for s in order.steps]
            assert times == sorted(times)
            assert all(
                s.at < order.expires_at for s in order.steps if s.state in ("approved", "sent", "accepted", "done")
            )
            assert all(b.state in NEXT[a.state] for a, b in zip(order.steps, order.steps[1:], strict=False))


TestLife = Life.TestCase


@given(st.floats(600, 3000), st.floats(600, 3000))
def test_what_lies_within_passes(asked: float, now: float) -> None:
    """Any value within the bounds is free where no rate of change is declared."""
    assert Envelope({"speed": Bounds(600, 3000)}, []).reasons({"speed": asked}, {"speed": now}, elapsed=1) == []
