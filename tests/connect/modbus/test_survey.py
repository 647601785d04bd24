"""A survey: what it finds, what it leaves alone, and that it never writes."""

import struct
from typing import Any

import numpy as np
import pytest
from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimData, SimDevice

import pollux as px
from pollux.connect.modbus.guessing import guesses
from pollux.connect.modbus.survey import survey_modbus
from tests.connect.modbus.stock import free_port, registers, serving


def floats(order, *values):
    """The cells of some floats."""
    words = [struct.unpack(">HH", struct.pack(">f", value)) for value in values]
    return [word for pair in words for word in (pair if order == "ABCD" else pair[::-1])]


def surveyed(stock, first, last, **more: Any):
    """A quick survey of a stock server."""
    options: dict[str, Any] = {"readings": 2, "every": "20 ms", "rate": 50.0} | more
    return survey_modbus(f"tcp://127.0.0.1:{stock.port}", unit=3, first=first, last=last, **options)


def test_what_is_there_is_found_around_holes_and_guessed():
    """A text, floats with swapped words, a whole number, a negative one, a channel with nothing: each with a reason."""
    data = [
        registers(100, 0x4143, 0x4D45, 0x2D37, 0, *floats("CDAB", 21.53, 100.7, 3.25)),
        registers(120, 215, 0xFFD8, 0x8000, 0),
    ]
    with serving(SimDevice(3, simdata=data)) as stock:
        found = surveyed(stock, 96, 140)
    assert [(run.first, run.last) for run in found.runs] == [(100, 109), (120, 123)]
    assert all(run.samples.shape[0] == 2 for run in found.runs)
    assert [(one.first, one.kind, one.order, one.shown) for one in found.guesses] == [
        (100, "string", "ABCD", "ACME-7"),
        (104, "float32", "CDAB", "21.53"),
        (106, "float32", "CDAB", "100.7"),
        (108, "float32", "CDAB", "3.25"),
        (120, "uint16", "ABCD", "215"),
        (121, "int16", "ABCD", "-40"),
        (122, "int16", "ABCD", "-32768"),
    ]
    assert all(one.why for one in found.guesses)
    assert found.complete
    assert 'Thing.signal_104: px.Register(104, "float32", order="CDAB")' in found.draft()
    assert {function for function, _, _ in stock.asked} == {3}
    assert found.requests == len(stock.asked)
    assert all(at >= 96 and at + count <= 141 for _, at, count in stock.asked)


def test_a_survey_ends_at_its_bound():
    """With what it has found until then, and the reason."""
    with serving(SimDevice(3, simdata=[registers(0, 7)])) as stock:
        found = surveyed(stock, 0, 999, most=9)
        assert len(stock.asked) == 9
    assert (found.complete, found.why) == (False, "9 requests were made")


def test_who_does_not_answer_is_asked_once():
    """No address is knocked at again and again."""
    found = survey_modbus(f"tcp://127.0.0.1:{free_port()}", unit=1, first=0, last=500, rate=50.0)
    assert (found.runs, found.guesses, found.complete) == ((), (), False)
    assert "no connection" in found.why


def test_progress_is_told_and_bits_are_not_guessed():
    """Discrete inputs are there or not; what a bit means nobody can guess."""
    bits = [SimData(0, values=[True] * 48, datatype=DataType.BITS)]
    with serving(SimDevice(3, simdata=(bits, bits, [registers(0, 1)], [registers(0, 1)]))) as stock:
        steps = []
        found = surveyed(stock, 0, 47, table="discrete", readings=1, progress=lambda *step: steps.append(step))
    assert steps[-1] == (48, 48)
    assert [(run.first, run.last) for run in found.runs] == [(0, 47)]
    assert found.guesses == ()


def test_another_refusal_than_a_hole_is_nothing_there():
    """A device that refuses everything has no runs."""

    async def refuse(*_):
        return ExcCodes.ILLEGAL_FUNCTION

    with serving(SimDevice(3, simdata=[registers(0, 1, 2)], action=refuse)) as stock:
        found = surveyed(stock, 0, 1)
    assert (found.runs, found.complete) == ((), True)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"first": 5, "last": 4}, "expected a range"),
        ({"first": 0, "last": 65536}, "expected a range"),
        ({"first": 0, "last": 20000}, "at most 10000 cells"),
        ({"first": 0, "last": 1, "rate": 1000.0}, "expected a rate up to 50"),
        ({"first": 0, "last": 1, "readings": 0}, "readings"),
    ],
)
def test_what_cannot_be_meant_is_refused(more, why):
    """Before anything is asked."""
    with pytest.raises(px.SetupError, match=why):
        survey_modbus("tcp://127.0.0.1:9", unit=1, **more)


def test_a_counter_is_seen_by_its_counting():
    """Two registers beyond 16 bits that only count up."""
    samples = np.array([[0x0003, 0xFFFE], [0x0004, 0x0001]], np.uint16)
    (guess,) = guesses(7, samples)
    assert (guess.kind, guess.order, guess.shown, guess.sure) == ("uint32", "ABCD", str(0x40001), False)


def test_the_mark_of_sunspec_is_known():
    """Solar inverters begin their models with it."""
    (guess, *_) = guesses(40000, np.array([[0x5375, 0x6E53, 1, 66]], np.uint16))
    assert guess.shown == "SunS"


@pytest.mark.parametrize("order", ["ABCD", "CDAB"])
@pytest.mark.parametrize("before", [[], [0], [215]])
def test_floats_are_not_taken_for_those_of_another_order(order, before):
    """Words of neighbours make floats too: the order that explains most is the right one."""
    values = [230.4, 231.7, 49.98, 12.61]
    found = guesses(0, np.array([[*before, *floats(order, *values)]], np.uint16))
    real = [one for one in found if one.kind == "float32"]
    assert [float(one.shown) for one in real] == pytest.approx(values, rel=1e-5)
    assert {one.order for one in real} == {order}
    assert all(one.sure for one in real)
