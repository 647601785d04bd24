"""The reference page is complete: a reader written from it alone, with nothing of the package, reads a log."""

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec

from pollux.clock import SimulatedClock
from pollux.columns.frames import Frames, Message, Origin
from pollux.remember import Log, Note
from tests.remember.fakes import FakeKeys


def read_log(folder: Path, keys: FakeKeys) -> list[tuple[int, Any]]:
    """All entries, as docs/reference/log.md says."""
    found: list[tuple[int, Any]] = []
    previous = bytes(32)
    parts: list[tuple[int, Any]] = []
    for path in sorted((folder / "log").glob("*.seg")):
        data = path.read_bytes()
        assert data[:8] == b"POLLUXLG"
        assert zlib.crc32(data[:124]) == struct.unpack_from("<I", data, 124)[0]
        mark, first = data[32:40], struct.unpack_from("<Q", data, 40)[0]
        assert path.name == f"{first:016d}.seg"
        assert data[64:96] == previous
        at = 128
        while data[at : at + 8] == mark:
            kind, flags, length, seq, _, _, items, size, arrival = struct.unpack_from("<BHIQIIIIq", data, at + 9)
            tenant_size, name_size = struct.unpack_from("<HH", data, at + 64)
            head = data[at : at + length]
            assert length == (136 + tenant_size + name_size + 7) & ~7
            assert zlib.crc32(head[:-4]) == struct.unpack_from("<I", head, length - 4)[0]
            assert head[100:132] == previous
            previous = hashlib.sha256(head).digest()
            payload = data[at + length : at + length + size]
            assert hashlib.sha256(payload).digest() == head[68:100]
            tenant, name = head[132 : 132 + tenant_size], head[132 + tenant_size : 132 + tenant_size + name_size]
            if flags & 2:
                aad = struct.pack("<16sBQIIIq", b"pollux log 1", kind, seq, *_parts(head), items, arrival)
                opened = keys.unseal(name.decode(), aad + tenant + b"\0" + name, payload)
                assert opened is not None
                payload = opened
            at += length + ((size + 15) & ~7)
            if kind == 1:
                parts += read_frames(payload, tenant.decode())
            elif kind == 2:
                parts.append((0, (*msgspec.msgpack.decode(payload), tenant.decode())))
            if kind != 3 and flags & 1:
                found.append((seq, [value for _, value in sorted(parts, key=lambda part: part[0])]))
                parts = []
        assert not data[at:].strip(b"\0")
    return found


def _parts(head: bytes) -> tuple[int, int]:
    part, parts = struct.unpack_from("<II", head, 24)
    return part, parts


def read_frames(payload: bytes, tenant: str) -> list[tuple[int, Any]]:
    """Frames with their positions in the batch."""
    (length,) = struct.unpack_from("<I", payload)
    n, bases, widths, origins = msgspec.msgpack.decode(payload[4 : 4 + length])
    at, columns = 4 + length, []
    for base, width in zip(bases, widths, strict=True):
        numbers = [int.from_bytes(payload[at + i * width : at + i * width + width], "little") for i in range(n)]
        values = [(base + number + 2**63) % 2**64 - 2**63 for number in numbers]
        columns.append(values)
        at += n * width
    frames = []
    for arrival, topic, body, origin, encoding, qos, position in zip(*columns, strict=True):
        text, at = payload[at : at + topic], at + topic
        content, at = payload[at : at + body], at + body
        frames.append((position, (tenant, *origins[origin], text, content, arrival, encoding, qos)))
    return frames


def test_a_reader_written_from_the_page_reads_the_log(tmp_path: Path) -> None:
    """Batches, notes, persons, tenants, several segments: everything is read without the package."""
    keys = FakeKeys()
    told: list[tuple[int, Any]] = []
    with Log.open(tmp_path, clock=SimulatedClock(9), keys=keys, segment_bytes=2048) as log:
        for i in range(30):
            messages = [
                Message(
                    Origin(f"t{j % 2}", f"d{j}", "ann" if j % 3 == 1 else None, "b" if j % 2 else None),
                    b"topic/%d" % j,
                    b"x" * (i * j),
                    (-1) ** j * 2 ** (2 * i) + j,
                    j % 6,
                    j % 3,
                )
                for j in range(i % 6 + 1)
            ]
            log.append(Frames.of(messages))
            told.append(
                (
                    2 * i + 1,
                    [
                        (m.origin.tenant, m.origin.device, m.origin.subject, m.origin.boot, m.topic, m.payload, *m[3:])
                        for m in messages
                    ],
                )
            )
            log.append(Note("tick", {"i": i}, "t1", "ann" if i % 2 else None))
            told.append((2 * i + 2, [("tick", "ann" if i % 2 else None, {"i": i}, "t1")]))
            log.flush(20)
    assert len(list((tmp_path / "log").glob("*.seg"))) > 3
    assert read_log(tmp_path, keys) == told
