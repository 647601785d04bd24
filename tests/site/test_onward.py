"""In a forecast what may drift goes on drifting: wider with time, alike in every option, still where it was set."""

from contextlib import contextmanager

import numpy as np
import pytest

import pollux as px
from pollux.clock import DAY

START = px.instant("2026-03-01T00:00:00Z")


class Oven(px.Twin):
    """Warm by its power over its losses; what leaks changes from day to day."""

    power = px.actuator("W", low=0, high=3000, start=1000)
    room = px.parameter("K", 290)
    heat = px.parameter("J/K", 3600)
    loss = px.parameter("W/K", px.lognormal(10, 0.2))
    temp = px.sensor("K", noise=0.2, start=390)

    @px.rate(temp)
    def warms(self):
        return (self.power - self.loss * (self.temp - self.room)) / self.heat


@pytest.fixture
def oven(tmp_path):
    """An oven at whose door measurements have come for a day, learnt with a drift, or without one."""

    @contextmanager
    def opened(drift):
        site = px.Site("kitchen")
        ovens = site.fleet(Oven, learning=px.Learning(members=64, every="2 h", drift=drift))
        clock = px.SimulatedClock(START)
        with (
            site.open(tmp_path / str(len(drift)), clock=clock) as live,
            px.emulate(ovens, ids=["O-1"], every="10 min", seed=4),
        ):
            live.advance_to(START + DAY)
            yield ovens["O-1"].fork(members=200, seed=1)

    return opened


def test_a_forecast_widens_where_something_drifts(oven):
    """Ten days ahead the losses are ten days less sure than now; without a drift they are as sure as now."""
    day, ten = 24, 240
    with oven({}) as still:
        fixed = still.run("10 days", every="1 h").samples.path("temp")[0]
    with oven({"loss": 0.3}) as moving:
        walks = moving.run("10 days", every="1 h").samples.path("temp")[0]
    assert fixed[ten].std() == pytest.approx(fixed[day].std(), rel=0.05)
    # The loss walks by 0.3 of its spread of 0.2 a day: in nine days by 0.06 * 3 of itself, and so do the 100 K. It
    # steps seven times in ten days, so that half a step may be missing at either end.
    assert np.sqrt(walks[ten].var() - walks[day].var()) == pytest.approx(100 * 0.06 * 3, rel=0.35)


def test_options_share_the_walk_and_keep_what_they_set(oven):
    """With half the power every member is half as warm at every moment; an option that fixes the loss has no walk."""
    with oven({"loss": 0.3}) as fork:
        powers = fork.run("5 days", {Oven.power: [500.0, 1000.0]}, every="6 h").samples.path("temp")[:, -1] - 290
        fixed = fork.run("5 days", {Oven.loss: [20.0]}, every="6 h").samples.path("temp")[0, -1] - 290
    assert powers[1] == pytest.approx(2 * powers[0], rel=1e-3)
    assert fixed == pytest.approx(np.full(200, 50.0), rel=1e-3)
