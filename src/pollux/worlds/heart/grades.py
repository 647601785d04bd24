"""Where a figure comes from, and how far it may be trusted.

Nothing about a patient is printed without this: every card and report shows the source and the grade of each figure,
and a figure that somebody merely remembered is not shown as a fact.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

NOTICE: Final = (
    "Simulated patient. Research software, not a medical device, not validated clinically. "
    "Do not use for emergencies or for treatment decisions."
)
"""The sentence that every page and every report about a patient carries."""


class Grade(StrEnum):
    """How a figure was come by."""

    MEASURED = "measured"
    PUBLISHED = "published"
    CALIBRATION = "our calibration"
    CHOICE = "our choice"
    SIMULATED = "simulated"
    MEMORY = "from memory, unverified"


@final
@dataclass(frozen=True, slots=True)
class Source:
    """A grade and the words that let somebody look it up.

    >>> print(Source(Grade.PUBLISHED, "VMAC, JAMA 2002;287:1531"))
    published: VMAC, JAMA 2002;287:1531
    """

    grade: Grade
    text: str

    @property
    def may_be_shown(self) -> bool:
        """A figure from memory is not shown as a fact until somebody has verified it."""
        return self.grade is not Grade.MEMORY

    def __str__(self) -> str:
        return f"{self.grade}: {self.text}"


@final
@dataclass(frozen=True, slots=True)
class Figure:
    """One number on a card: what it is of, its value or interval, its unit, and its source.

    `low` and `high` bound a 90 % interval where there is one.

    >>> print(Figure("PA diastolic", -1.5, "mmHg", Source(Grade.PUBLISHED, "EMBRACE-HF, Circulation 2021")))
    PA diastolic −1.5 mmHg (published: EMBRACE-HF, Circulation 2021)
    """

    name: str
    value: float
    unit: str
    source: Source
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        span = "" if self.low is None or self.high is None else f", {signed(self.low)} to {signed(self.high)}"
        return f"{self.name} {signed(self.value)} {self.unit}{span} ({self.source})"


def signed(value: float) -> str:
    """A number with a true minus sign and at most four significant digits.

    >>> signed(-1.5), signed(12.0), signed(0.76)
    ('−1.5', '12', '0.76')
    """
    return f"{value:.4g}".replace("-", "−")


def shown(figures: tuple[Figure, ...]) -> tuple[Figure, ...]:
    """The figures that may stand on a card: those whose source has been seen."""
    return tuple(figure for figure in figures if figure.source.may_be_shown)
