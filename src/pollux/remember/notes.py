"""Notes: what the log holds beside raw frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import msgspec

from pollux.errors import DataRefused

_decoder = msgspec.msgpack.Decoder(tuple[str, str | None, dict[str, Any]])


@final
@dataclass(frozen=True, slots=True)
class Note:
    """A command, a transition of an order, a configuration, a tick, a seed, a change of back end, an alarm.

    `body` is anything that MessagePack can write, under text keys; tuples come back as lists. With a `subject` it is
    sealed with that person's key.

    >>> Note("tick", {"at": 1_700_000_000}).kind
    'tick'
    """

    kind: str
    body: Mapping[str, Any]
    tenant: str = ""
    subject: str | None = None


def pack(note: Note) -> bytes:
    """The payload of a note.

    Raises:
        DataRefused: its body cannot be written as MessagePack.
    """
    try:
        payload = msgspec.msgpack.encode((note.kind, note.subject, dict(note.body)))
        _decoder.decode(payload)
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise DataRefused(
            f"expected a body of plain values under text keys, got one that cannot be written: {error}",
            at=f"note {note.kind!r}",
            hint="numbers, texts, bytes, lists and mappings can; turn arrays into bytes and values into floats",
        ) from None
    return payload


def unpack(payload: bytes | memoryview, tenant: str) -> Note:
    """The note that a payload holds."""
    kind, subject, body = _decoder.decode(payload)
    return Note(kind, body, tenant, subject)
