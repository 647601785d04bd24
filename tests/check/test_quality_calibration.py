"""Calibrations: curves by event time, what is expired is uncertain, the raw value is what the log keeps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pollux as px
from pollux.check import Calibration
from pollux.check.calibration import held_as
from pollux.clock import iso
from pollux.columns import Quality, Reason
from pollux.errors import NotFound, SetupError
from tests.check.follow import NOW, Followed, said


def read(followed: Followed, signal: str, value: float, second: float = 0, id: str = "O-1") -> tuple[float, str]:
    batch = followed.hear(said({signal: value}, second, id=id))
    return float(batch.value[0]), Reason(batch.reason[0]).name


def at(second: float) -> str:
    return iso(NOW + round(second * 1e9))


def test_points_are_joined_by_lines_that_go_on_beyond_the_ends():
    """In the declared unit, also where columns hold kelvin."""
    points = [(0.0, 1.0), (50.0, 51.0), (100.0, 111.0)]
    followed = Followed(calibrations=[Calibration("O-1", "temp_a", points)])
    for raw, true in [(0, 1), (25, 26), (50, 51), (75, 81), (90, 99), (-10, -9)]:
        value, why = read(followed, "temp_a", raw)
        assert value - 273.15 == pytest.approx(true)
        assert why == "NONE"


def test_gain_and_offset_and_polynomials():
    """y = 2 x + 1, and y = 1 + x + x^2 / 100."""
    followed = Followed(
        calibrations=[
            Calibration("O-1", "level", gain=2.0, offset=1.0),
            Calibration("O-1", "pressure", polynomial=(1.0, 1.0, 0.01)),
        ]
    )
    assert read(followed, "level", 1.5) == (4.0, "NONE")
    assert read(followed, "pressure", 100.0) == (201.0, "NONE")


def test_another_twin_and_another_signal_stay_as_they_are():
    """A certificate is of one sensor; a twin that its first message makes is known at once."""
    followed = Followed(calibrations=[Calibration("O-2", "level", offset=1.0)])
    assert read(followed, "level", 1.0, id="O-1") == (1.0, "NONE")
    assert read(followed, "level", 1.0, id="O-2") == (2.0, "NONE")
    assert read(followed, "pressure", 100.0, id="O-2") == (100.0, "NONE")


def test_the_calibration_is_that_of_the_event_time():
    """Before the first and after the last one a value is uncertain; between, each certificate has its time."""
    followed = Followed(
        calibrations=[
            Calibration("O-1", "level", offset=1.0, valid_from=at(100), valid_until=at(200)),
            Calibration("O-1", "level", offset=2.0, valid_from=at(150), valid_until=at(300)),
        ]
    )
    found = [read(followed, "level", 1.0, second) for second in (50, 100, 149, 150, 300, 301)]
    assert found == [
        (1.0, "CALIBRATION"), (2.0, "NONE"), (2.0, "NONE"), (3.0, "NONE"), (3.0, "NONE"), (3.0, "CALIBRATION"),
    ]  # fmt: skip
    assert followed.block.quality[followed.block.schema.index["level"], 0] == Quality.UNCERTAIN


def test_the_range_is_that_of_the_true_value():
    """What is possible raw and impossible calibrated is bad."""
    followed = Followed(calibrations=[Calibration("O-1", "level", offset=3.0)])
    assert read(followed, "level", 4.0) == (7.0, "RANGE")
    assert read(followed, "level", -1.0) == (2.0, "NONE")


def test_thousands_of_values_of_many_twins_are_calibrated_at_once_as_one_by_one():
    """The tables give what each curve gives."""
    rng = np.random.default_rng(2)
    curves = [
        Calibration(f"O-{k}", "pressure", [(0.0, rng.uniform(-1, 1)), (100.0, 100 + rng.uniform(-1, 1)), (400, 401)])
        for k in range(20)
    ]
    followed = Followed(calibrations=curves)
    told = [(int(rng.integers(20)), float(rng.uniform(60, 390))) for _ in range(500)]
    batch = followed.hear(*[said({"pressure": value}, n, id=f"O-{k}") for n, (k, value) in enumerate(told)])
    knots = [np.array(curve.points) for curve in curves]
    expected = [np.interp(value, *knots[k].T) for k, value in told]
    assert np.allclose(batch.value, expected, rtol=1e-14)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=6))
def test_a_curve_is_monotone_or_refused(points):
    """Points that rise in raw and are monotone in true make a curve; all others are refused."""
    raw, true = np.array(points).T
    steps = np.diff(true)
    fits = (np.diff(raw) > 0).all() and ((steps > 0).all() or (steps < 0).all())
    if fits:
        assert Calibration("O-1", "level", points).knots == tuple(points)
    else:
        with pytest.raises(SetupError):
            Calibration("O-1", "level", points)


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": [(0.0, 1.0)]},
        {"points": [(0.0, 1.0), (1.0, 2.0)], "gain": 2.0},
        {"gain": 0.0},
        {"gain": float("nan")},
        {"valid_from": at(2), "valid_until": at(1)},
        {"uncertainty": -1.0},
    ],
)
def test_calibrations_that_cannot_be_are_refused(wrong):
    """One point, two kinds of curve, a flat one or none, an end before the beginning, a negative deviation."""
    with pytest.raises(SetupError, match="O-1, level"):
        Calibration("O-1", "level", **wrong)


def test_what_the_type_does_not_have_is_refused():
    """An unknown signal, and two calibrations from one moment on."""
    with pytest.raises(NotFound):
        Followed(calibrations=[Calibration("O-1", "lever")])
    with pytest.raises(SetupError, match="two"):
        Followed(calibrations=[Calibration("O-1", "level"), Calibration("O-1", "level", offset=1)])


def test_a_digest_tells_calibrations_apart():
    """Whatever changes a value or its certificate changes the digest; the order in which they are declared does not."""
    one, other = Calibration("O-1", "level", offset=1.0), Calibration("O-2", "level", certificate="C-7")
    assert held_as([one, other]) == held_as([other, one])
    assert len({held_as(some) for some in ([], [one], [other], [Calibration("O-1", "level", offset=1.5)])}) == 4


def test_a_file_is_read_line_by_line(tmp_path):
    """Points of one curve in lines that follow each other; gain and offset in one line."""
    file = tmp_path / "sensors.csv"
    file.write_text(
        "twin,signal,raw,true,gain,offset,valid_from,valid_until,uncertainty,certificate\n"
        "O-1,level,0,0.1,,,2026-01-01,2027-01-01,0.02,C-1\n"
        "O-1,level,5,5.2,,,2026-01-01,2027-01-01,0.02,C-1\n"
        "O-1,pressure,,,1.01,-0.5,,,,\n"
    )
    level, pressure = px.calibrations(file)
    assert (level.points, level.uncertainty, level.certificate) == (((0.0, 0.1), (5.0, 5.2)), 0.02, "C-1")
    assert (pressure.gain, pressure.offset, pressure.valid_from) == (1.01, -0.5, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("twin,raw,true\nO-1,0,1\n", "twin,signal,raw,true"),
        ("twin,signal,raw,true,colour\nO-1,level,0,1,red\n", "colour"),
        ("twin,signal,raw,true\nO-1,level,zero,1\n", "line 2"),
        ("twin,signal,raw,true\nO-1,level,0,1\n", "line 2|two points"),
        ("twin,signal,gain,offset\nO-1,level,1,0.1\nO-1,level,2,0.1\n", "several lines"),
    ],
)
def test_a_file_that_cannot_be_read_names_its_line(tmp_path, text, words):
    """Columns that are lacking or strange, numbers that are none, too few points, two lines of one straight line."""
    file = tmp_path / "sensors.csv"
    file.write_text(text)
    with pytest.raises(SetupError, match=words):
        px.calibrations(file)
