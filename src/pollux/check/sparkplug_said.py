"""What Sparkplug messages say: of whom a topic speaks, what a birth defines, what a host makes of a message.

Source: Eclipse Sparkplug 3.0, sections 4 and 6.
"""

from dataclasses import asdict, dataclass, field
from typing import Final, NamedTuple, final

from pollux.columns.field import SPARKPLUG_GOOD

NAMESPACE: Final = "spBv1.0"
KINDS: Final = ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH")
"""What nodes say, of themselves and of their devices."""


class Address(NamedTuple):
    """What a topic says: `kind` is one of `KINDS`, `device` is empty for the node itself."""

    kind: str
    group: str
    node: str
    device: str


def address(topic: str) -> Address | None:
    """The address of what a node says, None for every other topic.

    >>> address("spBv1.0/plant/DDATA/gw-1/P-7")
    Address(kind='DDATA', group='plant', node='gw-1', device='P-7')
    >>> address("spBv1.0/plant/NDATA/gw-1/P-7") is None
    True
    """
    space, *levels = topic.split("/")
    if space != NAMESPACE or not 3 <= len(levels) <= 4 or levels[1] not in KINDS or not all(levels):
        return None
    device = levels[3] if len(levels) == 4 else ""
    return Address(levels[1], levels[0], levels[2], device) if (levels[1][0] == "D") == bool(device) else None


class Heard(NamedTuple):
    """One value: of which metric of a device (empty: of the node), when (nanoseconds UTC), in which unit, how good.

    `quality` is the code of the property Quality. `compound` names a value that is none, such as a data set.
    """

    device: str
    name: str
    value: float | str | bool | None
    time: int
    quality: int = SPARKPLUG_GOOD
    unit: str = ""
    compound: str = ""


@final
@dataclass(slots=True)
class Said:
    """What a message came to: values, and why its node is to be asked for a rebirth, empty where it is not."""

    values: list[Heard] = field(default_factory=list[Heard])
    rebirth: str = ""
    refused: str = ""


@final
@dataclass(slots=True)
class HostCounts:
    """What a host has counted since the start."""

    births: int = 0
    deaths: int = 0
    gaps: int = 0
    unborn: int = 0
    unknown_metrics: int = 0
    unbelieved: int = 0
    repeated: int = 0
    stale_deaths: int = 0
    rebirths: int = 0
    rebirths_held: int = 0
    refused: int = 0

    def asdict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


@final
@dataclass(slots=True)
class Born:
    """A metric as its birth defines it, with the last value that was told."""

    device: str
    name: str
    kind: int
    unit: str
    alias: int | None
    value: float | str | bool | None = None


@final
@dataclass(slots=True)
class Node:
    """An edge node: `believed` from its birth until something was lost or it died."""

    seq: int = -1
    bdseq: int | None = None
    believed: bool = False
    latest: int = 0
    asked: int | None = None
    aliases: dict[int, Born] = field(default_factory=dict[int, Born])
    metrics: dict[tuple[str, str], Born] = field(default_factory=dict[tuple[str, str], Born])
    devices: dict[str, bool] = field(default_factory=dict[str, bool])
