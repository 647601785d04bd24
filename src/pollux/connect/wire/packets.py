"""The control packets as values (OASIS MQTT 5.0, 3; MQTT 3.1.1, 3). What only MQTT 5 says is empty in 3.1.1."""

from dataclasses import dataclass, field
from typing import final

from pollux.connect.wire.properties import NONE, Kind, Properties

V3 = 4
V5 = 5


@final
@dataclass(frozen=True, slots=True)
class Will:
    """What is published when a client is lost."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = NONE


@final
@dataclass(frozen=True, slots=True)
class Connect:
    """A client introduces itself. `level` is 4 for 3.1.1 and 5 for 5; the password is in no repr."""

    level: int
    client_id: str
    clean: bool = True
    keep_alive: int = 0
    username: str | None = None
    password: bytes | None = field(default=None, repr=False)
    will: Will | None = None
    properties: Properties = NONE


@final
@dataclass(frozen=True, slots=True)
class Connack:
    """The answer to Connect; `code` is already in the words of the level."""

    code: int
    session_present: bool = False
    properties: Properties = NONE


@final
@dataclass(frozen=True, slots=True)
class Publish:
    """A message. `packet_id` is 0 at QoS 0; an empty topic stands for a topic alias."""

    topic: bytes
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties = NONE


@final
@dataclass(frozen=True, slots=True)
class Ack:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""

    kind: Kind
    packet_id: int
    reason: int = 0
    properties: Properties = NONE


@final
@dataclass(frozen=True, slots=True)
class Wish:
    """One line of a Subscribe."""

    filter: str
    qos: int = 0
    no_local: bool = False
    as_published: bool = False
    retained: int = 0


@final
@dataclass(frozen=True, slots=True)
class Subscribe:
    """A client asks to hear."""

    packet_id: int
    wishes: tuple[Wish, ...]
    properties: Properties = NONE


@final
@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """A client asks no longer to hear."""

    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = NONE


@final
@dataclass(frozen=True, slots=True)
class Answers:
    """SUBACK or UNSUBACK: one code per line asked."""

    kind: Kind
    packet_id: int
    codes: tuple[int, ...]
    properties: Properties = NONE


@final
@dataclass(frozen=True, slots=True)
class Ping:
    """PINGREQ or PINGRESP."""

    kind: Kind


@final
@dataclass(frozen=True, slots=True)
class Farewell:
    """DISCONNECT or AUTH."""

    kind: Kind
    reason: int = 0
    properties: Properties = NONE


Packet = Connect | Connack | Publish | Ack | Subscribe | Unsubscribe | Answers | Ping | Farewell
