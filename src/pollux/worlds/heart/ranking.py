"""What may be ranked, what is only shown, and what stands above every ranking because nobody modelled it.

A candidate is ranked by the gain that was simulated for it when its gate is free, its place is at home, and its
simulated effect lies inside every published band. All others are kept, each with its reason: simulated and shown, but
not ranked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import final

from pollux.worlds.heart.gates import State, Verdict
from pollux.worlds.heart.treatments import DISAGREES, NOT_MODELLED, Pillar, Place, Treatment


class Standing(StrEnum):
    """Why a candidate stands where it stands."""

    RANKED = "ranked under these assumptions"
    NOT_MODELLED = NOT_MODELLED
    DISAGREES = DISAGREES
    GATED = "gated"
    ELSEWHERE = "not at home"


@final
@dataclass(frozen=True, slots=True)
class Candidate:
    """A treatment as it was tried: readings of the circulation before and after, and the gain that came out.

    `after` maps the months since the start (0: acute) to readings.
    """

    treatment: Treatment
    verdict: Verdict
    before: Mapping[str, float]
    after: Mapping[float, Mapping[str, float]]
    gain: float


@final
@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its standing, its rank from 1 where it has one, and the reasons."""

    candidate: Candidate
    standing: Standing
    rank: int | None
    reasons: tuple[str, ...] = ()


def outside(candidate: Candidate) -> tuple[str, ...]:
    """The published sizes that the simulated effect does not meet, in words; figures from memory are not asked."""
    words = []
    for size in candidate.treatment.sizes:
        after = candidate.after.get(size.months)
        if not size.source.may_be_shown or after is None:
            continue
        if not size.holds(candidate.before[size.reading], after[size.reading]):
            words.append(f"{DISAGREES}: {size.reading.replace('_', ' ')}, {size.source.text}")
    return tuple(words)


def standing(candidate: Candidate) -> tuple[Standing, tuple[str, ...]]:
    """Where one candidate belongs, whatever its gain."""
    if candidate.treatment.place is not Place.HOME:
        return Standing.ELSEWHERE, (str(candidate.treatment.place),)
    if candidate.verdict.state is not State.FREE:
        return Standing.GATED, (str(candidate.verdict),)
    if not candidate.treatment.sized:
        return Standing.NOT_MODELLED, (NOT_MODELLED,)
    wrong = outside(candidate)
    return (Standing.DISAGREES, wrong) if wrong else (Standing.RANKED, ())


def ranked(candidates: Sequence[Candidate]) -> tuple[Ranked, ...]:
    """All candidates: first those that nobody modelled, unranked, then the ranked by gain, then the rest.

    What is not modelled is never below what happens to be.
    """
    placed = [(candidate, *standing(candidate)) for candidate in candidates]
    order = {
        Standing.NOT_MODELLED: 0,
        Standing.RANKED: 1,
        Standing.DISAGREES: 2,
        Standing.GATED: 3,
        Standing.ELSEWHERE: 4,
    }
    placed.sort(key=lambda one: (order[one[1]], -one[0].gain))
    ranks = iter(range(1, len(placed) + 1))
    return tuple(
        Ranked(candidate, where, next(ranks) if where is Standing.RANKED else None, reasons)
        for candidate, where, reasons in placed
    )


def pillars(
    taken: Mapping[Pillar, bool], verdicts: Mapping[str, Verdict], treatments: Sequence[Treatment]
) -> dict[Pillar, str]:
    """Each of the four pillars as taken, gated (with the reason) or missing: a plan names all of them.

    >>> pillars({Pillar.BETA: True}, {}, ())[Pillar.BETA]
    'taken'
    """
    return {pillar: "taken" if taken.get(pillar) else _absent(pillar, verdicts, treatments) for pillar in Pillar}


def _absent(pillar: Pillar, verdicts: Mapping[str, Verdict], treatments: Sequence[Treatment]) -> str:
    verdict = [verdicts[t.key] for t in treatments if t.pillar is pillar and t.key in verdicts]
    if any(one.state is State.FREE for one in verdict) or not verdict:
        return "missing"
    return "; ".join(str(one) for one in verdict)
