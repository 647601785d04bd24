"""A type of ours that leaves as an FMU and comes back runs as it does at home."""

from typing import Any

import numpy as np
import pytest

import pollux as px
from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import KernelPhysics
from pollux.simulate.fmi import FmuPhysics, Running, open_fmu
from pollux.simulate.fmi.archive import digest_of
from pollux.testing.physics import check_physics

pytest.importorskip("fmpy")

SECOND = 10**9


class Boiler(px.Twin):
    """Water that is heated and boils over."""

    temp = px.sensor("degC", start=20)
    power = px.actuator("kW", low=0, high=5, safe=0, start=2)
    mass = px.parameter("kg", 1.5)
    loss = px.parameter("1/s", 0.002)
    heat = px.parameter("J/kg/K", 4186)

    @px.rate(temp)
    def warms(self):
        return self.power / (self.mass * self.heat) - self.loss * (self.temp - px.quantity(20, "degC"))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("way", ["co-simulation", "model exchange"])
def test_it_runs_as_at_home(tool, tmp_path, version, way):
    """The same temperatures, to the last bits of what both integrate, in both versions and both ways."""
    tool("gcc")
    px.export_fmu(Boiler, tmp_path / "boiler.fmu", version=version, step="100 ms")
    fmu = open_fmu(tmp_path / "boiler.fmu", sha256=digest_of(tmp_path / "boiler.fmu"))
    schema = schema_of(Boiler)
    home = KernelPhysics(schema, layout_of(schema).start(1), longest_step=SECOND // 10, backend="numpy")
    with FmuPhysics(fmu, running=Running(way=way, isolated=False, step=0.1, tolerance=1e-10)) as away:
        for power in (2.0, 2.5, 4.0):
            for each in (home, away):
                each.set({"power": power})
                each.step(60 * SECOND)
            assert away.get("temp") == pytest.approx(home.get("temp"), rel=1e-9)
        assert not away.warnings


def test_it_passes_the_exam(tool, tmp_path):
    """Abroad it is still physics: saved, loaded and taken over with its whole future."""
    tool("gcc")
    px.export_fmu(Boiler, tmp_path / "boiler.fmu", step="100 ms")
    fmu = open_fmu(tmp_path / "boiler.fmu", sha256=digest_of(tmp_path / "boiler.fmu"))
    made = []

    def make():
        made.append(FmuPhysics(fmu, members=2, running=Running(way="co-simulation", isolated=False)))
        return made[-1]

    assert len(check_physics(make, span=SECOND, poison="power")) == 9
    for one in made:
        one.close()


def test_a_type_can_be_made_of_it(tool, tmp_path):
    """A type made from the FMU has the what-ifs of the type that it was made of, within what steps of either cost."""
    tool("gcc")
    px.export_fmu(Boiler, tmp_path / "boiler.fmu", step="100 ms")
    kind: Any = type("Again", (px.Fmu(tmp_path / "boiler.fmu", sha256=digest_of(tmp_path / "boiler.fmu")),), {})
    there = px.prototype(kind).run("5 min", {kind.power: [1, 3]}, every="1 min")
    here = px.prototype(Boiler).run("5 min", {Boiler.power: [1, 3]}, every="1 min")
    assert np.allclose(there.band(kind.temp).median, here.band(Boiler.temp).median, rtol=1e-6)
