"""What the tests of check say over the wire, and how they look at what came of it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pollux.check import Bounds, Decoder, TopicMapping
from pollux.clock import instant
from pollux.columns import NO_SEQUENCE, Block, Decoded, Encoding, Frames, Message, Origin, Quality, Reason
from tests.columns.plants import Pump

NOW = instant("2026-11-23T10:00:00Z")
DEVICE = Origin("t1", "d1")
SCHEMA = Pump.__pollux__


def frame(
    topic: str, payload: Any, *, arrival: int = NOW, encoding: int = Encoding.GUESS, origin: Origin = DEVICE
) -> Message:
    """One message; whatever is not bytes is sent as JSON."""
    written = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Message(origin, topic.encode(), written, arrival, encoding)


def native(payload: Any, id: str = "P-1", **more: Any) -> Message:
    """One message of the native layout."""
    return frame(f"twins/Pump/{id}/telemetry", payload, **more)


def decoder(
    *mappings: TopicMapping, ids: Sequence[str] = ("P-1",), bounds: Bounds | None = None, block: Block | None = None
) -> Decoder:
    """A decoder for a fleet of pumps."""
    block = Block(SCHEMA) if block is None else block
    block.add_many(ids)
    return Decoder({"Pump": mappings}, {"Pump": block}, bounds=bounds)


def heard(decoder: Decoder, *messages: Message) -> Decoded:
    """What a decoder makes of some messages."""
    return decoder.decode(Frames.of(messages))


def samples(decoded: Decoded, name: str = "Pump") -> list[tuple[str, float]]:
    """Names and values, in order."""
    batch = decoded.batches.get(name)
    if batch is None:
        return []
    return [(SCHEMA.signals[i].name, value) for i, value in zip(batch.signal, batch.value.tolist(), strict=True)]


def beliefs(decoded: Decoded) -> list[tuple[str, str]]:
    """Qualities and reasons, in order."""
    batch = decoded.batches["Pump"]
    return [(Quality(q).name, Reason(r).name) for q, r in zip(batch.quality, batch.reason, strict=True)]


def refusals(decoded: Decoded) -> list[tuple[int, str, str]]:
    """Frames, reasons and details, in order."""
    return [(one.frame, one.reason.name, one.detail) for one in decoded.refusals]


def as_bytes(decoded: Decoded) -> Mapping[str, Any]:
    """Everything that was decoded, in a form that is equal only when every bit is."""
    found: dict[str, Any] = {"refusals": decoded.refusals, "newcomers": dict(decoded.newcomers)}
    for name in decoded.batches:
        messages = decoded.messages[name]
        counted = zip(messages.seq.tolist(), messages.life.tolist(), strict=True)
        found[f"{name}.lives"] = [None if seq == NO_SEQUENCE else messages.lives[life] for seq, life in counted]
        for part in (decoded.batches[name], messages, decoded.texts[name]):
            for field in set(part.__slots__) - {"life", "lives"}:
                value = getattr(part, field)
                exact = value if isinstance(value, tuple) else (value.dtype, value.tobytes())
                found[f"{name}.{type(part).__name__}.{field}"] = exact
    return found
