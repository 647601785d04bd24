"""An order and its life, from proposed to verified.

`done` is the word of the device or of the person; `verified` and `ineffective` are ours, from measurements. An order is
a value: each step makes a new one, and the steps are kept in it.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, final

OrderState = Literal[
    "proposed", "approved", "sent", "accepted", "done", "verified",
    "ineffective", "rejected", "failed", "expired", "cancelled",
]  # fmt: skip

NEXT: dict[OrderState, frozenset[OrderState]] = {
    "proposed": frozenset({"approved", "rejected", "expired", "cancelled"}),
    "approved": frozenset({"sent", "rejected", "failed", "expired", "cancelled"}),
    "sent": frozenset({"accepted", "done", "rejected", "failed", "expired"}),
    "accepted": frozenset({"done", "rejected", "failed", "expired"}),
    "done": frozenset({"verified", "ineffective"}),
    "verified": frozenset(),
    "ineffective": frozenset(),
    "rejected": frozenset(),
    "failed": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
}


Carried = Literal["device", "person"]
"""Who carries an order out: the device, by its commands, or a person, by the plan that the person's app shows."""

GUARDED: Final = "checked at the device"
"""What a device's yes bears where an agent beside it checks what the site sends, and what the signature covers."""


@final
@dataclass(frozen=True, slots=True)
class Effect:
    """What a change is predicted to do to one signal at one moment: median and interval, in the signal's unit.

    `due` is that moment in nanoseconds UTC. The interval is that of a measurement, so it holds the sensor's noise.
    """

    signal: str
    unit: str
    due: int
    before: float
    median: float
    low: float
    high: float
    level: float = 0.9


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """One predicted effect beside what was measured, and when.

    `verdict` is "inside" or "outside" the predicted interval, or "unknown" when nothing was measured in time:
    `measured` is then NaN and `at` zero.
    """

    effect: Effect
    measured: float
    verdict: Literal["inside", "outside", "unknown"]
    at: int = 0

    @property
    def change(self) -> float:
        """The measured change since the order was signed."""
        return self.measured - self.effect.before


@final
@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an order: to which state, when, by whom, and why."""

    order: str
    state: OrderState
    at: int
    who: str
    reason: str = ""


@final
@dataclass(frozen=True, slots=True)
class Order:
    """A change asked of one twin, with everything needed to judge it later.

    Times are nanoseconds UTC. `params` are in the declared units. `predicted` is the effect foreseen when it was
    signed, `advice` names the recommendation it follows, empty when it departs from one. `outcomes` are the predicted
    effects beside what was measured, as they stood at the verdict.
    """

    id: str
    type: str
    twin: str
    name: str
    params: tuple[tuple[str, float | str | bool], ...]
    proposer: str
    issued_at: int
    expires_at: int
    reason: str
    advice: str = ""
    carrier: Carried = "device"
    predicted: tuple[Effect, ...] = ()
    state: OrderState = "proposed"
    signatures: tuple[str, ...] = ()
    steps: tuple[Transition, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    @property
    def open(self) -> bool:
        """Whether anything can still happen to it."""
        return bool(NEXT[self.state])

    def may_become(self, state: OrderState) -> bool:
        """Whether a state may follow: a change on a plan can be taken back until it is taken, a device's never.

        >>> order = Order("o", "Person", "anna", "set", (), "eve", 0, 9, "", carrier="person", state="accepted")
        >>> order.may_become("cancelled"), replace(order, carrier="device").may_become("cancelled")
        (True, False)
        """
        on_plan = self.carrier == "person" and self.state in ("sent", "accepted")
        return state in NEXT[self.state] or (on_plan and state == "cancelled")

    @property
    def running(self) -> bool:
        """Whether it is still to be carried out: time can end it."""
        return "expired" in NEXT[self.state]

    @property
    def awaited(self) -> bool:
        """Whether it is carried out and its effects are still to be judged."""
        return self.state == "done" and bool(self.predicted)

    @property
    def done_at(self) -> int:
        """When it was carried out, nanoseconds UTC; zero before that."""
        return next((step.at for step in self.steps if step.state == "done"), 0)

    @property
    def body(self) -> tuple[object, ...]:
        """What the issuer said; the same id with another body is another order and refused."""
        return (self.type, self.twin, self.name, self.params, self.expires_at, self.reason)

    def stepped(self, step: Transition) -> "Order":
        """The order after one step."""
        return replace(self, state=step.state, steps=(*self.steps, step))
