"""Hear and speak: a file or folder per protocol, unaware of each other. The only home of protocol code."""

from pollux.connect.driver import AbstractDriver, Sink, TicketLike
from pollux.connect.mqtt.endpoint import MqttEndpoint
from pollux.connect.mqtt.limits import Limits
from pollux.connect.presence import Presence
from pollux.connect.wire.rights import Reach, Translate, layouts, native

__all__ = [
    "AbstractDriver",
    "Limits",
    "MqttEndpoint",
    "Presence",
    "Reach",
    "Sink",
    "TicketLike",
    "Translate",
    "layouts",
    "native",
]
