"""Hostile datagrams: whatever comes, nothing breaks, memory is bounded, and a canary beside it is served."""

import secrets
import socket
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from OpenSSL import SSL

from pollux.clock import SimulatedClock, stopwatch
from pollux.connect.coap.around import Around
from pollux.connect.coap.blocks import Block
from pollux.connect.coap.codes import Code, Kind, Number
from pollux.connect.coap.counters import Counters
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.loop import Loop
from pollux.connect.coap.message import Message, decode, encode, of_uint
from pollux.connect.coap.peers import Peer
from pollux.connect.wire.rights import Rights, native
from pollux.guard import Gate
from tests.connect.coap.rig import TELEMETRY, HandSink, Secured, opened, secured

LIMITS = Limits(exchanges=16, exchanges_total=24, bodies=3, bodies_each=2, observers=3, observers_each=2, shown=2,
                pending=4, body_bytes=4_096, piggyback_seconds=0.01)  # fmt: skip
PATHS = ("twins/Pump/P-7/telemetry", "twins/Pump/P-7/state", "twins/Pump/P-7/commands", "twins/Pump/P-7/commands/ack",
         ".well-known/core", "twins/Pump/P-8/state", "a", "")  # fmt: skip
STATE = b'{"seq": 1, "temp": {"value": 300}, "text": "%b"}' % (b"x" * 3_000)


def chance(fair: Random) -> bytes:
    """A message that is right in most of its parts, or was damaged afterwards."""
    found = [(Number.URI_PATH.value, word.encode()) for word in fair.choice(PATHS).split("/")]
    found.append((Number.URI_QUERY.value, fair.choice((b"name=P-7", b"name=P-7", b"name=*", b"token=x", b"\xff"))))
    for number, values in (
        (Number.CONTENT_FORMAT, (0, 42, 50, 60, 110, 112, 41, 7)), (Number.ACCEPT, (50, 60, 40, 1)),
        (Number.OBSERVE, (0, 1, 2)), (Number.NO_RESPONSE, (2, 8, 26)), (Number.SIZE1, (10, 1 << 30)),
    ):  # fmt: skip
        if fair.random() < 0.2:
            found.append((number.value, of_uint(fair.choice(values))))
    for number in (Number.BLOCK1, Number.BLOCK2):
        if fair.random() < 0.3:
            found.append(
                (number.value, Block(fair.choice((0, 0, 1, 2, 9)), fair.random() < 0.5, fair.randrange(7)).value)
            )
    if fair.random() < 0.1:
        found.append((fair.randrange(70), fair.randbytes(fair.randrange(20))))
    payload = fair.choice((b"", b'{"temp": 300}', b"{", b"[" * 2_000, b"\x81" * 999, fair.randbytes(64), bytes(1_024)))
    message = Message(Kind(fair.randrange(4)), fair.choice((0, 1, 1, 2, 2, 3, 4, 7, 31, 69, 255)), fair.randrange(40),
                      fair.randbytes(fair.randrange(3)), tuple(found), payload)  # fmt: skip
    data = bytearray(encode(message))
    if fair.random() < 0.3:
        for _ in range(fair.randrange(1, 4)):
            data[fair.randrange(len(data))] ^= 1 << fair.randrange(8)
        data = data[: fair.randrange(len(data) + 1)]
    return bytes(data)


class Bench:
    """The endpoint without socket and thread: what it answers is kept in a list."""

    def __init__(self) -> None:
        gate = Gate(by_name=True)
        self.counters, self.sink = Counters(), HandSink()
        around = Around(LIMITS, self.counters, SimulatedClock(1), Rights(gate, native), {"Pump/P-7": STATE}.get)
        self.loop = Loop(around, gate, self.sink, ("Pump",))
        self.said: list[bytes] = []
        self.peer: Peer = self.loop.peers.made("127.0.0.1", self.said.append, 0.0)
        self.now = 0.0

    def turn(self, data: bytes) -> list[bytes]:
        """One datagram, and everything that is due until a second later."""
        begin = len(self.said)
        self.loop.dialogue.heard(self.peer, data, self.now)
        self.loop.intake.flush(self.now)
        self.loop.intake.settle(self.now)
        self.now += 1.0
        self.loop._answers.turn(self.now)
        self.loop._confirming.turn(self.now)
        self.loop.observers.tell("twins/Pump/P-7/commands", b"{}", self.now)
        self.loop.observers.tell("twins/Pump/P-7/state", STATE, self.now)
        return self.said[begin:]

    def check(self) -> None:
        """Nothing broke, everything is bounded, and what was said is CoAP."""
        loop = self.loop
        assert self.counters.internal_errors == 0
        assert len(self.peer.exchanges) <= LIMITS.exchanges
        assert loop.peers.budget.held == len(self.peer.exchanges)
        assert len(loop.observers) == len(self.peer.observed) <= 2
        assert len(loop._saying.bodies) <= 2
        assert loop._saying.bodies.held == sum(len(one.parts) for one in loop._saying.bodies._bodies.values())
        assert len(loop._confirming) <= 2 * LIMITS.observers_each
        assert (self.peer.pending, loop._answers.open, loop.intake._held) == (0, 0, 0)
        for data in self.said:
            assert len(data) <= 1_200
            decode(data)


@settings(max_examples=25, deadline=None)
@given(some.integers(0, 1 << 32))
def test_no_sequence_of_messages_breaks_anything(seed: int) -> None:
    """Two hundred messages of one peer, right and wrong; every request that can be read is answered once."""
    fair, bench = Random(seed), Bench()
    for _ in range(200):
        data = chance(fair)
        fresh = len(data) < 4 or bench.peer.exchanges.find(data[2] << 8 | data[3], bench.now) is None
        answers = bench.turn(data)
        confirmable = len(data) >= 4 and data[0] >> 4 == 4
        own = [one for one in answers if one[0] >> 4 & 3 >= Kind.ACK and one[2:4] == data[2:4]]
        assert len(own) == (1 if confirmable else len(own)) or not fresh, data.hex()
        assert confirmable or len(own) <= 1
    bench.check()
    bench.loop.free()


def _hammer(port: int, seconds: float, fair: Random) -> int:
    sent, end = 0, stopwatch() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        while stopwatch() < end:
            data = chance(fair)
            line.sendto(data, ("127.0.0.1", port))
            sent += 1
    return sent


def _beside(tmp: Path, seconds: float) -> None:
    seed = secrets.randbelow(1 << 32)
    with opened(tmp) as plant:
        canary = plant.device()
        for number in range(5):
            _hammer(plant.endpoint.port, seconds / 5, Random(seed + number))
            answer = canary.ask(Code.POST, TELEMETRY, b'{"temp": 300}')
            assert answer.code == Code.CHANGED, f"seed {seed}"
        assert plant.count("internal_errors") == 0, f"seed {seed}"
        assert not plant.endpoint.failure, f"seed {seed}"


def test_a_canary_sings_beside_a_fuzzer(tmp_path: Path) -> None:
    """While hostile datagrams come a good device is answered."""
    _beside(tmp_path, 0.5)


@pytest.mark.soak
def test_a_canary_sings_beside_a_fuzzer_for_long(tmp_path: Path) -> None:
    """The same for ten minutes."""
    _beside(tmp_path, 600.0)


def test_hostile_records_end_nobody_else(tmp_path: Path) -> None:
    """Damaged hellos and records, from strangers and from a device's own address: a session that lives goes on."""
    seed = secrets.randbelow(1 << 32)
    fair = Random(seed)
    with secured(tmp_path) as (plant, made):
        device = Secured(plant.endpoint.port, made, made.device("P-7")).shake()
        stranger = Secured(plant.endpoint.port, made, None)
        with pytest.raises(SSL.WantReadError):
            stranger.connection.do_handshake()
        hello = stranger.connection.bio_read(65_536)
        for _ in range(300):
            data = bytearray(hello if fair.random() < 0.7 else fair.randbytes(fair.randrange(1, 200)))
            for _ in range(fair.randrange(4)):
                data[fair.randrange(len(data))] ^= 1 << fair.randrange(8)
            cut = bytes(data[: fair.randrange(len(data) + 1)] if fair.random() < 0.3 else data)
            (device if fair.random() < 0.3 else stranger).socket.send(cut)
        # Of so many datagrams at once some are dropped: what is not answered is sent again, as CoAP has it.
        answer = device.insist(Code.POST, TELEMETRY, b'{"temp": 300}')
        assert answer.code == Code.CHANGED, f"seed {seed}"
        assert plant.count("internal_errors") == 0
        device.close()
        stranger.close()
