"""Models U (Ursino 1998 as Bonnemain has it), S (reduced Smith 2004) and C (CVSim-6) against their tables."""

import pytest
from tests.published.heart_cases import cvsim, smith, ursino

U = {
    "U1": (70.9, 131.2, 87.8, 100.3, 5.40, 132.5, 56.4, 57.4, 8.0, 27.4, 13.0, 18.7, 5.0, 2.954, 3.312),
    "U2": (72, 132.2, 88.7, 101.1, 5.45, 132.6, 57.0, 57.0, 8.1, 27.5, 13.2, 18.7, 5.0, 2.950, 3.307),
    "U3": (77.7, 111.5, 79.5, 89.0, 4.43, 179.5, 122.4, 31.8, 13.9, 29.8, 18.2, 22.6, 3.9, 1.095, 3.514),
    "U4": (72, 89.0, 60.7, 69.0, 3.71, 183.5, 131.9, 28.1, 14.7, 28.9, 18.1, 22.0, 3.5, 0.800, 3.307),
    "U5": (74.7, 117.8, 83.0, 93.4, 4.79, 196.3, 132.2, 32.7, 17.6, 34.8, 22.2, 27.1, 4.6, 1.070, 3.427),
    "U6": (85.5, 93.7, 69.5, 76.6, 3.51, 238.1, 197.0, 17.3, 19.1, 31.8, 22.7, 26.0, 3.1, 0.559, 3.737),
    "U7": (87.1, 90.4, 67.4, 74.0, 3.31, 223.8, 185.7, 17.0, 16.1, 52.3, 37.0, 41.8, 3.7, 0.572, 3.781),
    "U8": (75.8, 87.5, 87.5, 87.5, 4.50, 198.9, 171.3, None, 12.2, 28.5, 16.6, 21.0, 4.0, 0.471, 3.430),
    "U9": (77.1, 116.2, 80.5, 90.6, 4.55, 109.3, 50.2, 54.0, 5.4, 22.0, 9.9, 14.4, 3.7, 3.081, 3.497),
    "U10": (72, 103.0, 68.1, 77.7, 4.20, 105.3, 47.0, 55.4, 5.0, 20.9, 8.9, 13.3, 3.5, 2.950, 3.307),
}
COLUMNS = {
    "rate": 0.3,
    "systolic": 0.5,
    "diastolic": 0.5,
    "mean_pressure": 0.5,
    "output": 0.03,
    "full": 1.0,
    "emptied": 1.0,
    "ejection": 0.5,
    "filling": 0.5,
    "lung_systolic": 0.5,
    "lung_diastolic": 0.5,
    "lung_mean": 0.5,
    "venous": 0.5,
    "left_strength": 0.01,
    "splanchnic": 0.01,
}


@pytest.fixture(scope="module")
def seen():
    table = ursino(1e-3)
    return {key: {**row, "ejection": 100 * (1 - row["emptied"] / row["full"])} for key, row in table.items()}


@pytest.mark.parametrize("case", U)
def test_h5_ursino(seen, case):
    """H5: each of the ten cases of model U reads as its table: 0.3 /min, 0.5 mmHg, 1 ml, 0.03 l/min, 0.5 points."""
    for (name, tolerance), expected in zip(COLUMNS.items(), U[case], strict=True):
        if expected is not None:
            assert seen[case][name] == pytest.approx(expected, abs=tolerance), name


def test_h6_effectors_settle_at_their_basal_values(seen):
    """H6: the closed loop of the healthy settles within 2 % of Ursino's basal Emax 2.95, Rsp 3.307 and T 0.833 s."""
    assert seen["U1"]["left_strength"] == pytest.approx(2.95, rel=0.02)
    assert seen["U1"]["splanchnic"] == pytest.approx(3.307, rel=0.02)
    assert 60 / seen["U1"]["rate"] == pytest.approx(0.833, rel=0.02)


def test_h7_the_reflex_defends_the_pressure(seen):
    """H7: after losing 530 ml the pressure falls less with the reflex than without it, and the heart beats faster."""
    with_it = seen["U1"]["mean_pressure"] - seen["U9"]["mean_pressure"]
    without = seen["U2"]["mean_pressure"] - seen["U10"]["mean_pressure"]
    assert with_it < 0.5 * without
    assert seen["U9"]["rate"] - seen["U1"]["rate"] == pytest.approx(77.1 - 70.9, abs=0.3)


def test_h8_half_the_step_changes_no_digit(seen):
    """H8: with half the step no number of the table changes by half of its last printed digit."""
    fine = ursino(5e-4)
    for case in U:
        for name in COLUMNS:
            if name != "ejection":
                digit = 0.01 if name == "output" else 0.001 if name in ("left_strength", "splanchnic") else 0.1
                assert fine[case][name] == pytest.approx(seen[case][name], abs=digit / 2), (case, name)


def test_ursino_keeps_its_blood(seen):
    """The total volume of model U is what it was told, whatever the veins hold."""
    assert seen["U1"]["total"] == pytest.approx(5300, abs=1e-4)
    assert seen["U9"]["total"] == pytest.approx(4770, abs=1e-4)


SMITH = {"systolic": 120.4, "diastolic": 79.7, "lung_systolic": 19.7, "lung_diastolic": 8.8}


def test_h9_smith():
    """H9: the normal set of model S reads as the reference obtained."""
    seen = smith()
    for name, expected in SMITH.items():
        assert seen[name] == pytest.approx(expected, abs=0.5), name
    assert seen["full"] == pytest.approx(83.9, abs=1)
    assert seen["full"] - seen["emptied"] == pytest.approx(56.1, abs=1)
    assert 100 * (1 - seen["emptied"] / seen["full"]) == pytest.approx(66.9, abs=0.5)
    assert seen["output"] == pytest.approx(4.49, abs=0.03)


def test_h10_smith_against_its_published_header():
    """H10: model S meets its published header within 3 %: 120/80, PA 20/9, EDV 85, SV 57, EF 67, CO 4.6."""
    seen = smith()
    stroke = seen["full"] - seen["emptied"]
    obtained = [seen[n] for n in ("systolic", "diastolic", "lung_systolic", "lung_diastolic", "full")]
    assert obtained == pytest.approx([120, 80, 20, 9, 85], rel=0.03)
    assert [stroke, 100 * stroke / seen["full"], seen["output"]] == pytest.approx([57, 67, 4.6], rel=0.03)


CVSIM = {
    "5150": (121.8, 88.6, 106.1, 5.93, 149.7, 65.0, 11.0, 26.9, 11.2, 18.0, 7.2),
    "5000": (110.9, 80.6, 96.5, 5.42, 138.1, 60.7, 9.7, 24.2, 9.9, 16.1, 6.2),
}


@pytest.mark.parametrize("blood", CVSIM)
def test_h11_cvsim(blood):
    """H11: model C with 5150 and 5000 ml reads as its table."""
    names = (
        "systolic",
        "diastolic",
        "mean_pressure",
        "output",
        "full",
        "emptied",
        "filling",
        "lung_systolic",
        "lung_diastolic",
        "lung_mean",
        "venous",
    )
    tolerances = (0.5, 0.5, 0.5, 0.03, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5)
    for name, tolerance, expected in zip(names, tolerances, CVSIM[blood], strict=True):
        assert cvsim()[blood][name] == pytest.approx(expected, abs=tolerance), name
