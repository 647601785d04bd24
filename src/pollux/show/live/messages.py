"""The control messages of the live wire, each tagged by `is`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from pollux.show.documents.common import QualityWord, Scalar
from pollux.show.documents.twins import Aside, Flag, ValueRole
from pollux.show.facts import Topic

Name = Annotated[str, Meta(min_length=1, max_length=400)]
Kind = Literal["state", "samples", "cycle", "cells"]


class Hello(Struct, frozen=True, kw_only=True, tag_field="is", tag="hello"):
    """The first message: the protocol, the site's time and whether a former link was taken up."""

    protocol: int
    now: float
    speed: float
    version: str | None
    resumed: bool


class Channel(Struct, frozen=True, kw_only=True):
    """A number that stands for fields of a twin; for `cells` it stands for twins x fields, field by field."""

    channel: int
    kind: Kind
    fields: tuple[str, ...]


class Channels(Struct, frozen=True, kw_only=True, tag_field="is", tag="channels"):
    """The numbers that stand for a twin's fields on this link."""

    twin: str
    channels: tuple[Channel, ...]


class CellChannel(Struct, frozen=True, kw_only=True, tag_field="is", tag="cells"):
    """The channel of a table: cell number `field * len(twins) + twin` stands for one field of one twin."""

    channel: int
    type: str
    twins: tuple[str, ...]
    fields: tuple[str, ...]


class Clock(Struct, frozen=True, kw_only=True, tag_field="is", tag="clock"):
    """The site's time, how far the twins are behind it, and how many values a second it takes in."""

    now: float
    speed: float
    behind: float | None
    rate: float | None


class ValueNotes(Struct, frozen=True, kw_only=True):
    """The fields of a value that frames lack."""

    reason: str | None
    word: str | None
    remark: str | None
    aside: Aside | None
    flag: Flag | None
    due: float | None
    stale_after: float | None
    unit: str
    role: ValueRole
    step: float | None


class Notes(Struct, frozen=True, kw_only=True, tag_field="is", tag="notes"):
    """What is to be said beside values that changed."""

    twin: str
    seq: int
    values: dict[str, ValueNotes]


class TextValue(Struct, frozen=True, kw_only=True):
    """A value that is no number."""

    value: Scalar
    t: float | None
    quality: QualityWord


class Texts(Struct, frozen=True, kw_only=True, tag_field="is", tag="text"):
    """Values that are no numbers."""

    twin: str
    seq: int
    values: dict[str, TextValue]


class Changed(Struct, frozen=True, kw_only=True, tag_field="is", tag="changed"):
    """Something else has changed: ask again."""

    what: Topic
    twin: str | None


class Progress(Struct, frozen=True, kw_only=True, tag_field="is", tag="progress"):
    """How far a run has come, from 0 to 1."""

    fork: str
    progress: float
    text: str


class Trouble(Struct, frozen=True, kw_only=True, tag_field="is", tag="problem"):
    """What this link could not do."""

    title: str
    detail: str
    hint: str | None


class WatchTwin(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A twin to watch: newest values, single samples, the cycle. No `fields` means all that may be seen."""

    twin: Name
    fields: Annotated[tuple[Name, ...], Meta(max_length=1_000)] | None = None
    samples: Annotated[tuple[Name, ...], Meta(max_length=16)] = ()
    cycle: bool = False


class WatchTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many twins of a type in one channel; no `twins` means all that may be seen."""

    type: Name
    fields: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=1_000)]
    twins: Annotated[tuple[Name, ...], Meta(max_length=100_000)] | None = None


class Watch(Struct, frozen=True, kw_only=True, tag_field="is", tag="watch", forbid_unknown_fields=True):
    """What this link wants to see; it replaces what it wanted before."""

    twins: Annotated[tuple[WatchTwin, ...], Meta(max_length=64)] = ()
    tables: Annotated[tuple[WatchTable, ...], Meta(max_length=16)] = ()
    fleets: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()
    wall: Name | None = None


class Resume(Struct, frozen=True, kw_only=True, tag_field="is", tag="resume", forbid_unknown_fields=True):
    """The last position seen on a former link; only what changed since is sent."""

    seq: Annotated[int, Meta(ge=0)] = 0


class Pause(Struct, frozen=True, kw_only=True, tag_field="is", tag="pause", forbid_unknown_fields=True):
    """Nobody is looking."""


Asked = Watch | Resume | Pause
Said = Hello | Channels | CellChannel | Clock | Notes | Texts | Changed | Progress | Trouble
