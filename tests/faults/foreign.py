"""Foreign bytes, nearly right: streams of MQTT packets, CoAP messages, HTTP requests and payloads of every encoding."""

import contextlib
import itertools
import json
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final, final

from pollux.columns.encodings import FORMS
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import (
    V3,
    V5,
    Ack,
    Connect,
    Farewell,
    Packet,
    Ping,
    Publish,
    Subscribe,
    Unsubscribe,
    Wish,
)
from pollux.connect.wire.properties import Kind, Properties
from tests.connect.coap.test_fuzz import chance
from tests.faults.target import TOKEN

SEEDS: Final = Path(__file__).parent.parent / "check" / "formats"

BODIES: Final[tuple[bytes, ...]] = (
    b'{"temp": 300.5, "vibration": 1e-3, "seq": 7, "boot": "b", "t": "2026-11-01T00:00:00Z"}',
    b'{"t": [1, 2, 3], "temp": [300, 301, null]}',
    b'[{"temp": 300}, {"temp": "301 K"}]',
    b'{"temp": {"value": 26.85, "unit": "degC"}, "maker": "Acme"}',
    b"21.5",
    b"t,temp\n1,300\n2,301\n",
    b'<r><temp unit="K">300</temp></r>',
    b'[{"bn": "temp", "bt": 1.2e9, "bu": "K", "v": 300}, {"t": 1, "v": 301}]',
    b"\xa2dtemp\xf9\x5c\xb0cseq\x07",
    b"\x82\xa4temp\xcb\x40\x72\xc0\x00\x00\x00\x00\x00\xa3seq\x07",
    *(path.read_bytes() for path in sorted(SEEDS.iterdir()) if path.is_file()),
)


def damaged(raw: bytes, fair: Random) -> bytes:
    """The same with some bytes changed, doubled, cut out or put in; mostly a little, sometimes a lot."""
    out = bytearray(raw)
    for _ in range(fair.choice((0, 1, 1, 2, 3, 12))):
        place = fair.randrange(len(out) + 1)
        match fair.randrange(5):
            case 0 if out:
                out[place % len(out)] = fair.randrange(256)
            case 1 if out:
                out[place % len(out)] ^= 1 << fair.randrange(8)
            case 2:
                out[place:place] = fair.randbytes(fair.randrange(1, 9))
            case 3:
                del out[place : place + fair.randrange(1, 9)]
            case _:
                out[place:place] = out[place : place + fair.randrange(1, 64)] * fair.randrange(1, 4)
    return bytes(out)


def body(fair: Random) -> bytes:
    """A payload of some encoding, mostly damaged."""
    return damaged(fair.choice(BODIES), fair)


# -- MQTT -------------------------------------------------------------------------------------------------------------

_TOPICS: Final = (
    "twins/Pump/F-1/telemetry", "twins/Pump/F-1/telemetry/cbor", "plant/1/F-2/temp", "gateway/a/F-3",
    "twins/Pump/+/state", "twins/Pump/F-1/commands", "#", "$SYS/x", "$share/g/plant/#",
    "twins/Nothing/F-1/telemetry", "a" * 600, "",
)  # fmt: skip


def _packet(fair: Random) -> Packet:
    topic, number = fair.choice(_TOPICS), fair.randrange(1, 9)
    media = fair.choice(FORMS).media[0]
    said = Properties(
        content_type=media, topic_alias=fair.choice((None, 1, 9_999)), message_expiry=fair.choice((None, 1))
    )
    match fair.randrange(8):
        case 0:
            return Subscribe(number, (Wish(topic, fair.randrange(3)),))
        case 1:
            return Unsubscribe(number, (topic,))
        case 2:
            return Ping(Kind.PINGREQ)
        case 3:
            return Ack(fair.choice((Kind.PUBACK, Kind.PUBREC, Kind.PUBREL, Kind.PUBCOMP)), number)
        case 4 if fair.random() < 0.2:
            return Farewell(Kind.DISCONNECT)
        case _:
            return Publish(topic.encode(), body(fair), fair.randrange(3), packet_id=number, properties=said)


def _encoded(packet: Packet, level: int) -> bytes:
    with contextlib.suppress(Exception):
        return encode(packet, level)
    return b""


def hello(fair: Random, level: int) -> bytes:
    """A CONNECT, mostly right."""
    name = f"F-{fair.randrange(4)}"
    raw = encode(Connect(level, name, fair.random() < 0.7, fair.choice((0, 1, 60)), name, None), level)
    return raw if fair.random() < 0.9 else damaged(raw, fair)


def packet(fair: Random, level: int) -> bytes:
    """Any other packet, often damaged."""
    raw = _encoded(_packet(fair), level)
    return damaged(raw, fair) if fair.random() < 0.4 else raw


def mqtt(port: int, fair: Random) -> None:
    """One connection: mostly a right CONNECT, then packets of which some are damaged."""
    level = fair.choice((V3, V5))
    stream = hello(fair, level) + b"".join(packet(fair, level) for _ in range(fair.randrange(12)))
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        for part in _parts(stream, fair):
            line.sendall(part)
        line.settimeout(0.02)
        line.recv(4096)


def _parts(stream: bytes, fair: Random) -> list[bytes]:
    cuts = sorted(fair.randrange(len(stream) + 1) for _ in range(fair.randrange(4)))
    bounds = [0, *cuts, len(stream)]
    return [stream[start:end] for start, end in itertools.pairwise(bounds)]


# -- CoAP, HTTP -------------------------------------------------------------------------------------------------------


def coap(port: int, fair: Random) -> None:
    """Some datagrams from one address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect(("127.0.0.1", port))
        for _ in range(fair.randrange(1, 20)):
            with contextlib.suppress(OSError):
                line.send(chance(fair))


_PATHS: Final = (
    "/api/v1/twins", "/api/v1/twins/Pump/F-1", "/api/v1/twins/Pump/F-1/telemetry", "/api/v1/telemetry",
    "/api/v1/twins/Pump/F-1/history?from=0&to=9e9&points=5", "/api/v1/twins/Pump/F-1/forks", "/api/v1/alarms",
    "/api/v1/devices/F-1/trace", "/api/v1/refusals?limit=5", "/api/v1/twins/Pump/F-1/commands", "/health/ready",
    "/metrics", "/docs", "/", "/%00/../x",
)  # fmt: skip


def request(fair: Random, port: int = 80) -> bytes:
    """One request, with a token or without, its head or body damaged."""
    content = body(fair)
    method = fair.choice(("GET", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"))
    head = (
        f"{method} {fair.choice(_PATHS)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: {fair.choice(FORMS).media[0]}\r\nContent-Length: {len(content)}\r\n"
    )
    if fair.random() < 0.7:
        head += f"Authorization: Bearer {TOKEN}\r\n"
    if fair.random() < 0.2:
        head += f"Content-Encoding: {fair.choice(('gzip', 'deflate', 'br'))}\r\n"
    raw = head.encode() + b"Connection: close\r\n\r\n" + content
    return damaged(raw, fair) if fair.random() < 0.3 else raw


def http(port: int, fair: Random) -> None:
    """One request, and its answer."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.sendall(request(fair, port))
        line.settimeout(2)
        while line.recv(65_536):
            pass


FUZZERS: Final[dict[str, Callable[[int, Random], None]]] = {"mqtt": mqtt, "coap": coap, "http": http}


@final
class Canary:
    """A device and a reader that behave: each must be served whatever the others do."""

    def __init__(self, ports: dict[str, int]) -> None:
        self._ports = ports
        self._line = socket.create_connection(("127.0.0.1", ports["mqtt"]), timeout=20)
        self._line.sendall(encode(Connect(V3, "canary", True, 0, "canary", None), V3))
        assert self._line.recv(4) == b"\x20\2\0\0", "the canary was not let in"
        self._count = 0

    def sings(self) -> None:
        """One message is acknowledged, and one value is read."""
        self._count += 1
        said = json.dumps({"temp": 300 + self._count % 50, "seq": self._count}).encode()
        number = self._count % 65_535 + 1
        self._line.sendall(encode(Publish(b"twins/Pump/canary/telemetry", said, 1, packet_id=number), V3))
        answer = b""
        while len(answer) < 4:
            got = self._line.recv(4 - len(answer))
            assert got, "the canary was put out"
            answer += got
        assert answer == b"\x40\2" + number.to_bytes(2, "big"), answer.hex()
        with socket.create_connection(("127.0.0.1", self._ports["http"]), timeout=20) as line:
            asked = f"GET /api/v1/twins/Pump/canary HTTP/1.1\r\nHost: 127.0.0.1:{self._ports['http']}\r\n"
            line.sendall(f"{asked}Authorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode())
            assert line.recv(64).startswith(b"HTTP/1.1 200"), "the canary was not read"

    def leave(self) -> None:
        self._line.close()
