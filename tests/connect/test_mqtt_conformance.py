"""The example for the public conformance suites is as they expect a broker: open, with terms of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pollux.connect.wire.packets import V5, Connack, Connect, Publish, Wish
from pollux.connect.wire.properties import NONE, Properties
from pollux.connect.wire.reasons import Reason
from tests.connect.rig import Client

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "mqtt" / "conformance.py"
TOPIC = b"TopicA/B"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The example, running on a free port; when it is told to end it says what it has counted, and that is no fault."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(EXAMPLE), "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        said = re.fullmatch(r"open to everybody on 127\.0\.0\.1:(\d+), without a log\n", program.stdout.readline())
        try:
            assert said is not None
            yield int(said[1])
        finally:
            program.terminate()
        counted = program.stdout.read()
    assert program.returncode == 0
    assert "'admitted'" in counted
    assert "'internal_errors'" not in counted


def anybody(port: int, level: int, name: str, said: Properties = NONE) -> tuple[Client, Connack]:
    """A client without a user name, and what it was told."""
    client = Client(port, level=level)
    client.send(Connect(level, name, True, 120, None, None, None, said))
    answer = client.get()
    assert isinstance(answer, Connack)
    assert answer.code == 0
    return client, answer


def test_anybody_is_heard_on_any_topic(port: int, level: int) -> None:
    """Clients without credentials publish and hear topics that mean nothing to a plant, those with $ among them."""
    hearer, _ = anybody(port, level, "hearer")
    talker, _ = anybody(port, level, "talker")
    assert hearer.subscribe(Wish("+/+", 2), Wish("$SUITE", 1)) == (2, 1)
    for topic in (TOPIC, b"$SUITE", b"$TopicA/B", TOPIC):
        talker.publish(b"x", topic=topic, qos=1)
        talker.get()
    assert [hearer.message().topic for _ in range(3)] == [TOPIC, b"$SUITE", TOPIC]
    hearer.close()
    talker.close()


def test_one_topic_is_heard_by_nobody(port: int, level: int) -> None:
    """A subscription to it is refused with 0x80 in both versions; a wildcard stands, and does not deliver it."""
    client, _ = anybody(port, level, "curious")
    assert client.subscribe("test/nosubscribe", "#") == (0x80, 1)
    client.publish(b"unheard", topic=b"test/nosubscribe")
    client.publish(b"heard", topic=TOPIC)
    assert client.message().payload == b"heard"
    client.close()


def test_the_terms_are_those_of_the_suites(port: int) -> None:
    """CONNACK says a keep-alive of 60 s, few messages at a time, topic aliases, and packets that a test can exceed."""
    client, answer = anybody(port, V5, "reader")
    said = answer.properties
    assert said.server_keep_alive == 60
    assert 0 < (said.receive_maximum or 65_535) < 100
    assert (said.topic_alias_maximum or 0) > 0
    assert (said.maximum_packet or 65_535) < 65_535
    client.close()


def test_aliases_are_used_from_the_first_message_on(port: int) -> None:
    """A client that takes one alias gets its first topic with it, and then the alias alone."""
    client, _ = anybody(port, V5, "short", Properties(topic_alias_maximum=1))
    client.subscribe("TopicA/#")
    got: list[Publish] = []
    for _ in range(2):
        client.publish(b"x", topic=TOPIC)
        got.append(client.message())
    assert [(one.topic, one.properties.topic_alias) for one in got] == [(TOPIC, 1), (b"", 1)]
    client.close()


def test_one_message_too_many(port: int) -> None:
    """Whoever has one more message of QoS 2 open than was announced is put out with 0x93."""
    client, answer = anybody(port, V5, "hasty")
    for number in range(1, (answer.properties.receive_maximum or 0) + 2):
        client.publish(b"x", topic=TOPIC, qos=2, packet_id=number)
    assert client.refusal() == Reason.RECEIVE_MAXIMUM_EXCEEDED
    client.close()
