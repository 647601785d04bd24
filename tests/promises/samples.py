"""Samples a second through the whole path, on one thread: packets split, payloads decoded, logged, mirrored, watched.

`measure()` gives the lines of `pollux bench samples`: MQTT packets of 100 samples each, as JSON columns and as packed
blocks of float32, cut from an arena as the endpoint does it and given to the sink of an open site, until the last one
is durable. The sockets are left out: what they cost a message is what `ingest` measures. The peer decodes the same
samples as JSON objects and does nothing else with them.
"""

import importlib
import importlib.util
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import pollux as px
from pollux.check import pack_block
from pollux.clock import SECOND, stopwatch
from pollux.columns.frames import Encoding, Frames, Origin
from pollux.connect.wire.fast import FastSplitter
from pollux.connect.wire.splitter import ALLOWED, Arena, Segments
from tests.promises.ingest import settle
from tests.promises.measurement import Measurement

DEVICES = 500
SAMPLES = 100
ROUNDS = 20
START = 1_795_428_000
RUNS = 3
LARGEST = 1 << 20


class Motor(px.Twin):
    """A motor with one fast sensor, watched by one rule."""

    current = px.sensor("A", low=-100, high=100)


def columns(began: int) -> bytes:
    """A hundred samples, each with its time in milliseconds, as JSON columns."""
    times = [began * 1000 + 10 * place for place in range(SAMPLES)]
    return json.dumps({"t": times, "current": _values()}, separators=(",", ":")).encode()


def block(began: int) -> bytes:
    """The same as a packed block of float32 with a start and a step."""
    times = began * SECOND + 10_000_000 * np.arange(SAMPLES)
    packed = pack_block(["current"], [_values()], type="f4")
    head = packed.replace(b"\x83\xa1n", b"\x84\xa1t\x92" + _i64(int(times[0])) + _i64(10_000_000) + b"\xa1n", 1)
    return head[:4] + (len(head) - 8 - 4 * SAMPLES).to_bytes(4, "little") + head[8:]


def objects(began: int) -> bytes:
    """The same as objects, which is what the peer decodes."""
    told = zip(range(SAMPLES), _values(), strict=True)
    return json.dumps([{"t": began * 1000 + 10 * place, "current": value} for place, value in told]).encode()


def _i64(number: int) -> bytes:
    return b"\xd3" + number.to_bytes(8, "big")


def _values() -> list[float]:
    return [round(12.5 + 3 * float(np.sin(place / 7)), 3) for place in range(SAMPLES)]


def packets(payload: Callable[[int], bytes], suffix: bytes) -> list[bytes]:
    """What all devices send in each round, one packet after the other."""
    rounds = []
    for turn in range(ROUNDS):
        body, out = payload(START + turn), bytearray()
        for device in range(DEVICES):
            topic = b"twins/Motor/M-%03d/telemetry%s" % (device, suffix)
            rest = len(topic).to_bytes(2, "big") + topic + (turn + 1).to_bytes(2, "big") + body
            out += b"\x32" + _varint(len(rest)) + rest
        rounds.append(bytes(out))
    return rounds


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def rate(payload: Callable[[int], bytes], suffix: bytes, encoding: Encoding) -> float:
    """Samples a second from packets to durable samples in watched twins; the first round only warms up."""
    site = px.Site("bench")
    site.fleet(Motor)
    site.watch(Motor, px.limit(Motor.current > 90, severity="high", title="Too much"))
    rounds, splitter = packets(payload, suffix), FastSplitter()
    arena = Arena.of(max(map(len, rounds)))
    with tempfile.TemporaryDirectory() as folder, site.open(Path(folder), mqtt=None) as live:
        settle(live)
        live.sink(_frames(splitter, arena, rounds[0], encoding, live.clock.now())).wait(30)
        began = stopwatch()
        ticket: Any = None
        for raw in rounds[1:]:
            ticket = live.sink(_frames(splitter, arena, raw, encoding, live.clock.now()))
        ticket.wait(60)
        took = stopwatch() - began
        block_ = live.estate.blocks["Motor"]
        assert len(block_) == DEVICES
        assert np.allclose(block_.values[block_.layout.signal_slot[0], :DEVICES], _values()[-1])
    return DEVICES * SAMPLES * (ROUNDS - 1) / took


def _frames(splitter: FastSplitter, arena: Arena, raw: bytes, encoding: Encoding, now: int) -> Frames:
    """The messages of one turn of the loop, cut and gathered as the endpoint does it."""
    arena.data[: len(raw)] = raw
    cut, stops, _ = splitter.split(arena, Segments.of([0], [len(raw)], [0], [4]), 2 * DEVICES, LARGEST)
    assert stops.tolist() == [len(raw)]
    gathered = splitter.gather(arena, cut, np.full(len(cut), ALLOWED, np.uint8), np.array([4], np.int32))
    count = len(gathered.row)
    return Frames(
        arena=gathered.arena,
        index=gathered.index,
        origin=np.zeros(count, np.int32),
        origins=(Origin("", "bench"),),
        arrival=np.full(count, now, np.int64),
        encoding=np.full(count, int(encoding), np.uint8),
        qos=np.ones(count, np.uint8),
    )


def peer() -> float | None:
    """Samples a second that orjson decodes from objects, nothing else done; None where it is not here."""
    if importlib.util.find_spec("orjson") is None:
        return None
    orjson = importlib.import_module("orjson")
    payload = objects(START)
    began, count = stopwatch(), 2_000
    for _ in range(count):
        orjson.loads(payload)
    return count * SAMPLES / (stopwatch() - began)


FORMS: dict[str, tuple[Callable[[int], bytes], bytes, Encoding]] = {
    "columns": (columns, b"", Encoding.JSON),
    "block": (block, b"/binary", Encoding.BINARY),
}

CASES = (
    ("samples", "samples/s, JSON columns", "columns", ">= 4 M (>= 5 M)"),
    ("samples-binary", "samples/s, float32 blocks", "block", ">= 40 M (>= 50 M)"),
)


def measure() -> Iterator[Measurement]:
    """Medians of some runs beside the peer; `ratio` says how many times more samples we take in than it decodes."""
    for name, unit, form, goal in CASES:
        rates = []
        for _ in range(RUNS):
            rates.append(rate(*FORMS[form]))
        ours, theirs = statistics.median(rates), peer()
        who = "orjson, decoding objects" if theirs else "orjson (pip install orjson)"
        yield Measurement(name, ours, unit, goal, who, theirs, ours / theirs if theirs else None)


if __name__ == "__main__":
    for line in measure():
        print(line)
