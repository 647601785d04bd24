"""What a survey of messages has found, as it is written to `survey.json`."""

from typing import final

import msgspec

from pollux.site.survey.places import Places
from pollux.site.survey.signals import Signal


@final
class Rhythm(msgspec.Struct, frozen=True):
    """How often topics speak, in seconds: the median interval, from the tenth to the ninetieth hundredth, and gaps.

    A gap is an interval of more than five medians of its own topic; `longest` is the longest silence between two.
    """

    median: float
    low: float
    high: float
    gaps: int
    longest: float


@final
class Found(msgspec.Struct, frozen=True):
    """Topics of one shape.

    `pattern` is as Pollux writes it, `topics` those that were heard, `twins` their names. `formats` counts the payloads
    that were looked into; `unread` those that could not be read, by reason. `encoding` is that of most of them, `told`
    whether the topics or content types say so. `time` is the key of their own time, `owner` the key by which payloads
    name their twin, `columns` the number of cells of CSV lines without a header. `plain` says that each payload is one
    value, and `forms` which topic has which signal.
    """

    pattern: str
    why: str
    topics: tuple[str, ...]
    twins: tuple[str, ...]
    messages: int
    retained: int
    bytes: int
    formats: dict[str, int]
    unread: dict[str, int]
    encoding: str
    told: bool
    plain: bool
    places: Places
    signals: tuple[Signal, ...]
    rhythm: Rhythm | None
    time: str
    owner: str
    columns: int
    sample: str


@final
class Findings(msgspec.Struct, frozen=True):
    """All that was found. `overheard` and `unkept` count what was beyond the bounds; `unreadable` lines of a file.
    `note` says why it ended early, or what else has to be known.
    """

    what: str
    began: str
    seconds: float
    messages: int
    topics: int
    overheard: int
    unkept: int
    unreadable: int
    note: str
    found: tuple[Found, ...]
