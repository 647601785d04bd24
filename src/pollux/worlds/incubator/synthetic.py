"""Experiments made by code, for where the public data are not: SYNTHETIC, no box was there.

The same form, the same sensors (noise, steps of 1/16 K), another box than the published one, and an opened lid.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from pollux.worlds.incubator.box import PUBLISHED
from pollux.worlds.incubator.experiments import SECOND, Experiment
from pollux.worlds.incubator.open_loop import open_loop

START: Final = 1_767_225_600 * SECOND
"""2026-01-01."""

STEP: Final = 0.0625
NOISE: Final = 0.05
EVERY: Final = 3


def synthetic(minutes: int = 30, *, seed: int = 1) -> tuple[Experiment, ...]:
    """Two experiments of so many minutes: one undisturbed, one in which the lid is opened for a minute half-way."""
    rng = np.random.Generator(np.random.Philox(key=seed))
    plain = _made("synthetic-plain", "made by code: another box, heater at random", minutes, 0, rng)
    lid = _made("synthetic-lid", "made by code: the lid is opened for a minute", minutes, 86_400, rng)
    return plain, _opened(lid, minutes, rng)


def _made(id_: str, about: str, minutes: int, after: int, rng: np.random.Generator) -> Experiment:
    times = START + (after + EVERY * np.arange(minutes * 60 // EVERY, dtype=np.int64)) * SECOND
    heater = np.repeat(rng.integers(0, 2, minutes), 60 // EVERY).astype(float)
    still = np.full(len(times), 21.0)
    other = replace(PUBLISHED, air_capacity=190.0, box_conductance=0.7, heater_capacity=240.0, current=4.0)
    air = open_loop(Experiment(id_, about, times, still, still, heater, synthetic=True), other)
    return _measured(Experiment(id_, about, times, air, still, heater, synthetic=True), rng)


def _opened(experiment: Experiment, minutes: int, rng: np.random.Generator) -> Experiment:
    """Within half a minute the air falls half-way to that of the room, and comes back with the heat of the walls."""
    seconds = (experiment.times - experiment.times[0]) / SECOND - 30 * minutes
    share = 0.5 * np.clip(seconds / 30, 0, 1) * np.exp(-np.clip(seconds - 60, 0, None) / 120)
    return _measured(replace(experiment, air=experiment.air - share * (experiment.air - experiment.room)), rng)


def _measured(experiment: Experiment, rng: np.random.Generator) -> Experiment:
    noisy = experiment.air + NOISE * rng.standard_normal(len(experiment.air))
    return replace(experiment, air=np.round(noisy / STEP) * STEP)
