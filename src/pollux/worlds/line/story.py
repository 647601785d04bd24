"""A shift in simulated time: mirrored through the front door, forked half-way, advised, and held to what it foresaw."""

import math
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

import pollux as px
from pollux.worlds.line.foresight import CHOICES, Foreseen, foresee, mode_of, standing
from pollux.worlds.line.hall import Hall, Machine
from pollux.worlds.line.plant import HOUR, MACHINES, SHIFT, Ran, planned, rack

de = px.discrete

LINE: Final = "L-1"
FORK: Final = 4 * HOUR
TARGET: Final = 700
LOOK: Final = 30 * 60 * 1_000_000_000
OTHERS: Final = 200
"""Other shifts, with other luck, at which the forecasts are counted."""


@final
@dataclass(slots=True, eq=False)
class Findings:
    """What was seen in a shift."""

    foreseen: Foreseen
    made: float
    alarms: int
    values: int = 0
    wrong: int = 0
    covered: int = 0
    gains: tuple[px.discrete.Sensitivity, ...] = ()
    kept: px.discrete.Interval | None = None
    told: list[str] = field(default_factory=list[str])

    def checks(self) -> list[tuple[str, bool]]:
        """The promises of the story, and whether each held."""
        low, high = self.foreseen.outcomes[0].band
        machine, kept = self.foreseen.bottleneck.machine, self.kept
        assert kept is not None
        return [
            (f"the twins show what the machines do: {self.wrong} of {self.values} values differ", self.wrong == 0),
            (f"an alarm for each machine that was found down: {self.alarms}", self.alarms > 0),
            (
                f"the line gains most where its bottleneck is: {self.gains[0].machine}, {machine}",
                self.gains[0].machine == machine and self.gains[0].gain.low > 0,
            ),
            (f"{self.made:.0f} housings at the end, foreseen {low:.0f} to {high:.0f}", low <= self.made <= high),
            (
                f"in {OTHERS} other shifts a 90% interval held {self.covered} times",
                is_nominal(self.covered, OTHERS, 0.9),
            ),
            (f"with other luck the advice still earns: {kept.mean:+.0f} EUR ({kept})", kept.low > 0),
        ]


def is_nominal(hits: int, tries: int, rate: float, level: float = 0.01) -> bool:
    """Whether an exact two-sided binomial test does not reject the rate.

    >>> is_nominal(54, 60, 0.9), is_nominal(40, 60, 0.9)
    (True, False)
    """
    chance = [math.comb(tries, k) * rate**k * (1 - rate) ** (tries - k) for k in range(tries + 1)]
    return sum(one for one in chance if one <= chance[hits] * (1 + 1e-9)) >= level


def play(machines: px.Fleet[Machine], halls: px.Fleet[Hall], shift: Ran) -> Findings:
    """Play a shift into an open site with a simulated clock: to the fork, to the end, and beside other shifts."""
    live, start = machines.live, int(shift.times[0])
    values = wrong = 0
    foreseen: Foreseen | None = None
    with px.replay(machines, shift.tapes(), every="5 min"), px.replay(halls, {LINE: shift.counter()}, every="5 min"):
        for moment in range(start + LOOK, start + SHIFT + 1, LOOK):
            live.advance_to(moment)
            count, differ = compared(machines, shift, moment)
            values, wrong = values + count, wrong + differ
            if moment == start + FORK:
                done = float(halls[LINE].now.made)
                foreseen = foresee(standing(machines), done, (SHIFT - FORK) / 1e9, TARGET)
                tell(halls, foreseen)
        made = float(halls[LINE].now.made)
    assert foreseen is not None
    alarms = sum(one.title == "Down" for one in (*live.estate.alarms, *live.estate.alarms.past()))
    gains = de.sensitivities(planned(), "housings", "20 h", warm_up="2 h", members=40, seed=11)
    kept = with_other_luck(shift, foreseen)
    return Findings(foreseen, made, alarms, values, wrong, covered(), gains, kept)


def tell(halls: px.Fleet[Hall], foreseen: Foreseen) -> None:
    """Write what is foreseen beside the twin of the line."""
    plain, machine = foreseen.outcomes[0], foreseen.bottleneck.machine
    halls.add(
        LINE,
        {
            Hall.expected: round(float(plain.made.mean())),
            Hall.chance: round(100 * plain.chance),
            Hall.bottleneck: machine,
            Hall.best: foreseen.best.choice.name,
            Hall.advice: foreseen.advice,
        },
    )


def compared(machines: px.Fleet[Machine], shift: Ran, moment: int) -> tuple[int, int]:
    """How many values the twins show at a moment, and how many of them are not those of the machines."""
    row = shift.at(moment)
    pairs = [
        (float(getattr(machines[name].now, signal)), column[row])
        for name, columns in shift.values.items()
        for signal, column in columns.items()
    ]
    return len(pairs), sum(shown != true for shown, true in pairs)


def with_other_luck(shift: Ran, foreseen: Foreseen) -> px.discrete.Interval:
    """What the advised choice earns more than to go on as it is, from the same moment, with luck nobody has seen."""
    row = shift.at(int(shift.times[0]) + FORK)
    other = foresee(start_at(shift, row), float(shift.made[row]), (SHIFT - FORK) / 1e9, TARGET, seed=1234)
    number = CHOICES.index(foreseen.best.choice)
    return other.gain(other.outcomes[number])


def start_at(shift: Ran, row: int) -> px.discrete.Start:
    """How an emulated line stood, as a stranger sees it."""
    levels = {rack(name): round(float(shift.values[name]["waiting"][row])) for name in MACHINES if name != "saw"}
    seen = {
        name: [float(columns[one][row]) for one in ("working", "blocked", "down")]
        for name, columns in shift.values.items()
    }
    return de.Start(levels=levels, modes={name: mode_of(*three) for name, three in seen.items()})


def covered() -> int:
    """In how many other shifts the 90 % interval, made half-way, held what was made in the second half."""
    truth = de.LinePhysics(planned(), OTHERS, seed=77)
    truth.step(FORK)
    before = truth.get("housings.count")
    starts = [_start_of(truth, member) for member in range(OTHERS)]
    truth.step(SHIFT - FORK)
    made = truth.get("housings.count") - before
    return sum(_held(start, float(one), seed) for seed, (start, one) in enumerate(zip(starts, made, strict=True)))


def _start_of(truth: px.discrete.LinePhysics, member: int) -> px.discrete.Start:
    levels = {rack(name): round(float(truth.get(f"{rack(name)}.level")[member])) for name in MACHINES if name != "saw"}
    return de.Start(levels=levels, modes={name: _mode(truth, name, member) for name in MACHINES})


def _mode(truth: px.discrete.LinePhysics, machine: str, member: int) -> px.discrete.Mode:
    busy, blocked, *down = (
        float(truth.get(f"{machine}.{one}")[member]) for one in ("busy", "blocked", "down", "waiting")
    )
    return mode_of(busy, blocked, sum(down))


def _held(start: px.discrete.Start, made: float, seed: int) -> bool:
    span = (SHIFT - FORK) / 1e9
    results = de.simulate(planned(), span, members=100, start=start, seed=1000 + seed)
    low, high = np.quantile(np.round(results.rates("housings") * span), (0.05, 0.95))
    return bool(low <= made <= high)
