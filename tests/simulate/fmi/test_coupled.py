"""An FMU and a type of ours that push each other: the same as two linked twins in one kernel."""

import functools

import numpy as np
import pytest
from tests.simulate.coupled.models import columns, linked
from tests.simulate.fmi.models import OSCILLATOR

import pollux as px
from pollux.model.schema import schema_of
from pollux.simulate import (
    Connection,
    Control,
    CoSimulation,
    CoupledRun,
    Group,
    Iteration,
    KernelPhysics,
    Part,
    couple,
)
from pollux.simulate.fmi import FmuPhysics, Running

SECOND = 10**9


class Ours(px.Twin):
    """Van der Pol's oscillator, as the FMU has it; it is pushed by half of the place of the other."""

    other = px.link()
    x, v = px.hidden("1", start=1), px.hidden("1/s", start=0)
    force = px.parameter("1/s**2", 0)
    half = px.parameter("1/s**2", 0)

    @px.rate(x, v)
    def swings(self):
        push = self.force + px.where(px.present(self.other), self.half * self.other.x, 0)
        return self.v, px.quantity(1, "1/s") * (1 - self.x**2) * self.v - self.x * px.quantity(1, "1/s**2") + push


class Alone(px.Twin):
    """The same without a link."""

    x, v = px.hidden("1", start=1), px.hidden("1/s", start=0)
    force = px.parameter("1/s**2", 0)

    @px.rate(x, v)
    def swings(self):
        free = px.quantity(1, "1/s") * (1 - self.x**2) * self.v - self.x * px.quantity(1, "1/s**2")
        return self.v, free + self.force


@functools.cache
def _reference(span):
    """Both oscillators as linked twins."""
    start = columns(schema_of(Ours), 2, x=[2.0, 1.0], half=0.5)
    group = Group(schema_of(Ours), start, {"other": linked(1, 0)})
    run = CoupledRun((group,), 0, span, SECOND // 200, record={"Ours": ("x",)}, backend="numpy")
    return couple(run)["Ours"]["x"][-1, :, 0]


@pytest.mark.parametrize(
    ("version", "way", "more", "within"),
    [
        (2, "co-simulation", {}, 2e-3),
        (3, "model exchange", {"iteration": Iteration()}, 1e-3),
        (3, "co-simulation", {"control": Control(1e-5, 1e-5)}, 1e-3),
    ],
)
def test_an_fmu_and_a_type_push_each_other(opened, version, way, more, within):
    """Each of them taken back where a step is repeated or too long, they end where the linked twins do."""
    with FmuPhysics(opened(OSCILLATOR, version), running=Running(way=way, isolated=False, step=0.002)) as fmu:
        start = columns(schema_of(Alone), 1)[:, :, 0]
        ours = KernelPhysics(schema_of(Alone), start, longest_step=SECOND // 200, backend="numpy")
        both = CoSimulation(
            {"fmu": Part(fmu), "ours": Part(ours)},
            [Connection("fmu.x", "ours.force", 0.5), Connection("ours.x", "fmu.force", 0.5)],
            step=SECOND // 50,
            **more,
        )
        both.step(SECOND)
        found = np.array([both.get("fmu.x")[0], both.get("ours.x")[0]])
    assert found == pytest.approx(_reference(SECOND), abs=within)
