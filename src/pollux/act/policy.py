"""Who may sign an order, and what a signature needs."""

from dataclasses import dataclass
from typing import final

from pollux.act.orders import Order
from pollux.errors import OrderRefused


@final
@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """How many people must sign, in which roles, whether the proposer may be one of them.

    With `signatures=0` an order within its envelope is approved when it is proposed, as for a pump's speed. In
    medicine a named clinician signs, who is not the proposer, with a reason where the order departs from advice.
    """

    signatures: int = 0
    roles: frozenset[str] = frozenset()
    proposer_may_sign: bool = True
    reason_when_departing: bool = False

    def check(self, order: Order, *, who: str, roles: frozenset[str], reason: str) -> None:
        """Refuse a signature that the policy does not accept; raises OrderRefused."""
        place = f"{order.type}/{order.twin}/{order.id}"
        if self.roles and not self.roles & roles:
            raise OrderRefused(f"expected a signature by {' or '.join(sorted(self.roles))}, got {who}", at=place)
        if who == order.proposer and not self.proposer_may_sign:
            raise OrderRefused("who proposed it may not sign it", at=place, hint="ask a colleague to sign")
        if who in order.signatures:
            raise OrderRefused(f"{who} has signed already", at=place)
        if self.reason_when_departing and not order.advice and not reason.strip():
            raise OrderRefused("it departs from advice: expected a reason, got none", at=place)

    def complete(self, order: Order) -> bool:
        """Whether everybody needed has signed."""
        return len(order.signatures) >= self.signatures
