"""Typed values as field protocols deliver them, and how a driver writes them into a frame.

Field protocols (OPC UA, Modbus, BACnet) give no payload bytes but values with a source time and a status of their own.
A driver writes them as they were heard, before anything is converted or believed: the log keeps exactly that, and
`check` decides what they are worth, at first as on every replay. On the wire it is MessagePack:
`[protocol, [[signal, value, time, status, unit], ...]]`, of `Encoding.FIELD`, one message per frame.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias, final, get_args

import msgspec

FieldProtocol = Literal["opcua", "modbus", "bacnet", "sparkplug"]
Scalar: TypeAlias = bool | int | float | str
FieldValue: TypeAlias = Scalar | list[float] | None

MODBUS_TIMEOUT: Final = 256
"""Beyond the exception codes of Modbus: no answer came in time, or there is no connection."""

MODBUS_MISSING: Final = 257
"""Beyond the exception codes of Modbus: the device shows the pattern by which it says that nothing is connected."""

SPARKPLUG_GOOD: Final = 192
SPARKPLUG_STALE: Final = 500
"""What the property Quality of a Sparkplug metric says, beside 0 for bad and codes between for what is uncertain."""

SPARKPLUG: Final = 1 << 16
"""Told codes of Sparkplug that are not good are statuses from here on, because 0 is bad there and good here."""

_PROTOCOLS: Final = get_args(FieldProtocol)


@final
class Datum(NamedTuple):
    """One value heard: of which `signal` (its name in the class), what, when, how it stands, in which unit.

    `value` is None where the source gave a status and no value; a position is a list of three numbers. `time` is the
    source's own, nanoseconds UTC, None where it has none: then the arrival counts. `status` is the protocol's own code,
    0 for good. `unit` is what the source counts in, in the words of Pollux; None means the declared one.
    """

    signal: str
    value: FieldValue
    time: int | None = None
    status: int = 0
    unit: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Field:
    """What one frame of a field protocol says: values of one twin, heard together."""

    protocol: FieldProtocol
    data: tuple[Datum, ...]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(tuple[str, list[Datum]])


def pack_field(protocol: FieldProtocol, data: Iterable[Datum]) -> bytes:
    """The payload of a frame.

    >>> unpack_field(pack_field("opcua", [Datum("temp", 21.5, 1_000)])).data[0].value
    21.5
    """
    return _ENCODER.encode((protocol, list(data)))


def unpack_field(payload: bytes) -> Field:
    """What was packed; `ValueError` for other bytes.

    >>> unpack_field(b"{}")
    Traceback (most recent call last):
        ...
    ValueError: Expected `array`, got `int`
    """
    try:
        protocol, data = _DECODER.decode(payload)
    except msgspec.DecodeError as wrong:
        raise ValueError(str(wrong)) from None
    for known in _PROTOCOLS:
        if protocol == known:
            return Field(known, tuple(data))
    raise ValueError(f"expected a protocol of {', '.join(_PROTOCOLS)}, got {protocol[:32]!r}")
