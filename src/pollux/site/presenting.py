"""How a domain wants its twins shown and what may be tried on them, as functions and plain data.

What it leaves out is made from the type.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, final

from pollux.decide import Futures, Gate
from pollux.show.facts import Remark, Score, Turn
from pollux.watch import Alarm

if TYPE_CHECKING:
    from pollux.site.handles import Handle

Document = Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True)
class LabChoice:
    """Something that may be tried: what it sets, and how people call it."""

    id: str
    label: str
    short: str
    values: Mapping[Any, float] = field(default_factory=dict[Any, float])
    detail: str = ""


@final
@dataclass(frozen=True, slots=True)
class LabFigure:
    """A figure of one option: median with 90 % interval, or a probability in percent without one."""

    value: float
    low: float | None = None
    high: float | None = None
    text: str | None = None
    detail: str | None = None


Compare = Callable[[Futures], Sequence[LabFigure]]
"""One figure for each option of some futures."""


@final
@dataclass(frozen=True, slots=True)
class LabRow:
    """A quantity compared over the options, under a heading."""

    group: Literal["Benefit", "Risk", "Cost", "Gate"]
    label: str
    unit: str
    compare: Compare
    signal: str | None = None
    signed: bool = False
    step: float | None = None


@final
@dataclass(frozen=True, slots=True)
class Lab:
    """What may be tried on the twins of a type, how far ahead, and what is compared.

    `choices` are those of one twin; the first is to go on as it is. `gates` names what keeps a choice from being
    recommended. `score` is what an option is worth (the highest is ranked first); `unranked` says why an option is
    simulated and not ranked.
    """

    choices: Callable[[str], Sequence[LabChoice]]
    horizon: str
    members: int
    rows: Sequence[LabRow]
    score: Compare
    gates: Callable[[str, LabChoice], Sequence[Gate]] = lambda _twin, _choice: ()
    unranked: Callable[[LabChoice, Futures, int], str | None] = lambda _choice, _futures, _row: None
    not_modelled: str = ""
    sources: str = ""
    assumptions: str = ""


@final
@dataclass(frozen=True, slots=True)
class Presenter:
    """What a domain says of its twins to the page. Documents are plain mappings in the form of `web/API.md`.

    `caption` gives title and subtitle of a twin, for those who may see names; `view` what stands where; `scene` the
    model in three dimensions as GLB; `wall` a wall by its name, which holds no names of persons. `remarks` says by
    field what stands beside its value, `turn` the newest turn of what beats or spins in it, `cause` what is likely
    behind an alarm, in a few words. These three are handed the twin itself. `scores` counts points from a view of the
    twin as it is, or was known at a moment, and is handed that moment in nanoseconds UTC.
    """

    caption: Callable[[str], tuple[str, str]] | None = None
    view: Callable[[str], Document] | None = None
    scene: Callable[[str], bytes] | None = None
    wall: Callable[[str], Document | None] | None = None
    lab: Lab | None = None
    remarks: Callable[["Handle[Any]"], Mapping[str, Remark]] | None = None
    turn: Callable[["Handle[Any]"], Turn | None] | None = None
    cause: Callable[["Handle[Any]", Alarm], str] | None = None
    scores: Callable[[Any, int], Sequence[Score]] | None = None
