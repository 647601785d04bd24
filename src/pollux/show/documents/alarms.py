"""Alarms, and why data do not arrive."""

from typing import Literal

from msgspec import Struct

from pollux.show.documents.common import Action, Severity


class AlarmRow(Struct, frozen=True, kw_only=True):
    """One alarm with what this person may do about it."""

    id: str
    twin: str
    severity: Severity
    state: Literal["raised", "acknowledged", "shelved", "gone"]
    title: str
    text: str
    t: float
    until: float | None
    measure: str | None
    signal: str | None
    part: str | None
    actions: tuple[Action, ...]


class AlarmList(Struct, frozen=True, kw_only=True):
    """Alarms in the order in which they are to be shown."""

    summary: str
    alarms: tuple[AlarmRow, ...]


class ScoreInput(Struct, frozen=True, kw_only=True):
    """One input of a score; `points` is None where it does not count, for the `reason`."""

    label: str
    signal: str
    points: int | None
    reason: str | None


class ScoreRow(Struct, frozen=True, kw_only=True):
    """A score with its inputs; while one is missing, `points` is the least that it is."""

    title: str
    text: str
    complete: bool
    points: int
    most: int
    measure: str
    severity: Severity | None
    inputs: tuple[ScoreInput, ...]


class ScoreList(Struct, frozen=True, kw_only=True):
    """The scores of a twin, as known at a moment."""

    at: float
    scores: tuple[ScoreRow, ...]


class Station(Struct, frozen=True, kw_only=True):
    """One of the places that data pass on their way to the twin."""

    key: Literal["device", "received", "decoded", "believed", "twin"]
    label: str
    state: Literal["ok", "broken", "unknown"]
    text: str


class Excerpt(Struct, frozen=True, kw_only=True):
    """A piece of a message with the fault marked."""

    before: str
    mark: str
    after: str


class Fault(Struct, frozen=True, kw_only=True):
    """One cause for which messages were refused or values set aside."""

    severity: Severity
    title: str
    text: str
    hint: str | None
    topic: str | None
    meta: str | None
    t: float
    excerpt: Excerpt | None
    count: int
    actions: tuple[Action, ...] = ()


class Reception(Struct, frozen=True, kw_only=True):
    """Why data do not arrive: the station that broke, and the faults that were found."""

    title: str
    since: float | None
    text: str
    stations: tuple[Station, ...]
    faults: tuple[Fault, ...]


class Lost(Struct, frozen=True, kw_only=True):
    """What was refused of all senders, also for twins that there are none of: one fault for each reason and topic."""

    summary: str
    faults: tuple[Fault, ...]
