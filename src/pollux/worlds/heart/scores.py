"""NEWS2 of the patient at home, from what his devices told and what is known of him."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np

import pollux as px
from pollux.worlds.heart import news2
from pollux.worlds.heart.facts import SECOND
from pollux.worlds.heart.news2 import Input, Reading

MOST: Final = 20
INTERVAL: Final = 12 * 3600.0
"""Seconds after which an input is too old to count: the longest that the chart lets pass between observations."""
FREEZING: Final = float(px.quantity(0, "degC"))
BELIEVED: Final = 1
"""The code of a good value: one that is doubted does not count, for the score may not rest on it."""

SIGNAL: Final[Mapping[Input, str]] = MappingProxyType(
    {
        Input.RESPIRATION: "respiration",
        Input.SATURATION: "saturation",
        Input.OXYGEN: "oxygen",
        Input.SYSTOLIC: "systolic",
        Input.PULSE: "pulse",
        Input.CONSCIOUSNESS: "consciousness",
        Input.TEMPERATURE: "temperature",
    }
)


def scores(patient: Any, now: int) -> tuple[px.Score, ...]:
    """NEWS2 of what was known of him at a moment, from a view of `Patient`."""
    found = news2.score(readings(patient, now), now=now, interval=INTERVAL)
    why = {missing.input: missing.why for missing in found.missing}
    inputs = [px.Points(name.value, SIGNAL[name], found.points.get(name), why.get(name, "")) for name in Input]
    alone = f"A single 3: {', '.join(found.threes)}." if found.threes else ""
    asked = "" if severity(found) is None else f"The chart asks for: {found.response}."
    text = " ".join(part for part in (alone, asked, news2.AID, news2.ACKNOWLEDGEMENT) if part)
    return (px.Score("NEWS2", MOST, tuple(inputs), severity(found), text),)


def severity(found: news2.Score) -> Literal["high", "medium"] | None:
    """The colours of the chart: red from 7, amber from 5 or for a single 3; so far known is enough."""
    if found.at_least >= 7:
        return "high"
    return "medium" if found.at_least >= 5 or found.threes else None


def readings(patient: Any, now: int) -> dict[Input, Reading]:
    """The inputs that are believed, each with its time; the chart reads degrees Celsius."""
    known = {name: _reading(name, getattr(patient, signal), now) for name, signal in SIGNAL.items()}
    return {name: reading for name, reading in known.items() if reading is not None}


def _reading(name: Input, value: px.Value, now: int) -> Reading | None:
    age = float(value.age)
    if not np.isfinite(age) or int(value.quality) != BELIEVED:
        return None
    content = np.asarray(value).item()
    return Reading(content - FREEZING if name is Input.TEMPERATURE else content, now - round(age * SECOND))
