"""Rules on the scale: fluid that comes, fluid that has gone too far, and a scale that may be wrong.

- Up: more than 2 kg in 3 days (published: ESC rule; the evidence for it is unclear, ESC Congress 2019, P6334).
- Down: 2 kg or more lost in 3 days, or a systolic pressure below 95 mmHg with a weight 0.5 kg or more below that of 3
  days before: "possibly dry, ask" (our choice, unverified).
- A jump between two weighings may be the scale, clothes or another person: ask for a repeat, never drop the value
  (our choice).

They are rules, not truths: `study` says what each costs in false alarms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

DAY: Final = 86_400 * 1_000_000_000
WINDOW: Final = 3 * DAY
GAIN: Final = 2.0
LOSS: Final = 2.0
LOW_PRESSURE: Final = 95.0
FALLING: Final = 0.5
JUMP: Final = 1.5
SLACK: Final = DAY // 2
"""Weighings are not on the hour: "three days before" is the reading nearest to it, within half a day."""


class Finding(StrEnum):
    """What a rule says, in the words of the alert."""

    GAINED = "weight up by more than 2 kg in 3 days"
    POSSIBLY_DRY = "possibly dry, ask"


@final
@dataclass(frozen=True, slots=True)
class Weighing:
    """One reading of the scale: nanoseconds since 1970 and kilograms."""

    time: int
    kilograms: float


@final
@dataclass(frozen=True, slots=True)
class WeightAlert:
    """A rule that fired, the change that fired it, and whether the scale is asked for a repeat first."""

    finding: Finding
    change: float
    repeat: bool

    def __str__(self) -> str:
        sign = "+" if self.change > 0 else "−"
        ask = "; please weigh again" if self.repeat else ""
        return f"{self.finding} ({sign}{abs(self.change):.1f} kg in 3 days){ask}"


def check(weighings: Sequence[Weighing], *, systolic: float | None = None) -> WeightAlert | None:
    """Apply the rules at the newest of `weighings` (in order of time); `systolic` is the newest pressure in mmHg.

    >>> week = [Weighing(day * DAY, 84.0 + gain) for day, gain in enumerate([0.0, 0.3, 1.1, 2.1])]
    >>> print(check(week))
    weight up by more than 2 kg in 3 days (+2.1 kg in 3 days)
    """
    if not weighings:
        return None
    now = weighings[-1]
    window = [past.kilograms for past in weighings if now.time - WINDOW <= past.time]
    gain, loss = _grams(now.kilograms - min(window)), _grams(max(window) - now.kilograms)
    if gain > _grams(GAIN):
        return WeightAlert(Finding.GAINED, gain / 1000, _jumped(weighings))
    if loss >= _grams(LOSS):
        return WeightAlert(Finding.POSSIBLY_DRY, -loss / 1000, _jumped(weighings))
    return _dry_and_low(weighings, systolic)


def _dry_and_low(weighings: Sequence[Weighing], systolic: float | None) -> WeightAlert | None:
    before = _three_days_before(weighings)
    if systolic is None or systolic >= LOW_PRESSURE or before is None:
        return None
    change = _grams(weighings[-1].kilograms - before.kilograms)
    return WeightAlert(Finding.POSSIBLY_DRY, change / 1000, _jumped(weighings)) if -change >= _grams(FALLING) else None


def _three_days_before(weighings: Sequence[Weighing]) -> Weighing | None:
    target = weighings[-1].time - WINDOW
    near = [past for past in weighings if abs(past.time - target) <= SLACK]
    return min(near, key=lambda past: abs(past.time - target), default=None)


def _jumped(weighings: Sequence[Weighing]) -> bool:
    """Whether the newest weighing differs from the one before, within a day and a half, by more than a body can."""
    if len(weighings) < 2 or weighings[-1].time - weighings[-2].time > DAY + SLACK:
        return False
    return _grams(abs(weighings[-1].kilograms - weighings[-2].kilograms)) > _grams(JUMP)


def _grams(kilograms: float) -> int:
    """Whole grams, so that 2.0 kg is 2.0 kg however the two readings round."""
    return round(kilograms * 1000)
