"""Rows about modelling the thing: equations, geometry, FMUs, discrete events."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.mission.promises import shows

import pollux as px


class Reactor(px.Twin):
    """Robertson's reactions, whose sum is an algebraic equation: stiff, and of index 1."""

    a, b, c = px.hidden("1", start=1), px.hidden("1", start=0), px.hidden("1", start=0.2)
    slow, fast = px.parameter("1/s", px.lognormal(0.04, 0.05)), px.parameter("1/s", 3e7)
    middle = px.parameter("1/s", 1e4)

    @px.rate(a, b)
    def react(self):
        first, second, third = self.slow * self.a, self.fast * self.b**2, self.middle * self.b * self.c
        return third - first, first - second - third

    @px.algebraic(c)
    def nothing_is_lost(self):
        return self.a + self.b + self.c - 1


@shows("D3", state="works", command="docs/how-to/choose-a-solver.md")
def test_differential_algebraic_equations_run_for_many() -> None:
    """An ensemble of a stiff type with an algebraic variable reaches the published value for its middle member."""
    futures = px.prototype(Reactor, members=50, seed=2).run("40 s", {Reactor.slow: [0.04]})
    assert futures.solved.startswith("rodas4")
    assert futures.failures == 0
    assert futures.band(Reactor.a).median[0, -1] == pytest.approx(0.7158270688, rel=1e-4)


@shows("D2", state="partly", command="docs/how-to/geometry.md", missing="the page's own view")
def test_a_body_bends_live() -> None:
    """A cantilever, reduced, bends in a twin as F L^3 / 3EI says, and its error is stated."""
    pytest.importorskip("skfem", reason="scikit-fem is not installed: make install EXTRAS=geometry")
    geometry = px.geometry
    body = geometry.Structure(
        solid=geometry.box((1, 0.03, 0.02), cells=(10, 1, 1)),
        material=geometry.Material(density=7850, youngs_modulus="210 GPa"),
        supports={"-x": "xyz"},
        loads={"force": geometry.Force("+x", "-z")},
        outputs={"tip": geometry.Displacement("+x", "-z"), "stress": geometry.PeakStress()},
        damping=geometry.Rayleigh.ratio(0.5, between=(15, 100)),
    )
    small = geometry.reduce(body, geometry.Modal(2))
    made = small.part("Arm", inputs={"force": px.actuator("N", low=0, high=500, safe=0)})

    class Crane(px.Twin):
        arm = made()

    bent = px.prototype(Crane).run("1 s", {Crane.arm.force: [100.0]}).band(Crane.arm.tip).median[0, -1]
    assert bent == pytest.approx(100 / (3 * 210e9 * 0.03 * 0.02**3 / 12), rel=5e-3)
    assert small.error.response["tip"]["force"] < 0.01
    assert len(small.surface({"force": 100.0}).triangles) > 100


class Oven(px.Twin):
    """What is exported and comes back."""

    power = px.actuator("kW", low=0, high=5, safe=0)
    temp = px.sensor("degC", start=20)
    room, loss, heat = px.parameter("degC", 20), px.parameter("1/h", 2), px.parameter("kJ/K", 40)

    @px.rate(temp)
    def warms(self):
        return self.power / self.heat - self.loss * (self.temp - self.room)


@shows(
    "D4", state="partly", command="docs/how-to/fmu.md, docs/how-to/export-fmu.md", missing="FMUs of commercial tools"
)
def test_a_twin_leaves_as_an_fmu_and_runs_elsewhere(tmp_path: Path, tool: Callable[[str], str]) -> None:
    """A type exported for both versions is valid, and the reference runner gives our own trajectory."""
    fmpy = pytest.importorskip("fmpy", reason="fmpy is not installed: make install EXTRAS=fmi")
    validation = pytest.importorskip("fmpy.validation")
    tool("gcc")
    ours = px.prototype(Oven).run("1 h", {Oven.power: [2.0]}, solver=px.Solver("rk4")).band(Oven.temp).median[0, -1]
    for version in (2, 3):
        path = tmp_path / f"oven{version}.fmu"
        px.export_fmu(Oven, path, version=version, kind="co-simulation", start={Oven.power: 2.0})
        assert validation.validate_fmu(str(path)) == []
        told = fmpy.simulate_fmu(str(path), stop_time=3600.0, output=["temp"], output_interval=60.0)
        assert told["temp"][-1] == pytest.approx(ours, rel=1e-6)


@shows("D5", state="works", command="docs/concepts/discrete-events.md")
def test_a_queue_is_simulated() -> None:
    """A queue with one server waits as long as theory says."""
    de = px.discrete
    served = de.Machine("m", de.exponential(8))
    line = de.Line("q", [de.Source("in", de.exponential(10)), de.Buffer("b"), served, de.Sink("out")])
    assert 40.0 in de.simulate(line, "10 h", warm_up="1 h", members=50, level=0.99).wait("out")
