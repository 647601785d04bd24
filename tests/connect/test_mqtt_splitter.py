"""The hot path: the compiled steps and the Python ones give the same results, whatever bytes come, cut however."""

import socket
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Farewell, Packet, Ping, Publish, Subscribe, Wish
from pollux.connect.wire.plain import PlainSplitter, ordinary
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.splitter import (
    ALLOWED,
    LOOK_YOURSELF,
    UNKNOWN,
    AbstractSplitter,
    Arena,
    Cut,
    Gathered,
    Segments,
    Why,
)

pytest.importorskip("numba")
from pollux.connect.wire import compiled
from pollux.connect.wire.fast import FastSplitter

LARGEST = 4096
TOPICS = st.sampled_from([b"a", b"twins/Pump/P-7/telemetry", b"plant/x/P-8/telemetry", "ä/ö".encode()])
PACKETS = st.one_of(
    st.builds(
        lambda topic, payload, qos, retain, packet_id, said: Publish(
            topic, payload, qos, retain, False, packet_id if qos else 0, said
        ),
        TOPICS,
        st.binary(max_size=300),
        st.integers(0, 2),
        st.booleans(),
        st.integers(1, 65_535),
        st.sampled_from([NONE, Properties(content_type="application/json"), Properties(topic_alias=3)]),
    ),
    st.just(Ping(Kind.PINGREQ)),
    st.just(Farewell(Kind.DISCONNECT)),
    st.builds(lambda topic: Subscribe(9, (Wish(topic.decode()),)), TOPICS),
)


@st.composite
def streams(draw: st.DrawFn, level: int) -> bytes:
    """What a client may send: valid packets, valid packets with flipped bytes, or any bytes."""
    parts = draw(
        st.lists(st.one_of(PACKETS.map(lambda packet: encode(packet, level)), st.binary(max_size=12)), max_size=8)
    )
    raw = bytearray(b"".join(parts))
    for place in draw(st.lists(st.integers(0, max(len(raw) - 1, 0)), max_size=2)):
        if raw:
            raw[place] ^= draw(st.integers(0, 255))
    return bytes(raw)


def filled(parts: list[bytes], levels: list[int]) -> tuple[Arena, Segments]:
    arena = Arena.of(max(64, sum(map(len, parts)) + 16))
    arena.data[: sum(map(len, parts))] = b"".join(parts)
    ends = np.cumsum([len(part) for part in parts]).tolist()
    return arena, Segments.of([0, *ends[:-1]], ends, range(len(parts)), levels)


def same(left: Any, right: Any) -> None:
    for name in left.__slots__:
        one, other = getattr(left, name), getattr(right, name)
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other, name
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None), name


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from([V3, V5]).flatmap(lambda level: st.tuples(st.just(level), streams(level))),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 5),
)
def test_both_splitters_cut_alike(clients: list[tuple[int, bytes]], rows: int) -> None:
    """On any bytes of several clients both splitters find the same messages and stop at the same places for the
    same reasons, also when the rows run out."""
    arena, segments = filled([raw for _, raw in clients], [level for level, _ in clients])
    for most in (rows, 1000):
        plain, fast = (splitter.split(arena, segments, most, LARGEST) for splitter in (PlainSplitter(), FastSplitter()))
        same(plain[0], fast[0])
        assert plain[1].tolist() == fast[1].tolist()
        assert plain[2].tolist() == fast[2].tolist()


@given(st.sampled_from([V3, V5]), st.lists(PACKETS, max_size=8), st.data())
def test_cuts_of_the_stream_change_nothing(level: int, packets: list[Packet], data: st.DataObject) -> None:
    """However a stream is cut into reads, with the rest of a cut packet put before the next read, the same messages
    come out in the same order; only the places of the reads differ."""
    raw = b"".join(encode(packet, level) for packet in packets)
    places = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    for splitter in (PlainSplitter(), FastSplitter()):
        whole = _messages(splitter, [raw], level)
        pieces = [raw[start:end] for start, end in pairwise([0, *places, len(raw)])]
        assert _messages(splitter, pieces, level) == whole


def _messages(splitter: AbstractSplitter, reads: list[bytes], level: int) -> list[tuple[bytes, bytes]]:
    """Split reads one after the other; what the splitter leaves to the slow path is skipped packet by packet."""
    from pollux.connect.wire.decode import header

    held, found = b"", []
    for read in reads:
        held += read
        while True:
            arena, segments = filled([held], [level])
            cut, stops, whys = splitter.split(arena, segments, 1000, LARGEST)
            for topic, size, payload, length in cut.index.tolist():
                found.append((held[topic : topic + size], held[payload : payload + length]))
            held = held[stops[0] :]
            if whys[0] != Why.SLOW:
                break
            place = header(held, 0, len(held))
            assert place is not None
            held = held[place[1] :]
    return found


@given(
    st.lists(
        st.tuples(TOPICS, st.integers(0, 2), st.binary(max_size=40), st.sampled_from([ALLOWED, 0x87, 0x99])),
        max_size=12,
    ),
    st.lists(st.sampled_from([V3, V5]), min_size=3, max_size=3),
)
def test_both_splitters_gather_and_answer_alike(rows: list[tuple[bytes, int, bytes, int]], levels: list[int]) -> None:
    """For any verdicts both splitters copy the same messages together and write the same answers for each client."""
    rows = sorted(rows, key=lambda row: row[1])
    arena, cut = _cut(rows)
    verdict = np.array([row[3] for row in rows], np.uint8)
    level = np.array(levels, np.int32)
    plain, fast = (splitter.gather(arena, cut, verdict, level) for splitter in (PlainSplitter(), FastSplitter()))
    same(plain, fast)
    _check_answers(plain, cut, verdict, levels)
    kept = [row for row in rows if row[3] == ALLOWED]
    got = [(plain.arena[t : t + n], plain.arena[p : p + m]) for t, n, p, m in plain.index.tolist()]
    assert got == [(row[0], row[2]) for row in kept]
    assert plain.arena == b"".join(row[0] + row[2] for row in kept)


def _cut(rows: list[tuple[bytes, int, bytes, int]]) -> tuple[Arena, Cut]:
    arena, index, at = Arena.of(4096), [], 0
    for topic, _, payload, _ in rows:
        arena.data[at : at + len(topic) + len(payload)] = topic + payload
        index.append((at, len(topic), at + len(topic), len(payload)))
        at += len(topic) + len(payload)
    count = len(rows)
    flags = np.array([2 * (number % 3) for number in range(count)], np.uint8)
    ids = np.where(flags > 0, np.arange(1, count + 1) * 300, 0).astype(np.int32)
    number = np.array([row[1] for row in rows], np.int32)
    return arena, Cut(np.array(index, np.int32).reshape(-1, 4), number, flags, ids, np.zeros(count, np.int32))


def _check_answers(found: Gathered, cut: Cut, verdict: Any, levels: list[int]) -> None:
    """Each client's part of the answers are in its order: PUBACK or PUBREC, with the reason where the level has one."""
    for client, level in enumerate(levels):
        expected = bytearray()
        for row in range(len(cut)):
            if cut.number[row] != client or not cut.flags[row] & 6:
                continue
            packet_id = int(cut.packet_id[row]).to_bytes(2, "big")
            kind = b"\x40" if cut.flags[row] & 2 else b"\x50"
            if verdict[row] == ALLOWED:
                expected += kind + b"\x02" + packet_id
            elif level == V5:
                expected += kind + b"\x03" + packet_id + bytes([verdict[row]])
            else:
                assert found.refused[client] == 1
        assert found.answers[found.begin[client] : found.end[client]] == expected


@given(
    st.lists(st.tuples(st.integers(1, 4), TOPICS, st.integers(0, 5)), max_size=20),
    st.lists(TOPICS, max_size=4),
    st.booleans(),
)
def test_both_splitters_judge_alike(permits: list[tuple[int, bytes, int]], heard: list[bytes], wild: bool) -> None:
    """What was permitted is allowed, for that connection and topic only; what is heard is told (a compiled splitter
    may say so too often, never too rarely)."""
    topics = [b"a", b"twins/Pump/P-7/telemetry", b"other", *heard]
    rows = [(topic, serial, b"", ALLOWED) for serial in range(1, 5) for topic in topics]
    arena, cut = _cut([(topic, serial - 1, payload, verdict) for topic, serial, payload, verdict in rows])
    serials = np.arange(1, 5, dtype=np.int64)
    results = []
    for splitter in (PlainSplitter(), FastSplitter()):
        for serial, topic, encoding in permits:
            splitter.permit(serial, topic, encoding)
        for topic in heard:
            splitter.hear(topic, 1)
        splitter.wild = int(wild)
        results.append(splitter.judge(arena, cut, serials))
        splitter.forget()
        assert (splitter.judge(arena, cut, serials)[0] == UNKNOWN).all()
    known = {(serial, topic) for serial, topic, _ in permits}
    for row, (topic, serial, _, _) in enumerate(rows):
        assert results[0][0][row] == results[1][0][row] == (ALLOWED if (serial, topic) in known else UNKNOWN)
        assert bool(results[0][2][row]) == (wild or topic in heard)
        assert results[1][2][row] >= results[0][2][row]


def test_the_same_hash_is_not_the_same_topic() -> None:
    """Two topics whose hashes collide stay apart: the table compares the bytes too."""
    splitter = FastSplitter()
    foreign = np.frombuffer(bytearray(b"evil"), np.uint8)
    mark = np.uint64(compiled.topic_hash(foreign, 0, 4, splitter._seed))
    slot = (int(mark) ^ int(compiled._MIX_1)) & (len(splitter._owners) - 1)
    splitter._hashes[slot], splitter._owners[slot], splitter._places[slot] = mark, 1, (0, 4)
    splitter._keys[:4] = np.frombuffer(b"mine", np.uint8)  # permitted under the very hash of the other
    arena, cut = _cut([(b"evil", 0, b"", 0)])
    assert splitter.judge(arena, cut, np.ones(1, np.int64))[0].tolist() == [UNKNOWN]
    splitter._keys[:4] = foreign
    assert splitter.judge(arena, cut, np.ones(1, np.int64))[0].tolist() == [ALLOWED]


def test_the_table_grows_and_forgets_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """More permits than the table holds make it larger, and then empty again; every answer stays right."""
    monkeypatch.setattr("pollux.connect.wire.fast.LARGEST", 1 << 13)
    splitter = FastSplitter()
    for number in range(20_000):
        splitter.permit(number, b"topic/%d" % number, 1)
        assert len(splitter._owners) <= 1 << 13
    arena, cut = _cut([(b"topic/19999", 0, b"", 0), (b"topic/19999", 1, b"", 0)])
    verdict, encoding, _ = splitter.judge(arena, cut, np.array([19_999, 5], np.int64))
    assert verdict.tolist() == [ALLOWED, UNKNOWN]
    assert encoding.tolist() == [1, 0]


@pytest.mark.parametrize("make", [PlainSplitter, FastSplitter])
def test_sockets_are_read_and_answered(make: type[PlainSplitter] | type[FastSplitter]) -> None:
    """Ready sockets are read one behind the other; an empty one asks for a look, an ended one says 0; each gets its
    part of the answers, a broken one is told."""
    splitter, arena = make(), Arena.of(256)
    pairs = [socket.socketpair() for _ in range(4)]
    for here, there in pairs:
        here.setblocking(False)
        there.setblocking(False)
    pairs[0][1].send(b"hello")
    pairs[1][1].send(b"world!")
    pairs[3][1].close()
    handles = np.array([here.fileno() for here, _ in pairs], np.int32)
    counts = splitter.receive(handles, arena, 10, 256, 64)
    assert counts.tolist() == [5, 6, LOOK_YOURSELF, 0]
    assert bytes(arena.data[10:21]) == b"helloworld!"
    assert splitter.receive(handles, arena, 10, 73, 64).tolist() == []
    ends = (np.array([0, 2, 2, 3], np.int32), np.array([2, 2, 3, 6], np.int32))
    assert splitter.reply(handles, b"abcdef", *ends).tolist() == [2, 0, 1, LOOK_YOURSELF]
    assert pairs[0][1].recv(10) == b"ab"
    assert pairs[2][1].recv(10) == b"c"
    for here, there in pairs:
        here.close()
        there.close()


def test_large_and_strange_packets_are_left_to_the_slow_path() -> None:
    """What is larger than allowed, or has a length that never ends, is not waited for."""
    for raw in (b"\x30\xff\xff\x7f", b"\x30\xff\xff\xff\xff\x01", b"\xc0\x00", b"\x34\x05\x00\x01a\x00\x01"):
        assert ordinary(bytearray(raw), 0, len(raw), V3, LARGEST)[0] is Why.SLOW
    for raw in (b"\x30", b"\x30\xff", b"\x30\x10\x00"):
        assert ordinary(bytearray(raw), 0, len(raw), V3, LARGEST)[0] is Why.CUT
