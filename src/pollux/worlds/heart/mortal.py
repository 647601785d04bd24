r"""The man himself: not the twin's equations but another model, so that the twin cannot be right by construction.

The twin computes single beats of a closed loop with valves. Here nothing beats: pumps and vessels meet in an
equilibrium, hour by hour. For a filling pressure P of the left side

    end-diastolic volume  V = ln(1 + P/p0)/α,   stroke volume  S = E (V − Vd)/(E + R/T),   output  Q = S/T

with strength E, resistance R and T seconds for a beat; the right side needs whatever pressure lets it pump the same.
Pressures times compliances add up to the stressed blood volume, which settles P (Guyton's and Sagawa's construction;
the numbers are our choice, fitted to the stable patient of `circulation`). Round it go his days: he sleeps, eats salt
in three meals, swallows his tablets (mostly), has extra beats, and from one day on keeps more of his salt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px

F64 = NDArray[np.float64]

HOUR: Final = 3_600 * 10**9
DAY: Final = 24 * HOUR
MEALS: Final = (7, 12, 18)
MORNING: Final = 8
WORKS: Final = 6
"""Hours for which a dose of the diuretic works."""


@final
@dataclass(frozen=True, slots=True)
class Body:
    """What is true of him: pumps, vessels, kidneys. Volumes in ml, pressures in mmHg, resistances in mmHg s/ml."""

    strength: float = 0.66
    stiffness: float = 0.0197
    least_pressure: float = 0.25
    unstressed: float = 25.0
    right_strength: float = 0.60
    right_stiffness: float = 0.0190
    right_least: float = 0.30
    resistance: float = 0.985
    lung_resistance: float = 0.085
    arteries: float = 1.22
    arterial: float = 1.5
    venous: float = 100.0
    lung_arteries: float = 5.0
    lung_veins: float = 30.0
    stressed: float = 1150.0
    rate: float = 77.0
    reflex: float = 0.35
    usual: float = 88.0
    dry: float = 80.45
    per_litre: float = 225.0
    kidneys: float = 0.115
    loop_most: float = 0.68
    loop_half: float = 98.0
    salt: float = 150.0


@final
@dataclass(frozen=True, slots=True)
class Illness:
    """From one day to another he eats other amounts of salt (mmol/day), and his kidneys excrete at another rate."""

    begins: float
    ends: float
    salt: float = 245.0
    kidneys: float = 0.02


@final
@dataclass(slots=True)
class Mortal:
    """The hidden patient: `live` lets hours pass and keeps what was true in each; doses may change between two calls.

    >>> man = Mortal(seed=1)
    >>> man.live(days=2)
    >>> bool(100 < man.course["systolic"].mean() < 135)
    True
    """

    seed: int = 0
    body: Body = field(default_factory=Body)
    illness: Illness | None = None
    dose: float = 40.0
    forgets: float = 0.04
    hours: int = 0
    excess: float = 3.55
    course: dict[str, F64] = field(default_factory=dict)

    def live(self, *, days: float) -> None:
        """Let so many days pass, hour by hour."""
        rng = np.random.default_rng((self.seed, self.hours))
        seen = [self._hour(rng) for _ in range(round(24 * days))]
        for name in seen[0] if seen else ():
            lived = np.array([one[name] for one in seen])
            self.course[name] = np.concatenate([self.course.get(name, np.empty(0)), lived])

    def _hour(self, rng: np.random.Generator) -> dict[str, float]:
        day, hour = divmod(self.hours, 24)
        ill = self.illness is not None and self.illness.begins <= day < self.illness.ends
        body, illness = self.body, self.illness
        kidneys = illness.kidneys if ill and illness is not None else body.kidneys
        salt = illness.salt if ill and illness is not None else body.salt
        eaten = salt * max(0.0, 1 + 0.2 * rng.standard_normal()) / len(MEALS) if hour in MEALS else 0.0
        takes = np.random.default_rng((self.seed, day, 7)).random() >= self.forgets
        working = takes and MORNING <= hour < MORNING + WORKS
        rate = kidneys + (self._loop() * 24 / WORKS if working else 0.0)
        self.excess = max(0.0, self.excess + eaten / 140.0 - self.excess * rate / 24)
        self.hours += 1
        return self._state(hour, rng)

    def _loop(self) -> float:
        """Excretion that the present dose adds, per day, averaged over a day."""
        return self.body.loop_most * self.dose / (self.body.loop_half + self.dose)

    def _state(self, hour: int, rng: np.random.Generator) -> dict[str, float]:
        body = self.body
        awake = 0.5 - 0.5 * np.cos(2 * np.pi * (hour - 3) / 24)
        standing = awake > 0.4 and rng.random() < 0.3
        tone = body.resistance * (0.96 + 0.06 * awake + 0.01 * rng.standard_normal())
        volume = body.stressed + body.per_litre * (self.excess - 3.55) - (60.0 if standing else 0.0)
        found = equilibrium(body, volume, tone, body.rate - 3 + 5 * awake + rng.normal(0, 1))
        wet = max(found["filling"] - 18.0, 0.0)
        return {
            **found,
            "weight": body.dry + self.excess + (0.35 if hour in (13, 14, 19, 20) else 0.0),
            "saturation": min(99.0, 96.6 - 0.5 * wet),
            "respiration": 15.0 + 0.7 * wet + 0.8 * awake,
            "temperature": 36.5 + 0.35 * awake,
            "dose": self.dose,
        }


def equilibrium(body: Body, stressed: float, resistance: float, rate: float) -> dict[str, float]:
    """Where pumps and vessels meet for a stressed blood volume (ml), a resistance and a heart rate (1/min).

    >>> 10 < equilibrium(Body(), 1150.0, 0.985, 77.0)["filling"] < 20
    True
    """
    low, high = 1.0, 60.0
    for _ in range(40):
        middle = (low + high) / 2
        held, found = _held(body, middle, resistance, rate)
        low, high = (middle, high) if held < stressed else (low, middle)
    return found


def _held(body: Body, filling: float, resistance: float, rate: float) -> tuple[float, dict[str, float]]:
    """The blood that the vessels hold at a left filling pressure, and all that belongs to it."""
    full = np.log1p(filling / body.least_pressure) / body.stiffness
    for _ in range(6):
        beat = 60.0 / rate
        stroke = body.strength * (full - body.unstressed) / (body.strength + resistance / beat)
        mean = stroke / beat * resistance + 5.0
        rate = rate + 0.5 * (body.reflex * (body.usual - mean) - (rate - 77.0)) * 0.2
    flow = stroke * rate / 60.0
    lungs = filling + flow * body.lung_resistance
    right = stroke + 30.0 + lungs / body.right_strength
    venous = body.right_least * np.expm1(body.right_stiffness * right)
    mean = venous + flow * resistance
    swing = stroke / body.arteries
    blood = body.arterial * mean + body.venous * venous + body.lung_arteries * lungs + body.lung_veins * filling
    return float(blood), {
        "filling": float(filling),
        "venous": float(venous),
        "output": float(flow * 0.06),
        "pulse": float(rate),
        "systolic": float(mean + 0.58 * swing),
        "diastolic": float(mean - 0.42 * swing),
        "mean_pressure": float(mean),
        "full": float(full),
    }


@final
@dataclass(frozen=True, slots=True)
class Wears:
    """One device: its signals with their noise, at which hours of the day it reads, how often a reading is missing."""

    noise: Mapping[str, float]
    at: tuple[int, ...]
    missing: float = 0.02


ALWAYS: Final = tuple(range(24))
WORN: Final = (
    Wears({"pulse": 3.0, "respiration": 1.2}, ALWAYS),
    Wears({"saturation": 1.2}, ALWAYS, 0.03),
    Wears({"systolic": 5.0, "diastolic": 4.0}, (7, 13, 21), 0.04),
    Wears({"weight": 0.2, "temperature": 0.2}, (7,), 0.02),
)
EXTRA_BEATS: Final = 0.01
"""The share of the wrist's hours spoilt by extra beats: it then reads half as fast again."""


def worn(man: Mortal, first: int, *, start: int, seed: int) -> px.Tape:
    """What his devices tell from hour `first` on, with errors, gaps and artefacts; times count from `start`."""
    rng = np.random.default_rng((seed, first))
    hours = np.arange(first, man.hours)
    values = {name: _read(man, device, name, hours, rng) for device in WORN for name in device.noise}
    spoilt = rng.random(len(hours)) < EXTRA_BEATS
    values["pulse"] = np.where(spoilt, np.minimum(1.5 * values["pulse"], 125.0), values["pulse"])
    values["loop_diuretic"] = np.where(hours % 24 == MORNING, man.course["dose"][hours], np.nan)
    return px.Tape(start + (hours + 1) * HOUR, values)


def _read(man: Mortal, device: Wears, name: str, hours: NDArray[np.int64], rng: np.random.Generator) -> F64:
    truth = man.course[name][hours]
    heard = np.isin(hours % 24, device.at) & (rng.random(len(hours)) >= device.missing)
    return np.where(heard, truth + device.noise[name] * rng.standard_normal(len(hours)), np.nan)
