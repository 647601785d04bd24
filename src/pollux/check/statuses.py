"""What the status codes of field protocols say of a value: a quality and a reason, for each code the same ones always.

OPC UA: Part 4, 7.39 (severity in the two highest bits) and Part 8, A.4 (conditions of measured values). Modbus:
Application Protocol 1.1b3, 7 (exception codes; those from 256 on are ours). BACnet: ASHRAE 135,
BACnetStatusFlags in the four lowest bits (in alarm, fault, overridden, out of service) and BACnetReliability above.
Sparkplug 3.0, 6.4.15: the property Quality (0 bad, 192 good, 500 stale; codes between after OPC DA), from 2**16 on.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from pollux.columns.field import (
    MODBUS_MISSING,
    MODBUS_TIMEOUT,
    SPARKPLUG,
    SPARKPLUG_GOOD,
    SPARKPLUG_STALE,
    FieldProtocol,
)
from pollux.columns.quality import Quality, Reason

Worth: TypeAlias = tuple[Quality, Reason]

_GOOD: Final = Quality.GOOD, Reason.NONE
_SEVERITY: Final = (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.BAD)
_OPCUA: Final[Mapping[int, Reason]] = {
    0x4090: Reason.STALE,  # UncertainLastUsableValue
    0x408F: Reason.STALE,  # UncertainNoCommunicationLastUsable
    0x4091: Reason.OVERRIDDEN,  # UncertainSubstituteValue
    0x4092: Reason.TOLD,  # UncertainInitialValue
    0x4093: Reason.TOLD,  # UncertainSensorNotAccurate
    0x4094: Reason.SCALE,  # UncertainEngineeringUnitsExceeded
    0x8005: Reason.UNREACHABLE,  # BadCommunicationError
    0x8031: Reason.UNREACHABLE,  # BadNoCommunication
    0x803C: Reason.SCALE,  # BadOutOfRange
    0x808A: Reason.UNREACHABLE,  # BadNotConnected
    0x808B: Reason.FAILED,  # BadDeviceFailure
    0x808C: Reason.FAILED,  # BadSensorFailure
    0x808D: Reason.OVERRIDDEN,  # BadOutOfService
}
_MODBUS: Final[Mapping[int, Reason]] = {
    4: Reason.FAILED,
    10: Reason.UNREACHABLE,
    11: Reason.UNREACHABLE,
    MODBUS_TIMEOUT: Reason.UNREACHABLE,
    MODBUS_MISSING: Reason.DISCONNECTED,
}
_UNCERTAIN: Final = 64
_BACNET: Final[Mapping[int, Reason]] = {
    1: Reason.FAILED,  # no sensor
    2: Reason.SCALE,  # over range
    3: Reason.SCALE,  # under range
    4: Reason.FAILED,  # open loop
    5: Reason.FAILED,  # shorted loop
    12: Reason.UNREACHABLE,  # communication failure
}


def worth(protocol: FieldProtocol, status: int) -> Worth:
    """How far a value with this status is believed, and why not further.

    >>> worth("opcua", 0x808C0000)[1].sentence
    'the sensor or its device has failed'
    >>> worth("modbus", 11)[0].word, worth("bacnet", 0b1000)[0].word, worth("opcua", 0)[0].word
    ('bad', 'uncertain', 'good')
    """
    return _JUDGES[protocol](status) if status else _GOOD


def _opcua(status: int) -> Worth:
    quality = _SEVERITY[status >> 30 & 0b11]
    return _GOOD if quality is Quality.GOOD else (quality, _OPCUA.get(status >> 16 & 0xFFFF, Reason.TOLD))


def _modbus(status: int) -> Worth:
    return Quality.BAD, _MODBUS.get(status, Reason.TOLD)


def _bacnet(status: int) -> Worth:
    reliability = status >> 4
    if status & 0b0010 or reliability:
        return Quality.BAD, _BACNET.get(reliability, Reason.FAILED if reliability == 0 else Reason.TOLD)
    return (Quality.UNCERTAIN, Reason.OVERRIDDEN) if status & 0b1100 else _GOOD


def _sparkplug(status: int) -> Worth:
    code = status - SPARKPLUG
    if code == SPARKPLUG_STALE:
        return Quality.UNCERTAIN, Reason.STALE
    return (Quality.UNCERTAIN if _UNCERTAIN <= code < SPARKPLUG_GOOD else Quality.BAD), Reason.TOLD


_JUDGES: Final[Mapping[FieldProtocol, Callable[[int], Worth]]] = {
    "opcua": _opcua,
    "modbus": _modbus,
    "bacnet": _bacnet,
    "sparkplug": _sparkplug,
}
