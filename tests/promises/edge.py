"""What the edge agent saves and costs: the lines of `pollux bench edge` and of the names that begin with it.

A vibration of three lines and noise at 1,000/s over ten minutes, with one event whose raw samples are sent. Bytes are
those of MQTT 5 packets, PUBLISH and PUBACK, without TCP and TLS; the peers send every sample. CPU is that of the whole
process, in percent of a core: with `edge-live` at 1,000 calls a second, with `edge-fast` at ten calls of 1,000 samples.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import pollux as px
from pollux.check import pack_block
from pollux.clock import MINUTE, SECOND, SimulatedClock
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V5, Ack, Publish
from pollux.connect.wire.properties import Kind
from pollux.edge.queue import Queue
from pollux.edge.run import SWITCH
from pollux.edge.samples import Samples
from pollux.edge.stream import Stream
from tests.edge.plant import Pump
from tests.promises.measurement import Measurement

START = 1_800_000_000 * SECOND
TOPIC = "twins/Pump/P-7/telemetry"
RATE = 1000
MINUTES = 10
NO_GOAL = "-"


def declared(source, raw="1 min"):
    """An agent that tells everything it can of a vibration."""
    edge = px.Edge("P-7", to="mqtt://127.0.0.1:9", account="P-7", disk="64 MB")
    summary = px.Summary(
        Pump.vibration,
        rms=Pump.vibration_rms,
        minimum=Pump.vibration_low,
        maximum=Pump.vibration_high,
        quantiles={0.99: Pump.vibration_p99},
        lines=[(Pump.tone, Pump.tone_rms)],
        count=Pump.samples,
        doubts=[px.Spike(30.0)],
        doubted=Pump.doubted,
    )
    capture = px.Capture(Pump.vibration > 20, before="5 s", after="5 s")
    edge.read(Pump, "P-7", source, summary, raw=raw, capture=capture, missed=Pump.missed)
    return edge


def signal(rate, seconds):
    """A vibration of three lines and noise, with one shock in the middle."""
    t = np.arange(rate * seconds) / rate
    luck = np.random.default_rng(7)
    tones = [strength * np.sin(2 * np.pi * hertz * t) for hertz, strength in ((49.7, 3.0), (99.4, 1.0), (310.0, 0.4))]
    values = np.sum(tones, axis=0) + luck.normal(0, 0.3, len(t))
    values[len(t) // 2 : len(t) // 2 + rate // 20] += 25
    return np.round(values, 4)


def packet(topic, payload):
    """Bytes of a message at QoS 1 and of its acknowledgement."""
    return len(encode(Publish(topic.encode(), payload, 1, False, False, 1), V5)) + len(encode(Ack(Kind.PUBACK, 1), V5))


def bytes_without(values):
    """Every sample sent: one JSON message each, JSON columns of a second, packed float32 blocks of a second."""
    times = START + np.arange(len(values)) * (SECOND // RATE)
    one = sum(
        packet(
            TOPIC, json.dumps({"t": t, "seq": n, "boot": "b5c0ffee", "vibration": v}, separators=(",", ":")).encode()
        )
        for n, (t, v) in enumerate(zip(times.tolist(), values.tolist(), strict=True))
    )
    columns = blocks = 0
    for at in range(0, len(values), RATE):
        part = slice(at, at + RATE)
        told = {"t": times[part].tolist(), "seq": at, "boot": "b5c0ffee", "vibration": values[part].tolist()}
        columns += packet(TOPIC, json.dumps(told, separators=(",", ":")).encode())
        even = (int(times[at]), SECOND // RATE)
        block = pack_block(["vibration"], values[None, part], even=even, type="f4", seq=at, boot="b5c0ffee")
        blocks += packet(f"{TOPIC}/binary", block)
    return one, columns, blocks


def through(reading, values, rate, folder):
    """Feed a stream in tenths of a second; its queue, and CPU seconds a sample."""
    clock = SimulatedClock(START)
    queue = Queue(folder / "queue", budget=32 << 20)
    stream = Stream(reading, queue, folder, clock)
    step, chunk = SECOND // rate, rate // 10
    begun = time.process_time()
    for at in range(0, len(values), chunk):
        times = START + step * np.arange(at, at + len(values[at : at + chunk]))
        clock.advance_to(int(times[-1]))
        stream.take(Samples(times, values[at : at + chunk, None]))
    spent = time.process_time() - begun
    stream.close()
    return queue, spent / len(values)


def bytes_with(values, folder):
    """The agent's summaries, and its raw blocks."""
    queue, _ = through(declared(px.every("1 ms", lambda: 0.0)).readings[0], values, RATE, folder)
    lanes, number = {"summary": 0, "raw": 0}, 0
    while (message := queue.after(number)) is not None:
        lanes[message.lane] += packet(message.topic, message.payload)
        number = message.number
    queue.close()
    return lanes


def live(source, seconds, folder):
    """CPU of a whole agent that samples in real time, with nobody to tell; seconds a sample, and samples missed."""
    with declared(source, raw="10 s").open(folder) as agent:
        agent.wait(2)
        begun, before = time.process_time(), agent.standing
        agent.wait(seconds)
        spent, after = time.process_time() - begun, agent.standing
        taken = after.taken - before.taken
        return spent / taken, taken, after.missed - before.missed


def measure():
    """The lines of the table."""
    folder = Path(tempfile.mkdtemp())
    values = signal(RATE, MINUTES * MINUTE // SECOND)
    every, columns, blocks = bytes_without(values)
    lanes = bytes_with(values, folder / "bytes")
    sent = sum(lanes.values())
    unit = f"bytes in {MINUTES} min"
    yield Measurement("edge", sent, unit, NO_GOAL, "float32 blocks a second", blocks, blocks / sent)
    yield Measurement("edge-messages", sent, unit, NO_GOAL, "a JSON message a sample", every, every / sent)
    yield Measurement("edge-columns", sent, unit, NO_GOAL, "JSON columns a second", columns, columns / sent)
    quiet = lanes["summary"]
    yield Measurement("edge-summaries", quiet, unit, NO_GOAL, "float32 blocks a second", blocks, blocks / quiet)
    yield Measurement("edge-check", checked(1000, folder), "us CPU/sample, 1000/s", NO_GOAL)
    yield Measurement("edge-check-fast", checked(10_000, folder), "us CPU/sample, 10000/s", NO_GOAL)
    switch = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        each, taken, missed = live(px.every("1 ms", lambda: 9.81), 10, folder / "live")
        yield Measurement("edge-live", each * 1000 * 100, "% of a core, 1000/s", NO_GOAL)
        yield Measurement("edge-live-missed", 100 * missed / (taken + missed), "% missed, 1000/s", "0")
        block = np.full(1000, 9.81)
        each, _, _ = live(px.every("100 ms", lambda: block, step="100 us"), 10, folder / "fast")
        yield Measurement("edge-fast", each * 10_000 * 100, "% of a core, 10000/s", NO_GOAL)
    finally:
        sys.setswitchinterval(switch)


def checked(rate, folder):
    """Microseconds of CPU a sample: checks, ring and summary, in tenths of a second."""
    reading = declared(px.every("100 ms", lambda: 0.0, step=f"{10**6 // rate} us")).readings[0]
    _, each = through(reading, signal(rate, 60), rate, folder / str(rate))
    return each * 1e6
