"""Frames: a batch of raw messages as bytes with an index, the form in which input travels and is logged.

One arena holds all topics and payloads; an index of offsets says where. There is no Python object per message, and
what the log keeps is exactly what was heard.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import chain
from typing import NamedTuple, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import I32, I64, U8, Mask

_Scalar = TypeVar("_Scalar", bound=np.generic)


def _stacked(parts: Sequence[NDArray[_Scalar]], nothing: NDArray[_Scalar]) -> NDArray[_Scalar]:
    return np.concatenate(parts) if parts else nothing


@final
class Encoding(IntEnum):
    """How a payload is written, as far as the driver knows; GUESS leaves it to topic and first byte.

    The numbers stand in the log and never change.
    """

    GUESS = 0
    JSON = 1
    CBOR = 2
    MSGPACK = 3
    BINARY = 4
    TEXT = 5
    NDJSON = 6
    SENML_JSON = 7
    SENML_CBOR = 8
    CSV = 9
    XML = 10
    SPARKPLUG = 11
    ARROW = 12
    FIELD = 13
    SEALED = 14


@final
@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent a frame: the tenant and device of the credential, the person it speaks of, the life of its counter."""

    tenant: str
    device: str
    subject: str | None = None
    boot: str | None = None


@final
class Message(NamedTuple):
    """One message on its way into Frames."""

    origin: Origin
    topic: bytes
    payload: bytes
    arrival: int
    encoding: int = Encoding.GUESS
    qos: int = 0


@final
@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """A batch of raw messages.

    `arena` holds the bytes; row i of `index` (int32, shape (n, 4)) is topic offset, topic length, payload offset and
    payload length; `origin[i]` counts into `origins`; `arrival` is int64 nanoseconds UTC. `said` holds, by row, what a
    frame carried beside topic and payload, as its door wrote it and reads it again; most carry nothing.

    >>> frames = Frames.of([Message(Origin("", "d1"), b"twins/Pump/P-7/telemetry", b'{"temp": 300}', 5)])
    >>> len(frames), frames.topic(0), bytes(frames.payload(0))
    (1, b'twins/Pump/P-7/telemetry', b'{"temp": 300}')
    """

    arena: bytes
    index: I32
    origin: I32
    origins: tuple[Origin, ...]
    arrival: I64
    encoding: U8
    qos: U8
    said: Mapping[int, bytes] = field(default_factory=dict[int, bytes])

    def __len__(self) -> int:
        return len(self.arrival)

    @staticmethod
    def of(messages: Iterable[tuple[Origin, bytes, bytes, int, int] | Message]) -> "Frames":
        """Frames of single messages: (origin, topic, payload, arrival, encoding) or `Message`."""
        given = [message if isinstance(message, Message) else Message(*message) for message in messages]
        pieces = [piece for message in given for piece in (message.topic, message.payload)]
        lengths = np.array([len(piece) for piece in pieces], np.int64)
        offsets = np.concatenate(([0], np.cumsum(lengths)))[:-1] if pieces else lengths
        index = np.stack([offsets, lengths], axis=1).astype(np.int32).reshape(-1, 4)
        known: dict[Origin, int] = {}
        origin = [known.setdefault(message.origin, len(known)) for message in given]
        return Frames(
            arena=b"".join(pieces),
            index=index,
            origin=np.array(origin, np.int32),
            origins=tuple(known),
            arrival=np.array([message.arrival for message in given], np.int64),
            encoding=np.array([message.encoding for message in given], np.uint8),
            qos=np.array([message.qos for message in given], np.uint8),
        )

    def topic(self, i: int) -> bytes:
        """The topic of frame i."""
        start = int(self.index[i, 0])
        return self.arena[start : start + int(self.index[i, 1])]

    def payload(self, i: int) -> memoryview:
        """The payload of frame i, not copied."""
        start = int(self.index[i, 2])
        return memoryview(self.arena)[start : start + int(self.index[i, 3])]

    def sender(self, i: int) -> Origin:
        """Who sent frame i."""
        return self.origins[int(self.origin[i])]

    def select(self, mask: Mask) -> "Frames":
        """The frames where `mask` holds, in their order; the arena is shared."""
        return Frames(
            arena=self.arena,
            index=self.index[mask],
            origin=self.origin[mask],
            origins=self.origins,
            arrival=self.arrival[mask],
            encoding=self.encoding[mask],
            qos=self.qos[mask],
            said=moved(self.said, np.flatnonzero(mask)) if self.said else {},
        )

    def by_tenant(self) -> Iterator[tuple[str, "Frames"]]:
        """The frames of each tenant; no copy where there is one, as on most sites."""
        tenants = sorted({origin.tenant for origin in self.origins})
        if len(tenants) <= 1:
            yield (tenants[0] if tenants else ""), self
            return
        owner = np.array([tenants.index(origin.tenant) for origin in self.origins], np.int32)[self.origin]
        for number, tenant in enumerate(tenants):
            mine = owner == number
            if mine.any():
                yield tenant, self.select(mine)

    @staticmethod
    def join(parts: "Sequence[Frames]") -> "Frames":
        """Several batches as one, in order, with each origin once."""
        found, known = Frames.beside(parts), dict[Origin, int]()
        codes = np.array([known.setdefault(origin, len(known)) for origin in found.origins], np.int32)
        return replace(found, origin=codes[found.origin], origins=tuple(known))

    @staticmethod
    def beside(parts: "Sequence[Frames]") -> "Frames":
        """Several batches as one, in order, each with its own origins: for readers that pass, quicker than `join`."""
        if len(parts) == 1:
            return parts[0]
        counts = [len(part) for part in parts]
        bases = np.cumsum([0, *(len(part.arena) for part in parts)])[:-1]
        firsts = np.cumsum([0, *(len(part.origins) for part in parts)])[:-1]
        rows = np.cumsum([0, *counts])[:-1].tolist()
        index = _stacked([part.index for part in parts], np.empty((0, 4), np.int32))
        index[:, ::2] += np.repeat(bases, counts).astype(np.int32)[:, None]
        origin = _stacked([part.origin for part in parts], np.empty(0, np.int32))
        return Frames(
            arena=b"".join([part.arena for part in parts]),
            index=index,
            origin=origin + np.repeat(firsts, counts).astype(np.int32),
            origins=tuple(chain.from_iterable(part.origins for part in parts)),
            arrival=_stacked([part.arrival for part in parts], np.empty(0, np.int64)),
            encoding=_stacked([part.encoding for part in parts], np.empty(0, np.uint8)),
            qos=_stacked([part.qos for part in parts], np.empty(0, np.uint8)),
            said={first + row: part.said[row] for first, part in zip(rows, parts, strict=True) for row in part.said},
        )

    def compact(self) -> "Frames":
        """The same frames with an arena that holds nothing else, in frame order, and only the origins in use."""
        found = Frames.of(
            Message(
                self.sender(i),
                self.topic(i),
                bytes(self.payload(i)),
                int(self.arrival[i]),
                int(self.encoding[i]),
                int(self.qos[i]),
            )
            for i in range(len(self))
        )
        return replace(found, said=self.said) if self.said else found


def moved(said: Mapping[int, bytes], places: I64) -> dict[int, bytes]:
    """What frames carried, by their new rows: `places` are the old ones."""
    return {row: said[old] for row, old in enumerate(places.tolist()) if old in said} if said else {}
