"""The twin of a man who obeys another model: nothing is claimed, everything is reported.

The men live by Ursino's circulation with days of their own (`man.py`); a clinic sees each of them once, with its
errors, and then the twin has nothing but his wearables. Printed are how far the intervals hold, and how good
the chances of a decompensation within a week are. docs/concepts/estimation.md has the figures.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from tests.published.heart_months import (
    EVERY,
    LAYOUT,
    SCHEMA,
    WORN,
    Emulated,
    World,
    drifted,
    learning,
    means,
)

from pollux.clock import DAY, HOUR
from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.predict import Estimator, Evidence, interval, score
from pollux.simulate import Run, run
from pollux.worlds.heart.costs import RUN_IN, Men
from pollux.worlds.heart.costs import drawn as drawn_men
from pollux.worlds.heart.man import Lives, Man
from pollux.worlds.heart.patient import CONGESTED

FOLLOWED, AHEAD = 21, 7
"""Days with wearables, and days for which a chance is given."""
SHARED = ("filling", "venous", "output", "mean_pressure", "ejection", "full")
"""What both models compute."""
CLINIC = {"full": 0.04, "emptied": 0.04, "systolic": 3.0, "diastolic": 2.5, "weight": 0.3, "output": 0.5, "pulse": 2.0}
"""Deviations of what a scan, a clinic and an echo measure; below one they are relative."""
BINS = (0.0, 0.02, 0.1, 0.3, 0.6, 1.01)


@dataclass(frozen=True)
class Led:
    """Lives that were led: what devices read in each half day from the visit on, what the clinic saw, and the truth
    each hour of all days.
    """

    told: tuple[dict[str, list[tuple[np.ndarray, int]]], ...]
    seen: tuple[list[Evidence], ...]
    truth: dict[str, np.ndarray]
    fell_ill: np.ndarray

    def congested(self, k):
        """The hours at which his mean of a day lies above the limit."""
        daily = np.convolve(self.truth["filling"][:, k], np.ones(24) / 24, "valid")
        return np.flatnonzero(daily >= CONGESTED) + 23


def led(men: Men, seed: int) -> Led:
    """They live; after the run-in a clinic sees each once, at ten in the morning, and their devices begin to speak."""
    kind, count, days = schema_of(Man), len(men.ids), RUN_IN + FOLLOWED + AHEAD
    start = layout_of(kind).start(count)
    for symbol, values in men.parameters.items():
        start[layout_of(kind).place(symbol.name)] = values
    names = tuple(dict.fromkeys((*WORN, *SHARED, *CLINIC)))
    inputs = Lives(0, men.illnesses, seed=seed)(0, days * DAY)
    truth = run(Run(kind, start, 0, days * DAY, grid=HOUR, record=names, inputs=inputs, backend="numba"))
    rng, told = np.random.default_rng([29, seed]), []
    for first in range(24 * RUN_IN, 24 * (RUN_IN + FOLLOWED), EVERY):
        hours = range(first + 1, first + EVERY + 1)
        readings = {
            name: [
                (truth[name][hour] + SCHEMA.signal(name).noise * rng.standard_normal(count), hour * HOUR)
                for hour in hours
                if hour % 24 in at
            ]
            for name, at in WORN.items()
        }
        told.append({name: some for name, some in readings.items() if some})
    visit = {name: truth[name][24 * RUN_IN + 8 : 24 * RUN_IN + 13].mean(axis=0) for name in CLINIC}
    seen = tuple([_measured(name, float(visit[name][k]), rng) for name in CLINIC] for k in range(count))
    began = np.array([one.begins for one in men.illnesses])
    return Led(tuple(told), seen, {name: truth[name] for name in SHARED}, began)


def _measured(name: str, value: float, rng) -> Evidence:
    sigma = CLINIC[name] * (value if CLINIC[name] < 1 and name in ("full", "emptied") else 1)
    return Evidence(name, value + sigma * rng.standard_normal(), sigma)


@dataclass(frozen=True)
class Chance:
    """What was foreseen of one man on one day, and what came: `decided` where he stays well, or is ill since a day."""

    given: float
    came: bool
    decided: bool


def followed(world: World, men: Led, k: int) -> tuple[np.ndarray, list[Chance]]:
    """What is believed in the end of what both models compute (names, members), and each morning's chance."""
    rng = np.random.default_rng([7, k])
    estimator = Estimator(SCHEMA, learning(), world.advance)
    belief = estimator.begin(LAYOUT.start(1)[:, 0], RUN_IN * DAY, rng)
    belief = estimator.believe(belief, men.seen[k], world.read, rng)
    congested, chances = men.congested(k), []
    for half, told in enumerate(men.told, 1):
        now = RUN_IN * DAY + half * EVERY * HOUR
        belief = estimator.absorb(belief, now, means(told, k), rng)
        hour = now // HOUR
        if half % 2 == 0 and half >= 6 and not (congested <= hour).any():
            came = bool(((congested > hour) & (congested <= hour + 24 * AHEAD)).any())
            well = not np.isfinite(men.fell_ill[k])
            chances.append(
                Chance(_chance(world, belief.columns, now, rng), came, well or now > men.fell_ill[k] * DAY + DAY)
            )
    return world.read(belief.columns, SHARED), chances


def _chance(world: World, columns, now: int, rng) -> float:
    """The share of members that decompensate within a week if nothing is done; what may drift goes on drifting."""
    slot = LAYOUT.place("felt")
    happened = columns[slot] >= CONGESTED
    for day in range(AHEAD):
        columns = world.advance(drifted(columns, DAY, rng), now + day * DAY, now + (day + 1) * DAY)
        happened |= columns[slot] >= CONGESTED
    return float(happened.mean())


def held(men: Led, believed: np.ndarray) -> None:
    """Print how far the intervals at the end hold the truth."""
    ends = interval(believed)
    for row, name in enumerate(SHARED):
        low, median, high = (end[:, row] for end in ends)
        truth = men.truth[name][24 * (RUN_IN + FOLLOWED)]
        found = score(low, median, high, truth)
        print(
            f"{name:14s} covered {found.coverage:.2f} bias {found.bias:+.2f} rms {found.rms:.2f} "
            f"width {found.width:.2f} (men differ by {truth.std():.2f})"
        )


def foretold(chances: list[Chance]) -> float:
    """Print how often came what was given so much of a chance; the area under the curve of what could be foreseen."""
    given, came = np.array([one.given for one in chances]), np.array([one.came for one in chances])
    for low, high in pairwise(BINS):
        inside = (given >= low) & (given < high)
        if inside.any():
            print(f"given {low:.2f} to {min(high, 1):.2f}: {inside.sum()} times, mean {given[inside].mean():.2f}, "
                  f"came {came[inside].mean():.2f}")  # fmt: skip
    yes, no = given[came][:, None], given[~came][None]
    area = float((yes > no).mean() + 0.5 * (yes == no).mean())
    print(f"of {len(given)}: area under the curve {area:.2f}, Brier {np.mean((given - came) ** 2):.3f}, "
          f"by the base rate alone {came.mean() * (1 - came.mean()):.3f}")  # fmt: skip
    return area


@pytest.fixture(scope="module")
def world():
    emulated = Emulated.fitted()
    return World(emulated.advance, emulated.read)


@pytest.mark.soak
def test_what_is_believed_of_men_who_obey_another_model(world):
    """Fifty stable men and fifty who fall ill: coverage and error as found, chances that tell one from the other."""
    chances: list[Chance] = []
    for kind, men in (
        ("stable", led(drawn_men(50, 0, np.random.default_rng(8)), 5)),
        ("failing", led(drawn_men(0, 50, np.random.default_rng(9)), 6)),
    ):
        found = [followed(world, men, k) for k in range(50)]
        print(f"\n{kind}")
        held(men, np.stack([believed for believed, _ in found]))
        chances += [one for _, some in found for one in some if one.decided]
    assert foretold(chances) > 0.65


def test_who_is_about_to_decompensate_is_told_from_the_others(world):
    """Of eight men who fall ill and eight who stay well, better than by a coin."""
    both = led(drawn_men(8, 8, np.random.default_rng(3)), 4)
    assert foretold([one for k in range(16) for one in followed(world, both, k)[1] if one.decided]) > 0.6
