"""The story that the demo tells: who he is, what happens to him on which day, and what is promised of it.

The hidden man obeys another model than his twin (`man`); the devices measure him, with their errors. The twin starts
from his history and a scan. All of it is invented; nobody lived it.
"""

from dataclasses import dataclass
from typing import Final, final

import pollux as px
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.man import DAY, HOUR, Habits, Illness

PATIENT: Final = "H-0417"
PHYSICIAN: Final = "dr.lindqvist"
HEADER: Final = f"Patient {PATIENT}, man, 62, chronic heart failure. {NOTICE}"

START: Final = px.instant("2026-11-02T00:00:00Z")
"""Midnight of the first day."""

BEGINS_WITH: Final = 20.0
"""Milligrams of furosemide that he takes a day when he comes."""
ILLNESS: Final = Illness(begins=11.0, ends=21.0)
LIFE: Final = Habits()
GAP: Final = (START + 5 * DAY + 6 * HOUR, START + 6 * DAY + 20 * HOUR)
"""When he leaves his cuff at home."""


@final
@dataclass(frozen=True, slots=True)
class Seeds:
    """The luck of the story, all of it."""

    scan: int = 17
    life: int = 3
    devices: int = 5


SEEDS: Final = Seeds()


@final
@dataclass(frozen=True, slots=True)
class Chapter:
    """One step of the story: its number in the mission's worked example, and its title."""

    number: int
    title: str


CHAPTERS: Final = (
    Chapter(1, "His twin is made"),
    Chapter(2, "The team tries what may help"),
    Chapter(3, "Wearables stream"),
    Chapter(4, "A sudden change"),
    Chapter(5, "Tried on the twin, then ordered"),
    Chapter(6, "What was predicted, and what happened"),
)
