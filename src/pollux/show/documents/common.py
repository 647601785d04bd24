"""What several documents have in common: actions and what they ask, lines of a card, problems."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

Severity = Literal["high", "medium", "low"]
QualityWord = Literal["missing", "good", "uncertain", "bad", "estimated", "simulated"]
Scalar = float | str | bool | None


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, in the form of RFC 9457; `at` says where in the request, `hint` what to try."""

    title: str
    status: int
    detail: str
    at: str | None = None
    hint: str | None = None
    type: str = "about:blank"


class Offered(Struct, frozen=True, kw_only=True):
    """One answer that may be picked."""

    value: str | float
    label: str


class Ask(Struct, frozen=True, kw_only=True):
    """One thing a person must say for an action; the answer goes into the body under `key`."""

    key: str
    label: str
    kind: Literal["choice", "text", "duration", "code"] = "text"
    choices: tuple[Offered, ...] = ()
    free: bool = False
    required: bool = True


class Action(Struct, frozen=True, kw_only=True):
    """Something this person may do now: `body` and the answers to `asks` are sent to `href`."""

    key: str
    label: str
    href: str
    body: dict[str, str | float | bool] = field(default_factory=dict[str, str | float | bool])
    asks: tuple[Ask, ...] = ()
    method: Literal["POST", "DELETE"] = "POST"
    tone: Literal["main", "plain"] | UnsetType = UNSET


class Line(Struct, frozen=True, kw_only=True):
    """One figure of a card: a value with its interval, or a text with its detail."""

    label: str
    value: float | None = None
    from_: float | None = field(default=None, name="from")
    unit: str | None = None
    lo: float | None = None
    hi: float | None = None
    signed: bool = False
    step: float | None = None
    text: str | None = None
    detail: str | None = None


class Note(Struct, frozen=True, kw_only=True):
    """A paragraph under a title."""

    title: str
    text: str


class CheckLine(Struct, frozen=True, kw_only=True):
    """One thing that was looked at before acting; `ok` is None where it is not known."""

    text: str
    ok: bool | None
    detail: str | None = None


class Reference(Struct, frozen=True, kw_only=True):
    """The name of something that was made or found; ask for it at `href`."""

    id: str
    href: str
