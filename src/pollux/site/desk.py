"""The desk at which orders are asked for, signed and sent."""

import hashlib
import logging
import secrets
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from pollux.act import ApprovalPolicy, Carried, Order, OrderState, checked, repeating
from pollux.act.requests import Param
from pollux.clock import MINUTE, duration
from pollux.columns.quality import Quality
from pollux.decide import Advice
from pollux.decide.options import options
from pollux.errors import NotFound, OrderRefused, PolluxError
from pollux.remember import Note
from pollux.show.compose.params import inward_params
from pollux.site.acknowledgements import Answered, Told
from pollux.site.carrier import Carrier
from pollux.site.declare import Declared
from pollux.site.estate import Applied
from pollux.site.foreseen import advised
from pollux.site.judging import Judge
from pollux.site.orders import plain_order
from pollux.site.standing import StandingOrder
from pollux.watch import Alarm

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

_REPORT: Final = logging.getLogger("pollux.site")

SELF = "site"
DOUBTED: Final = "-doubted"
"""How the rule of an alarm ends whose value is doubted."""
REPEAT_WITHIN: Final = 10 * MINUTE
"""A repeat that was not measured by then is given up; the alarm goes on saying that the value is doubted."""
REPEAT_REST: Final = 1 * MINUTE
"""A signal of a twin whose value is doubted again and again is asked for no more often than this."""
PATIENCE: Final = 10.0
"""Real seconds that moved time waits for what is on its way out."""


@final
class Desk:
    """Checks what is asked, writes every step into the log, and hands approved orders to the carrier.

    Without a carrier the site observes: orders can be proposed and signed by nobody, and nothing can leave.
    """

    def __init__(self, live: "LiveSite", carrier: Carrier | None) -> None:
        self._live = live
        self._carrier = carrier
        self._changed = threading.Condition()
        self._coming = 0
        self._queue: deque[str] = deque()
        self._leaving = threading.Lock()
        self.judge = Judge(live, values=self._values, note=self._note)

    @property
    def acts(self) -> bool:
        """Whether anything can leave."""
        return self._carrier is not None

    # -- asking -------------------------------------------------------------------------------------------------------

    def apply(self, declared: Declared, twin: str, advice: Advice, *, reason: str, expires: str) -> StandingOrder:
        """Propose what was advised, with what its futures foresee for every sensor at their end."""
        if not advice.values:
            raise OrderRefused(advice.reason or "the advice is to change nothing", at=advice.twin)
        if advice.twin != f"{declared.schema.name}/{twin}":
            raise OrderRefused(f"expected advice for {twin}, got advice for {advice.twin}")
        words = reason or f"advised at {advice.forked}"
        order = self._drafted(declared, twin, "set", advice.values, words, expires)
        predicted = advised(advice, declared.schema, self._values(declared, twin)[0])
        order = replace(order, advice=f"A-{advice.forked}", predicted=predicted)
        return StandingOrder(self._live, self.propose(declared, order).id, advice)

    def set(
        self, declared: Declared, twin: str, values: "dict[Any, float]", *, reason: str, expires: str
    ) -> StandingOrder:
        """Propose values of the issuer's own."""
        if not reason.strip():
            raise OrderRefused("expected a reason, got none", at=f"{declared.schema.name}/{twin}")
        (option,) = options([values])
        return self.propose(declared, self._drafted(declared, twin, "set", option.values, reason, expires))

    def ask(
        self, declared: Declared, twin: str, name: str, params: Mapping[str, Param], *, reason: str, expires: str
    ) -> StandingOrder:
        """Propose a command that the type declares."""
        if not reason.strip():
            raise OrderRefused("expected a reason, got none", at=f"{declared.schema.name}/{twin}")
        asked = inward_params(declared.schema, name, params)
        return self.propose(declared, self._drafted(declared, twin, name, asked, reason, expires))

    def _drafted(
        self, declared: Declared, twin: str, name: str, params: Sequence[tuple[str, Param]], reason: str, expires: str
    ) -> Order:
        now, id_ = self._live.clock.now(), f"o-{secrets.token_hex(6)}"
        return Order(id_, declared.schema.name, twin, name, tuple(params), SELF, now, now + duration(expires), reason)

    def propose(self, declared: Declared, order: Order, *, approve: bool = True) -> StandingOrder:
        """Enter an order that lies within its envelope; the same one again is the same order.

        With a policy that asks for no signature it is approved at once, unless whoever asks may not `approve` it: then
        it waits for somebody who may. A measurement waits for nobody. Raises OrderRefused and Conflict.
        """
        if self._carrier is None:
            raise OrderRefused("the site observes", at=order.id, hint="open it with act=True, or serve it with --act")
        order = self._as_declared(declared, order)
        with self._live.pipe.lock:
            book = self._live.estate.orders
            if book.known(order) is not None:
                return StandingOrder(self._live, order.id)
            self.check(declared, order)
            self._note("propose", order.id, order.proposer, order.reason, order, {"order": plain_order(order)})
            if (approve or self._measures(declared, order.name)) and self.policy(declared, order).signatures == 0:
                self._note("approved", order.id, order.proposer, "its policy asks for no signature", order)
        return StandingOrder(self._live, order.id)

    def check(self, declared: Declared, order: Order) -> None:
        """Refuse an order that leaves its envelope now; raises OrderRefused with every reason."""
        command = declared.schema.commands.get(order.name)
        live, changed = self._values(declared, order.twin)
        envelope = declared.envelope()
        if command is None:
            if order.name != "set" or not order.params:
                raise OrderRefused(f"expected the command set with values, got {order.name!r}", at=order.id)
            envelope.check(order, live, elapsed=max(0, self._live.clock.now() - changed))
        elif not command.measures:
            # The parameters of a declared command are no actuators; what forbids to act forbids it too.
            envelope.check(replace(order, params=()), live, elapsed=0)

    def _as_declared(self, declared: Declared, order: Order) -> Order:
        """An order with the carrier and the parameters that its type declares; raises OrderRefused for other ones."""
        command = declared.schema.commands.get(order.name)
        if command is None and order.name != "set":
            known = ", ".join(("set", *declared.schema.commands))
            raise OrderRefused(f"expected one of {known}, got {order.name!r}", at=f"{order.type}/{order.twin}")
        params = order.params
        if command is not None:
            params = checked(command, dict(order.params), at=f"{order.type}/{order.twin}")
        return replace(order, params=params, carrier=self.carrier(declared, order.name))

    def carrier(self, declared: Declared, name: str) -> Carried:
        """Who carries a command out. Of persons, devices only measure: whatever changes a treatment is on the plan."""
        return "person" if declared.schema.personal and not self._measures(declared, name) else "device"

    def policy(self, declared: Declared, order: Order) -> ApprovalPolicy:
        """Who signs an order: nobody a measurement, since it changes nothing; else whoever the fleet says."""
        return ApprovalPolicy() if self._measures(declared, order.name) else declared.policy

    @staticmethod
    def _measures(declared: Declared, name: str) -> bool:
        command = declared.schema.commands.get(name)
        return command is not None and command.measures

    def sign(self, declared: Declared, order_id: str, *, who: str, roles: frozenset[str], reason: str) -> Order:
        """Add a signature; raises OrderRefused when the policy does not accept it or the order left its envelope."""
        with self._live.pipe.lock:
            order = self._live.estate.orders.find(order_id)
            policy = self.policy(declared, order)
            policy.check(order, who=who, roles=roles, reason=reason)
            self.check(declared, order)
            self._note("sign", order_id, who, reason, order, {"signatures": policy.signatures})
            return self._live.estate.orders.find(order_id)

    def step(self, order_id: str, state: OrderState, *, who: str, reason: str = "") -> Order:
        """Move an order on."""
        with self._live.pipe.lock:
            self._note(state, order_id, who, reason, self._live.estate.orders.find(order_id))
            return self._live.estate.orders.find(order_id)

    # -- going out ----------------------------------------------------------------------------------------------------

    def opened(self) -> None:
        """The site has been opened: put every person's plan where apps find it, with what could not leave before."""
        if self._carrier is None:
            return
        with self._live.pipe.lock:
            mine = [order for order in self._live.estate.orders if order.carrier == "person"]
        for order in mine:
            if order.state == "approved":
                self.expect(Applied(orders=(order.id,)))
                self._live.workers.submit(self.consider)
        for type_, twin in dict.fromkeys((order.type, order.twin) for order in mine):
            self._carrier.plan(self._live.estate.orders, type_, twin)

    def expect(self, applied: Applied) -> None:
        """What an entry has changed will be considered once it is durable, in the order of the log."""
        self._queue.extend(applied.orders)
        with self._changed:
            self._coming += len(applied.orders) + sum(map(self.asks_again, applied.alarms))

    def settle(self) -> None:
        """Wait until everything that can leave has left: time that is moved by hand stands still meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._coming <= 0, PATIENCE)

    def _considered(self) -> None:
        with self._changed:
            self._coming -= 1
            self._changed.notify_all()

    def consider(self) -> None:
        """The next order that has changed, durably: send it if it may leave, and wake who waits for it.

        Called once for each order that was expected, from any thread. One is considered after the other, so that a
        device hears two orders as they were approved.
        """
        live = self._live
        with self._leaving:
            order = live.estate.orders.find(self._queue.popleft())
            try:
                if self._carrier is None:
                    return
                if order.state == "approved":
                    self._send(live.site.declared[order.type], order)
                if order.carrier == "person":
                    self._carrier.plan(live.estate.orders, order.type, order.twin)
            finally:
                self._considered()

    def _send(self, declared: Declared, order: Order) -> None:
        assert self._carrier is not None
        try:
            self.check(declared, order)
        except OrderRefused as refused:
            self.step(order.id, "rejected", who=SELF, reason=refused.message)
            return
        self._carrier.carry(self._live.estate.orders, order.id, self._live.clock.now())

    def unanswered(self, order_id: str) -> "tuple[Order, bytes] | None":
        """An order that was sent, as its device reads it; None once it was answered or is over."""
        with self._live.pipe.lock:
            book = self._live.estate.orders
            order = book.find(order_id) if order_id in book else None
        if self._carrier is None or order is None or order.state != "sent":
            return None
        if order.type not in self._live.site.declared:
            return None
        return order, self._carrier.written(order)

    def wait(self, order_id: str, states: Sequence[OrderState], timeout: float) -> OrderState:
        """Wait until an order reaches one of some states, or can go no further; its state then."""

        def reached() -> bool:
            order = self._live.estate.orders.find(order_id)
            return order.state in states or not order.open

        with self._changed:
            self._changed.wait_for(reached, timeout)
        return self._live.estate.orders.find(order_id).state

    # -- doubted values -----------------------------------------------------------------------------------------------

    def asks_again(self, alarm: Alarm) -> bool:
        """Whether an alarm is about a doubted value that the device can be asked for again."""
        if not self.acts or alarm.cleared or not alarm.rule.endswith(DOUBTED):
            return False
        declared = self._live.site.declared.get(alarm.type)
        return declared is not None and repeating(declared.schema, alarm.signal) is not None

    def doubted(self, alarm: Alarm) -> None:
        """Ask the device to measure a doubted value again: once for an alarm, and not more often than once a minute.

        The order bears the alarm's name, so that a restart asks for nothing twice; a replay asks nobody.
        """
        declared, now = self._live.site.declared[alarm.type], self._live.clock.now()
        asked = repeating(declared.schema, alarm.signal)
        assert asked is not None
        name, params = asked[0], tuple(asked[1].items())
        id_ = f"again-{hashlib.sha256(alarm.id.encode()).hexdigest()[:24]}"
        reason = f"{alarm.signal} is doubted: {alarm.title.lower()}"
        order = Order(id_, alarm.type, alarm.twin, name, params, SELF, now, now + REPEAT_WITHIN, reason)
        try:
            with self._live.pipe.lock:
                if id_ not in self._live.estate.orders and not self._asked_lately(declared, order):
                    self.propose(declared, order)
        except PolluxError as error:
            _REPORT.warning("no repeat could be asked for: %s", error)
        finally:
            self._considered()

    def _asked_lately(self, declared: Declared, order: Order) -> bool:
        asked = self._as_declared(declared, order)
        return any(
            (one.name, one.params, one.proposer) == (asked.name, asked.params, SELF)
            and order.issued_at - one.issued_at < REPEAT_REST
            for one in reversed(self._live.estate.orders.of(order.type, order.twin))
        )

    # -- the person's word --------------------------------------------------------------------------------------------

    def told(self, type_: str, twin: str, order_id: str, state: Answered, *, who: str, reason: str) -> Order:
        """What a person's app says of a change on the plan, where it does not come by MQTT.

        Raises NotFound for an order that is not on this person's plan, OrderRefused for what cannot follow.
        """
        with self._live.pipe.lock:
            order = self._live.estate.orders.find(order_id)
            told = Told(type_, twin, order_id, state, reason, who, self._live.clock.now(), "person")
            if not told.concerns(order):
                raise NotFound(f"no order {order_id!r}", at=f"{type_}/{twin}")
            if state == "done" and order.state == "sent":
                self._note("accepted", order_id, who, "", order)
            self._note(state, order_id, who, reason, order)
            return self._live.estate.orders.find(order_id)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _values(self, declared: Declared, twin: str) -> tuple[Mapping[str, float], int]:
        """The live values of a twin, NaN where nobody told them, and when an actuator was last set."""
        with self._live.pipe.lock:
            block = self._live.estate.blocks[declared.schema.name]
            slice_ = block.take(block.row(twin))
            wanted = block.desired_time[:, block.row(twin)].max(initial=0)
        values: dict[str, float] = {}
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
