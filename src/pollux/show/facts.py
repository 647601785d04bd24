"""What the house tells the server: snapshots as columns and small facts, in the units and times of the inside.

Times are int64 nanoseconds UTC. Nothing here is a view of live memory: whoever makes one of these copies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.batch import Refusal
from pollux.model.schema import Schema
from pollux.show.documents.common import Severity
from pollux.show.documents.twins import Aside, Flag, ValueRole

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
I32 = NDArray[np.int32]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]

Mode = Literal["observe", "act"]
Topic = Literal[
    "alarms", "advice", "commands", "forks", "refusals", "view", "presence", "marks", "twins", "fleet", "wall"
]


@final
@dataclass(frozen=True, slots=True)
class Field:
    """A column that clients may see: a signal, or something derived from signals; all numbers of it are in `unit`.

    `every` is the seconds between samples where known, `low` and `high` are the declared bounds, `personal` marks what
    names or describes a person. `choices` are the words of a field whose numbers are codes.
    """

    name: str
    role: ValueRole
    unit: str
    label: str = ""
    every: float | None = None
    step: float | None = None
    low: float | None = None
    high: float | None = None
    personal: bool = False
    numeric: bool = True
    flag: bool = False
    choices: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether its values are numbers that mean themselves, not codes of words or of yes and no."""
        return self.numeric and not self.flag and not self.choices


@final
@dataclass(frozen=True, slots=True, eq=False)
class TwinType:
    """A twin type with its fields, whose order is that of every table; `plural` is what a fleet of it is called.

    `personal` says that its twins are persons: who looks at them is written into the audit trail.
    """

    name: str
    fields: tuple[Field, ...]
    plural: str
    one: str
    personal: bool = False
    schema: Schema | None = None
    index: Mapping[str, int] = field(init=False, default_factory=dict[str, int])

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {one.name: place for place, one in enumerate(self.fields)})


@final
@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Some twins of one type at a moment: arrays of shape (fields, twins), copied.

    `seq` is the position in the log after which this holds. `values` is NaN where there is no number; `texts` has the
    words of fields that are no numbers, by field name, one per twin. `low` and `high` are 5 % and 95 % quantiles.
    """

    type: TwinType
    ids: tuple[str, ...]
    seq: int
    time: int
    values: F64
    quality: U8
    reason: U16
    event_time: I64
    arrival: I64
    sigma: F64
    low: F64 | None = None
    high: F64 | None = None
    texts: Mapping[str, Sequence[str | None]] = field(default_factory=dict[str, Sequence[str | None]])


@final
@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Cells of one type that changed after a position: their newest content, arrays of shape (n,).

    `row` counts into `ids`, which is the same object until a twin comes or goes.
    """

    seq: int
    ids: Sequence[str]
    row: I32
    field: I32
    value: F64
    quality: U8
    event_time: I64
    sigma: F64
    low: F64 | None = None
    high: F64 | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Samples in order of time, each array of shape (n,), as known after position `seq`.

    `arrival` and `position` are the arrival time and the position in the log of each; `low` and `high` 5 % and 95 %.
    `reason` says why each is doubted, as codes of `Reason`. `complete` is False when some that were asked for are
    remembered no more.
    """

    seq: int
    time: I64
    value: F64
    quality: U8
    arrival: I64 | None = None
    position: I64 | None = None
    low: F64 | None = None
    high: F64 | None = None
    complete: bool = True
    reason: U16 | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One whole turn of a cycle: `rows` of shape (rows, columns) from phase zero, `step` seconds between rows."""

    fields: tuple[str, ...]
    rows: F64
    begun: int
    step: float
    seq: int


@final
@dataclass(frozen=True, slots=True)
class Announcement:
    """Something other than a value has changed: who shows it asks again. `twin` is "Type/id" or None for all."""

    what: Topic
    twin: str | None = None


@final
@dataclass(frozen=True, slots=True)
class News:
    """Announcements after a position, and progress of runs, as (fork, share done, words)."""

    position: int
    said: tuple[Announcement, ...] = ()
    progress: tuple[tuple[str, float, str], ...] = ()


@final
@dataclass(frozen=True, slots=True)
class DeviceFact:
    """A device that speaks for a twin; `last` is when it was heard, 0 when never."""

    name: str
    label: str
    online: bool
    last: int


@final
@dataclass(frozen=True, slots=True)
class PresenceFact:
    """Whether a twin is heard, since when it was or was not, and who speaks for it."""

    online: bool
    since: int
    text: str = ""
    devices: tuple[DeviceFact, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Caption:
    """How a twin is called; shown only to those who may see names."""

    title: str
    subtitle: str = ""


@final
@dataclass(frozen=True, slots=True)
class Remark:
    """What a domain adds to a value: a word, a second line, a second figure, attention of its own."""

    word: str = ""
    line: str = ""
    aside: Aside | None = None
    flag: Flag | None = None
    stale_after: float | None = None
    step: float | None = None


@final
@dataclass(frozen=True, slots=True)
class Points:
    """What one input adds to a score: None where it does not count, and why."""

    label: str
    signal: str
    points: int | None
    reason: str = ""


@final
@dataclass(frozen=True, slots=True)
class Score:
    """A sum of points as a domain counts it, at most `most`; what is missing is never taken for zero.

    `severity` is the attention that it asks for, None for none; `text` what else is to be said.

    >>> Score("S", 6, (Points("pulse", "pulse", 2), Points("oxygen", "oxygen", None, "not measured"))).complete
    False
    """

    title: str
    most: int
    inputs: tuple[Points, ...]
    severity: Severity | None = None
    text: str = ""

    @property
    def points(self) -> int:
        """The sum over the inputs that count; the score is at least this."""
        return sum(one.points or 0 for one in self.inputs)

    @property
    def complete(self) -> bool:
        """Whether every input counts."""
        return all(one.points is not None for one in self.inputs)


@final
@dataclass(frozen=True, slots=True)
class GapFact:
    """A stretch without data, and why."""

    start: int
    end: int
    text: str


@final
@dataclass(frozen=True, slots=True)
class ReceptionFact:
    """How the messages of one twin fared since `since`: counts, and the newest refusals.

    `aside` holds values that were decoded but not believed: field, reason in words, how many, when last.
    """

    since: int
    connected: bool | None
    link: str
    received: int
    decoded: int
    last: int
    refusals: tuple[Refusal, ...] = ()
    aside: tuple[tuple[str, str, int, int], ...] = ()


@final
@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit trail."""

    seq: int
    at: int
    who: str
    what: str
    target: str
    reason: str = ""
    outcome: str = ""


@final
@dataclass(frozen=True, slots=True)
class Metric:
    """A figure for operators, in the sense of Prometheus. Labels name kinds and types, never a person or a twin."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: tuple[tuple[Mapping[str, str], float], ...]
