"""Numbers, frames and plans by themselves: laws that hold for all of them."""

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pollux as px
from pollux.connect.modbus.decoding import Decoding, encode
from pollux.connect.modbus.framing import BrokenFrame, Mbap, Rtu, crc16
from pollux.connect.modbus.pdu import (
    BrokenAnswer,
    Refused,
    check_written,
    read_answer,
    read_request,
    write_request,
)
from pollux.connect.modbus.plan import AGAIN, Plan
from pollux.connect.modbus.registers import WORDS, Register

ORDERS = st.sampled_from(["ABCD", "CDAB", "BADC", "DCBA"])
RANGES = {
    "int16": (-(2**15), 2**15 - 1), "uint16": (0, 2**16 - 1), "int32": (-(2**31), 2**31 - 1), "uint32": (0, 2**32 - 1),
    "int64": (-(2**53), 2**53), "uint64": (0, 2**53), "bcd16": (0, 9999), "bcd32": (0, 99_999_999),
}  # fmt: skip


@st.composite
def registers(draw):
    """A register of one number that can be written, and a number that it holds exactly."""
    kind = draw(st.sampled_from([*RANGES, "float32", "float64"]))
    value = (
        float(draw(st.integers(*RANGES[kind]))) if kind in RANGES else draw(st.floats(-(2.0**99), 2.0**99, width=32))
    )
    return Register(draw(st.integers(0, 65_000)), kind, order=draw(ORDERS)), value


@given(st.lists(registers(), min_size=1, max_size=20))
def test_what_is_written_is_read(some):
    """All kinds and orders, side by side in one image, whatever their addresses."""
    image = np.concatenate([encode(register, value) for register, value in some])
    found = Decoding([register for register, _ in some]).decode(image)
    assert found.number.tolist() == [value for _, value in some]
    assert not found.missing.any()


@given(registers(), st.sampled_from([0.1, -2.0, 1e-3]), st.floats(-100, 100))
def test_scale_and_offset_are_undone(pair, scale, offset):
    """Within the rounding of the float and of the raw number."""
    register, raw = pair
    scaled = Register(register.first, register.kind, order=register.order, scale=scale, offset=offset)
    value = raw * scale + offset
    (found,) = Decoding([scaled]).decode(encode(scaled, value)).number.tolist()
    assert found == pytest.approx(value, rel=1e-6, abs=abs(scale) * (1 + abs(raw) * 1e-6))


@given(st.sampled_from(sorted(WORDS)), ORDERS, st.binary(min_size=8, max_size=8))
def test_the_letters_mean_what_vendors_mean(kind, order, raw):
    """Against `struct`, for every bit pattern."""
    if kind in ("bits", "bcd16", "bcd32"):
        return
    size = 2 * WORDS[kind]
    raw = raw[:size]
    words = [raw[i : i + 2] for i in range(0, size, 2)]
    words = words[::-1] if order in ("CDAB", "DCBA") else words
    words = [word[::-1] for word in words] if order in ("BADC", "DCBA") else words
    cells = np.array([int.from_bytes(word, "big") for word in words], np.uint16)
    form = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
            "float32": "f", "float64": "d"}[kind]  # fmt: skip
    (expected,) = struct.unpack(f">{form}", raw)
    found = Decoding([Register(0, kind, order=order)]).decode(cells)
    assert found.number[0] == expected or (np.isnan(found.number[0]) and np.isnan(expected) and found.missing[0])


@pytest.mark.parametrize("kind", ["int16", "uint16", "int32", "uint64", "bcd16"])
def test_a_number_that_does_not_fit_is_refused(kind):
    """With the range that fits, in the unit of the register."""
    with pytest.raises(px.DataRefused, match="expected from"):
        encode(Register(0, kind, scale=0.1), 1e30)
    with pytest.raises(px.DataRefused, match="expected from"):
        encode(Register(0, kind), float("nan"))


def test_missing_patterns_are_compared_bit_by_bit():
    """Whatever the order and the sign; a register without patterns misses nothing."""
    some = [
        Register(0, "int16", missing=0x8000),
        Register(1, "int32", order="CDAB", missing=(0x8000_0000, 0x7FFF_FFFF)),
        Register(3, "uint64", missing=2**64 - 1),
        Register(7, "uint64"),
        Register(11, "uint16", order="BADC", missing=0x00FF),
    ]
    cells = [0x8000, 0xFFFF, 0x7FFF, *[0xFFFF] * 4, *[0] * 4, 0xFF00]
    found = Decoding(some).decode(np.array(cells, np.uint16))
    assert found.missing.tolist() == [True, True, True, False, True]
    assert np.isnan(found.number).tolist() == [True, True, True, False, True]


def test_a_decimal_with_a_digit_above_nine_is_no_number():
    """0x12A4 says nothing; that is not the same as nothing connected."""
    found = Decoding([Register(0, "bcd16")]).decode(np.array([0x12A4], np.uint16))
    assert np.isnan(found.number[0])
    assert not found.missing[0]


def test_texts_end_at_the_first_zero():
    """And know the swapped order."""
    cells = np.array([0x5031, 0x3700, 0x4142, 0x3150, 0x2037], np.uint16)
    found = Decoding([Register(0, "string", length=3), Register(3, "string", length=2, order="BADC")]).decode(cells)
    assert found.text == {0: "P17", 1: "P17"}


def test_a_text_steers_no_terminal():
    """What cannot be printed is left out."""
    cells = np.array([0x1B5B, 0x324A, 0xFF41], np.uint16)
    assert Decoding([Register(0, "string", length=3)]).decode(cells).text == {0: "[2J\ufffdA"}


# -- what cannot be declared ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Register("40000"), "five or six digits"),
        (lambda: Register("4001"), "five or six digits"),
        (lambda: Register("20001"), "five or six digits"),
        (lambda: Register("30001", table="coil"), "expected coil as the table"),
        (lambda: Register(65535, "int32"), "addresses from 0 to 65535"),
        (lambda: Register(-1), "addresses from 0"),
        (lambda: Register(400001), "400001"),
        (lambda: Register(0, "int24"), "expected one of"),  # type: ignore[arg-type]
        (lambda: Register(0, order="DABC"), "expected one of ABCD"),  # type: ignore[arg-type]
        (lambda: Register(0, "string"), "length="),
        (lambda: Register(0, "int16", length=2), "length="),
        (lambda: Register(0, "string", length=2, order="CDAB"), "ABCD or BADC"),
        (lambda: Register(0, scale=0), "scale"),
        (lambda: Register(0, scale=float("inf")), "scale"),
        (lambda: Register(0, "bits", bit=14, width=3), "bits within"),
        (lambda: Register(0, bit=3), "beside bit="),
        (lambda: Register(0, "int16", missing=0x10000), "missing="),
        (lambda: Register(0, "int16", missing=-1), "missing="),
        (lambda: Register(0, table="spool"), "expected coil, discrete"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_written(make, why):
    """With what was expected."""
    with pytest.raises(px.SetupError, match=why):
        make()


@given(st.integers(1, 9999), st.sampled_from("0134"))
def test_handbooks_count_from_one(number, table):
    """Five and six digits name the same register, which the wire counts from 0."""
    five, six = Register(f"{table}{number:04d}"), Register(f"{table}{number:05d}")
    assert five == six
    assert five.first == number - 1


# -- frames ---------------------------------------------------------------------------------------------------------

ANSWERS = st.one_of(
    st.integers(1, 125).map(lambda n: bytes([3, 2 * n]) + bytes(2 * n)),
    st.just(b"\x06\x00\x01\x00\x03"),
    st.integers(1, 11).map(lambda code: bytes([0x83, code])),
)


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 255), ANSWERS), max_size=5), st.data())
def test_frames_are_found_however_they_are_cut(some, data):
    """TCP: several in one segment, one in many."""
    wire = Mbap()
    stream = b"".join(wire.wrap(*one) for one in some)
    held, found = bytearray(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        held += stream[:cut]
        stream = stream[cut:]
        while (one := wire.take(held)) is not None:
            found.append(tuple(one))
    assert found == some
    assert not held


@given(st.integers(0, 255), ANSWERS, st.integers(0, 259), st.integers(1, 255))
def test_a_flipped_byte_is_no_frame_of_rtu(unit, pdu, place, flip):
    """Whatever byte it is, what comes out is never another answer."""
    wire = Rtu()
    raw = bytearray(wire.wrap(0, unit, pdu))
    assert wire.take(bytearray(raw)) == (-1, unit, pdu)
    raw[place % len(raw)] ^= flip
    try:
        found = wire.take(raw)
    except BrokenFrame:
        return
    assert found is None


def test_checksums_of_known_frames():
    """Modbus over serial line 1.02, appendix B, and a request that every handbook shows."""
    assert crc16(b"\x02\x07") == 0x1241
    assert Rtu().wrap(0, 17, read_request("holding", 107, 3)) == bytes.fromhex("1103006b00037687")


@given(st.binary(max_size=300))
def test_foreign_bytes_are_no_frames_and_no_crash(raw):
    """Both wires refuse or wait."""
    for wire in (Mbap(), Rtu()):
        held = bytearray(raw)
        try:
            while wire.take(held) is not None:
                pass
        except BrokenFrame:
            pass


@given(st.binary(max_size=12), st.sampled_from(["holding", "coil"]), st.integers(1, 20))
def test_foreign_answers_are_refused(pdu, table, count):
    """Cells of the count that was asked for, or an error that says which."""
    with contextlib.suppress(BrokenAnswer, Refused):
        assert len(read_answer(table, count, pdu)) == count


def test_an_answer_to_a_write_repeats_it():
    """Functions 15 and 16 repeat address and count, 5 and 6 the value too."""
    request = write_request("holding", 5, np.array([1, 2], np.uint16), single=False)
    assert request == bytes.fromhex("10000500020400010002")
    check_written(request, request[:5])
    with pytest.raises(BrokenAnswer):
        check_written(request, bytes.fromhex("1000050001"))
    with pytest.raises(Refused, match="exception 4, server device failure"):
        check_written(request, bytes.fromhex("9004"))


# -- plans ----------------------------------------------------------------------------------------------------------

PLACES = st.lists(
    st.builds(
        Register,
        st.integers(0, 400),
        st.sampled_from(["uint16", "int32", "float64"]),
        table=st.sampled_from(["holding", "input"]),
    ),
    min_size=1,
    max_size=40,
)


@given(PLACES, st.integers(0, 20))
def test_every_register_is_read_whole_and_once(some, gap):
    """No request asks for more than 125 registers; each register lies in one of them."""
    decoding = Decoding(some)
    plan = Plan(decoding, gap=gap)
    assert sorted(place for span in plan.spans for place in span.places) == list(range(len(some)))
    image = np.full(decoding.cells, 0xDEAD, np.uint16)
    for span in plan.spans:
        assert span.count <= 125
        image[span.into] = (np.arange(span.count) + span.first)[span.take]
    expected = [address for register in some for address in range(register.first, register.end)]
    assert image.tolist() == expected


@given(PLACES, st.sets(st.integers(0, 410), max_size=30), st.integers(0, 20))
def test_what_a_device_refuses_is_found_and_left_out(some, refused, gap):
    """A device that refuses every read over certain cells: all registers off them are read, soon without a refusal."""
    plan = Plan(Decoding(some), gap=gap)

    def poll():
        plan.begin()
        waiting, read, refusals = list(plan.spans), set(), 0
        while waiting:
            span = waiting.pop()
            if refused & set(range(span.first, span.first + span.count)):
                refusals += 1
                waiting += plan.refused(span)
            else:
                read |= set(span.places)
        return read, refusals

    good = {i for i, one in enumerate(some) if not refused & set(range(one.first, one.end))}
    assert poll()[0] == good
    assert poll() == (good, 0)
    for _ in range(AGAIN):
        plan.begin()
    refused.clear()
    assert poll() == (set(range(len(some))), 0)
