"""The desk at which orders are asked for, signed, sent and judged."""

import secrets
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from pollux.act import Effect, Order, OrderState, judge
from pollux.clock import duration
from pollux.columns.quality import Quality
from pollux.decide import Advice
from pollux.decide.options import options
from pollux.errors import NotFound, OrderRefused
from pollux.remember import Note
from pollux.site.carrier import Carrier
from pollux.site.declare import Declared
from pollux.site.orders import plain_order
from pollux.site.rooms.runs import RunRecord
from pollux.site.standing import StandingOrder

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

SELF = "site"


@final
class Desk:
    """Checks what is asked, writes every step into the log, and hands approved orders to the carrier.

    Without a carrier the site observes: orders can be proposed and signed by nobody, and nothing can leave.
    """

    def __init__(self, live: "LiveSite", carrier: Carrier | None) -> None:
        self._live = live
        self._carrier = carrier
        self._changed = threading.Condition()

    @property
    def acts(self) -> bool:
        """Whether anything can leave."""
        return self._carrier is not None

    # -- asking -------------------------------------------------------------------------------------------------------

    def apply(self, declared: Declared, twin: str, advice: Advice, *, reason: str, expires: str) -> StandingOrder:
        """Propose what was advised."""
        if not advice.values:
            raise OrderRefused(advice.reason or "the advice is to change nothing", at=advice.twin)
        if advice.twin != f"{declared.schema.name}/{twin}":
            raise OrderRefused(f"expected advice for {twin}, got advice for {advice.twin}")
        words = reason or f"advised at {advice.forked}"
        order = self._drafted(declared, twin, advice.values, words, expires, advice=f"A-{advice.forked}")
        return self.propose(declared, order)

    def set(
        self, declared: Declared, twin: str, values: "dict[Any, float]", *, reason: str, expires: str
    ) -> StandingOrder:
        """Propose values of the issuer's own."""
        if not reason.strip():
            raise OrderRefused("expected a reason, got none", at=f"{declared.schema.name}/{twin}")
        (option,) = options([values])
        return self.propose(declared, self._drafted(declared, twin, option.values, reason, expires))

    def _drafted(
        self,
        declared: Declared,
        twin: str,
        values: Sequence[tuple[str, float]],
        reason: str,
        expires: str,
        *,
        advice: str = "",
    ) -> Order:
        now = self._live.clock.now()
        return Order(
            f"o-{secrets.token_hex(6)}",
            declared.schema.name,
            twin,
            "set",
            tuple(values),
            SELF,
            now,
            now + duration(expires),
            reason,
            advice=advice,
        )

    def propose(self, declared: Declared, order: Order) -> StandingOrder:
        """Enter an order that lies within its envelope; the same one again is the same order.

        With a policy that asks for no signature it is approved at once. Raises OrderRefused and Conflict.
        """
        if self._carrier is None:
            raise OrderRefused("the site observes", at=order.id, hint="open it with act=True, or serve it with --act")
        with self._live.pipe.lock:
            book = self._live.estate.orders
            if book.known(order) is not None:
                return StandingOrder(self._live, order.id)
            self.check(declared, order)
            self._note("propose", order.id, order.proposer, order.reason, order, {"order": plain_order(order)})
            if declared.policy.signatures == 0:
                self._note("approved", order.id, order.proposer, "its policy asks for no signature", order)
        return StandingOrder(self._live, order.id)

    def check(self, declared: Declared, order: Order) -> None:
        """Refuse an order that leaves its envelope now; raises OrderRefused with every reason."""
        if order.name != "set" or not order.params:
            raise OrderRefused(f"expected the command set with values, got {order.name!r}", at=order.id)
        live, changed = self._values(declared, order.twin)
        declared.envelope().check(order, live, elapsed=max(0, self._live.clock.now() - changed))

    def sign(self, declared: Declared, order_id: str, *, who: str, roles: frozenset[str], reason: str) -> Order:
        """Add a signature; raises OrderRefused when the policy does not accept it or the order left its envelope."""
        with self._live.pipe.lock:
            order = self._live.estate.orders.find(order_id)
            declared.policy.check(order, who=who, roles=roles, reason=reason)
            self.check(declared, order)
            self._note("sign", order_id, who, reason, order, {"signatures": declared.policy.signatures})
            return self._live.estate.orders.find(order_id)

    def step(self, order_id: str, state: OrderState, *, who: str, reason: str = "") -> Order:
        """Move an order on."""
        with self._live.pipe.lock:
            self._note(state, order_id, who, reason, self._live.estate.orders.find(order_id))
            return self._live.estate.orders.find(order_id)

    # -- going out and being judged -----------------------------------------------------------------------------------

    def consider(self, order_id: str) -> None:
        """An order has changed and that is durable: send it if it may leave, and wake who waits for it."""
        live = self._live
        try:
            order = live.estate.orders.find(order_id)
            if self._carrier is not None and order.state == "approved" and order.carrier == "device":
                declared = live.site.declared[order.type]
                self._send(declared, order)
        finally:
            with self._changed:
                self._changed.notify_all()

    def _send(self, declared: Declared, order: Order) -> None:
        assert self._carrier is not None
        try:
            self.check(declared, order)
        except OrderRefused as refused:
            self.step(order.id, "rejected", who=SELF, reason=refused.message)
            return
        self._carrier.carry(self._live.estate.orders, order.id, self._live.clock.now())

    def wait(self, order_id: str, states: Sequence[OrderState], timeout: float) -> OrderState:
        """Wait until an order reaches one of some states, or can go no further; its state then."""

        def reached() -> bool:
            order = self._live.estate.orders.find(order_id)
            return order.state in states or not order.open

        with self._changed:
            self._changed.wait_for(reached, timeout)
        return self._live.estate.orders.find(order_id).state

    def verify(self, order_id: str, *, after: str) -> None:
        """Judge an order by measurements when `after` is over since now."""
        self._live.verdicts.ask(order_id, self._live.clock.now() + duration(after))

    def judged(self, order_id: str) -> Order:
        """Compare what was foreseen with what the twin measures now; the order's last state says it."""
        order = self._live.estate.orders.find(order_id)
        declared = self._live.site.declared[order.type]
        values, _ = self._values(declared, order.twin)
        state, words, _ = judge(order.predicted or self._set_points(order), values)
        return self.step(order_id, state, who=SELF, reason=words)

    def _set_points(self, order: Order) -> tuple[Effect, ...]:
        """Where nothing else was foreseen: that each actuator reports what it was set to, within one percent."""
        return tuple(
            Effect(
                name, "", order.expires_at, float("nan"), value, value - 0.01 * abs(value), value + 0.01 * abs(value)
            )
            for name, value in order.params
            if isinstance(value, float)
        )

    def measured(self, order: Order) -> Mapping[str, float]:
        """The live values of the order's twin, NaN where nobody told them."""
        return self._values(self._live.site.declared[order.type], order.twin)[0]

    def foreseen(self, record: RunRecord, choice: int) -> tuple[Effect, ...]:
        """What a run foresees at its end for the signals that its lab compares."""
        if record.futures is None:
            return ()
        values, _ = self._values(self._live.site.declared[record.type], record.twin)
        effects: list[Effect] = []
        for row in self._live.labs[record.type].rows:
            if row.signal is not None and all(one.signal != row.signal for one in effects):
                band = record.futures.band(row.signal)
                low, median, high = (float(line[choice, -1]) for line in (band.low, band.median, band.high))
                before = values.get(row.signal, float("nan"))
                effects.append(Effect(row.signal, row.unit, record.until, before, median, low, high))
        return tuple(effects)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _values(self, declared: Declared, twin: str) -> tuple[Mapping[str, float], int]:
        """The live values of a twin, NaN where nobody told them, and when an actuator was last set."""
        with self._live.pipe.lock:
            block = self._live.estate.blocks[declared.schema.name]
            slice_ = block.take(block.row(twin))
            wanted = block.desired_time[:, block.row(twin)].max(initial=0)
        values = {}
        for index, signal in enumerate(declared.schema.signals):
            slot = slice_.layout.slot.get(signal.name)
            if slot is not None:
                known = slice_.quality[index, 0] != Quality.MISSING
                values[signal.name] = float(slice_.values[slot, 0]) if known else float("nan")
        return values, int(np.maximum(wanted, 0))

    def _note(
        self, action: str, order_id: str, who: str, reason: str, order: Order, more: Mapping[str, Any] | None = None
    ) -> None:
        if not self._live.site.declared.get(order.type):
            raise NotFound(f"no type {order.type!r}")
        body = {"at": self._live.clock.now(), "action": action, "id": order_id, "who": who, "reason": reason}
        subject = self._live.subject_of(order.type, order.twin)
        self._live.note(Note("order", {**body, **(more or {})}, self._live.estate.tenant, subject))
