"""NEWS2, the National Early Warning Score, exactly as its chart says and only when it may be printed.

Seven inputs score 0 to 3 points each; the aggregate is 0 to 20. A missing or old input is never scored 0: the score
then reads "incomplete, at least n" and names what is missing. Scale 2 of the oxygen saturation needs a clinician's
recorded decision. At home the score is an aid, not a validated score: it was developed for repeated use on hospital
in-patients.

Source: Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017, chart 1. The chart is
reproduced in numbers with acknowledgement to the Royal College of Physicians.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import floor
from types import MappingProxyType
from typing import Final, final

import pollux as px

SECOND: Final = 1_000_000_000
HOUR: Final = 3600.0


class Input(StrEnum):
    """The seven inputs, by the words that are printed when one is missing."""

    RESPIRATION = "respiration"
    SATURATION = "oxygen saturation"
    OXYGEN = "oxygen"
    SYSTOLIC = "systolic pressure"
    PULSE = "pulse"
    CONSCIOUSNESS = "consciousness"
    TEMPERATURE = "temperature"


@final
@dataclass(frozen=True, slots=True)
class Band:
    """Up to and including `upto`, this many points. The last band of a row reaches to infinity."""

    upto: float
    points: int


INFINITY: Final = float("inf")


def _row(*bands: tuple[float, int]) -> tuple[Band, ...]:
    return tuple(Band(upto, points) for upto, points in bands)


CHART: Final[Mapping[Input, tuple[Band, ...]]] = MappingProxyType(
    {
        Input.RESPIRATION: _row((8, 3), (11, 1), (20, 0), (24, 2), (INFINITY, 3)),
        Input.SATURATION: _row((91, 3), (93, 2), (95, 1), (INFINITY, 0)),
        Input.SYSTOLIC: _row((90, 3), (100, 2), (110, 1), (219, 0), (INFINITY, 3)),
        Input.PULSE: _row((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (INFINITY, 3)),
        Input.TEMPERATURE: _row((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (INFINITY, 2)),
    }
)
"""Breaths per minute, per cent on scale 1, mmHg, beats per minute, degrees Celsius."""

SCALE_TWO_ON_AIR: Final = _row((83, 3), (85, 2), (87, 1), (INFINITY, 0))
SCALE_TWO_ON_OXYGEN: Final = _row((83, 3), (85, 2), (87, 1), (92, 0), (94, 1), (96, 2), (INFINITY, 3))

RESOLUTION: Final[Mapping[Input, int]] = MappingProxyType({Input.TEMPERATURE: 10})
"""Steps per unit in which the chart is written; readings are rounded half up to them. One unless said."""


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """One input and when it was measured, in nanoseconds since 1970.

    `value` is a number; for `Input.OXYGEN` true when oxygen is given; for `Input.CONSCIOUSNESS` one of the letters A
    (alert), C (new confusion), V, P, U.
    """

    value: float | bool | str
    time: int


@final
@dataclass(frozen=True, slots=True)
class ScaleTwo:
    """A clinician's recorded decision to use scale 2, for hypercapnic failure only."""

    clinician: str
    time: int
    reason: str


@final
@dataclass(frozen=True, slots=True)
class Missing:
    """An input that did not count, and why: "not measured" or how old it is."""

    input: Input
    why: str


@final
@dataclass(frozen=True, slots=True)
class Score:
    """What may be printed: points per input, what is missing, and the total when nothing is."""

    points: Mapping[Input, int]
    missing: tuple[Missing, ...]

    @property
    def at_least(self) -> int:
        """The sum over the inputs that are present."""
        return sum(self.points.values())

    @property
    def total(self) -> int | None:
        """The aggregate, or None while an input is missing or too old."""
        return None if self.missing else self.at_least

    @property
    def threes(self) -> tuple[Input, ...]:
        """The inputs that alone score 3; one is enough for an urgent ward review."""
        return tuple(name for name, points in self.points.items() if points == 3)

    @property
    def response(self) -> str:
        """The response that the chart names for what is known so far."""
        if self.at_least >= 7:
            return "emergency assessment, continuous monitoring"
        if self.at_least >= 5:
            return "urgent assessment, at least hourly"
        return "urgent ward review" if self.threes else "low"

    def __str__(self) -> str:
        alone = f", a single 3: {', '.join(self.threes)}" if self.threes else ""
        if not self.missing:
            return f"NEWS2 {self.at_least}{alone}"
        names = ", ".join(missing.input for missing in self.missing)
        return f"NEWS2 incomplete, at least {self.at_least}{alone}; missing: {names}"


AID: Final = "At home an aid, not a validated score."
ACKNOWLEDGEMENT: Final = "NEWS2 © Royal College of Physicians 2017."


def score(readings: Mapping[Input, Reading], *, now: int, interval: float, scale_two: ScaleTwo | None = None) -> Score:
    """Score what is present and no older than `interval` seconds at `now` (nanoseconds since 1970).

    >>> at = 1_000 * SECOND
    >>> seen = {Input.SATURATION: Reading(94, at), Input.SYSTOLIC: Reading(105, at), Input.PULSE: Reading(105, at)}
    >>> print(score(seen, now=at, interval=3600))
    NEWS2 incomplete, at least 3; missing: respiration, oxygen, consciousness, temperature

    Raises `DataRefused` for a consciousness that is not one of A, C, V, P, U.
    """
    why = {name: _absence(readings.get(name), now, interval) for name in Input}
    present = {name: readings[name].value for name in Input if why[name] is None}
    points = {name: _points(name, value, present, scale_two) for name, value in present.items()}
    return Score(MappingProxyType(points), tuple(Missing(name, text) for name, text in why.items() if text is not None))


def _absence(reading: Reading | None, now: int, interval: float) -> str | None:
    if reading is None:
        return "not measured"
    age = (now - reading.time) / SECOND
    return _old(age) if age > interval else None


def _old(age: float) -> str:
    if age < 2 * HOUR:
        return f"{age / 60:.0f} min old"
    return f"{age / HOUR:.0f} h old" if age < 48 * HOUR else f"{age / (24 * HOUR):.0f} days old"


def _points(
    name: Input, value: float | bool | str, present: Mapping[Input, float | bool | str], two: ScaleTwo | None
) -> int:
    if name is Input.OXYGEN:
        return 2 if value else 0
    if name is Input.CONSCIOUSNESS:
        return _awareness(str(value))
    if name is Input.SATURATION and two is not None:
        return _in_bands(SCALE_TWO_ON_OXYGEN if present.get(Input.OXYGEN) else SCALE_TWO_ON_AIR, float(value), 1)
    return _in_bands(CHART[name], float(value), RESOLUTION.get(name, 1))


def _awareness(letter: str) -> int:
    if letter not in ("A", "C", "V", "P", "U"):
        raise px.DataRefused(
            f"expected one of A, C, V, P, U, got {letter!r}",
            at="NEWS2 consciousness",
            hint="A alert, C new confusion, V answers to voice, P to pain, U unresponsive",
        )
    return 0 if letter == "A" else 3


def _in_bands(bands: tuple[Band, ...], value: float, steps: int) -> int:
    reading = floor(value * steps + 0.5) / steps
    return next(band.points for band in bands if reading <= band.upto)
