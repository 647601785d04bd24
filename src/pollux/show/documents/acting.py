"""Orders, and the check before one is signed."""

from typing import Final, Literal

from msgspec import Struct

from pollux.act import OrderState
from pollux.show.documents.common import Action, CheckLine, Line

End = Literal["verified", "ineffective", "expired", "failed", "rejected", "cancelled"]
ENDS: Final[tuple[End, ...]] = ("verified", "ineffective", "expired", "failed", "rejected", "cancelled")
StationKey = Literal["proposed", "queued", "sent", "acknowledged", "done", "verified"]


class OrderStation(Struct, frozen=True, kw_only=True):
    """A station on the way of an order; `t` is when it was reached."""

    key: StationKey
    label: str
    t: float | None
    text: str | None


class OrderEnd(Struct, frozen=True, kw_only=True):
    """How an order ended, always with the reason."""

    sign: End
    text: str
    t: float


class Signature(Struct, frozen=True, kw_only=True):
    """A signature that was given or is waited for."""

    title: str
    person: str | None
    key: str | None
    t: float | None
    text: str | None
    state: Literal["signed", "waiting"]


class OutcomeRow(Struct, frozen=True, kw_only=True):
    """A predicted effect beside what was measured."""

    label: str
    unit: str
    predicted: float
    lo: float
    hi: float
    measured: float | None
    measured_text: str | None
    inside: bool | None
    signed: bool = True
    step: float | None = None


class OutcomeTable(Struct, frozen=True, kw_only=True):
    """What really happened."""

    text: str
    rows: tuple[OutcomeRow, ...]


class ActionCheck(Struct, frozen=True, kw_only=True):
    """The first of two steps: ask what would happen."""

    href: str
    body: dict[str, str]
    label: str


class OrderRow(Struct, frozen=True, kw_only=True):
    """An order with its life so far and what this person may do about it."""

    id: str
    twin: str
    name: str
    params: dict[str, float | str | bool]
    reason: str
    proposer: str
    title: str
    text: str
    state: OrderState
    made: float
    expires: float
    stations: tuple[OrderStation, ...]
    end: OrderEnd | None
    signatures: tuple[Signature, ...]
    checks: tuple[CheckLine, ...]
    check: ActionCheck | None
    actions: tuple[Action, ...]
    outcome: OutcomeTable | None


class OrderList(Struct, frozen=True, kw_only=True):
    """Orders, the current ones first."""

    orders: tuple[OrderRow, ...]


class Check(Struct, frozen=True, kw_only=True):
    """What an order would do and whether it may: the panel of the first step. `confirm` is the second one."""

    id: str
    title: str
    expires: float
    affected: str
    lines: tuple[Line, ...]
    checks: tuple[CheckLine, ...]
    blocked: str | None
    confirm: Action | None
