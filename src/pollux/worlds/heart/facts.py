"""What the history says: dated facts that no sensor measures, and when one of them is too old to lean on.

A fact that the twin does not hold, or that is older than the interval the team sets, is unknown. Unknown is an answer
of its own: it blocks a recommendation, never a simulation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final

SECOND: Final = 1_000_000_000
HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


class Fact(StrEnum):
    """The facts that a gate may ask for, in the words of the card."""

    SYSTOLIC = "systolic pressure"
    PULSE = "heart rate"
    RHYTHM = "rhythm"
    POTASSIUM = "potassium"
    CREATININE = "creatinine"
    FILTRATION = "eGFR"
    QRS = "QRS duration"
    ANGIO_OEDEMA = "history of angio-oedema"
    AV_BLOCK = "AV block II or III without pacemaker"
    TYPE_ONE_DIABETES = "type 1 diabetes"
    DECOMPENSATED = "decompensated now"
    POSSIBLY_DRY = "trend of weight or venous pressure says dry"
    LABS_DUE = "labs are due"
    IN_HOSPITAL = "in hospital"
    ACE_TAKEN = "takes an ACE inhibitor"
    ACE_LAST = "last dose of an ACE inhibitor"
    ARNI_TAKEN = "takes an ARNI"
    ARNI_LAST = "last dose of an ARNI"
    PDE5_TAKEN = "takes a PDE-5 inhibitor"


UNITS: Final[Mapping[Fact, str]] = MappingProxyType(
    {
        Fact.SYSTOLIC: "mmHg",
        Fact.PULSE: "/min",
        Fact.POTASSIUM: "mmol/l",
        Fact.CREATININE: "µmol/l",
        Fact.FILTRATION: "ml/min/1.73 m²",
        Fact.QRS: "ms",
    }
)

NEVER: Final = "never"
"""The value of a last dose that never was."""

Value = float | bool | str


@final
@dataclass(frozen=True, slots=True)
class Dated:
    """A fact and the day it was found, in nanoseconds since 1970.

    For a last dose the value is "never", or "taken" with `time` the time of that dose.
    """

    value: Value
    time: int


AGES: Final[Mapping[Fact, float]] = MappingProxyType(
    {
        Fact.SYSTOLIC: 2 * DAY,
        Fact.PULSE: 2 * DAY,
        Fact.DECOMPENSATED: 2 * DAY,
        Fact.POSSIBLY_DRY: 2 * DAY,
        Fact.LABS_DUE: 2 * DAY,
        Fact.IN_HOSPITAL: 2 * DAY,
        Fact.RHYTHM: 90 * DAY,
        Fact.POTASSIUM: 14 * DAY,
        Fact.CREATININE: 14 * DAY,
        Fact.FILTRATION: 14 * DAY,
        Fact.QRS: 365 * DAY,
        Fact.ACE_TAKEN: 30 * DAY,
        Fact.ARNI_TAKEN: 30 * DAY,
        Fact.PDE5_TAKEN: 30 * DAY,
    }
)
"""How old each fact may be, in seconds, unless the team sets another interval (our choice). Others do not age."""


@final
@dataclass(frozen=True, slots=True)
class Facts:
    """Everything told about one patient, read at one moment.

    >>> told = Facts({Fact.POTASSIUM: Dated(4.6, 0)}, now=20 * 86_400 * SECOND)
    >>> told.known(Fact.POTASSIUM) is None                        # twenty days old: unknown
    True
    """

    told: Mapping[Fact, Dated]
    now: int
    ages: Mapping[Fact, float] = field(default_factory=lambda: AGES)

    def age(self, fact: Fact) -> float | None:
        """Seconds since the fact was found; None when it never was."""
        dated = self.told.get(fact)
        return None if dated is None else (self.now - dated.time) / SECOND

    def known(self, fact: Fact) -> Value | None:
        """The value, or None when it is missing or too old."""
        age = self.age(fact)
        if age is None or age > self.ages.get(fact, float("inf")):
            return None
        return self.told[fact].value

    def hours_since(self, dose: Fact) -> float | None:
        """Hours since a last dose: infinity when never taken, None when unknown."""
        dated = self.told.get(dose)
        if dated is None:
            return None
        return float("inf") if dated.value == NEVER else (self.now - dated.time) / SECOND / HOUR

    def absence(self, fact: Fact) -> str:
        """Why the fact is unknown, for people."""
        age = self.age(fact)
        return f"{fact}: not known" if age is None else f"{fact}: {age / DAY:.0f} days old"
