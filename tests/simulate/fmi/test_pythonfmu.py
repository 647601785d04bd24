"""An FMU that another tool made: PythonFMU3, whose code is Python."""

import zipfile

import numpy as np
import pytest

pytest.importorskip("fmpy")
pytest.importorskip("pythonfmu3")

from pollux.simulate.fmi import FmuPhysics, Running, open_fmu
from pollux.simulate.fmi.archive import digest_of

SECOND = 10**9
SCRIPT = '''
from pythonfmu3 import Fmi3Causality as C, Fmi3Slave, Fmi3Variability as V, Float64


class Tank(Fmi3Slave):
    """A tank that drains."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.time = 0.0
        self.level = 2.0
        self.inflow = 0.0
        self.register_variable(Float64("time", causality=C.independent, variability=V.continuous))
        self.register_variable(Float64("level", causality=C.output))
        self.register_variable(Float64("inflow", causality=C.input, variability=V.continuous))

    def do_step(self, current_time, step_size):
        self.level += step_size * (self.inflow - 0.5 * self.level)
        return True
'''


@pytest.fixture(scope="module")
def tank(tmp_path_factory):
    """The FMU of a tank."""
    from pythonfmu3 import FmuBuilder

    folder = tmp_path_factory.mktemp("pythonfmu")
    (folder / "tank.py").write_text(SCRIPT)
    FmuBuilder.build_FMU(str(folder / "tank.py"), dest=str(folder))
    return next(folder.glob("*.fmu"))


def test_it_runs_in_a_process_of_its_own(tank):
    """Its interpreter lives in the process of the FMU, and gives the numbers of its equations."""
    assert any("linux" in name for name in zipfile.ZipFile(tank).namelist())
    fmu = open_fmu(tank, sha256=digest_of(tank))
    assert fmu.description.version == 3
    with FmuPhysics(fmu, members=3, running=Running(step=0.1)) as one:
        one.set({"inflow": [0.0, 1.0, 2.0]})
        one.step(SECOND)
        drained = 0.95**10
        rest = np.array([0.0, 2.0, 4.0])
        assert one.get("level") == pytest.approx(rest + (2.0 - rest) * drained)
        saved, then = one.save(), one.get("level")
        one.step(SECOND)
        one.load(saved)
        assert np.array_equal(one.get("level"), then)
