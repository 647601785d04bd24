"""Orders: proposed, signed, cancelled, looked at. Nothing here sends anything; that is the house's own doing."""

from typing import Any

from pollux.act import Order, Plan, plan
from pollux.errors import Conflict, DataRefused, NotFound, OrderRefused
from pollux.show.api import seen
from pollux.show.asks import AckAsk, Approval, AtQuery, CheckAsk, CommandAsk, NoQuery, Reason, SignAsk
from pollux.show.compose import orders as compose
from pollux.show.compose.params import outward_params
from pollux.show.documents.acting import Check, OrderList, OrderRow
from pollux.show.house import Orders
from pollux.show.problems import absent
from pollux.show.routes import Call, Reply, moment


def read_orders(call: Call[AtQuery, None]) -> OrderList:
    """The orders of a twin, the current ones first."""
    seen.require_twin(call, call.type, call.id)
    seen.looked(call, call.type, call.id)
    at = moment(call.query.at, "?at")
    orders = seen.offered(call.tenancy.orders).list(call.type.name, call.id, at=at)
    return compose.order_list([_row(call, order, live=at is None) for order in orders if seen.order_seen(call, order)])


def read_order(call: Call[NoQuery, None]) -> OrderRow:
    """One order with its life so far."""
    order = _order(call)
    seen.looked(call, call.type, call.id)
    return _row(call, order, live=True)


def check(call: Call[NoQuery, CheckAsk]) -> Check:
    """The first of two steps: what acting on a card would do, and whether it may."""
    seen.require_twin(call, call.type, call.id)
    desk = seen.offered(call.tenancy.desk)
    return desk.check(call.type.name, call.id, call.body.advice, who=call.identity)


def command(call: Call[NoQuery, CommandAsk | SignAsk]) -> Reply:
    """Propose an order, or sign the one that a check prepared."""
    seen.require_twin(call, call.type, call.id)
    if isinstance(call.body, SignAsk):
        order = seen.offered(call.tenancy.desk).sign(call.type.name, call.id, call.body, who=call.identity)
        return _accepted(call, order, 202)
    return _commanded(call, call.body)


def _commanded(call: Call[NoQuery, CommandAsk | SignAsk], ask: CommandAsk) -> Reply:
    expires = moment(ask.expires_at, "$.expires_at")
    if expires is None:
        raise DataRefused(
            "expected expires_at, got none", at="$.expires_at", hint="an order that is not carried out in time must end"
        )
    targets = [*ask.params] if ask.name == "set" else [ask.name]
    if not targets:
        raise DataRefused("expected an actuator with its value, got none", at="$.params")
    may_command = all(call.may("command", name) for name in targets)
    if not may_command and not all(call.may("propose", name) for name in targets):
        raise absent()
    orders, desk = seen.offered(call.tenancy.orders), seen.offered(call.tenancy.desk)
    again = _there(orders, call.type.name, call.id, ask.id)
    order = desk.command(call.type.name, call.id, ask, expires, who=call.identity, approve=may_command)
    return _accepted(call, order, 200 if again else 202)


def _there(orders: Orders, type_: str, twin: str, order: str) -> bool:
    try:
        return bool(orders.find(type_, twin, order))
    except NotFound:
        return False


def approve(call: Call[NoQuery, Approval]) -> OrderRow:
    """Sign an order."""
    order, body = _order(call), call.body
    desk = seen.offered(call.tenancy.desk)
    try:
        signed = desk.approve(call.type.name, call.id, order.id, who=call.identity, reason=body.reason, code=body.code)
    except OrderRefused as error:
        raise Conflict(error.message, at=error.at, hint=error.hint) from error
    return _row(call, signed, live=True)


def _plan(call: Call[Any, Any]) -> Plan:
    orders = seen.offered(call.tenancy.orders).list(call.type.name, call.id)
    return plan(call.twin, orders, told=lambda order: outward_params(call.type.schema, order))


def read_plan(call: Call[NoQuery, None]) -> Plan:
    """The changes that a person is to carry out, for the person's app."""
    call.tenancy.twins.presence(call.type.name, [call.id])
    seen.looked(call, call.type, call.id)
    return _plan(call)


def told(call: Call[NoQuery, AckAsk]) -> Plan:
    """What a person's app says of a change: read, taken, not taken. The plan as it is then."""
    call.tenancy.twins.presence(call.type.name, [call.id])
    desk = seen.offered(call.tenancy.desk)
    try:
        desk.told(call.type.name, call.id, call.path["order"], call.body, who=call.identity)
    except OrderRefused as error:
        raise Conflict(error.message, at=error.at, hint=error.hint) from error
    return _plan(call)


def cancel(call: Call[NoQuery, Reason]) -> OrderRow:
    """Take an order back: who proposed it may, and who may command the twin."""
    order = _order(call)
    if not _may_cancel(call, order):
        raise absent()
    desk = seen.offered(call.tenancy.desk)
    try:
        cancelled = desk.cancel(call.type.name, call.id, order.id, who=call.identity, reason=call.body.reason)
    except OrderRefused as error:
        raise Conflict(error.message, at=error.at, hint=error.hint) from error
    return _row(call, cancelled, live=True)


def _order(call: seen.AnyCall) -> Order:
    seen.require_twin(call, call.type, call.id)
    order = seen.offered(call.tenancy.orders).find(call.type.name, call.id, call.path["order"])
    if not seen.order_seen(call, order):
        raise absent()
    return order


def _may_cancel(call: seen.AnyCall, order: Order) -> bool:
    return order.proposer == call.identity.name or call.may("command", "commands")


def _row(call: seen.AnyCall, order: Order, *, live: bool) -> OrderRow:
    orders, acting = seen.offered(call.tenancy.orders), live and call.tenancy.desk is not None
    standing = compose.Standing(
        outcomes=orders.outcome(order),
        checks=orders.checks(order),
        signatures=orders.signatures_wanted(order),
        may_approve=acting and call.may("approve", "commands"),
        may_cancel=acting and _may_cancel(call, order),
    )
    return compose.row(order, call.type, standing)


def _accepted(call: seen.AnyCall, order: Order, status: int) -> Reply:
    place = f"/api/v1/twins/{call.twin}/commands/{order.id}".encode()
    return Reply(_row(call, order, live=True), status, ((b"location", place),))
