"""What was: series of a twin, and the marks on its time bar."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

from pollux.show.documents.common import Severity
from pollux.show.documents.twins import ValueRole


class Gap(Struct, frozen=True, kw_only=True):
    """A stretch without data, and why."""

    from_: float = field(name="from")
    to: float
    text: str


class Series(Struct, frozen=True, kw_only=True):
    """One field over time: the samples themselves when `raw`, else the extremes or the aggregate of each column.

    `q` holds the codes of quality, and is empty when all are good; `lo` and `hi` the 5 % and 95 % quantiles where
    known. `arrived`, `seq` and `reason`, null where nothing is wrong, are there when they were asked for.
    """

    field: str
    role: ValueRole
    unit: str
    raw: bool
    t: list[float]
    v: list[float | None]
    q: list[int]
    lo: list[float | None]
    hi: list[float | None]
    gaps: tuple[Gap, ...]
    arrived: list[float] | UnsetType = UNSET
    seq: list[int] | UnsetType = UNSET
    reason: list[str | None] | UnsetType = UNSET


class History(Struct, frozen=True, kw_only=True):
    """Series of one twin between two moments, as known after `seq`."""

    twin: str
    from_: float = field(name="from")
    to: float
    seq: int
    series: tuple[Series, ...]


class Mark(Struct, frozen=True, kw_only=True):
    """Something that stands on the time bar; `ref` is the id of the alarm or order.

    With `signal`, `short` and `from` the chart of that signal carries `short`, bracketed to its line at `from`.
    """

    t: float
    kind: Literal["alarm", "order", "note"]
    severity: Severity | None
    state: str
    text: str
    ref: str
    signal: str | None = None
    short: str | None = None
    from_: float | None = field(default=None, name="from")


class Marks(Struct, frozen=True, kw_only=True):
    """What stands on the time bar between two moments."""

    marks: tuple[Mark, ...]
    gaps: tuple[Gap, ...]
