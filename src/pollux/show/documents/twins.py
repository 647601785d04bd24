"""The twins: the list, the state of one with every value, and how it is presented."""

from typing import Literal

from msgspec import Struct, field

from pollux.show.documents.common import QualityWord, Scalar, Severity

ValueRole = Literal["measured", "estimate", "risk", "set", "parameter", "fact"]


class Aside(Struct, frozen=True, kw_only=True):
    """A second figure beside a value: how far it moved, for example."""

    value: float | None
    unit: str
    signed: bool = True
    text: str | None = None


class Flag(Struct, frozen=True, kw_only=True):
    """What attention a value needs."""

    severity: Severity
    text: str
    since: float


class Value(Struct, frozen=True, kw_only=True):
    """One value with all that belongs to it.

    `t` and `arrived` are event and arrival time, `age` the seconds from `t` to the time of the state; `due` is how
    often it should come, and it is stale when older than `stale_after`. `sigma` is the standard deviation, `lo` and
    `hi` the 5 % and 95 % quantiles.
    """

    value: Scalar
    unit: str
    role: ValueRole
    quality: QualityWord
    reason: str | None
    t: float | None
    arrived: float | None
    age: float | None
    due: float | None
    stale_after: float | None
    sigma: float | None
    lo: float | None
    hi: float | None
    step: float | None
    word: str | None
    remark: str | None
    aside: Aside | None
    flag: Flag | None


class Device(Struct, frozen=True, kw_only=True):
    """A device that speaks for a twin."""

    name: str
    label: str
    online: bool
    last: float | None


class Presence(Struct, frozen=True, kw_only=True):
    """Whether the twin is heard, and since when it was or was not."""

    online: bool
    since: float | None
    text: str | None
    devices: tuple[Device, ...]


class State(Struct, frozen=True, kw_only=True):
    """A twin at a moment. `seq` is the position in the log after which this is the state."""

    twin: str
    at: float
    seq: int
    values: dict[str, Value]
    presence: Presence


class TwinRow(Struct, frozen=True, kw_only=True):
    """A twin in a list; `values` are those that were asked for with `fields`."""

    twin: str
    title: str
    subtitle: str | None
    severity: Severity | None
    text: str | None
    online: bool
    since: float | None
    values: dict[str, Value] | None = None


class TypeRow(Struct, frozen=True, kw_only=True):
    """A type with the number of its twins that may be seen."""

    type: str
    title: str
    count: int


class TwinList(Struct, frozen=True, kw_only=True):
    """Twins, worst first; `next` asks for the ones after these."""

    twins: tuple[TwinRow, ...]
    next: str | None
    types: tuple[TypeRow, ...]


class Range(Struct, frozen=True, kw_only=True):
    """A stretch of time to look at, in seconds before and after now."""

    label: str
    past: float
    future: float


class TimeBar(Struct, frozen=True, kw_only=True):
    """How far the time bar reaches, in seconds."""

    past: float
    future: float
    ranges: tuple[Range, ...] = ()


class Vital(Struct, frozen=True, kw_only=True):
    """A value that stands at the top."""

    label: str
    signals: tuple[str, ...]
    source: str | None = None
    text: str | None = None


class ChartLimit(Struct, frozen=True, kw_only=True):
    """A line across a chart: a limit on a measurement, or a reference for an estimate."""

    value: float
    kind: Literal["limit", "reference"]
    label: str


class Chart(Struct, frozen=True, kw_only=True):
    """One signal over time."""

    label: str
    signal: str
    note: str | None = None
    text: str | None = None
    low: float | None = None
    high: float | None = None
    zero: bool = False
    limits: tuple[ChartLimit, ...] = ()


class Camera(Struct, frozen=True, kw_only=True):
    """Where the scene is seen from; `fov` in degrees."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    fov: float


class Layer(Struct, frozen=True, kw_only=True):
    """A quantity that colours the parts of a scene, from grey to plum."""

    key: str
    label: str
    unit: str
    from_: float = field(name="from")
    to: float
    from_label: str
    to_label: str


class Patch(Struct, frozen=True, kw_only=True):
    """A soft spot on a part's surface around a node."""

    label: str
    node: str
    radius: float
    signals: dict[str, str]


class ScenePart(Struct, frozen=True, kw_only=True):
    """A part of the model, bound to one signal for each layer that colours it."""

    part: str
    kind: str
    label: str
    signals: dict[str, str] = field(default_factory=dict[str, str])
    patches: tuple[Patch, ...] = ()


class Callout(Struct, frozen=True, kw_only=True):
    """A label that points at a node."""

    label: str
    node: str
    signal: str | None
    prefix: str | None
    text: str | None
    side: Literal["left", "right"]


class Chamber(Struct, frozen=True, kw_only=True):
    """A hollow that swells with a column of the cycle."""

    node: str
    radius: float
    column: str


class Spin(Struct, frozen=True, kw_only=True):
    """A part that turns with a signal in revolutions per minute."""

    part: str
    axis: tuple[float, float, float]
    signal: str


class Trace(Struct, frozen=True, kw_only=True):
    """A small picture of one turn of the cycle: a column along time, or over another column."""

    label: str
    y: str
    x: str | None
    unit: str


class Motion(Struct, frozen=True, kw_only=True):
    """What moves in a scene."""

    chambers: tuple[Chamber, ...] = ()
    spin: tuple[Spin, ...] = ()
    traces: tuple[Trace, ...] = ()


class Scene(Struct, frozen=True, kw_only=True):
    """A model in three dimensions; `glb` is relative to the root of the interface."""

    title: str
    glb: str | None
    hint: str | None
    camera: Camera
    layers: tuple[Layer, ...]
    parts: tuple[ScenePart, ...]
    callouts: tuple[Callout, ...] = ()
    motion: Motion = Motion()


class Choice(Struct, frozen=True, kw_only=True):
    """Something that can be tried on a fork; `gate` says what keeps it from being recommended."""

    id: str
    label: str
    detail: str | None = None
    gate: str | None = None


class Lab(Struct, frozen=True, kw_only=True):
    """What can be tried on a fork of this twin."""

    title: str
    choices: tuple[Choice, ...]


class Link(Struct, frozen=True, kw_only=True):
    """Where something bigger is shown."""

    title: str
    href: str


class View(Struct, frozen=True, kw_only=True):
    """How a twin is presented: what stands at the top, the charts, the scene, the lab."""

    twin: str
    type: str
    group: Link | None
    title: str
    subtitle: str | None
    notice: str | None
    time: TimeBar
    vitals: tuple[Vital, ...]
    charts: tuple[Chart, ...]
    scene: Scene | None
    lab: Lab | None
    words: dict[str, str]
    panels: tuple[str, ...]
