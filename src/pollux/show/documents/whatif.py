"""Forks and their futures, and the advice that comes of them."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

from pollux.show.documents.acting import ActionCheck, OutcomeTable
from pollux.show.documents.common import Action, Line, Note

RunState = Literal["ready", "running", "done", "failed"]


class ForkRow(Struct, frozen=True, kw_only=True):
    """A fork in a list."""

    id: str
    title: str
    made: float
    state: RunState
    kept: bool


class ForkList(Struct, frozen=True, kw_only=True):
    """Forks, newest first."""

    forks: tuple[ForkRow, ...]


class RunOption(Struct, frozen=True, kw_only=True):
    """What was tried: key "0" is the measured world carried on, then A, B, C."""

    key: str
    choice: str
    label: str
    short: str
    first: bool
    gate: str | None


class Fan(Struct, frozen=True, kw_only=True):
    """Quantiles of one signal on the grid of the fork."""

    unit: str
    p5: list[float | None]
    p50: list[float | None]
    p95: list[float | None]


class Chance(Struct, frozen=True, kw_only=True):
    """How many futures of an option held an event, in per cent with its interval; `text` says over what span."""

    unit: str
    value: float | None
    lo: float
    hi: float
    text: str


class Cell(Struct, frozen=True, kw_only=True):
    """One figure of the comparison: a value with its interval, or a text with its detail."""

    value: float | None = None
    lo: float | None = None
    hi: float | None = None
    text: str | None = None
    detail: str | None = None


class TableRow(Struct, frozen=True, kw_only=True):
    """One quantity compared over the options."""

    label: str
    unit: str | None
    signal: str | None
    signed: bool
    step: float | None
    cells: dict[str, Cell]


class TableGroup(Struct, frozen=True, kw_only=True):
    """Rows that belong together."""

    title: str
    rows: tuple[TableRow, ...]


class Comparison(Struct, frozen=True, kw_only=True):
    """The options side by side."""

    note: str
    groups: tuple[TableGroup, ...]


class Fork(Struct, frozen=True, kw_only=True):
    """A fork with what its run has shown so far."""

    id: str
    twin: str
    title: str
    made: float
    until: float | None
    members: int
    seq: int
    state: RunState
    progress: float
    text: str | None
    options: tuple[RunOption, ...] = ()
    grid: list[float] = field(default_factory=list[float])
    fans: dict[str, dict[str, Fan]] = field(default_factory=dict[str, dict[str, Fan]])
    chances: dict[str, dict[str, Chance]] = field(default_factory=dict[str, dict[str, Chance]])
    table: Comparison | None = None
    not_modelled: str | None = None
    sources: str | None = None
    actions: tuple[Action, ...] = ()
    matters: Action | None = None


class Card(Struct, frozen=True, kw_only=True):
    """A recommendation, and after it was acted on what really happened. Cards are never deleted."""

    id: str
    state: Literal["running", "open", "acted", "declined", "expired", "failed"]
    option: str | None
    fork: str | None
    rank: str
    title: str
    text: str
    made: float
    expires: float | None
    lines: tuple[Line, ...] = ()
    notes: tuple[Note, ...] = ()
    check: ActionCheck | None = None
    actions: tuple[Action, ...] = ()
    outcome: OutcomeTable | None = None
    verdict: str | UnsetType = UNSET


class CardList(Struct, frozen=True, kw_only=True):
    """Cards, newest first."""

    cards: tuple[Card, ...]
