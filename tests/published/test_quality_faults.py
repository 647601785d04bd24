"""The study of sensor faults: a short run with synthetic boxes always, with the published experiments on request."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parent.parent.parent / "examples" / "quality" / "faults.py"


@pytest.fixture(scope="module")
def faults() -> ModuleType:
    """The script of the study."""
    spec = importlib.util.spec_from_file_location("quality_faults", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def counts(table: str) -> dict[str, list[int]]:
    """Injected, detected and named of each fault; the false alarms."""
    lines = (line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| "))
    found = {name: [int(one) for one in rest[:3]] for name, *rest in lines if name not in ("fault", "---")}
    false = re.search(r"False alarms: (\d+)", table)
    assert false is not None
    return found | {"false": [int(false[1])]}


def test_faults_in_synthetic_boxes_are_seen_and_called_by_their_names(faults: ModuleType) -> None:
    """Five kinds in boxes of seeds that no threshold was chosen on: all detected and named, nothing else doubted."""
    rng = np.random.default_rng(77)
    found = counts(faults.study([faults.synthetic(rng) for _ in range(3)], rng, repeats=1))
    assert found == {**{fault: [3, 3, 3] for fault in faults.FAULTS}, "false": [0]}


def test_the_study_can_fail(faults: ModuleType) -> None:
    """Without a fault nothing is detected; a limit that no bias reaches lets the bias pass."""
    rng = np.random.default_rng(78)
    box = faults.synthetic(rng, 400)
    runs = [faults.Run(box), faults.faulty(box, "bias", rng)]
    seen = faults.watch(runs, rng, "50 K")
    assert seen.flags == [[], []]
    assert faults.detected(runs[1], seen.flags[1]) is None


@pytest.mark.soak
def test_faults_in_the_published_experiments(faults: ModuleType, data: Callable[[str], Path]) -> None:
    """With the agreement that the earlier experiments show: no false alarm, spikes, clocks and units all named."""
    folder, rng = data("incubator").parent, np.random.default_rng(2)
    found = counts(faults.study([*faults.published(folder, rng, faults.LATER)], rng, 10, "2.5 K"))
    assert found["false"] == [0]
    for fault in ("spike", "clock", "unit"):
        assert found[fault] == [40, 40, 40]
    assert found["stuck"][1] >= 36
    assert found["bias"][1] >= 20
