"""The circulation of Santamore and Burkhoff as an integration test: the published table, to its one decimal."""

import numpy as np
import pytest
from tests.simulate.models import SECOND, Circulation

from pollux.columns import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Run, run

SCHEMA = schema_of(Circulation)
LAYOUT = layout_of(SCHEMA)
MILLISECOND = SECOND // 1000

# name: (systolic, diastolic, mean, output l/min, end-diastolic, end-systolic volume, left atrium, central venous)
TABLE = {
    "normal": (109.2, 68.0, 87.0, 6.22, 152.2, 74.4, 6.9, 4.7),
    "lean": (110.9, 68.6, 88.2, 6.36, 137.9, 58.4, 4.5, 4.0),
    "failing, stable": (117.9, 60.5, 87.1, 4.67, 211.8, 149.5, 16.1, 8.0),
    "failing, decompensated": (106.1, 63.4, 83.3, 3.96, 255.7, 206.2, 25.0, 14.0),
}
TOLERANCE = np.array([0.5, 0.5, 0.5, 0.03, 1.0, 1.0, 0.5, 0.5])
READINGS = ("systolic", "diastolic", "arterial", "output", "full", "emptied", "wedge", "venous")

CASES = {
    "normal": {},
    "lean": {"veins.volume": 2701 - 150, "lv.stiffness": 2.0},
    "failing, stable": {
        "lv.stiffness": 0.8306,
        "lv.curve": 0.0198,
        "rv.stiffness": 0.3109,
        "rv.curve": 0.0201,
        "svr": 0.9727,
        "pvr": 0.0806,
        "arteries.compliance": 0.8222,
        "veins.volume": 2701 + 615.5,
        "rhythm": 75 / 60,
    },
    "failing, decompensated": {
        "lv.stiffness": 0.5424,
        "lv.curve": 0.0174,
        "rv.stiffness": 0.3197,
        "rv.curve": 0.0206,
        "svr": 1.0043,
        "pvr": 0.1163,
        "arteries.compliance": 0.9008,
        "veins.volume": 2701 + 1403.3,
        "rhythm": 80 / 60,
    },
}


def _start():
    start = LAYOUT.start(len(CASES))
    for member, case in enumerate(CASES.values()):
        for name, value in case.items():
            unit = 60 if name == "rhythm" and SCHEMA.signal("rhythm").unit.factor < 1 else 1
            start[LAYOUT.place(name), member] = value * unit
    return start


@pytest.fixture(scope="module")
def settled():
    """Four patients after a minute, and their readings every second."""
    request = Run(SCHEMA, _start(), 0, 60 * SECOND, step=MILLISECOND, grid=SECOND, record=READINGS, backend="numba")
    return run(request)


@pytest.mark.parametrize("case", TABLE)
def test_the_published_table_is_met(settled, case):
    """Pressures within 0.5 mmHg, volumes within 1 ml, output within 0.03 l/min of the published numbers."""
    member = list(CASES).index(case)
    found = np.array([settled[name][-1, member] for name in READINGS])
    found[READINGS.index("output")] *= 60 / 1000
    assert np.all(np.abs(found - TABLE[case]) <= TOLERANCE)


def test_blood_is_conserved(settled):
    """The sum of the ten volumes does not move by a millionth of a millilitre."""
    volumes = [LAYOUT.place(name) for name in SCHEMA.states if name.endswith("volume")]
    assert len(volumes) == 10
    before, after = _start()[volumes].sum(axis=0), settled.final[volumes].sum(axis=0)
    assert np.abs(after - before).max() < 1e-6


def test_the_step_does_not_show(settled):
    """Half a millisecond gives the same readings, to four digits."""
    finer = run(Run(SCHEMA, _start(), 0, 60 * SECOND, step=MILLISECOND // 2, record=READINGS, backend="numba"))
    assert np.allclose(finer.values[:, -1], settled.values[:, -1], rtol=5e-4)
