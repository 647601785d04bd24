"""What a step of an FMU costs beside the FMU itself: a step and what is read after it, in the same run as FMPy.

The FMU is van der Pol's oscillator with one explicit step per communication step, compiled here: its own step is a few
nanoseconds of arithmetic, so nearly all that is measured is the way there and back.
"""

import shutil
import statistics
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from pollux.clock import SECOND, stopwatch
from pollux.errors import SetupError
from pollux.simulate.fmi import FmuPhysics, OpenedFmu, Running, open_fmu
from pollux.simulate.fmi.archive import digest_of
from tests.promises.measurement import Measurement
from tests.simulate.fmi.building import fmu
from tests.simulate.fmi.models import OSCILLATOR

STEPS, THEIRS, TIMES = 20_000, 2_000, 51
STEP = 1e-3


def measure() -> list[Measurement]:
    """Medians of fifty-one short runs, warm: longer ones would measure who else is on the machine."""
    if shutil.which("gcc") is None:
        raise SetupError("expected gcc, with which the measured FMU is made")
    path = fmu(OSCILLATOR, 2, states=False, defines=("EULER",))
    opened = open_fmu(path, sha256=digest_of(path))
    peer, theirs = _fmpy(path)
    here, isolated = _ours(opened, isolated=False), _ours(opened, isolated=True)
    goal = "<= 0.05, >= 50 times FMPy"
    how = {"ours": f"explicit steps of {STEP * 1e3:g} ms, two outputs read, 1 core, warm", "peer": "the same FMU"}
    return [
        Measurement("fmu", here, "us/step", goal, peer, theirs, theirs / here, how),
        Measurement("fmu-isolated", isolated, "us/step", goal, peer, theirs, theirs / isolated, how),
    ]


def _ours(opened: OpenedFmu, *, isolated: bool) -> float:
    """Microseconds per step with two outputs read after each."""
    running = Running(way="co-simulation", isolated=isolated, step=STEP)
    span = int(STEP * SECOND)
    with FmuPhysics(opened, running=running) as one:
        one.record(30_000 * span, every=span)
        return _timed(lambda: one.record(STEPS * span, every=span), STEPS)


def _fmpy(path: Path) -> tuple[str, float]:
    """The same calls through FMPy's object: doStep and getReal of two outputs."""
    import fmpy
    from fmpy.fmi2 import FMU2Slave

    folder = fmpy.extract(str(path))
    about = fmpy.read_model_description(folder)
    made: Any = FMU2Slave(guid=about.guid, unzipDirectory=folder, modelIdentifier="model", instanceName="peer")
    made.instantiate()
    made.setupExperiment(startTime=0.0)
    made.enterInitializationMode()
    made.exitInitializationMode()

    def run() -> None:
        for k in range(THEIRS):
            made.doStep(currentCommunicationPoint=k * STEP, communicationStepSize=STEP)
            made.getReal([0, 1])

    with closing(_Freed(made)):
        value = _timed(run, THEIRS)
    shutil.rmtree(folder)
    return f"FMPy {fmpy.__version__}", value


class _Freed:
    """An FMU that is freed when it is closed."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def close(self) -> None:
        """Free it."""
        self._made.terminate()
        self._made.freeInstance()


def _timed(run: Callable[[], object], steps: int) -> float:
    run()
    times = []
    for _ in range(TIMES):
        began = stopwatch()
        run()
        times.append(stopwatch() - began)
    return 1e6 * statistics.median(times) / steps


if __name__ == "__main__":
    print(measure())
