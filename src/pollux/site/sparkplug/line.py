"""What a host application speaks over: a broker that is already there, or the site's own endpoint.

The host says that it is there in a retained message, and a broker says for it that it is not, so that edge nodes which
have it as their primary host begin with it (Sparkplug 3.0, 5.7 and 5.8).
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Final, final

from pollux.check.broker import Broker
from pollux.check.sparkplug_said import KINDS, NAMESPACE, address
from pollux.check.sparkplug_writing import rebirth
from pollux.clock import Clock
from pollux.columns.frames import Encoding, Frames, Message
from pollux.connect.broker.client import BrokerClient
from pollux.connect.broker.dial import Dial
from pollux.connect.broker.outgoing import Parcel
from pollux.connect.broker.tls import client_context
from pollux.connect.field.source import FieldPlace
from pollux.connect.mqtt.endpoint import MqttEndpoint
from pollux.connect.wire.packets import Will
from pollux.connect.wire.rights import Reach
from pollux.guard import Action, Credential, Identity
from pollux.model.schema import Schema
from pollux.site.brokers import LEVELS, secret_of, site_id
from pollux.site.sieve import Sieve
from pollux.site.sparkplug.source import SparkplugSource
from pollux.site.sparkplug.topics import state_topic

_MILLI: Final = 1_000_000
_POSTED: Final = 4_000
"""Messages that may wait for a broker: a rebirth for each node that a host follows, and orders."""


class AbstractLine(ABC):
    """The way to the edge nodes."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether nodes are heard just now."""

    @property
    @abstractmethod
    def trouble(self) -> str:
        """Why they are not heard as they should be; empty while all is well."""

    @property
    @abstractmethod
    def counters(self) -> dict[str, int]:
        """What the line has counted."""

    @abstractmethod
    def start(self) -> None:
        """Begin."""

    @abstractmethod
    def stop(self) -> None:
        """Say that the host is not there any more, and end."""

    @abstractmethod
    def publish(self, topic: str, payload: bytes, *, expires: int = 0) -> None:
        """Send at QoS 0; raises Overloaded."""

    @abstractmethod
    def state(self, topic: str, payload: bytes) -> None:
        """Somebody has said whether a host is there."""


def said_state(online: bool, millis: int) -> bytes:
    """Whether the host is there (5.7): `timestamp` is the same in the birth and in the death that belongs to it."""
    return json.dumps({"online": online, "timestamp": millis}).encode()


@final
class OwnLine(AbstractLine):
    """The site's endpoint: its nodes are its clients."""

    def __init__(self, endpoint: MqttEndpoint, source: SparkplugSource, clock: Clock) -> None:
        self._endpoint, self._topic, self._clock = endpoint, state_topic(source.host), clock
        self._since = 0

    @property
    def connected(self) -> bool:
        return not self._endpoint.failure

    @property
    def trouble(self) -> str:
        return self._endpoint.failure

    @property
    def counters(self) -> dict[str, int]:
        return {}

    def start(self) -> None:
        self._since = self._clock.now() // _MILLI
        self._endpoint.publish(self._topic, said_state(True, self._since), qos=1, retain=True)

    def stop(self) -> None:
        self._endpoint.publish(self._topic, said_state(False, self._since), qos=1, retain=True)

    def publish(self, topic: str, payload: bytes, *, expires: int = 0) -> None:
        self._endpoint.publish(topic, payload, expires=expires)

    def state(self, topic: str, payload: bytes) -> None:
        """No client may say that this host is not there."""


@final
class BrokerLine(AbstractLine):
    """A connection to a foreign broker, with a clean session as the specification has it.

    At every connection the nodes that were heard before are asked for a rebirth, since what they said meanwhile is
    lost: Sparkplug is spoken at QoS 0.
    """

    def __init__(
        self,
        source: SparkplugSource,
        schema: Schema,
        place: FieldPlace,
        digest: Callable[[Frames], list[Message]],
        known: Iterable[tuple[str, str]],
    ) -> None:
        assert source.broker is not None
        self._source, self._clock, self._known = source, place.clock, known
        self._topic, self._since = state_topic(source.host), 0
        identity = Identity("", source.name, "service", frozenset({"device"}), (f"{schema.name}/*",))
        heard = Reach(f"{schema.name}/*", "telemetry", Encoding.SPARKPLUG)
        self._client = BrokerClient(
            self._dial(source.broker, place),
            gate=_Trusting(place),
            identity=identity,
            translate=lambda topic: heard if address(topic) or topic == self._topic else None,
            sink=Sieve(place.sink, (f"{NAMESPACE}/".encode(),), digest, place.told),
            clock=place.clock,
            told=place.told,
        )

    @property
    def connected(self) -> bool:
        return self._client.connected

    @property
    def trouble(self) -> str:
        return self._client.trouble

    @property
    def counters(self) -> dict[str, int]:
        return {f"line_{name}": count for name, count in self._client.counters.items()}

    def start(self) -> None:
        self._client.start()

    def stop(self) -> None:
        if self._client.connected:
            self._client.publish(self._topic, said_state(False, self._since), retain=True)
        self._client.stop()

    def publish(self, topic: str, payload: bytes, *, expires: int = 0) -> None:
        self._client.publish(topic, payload, expires=expires, qos=0)

    def state(self, topic: str, payload: bytes) -> None:
        """Whoever says that this host is not there is contradicted: the will of a connection before this one."""
        if topic == self._topic and b'"online": false' in payload.replace(b'":false', b'": false'):
            self._client.publish(self._topic, said_state(True, self._since), retain=True)

    def _dial(self, broker: Broker, place: FieldPlace) -> Dial:
        mine = f"-{self._source.name.rpartition(':')[2]}".replace("/", "-").translate({ord(c): "" for c in "+{}"})
        group = self._source.group
        return Dial(
            name=self._source.name,
            host=broker.host,
            port=broker.port,
            client_id=broker.client_id or f"pollux-{site_id(place.folder.parent)}{mine}",
            filters=(*(f"{NAMESPACE}/{group}/{kind}/#" for kind in KINDS), self._topic),
            level=LEVELS[broker.version],
            username=broker.username or None,
            secret=partial(secret_of, broker),
            context=partial(client_context, broker.ca, broker.certificate, broker.key) if broker.secured else None,
            qos=1,
            session_seconds=0,
            keep_alive=broker.keepalive_seconds,
            receive_maximum=broker.receive_maximum,
            packet_bytes=broker.packet_bytes,
            posted=_POSTED,
            clean=True,
            will=self._will,
            greeting=self._greeting,
        )

    def _will(self) -> Will:
        self._since = self._clock.now() // _MILLI
        return Will(self._topic, said_state(False, self._since), 1, True)

    def _greeting(self) -> tuple[Parcel, ...]:
        here = Parcel(self._topic.encode(), said_state(True, self._since), retain=True)
        asked = rebirth(self._clock.now() // _MILLI)
        known = (Parcel(f"{NAMESPACE}/{group}/NCMD/{node}".encode(), asked, qos=0) for group, node in self._known)
        return (here, *known)


@final
class _Trusting:
    """The place's gate as the client of a broker asks it: what one connection may say does not change."""

    version = 0

    def __init__(self, place: FieldPlace) -> None:
        self._may = place.may

    def authenticate(self, credential: Credential) -> "Future[Identity | None]":
        nobody: Future[Identity | None] = Future()
        nobody.set_result(None)
        return nobody

    def may(self, identity: Identity, action: Action, target: str) -> bool:
        return action == "publish" and self._may(target)

    def alive(self, identity: Identity) -> bool:
        return True
