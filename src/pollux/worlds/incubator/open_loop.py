"""The published model left to itself: what the box is compared with that nobody corrects."""

import numpy as np

from pollux.worlds.incubator.box import PUBLISHED, Published
from pollux.worlds.incubator.experiments import F64, SECOND, Experiment

LONGEST_STEP = 1.0
"""Seconds; the fastest time constant of the model is above a minute."""


def open_loop(experiment: Experiment, model: Published = PUBLISHED) -> F64:
    """The temperature of the box in degC at each moment (n,), from its first reading on.

    It knows the whole course of the heater and of the room, as an open-loop simulation does. The heater begins at the
    temperature of the box.
    """
    state = np.array([experiment.air[0], experiment.air[0]])
    found = [state[0]]
    seconds = np.diff(experiment.times) / SECOND
    for row, span in enumerate(seconds.tolist()):
        inputs = float(experiment.heater[row]), float(experiment.around[row])
        steps = max(1, int(np.ceil(span / LONGEST_STEP)))
        for _ in range(steps):
            state = _stepped(state, span / steps, inputs, model)
        found.append(state[0])
    return np.array(found)


def _stepped(state: F64, dt: float, inputs: tuple[float, float], model: Published) -> F64:
    """One step of the classical method of Runge and Kutta."""
    k1 = _slope(state, inputs, model)
    k2 = _slope(state + dt / 2 * k1, inputs, model)
    k3 = _slope(state + dt / 2 * k2, inputs, model)
    k4 = _slope(state + dt * k3, inputs, model)
    return state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def _slope(state: F64, inputs: tuple[float, float], model: Published) -> F64:
    air, element = state
    heater, room = inputs
    given = model.heater_conductance * (element - air)
    return np.array(
        [
            (given - model.box_conductance * (air - room)) / model.air_capacity,
            (model.power * heater - given) / model.heater_capacity,
        ]
    )
