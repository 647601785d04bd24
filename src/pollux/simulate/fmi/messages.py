"""What the process of an FMU is asked and answers: MessagePack behind a length, over two pipes."""

import os
import struct
from collections.abc import Callable
from typing import Final

import msgspec

from pollux.simulate.fmi.instances import Member
from pollux.simulate.fmi.plan import Plan

_HEAD: Final = struct.Struct("<Q")
_LARGEST: Final = 4 << 30
_CHUNK: Final = 1 << 20

Wait = Callable[[int, bool], None]
"""Waits until a pipe can be read, or written to; raises when it has waited too long."""


class Warm(msgspec.Struct, frozen=True, tag="warm"):
    """Run compiled loops from now on; no code of the FMU is called for it."""

    exchange: bool


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Make the instances; starts and inputs are float64, (number, member), `shared` is the file of shared memory."""

    plan: Plan
    members: int
    starts: bytes
    shared: str


class Put(msgspec.Struct, frozen=True, tag="put"):
    """Set the inputs that lie in shared memory."""


class Advance(msgspec.Struct, frozen=True, tag="advance"):
    """Take steps."""

    begin: float
    h: float
    count: int
    record: bool


class Read(msgspec.Struct, frozen=True, tag="read"):
    """Read into shared memory."""


class Save(msgspec.Struct, frozen=True, tag="save"):
    """Give the states."""


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Set the states."""

    members: list[Member]


Request = Warm | Start | Put | Advance | Read | Save | Load


class Done(msgspec.Struct, frozen=True, tag="done"):
    """It went well: how the members are, the last messages of the FMU, and what was asked for."""

    statuses: list[int] = []
    failed_at: list[float] = []
    log: list[str] = []
    recorded: bytes = b""
    members: list[Member] = []
    complete: bool = True


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It did not: the parts of a `SimulationError`."""

    message: str
    at: str | None = None
    hint: str | None = None


Reply = Done | Refused

REQUESTS: Final = msgspec.msgpack.Decoder(Request)
REPLIES: Final = msgspec.msgpack.Decoder(Reply)
ENCODE: Final = msgspec.msgpack.Encoder().encode


def _patient(_pipe: int, _writing: bool) -> None:
    """Waits as long as the pipe itself does."""


def send(pipe: int, message: Request | Reply, wait: Wait = _patient) -> None:
    """Write one message whole."""
    body = ENCODE(message)
    left = memoryview(_HEAD.pack(len(body)) + body)
    while left:
        wait(pipe, True)
        try:
            left = left[os.write(pipe, left[:_CHUNK]) :]
        except BlockingIOError:
            continue


def receive(pipe: int, wait: Wait = _patient) -> bytes:
    """Read one message whole; raises `EOFError` when the other side has ended, or sends what is no message."""
    (length,) = _HEAD.unpack(_exactly(pipe, _HEAD.size, wait))
    if length > _LARGEST:
        raise EOFError
    return _exactly(pipe, length, wait)


def _exactly(pipe: int, length: int, wait: Wait) -> bytes:
    parts: list[bytes] = []
    while length:
        wait(pipe, False)
        try:
            part = os.read(pipe, min(length, _CHUNK))
        except BlockingIOError:
            continue
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
