"""The story that the demo tells: who the hidden patient is, what happens to him, on which day, and what should be seen.

The hidden patient is a `Patient` with parameters of his own that nobody is told: the devices measure him, with their
errors. The twin starts from his history alone. All of it is invented; nobody lived it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from pollux.worlds.heart.grades import NOTICE

PATIENT: Final = "H-0417"
DAY: Final = 86_400.0

TRUTH: Final[Mapping[str, float]] = MappingProxyType(
    {
        "strength": 0.74,
        "curve": 0.0200,
        "resistance": 1.00,
        "lung_resistance": 0.085,
        "compliance": 0.78,
        "free_rate": 82.5,
        "dry_weight": 80.4,
        "dry_blood": 4790.0,
        "intake": 150.0,
        "kidneys": 0.115,
        "loop_effect": 2.5,
        "half_delivery": 112.0,
        "weakening": 2.0e-4,
    }
)
"""What is true of him, in the units of `Patient`; the priors do not know it."""


@final
@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens to him: from a day on, some of his parameters are others."""

    day: float
    what: str
    parameters: Mapping[str, float]


INCIDENTS: Final = (
    Incident(
        11.0,
        "a chest cold: he eats salty soup, his kidneys hold salt",
        MappingProxyType({"intake": 245.0, "kidneys": 0.02}),
    ),
    Incident(21.0, "the cold is over", MappingProxyType({"intake": 165.0, "kidneys": 0.09})),
)


@final
@dataclass(frozen=True, slots=True)
class Device:
    """Something he wears or stands on: what it tells, how often (seconds), and its error (one standard deviation)."""

    name: str
    label: str
    signals: Mapping[str, float]
    every: float
    fails: float = 0.0


DEVICES: Final = (
    Device("wrist", "wrist", MappingProxyType({"pulse": 3.0, "respiration": 1.2}), 60.0),
    Device("cuff", "cuff", MappingProxyType({"systolic": 5.0, "diastolic": 4.0}), 8 * 3600.0, 0.03),
    Device("oximeter", "finger", MappingProxyType({"saturation": 1.2}), 60.0, 0.02),
    Device("scale", "scale", MappingProxyType({"weight": 0.25}), DAY, 0.02),
)
"""Standard deviations: our choice, within what such devices state. `fails` is the share of readings that never come."""


@final
@dataclass(frozen=True, slots=True)
class Chapter:
    """One step of the story: the day it happens, what it promises, and the sentence that is printed when the promise
    held.
    """

    key: str
    day: float
    title: str
    promise: str
    told: str


CHAPTERS: Final = (
    Chapter(
        "made",
        0.0,
        "His twin is made",
        "volumes and narrowing measured on the scan lie within the scanner's error; the beliefs narrow",
        "From his history and a 3D scan: end-diastolic volume {full} ml, ejection fraction {ejection} %, "
        "left anterior artery narrowed by {narrowing} %.",
    ),
    Chapter(
        "followed",
        10.0,
        "Wearables keep it current",
        "the true filling pressure lies in the twin's 90 % interval",
        "Ten days of cuff, scale, wrist and finger: filling pressure {filling} mmHg ({low} to {high}), "
        "a figure nobody measured.",
    ),
    Chapter(
        "alarm",
        15.0,
        "A sudden change",
        "the weight rule fires on the raw values and fluid is named as the likely cause",
        "Weight up {gain} kg in 3 days: {cause}. Without a change: decompensation in 7 days {risk} %, "
        "in 30 days {risk30} %.",
    ),
    Chapter(
        "tried",
        15.0,
        "Tried on the twin first",
        "the options are compared on the same random numbers; a gated one is simulated and not ranked",
        "{ranked} is ranked first under these assumptions; {gated} is closed: {reason}.",
    ),
    Chapter(
        "ordered",
        15.0,
        "The change is ordered",
        "two signatures, then his list; nothing is sent before",
        "Loop diuretic {before} to {after} mg a day, signed by a physician and a pharmacist.",
    ),
    Chapter(
        "verified",
        22.0,
        "What really happened",
        "measured weight and pressure are compared with the intervals predicted on the day of the order",
        "After 7 days: weight {weight} kg, predicted {weight_low} to {weight_high}: {verdict}.",
    ),
)
HEADER: Final = f"Patient {PATIENT}, man, 62, chronic heart failure. {NOTICE}"
