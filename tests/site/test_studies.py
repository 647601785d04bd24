"""A what-if as a function of what is uncertain: of a design and of a live twin, all points in one run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.site import plants

import pollux as px
from pollux.simulate import Run, run
from pollux.site import studies


class Tank(px.Twin):
    """Water that runs out of a tank in proportion to its level, while a pump fills it."""

    level = px.hidden("m", start=2)
    temp = px.hidden("degC", start=20)
    outlet = px.parameter("1/h", px.lognormal(0.5, 0.2))
    leak = px.parameter("1/h", px.uniform(0.0, 0.1))
    paint = px.parameter("1", px.normal(3, 1))
    fill = px.actuator("m/h", low=0, high=2, safe=0)
    gauge = px.sensor("m", noise=0.01)

    @px.rate(level)
    def drains(self):
        return self.fill - (self.outlet + self.leak) * self.level

    @px.reading(gauge)
    def shown(self):
        return self.level

    @px.derived
    def loss(self):
        return self.leak * self.level

    @px.event
    def low(self):
        return self.level < px.quantity(1, "m")


SPAN = "1 h"
ALL: dict[str, Any] = {
    "level": Tank.level,
    "lost": px.accrue(Tank.loss),
    "runs low": Tank.low,
    "stays high": px.chance(px.always(Tank.level > 1.2)),
}


def _counted(monkeypatch):
    plans: list[Run] = []

    def counted(plan, **more):
        plans.append(plan)
        return run(plan, **more)

    monkeypatch.setattr(studies, "run", counted)
    return plans


def test_outputs_of_every_kind_come_out_of_one_run(monkeypatch):
    """Ends, integrals, events and conditions are those of the closed form, from a single run of all points."""
    runs = _counted(monkeypatch)
    study = px.prototype(Tank).study(SPAN, ALL)
    assert study.names == ("outlet", "leak", "paint")
    assert [one.unit for one in study.outputs] == ["m", "m", "1", "1"]
    points = study.design(64)
    values = study.evaluate(points)
    assert len(runs) == 1
    assert runs[0].start.shape[1] == 64
    k = points[:, 0] + points[:, 1]
    level = 2.0 * np.exp(-k)
    assert values[:, 0] == pytest.approx(level, rel=1e-4)
    assert values[:, 1] == pytest.approx(points[:, 1] * (2.0 - level) / k, rel=1e-4)
    assert np.array_equal(values[:, 2], level < 1.0)
    assert np.array_equal(values[:, 3], level > 1.2)


def test_it_is_told_which_parameter_matters():
    """The outlet explains nearly all, the leak a little, the paint nothing: Sobol, Morris, tornado and slopes agree."""
    study = px.prototype(Tank).study(SPAN, {"level after 1 h": Tank.level})
    indices = px.sobol_indices(study, base=256)
    assert indices.words() == (
        "of the spread of level after 1 h (0.119 m) outlet explains 93 % and leak explains 7 %; "
        "paint explains nothing of it"
    )
    assert indices.total[0, 2] == 0.0
    assert px.tornado(study).order() == ("outlet", "leak", "paint")
    assert px.morris(study).words().startswith("outlet moves level after 1 h most, by ")
    slopes = px.local_sensitivity(study)
    assert slopes.derivative[0, :2] == pytest.approx(-2.0 * np.exp(-0.55), rel=1e-4)


def test_what_is_varied_may_be_named_and_believed_otherwise():
    """An actuator and a temperature in degC with beliefs of their own; the design's given value stands still."""
    design = px.prototype(Tank, given={Tank.outlet: 0.4})
    assert design.study(SPAN, {"level": Tank.level}).names == ("leak", "paint")
    study = design.study(SPAN, {"temp": Tank.temp}, {Tank.temp: px.normal(20, 1), Tank.fill: px.uniform(0.5, 1.5)})
    assert study.middle == pytest.approx([293.15, 1.0])
    fed = design.study(SPAN, {"level": Tank.level}, [Tank.leak], choice={Tank.fill: 1.0})
    rate = 0.4 + fed.middle[0]
    expected = 2.0 * np.exp(-rate) + (1.0 - np.exp(-rate)) / rate
    assert fed.evaluate(fed.middle[None])[0, 0] == pytest.approx(expected, rel=1e-5)


def test_a_live_twin_is_studied_by_what_was_told_of_it(tmp_path: Path):
    """A measured state varies around its value by the sensor's noise, what nobody told by its prior."""
    plant, motors, _ = plants.site()
    with plant.open(tmp_path, insecure=True) as live, plants.device(live, "Motor/M-1") as motor:
        motor.send(temp=310.0, speed=1200.0)
        plants.until(lambda: float(motors["M-1"].now.temp) == 310.0)
        study = motors["M-1"].fork().study("10 min", {"temp": plants.Motor.temp, "burns": plants.Motor.burns})
        priors = {one.name: one.prior for one in study.inputs}
        assert set(priors) == {"temp", "heating"}
        assert priors["temp"] == px.normal(310.0, 0.5)
        assert float(priors["heating"].quantile(0.5)) == pytest.approx(1e-4)
        found = px.sobol_indices(study, base=64)
        assert found.total[0, 1] > 0.95
        assert float(motors["M-1"].now.temp) == 310.0


def test_a_belief_gives_the_middle_and_the_spread():
    """Of an ensemble: parameters in the free numbers of their prior, a state without a prior around its mean."""
    fork = px.prototype(Tank, members=400, seed=5)
    assert fork._believed is not None
    believed = fork._believed.copy()
    layout = fork._slice.layout
    rng = np.random.Generator(np.random.Philox(key=1))
    believed[layout.slot["level"]] = 1.5 + 0.1 * rng.standard_normal(400)
    believed[layout.slot["leak"]] = 0.05
    told = studies.believing(fork._slice, believed, None)
    assert set(told.uncertain) == {"level", "outlet", "paint"}
    assert told.uncertain["level"].mean == pytest.approx(1.5, abs=0.02)
    assert told.uncertain["level"].sigma == pytest.approx(0.1, rel=0.1)
    assert told.uncertain["outlet"].quantile(0.5) == pytest.approx(0.5, rel=0.03)
    assert told.column[layout.slot["leak"], 0] == 0.05


def test_what_cannot_be_studied_is_refused():
    """What is known, what follows from equations, an actuator without a belief, no span."""
    design = px.prototype(Tank, given={Tank.outlet: 0.4})
    with pytest.raises(px.ModelError, match="expected something uncertain"):
        design.study(SPAN, {"level": Tank.level}, [Tank.outlet])
    with pytest.raises(px.ModelError, match="expected a parameter or a state"):
        design.study(SPAN, {"level": Tank.level}, [Tank.gauge])
    with pytest.raises(px.ModelError, match="expected a parameter or a state"):
        design.study(SPAN, {"level": Tank.level}, [Tank.fill])
    with pytest.raises(px.SimulationError, match="expected a span above zero"):
        design.study("0 s", {"level": Tank.level})
    with pytest.raises(px.SimulationError, match="expected inputs and outputs"):
        design.study(SPAN, {})


class Drift(px.Twin):
    """A level that wanders about."""

    level = px.hidden("m", start=1)
    pull = px.parameter("1/h", px.lognormal(0.5, 0.2))
    paint = px.parameter("1", px.normal(3, 1))
    gusts = px.noise()
    width = px.parameter("m/h**0.5", 0.1)
    setting = px.actuator("m", low=0, high=9, safe=0)

    @px.rate(level)
    def returns(self):
        return self.pull * (self.setting - self.level) + self.width * self.gusts


def test_every_option_and_every_point_meets_the_same_noise():
    """Two options that are the same give the same noisy paths; a parameter without effect has none."""
    fork = px.prototype(Drift, members=8, seed=2)
    path = fork.run("2 h", {Drift.setting: [1.0, 1.0]}).samples.path("level")
    assert np.array_equal(path[0], path[1])
    assert np.unique(path[0, -1]).size == 8
    found = px.sobol_indices(fork.study("2 h", {"level": Drift.level}), base=32)
    assert found.total[0, found.names.index("paint")] == 0.0
