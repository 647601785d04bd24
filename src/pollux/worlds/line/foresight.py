"""From the live twins to the rest of the shift: the line forks as it stands, and every option meets the same luck."""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

import pollux as px
from pollux.worlds.line.hall import Machine
from pollux.worlds.line.plant import F64, MACHINES, RACK, planned, rack

de = px.discrete

MARGIN: Final = 14.0
"""EUR that a housing earns."""

SHORT: Final = 1200.0
"""EUR that it costs when the customer's lorry leaves without the full number."""

MEMBERS: Final = 200


@final
@dataclass(frozen=True, slots=True)
class Choice:
    """Something that could be done for the rest of the shift, and its price in EUR."""

    name: str
    line: px.discrete.Line
    price: float


# A second fitter is called in; the press runs 10 % faster; the racks around it have room for twice as many.
CHOICES: Final = (
    Choice("as it is", planned(), 0.0),
    Choice("second fitter", planned(fitters=2), 150.0),
    Choice("faster press", planned(press=1.1), 90.0),
    Choice("larger racks", planned(places=2 * RACK), 40.0),
)


def standing(machines: px.Fleet[Machine]) -> px.discrete.Start:
    """How the line stands, as its twins know it.

    How long work and repairs still take nobody knows: chance decides, as if they had just begun. For repairs that are
    exponential this is exact; for work it is at most one part.
    """
    levels, modes = dict[str, int](), dict[str, px.discrete.Mode]()
    for name in MACHINES:
        now = machines[name].now
        if name != "saw":
            levels[rack(name)] = round(float(now.waiting))
        modes[name] = mode_of(float(now.working), float(now.blocked), float(now.down))
    return de.Start(levels=levels, modes=modes)


def mode_of(working: float, blocked: float, down: float) -> px.discrete.Mode:
    """What a machine is doing."""
    if down > 0.5:
        return "down"
    return "blocked" if blocked > 0.5 else "busy" if working > 0.5 else "idle"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a choice comes to by the end of the shift, by member: housings, and EUR against its price."""

    choice: Choice
    made: F64
    money: F64
    chance: float

    @property
    def band(self) -> tuple[float, float]:
        """5 % and 95 % quantiles of the housings."""
        low, high = np.quantile(self.made, (0.05, 0.95))
        return float(low), float(high)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """All choices on the same luck, the first as it is; what holds the line up; which choice is worth most."""

    outcomes: tuple[Outcome, ...]
    bottleneck: px.discrete.Bottleneck
    target: int

    @property
    def best(self) -> Outcome:
        """The choice that earns most in the mean."""
        return max(self.outcomes, key=lambda one: float(one.money.mean()))

    def gain(self, one: Outcome) -> px.discrete.Interval:
        """What a choice earns more than to go on as it is, in EUR."""
        return de.interval(one.money - self.outcomes[0].money)

    def __str__(self) -> str:
        return "\n".join(self._row(one) for one in self.outcomes)

    def _row(self, one: Outcome) -> str:
        low, high = one.band
        gain = self.gain(one)
        earned = f"{gain.mean:+6.0f} EUR ({gain.low:+.0f} to {gain.high:+.0f})" if one.choice.price else "-"
        return (
            f"  {one.choice.name:26} {one.made.mean():6.0f} housings ({low:.0f} to {high:.0f})"
            f"  {self.target} reached {one.chance:4.0%}  costs {one.choice.price:4.0f}  earns {earned}"
        )

    def lines(self) -> dict[str, str]:
        """What stands on the board under the figures of the hall."""
        (low, high), found, best = self.outcomes[0].band, self.bottleneck, self.best
        active, votes = found.active[found.machine] / 60, found.votes[found.machine]
        return {
            "expected": f"{low:.0f} to {high:.0f}",
            "chance": f"of {self.target} by then",
            "bottleneck": f"active for {active:.0f} min, in {votes:.0%}",
            "best": f"{best.chance:.0%} for {best.choice.price:.0f} EUR",
        }

    @property
    def advice(self) -> str:
        """The choice that is worth most, in words."""
        best = self.best
        if not best.choice.price:
            return "Go on as it is: nothing else is worth its price."
        return (
            f"{best.choice.name}: {best.chance:.0%} instead of {self.outcomes[0].chance:.0%} to reach {self.target},"
            f" for {best.choice.price:.0f} EUR; earns {self.gain(best).mean:+.0f} EUR in the mean."
        )


def foresee(
    start: px.discrete.Start, done: float, seconds: float, target: int, *, members: int = MEMBERS, seed: int = 7
) -> Foreseen:
    """The rest of the shift under every choice, `done` housings being made already."""
    ran = [de.simulate(one.line, seconds, members=members, start=start, seed=seed) for one in CHOICES]
    outcomes = tuple(
        _outcome(choice, done + np.round(results.rates("housings") * seconds), target)
        for choice, results in zip(CHOICES, ran, strict=True)
    )
    return Foreseen(outcomes, de.bottleneck(CHOICES[0].line, ran[0]), target)


def _outcome(choice: Choice, made: F64, target: int) -> Outcome:
    reached = made >= target
    money = MARGIN * made - SHORT * ~reached - choice.price
    return Outcome(choice, made, money, float(reached.mean()))
