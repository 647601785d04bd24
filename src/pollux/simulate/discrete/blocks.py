"""The building blocks of a line, as values: where parts come from, wait, are worked on, carried, put together, and go.

A block sends parts to the one named in `to`, or, without it, to the next in the list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, final

from pollux.simulate.discrete.laws import Law, Span

Route: TypeAlias = str | Mapping[str, float] | None
"""The name of a block, or probabilities by name that add up to one, or nothing for the next block in the list."""

Duration: TypeAlias = Law | Span
"""A law, or a duration that is always the same: a text with a unit, or a number of seconds."""


@final
@dataclass(frozen=True, slots=True)
class Worker:
    """A pool of so many people who repair, set up or operate; whoever has waited longest is served first."""

    name: str
    count: int = 1


@final
@dataclass(frozen=True, slots=True)
class Failures:
    """How a machine fails and is repaired.

    `every` is the life between a repair and the next failure, counted in what `counted` says: "busy" time (a machine
    that does not work does not fail), "calendar" time, or "cycles" (`every` counts started operations, and the failure
    strikes before the next one). Work that is interrupted is finished after the repair.
    """

    every: Duration
    repair: Duration
    counted: Literal["busy", "calendar", "cycles"] = "busy"
    repairer: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Setup:
    """After so many parts a server is set up, or gets another tool, before it takes up the next."""

    after: int
    time: Duration
    setter: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Source:
    """Parts that arrive from outside, `batch` at a time, `every` so often.

    With `loses` those go away that find no room; without it the source holds what it cannot hand over, and counts the
    time to the next arrival from then on.
    """

    name: str
    every: Duration
    batch: int = 1
    loses: bool = False
    to: Route = None


@final
@dataclass(frozen=True, slots=True)
class Supply:
    """As many parts as anybody wants, at any time."""

    name: str
    to: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Stock:
    """A store that orders up to `up_to` parts when there are `reorder` or fewer, on the shelf and on order.

    They come after `lead`; at most `orders` of them are out at a time. Suppliers never run out.
    """

    name: str
    reorder: int
    up_to: int
    lead: Duration
    orders: int = 8
    to: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Buffer:
    """Room for so many parts (None: without limit), first in, first out; `start` of them are there at the beginning."""

    name: str
    capacity: int | None = None
    start: int = 0
    to: str | tuple[str, ...] | None = None


@final
@dataclass(frozen=True, slots=True)
class Machine:
    """`servers` that each work on one part at a time.

    `blocking` says when a machine waits for room: "after" its work, with the part in its hands, or "before" it, when a
    place is kept for the part where it goes, and the part keeps its place where it came from until it is done (both
    counted there). An `operator` is needed while it works.
    """

    name: str
    time: Duration
    servers: int = 1
    failures: Failures | None = None
    setup: Setup | None = None
    operator: str | None = None
    blocking: Literal["after", "before"] = "after"
    to: Route = None


@final
@dataclass(frozen=True, slots=True)
class Assembly:
    """A machine that puts together parts from every queue that leads to it, as many of each as `needs` says (else one).

    What comes out is as old as the oldest part in it.
    """

    name: str
    time: Duration
    needs: Mapping[str, int] = field(default_factory=dict[str, int])
    failures: Failures | None = None
    operator: str | None = None
    to: Route = None


@final
@dataclass(frozen=True, slots=True)
class Transport:
    """A way that takes some time, with so many parts on it at once; a part at its end waits there for room."""

    name: str
    time: Duration
    capacity: int
    to: Route = None


@final
@dataclass(frozen=True, slots=True)
class Inspection:
    """A machine after which a share of the parts is scrapped, and a share goes back to be worked on again.

    What is scrapped leaves the line by an exit of its own, called "NAME scrap".
    """

    name: str
    time: Duration
    scrap: float = 0.0
    rework: float = 0.0
    back_to: str | None = None
    operator: str | None = None
    to: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Sink:
    """Where parts leave the line and are counted."""

    name: str


Block: TypeAlias = Source | Supply | Stock | Buffer | Machine | Assembly | Transport | Inspection | Sink
