"""Cards: what a treatment did on the twin, what was published, what is not known; every figure with its source and
grade.

A card never holds a figure that somebody merely remembers, a survival figure, or the words that promise more than a
simulation can. The page prints it as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from pollux.worlds.heart.grades import NOTICE, Figure, Grade, Source, signed
from pollux.worlds.heart.ranking import Ranked, Standing
from pollux.worlds.heart.treatments import Size, Treatment

SIMULATED: Final = Source(Grade.SIMULATED, "his twin, common random numbers, 90 % of the futures")
NEVER_MODELLED: Final = ("potassium", "creatinine", "symptoms", "whether he takes the drugs", "infection")
"""What no card may pretend to know; printed on each."""


@final
@dataclass(frozen=True, slots=True)
class Card:
    """Everything that is said about one treatment."""

    title: str
    standing: str
    gate: str
    reasons: tuple[str, ...]
    simulated: tuple[Figure, ...]
    published: tuple[Figure, ...]
    notes: tuple[str, ...]
    mapping: str
    not_modelled: tuple[str, ...] = NEVER_MODELLED
    notice: str = NOTICE

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures on the card."""
        return (*self.simulated, *self.published)

    def __str__(self) -> str:
        lines = [
            f"{self.title}: {self.standing}",
            *self.reasons,
            f"gate: {self.gate}",
            *map(str, self.figures),
            *self.notes,
            f"acts by: {self.mapping}",
            f"not modelled: {', '.join(self.not_modelled)}",
            self.notice,
        ]
        return "\n".join(lines)


def card(ranked: Ranked, effects: Mapping[str, tuple[float, float, float, str]]) -> Card:
    """The card of a ranked candidate; `effects` are names with the median change, its 5 % and 95 % quantile, and a
    unit.
    """
    treatment, verdict = ranked.candidate.treatment, ranked.candidate.verdict
    modelled = ranked.standing is not Standing.NOT_MODELLED
    simulated = tuple(Figure(name, *_effect(effect), low=effect[1], high=effect[2]) for name, effect in effects.items())
    return Card(
        treatment.title,
        _standing(ranked),
        str(verdict),
        ranked.reasons,
        simulated if modelled else (),
        tuple(_published(size) for size in treatment.sizes if size.source.may_be_shown),
        _notes(treatment),
        _mapping(treatment),
    )


def _effect(effect: tuple[float, float, float, str]) -> tuple[float, str, Source]:
    return effect[0], effect[3], SIMULATED


def _standing(ranked: Ranked) -> str:
    return f"ranked {ranked.rank} under these assumptions" if ranked.rank is not None else str(ranked.standing)


def _published(size: Size) -> Figure:
    """The middle of the published band, with the band itself as its interval."""
    percent = 100.0 if size.relative or size.unit == "1" else 1.0
    unit = "%" if percent == 100.0 else size.unit
    when = f" after {size.months:g} months" if size.months else ""
    name = f"band for {size.reading.replace('_', ' ')}{when}"
    return Figure(
        name, percent * (size.low + size.high) / 2, unit, size.source, percent * size.low, percent * size.high
    )


def _notes(treatment: Treatment) -> tuple[str, ...]:
    return tuple(f"{note.text} ({note.source})" for note in treatment.notes if note.source.may_be_shown)


def _mapping(treatment: Treatment) -> str:
    changes = [f"{change.knob} ×{change.factor:g}" for change in treatment.changes() if change.factor != 1.0]
    changes += [f"{change.knob} {signed(change.added)}" for change in treatment.changes() if change.added]
    return f"{', '.join(changes) or 'no parameter of the circulation'} ({treatment.mapping})"
