"""An order as a field driver reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import msgspec

from pollux.errors import DataRefused

Param = float | str | bool


class _Message(msgspec.Struct, frozen=True):
    id: str
    name: str
    params: dict[str, Param]


@final
@dataclass(frozen=True, slots=True)
class FieldOrder:
    """What is asked of a twin: `params` by signal, in the units in which its type declares them.

    `expires` is nanoseconds UTC by the wall, 0 for never: later than that it is rejected and not carried out.
    """

    twin: str
    id: str
    name: str
    params: Mapping[str, Param]
    expires: int = 0

    @staticmethod
    def read(twin: str, payload: bytes, *, expires: int) -> "FieldOrder":
        """The order in the message that any device would get; raises DataRefused for other bytes.

        >>> FieldOrder.read("P-7", b'{"id": "o1", "name": "set", "params": {"speed": 900}}', expires=0).params
        {'speed': 900.0}
        """
        try:
            told = msgspec.json.decode(payload, type=_Message)
        except msgspec.DecodeError as wrong:
            raise DataRefused(f"expected an order, got other bytes: {wrong}", at=twin) from None
        return FieldOrder(twin, told.id, told.name, told.params, expires)
