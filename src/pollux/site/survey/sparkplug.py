"""Sparkplug B in a survey: metrics with their units, topics whose levels are known (Eclipse Sparkplug 3.0, 4 and 6)."""

from collections.abc import Iterator, Sequence
from typing import Final

from pollux.check.senml import Record
from pollux.check.sparkplug import Metric, read_sparkplug
from pollux.check.times import Nanoseconds
from pollux.site.sparkplug.units import words
from pollux.site.survey.places import Places
from pollux.site.survey.shape import Level, Shape

NAMESPACE: Final = "spBv1.0"
ORDERS: Final = ("NCMD", "DCMD")
ALIAS: Final = "alias "
_UNITS: Final = ("engUnit", "Engineering Units", "unit")
_OWN: Final = ("bdSeq", "Node Control/", "Device Control/")


def is_sparkplug(topic: str) -> bool:
    """Whether a topic is of an edge node or a device: `spBv1.0/group/type/node/device`.

    >>> is_sparkplug("spBv1.0/plant/DDATA/n1/P-7"), is_sparkplug("spBv1.0/STATE/scada"), is_sparkplug("a/b/c/d")
    (True, False, False)
    """
    return topic.startswith(f"{NAMESPACE}/") and topic.count("/") in (3, 4)


def metrics(payload: bytes) -> tuple[Record, ...]:
    """The metrics of a payload that are values, by name or by alias, with the unit that a birth tells of them."""
    return tuple(_records(read_sparkplug(payload).metrics))


def sparkplug_shapes(topics: Sequence[str]) -> list[tuple[Shape, Places]]:
    """One shape for each group, type of message and depth: the last level is the twin, whatever its metrics are."""
    alike: dict[tuple[str, str, int], list[list[str]]] = {}
    for topic in sorted(topics):
        levels = topic.split("/")
        alike.setdefault((levels[1], levels[2], len(levels)), []).append(levels)
    found: list[tuple[Shape, Places]] = []
    for told in alike.values():
        names = [tuple(dict.fromkeys(one[place] for one in told)) for place in range(len(told[0]))]
        shaped = tuple(Level("still" if place < 3 else "varies", own) for place, own in enumerate(names))
        last = len(shaped) - 1
        shape = Shape(shaped, tuple("/".join(one) for one in told), False)
        what = "device" if last > 3 else "edge node"
        facts = ((3, "node"),) if last > 3 else ()
        found.append((shape, Places((last,), (), facts, f"the {what} of Sparkplug")))
    return found


def of_protocol(wire: str) -> bool:
    """Whether a metric is of the protocol and not of the thing.

    >>> of_protocol("bdSeq"), of_protocol("Node Control/Rebirth"), of_protocol("Temperature")
    (True, True, False)
    """
    return wire.startswith(_OWN)


def _records(told: Sequence[Metric]) -> Iterator[Record]:
    for one in told:
        if one.value is not None and not one.compound:
            said = next((str(value) for name in _UNITS if (value := (one.properties or {}).get(name))), None)
            name = one.name or f"{ALIAS}{one.alias}"
            millis = one.time or 0
            yield Record("", name, Nanoseconds(millis * 1_000_000), one.value, words(said) if said else None)
