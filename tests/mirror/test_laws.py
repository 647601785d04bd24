"""The laws of the mirror: order, repetition, batches and restarts do not change what is known."""

import json
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pollux.clock import SECOND, instant
from pollux.columns import Encoding, Message, Origin, Quality
from tests.columns.plants import Pump
from tests.mirror.live import Live

NOW = instant("2026-11-23T10:00:00Z")
SCHEMA = Pump.__pollux__
DEVICES = [Origin("", "d1"), Origin("", "d2", boot="b")]

numbers = st.sampled_from([300.0, 300.0, 300.5, 301.0, 330.0, 999.0, None, -0.0])
signals = st.sampled_from(["temp", "vibration", "speed", "flow", "oil"])
moments = st.one_of(st.integers(0, 20).map(lambda seconds: NOW + seconds * SECOND), st.sampled_from([0, NOW + 10**18]))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    """A message with its own time and count, as every message of these laws has."""
    told: dict[str, object] = dict(draw(st.lists(st.tuples(signals, numbers), max_size=3)))
    told["t"] = draw(moments)
    if draw(st.integers(0, 4)) == 0:
        told["line"] = draw(st.sampled_from(["l1", "l2"]))
    return told


def message(payload: object, *, topic: str, arrival: int, origin: Origin = DEVICES[0]) -> Message:
    return Message(origin, topic.encode(), json.dumps(payload).encode(), arrival, Encoding.JSON)


def cells(live: Live) -> dict[str, object]:
    """What T13 asks to be the same: values, event times, qualities, reasons, texts; not when they arrived."""
    block = live.blocks["Pump"]
    if not block.rows:
        return {}
    return {
        "values": block.values.tobytes(),
        "event_time": block.event_time.tobytes(),
        "quality": block.quality.tobytes(),
        "reason": block.reason.tobytes(),
        "sigma": block.sigma.tobytes(),
        "texts": block.texts,
        "watermark": live.mirror.populations["Pump"].rhythm.watermark[: block.rows].tolist(),
    }


@settings(max_examples=100, deadline=None)
@given(st.lists(documents(), min_size=1, max_size=12), st.data())
def test_shuffling_and_repeating_a_devices_messages_changes_nothing(told, data):
    """T13: with event times and counts, any order and any repetition give the same columns."""
    numbered = [{**one, "seq": i, "boot": "b"} for i, one in enumerate(told)]
    shuffled = data.draw(st.permutations([*numbered, *data.draw(st.lists(st.sampled_from(numbered), max_size=6))]))
    straight, mixed = Live(), Live()
    topic = "twins/Pump/P-1/telemetry"
    straight.hear([message(one, topic=topic, arrival=NOW + 30 * SECOND) for one in numbered])
    for i, one in enumerate(shuffled):
        mixed.hear([message(one, topic=topic, arrival=NOW + 30 * SECOND + i)])
    assert cells(mixed) == cells(straight)
    assert mixed.mirror.counts.duplicates == len(shuffled) - len(numbered)
    assert mixed.mirror.counts.samples == straight.mirror.counts.samples


@st.composite
def streams(draw: st.DrawFn) -> list[Message]:
    """What several devices say of several twins by several topics, some of it wrong, in the order of arrival."""
    topics = ["twins/Pump/P-1/telemetry", "plant/l1/2/P-1/telemetry", "plant/l2/3/P-2/telemetry", "p/P-2/temp", "x/y"]
    found, arrival = [], NOW
    for _ in range(draw(st.integers(1, 14))):
        topic, origin = draw(st.sampled_from(topics)), draw(st.sampled_from(DEVICES))
        told = draw(documents())
        if draw(st.booleans()):
            del told["t"]
        if draw(st.booleans()):
            told["seq"] = draw(st.integers(0, 6))
        payload: object = told if not topic.startswith("p/") else draw(numbers)
        arrival += draw(st.sampled_from([0, 1, SECOND, -1]))
        found.append(message(payload, topic=topic, arrival=arrival, origin=origin))
    return found


def cut(messages: list[Message], places: list[int]) -> list[list[Message]]:
    ends = sorted({min(place, len(messages)) for place in places} | {0, len(messages)})
    return [messages[start:end] for start, end in pairwise(ends)]


@settings(max_examples=100, deadline=None)
@given(streams(), st.lists(st.integers(0, 14), max_size=4))
def test_however_messages_are_cut_into_batches_the_state_is_the_same(messages, places):
    """Bit for bit, the memory of counters, rhythm and judged values included; so are the samples that come out."""
    whole, parts = Live(), Live()
    effects = whole.hear(messages)
    pieces = [parts.hear(piece) for piece in cut(messages, places)]
    assert parts.state() == whole.state()
    assert parts.mirror.counts == whole.mirror.counts
    for field in ("row", "signal", "event_time", "value", "quality", "reason"):
        joined = [getattr(one.changes["Pump"].batch, field) for one in pieces if "Pump" in one.changes]
        straight = effects.changes["Pump"].batch if "Pump" in effects.changes else None
        if straight is not None:
            assert np.concatenate(joined).tobytes() == getattr(straight, field).tobytes()
    late = [one.changes["Pump"].late for one in pieces if "Pump" in one.changes]
    if late:
        assert np.concatenate(late).tolist() == effects.changes["Pump"].late.tolist()


@settings(max_examples=60, deadline=None)
@given(streams(), st.integers(0, 14))
def test_a_snapshot_and_the_rest_make_the_whole(messages, place):
    """Whoever restarts from a snapshot knows what they would have known, and writes the same snapshot."""
    whole, first, second = Live(), Live(), Live()
    whole.hear(messages)
    first.hear(messages[:place])
    second.resume(first.state())
    assert second.state() == first.state()
    second.hear(messages[place:])
    assert second.state() == whole.state()


@settings(max_examples=100, deadline=None)
@given(streams())
def test_the_compiled_scanner_gives_the_same_state(messages):
    """With it and without it, bit for bit."""
    fast, slow = Live(compiled=True), Live()
    fast.hear(messages)
    slow.hear(messages)
    assert fast.state() == slow.state()


@settings(max_examples=100, deadline=None)
@given(streams())
def test_no_stream_breaks_what_always_holds(messages):
    """Values are finite numbers, the watermark is a possible time, and a value that was told has its time."""
    live = Live()
    live.hear(messages)
    block, schema = live.blocks["Pump"], SCHEMA
    measured = [i for i, signal in enumerate(schema.signals) if signal.role in ("sensor", "actuator")]
    for i in measured:
        told = block.quality[i] != Quality.MISSING
        assert np.isfinite(block.values[block.layout.signal_slot[i], told]).all()
        assert (block.event_time[i, told] <= NOW + 600 * SECOND + 14 * SECOND).all()
        assert (block.event_time[i, told] > 0).all()
        low, high = schema.signals[i].low, schema.signals[i].high
        assert (
            (block.values[block.layout.signal_slot[i], told] >= low)
            & (block.values[block.layout.signal_slot[i], told] <= high)
        ).all()
