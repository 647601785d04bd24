"""What lets sessions outlive a restart: where they are written down, and how what waits for them is found again."""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, final

import msgspec

from pollux.columns.frames import Frames
from pollux.connect.driver import TicketLike
from pollux.connect.mqtt.message import Message
from pollux.connect.wire import properties
from pollux.connect.wire.octets import Reader
from pollux.connect.wire.properties import Kind

_NUMBER: Final = struct.Struct("<I")
_BITS: Final = 20
"""Of the number of a message in its batch; a batch has at most 65,536."""


class RegisterLike(Protocol):
    """The last value of each key, durable; `pollux.remember.Register` is one."""

    @property
    def items(self) -> Mapping[bytes, bytes]:
        """What was there at the start."""
        ...

    @property
    def closed(self) -> bool:
        """Whether that is the whole: nothing had changed since."""
        ...

    @property
    def damaged(self) -> bool:
        """Whether bytes had changed, so that nothing was there."""
        ...

    @property
    def failures(self) -> int:
        """How often it could not be written; that is tried again."""
        ...

    def put(self, key: bytes, value: bytes | None, then: Callable[[], object] | None = None) -> None:
        """Give a key another value, or none; `then` is called from any thread once that is durable. Never waits."""
        ...

    def forget(self) -> None:
        """Leave nothing of what was removed."""
        ...

    def close(self, *, whole: bool = True) -> None:
        """Write what waits; the `whole` if nothing is older than it should be."""
        ...


class Recalled(NamedTuple):
    """A message from inside, as it would be published now."""

    topic: str
    payload: bytes
    expires: int


@final
@dataclass(frozen=True, slots=True)
class Memory:
    """What an endpoint is given so that its sessions outlive it.

    `last` is the number of the last entry of the log; `past(first, until)` gives the batches from one entry to another,
    or to the end; `entry` is the number under which a ticket's batch stands in the log, 0 where it does not. `recall`
    gives what was published from inside under a name again, None where it is not wanted any more.
    """

    register: RegisterLike
    last: Callable[[], int]
    past: Callable[[int, int | None], Iterator[tuple[int, Frames]]]
    entry: Callable[[TicketLike], int]
    recall: Callable[[str], Recalled | None]


def place_of(entry: int, number: int = 0) -> int:
    """Where a message stands in the log, as one number that grows: its entry, and its number in the batch."""
    return entry << _BITS | number


def entry_at(place: int) -> int:
    """The entry in which a place lies."""
    return place >> _BITS


class _Carried(msgspec.Struct, array_like=True, frozen=True):
    client_id: str
    retain: bool
    expires: int
    said: bytes


def carried(message: Message, number: int, client_id: str) -> bytes:
    """What the log keeps of a message beside topic, payload, sender and QoS."""
    rest = _Carried(client_id, message.retain, message.expires, properties.write(message.said))
    return _NUMBER.pack(number) + msgspec.msgpack.encode(rest)


def number_in(content: bytes) -> int:
    """The number of a message in its batch, of what it carried."""
    return int(_NUMBER.unpack_from(content)[0])


def message_of(entry: int, frames: Frames, row: int) -> Message:
    """A message as it was, from the log."""
    content, sender = frames.said[row], frames.sender(row)
    rest = msgspec.msgpack.decode(content[_NUMBER.size :], type=_Carried)
    return Message(
        frames.topic(row),
        bytes(frames.payload(row)),
        qos=int(frames.qos[row]),
        retain=rest.retain,
        said=properties.read(Reader(rest.said), Kind.PUBLISH),
        expires=rest.expires,
        source=(sender.tenant, sender.device, rest.client_id),
        place=place_of(entry, number_in(content)),
    )
