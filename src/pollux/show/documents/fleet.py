"""A fleet as a field of cells, and the wall that shows no names."""

from typing import Literal

from msgspec import Struct

from pollux.show.documents.common import QualityWord, Scalar, Severity


class Count(Struct, frozen=True, kw_only=True):
    """How many twins are in one condition."""

    key: Literal["high", "medium", "low", "silent", "usual"]
    label: str
    count: int


class Step(Struct, frozen=True, kw_only=True):
    """One step of the scale that colours the cells."""

    label: str
    count: int


class Scale(Struct, frozen=True, kw_only=True):
    """What the colour of a cell says."""

    text: str
    steps: tuple[Step, ...]


class Group(Struct, frozen=True, kw_only=True):
    """A block of cells, worst first: `level` counts into the scale's steps (-1 silent), `mark` is 0 to 3."""

    key: str
    label: str
    marks: tuple[Severity, ...]
    ids: list[str]
    level: list[int]
    mark: list[int]


class Attention(Struct, frozen=True, kw_only=True):
    """A twin that needs somebody."""

    twin: str
    label: str
    severity: Severity
    text: str
    value: float | None
    unit: str | None
    t: float


class Bar(Struct, frozen=True, kw_only=True):
    """A bar of the money chart."""

    label: str
    kind: Literal["total", "step", "future"]
    value: float
    lo: float | None = None
    hi: float | None = None


class Figure(Struct, frozen=True, kw_only=True):
    """A sum of money with its words."""

    label: str
    value: float
    unit: str
    text: str | None


class Money(Struct, frozen=True, kw_only=True):
    """What the fleet costs and could save."""

    title: str
    text: str
    unit: str
    bars: tuple[Bar, ...]
    figures: tuple[Figure, ...]


class Fleet(Struct, frozen=True, kw_only=True):
    """All twins of a type that may be seen."""

    type: str
    title: str
    subtitle: str
    one: str
    count: int
    at: float
    seq: int
    notice: str | None
    summary: tuple[Count, ...]
    scale: Scale
    groups: tuple[Group, ...]
    attention: tuple[Attention, ...]
    more: int
    words: dict[str, str]
    money: Money | None


class WallValue(Struct, frozen=True, kw_only=True):
    """A value on a tile; `second` is what follows a "/"."""

    label: str
    unit: str
    value: Scalar
    second: float | None
    step: float | None
    sigma: float | None
    stale: bool
    t: float | None
    quality: QualityWord


class Tile(Struct, frozen=True, kw_only=True):
    """A bed, room or asset under its code: no name, no age, no diagnosis has a place here."""

    code: str
    state: Literal["steady", "alarm", "silent", "free"]
    severity: Severity | None
    text: str
    since: float | None
    values: tuple[WallValue, ...]


class Wall(Struct, frozen=True, kw_only=True):
    """What hangs on a wall: at most sixteen tiles, in a fixed order."""

    name: str
    title: str
    text: str
    now: float
    seq: int
    notice: str | None
    tiles: tuple[Tile, ...]
