"""What the rules on the scale cost: false alarms, missed decompensations, counted on simulated patients.

Each simulated patient weighs himself every morning. His weight follows the sodium balance of `sodium`: intake varies
from day to day, gut and clothes add noise, the scale reads in steps of 0.1 kg. A decompensating patient loses part of
his excretion from one day on. All of it is our own simulator with our own numbers (choice): the counts say how the
rules behave there, not how they behave in a clinic.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final, final

import numpy as np

from pollux.worlds.heart import sodium, weight
from pollux.worlds.heart.weight import DAY, Finding, Weighing

DAYS: Final = 30
ONSET: Final = 10
DRY: Final = 84.0
INTAKE: Final = (150.0, 60.0)
"""Sodium eaten, mmol/day: mean and standard deviation from day to day."""
EXCRETION: Final = 0.45
"""k of a patient on a diuretic, 1/day."""
LOST: Final = 0.6
"""The share of the excretion that a decompensating patient loses."""
NOISE: Final = 0.50
"""Gut, bladder and clothes, kg."""


def weighings(seed: int, *, decompensating: bool) -> list[Weighing]:
    """A month of mornings of one simulated patient.

    >>> len(weighings(1, decompensating=False))
    30
    """
    rng = np.random.default_rng(seed)
    excess, found = INTAKE[0] / EXCRETION, []
    for day in range(DAYS):
        rate = EXCRETION * (1 - LOST) if decompensating and day >= ONSET else EXCRETION
        intake = max(0.0, rng.normal(*INTAKE))
        excess = intake / rate + (excess - intake / rate) * exp(-rate)
        kilograms = DRY + float(sodium.litres(excess)) + rng.normal(0.0, NOISE)
        found.append(Weighing(day * DAY, round(kilograms, 1)))
    return found


@final
@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the exact (Clopper-Pearson) 95 % interval of the share."""

    hits: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Where the share lies."""
        low = 0.0 if self.hits == 0 else _solve(lambda p: 1 - _below(self.hits - 1, self.of, p), 0.025)
        high = 1.0 if self.hits == self.of else _solve(lambda p: 1 - _below(self.hits, self.of, p), 0.975)
        return low, high

    def __str__(self) -> str:
        if not self.of:
            return "none of none"
        low, high = self.interval
        return f"{self.hits} of {self.of} ({100 * low:.0f} to {100 * high:.0f} %)"


def _below(hits: int, of: int, p: float) -> float:
    """The chance of at most so many hits."""
    if p <= 0.0 or p >= 1.0:
        return 1.0 if p <= 0.0 else 0.0
    terms = (
        lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1) + k * log(p) + (of - k) * log(1 - p)
        for k in range(hits + 1)
    )
    return float(sum(map(exp, terms)))


def _solve(rising, target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


@final
@dataclass(frozen=True, slots=True)
class Report:
    """One rule over many simulated months: alerts per stable month, decompensations caught, alerts that were right."""

    finding: Finding
    months: int
    false_alerts: int
    caught: Share
    right: Share

    def __str__(self) -> str:
        return (
            f"{self.finding}: {self.false_alerts / self.months:.2f} alerts per stable patient-month "
            f"({self.months} months); decompensations caught {self.caught}; alerts in decompensation {self.right}"
        )


def study(seeds: Iterable[int]) -> dict[Finding, Report]:
    """Run every rule on a stable and a decompensating month for each seed."""
    pairs = [
        (_alerts(weighings(seed, decompensating=False)), _alerts(weighings(seed, decompensating=True)))
        for seed in seeds
    ]
    return {finding: _report(finding, pairs) for finding in Finding}


def _alerts(mornings: list[Weighing]) -> list[tuple[int, Finding]]:
    """Day and rule of each alert; while a rule goes on firing it is one alert."""
    found: list[tuple[int, Finding]] = []
    standing: Finding | None = None
    for day in range(len(mornings)):
        alert = weight.check(mornings[: day + 1])
        now = alert.finding if alert else None
        if now is not None and now is not standing:
            found.append((day, now))
        standing = now
    return found


def _report(finding: Finding, pairs: list[tuple[list[tuple[int, Finding]], list[tuple[int, Finding]]]]) -> Report:
    false = sum(sum(found is finding for _, found in stable) for stable, _ in pairs)
    after = [sum(found is finding and day >= ONSET for day, found in failing) for _, failing in pairs]
    before = sum(sum(found is finding and day < ONSET for day, found in failing) for _, failing in pairs)
    right = sum(after)
    return Report(
        finding, len(pairs), false, Share(sum(n > 0 for n in after), len(pairs)), Share(right, right + false + before)
    )
