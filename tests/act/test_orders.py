"""An order is never carried out twice, late, by the wrong person, or outside its envelope."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pollux.act import ApprovalPolicy, Effect, Envelope, Interlock, Order, OrderBook, Slew, judge
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


EFFECT = Effect("weight", "kg", 0, before=86.9, median=84.3, low=82.7, high=86.0)


@pytest.mark.parametrize(
    ("measured", "state"), [(84.0, "verified"), (82.0, "verified"), (86.8, "ineffective"), (math.nan, "ineffective")]
)
def test_an_effect_is_judged_by_measurement(measured: float, state: str) -> None:
    """Inside the interval, or beyond it on the foreseen side, is an effect; too little or nothing measured is none."""
    assert judge([EFFECT], {"weight": measured})[0] == state


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
