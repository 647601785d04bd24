"""Orders as rows: the stations of their life, signatures, and what really happened."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from pollux.act import GUARDED, Order, OrderState, Outcome, Transition
from pollux.show.compose.params import outward_params
from pollux.show.compose.types import outward_number
from pollux.show.compose.words import amount, title
from pollux.show.documents import acting as out
from pollux.show.documents.common import Action, Ask, CheckLine
from pollux.show.facts import TwinType
from pollux.show.routes import seconds

_STATIONS: Final[tuple[tuple[OrderState, out.StationKey], ...]] = (
    ("proposed", "proposed"),
    ("approved", "queued"),
    ("sent", "sent"),
    ("accepted", "acknowledged"),
    ("done", "done"),
    ("verified", "verified"),
)
_ADVISED: Final = ": advised by "
_AHEAD: Final[dict[str, dict[out.StationKey, str]]] = {
    "person": {
        "sent": "to the medication list",
        "acknowledged": "read",
        "done": "taken",
        "verified": "by measurements",
    },
    "device": {
        "sent": "to the device",
        "acknowledged": "the device says yes",
        "done": "the device says done",
        "verified": "by measurements",
    },
}
"""What each station is, for whoever carries the order: somebody with a list, or a device."""
_REASON: Final = Ask(key="reason", label="Reason", kind="text", required=False)
_REASON_REQUIRED: Final = Ask(key="reason", label="Reason, required...", kind="text")


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """What the house knows of an order besides the order, and what its reader may do."""

    outcomes: Sequence[Outcome]
    checks: Sequence[CheckLine]
    signatures: int
    may_approve: bool
    may_cancel: bool


def row(order: Order, type_: TwinType, standing: Standing) -> out.OrderRow:
    """One order as its reader sees it."""
    return out.OrderRow(
        id=order.id,
        twin=f"{order.type}/{order.twin}",
        name=order.name,
        params=outward_params(type_.schema, order),
        reason=order.reason,
        proposer=order.proposer,
        title=f"Plan change {order.id}" if order.carrier == "person" else f"Order {order.id}",
        text=_text(order, type_),
        state=order.state,
        made=seconds(order.issued_at),
        expires=seconds(order.expires_at),
        stations=_stations(order, standing),
        end=_end(order),
        signatures=_signatures(order, standing.signatures),
        checks=tuple(standing.checks),
        check=None,
        actions=_actions(order, standing),
        outcome=_outcome(standing.outcomes),
    )


def order_list(rows: Sequence[out.OrderRow]) -> out.OrderList:
    """Open orders first, each group newest first."""
    return out.OrderList(orders=tuple(sorted(rows, key=lambda one: (one.end is not None, -one.made))))


def _text(order: Order, type_: TwinType) -> str:
    """What is asked: in the words of the advice that it follows, else the values that are set."""
    advised, follows, _ = order.reason.partition(_ADVISED)
    if order.advice and follows:
        return advised
    parts: list[str] = []
    for name, value in order.params:
        place = type_.index.get(name)
        unit = type_.fields[place].unit if place is not None else ""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        told = amount(outward_number(type_.schema, name, float(value)), unit) if number else value
        parts.append(f"{title(name).lower()} {told}")
    said = ", ".join(parts)
    return (
        said if order.name == "set" and said else ": ".join(part for part in (title(order.name).lower(), said) if part)
    )


def _stations(order: Order, standing: Standing) -> tuple[out.OrderStation, ...]:
    reached = {step.state: step for step in order.steps}
    missing = standing.signatures - len(order.signatures)
    found: list[out.OrderStation] = []
    for state, key in _STATIONS:
        step = reached.get(state)
        text = _AHEAD[order.carrier].get(key) if step is None else _reached(order, step)
        if state == "approved" and step is None and missing > 0 and order.state == "proposed":
            text = f"needs {missing} more signature{'s' if missing > 1 else ''}"
        found.append(out.OrderStation(key=key, label=key, t=seconds(step.at) if step else None, text=text))
    return tuple(found)


def _reached(order: Order, step: Transition) -> str:
    """Who brought an order to a station, and why; what is asked stands elsewhere."""
    reason = step.reason
    if step.state == "proposed" and order.advice:
        reason = reason.partition(_ADVISED)[2]
    guard = "; unguarded at the device" if _unguarded(order, step) else ""
    return f"by {step.who}" + (f": {reason}" if reason else "") + guard


def _unguarded(order: Order, step: Transition) -> bool:
    """Whether this is the first yes of a device beside which no agent says that it has checked what it sets."""
    first = next((one for one in order.steps if one.state in ("accepted", "done")), None)
    sets = order.carrier == "device" and order.name == "set"
    return sets and step is first and GUARDED not in step.reason


def _end(order: Order) -> out.OrderEnd | None:
    sign: out.End | None = next((end for end in out.ENDS if end == order.state), None)
    if sign is None or not order.steps:
        return None
    last = order.steps[-1]
    return out.OrderEnd(sign=sign, text=last.reason or order.state, t=seconds(last.at))


def _signatures(order: Order, wanted: int) -> tuple[out.Signature, ...]:
    total = max(wanted, len(order.signatures))
    signed = [
        out.Signature(title=f"Signature {place} of {total}", person=who, key=None, t=None, text=None, state="signed")
        for place, who in enumerate(order.signatures, 1)
    ]
    waiting = [
        out.Signature(
            title=f"Signature {place} of {total}", person=None, key=None, t=None, text="waited for", state="waiting"
        )
        for place in range(len(signed) + 1, total + 1)
        if order.state == "proposed"
    ]
    return (*signed, *waiting)


def _actions(order: Order, standing: Standing) -> tuple[Action, ...]:
    href = f"twins/{order.type}/{order.twin}/commands/{order.id}"
    found: list[Action] = []
    if order.state == "proposed" and standing.may_approve:
        found.append(Action(key="approve", label="Sign", href=f"{href}/approve", asks=(_REASON,), tone="main"))
    if order.may_become("cancelled") and standing.may_cancel:
        found.append(Action(key="cancel", label="Cancel...", href=f"{href}/cancel", asks=(_REASON_REQUIRED,)))
    return tuple(found)


def _outcome(outcomes: Sequence[Outcome]) -> out.OutcomeTable | None:
    if not outcomes:
        return None
    inside = sum(one.verdict == "inside" for one in outcomes)
    rows = tuple(outcome_row(one) for one in outcomes)
    return out.OutcomeTable(text=f"{inside} of {len(outcomes)} inside the predicted interval", rows=rows)


def outcome_row(one: Outcome) -> out.OutcomeRow:
    """One effect: predicted and measured, as changes since the order was signed."""
    effect, missing = one.effect, math.isnan(one.measured)
    # Where nothing was known before, the values themselves are compared.
    signed = math.isfinite(effect.before)
    before = effect.before if signed else 0.0
    return out.OutcomeRow(
        label=title(effect.signal),
        unit=effect.unit,
        predicted=effect.median - before,
        lo=effect.low - before,
        hi=effect.high - before,
        measured=None if missing else one.measured - before,
        measured_text="not measured in time" if missing else None,
        inside=None if one.verdict == "unknown" else one.verdict == "inside",
        signed=signed,
    )
