"""Corpora of foreign bytes: one input for each way in which a reader was seen to answer, kept to be tried again.

`python -m tests.faults.corpus` distils them anew from what the fuzzers make, the shortest input of each way, into
`tests/faults/corpora`; `test_corpus.py` gives every one of them to its reader. A line is the input in hexadecimal and
what became of it.
"""

import re
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from pollux.check.faults import Fault
from pollux.check.payload import Reading, read_payload
from pollux.columns.frames import Encoding
from pollux.connect.coap.codes import CoapError
from pollux.connect.coap.message import decode as decode_coap
from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.packets import V3, V5
from pollux.connect.wire.reasons import PacketRefused
from tests.connect.coap.test_fuzz import chance
from tests.faults.foreign import body, hello, packet, request

FOLDER: Final = Path(__file__).parent / "corpora"
NOW: Final = 1_795_428_000_000_000_000
Outcome = tuple[str, str]
"""What became of an input, in a word that stays, and in words that tell ways apart."""

# -- readers ----------------------------------------------------------------------------------------------------------


def read_mqtt(raw: bytes) -> Outcome:
    """A protocol level in one byte, and a packet."""
    try:
        found = header(raw, 1, len(raw)) if len(raw) > 1 else None
        if found is None or found[1] > len(raw):
            return "cut", "cut"
        told = decode(raw[1], raw[found[0] : found[1]], raw[0])
    except PacketRefused as refused:
        return refused.reason.name, refused.message
    return type(told).__name__, type(told).__name__


def read_coap(raw: bytes) -> Outcome:
    """A datagram."""
    try:
        told = decode_coap(raw)
    except CoapError as refused:
        return "refused", str(refused)
    return told.kind.name, f"{told.kind} {len(told.options)}"


def read_body(raw: bytes) -> Outcome:
    """An encoding in one byte, and a payload."""
    try:
        told = read_payload(raw[1:], raw[0], Reading(arrival=NOW))
    except Fault as fault:
        return fault.reason.name, f"{raw[0]} {fault.detail}"
    return type(told).__name__, f"{raw[0]} {type(told)}"


READERS: Final[dict[str, Callable[[bytes], Outcome]]] = {"mqtt": read_mqtt, "coap": read_coap, "payload": read_body}


def answered(port: int, raw: bytes) -> str:
    """The status that a request gets; empty where the connection just ends, as before a body that never comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        got = b""
        while b"\r\n" not in got and (more := line.recv(4096)):
            got += more
    status = re.match(rb"HTTP/1\.1 (\d{3})", got)
    return status[1].decode() if status else ""


_VARYING: Final = re.compile(r"[0-9]+|'[^']*'")
"""What says nothing of a way: numbers, and what was found."""

# -- distilling -------------------------------------------------------------------------------------------------------


def _mqtt(fair: Random) -> bytes:
    level = fair.choice((V3, V5))
    return bytes([level]) + (hello(fair, level) if fair.random() < 0.3 else packet(fair, level))


def _body(fair: Random) -> bytes:
    return bytes([fair.choice(tuple(Encoding))]) + body(fair)


MAKERS: Final[dict[str, Callable[[Random], bytes]]] = {"mqtt": _mqtt, "coap": chance, "payload": _body}


def distilled(kind: str, count: int, longest: int = 400) -> dict[str, tuple[bytes, str]]:
    """The shortest input of each way of answering, among so many."""
    fair, found = Random(1), dict[str, tuple[bytes, str]]()
    for _ in range(count):
        raw = MAKERS[kind](fair)
        if len(raw) <= longest:
            word, words = READERS[kind](raw)
            way = f"{word} {_VARYING.sub('#', words)[:60]}"
            if way not in found or len(raw) < len(found[way][0]):
                found[way] = raw, word
    return found


def _requests(port: int, count: int, longest: int = 400) -> list[bytes]:
    """The shortest request of each status, method and path, shortest first."""
    fair, found = Random(1), dict[tuple[str, bytes], bytes]()
    for _ in range(count):
        raw = request(fair)
        if len(raw) <= longest:
            status = answered(port, raw)
            # What is no request at all has no method and path to tell it by.
            way = status, raw[:5] if status == "400" else raw.partition(b"HTTP")[0][:24]
            found[way] = min(found.get(way, raw), raw, key=lambda one: (len(one), one))
    return sorted(set(found.values()), key=lambda one: (len(one), one))


def _replayed(requests: list[bytes]) -> list[str]:
    from tests.faults.test_corpus import opened

    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as port:
        return [answered(port, raw) for raw in requests]


def kept(kind: str) -> Iterator[tuple[bytes, str]]:
    """What is kept of a kind."""
    for line in (FOLDER / f"{kind}.txt").read_text().splitlines():
        raw, _, word = line.partition(" ")
        yield bytes.fromhex(raw), word


def _keep(kind: str, found: list[tuple[bytes, str]]) -> None:
    (FOLDER / f"{kind}.txt").write_text("".join(f"{raw.hex()} {word}\n" for raw, word in found))
    print(f"{kind}: {len(found)}")


def main(count: int) -> None:
    """Distil every corpus anew."""
    from tests.faults.test_corpus import opened

    FOLDER.mkdir(exist_ok=True)
    for kind in READERS:
        found = dict(distilled(kind, count).values())
        _keep(kind, sorted(found.items(), key=lambda one: (len(one[0]), one)))
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as port:
        requests = _requests(port, count // 20)
    # What depends on what came before, or on the moment, is no regression test: it is left out.
    first, second = _replayed(requests), _replayed(requests)
    _keep("http", [(raw, one) for raw, one, two in zip(requests, first, second, strict=True) if one == two])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000)
