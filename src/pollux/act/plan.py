"""The plan of a person: the changes that have been signed and sent and are not taken yet, as the person's app reads it.

Reading a change is `accepted`, having taken it is `done`; then it leaves the plan.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct

from pollux.act.orders import Order, OrderState
from pollux.clock import iso

Told = Callable[[Order], Mapping[str, float | str | bool]]
"""What an order asks for, in the units of whoever is told it."""

OPEN: Final[frozenset[OrderState]] = frozenset({"sent", "accepted"})


class PlanChange(Struct, frozen=True, kw_only=True):
    """One change: what is asked, why, who signed it, and how far it has come; times are ISO 8601."""

    id: str
    name: str
    params: dict[str, float | str | bool]
    reason: str
    signed_by: tuple[str, ...]
    state: Literal["sent", "accepted"]
    sent_at: str
    expires_at: str


class Plan(Struct, frozen=True, kw_only=True):
    """The open changes of one person, oldest first; `twin` is "Type/id"."""

    twin: str
    changes: tuple[PlanChange, ...]


def plan(twin: str, orders: Iterable[Order], *, told: Told) -> Plan:
    """The plan that follows from the orders of a twin; `told` says what one asks for as its person is told it.

    >>> plan("Person/anna", [], told=lambda order: dict(order.params)).changes
    ()
    """
    mine = sorted((o for o in orders if o.carrier == "person" and o.state in OPEN), key=_sent)
    return Plan(twin=twin, changes=tuple(_change(order, told) for order in mine))


def _sent(order: Order) -> int:
    return next((step.at for step in order.steps if step.state == "sent"), order.issued_at)


def _change(order: Order, told: Told) -> PlanChange:
    return PlanChange(
        id=order.id,
        name=order.name,
        params=dict(told(order)),
        reason=order.reason,
        signed_by=order.signatures,
        state="sent" if order.state == "sent" else "accepted",
        sent_at=iso(_sent(order)),
        expires_at=iso(order.expires_at),
    )
