"""Orders as plain values, for the log and for snapshots, and the one way in which a logged step changes the book."""

from collections.abc import Mapping
from typing import Any

import msgspec

from pollux.act import ApprovalPolicy, Effect, Order, OrderBook, Outcome

Plain = dict[str, Any]


def plain_order(order: Order) -> Plain:
    """An order as MessagePack can write it."""
    plain: Plain = msgspec.to_builtins(order)
    return plain


def order_of(plain: Mapping[str, Any]) -> Order:
    """The order that was written."""
    return msgspec.convert(plain, Order)


def apply_order(book: OrderBook, body: Mapping[str, Any]) -> str:
    """Take a logged step: the id of the order that it concerns.

    What was logged was checked before; the policy is in the note, so that a replay needs no declaration.
    """
    now, who, reason = int(body["at"]), str(body["who"]), str(body.get("reason", ""))
    match body["action"]:
        case "propose":
            return book.propose(order_of(body["order"]), now).id
        case "sign":
            policy = ApprovalPolicy(signatures=int(body["signatures"]))
            return book.sign(str(body["id"]), policy, who=who, roles=frozenset(), reason=reason, now=now).id
        case "verify":
            return book.foresee(str(body["id"]), msgspec.convert(body["predicted"], list[Effect])).id
        case "verified" | "ineffective" as state if "outcomes" in body:
            outcomes = msgspec.convert(body["outcomes"], list[Outcome])
            return book.conclude(str(body["id"]), state, outcomes, who=who, reason=reason, now=now).id
        case _:
            return book.step(str(body["id"]), body["action"], who=who, reason=reason, now=now).id
