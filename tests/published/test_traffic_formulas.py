"""Roads, signals and walkers against published figures: the checks C1, C4 and C5."""

import numpy as np
import pytest
from tests.published.models_traffic import Road, Signal, Walkers
from tests.published.reckon import BACKENDS, digits, only, reckoned, simulated


@pytest.mark.parametrize("backend", BACKENDS)
def test_c1_a_triangular_diagram(backend) -> None:
    """C1: the flow is greatest at .0300 /m, where it is .75 /s = 2700 veh/h; no other density lets more through."""
    densities = np.linspace(0, 0.15, 301)
    found = reckoned(Road, [{"density": one} for one in densities], backend=backend)
    assert digits(found["critical"][0], 4) == 0.03
    assert digits(found["capacity"][0], 2) == 0.75
    assert simulated(Road, [{}], 1, dt=1, backend=backend, record=("per_hour",))["per_hour"][-1] == pytest.approx(2700)
    assert densities[np.argmax(found["flow"])] == pytest.approx(0.03)
    assert found["flow"].max() == pytest.approx(0.75, rel=1e-12)
    assert found["flow"][[0, -1]] == pytest.approx([0, 0], abs=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_c4_a_signal_after_webster(backend) -> None:
    """C4: the best cycle takes 66.67 s, and a car waits 15.76 + 8.89 - 3.20 = 21.45 s."""
    found = only(reckoned(Signal, backend=backend), ("best_length", "uniform", "random", "correction", "delay"))
    assert {name: digits(value, 2) for name, value in found.items()} == {
        "best_length": 66.67,
        "uniform": 15.76,
        "random": 8.89,
        "correction": 3.20,
        "delay": 21.45,
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_c5_walkers_after_weidmann(backend) -> None:
    """C5: somebody alone walks at 1.34 m/s, nobody moves at 5.4 /m2, within 1e-9; in between the denser the slower."""
    speed = reckoned(Walkers, [{"crowd": one} for one in (1e-3, 0.5, 1, 2, 4, 5.4)], backend=backend)["speed"]
    assert speed[0] == pytest.approx(1.34, abs=1e-9)
    assert speed[-1] == pytest.approx(0, abs=1e-9)
    assert (np.diff(speed) < 0).all()
