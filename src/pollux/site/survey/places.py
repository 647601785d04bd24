"""What the levels of a shape are: the twin, the signal, facts about the twin, or words that stand still."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from pollux.check.ids import LONGEST
from pollux.site.survey.guess import words
from pollux.site.survey.shape import Level, Shape, mask

_QUANTITIES: Final = frozenset(
    [
        "temperature",
        "temp",
        "humidity",
        "pressure",
        "power",
        "energy",
        "voltage",
        "current",
        "flow",
        "level",
        "speed",
        "rpm",
        "frequency",
        "battery",
        "state",
        "status",
        "position",
        "brightness",
        "illuminance",
        "co2",
        "voc",
        "noise",
        "vibration",
        "torque",
        "force",
        "weight",
        "volume",
        "density",
        "ph",
        "setpoint",
        "valve",
        "switch",
        "relay",
        "occupancy",
        "motion",
        "contact",
        "alarm",
        "mode",
        "rssi",
        "uptime",
    ]
)
_GENERIC: Final = frozenset(
    [
        "telemetry",
        "state",
        "status",
        "data",
        "sensor",
        "sensors",
        "attributes",
        "event",
        "events",
        "up",
        "uplink",
        "info",
        "tele",
        "stat",
        "values",
        "value",
        "measurement",
        "measurements",
        "json",
        "cbor",
        "csv",
        "xml",
        "msgpack",
        "senml",
        "report",
        "update",
        "properties",
        "reading",
        "readings",
    ]
)
_TAKEN: Final = frozenset(("id", "type", "signal"))
_LETTERS: Final = re.compile(r"[A-Za-z]{3,}")


def plain_id(name: str) -> str:
    """A name as a twin can have it: what it cannot have becomes a hyphen.

    >>> plain_id("Living Room"), plain_id("P-7"), plain_id("")
    ('Living-Room', 'P-7', 'thing')
    """
    plain = re.sub(r"\.{2,}", ".", re.sub(r"[^\w.:@=~-]", "-", unicodedata.normalize("NFC", name))).lstrip(".:@=~-")
    return plain[:LONGEST] or "thing"


@final
@dataclass(frozen=True, slots=True)
class Places:
    """Which levels of a shape say what: `ids` the twin (several where one name is not enough), `signals` the signal.

    `facts` are other levels that vary, each with a name for it; `why` says how the twin was found.
    """

    ids: tuple[int, ...]
    signals: tuple[int, ...]
    facts: tuple[tuple[int, str], ...]
    why: str

    @property
    def nameless(self) -> "Places":
        """The same where payloads name the twin, and no level does."""
        return replace(self, ids=())

    def id(self, topic: str) -> str:
        """The name of the twin of a topic."""
        levels = topic.split("/")
        return plain_id("-".join(levels[place] for place in self.ids))

    def signal(self, topic: str) -> str:
        """The name of the signal of a topic, empty where the payload names them."""
        levels = topic.split("/")
        return "_".join(levels[place] for place in self.signals)


def places(shape: Shape) -> Places:
    """What the levels of a shape say."""
    varying = [place for place, level in enumerate(shape.levels) if level.still != "still"]
    signals = _signals(shape, varying) if shape.plain else ()
    free = [place for place in varying if place not in signals]
    if not free:
        one = _alone(shape.levels, signals)
        why = "only one was heard" if one else "its topic names none"
        return Places(one, signals, (), why)
    best = max(free, key=lambda place: (len(shape.levels[place].names), place))
    ids = _unique(shape, best, free, signals)
    facts = _facts(shape.levels, [place for place in free if place not in ids])
    why = f"level {best + 1} has {len(shape.levels[best].names)} names with alike messages"
    why += ", which repeat under others: it takes more than one level to tell them apart" if len(ids) > 1 else ""
    return Places(ids, signals, facts, why)


def pattern(shape: Shape, found: Places) -> str:
    """The pattern as it is written: `plant/{line}/{id}/telemetry`; several levels of one kind are numbered."""
    marks: dict[int, str] = dict(found.facts)
    for name, some in (("id", found.ids), ("signal", found.signals)):
        marks |= {place: name if len(some) == 1 else f"{name}{number}" for number, place in enumerate(some, 1)}
    return "/".join(
        f"{{{marks[place]}}}" if place in marks else level.names[0] for place, level in enumerate(shape.levels)
    )


def _signals(shape: Shape, varying: Sequence[int]) -> tuple[int, ...]:
    """The levels that name the signal of plain values."""
    levels = shape.levels
    last = len(levels) - 1
    named = [place for place in varying if _says_quantity(levels[place])]
    ids = [place for place in varying if place not in named and place != last]
    if named and not ids and last not in named and levels[last].still != "still":
        # temperature/kitchen, humidity/kitchen: the last level is where, not what.
        return tuple(named)
    if levels[last].still == "varies":
        return (last - 1,) if last else ()
    after = [place for place in named if place != last and ids and place > min(ids)]
    if len(levels) > 1 and mask(levels[last].names[0]) == "#" and len(levels[last].names) == 1:
        return (*after, last - 1) if last - 1 not in after and last > 1 else (*after, last)
    return (*after, last)


def _says_quantity(level: Level) -> bool:
    known = sum(bool(set(words(name)) & _QUANTITIES) for name in level.names)
    return 2 * known > len(level.names)


def _alone(levels: Sequence[Level], signals: Sequence[int]) -> tuple[int, ...]:
    """The level that names a single twin: one with a digit, else the last that is no word of telemetry."""
    free = [place for place in range(len(levels)) if place not in signals]
    numbered = [place for place in free if mask(levels[place].names[0]).endswith("#")]
    if numbered:
        return (numbered[-1],)
    telling = [place for place in free if levels[place].names[0].lower() not in _GENERIC]
    return (telling[-1],) if telling else ()


def _unique(shape: Shape, best: int, free: Sequence[int], signals: Sequence[int]) -> tuple[int, ...]:
    """The levels that tell twins apart: the best one, with others where its names repeat under them."""
    others = [place for place in free if place != best]
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for topic in shape.topics:
        levels = topic.split("/")
        seen[levels[best]].add(tuple(levels[place] for place in others))
    repeated = sum(len(under) > 1 for under in seen.values())
    return tuple(sorted((best, *others))) if 2 * repeated > len(seen) else (best,)


def _facts(levels: Sequence[Level], some: Sequence[int]) -> tuple[tuple[int, str], ...]:
    names = [_fact(levels, place) for place in some]
    apart = [name if names.count(name) == 1 else f"level{place + 1}" for name, place in zip(names, some, strict=True)]
    return tuple(zip(some, apart, strict=True))


def _fact(levels: Sequence[Level], place: int) -> str:
    """A name for a level that varies: what its names have in common, or the level above in the singular."""
    common = {found[0].lower() for name in levels[place].names if (found := _LETTERS.match(name))}
    if len(common) == 1 and all(_LETTERS.match(name) for name in levels[place].names):
        return next(iter(common - _TAKEN), f"level{place + 1}")
    above = levels[place - 1] if place else None
    if above is not None and above.still == "still" and re.fullmatch(r"[a-z]{3,}s", above.names[0]):
        return above.names[0][:-1] if above.names[0][:-1] not in _TAKEN else f"level{place + 1}"
    return f"level{place + 1}"
