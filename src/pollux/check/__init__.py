"""Believe or not: decode, validate, doubt. Pure functions on batches; they run on an edge box unchanged."""

from pollux.check.bounds import Bounds
from pollux.check.broker import Broker
from pollux.check.calibration import Calibration
from pollux.check.decoder import Decoder, decode
from pollux.check.doubts import (
    AbstractDoubt,
    Disconnected,
    Gap,
    OutOfRange,
    Spike,
    Stuck,
    TooFast,
    judged_series,
)
from pollux.check.following import AbstractCheck, Agree, DeviceClock, OtherUnit
from pollux.check.ids import fault as id_fault
from pollux.check.mapping import NATIVE, TopicMapping, mqtt
from pollux.check.packed import PackedBlock, pack_block, unpack_block
from pollux.check.refused import Refused

__all__ = [
    "NATIVE",
    "AbstractCheck",
    "AbstractDoubt",
    "Agree",
    "Bounds",
    "Broker",
    "Calibration",
    "Decoder",
    "DeviceClock",
    "Disconnected",
    "Gap",
    "OtherUnit",
    "OutOfRange",
    "PackedBlock",
    "Refused",
    "Spike",
    "Stuck",
    "TooFast",
    "TopicMapping",
    "decode",
    "id_fault",
    "judged_series",
    "mqtt",
    "pack_block",
    "unpack_block",
]
