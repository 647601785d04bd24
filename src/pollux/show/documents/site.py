"""The session, the audit trail, health."""

from typing import Any, Literal

from msgspec import Struct


class Session(Struct, frozen=True, kw_only=True):
    """Who is signed in, and what the page must know before it asks for anything."""

    person: str
    rights_text: str
    tenant: str
    mode: Literal["observe", "act"]
    view: Literal["full", "wall"]
    home: str
    panels: tuple[str, ...]
    notice: str | None
    now: float
    speed: float
    zone: str | None
    version: str


class AuditRow(Struct, frozen=True, kw_only=True):
    """Who did or saw what, when, why, and with what outcome."""

    seq: int
    t: float
    who: str
    what: str
    target: str
    reason: str | None
    outcome: str | None


class AuditTrail(Struct, frozen=True, kw_only=True):
    """Entries in the order of the log; `next` asks for the ones after these."""

    entries: tuple[AuditRow, ...]
    next: int | None


class Broken(Struct, frozen=True, kw_only=True):
    """A promise that does not hold at the moment."""

    promise: str
    text: str


class Ready(Struct, frozen=True, kw_only=True):
    """Whether the site can serve; the broken promises are named to whoever has a token."""

    ready: bool
    broken: tuple[Broken, ...] | None = None


class Live(Struct, frozen=True, kw_only=True):
    """The process answers."""

    live: bool = True


class TypeModels(Struct, frozen=True, kw_only=True):
    """The twin types as DTDL interfaces."""

    models: list[dict[str, Any]]
