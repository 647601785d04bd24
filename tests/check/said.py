"""One reading of a pump, in every format that can say it."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cbor2
import msgspec

from pollux.check import pack_block
from pollux.columns.frames import Encoding

FILES = Path(__file__).parent / "formats"
SECONDS = 1_795_430_536
"""When it was read: in whole seconds since 1970."""

READING: Mapping[str, Any] = {"temp": 300.5, "speed": 900}

_PACK = [{"bn": "urn:dev:mac:0024:", "bt": SECONDS, "n": "temp", "u": "K", "v": 300.5}, {"n": "speed", "v": 900}]
_LABELS = {"bn": -2, "bt": -3, "n": 0, "u": 1, "v": 2}


def _field(number: int, kind: int, value: bytes) -> bytes:
    return bytes([number << 3 | kind]) + value


def _sparkplug() -> bytes:
    metrics = b""
    for name, value in READING.items():
        metric = _field(1, 2, bytes([len(name)]) + name.encode()) + _field(4, 0, b"\x0a")
        metric += _field(13, 1, struct.pack("<d", value))
        metrics += _field(2, 2, bytes([len(metric)]) + metric)
    return _field(1, 0, _varint(SECONDS * 1000)) + metrics + _field(3, 0, b"\x01")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


SAID: Mapping[Encoding, bytes] = {
    Encoding.JSON: json.dumps({"t": SECONDS, **READING}).encode(),
    Encoding.CBOR: cbor2.dumps({"t": SECONDS, **READING}),
    Encoding.MSGPACK: msgspec.msgpack.encode({"t": SECONDS, **READING}),
    Encoding.BINARY: pack_block(list(READING), [[v] for v in READING.values()], times=[SECONDS * 10**9], type="f4"),
    Encoding.NDJSON: json.dumps({"t": SECONDS, **READING}).encode() + b"\n",
    Encoding.SENML_JSON: json.dumps(_PACK).encode(),
    Encoding.SENML_CBOR: cbor2.dumps([{_LABELS[label]: value for label, value in one.items()} for one in _PACK]),
    Encoding.CSV: b"t,temp,speed\r\n%d,300.5,900\r\n" % SECONDS,
    Encoding.XML: b'<r t="%d"><temp unit="K">300.5</temp><speed>900</speed></r>' % SECONDS,
    Encoding.SPARKPLUG: _sparkplug(),
    Encoding.ARROW: (FILES / "reading.arrow").read_bytes(),
}
"""All but TEXT, which knows no names: it says one value where a topic names the signal."""
