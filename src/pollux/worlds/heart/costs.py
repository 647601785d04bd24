"""What the rules cost: false alarms, decompensations caught in time, alarms that were right, counted for every rule.

Men who obey Ursino's model (`man`), no two alike, live for some weeks. Half of them stay well, half fall ill on a day
of their own. Their devices speak through the ordinary front door of one site in simulated time, and what is counted are
the alarms that its rules raise on raw readings. Nothing is estimated and nobody treats them.

A decompensation is **caught** by a rule that raises its first alarm between the onset and the moment at which the true
filling pressure has been above 25 mmHg for 24 hours on end; with that moment his time ends. An alarm is **right** when
it is raised in that stretch. All of it is our own simulator with our own numbers (choice): the counts say how the rules
behave there, not how they behave in a clinic.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

import pollux as px
from pollux.worlds.heart.home import RULES
from pollux.worlds.heart.man import DAY, TURN, WELL, Illness, Lives, Man, wearables
from pollux.worlds.heart.patient import CONGESTED, Patient
from pollux.worlds.heart.study import Share

F64 = NDArray[np.float64]

START: Final = px.instant("2026-01-05T00:00:00Z")
RUN_IN: Final = 5
"""Days until each man is at home in his own parameters; nothing is counted in them."""
TOO_LONG: Final = 12
"""Turns of two hours above 25 mmHg after which he counts as decompensated."""

GROUP: Final = 16
"""Men who are simulated together: few, so that one whose heartbeat settles slowly holds up few others."""

SPREAD: Final[Mapping[Any, float]] = {
    Man.strength: 0.08,
    Man.curve: 0.03,
    Man.resistance: 0.06,
    Man.large_arteries: 0.10,
    Man.small_arteries: 0.10,
    Man.lungs: 0.15,
    Man.quiet_beat: 0.05,
    Man.kidneys: 0.15,
    Man.loop_half: 0.15,
    Man.dry_weight: 0.12,
    Man.share: 0.08,
}
"""How much men differ: standard deviations of the logarithms (our choice)."""


@final
@dataclass(frozen=True, slots=True)
class Men:
    """So many men by their ids: what is true of each, and what befalls him."""

    ids: tuple[str, ...]
    parameters: Mapping[Any, F64]
    illnesses: tuple[Illness, ...]

    def group(self, first: int, last: int) -> "Men":
        """Some of them, from one number up to and without another."""
        parameters = {symbol: values[first:last] for symbol, values in self.parameters.items()}
        return Men(self.ids[first:last], parameters, self.illnesses[first:last])


def drawn(stable: int, failing: int, rng: np.random.Generator, *, onset: tuple[float, float] = (5.0, 15.0)) -> Men:
    """Men around the man of the demo, the stable ones first; `onset` bounds the day on which the others fall ill.

    >>> men = drawn(1, 1, np.random.default_rng(1))
    >>> men.ids, men.illnesses[0] is WELL
    (('S-1', 'F-1'), True)
    """
    count = stable + failing
    parameters = {
        symbol: symbol.schema.signal(symbol.name).initial * np.exp(deviation * rng.standard_normal(count))
        for symbol, deviation in SPREAD.items()
    }
    begins = RUN_IN + rng.uniform(*onset, failing)
    ills = zip(begins, rng.uniform(0.85, 1.0, failing), rng.normal(250.0, 20.0, failing), strict=True)
    ill = tuple(Illness(float(day), np.inf, salt=float(salt), severity=float(how)) for day, how, salt in ills)
    ids = (*(f"S-{n + 1}" for n in range(stable)), *(f"F-{n + 1}" for n in range(failing)))
    return Men(ids, parameters, (WELL,) * stable + ill)


@final
@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm: whose, by which rule, when (days since the beginning)."""

    man: int
    title: str
    day: float


@final
@dataclass(frozen=True, slots=True)
class Followed:
    """What was seen of some men: the alarms, and the day on which each had been congested for too long."""

    men: Men
    days: int
    alarms: tuple[Raised, ...]
    decompensated: tuple[float, ...]


def follow(men: Men, folder: Path, *, days: int = 30, seed: int = 0) -> Followed:
    """Let them live for `days` after the run-in, their devices at the door of a site in `folder`."""
    site = px.Site("What the rules cost")
    patients = site.fleet(Patient)
    site.watch(Patient, *RULES)
    clock, groups = px.SimulatedClock(START), [men.group(n, n + GROUP) for n in range(0, len(men.ids), GROUP)]
    above, too_long = np.zeros(len(men.ids), np.int64), np.full(len(men.ids), np.inf)
    with site.open(folder, clock=clock) as live, ExitStack() as worn:
        emulated = [
            worn.enter_context(
                px.emulate(
                    patients,
                    ids=group.ids,
                    every="2 h",
                    obeys=Man,
                    parameters=group.parameters,
                    life=Lives(START, group.illnesses, seed=seed + number),
                    sensors=wearables(),
                    seed=seed + number,
                )
            )
            for number, group in enumerate(groups)
        ]
        for turn in range(1, (RUN_IN + days) * DAY // TURN + 1):
            live.advance_to(START + turn * TURN)
            above = np.where(np.concatenate([one.truth("filling") for one in emulated]) > CONGESTED, above + 1, 0)
            too_long = np.where((above >= TOO_LONG) & np.isinf(too_long), turn * TURN / DAY, too_long)
        if live.estate.alarms.shed:
            raise px.SimulationError("more alarms than the book holds", hint="fewer men, or fewer days")
        number = {id_: man for man, id_ in enumerate(men.ids)}
        raised = tuple(Raised(number[a.twin], a.title, (a.raised - START) / DAY) for a in live.estate.alarms)
    return Followed(men, days, raised, tuple(too_long.tolist()))


@final
@dataclass(frozen=True, slots=True)
class Cost:
    """One rule: its alarms in so many stable patient-months, how many of these men it troubled, what it caught in time,
    which of its alarms were right.
    """

    title: str
    alarms: int
    months: float
    troubled: Share
    caught: Share
    right: Share

    @property
    def per_month(self) -> float:
        """Alarms per stable patient-month of 30 days."""
        return self.alarms / self.months

    def __str__(self) -> str:
        return f"| {self.title} | {self.per_month:.2f} | {self.troubled} | {self.caught} | {self.right} |"


HEAD: Final = (
    "| rule | alarms per stable month | stable men with any | decompensations caught | alarms that were right |\n"
    "|---|---|---|---|---|"
)


def costs(seen: Followed) -> tuple[Cost, ...]:
    """Every rule, and all of them together."""
    counted = [one for one in seen.alarms if one.day >= RUN_IN]
    titles = [rule.title for rule in RULES]
    each = [_cost(seen, title, [one for one in counted if one.title == title]) for title in titles]
    return (*each, _cost(seen, "any of them", counted))


def _cost(seen: Followed, title: str, alarms: list[Raised]) -> Cost:
    stable = [man for man, illness in enumerate(seen.men.illnesses) if illness is WELL]
    failing = [
        man for man, day in enumerate(seen.decompensated) if np.isfinite(day) and seen.men.illnesses[man] is not WELL
    ]
    false = [one for one in alarms if one.man in stable]
    onset = {man: seen.men.illnesses[man].begins for man in failing}
    told = [one for one in alarms if one.man in onset and one.day <= seen.decompensated[one.man]]
    right = [one for one in told if one.day >= onset[one.man]]
    return Cost(
        title,
        len(false),
        len(stable) * seen.days / 30,
        Share(len({one.man for one in false}), len(stable)),
        Share(len({one.man for one in right}), len(failing)),
        Share(len(right), len(false) + len(told)),
    )


def table(seen: Followed) -> str:
    """All of it, as a table."""
    ended = sum(np.isfinite(day) for day in seen.decompensated)
    lines = [
        f"{len(seen.men.ids)} men, {seen.days} days each; {ended} were above 25 mmHg for 24 hours on end.",
        "",
        HEAD,
    ]
    return "\n".join([*lines, *map(str, costs(seen))])
