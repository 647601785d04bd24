"""A Sparkplug B edge node in the words of the specification, with an encoder of its own: what hosts are tried with."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

INT32, INT16, FLOAT, DOUBLE, BOOLEAN, STRING, UINT64 = 3, 2, 9, 10, 11, 12, 8


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def part(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def valued(kind: int, value: Any) -> bytes:
    if value is None:
        return part(7, 1)
    if kind == FLOAT:
        return b"\x65" + struct.pack("<f", value)
    if kind == DOUBLE:
        return b"\x69" + struct.pack("<d", value)
    if kind == BOOLEAN:
        return part(14, int(value))
    if kind == STRING:
        return part(15, value.encode())
    return part(11, value) if kind == UINT64 else part(10, value & 0xFFFFFFFF)


def properties(told: Mapping[str, str | int]) -> bytes:
    keys = b"".join(part(1, name.encode()) for name in told)
    values = (part(1, 12) + part(8, one.encode()) if isinstance(one, str) else part(1, 3) + part(3, one)
              for one in told.values())  # fmt: skip
    return keys + b"".join(part(2, value) for value in values)


@dataclass
class Tag:
    """A metric as its birth tells it."""

    name: str
    kind: int
    value: Any
    alias: int | None = None
    props: dict[str, str | int] = field(default_factory=dict)

    def born(self, millis: int) -> bytes:
        alias = b"" if self.alias is None else part(2, self.alias)
        props = part(9, properties(self.props)) if self.props else b""
        return part(1, self.name.encode()) + alias + part(3, millis) + part(4, self.kind) + props + valued(
            self.kind, self.value
        )  # fmt: skip

    def told(self, value: Any, millis: int, *, historical: bool = False, quality: int | None = None) -> bytes:
        called = part(1, self.name.encode()) if self.alias is None else part(2, self.alias)
        said = called + part(3, millis) + part(4, self.kind) + (part(5, 1) if historical else b"")
        if quality is not None:
            said += part(9, properties({"Quality": quality}))
        return said + valued(self.kind, value)


class EdgeNode:
    """Makes the messages of one node: topic and payload. `seq` and `bdseq` run as the specification has them."""

    def __init__(self, group: str, node: str) -> None:
        self.group, self.node = group, node
        self.seq, self.bdseq = 0, 0

    def topic(self, kind: str, device: str = "") -> str:
        return f"spBv1.0/{self.group}/{kind}/{self.node}" + (f"/{device}" if device else "")

    def payload(self, millis: int, *metrics: bytes) -> bytes:
        seq, self.seq = self.seq, (self.seq + 1) % 256
        return part(1, millis) + b"".join(part(2, metric) for metric in metrics) + part(3, seq)

    def nbirth(self, millis: int, *tags: Tag) -> tuple[str, bytes]:
        self.seq = 0
        own = Tag("bdSeq", UINT64, self.bdseq), Tag("Node Control/Rebirth", BOOLEAN, False)
        return self.topic("NBIRTH"), self.payload(millis, *(tag.born(millis) for tag in (*own, *tags)))

    def ndeath(self) -> tuple[str, bytes]:
        return self.topic("NDEATH"), part(2, Tag("bdSeq", UINT64, self.bdseq).born(0))

    def dbirth(self, device: str, millis: int, *tags: Tag) -> tuple[str, bytes]:
        return self.topic("DBIRTH", device), self.payload(millis, *(tag.born(millis) for tag in tags))

    def ddata(self, device: str, millis: int, *metrics: bytes) -> tuple[str, bytes]:
        return self.topic("DDATA", device), self.payload(millis, *metrics)

    def ndata(self, millis: int, *metrics: bytes) -> tuple[str, bytes]:
        return self.topic("NDATA"), self.payload(millis, *metrics)

    def ddeath(self, device: str, millis: int) -> tuple[str, bytes]:
        return self.topic("DDEATH", device), self.payload(millis)
