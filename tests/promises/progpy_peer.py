"""ProgPy's step: its thrown object of two states, falling freely, by its own `simulate_to` with its own method, Euler.

ProgPy is under a licence of NASA's and asks for much, so it may live in an environment of its own, named by PROGPY:
`python -m venv progpy; progpy/bin/pip install --no-deps progpy; progpy/bin/pip install numpy scipy pandas matplotlib
requests filterpy`, then `PROGPY=progpy/bin/python pollux bench step`. That interpreter runs this file.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

STEPS = 7_000
STEP = 1e-3
HOW = "simulate_to, Euler (the model's own step), steps of 1 ms, nothing saved on the way, 1 core, warm"


def theirs() -> tuple[str, float | None, float | None]:
    """Its name and version, microseconds of wall and of processor time per step; None where it is not installed."""
    if find_spec("progpy") is not None:
        name, wall, processor = _measured()
        return name, wall, processor
    python = os.environ.get("PROGPY")
    if python is None:
        return "progpy (pip install progpy, or PROGPY: see tests/promises/progpy_peer.py)", None, None
    told = subprocess.run([python, __file__], capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    name, wall, processor = json.loads(told.stdout.splitlines()[-1])
    return name, wall, processor


def _measured() -> tuple[str, float, float]:
    from progpy.models import ThrownObject  # type: ignore[import-not-found,unused-ignore]

    thrown = ThrownObject(process_noise=0, measurement_noise=0)
    walls, processors = [], []
    for _ in range(6):
        began, busy = time.perf_counter(), time.process_time()
        thrown.simulate_to(STEPS * STEP, dt=STEP, save_freq=1e9)
        walls.append(1e6 * (time.perf_counter() - began) / STEPS)
        processors.append(1e6 * (time.process_time() - busy) / STEPS)
    return f"progpy {version('progpy')}", statistics.median(walls[1:]), min(processors[1:])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured()) + "\n")
