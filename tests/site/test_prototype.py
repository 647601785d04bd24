"""A design is run ahead before there is a thing or a site: drawn from priors, fixed where the design says so."""

import numpy as np
import pytest

import pollux as px
from pollux.errors import SimulationError


class Boiler(px.Twin):
    """Hot water that cools at a rate that differs from boiler to boiler."""

    power = px.actuator("W", low=0, high=3000, start=500)
    temp = px.hidden("degC", start=60)
    insulation = px.parameter("W/K", px.lognormal(10, 0.3))
    mass = px.parameter("J/K", 4000)
    room = px.parameter("degC", 20)
    gauge = px.sensor("degC")

    @px.rate(temp)
    def cools(self):
        return (self.power - self.insulation * (self.temp - self.room)) / self.mass

    @px.reading(gauge)
    def shown(self):
        return self.temp


def test_members_are_drawn_from_the_priors():
    """A hundred boilers without a site end where each one's own insulation takes it; the same seed gives the same."""
    ends = [px.prototype(Boiler, members=100, seed=s).run("1 day").samples.path("temp")[0, -1] for s in (1, 1, 2)]
    assert np.array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])
    assert np.median(ends[0]) == pytest.approx(273.15 + 20 + 500 / 10, rel=0.05)
    assert len(set(np.round(ends[0], 6).tolist())) == 100


def test_what_the_design_fixes_is_the_same_in_every_member():
    """A given insulation leaves nothing to luck; a start in degC is a start in degC."""
    fixed = px.prototype(Boiler, members=3, given={Boiler.insulation: 25.0, Boiler.temp: 45.0})
    path = fixed.run("1 day").samples.path("temp")[0]
    assert path[0].tolist() == pytest.approx([318.15] * 3)
    assert path[-1].tolist() == pytest.approx([273.15 + 20 + 500 / 25] * 3)


def test_designs_are_compared_on_the_same_luck():
    """Two powers on the same hundred boilers: every one of them is hotter with more."""
    futures = px.prototype(Boiler, members=100).run("1 day", {Boiler.power: [500, 1000]})
    weak, strong = futures.samples.path("temp")[:, -1]
    assert np.all(strong > weak)
    assert (strong - 293.15) / (weak - 293.15) == pytest.approx(np.full(100, 2.0), rel=1e-6)


def test_inputs_are_courses_from_its_start_on():
    """Power that comes on after an hour of the prototype's own time."""
    hour = px.duration("1 h")
    start = px.instant("2030-01-01T00:00:00Z")
    course = px.level([start, start + hour], [0.0, 3000.0])
    one = px.prototype(Boiler, start="2030-01-01T00:00:00Z", inputs={"power": course}, given={Boiler.temp: 20.0})
    path = one.run("2 h", every="1 h").samples.path("temp")[0, :, 0]
    assert path[1] == pytest.approx(293.15)
    assert path[2] > 400


def test_what_cannot_be_given_is_refused():
    """A reading follows from its equation."""
    with pytest.raises(SimulationError, match="gauge"):
        px.prototype(Boiler, given={Boiler.gauge: 20.0})


def test_members_fill_what_is_uncertain_evenly_where_that_is_asked_for():
    """With Sobol sampling the mean over 256 members is closer to the truth than by luck, in every option alike."""
    ends = [
        px.prototype(Boiler, members=256, seed=3, sampling=word).run("10 day", {Boiler.power: [300, 500]})
        for word in ("plain", "sobol")
    ]
    # At rest the temperature is room + power / insulation, and the mean of 1/lognormal is exp(s^2 / 2) / median.
    wrong = [one.samples.path("temp")[:, -1].mean(axis=1) - 293.15 for one in ends]
    truth = np.array([30.0, 50.0]) * np.exp(0.045)
    plain, even = (np.abs(one / truth - 1.0) for one in wrong)
    assert np.all(even < 5e-4)
    assert np.all(even < plain / 5)


def test_a_belief_is_not_sampled_in_another_way():
    """What a filter believes has members already: another sampling of them is refused, with the way out."""
    with pytest.raises(SimulationError, match="expected plain sampling, got 'sobol'"):
        px.prototype(Boiler, members=3).run("1 h", sampling="sobol")
