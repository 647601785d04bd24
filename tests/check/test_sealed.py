"""Sealed telemetry in the decoder: what opens is as if it had come plainly, and nothing else is taken."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pollux as px
from pollux.check import Decoder, mqtt, pack_block
from pollux.clock import SECOND
from pollux.columns import Block, Frames, Message, Origin
from pollux.guard.sealing import SealKey, SealKeys
from pollux.mirror import Mirror
from tests.check.wire import NOW, SCHEMA, frame, refusals, samples

FOLDER = Path(tempfile.mkdtemp(prefix="pollux-seals-"))
KEYS = SealKeys(FOLDER)
MINE = KEYS.make("P-1", ["Pump/P-1"], now=NOW - 3600 * SECOND)
OTHER = KEYS.make("P-2", ["Pump/P-2"], now=NOW - 3600 * SECOND)
TOPIC = "field/P-1/telemetry"
SAID = {"t": NOW, "seq": 1, "boot": "b", "temp": 301.5}


def decoder(*, keys: SealKeys | None = KEYS, sealed: bool | str = True, compiled: bool = False) -> Decoder:
    block = Block(SCHEMA)
    block.add_many(["P-1", "P-2"])
    mapping = mqtt("field/{id}/telemetry", sealed=sealed)
    one = mqtt("field/{id}/one/{signal}", sealed=sealed)
    made = Decoder({"Pump": [mapping, one]}, {"Pump": block}, seals=keys)
    if compiled and not made.compile():
        pytest.skip("needs numba")
    return made


def sealed(said: Any = SAID, *, key: SealKey = MINE, twin: str = "Pump/P-1", **more: Any) -> bytes:
    payload = said if isinstance(said, bytes) else json.dumps(said).encode()
    return px.seal(payload, key=key, twin=twin, **more)


def heard(*messages: Message, **options: Any):
    return decoder(**options).decode(Frames.of(messages))


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_sealed_is_read_as_if_it_had_come_plainly(compiled: bool):
    """By the topic's last level, by the content type, and by the first bytes; beside plain messages of others."""
    made = decoder(compiled=compiled)
    messages = [
        frame(TOPIC, sealed(SAID | {"seq": 1})),
        frame(f"{TOPIC}/cose", sealed(SAID | {"seq": 2, "temp": 302.5})),
        frame(TOPIC, sealed(SAID | {"seq": 3, "temp": 303.5}), encoding=14),
        frame("twins/Pump/P-2/telemetry", {"temp": 299.5}),
    ]
    decoded = made.decode(Frames.of(messages))
    assert refusals(decoded) == []
    assert [value for _, value in samples(decoded)] == [301.5, 302.5, 303.5, 299.5]
    lives = {(one.device, one.boot) for one in decoded.messages["Pump"].lives}
    assert lives == {("P-1 sealed", "b")}, "the counter is the key's, and nobody else's"


def test_every_format_can_be_inside():
    """Packed blocks, CBOR, one signal by its topic; the header says which."""
    import cbor2

    block = pack_block(["temp"], [[301.0, 302.0]], even=(NOW, SECOND), type="f8", seq=7, boot="b")
    decoded = heard(
        frame(TOPIC, sealed(block, content_type="application/octet-stream")),
        frame(TOPIC, sealed(cbor2.dumps(SAID), content_type="application/cbor")),
        frame("field/P-1/one/temp", sealed({"value": 305.5, "t": NOW, "seq": 1}, signal="temp")),
    )
    assert refusals(decoded) == []
    assert [value for _, value in samples(decoded)] == [301.0, 302.0, 301.5, 305.5]


def why(message: Message, **options: Any) -> tuple[str, str]:
    decoded = heard(message, **options)
    assert samples(decoded) == []
    ((_, reason, detail),) = refusals(decoded)
    return reason, detail


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (frame(TOPIC, SAID), "UNSEALED"),
        (frame(TOPIC, sealed(twin="Pump/P-2")), "TAMPERED"),
        (frame(TOPIC, sealed(key=OTHER)), "NOT_ALLOWED"),
        (frame("field/P-2/telemetry", sealed()), "NOT_ALLOWED"),
        (frame(TOPIC, sealed(key=SealKey(id=MINE.id, key="00" * 32))), "TAMPERED"),
        (frame(TOPIC, sealed(key=SealKey(id="P-1.00000000", key="00" * 32))), "NO_KEY"),
        (frame("field/P-1/one/temp", sealed({"value": 1, "t": NOW, "seq": 1}, signal="flow")), "TAMPERED"),
        (frame(f"{TOPIC}/cose", b"{}"), "MALFORMED"),
        (frame(TOPIC, sealed(sealed(), content_type="application/cose")), "MALFORMED"),
        (frame(TOPIC, sealed({"t": NOW, "temp": 301.5})), "BAD_SEQUENCE"),
        (frame(TOPIC, sealed({"seq": 3, "temp": 301.5})), "BAD_TIME"),
        (frame(TOPIC, sealed(), arrival=NOW - 7200 * SECOND), "NO_KEY"),
        (frame(TOPIC, sealed(b"x" * 2_000_000)), "TOO_LARGE"),
        (frame(TOPIC, sealed(b"not json")), "MALFORMED"),
    ],
)
def test_what_does_not_open_is_refused_with_its_reason(message: Message, reason: str):
    """Plain, moved to another twin or signal, of another device, without a number or a time, too early, no key."""
    assert why(message)[0] == reason


def test_a_refusal_shows_what_came_and_nothing_of_what_was_inside():
    """The excerpt is of the sealed bytes, also where the fault is inside."""
    decoded = heard(frame(TOPIC, sealed({"t": NOW, "seq": 1, "nonsense": "a secret"})))
    (refusal,) = decoded.refusals
    assert refusal.reason.name == "UNKNOWN_SIGNAL"
    assert "a secret" not in str(refusal)


@given(st.data())
def test_no_bit_of_a_sealed_message_can_be_changed(data: st.DataObject):
    """Wherever: no value comes of it, and a reason does."""
    message = bytearray(sealed())
    bit = data.draw(st.integers(0, 8 * len(message) - 1))
    message[bit // 8] ^= 1 << bit % 8
    assert why(frame(TOPIC, bytes(message)))[0] in ("TAMPERED", "MALFORMED", "NO_KEY", "UNSEALED")


def test_without_keys_and_with_a_damaged_one_nothing_falls():
    """A site whose keys are gone refuses with a reason, and takes everybody else's."""
    assert why(frame(TOPIC, sealed()), keys=None)[0] == "NO_KEY"
    folder = Path(tempfile.mkdtemp(prefix="pollux-seals-"))
    key = SealKeys(folder).make("P-1", ["Pump/*"], now=0)
    (folder / "seals" / f"{key.id}.json").write_text("{")
    reason, detail = why(frame(TOPIC, sealed(key=key)), keys=SealKeys(folder))
    assert reason == "NO_KEY"
    assert "expected a key of Pollux" in detail


def test_a_message_sent_again_counts_once_whichever_way_it_comes():
    """Through the broker, later, and by the site's own door under another account; and moves nothing back."""
    made = decoder(sealed=False)
    block = made._blocks["Pump"]
    mirror = Mirror({"Pump": block})
    first, second = sealed(SAID), sealed(SAID | {"t": NOW + SECOND, "seq": 2, "temp": 333.0})
    hacker = Origin("t1", "broker", boot="another")
    counts = []
    for message in (
        frame(TOPIC, first),
        frame(TOPIC, second, arrival=NOW + SECOND),
        frame(TOPIC, first, arrival=NOW + 86_400 * SECOND, origin=hacker),
        frame("twins/Pump/P-1/telemetry/cose", first, arrival=NOW + 86_401 * SECOND),
    ):
        effects = mirror.apply(made.decode(Frames.of([message])))
        counts.append(sum(len(change.batch) for change in effects.changes.values()))
    assert counts == [1, 1, 0, 0]
    index = SCHEMA.index["temp"]
    assert block.values[block.layout.slot["temp"], block.row("P-1")] == 333.0
    assert block.event_time[index, block.row("P-1")] == NOW + SECOND


def test_keys_overlap_and_what_an_ended_one_opened_is_opened_in_a_replay():
    """Both hold while the device changes over; afterwards the old one opens what came before its end only."""
    keys = SealKeys(Path(tempfile.mkdtemp(prefix="pollux-seals-")))
    old, new = (keys.make("P-1", ["Pump/P-1"], now=NOW) for _ in range(2))
    keys.end("P-1", now=NOW, keep=new.id)
    log = [
        frame(TOPIC, sealed(SAID | {"seq": 1}, key=old), arrival=NOW + SECOND),
        frame(TOPIC, sealed(SAID | {"seq": 1, "temp": 302.5}, key=new), arrival=NOW + 2 * SECOND),
        frame(TOPIC, sealed(SAID | {"seq": 2}, key=old), arrival=NOW + 11 * SECOND),
    ]
    for reader in (keys, SealKeys(keys._folder.parent)):
        decoded = heard(*log, keys=reader)
        assert [value for _, value in samples(decoded)] == [301.5, 302.5]
        assert [(i, reason) for i, reason, _ in refusals(decoded)] == [(2, "NO_KEY")]


def test_a_mapping_can_be_sealed_from_a_moment_on():
    """What came plainly before stays readable in a replay."""
    made = decoder(sealed="2026-11-23T10:00:00Z")
    decoded = made.decode(Frames.of([frame(TOPIC, SAID, arrival=NOW - 1), frame(TOPIC, SAID, arrival=NOW)]))
    assert [value for _, value in samples(decoded)] == [301.5]
    assert [(i, reason) for i, reason, _ in refusals(decoded)] == [(1, "UNSEALED")]
    with pytest.raises(px.SetupError, match="sealed payloads"):
        mqtt("gateway/#", twin="sensor", sealed=True)
