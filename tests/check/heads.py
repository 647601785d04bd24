"""Packed blocks written byte by byte, sound ones and others, for the tests of the cutter."""

import struct

import numpy as np
from hypothesis import strategies as st

from pollux.check import pack_block
from pollux.check.packed import MAGIC, TYPES
from tests.check.wire import NOW

NIL = b"\xc0"
FORMS = {
    0xCC: "B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: "b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}


def whole(number: int) -> st.SearchStrategy[bytes]:
    """A whole number in any width that holds it."""
    held = [struct.pack("b", number)] if -32 <= number < 128 else []
    for kind, form in FORMS.items():
        try:
            held.append(bytes([kind]) + struct.pack(form, number))
        except struct.error:
            continue
    return st.sampled_from(held)


def text(said: str) -> bytes:
    """A text as most write it."""
    data = said.encode()
    return (bytes([0xA0 + len(data)]) if len(data) < 32 else bytes([0xD9, len(data)])) + data


def long_text(said: str) -> bytes:
    """A text with more length than it needs."""
    return b"\xd9" + bytes([len(said.encode())]) + said.encode()


def listed(some: list[bytes], wide: bool = False) -> bytes:
    """A list, with more length than it needs if `wide`."""
    head = b"\xdc" + len(some).to_bytes(2, "big") if wide or len(some) > 15 else bytes([0x90 + len(some)])
    return head + b"".join(some)


odd_values = st.sampled_from(
    [
        NIL,
        b"\xc2",
        b"\xc1",
        b"\x90",
        b"\x80",
        b"\xcb" + struct.pack(">d", float("nan")),
        b"\xcb" + struct.pack(">d", 3.0),
        b"\xca" + struct.pack(">f", 1.0),
        b"\xc4\x01n",
        b"\xd4\x01x",
        b"\xcf" + b"\xff" * 8,
        b"\xd3\x80" + b"\0" * 7,
        text("each"),
        text("\0n"),
        b"\xa2\xff\xfe",
        b"\xd9\xff",
        b"\xdb\xff\xff\xff\xff",
        listed([b"\x01"]),
        listed([b"\x01", b"\x02", b"\x03"]),
        listed([b"\x01", b"\xcb" + struct.pack(">d", 2.0)]),
    ]
)
good_names = st.lists(
    st.sampled_from(["temp", "oil", "flow", "running", "floor", "speed"]), min_size=1, max_size=3, unique=True
)
names = st.lists(st.sampled_from(["temp", "oil", "rssi", "line", "wear", "nothing"]), max_size=3)
good_clocks = st.integers(NOW - 10**12, NOW + 10**12) | st.integers(-(10**9), 10**9)
clocks = st.sampled_from([0, 1, -1, 2**61, 2**62 - 1, 2**62, -(2**62), 2**63 - 1, -(2**63), 2**63, 2**64 - 1])
good_boots = st.sampled_from(["b", "é", "x" * 31, "x" * 40, "x" * 64]).map(text) | st.sampled_from([7, -5]).flatmap(
    whole
)
boots = st.sampled_from(["", "x" * 65]).map(text) | st.just(long_text("b")) | st.just(2**64 - 1).flatmap(whole)
good_counts = st.sampled_from([0, 5, 127, 128, 255, 256, 70_000, 10**18 - 1]).flatmap(whole)
counts = st.sampled_from([10**18, -1, -40, 2**63]).flatmap(whole)


@st.composite
def values(draw: st.DrawFn, n: int, kind: str, clock: str) -> dict[str, bytes]:
    """The names and values of a head; one kind of value may be such that blocks are refused for it."""
    bad = draw(st.sampled_from(["", "", "", "", "signals", "wide", "t", "seq", "boot"]))
    signals = draw(names if bad == "signals" else good_names)
    told = {"n": draw(whole(n)), "signals": listed([text(name) for name in signals], bad == "wide")}
    told |= {"type": text(kind)} if kind != "f8" or draw(st.booleans()) else {}
    even = listed([draw((clocks if bad == "t" else good_clocks).flatmap(whole)) for _ in range(2)])
    told |= {"t": even} if clock == "even" else {"t": text("each")} if clock == "each" else {}
    told |= {"seq": draw(counts if bad == "seq" else good_counts)} if draw(st.booleans()) else {}
    told |= {"boot": draw(boots if bad == "boot" else good_boots)} if draw(st.booleans()) else {}
    return told


@st.composite
def members(draw: st.DrawFn, told: dict[str, bytes]) -> list[tuple[bytes, bytes]]:
    """The members of a head in any order, sometimes twice, missing, unknown or of no sense."""
    some = draw(st.permutations([(text(name), value) for name, value in told.items()]))
    strange = draw(st.integers(0, 14))
    if strange == 10:
        some[draw(st.integers(0, len(some) - 1))] = (draw(st.sampled_from(some))[0], draw(odd_values))
    elif strange == 11:
        some.append(draw(st.sampled_from(some)))
    elif strange == 12:
        unknown = st.sampled_from([text("x"), text("signal"), b"\x01", long_text("n"), NIL])
        some.append((draw(unknown), draw(odd_values)))
    elif strange == 13:
        some = [(name, NIL if draw(st.booleans()) else value) for name, value in some]
    elif strange == 14:
        some.pop()
    return some


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """A block whose head is mostly sound and whose numbers are any bytes; sometimes cut, lengthened or flipped."""
    n, kind = draw(st.integers(0, 5)), draw(st.sampled_from(list(TYPES)))
    clock = draw(st.sampled_from(["", "each", "even"]))
    told = draw(values(n, kind, clock))
    some = draw(members(told))
    head = bytes([0x80 + len(some)]) + b"".join(name + value for name, value in some)
    signals = told["signals"][2] if told["signals"][0] == 0xDC else told["signals"][0] & 15
    size = n * signals * TYPES[kind].itemsize
    times = np.array([NOW + i for i in range(n)], "<i8").tobytes() if clock == "each" else b""
    numbers = draw(st.binary(min_size=size, max_size=size)) if draw(st.booleans()) else b"\1" * size
    data = MAGIC + len(head).to_bytes(4, "little") + head + times + numbers
    return draw(spoilt(data)) if draw(st.integers(0, 7)) == 7 else data


@st.composite
def spoilt(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes cut, lengthened, or with one of them changed."""
    place = draw(st.integers(0, len(data) - 1))
    other = bytes([draw(st.integers(0, 255))])
    return draw(st.sampled_from([data[:place], data + other, data[:place] + other + data[place + 1 :]]))


GOOD = {
    "n": b"\x02",
    "signals": listed([text("temp")]),
    "type": text("i2"),
    "t": listed([b"\xd3" + struct.pack(">q", NOW), b"\x05"]),
    "seq": b"\x05",
    "boot": text("b"),
}


def written(told: list[tuple[bytes, bytes]], after: bytes = b"") -> bytes:
    """A block of two numbers of two bytes with some head."""
    head = bytes([0x80 + len(told)]) + b"".join(name + value for name, value in told) + after
    return MAGIC + len(head).to_bytes(4, "little") + head + b"\1\2\3\4"


def good(**others: bytes) -> list[tuple[bytes, bytes]]:
    """The members of a good head with some others."""
    return [(text(name), value) for name, value in (GOOD | others).items()]


def even(*told: int) -> bytes:
    """A first time and a step, in eight bytes each."""
    return listed([b"\xd3" + struct.pack(">q", one) for one in told])


ODD = {
    "a name twice": written([*good(), (text("seq"), b"\x06")]),
    "a name twice, then empty": written([*good(), (text("seq"), NIL)]),
    "n twice": written([(text("n"), b"\x03"), *good()]),
    "no n": written(good()[1:]),
    "no signals": written(good()[:1] + good()[2:]),
    "an empty n": written(good(n=NIL)),
    "empty signals": written(good(signals=NIL)),
    "bytes after the map": written(good(), b"\0"),
    "an unknown name": written([*good(), (text("x"), b"\1")]),
    "a name that ends in nothing": written([*good()[1:], (text("n\0"), b"\2")]),
    "a name with more length than it needs": written([*good()[1:], (long_text("n"), b"\2")]),
    "a list with more length than it needs": written(good(signals=listed([text("temp")], wide=True))),
    "a negative n": written(good(n=b"\xff")),
    "another n": written(good(n=b"\x03")),
    "n as a float": written(good(n=b"\xcb" + struct.pack(">d", 2.0))),
    "another type": written(good(type=text("f4"))),
    "an unknown type": written(good(type=text("u2"))),
    "the earliest number": written(good(t=even(-(2**63), 1))),
    "a step beyond 64 bits": written(good(t=even(NOW, 2**63 - 1))),
    "a negative step beyond 64 bits": written(good(t=even(-NOW, -(2**63)))),
    "a time that is none": written(good(t=listed([b"\xcb" + struct.pack(">d", float("nan")), b"\1"]))),
    "times of another kind": written(good(t=text("some"))),
    "times of another kind, and as many bytes": written(good(t=text("some"))) + b"\0" * 16,
    "times that are not there": written(good(t=text("each"))),
    "a negative count": written(good(seq=b"\xff")),
    "a count that is too large": written(good(seq=b"\xcf" + (10**18).to_bytes(8, "big"))),
    "a count beyond 63 bits": written(good(seq=b"\xcf" + b"\xff" * 8)),
    "a boot that is no text": written(good(boot=b"\xc3")),
    "a boot that is empty": written(good(boot=text(""))),
    "a boot in other letters": written(good(boot=b"\xa1\xff")),
}


WHOLE = {
    "as most send it": written(good()),
    "in another order": written(good()[::-1]),
    "in wider numbers": written(good(n=b"\xcf" + b"\0" * 7 + b"\2", seq=b"\xd1\0\5")),
    "with a negative step": written(good(t=even(NOW, -5))),
    "with empty members": written(good(t=NIL, seq=NIL, boot=NIL)),
    "with a boot that counts": written(good(boot=b"\x07")),
    "at arrival": written(good()[:3]),
    "of the plain type": pack_block(["temp"], [[1.0, 2.0]]),
    "with each time": pack_block(
        ["temp", "oil"], [[1, 2], [3, 4]], times=[NOW, NOW + 7], type="i4", seq=300, boot="x" * 64
    ),
    "of many signals": pack_block(["speed", "temp", "oil", "flow"], np.ones((4, 50)), even=(NOW, 5), type="f4"),
}
