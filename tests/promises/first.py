"""How long a fresh process takes to its first result: `import pollux`, a class, a hundred members of it run ahead.

Warm: kernels lie in the cache and bytecode beside the sources, as after the first time on a machine. `first` is counted
from where the import is done, `first-import` is the import. Both caches are folders of their own, so that nothing of
the user's is touched and each measurement begins from the same state.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.promises.measurement import Measurement, table

RUNS: Final = 5
CHILD: Final = Path(__file__).with_name("first_child.py")
SOURCES: Final = CHILD.parent.parent.parent / "src"


def measure() -> list[Measurement]:
    """Medians over some processes, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        for argument in ("warm", ""):  # the second writes the bytecode of what a run needs
            _child(Path(folder), argument)
        told = [json.loads(_child(Path(folder), "")) for _ in range(RUNS)]
    assert all(one["numba"] for one in told), "a warm run takes the compiled kernel"
    middle = {name: statistics.median(one[name] for one in told) for name in ("import", "result")}
    busy = min(one["processor"] for one in told)
    whole = f"whole process {middle['import'] + middle['result']:.2f} s, its processor time {busy:.2f} s"
    conditions = {"ours": f"fresh process, warm kernels and bytecode, 100 members, 1 core; {whole}"}
    return [
        Measurement("first", middle["result"], "s after import", "<= 1", conditions=conditions),
        Measurement("first-import", middle["import"], "s", "<= 0.5", conditions=conditions),
    ]


def _child(folder: Path, argument: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {
        "PYTHONPATH": str(SOURCES),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "POLLUX_CACHE": str(folder / "kernels"),
    }
    command = [sys.executable, str(CHILD), *filter(None, [argument])]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    print(table(measure()))
