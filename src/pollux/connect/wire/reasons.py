"""Reason codes of MQTT 5, and what of them 3.1.1 can say (OASIS MQTT 5.0, 2.4; MQTT 3.1.1, 3.2.2.3)."""

from enum import IntEnum
from typing import final

from pollux.errors import PolluxError


@final
class Reason(IntEnum):
    """Why a packet was answered as it was; 0x80 and above are failures."""

    SUCCESS = 0x00
    GRANTED_QOS_1 = 0x01
    GRANTED_QOS_2 = 0x02
    DISCONNECT_WITH_WILL = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    UNSPECIFIED = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_SPECIFIC = 0x83
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_INVALID = 0x85
    BAD_CREDENTIALS = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_ID_IN_USE = 0x91
    PACKET_ID_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    PAYLOAD_FORMAT_INVALID = 0x99
    QOS_NOT_SUPPORTED = 0x9B
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E
    CONNECTION_RATE_EXCEEDED = 0x9F


_CONNACK_3 = {
    Reason.SUCCESS: 0,
    Reason.UNSUPPORTED_VERSION: 1,
    Reason.CLIENT_ID_INVALID: 2,
    Reason.SERVER_UNAVAILABLE: 3,
    Reason.SERVER_BUSY: 3,
    Reason.CONNECTION_RATE_EXCEEDED: 3,
    Reason.QUOTA_EXCEEDED: 3,
    Reason.BAD_CREDENTIALS: 4,
    Reason.NOT_AUTHORIZED: 5,
}


def connack_code(reason: Reason, level: int) -> int | None:
    """The code of a CONNACK; None where 3.1.1 has no word for it and the connection is closed without one.

    >>> [connack_code(Reason.BAD_CREDENTIALS, level) for level in (5, 4)], connack_code(Reason.PROTOCOL_ERROR, 4)
    ([134, 4], None)
    """
    return int(reason) if level >= 5 else _CONNACK_3.get(reason)


@final
class PacketRefused(PolluxError):
    """A packet that breaks the protocol or a limit: the connection it came on ends with `reason`."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def malformed(message: str) -> PacketRefused:
    """The packet cannot be read."""
    return PacketRefused(Reason.MALFORMED_PACKET, message)


def protocol_error(message: str) -> PacketRefused:
    """The packet can be read and may not be sent here and now."""
    return PacketRefused(Reason.PROTOCOL_ERROR, message)
