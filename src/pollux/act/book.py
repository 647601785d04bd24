"""The book of orders: a state machine that decides which step may follow, and does nothing else.

Requests in, transitions out; the site logs each before it takes effect outside. The same requests at the same times
give the same book.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import final

from pollux.act.orders import Effect, Order, OrderState, Outcome, Transition
from pollux.act.policy import ApprovalPolicy
from pollux.errors import Conflict, NotFound, OrderRefused, Overloaded


@final
class OrderBook:
    """All orders, by id; closed ones are kept so that an id is never used twice.

    `capacity` bounds those that are to be carried out or judged: beyond it a new order is refused with Overloaded.
    """

    def __init__(self, *, capacity: int = 10_000) -> None:
        self._orders: dict[str, Order] = {}
        self._of: dict[tuple[str, str], list[str]] = {}
        self._live: dict[str, None] = {}
        self._capacity = capacity

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def __contains__(self, order_id: str) -> bool:
        return order_id in self._orders

    def of(self, type_: str, twin: str) -> tuple[Order, ...]:
        """The orders of one twin, in the order of asking."""
        return tuple(self._orders[id_] for id_ in tuple(self._of.get((type_, twin), ())))

    def awaited(self) -> tuple[Order, ...]:
        """Those that are carried out and whose effects are still to be judged."""
        live = (self._orders[id_] for id_ in tuple(self._live))
        return tuple(order for order in live if order.awaited)

    def find(self, order_id: str) -> Order:
        """One order; raises NotFound."""
        if order_id not in self._orders:
            raise NotFound(f"no order {order_id!r}")
        return self._orders[order_id]

    def known(self, order: Order) -> Order | None:
        """The order of that id when it was issued before with the same body; raises Conflict for another body."""
        before = self._orders.get(order.id)
        if before is not None and before.body != order.body:
            raise Conflict("expected the same order again, got another one under its id", at=order.id)
        return before

    def propose(self, order: Order, now: int) -> Order:
        """Enter an order; the same one again changes nothing. An order must end: raises OrderRefused if it does not."""
        before = self.known(order)
        if before is not None:
            return before
        if not now < order.expires_at:
            raise OrderRefused("expected an expiry in the future", at=order.id, hint="give expires_at")
        if len(self._live) >= self._capacity:
            raise Overloaded("too many open orders", retry_after=60, at=order.id)
        return self._step(order, "proposed", now, order.proposer, order.reason)

    def sign(
        self, order_id: str, policy: ApprovalPolicy, *, who: str, roles: frozenset[str], reason: str, now: int
    ) -> Order:
        """Add a signature; with the last one needed the order is approved."""
        order = self._alive(order_id, now)
        if order.state != "proposed":
            raise OrderRefused(f"expected a proposed order, it is {order.state}", at=order_id)
        policy.check(order, who=who, roles=roles, reason=reason)
        order = self._enter(replace(order, signatures=(*order.signatures, who)))
        return self._step(order, "approved", now, who, reason) if policy.complete(order) else order

    def step(self, order_id: str, state: OrderState, *, who: str, reason: str = "", now: int) -> Order:
        """Move an order on; the same step again changes nothing, one that cannot follow raises OrderRefused."""
        order = self._alive(order_id, now)
        if order.state == state:
            return order
        if not order.may_become(state):
            raise OrderRefused(f"an order that is {order.state} cannot become {state}", at=order_id)
        return self._step(order, state, now, who, reason)

    def foresee(self, order_id: str, predicted: Sequence[Effect]) -> Order:
        """Ask for these effects to be judged instead of those foreseen before; a judged order keeps its own."""
        order = self.find(order_id)
        if not order.open:
            raise OrderRefused(f"expected an order that is not over, it is {order.state}", at=order_id)
        return self._enter(replace(order, predicted=tuple(predicted)))

    def conclude(
        self, order_id: str, state: OrderState, outcomes: Sequence[Outcome], *, who: str, reason: str, now: int
    ) -> Order:
        """Close an order with what was measured of its effects; it is never judged again."""
        order = self.find(order_id)
        if not order.may_become(state):
            raise OrderRefused(f"an order that is {order.state} cannot become {state}", at=order_id)
        return self._step(replace(order, outcomes=tuple(outcomes)), state, now, who, reason)

    def tick(self, now: int) -> list[Order]:
        """Expire what was not carried out in time; the expired orders."""
        live = [self._orders[id_] for id_ in self._live]
        due = [order for order in live if order.running and order.expires_at <= now]
        return [self._step(o, "expired", now, "clock", "not carried out in time") for o in due]

    def put(self, order: Order) -> None:
        """Take an order as it stood, from a snapshot or the log."""
        self._enter(order)

    def _alive(self, order_id: str, now: int) -> Order:
        order = self.find(order_id)
        if order.running and order.expires_at <= now:
            order = self._step(order, "expired", now, "clock", "not carried out in time")
        return order

    def _step(self, order: Order, state: OrderState, now: int, who: str, reason: str) -> Order:
        return self._enter(order.stepped(Transition(order.id, state, now, who, reason)))

    def _enter(self, order: Order) -> Order:
        if order.id not in self._orders:
            self._of.setdefault((order.type, order.twin), []).append(order.id)
        self._orders[order.id] = order
        if order.running or order.awaited:
            self._live[order.id] = None
        else:
            self._live.pop(order.id, None)
        return order
