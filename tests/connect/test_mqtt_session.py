"""The queues of one session, without a socket."""

from typing import Any, cast

import pytest

from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.link import Link
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.session import Session
from pollux.connect.wire.packets import V5, Connect
from pollux.guard import Identity

ANN = Identity("", "ann", "person", frozenset({"viewer"}), ("*",))


class Taking:
    """A link whose socket takes everything at once, or nothing."""

    def __init__(self, *, takes: bool) -> None:
        self.takes, self.dead, self.owing, self.out_bytes, self.sent = takes, False, 0, 0, 0
        self.out: list[bytes] = []

    def put(self, data: bytes, _: int) -> None:
        self.sent += 1
        self.out_bytes += 0 if self.takes else len(data)


def session(link: Taking) -> Session:
    return Session(cast(Link, link), Connect(V5, "c"), ANN, Limits(outgoing_bytes=10_000), Counters())


@pytest.mark.parametrize("replaying", [False, True])
def test_whoever_takes_everything_is_never_too_slow(replaying: bool) -> None:
    """A message beyond the bound of the queue is sent at once, also to one that is reading retained messages."""
    link: Any = Taking(takes=True)
    one = session(link)
    if replaying:
        one.replay(b"#", iter([None] * 1_000), qos=1, ids=())
    large = Message(b"twins/Pump/P-1/telemetry", b"x" * 20_000, qos=1)
    assert all(one.offer(large, qos=1, retain=False, ids=(), now=0) for _ in range(5))
    assert link.sent == 5


def test_whoever_takes_nothing_is_too_slow() -> None:
    """The queue is bounded in bytes at QoS 1."""
    one = session(Taking(takes=False))
    small = Message(b"twins/Pump/P-1/telemetry", b"x" * 1_000, qos=1)
    said = [one.offer(small, qos=1, retain=False, ids=(), now=0) for _ in range(200)]
    assert said[0] is True
    assert said[-1] is False


def test_nothing_waits_for_a_session_that_is_over() -> None:
    """An absent session takes what is sure, until it has ended for good."""
    link: Any = Taking(takes=True)
    one = session(link)
    message = Message(b"twins/Pump/P-1/telemetry", b"x", qos=1)
    link.dead = True
    assert [one.takes(message, 1), one.takes(message, 0)] == [True, False]
    one.over = True
    assert not one.takes(message, 1)
