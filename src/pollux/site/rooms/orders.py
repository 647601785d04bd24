"""Orders on the page: as they stand, asked for, checked, signed, taken back."""

import secrets
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from pollux.act import Order, Outcome
from pollux.clock import DAY, MINUTE, SECOND
from pollux.errors import NotFound, OrderRefused
from pollux.guard import Identity
from pollux.show.asks import AckAsk, CommandAsk, SignAsk
from pollux.show.compose.params import inward_params
from pollux.show.documents.acting import Check
from pollux.show.documents.common import Action, Ask, CheckLine
from pollux.site.declare import Declared
from pollux.site.shelf import Finished

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

CHECKS = 1_000
CHECK_HOLDS = 5 * MINUTE
"""How long what was checked may be signed: afterwards the twin is no longer what it was."""


@final
class OrdersRoom:
    """The orders of a tenant as they stand."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live

    def list(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Order]:
        live = self._live
        estate = live.estate if at is None else live.as_of.estate(at, None)
        with live.pipe.lock:
            mine = estate.orders.of(type_, twin)
        return sorted(mine, key=lambda one: (not one.open, -one.issued_at))

    def find(self, type_: str, twin: str, order: str) -> Order:
        with self._live.pipe.lock:
            found = self._live.estate.orders.find(order)
        if (found.type, found.twin) != (type_, twin):
            raise NotFound(f"no order {order!r}", at=f"{type_}/{twin}")
        return found

    def outcome(self, order: Order) -> Sequence[Outcome]:
        return order.outcomes

    def checks(self, order: Order) -> Sequence[CheckLine]:
        return _checks(self._live, order)

    def signatures_wanted(self, order: Order) -> int:
        return self._live.desk.policy(self._live.site.declared[order.type], order).signatures


@final
class DeskRoom:
    """Takes orders; exists only where acting was asked for."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._checked: dict[str, tuple[Order, str, int]] = {}

    def check(self, type_: str, twin: str, card: str, *, who: Identity) -> Check:
        live = self._live
        kept = live.rooms.advisor.kept(type_, twin, card)
        order, card_ = self._drafted(kept, who), live.rooms.advisor.find(type_, twin, card)
        lines = _checks(live, order)
        blocked = next((line.text for line in lines if line.ok is False), None)
        id_, until = f"K-{secrets.token_hex(8)}", live.clock.now() + CHECK_HOLDS
        with self._lock:
            while len(self._checked) >= CHECKS:
                del self._checked[next(iter(self._checked))]
            self._checked[id_] = (order, card, until)
        return Check(
            id=id_,
            title=card_.title,
            expires=until / SECOND,
            affected=f"{type_}/{twin}",
            lines=card_.lines,
            checks=tuple(lines),
            blocked=blocked,
            confirm=None if blocked else _confirm(f"twins/{type_}/{twin}/commands", id_, card, live, type_),
        )

    def sign(self, type_: str, twin: str, ask: SignAsk, *, who: Identity) -> Order:
        with self._lock:
            found = self._checked.get(ask.check)
        live = self._live
        if found is None or (found[0].type, found[0].twin) != (type_, twin) or live.clock.now() >= found[2]:
            raise NotFound(f"no check {ask.check!r}", hint="check again before signing")
        order, card, _ = found
        declared = live.site.declared[type_]
        # The twin proposes and whoever comes here signs, or commands where nobody need sign.
        if not self._may_carry(declared, order, who):
            raise OrderRefused(f"expected somebody who may sign, got {who.name}", at=f"{type_}/{twin}")
        with self._lock:
            if self._checked.pop(ask.check, None) is None:
                raise NotFound(f"no check {ask.check!r}", hint="somebody has just signed it")
        live.desk.propose(declared, order)
        if declared.policy.signatures:
            live.desk.sign(declared, order.id, who=who.name, roles=who.roles, reason=ask.reason)
        live.rooms.advisor.acted(type_, twin, card, who=who)
        return live.rooms.orders.find(type_, twin, order.id)

    def _may_carry(self, declared: Declared, order: Order, who: Identity) -> bool:
        place = f"{order.type}/{order.twin}"
        if declared.policy.signatures:
            return self._live.gate.may(who, "approve", f"{place}/commands")
        return all(self._live.gate.may(who, "command", f"{place}/{name}") for name, _ in order.params)

    def command(
        self, type_: str, twin: str, ask: CommandAsk, expires_at: int, *, who: Identity, approve: bool
    ) -> Order:
        live = self._live
        declared = live.site.declared.get(type_)
        if declared is None:
            raise NotFound(f"no type {type_!r}")
        params = inward_params(declared.schema, ask.name, ask.params)
        order = Order(ask.id, type_, twin, ask.name, params, who.name, live.clock.now(), expires_at, ask.reason)
        live.desk.propose(declared, order, approve=approve)
        return live.rooms.orders.find(type_, twin, ask.id)

    def approve(self, type_: str, twin: str, order: str, *, who: Identity, reason: str, code: str) -> Order:
        live = self._live
        live.rooms.orders.find(type_, twin, order)
        return live.desk.sign(live.site.declared[type_], order, who=who.name, roles=who.roles, reason=reason)

    def told(self, type_: str, twin: str, order: str, ask: AckAsk, *, who: Identity) -> Order:
        return self._live.desk.told(type_, twin, order, ask.state, who=who.name, reason=ask.reason)

    def cancel(self, type_: str, twin: str, order: str, *, who: Identity, reason: str) -> Order:
        self._live.rooms.orders.find(type_, twin, order)
        return self._live.desk.step(order, "cancelled", who=who.name, reason=reason)

    def _drafted(self, run: Finished, who: Identity) -> Order:
        """The order that a card recommends, with the effect it foresees; the twin proposes it, a person signs."""
        if run.choice is None or run.card is None:
            raise OrderRefused("the card recommends nothing", at=run.id)
        live, choice = self._live, run.tried[run.choice]
        now, declared = live.clock.now(), live.site.declared[run.type]
        personal = declared.schema.personal
        return Order(
            f"PC-{secrets.token_hex(4)}" if personal else f"o-{secrets.token_hex(6)}",
            run.type,
            run.twin,
            "set",
            tuple(choice.values.items()),
            "pollux",
            now,
            now + DAY,
            f"{choice.label}: advised by {run.card.id}, run {run.id}",
            advice=run.card.id,
            carrier=live.desk.carrier(declared, "set"),
            predicted=choice.effects,
        )


def _confirm(href: str, id_: str, card: str, live: "LiveSite", type_: str) -> Action:
    signed = live.site.declared[type_].policy.signatures > 0
    return Action(
        key="sign",
        label="Sign" if signed else "Send",
        href=href,
        body={"check": id_, "advice": card},
        asks=(Ask(key="reason", label="Reason", kind="text", required=False),),
        tone="main",
    )


def _checks(live: "LiveSite", order: Order) -> Sequence[CheckLine]:
    """What was looked at, one line each."""
    declared = live.site.declared[order.type]
    lines: list[CheckLine] = []
    if order.may_become("expired"):
        lines.append(CheckLine(text="it expires", ok=order.expires_at > live.clock.now()))
    try:
        live.desk.check(declared, order)
        lines.append(CheckLine(text="within limits, rate of change and interlocks", ok=True))
    except OrderRefused as refused:
        lines.append(CheckLine(text=refused.message, ok=False))
    lines.append(
        CheckLine(
            text="simulated on the twin first" if order.predicted else "not simulated on the twin first",
            ok=bool(order.predicted) or None,
        )
    )
    return lines
