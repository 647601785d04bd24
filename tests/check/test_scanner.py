"""The compiled scanner says what the documents say, of every payload; these tests need numba."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pollux.check import Bounds, Decoder, mqtt
from pollux.check.scanner import compiled_scanner
from pollux.columns import Block, Frames, Message, Origin
from tests.check.wire import NOW, as_bytes, decoder, frame, heard, native, samples
from tests.columns.plants import Pump

pytest.importorskip("numba")

MAPPINGS = (
    mqtt("f/{id}", units={Pump.temp: "degF"}, ignore=["rssi", "fw", "seq2"]),
    mqtt("p/{id}/{signal}", ignore=["unit"]),
    mqtt("q/{id}", names={"value": Pump.speed, "oil.temp": Pump.oil}),
)
TOPICS = ["twins/Pump/P-1/telemetry", "twins/Pump/P-2/telemetry", "f/P-1", "p/P-1/temp", "p/P-2/running", "q/P-1"]


@pytest.fixture(scope="module")
def compiled() -> Decoder:
    """A decoder with the scanner compiled, of a fleet of two pumps."""
    made = decoder(*MAPPINGS, ids=("P-1", "P-2"))
    assert made.compile()
    return made


@pytest.fixture(scope="module")
def plain() -> Decoder:
    """The same decoder without it."""
    return decoder(*MAPPINGS, ids=("P-1", "P-2"))


decimals = st.one_of(
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,24})?\Z"),
    st.from_regex(r"\A-?[0-9]{1,4}(\.[0-9]{0,3})?([eE][+-]?[0-9]{1,3})?\Z"),
    st.floats().map(lambda number: json.dumps(number)),
)
times = st.one_of(
    st.integers(0, 2**63).map(str),
    st.floats(0, 2e10).map(lambda number: f"{number:.4f}"),
    st.from_regex(
        r'\A"(19|20|21)[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]'
        r'(\.[0-9]{1,10})?(Z|[+-][0-2][0-9]:[0-5][0-9])?"\Z'
    ),
    st.sampled_from(["null", '"now"', "-5", "true", "[]"]),
)
odd = st.sampled_from(
    ["null", "true", "false", '"x"', '"\\u0041"', "{}", "[]", "[1,2]", '{"value":1}', "NaN", "-", "", "1 2"]
)
values = st.one_of(decimals, decimals, odd, st.lists(decimals, max_size=4).map(lambda some: f"[{','.join(some)}]"))
keys = st.sampled_from(
    [
        "temp",
        "speed",
        "oil",
        "running",
        "vibration",
        "value",
        "rssi",
        "unit",
        "wear",
        "fuel",
        "temp ",
        "t\\u0065mp",
        "é",
    ]
)
reserved = st.one_of(
    st.tuples(st.just("t"), times),
    st.tuples(st.just("t"), st.lists(times, max_size=4).map(lambda some: f"[{','.join(some)}]")),
    st.tuples(st.just("seq"), st.one_of(st.integers(-2, 10**19).map(str), decimals, odd)),
    st.tuples(st.just("boot"), st.one_of(st.sampled_from(['"a"', '"b1"', '""', "17", "-3", '"é"']), decimals, odd)),
)
spaces = st.sampled_from(["", "", "", " ", "\n\t", "\r "])


@st.composite
def objects(draw: st.DrawFn) -> str:
    """The text of an object, mostly sound."""
    members = draw(st.lists(st.one_of(st.tuples(keys, values), reserved), max_size=5))
    space = draw(spaces)
    return "{" + ",".join(f'{space}"{key}"{space}:{space}{value}{space}' for key, value in members) + "}"


payloads = st.one_of(
    objects(),
    objects(),
    decimals,
    st.lists(objects(), max_size=3).map(lambda some: f"[{', '.join(some)}]"),
    st.tuples(objects(), st.integers(0, 40)).map(lambda cut: cut[0][: cut[1]]),
    st.tuples(spaces, objects(), spaces, st.sampled_from(["", ",", "}", "x"])).map("".join),
)
messages = st.lists(
    st.tuples(st.sampled_from(TOPICS), payloads, st.sampled_from([0, 0, 0, 1, 5])), min_size=1, max_size=6
)


@settings(max_examples=600, deadline=None)
@given(messages)
@example([("twins/Pump/P-1/telemetry", '{"temp":-0}', 0), ("twins/Pump/P-1/telemetry", '{"temp":-0.0}', 0)])
@example([("twins/Pump/P-1/telemetry", '{"temp":1,"temp":2}', 0)])
@example([("p/P-1/temp", '{"value":1,"temp":2}', 0), ("p/P-1/temp", "-0", 5), ("p/P-1/temp", " 12 ", 0)])
@example([("twins/Pump/P-1/telemetry", '{"t":[1,2],"temp":[1.5,2],"speed":[1]}', 0)])
@example([("twins/Pump/P-1/telemetry", '{"t":[],"temp":[]}', 0), ("twins/Pump/P-1/telemetry", "{}", 0)])
@example([("twins/Pump/P-1/telemetry", '{"t":9223372036854775807,"temp":1}', 0)])
@example([("twins/Pump/P-1/telemetry", '{"t":"2024-02-29T23:59:59.5+02:00","temp":1}', 0)])
@example([("twins/Pump/P-1/telemetry", '{"t":"2023-02-29T00:00:00Z","temp":1}', 0)])
@example([("twins/Pump/P-1/telemetry", '{"temp":9007199254740993,"speed":0.1000000000000000055}', 0)])
def test_the_scanner_says_what_the_documents_say(compiled, plain, told):
    """Bit for bit: rows, signals, times, values, beliefs, counts and refusals, of anything that looks like JSON."""
    batch = Frames.of(
        [
            frame(topic, text.encode(), encoding=encoding, arrival=NOW + i)
            for i, (topic, text, encoding) in enumerate(told)
        ]
    )
    assert as_bytes(compiled.decode(batch)) == as_bytes(plain.decode(batch))


@settings(max_examples=1000, deadline=None)
@given(st.lists(decimals, min_size=1, max_size=40))
def test_every_decimal_is_the_nearest_double(compiled, written):
    """A number of the scanner is the number of Python's own reader, to its last bit."""
    expected = [number for number in map(_number, written) if number is not None]
    sound = [one for one in written if _number(one) is not None]
    found = heard(compiled, *[native(f'{{"vibration":{one}}}'.encode()) for one in sound])
    assert [value.hex() for _, value in samples(found)] == [number.hex() for number in expected]


def _number(text: str) -> float | None:
    """The double of a JSON number, None for what is none or too large for one."""
    try:
        number = float(json.loads(text))
    except (ValueError, OverflowError):
        return None
    return None if math.isinf(number) and "Inf" not in text else number


def test_what_most_devices_send_is_scanned(compiled):
    """Objects, lists, columns, times, counts and plain numbers are not left to the documents."""
    plain_ones = [
        native({"temp": 300.5, "speed": 1480, "running": True, "t": NOW // 10**9, "seq": 5, "boot": "b"}),
        native({"temp": 300.5, "t": "2026-11-23T10:00:00.250Z"}),
        native({"t": [NOW // 10**9, NOW // 10**9 + 0.5], "temp": [300, 301.25]}),
        native([{"temp": 1, "seq": 1}, {"temp": 2, "seq": 2}]),
        frame("p/P-1/temp", b"300.5"),
        frame("p/P-1/temp", {"value": 300.5, "seq": 9}),
        frame("f/P-1", {"temp": 90.5, "rssi": -70, "fw": "1.2"}),
    ]
    assert _left(compiled, plain_ones) == [False] * len(plain_ones)


def test_what_is_odd_is_left(compiled):
    """Escapes, exponents, texts, quantities, other encodings."""
    odd_ones = [
        native(b'{"t\\u0065mp": 1}'),
        native(b'{"temp": 1e3}'),
        native({"fuel": "oil"}),
        native({"temp": {"value": 1}}),
        native(b'{"temp": 1}', encoding=5),
        native(b"\x81", encoding=3),
        frame("q/P-1", {"value": 1e22}),
    ]
    assert _left(compiled, odd_ones) == [True] * len(odd_ones)


def _left(made: Decoder, told: list[Message]) -> list[bool]:
    frames = Frames.of(told)
    made.decode(frames)
    scanner = made._scanner
    assert scanner is not None
    entry = scanner.locate(frames, made._topics)
    return [bool(one) for one in scanner.scan(frames, entry, made._topics, made._lives)[1]]


def test_batches_larger_than_a_piece_are_read_in_pieces(monkeypatch):
    """However large the batch, the sheet stays small and the columns are the same."""
    monkeypatch.setattr("pollux.check.scanner._CHUNK", 100)
    made, plain = decoder(ids=("P-1",)), decoder(ids=("P-1",))
    assert made.compile()
    told = [native({"temp": 300 + i, "seq": i, "boot": f"b{i % 3}"}) for i in range(50)]
    assert as_bytes(heard(made, *told)) == as_bytes(heard(plain, *told))


def test_growth_and_restarts_change_nothing():
    """Thousands of topics, new names of boots, rows that change owners: the tables follow."""
    blocks = Block(Pump.__pollux__), Block(Pump.__pollux__)
    made, plain = decoder(ids=(), block=blocks[0]), decoder(ids=(), block=blocks[1])
    assert made.compile()
    for round in range(3):
        told = [
            native(
                {"temp": 300 + i, "seq": i, "boot": f"r{round}-{i % 50}"},
                f"P-{(i * 7) % 900}",
                origin=Origin("t", f"d{i % 5}"),
            )
            for i in range(1500)
        ]
        found = [one.decode(Frames.of(told)) for one in (made, plain)]
        assert as_bytes(found[0]) == as_bytes(found[1])
        for block, decoded in zip(blocks, found, strict=True):
            block.add_many(decoded.newcomers.get("Pump", ()))
            block.remove(f"P-{round}")


def test_a_seed_changes_no_result(plain):
    """Hashes are seeded so that nobody can choose colliding topics; what is decoded does not depend on it."""
    told = [native({"temp": i}, f"P-{1 + i % 2}") for i in range(20)]
    expected = as_bytes(heard(plain, *told))
    for seed in (0, 1, 2**64 - 1):
        made = decoder(*MAPPINGS, ids=("P-1", "P-2"))
        made._scanner = compiled_scanner(made.vocabularies, Bounds(), seed=seed)
        assert as_bytes(heard(made, *told)) == expected


def test_topics_whose_hashes_collide_are_told_apart(monkeypatch):
    """The bytes are compared, not only their hash: a hostile topic cannot take another's row."""
    from pollux.check import kernel_table
    from pollux.check.names import Names

    class Colliding:
        """The tables, as if every name had the hash 7."""

        Table = kernel_table.Table

        @staticmethod
        def insert(table: Any, first: int, last: int, seed: Any) -> None:
            """Put every name into the slots that follow slot 7."""
            for number in range(first, last):
                table.hashes[number] = 7
                table.slots[7 + number] = number + 1

    names = Names(Colliding, 0)  # type: ignore[arg-type]
    names.add([b"aa", b"ab"])
    find = kernel_table.find.py_func  # type: ignore[attr-defined]
    monkeypatch.setitem(find.__globals__, "hash_bytes", lambda *_: 7)
    monkeypatch.setitem(find.__globals__, "same_bytes", kernel_table.same_bytes.py_func)  # type: ignore[attr-defined]
    import numpy as np

    for name, number in ((b"aa", 0), (b"ab", 1), (b"ac", -1)):
        assert find(names.table, np.frombuffer(name, np.uint8), 0, 2, 0, np.uint64(0)) == number


def test_what_is_too_long_is_left():
    """A payload of more bytes than are allowed is refused, however plain it is."""
    made, plain = decoder(bounds=Bounds(payload=40)), decoder(bounds=Bounds(payload=40))
    assert made.compile()
    told = [native(b'{"temp": 300}'), native(b'{"temp": 300' + b" " * 40 + b"}"), native(b'{"temp": 301}')]
    found = as_bytes(heard(made, *told))
    assert found == as_bytes(heard(plain, *told))
    assert [one.frame for one in found["refusals"]] == [1]


def test_without_numba_everything_works(monkeypatch):
    """No scanner, the same columns."""
    monkeypatch.setattr("pollux.check.scanner.import_module", _no_numba)
    made = decoder()
    assert not made.compile()
    assert not made.compiled
    assert samples(heard(made, native({"temp": 300}))) == [("temp", 300.0)]


def _no_numba(name: str) -> Any:
    raise ImportError(name)
