"""Packs of SenML in CBOR (RFC 8428, section 6; RFC 8949), with the labels of JSON in place of their numbers.

Maps with numbers for keys are read here and not by the general reader, which takes texts as keys alone: chosen numbers
could be made to collide. A pack is a list of flat maps, so nothing here nests and nothing recurses.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final, final

_LABELS: Final[Mapping[int, str]] = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
_SIMPLE: Final = {20: False, 21: True, 22: None, 23: None}
_FLOATS: Final = {25: struct.Struct(">e"), 26: struct.Struct(">f"), 27: struct.Struct(">d")}
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _LIST, _MAP, _TAG, _OTHER = range(8)
_OPEN: Final = -1
_BREAK: Final = 0xFF
_FRACTION: Final = 4
_STEEPEST: Final = 400


def read_pack(payload: bytes) -> list[dict[str, Any]]:
    """The records of a pack; labels that are no numbers of the RFC keep their names; `ValueError` for anything else.

    >>> read_pack(bytes.fromhex("81a2006474656d7002f94d40"))
    [{'n': 'temp', 'v': 21.0}]
    """
    reader = _Reader(payload)
    records = [reader.record() for _ in reader.members(_LIST)]
    reader.finish()
    return records


@final
class _Reader:
    """Reads items one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def record(self) -> dict[str, Any]:
        """One flat map."""
        said: dict[str, Any] = {}
        for _ in self.members(_MAP):
            label = self._scalar()
            name = _LABELS.get(label, f"#{label}") if type(label) is int else label
            if not isinstance(name, str) or name in said:
                raise ValueError("expected each label once, a number or a text")
            said[name] = self._scalar()
        return said

    def members(self, kind: int) -> Iterator[None]:
        """Once for each member of a list or a map, of a told count or up to the break."""
        found, count = self._head()
        if found != kind:
            raise ValueError(f"expected a {'list of records' if kind == _LIST else 'record'}")
        while count == _OPEN and self._peek() != _BREAK:
            yield
        for _ in range(count):
            yield
        if count == _OPEN:
            self._at += 1

    def finish(self) -> None:
        """The end must be here."""
        if self._at != len(self._data):
            raise ValueError(f"expected the end, got {len(self._data) - self._at} more bytes")

    def _scalar(self) -> Any:
        kind, value = self._head()
        if kind in (_UNSIGNED, _NEGATIVE):
            return value if kind == _UNSIGNED else -1 - value
        if kind in (_BYTES, _TEXT) and value != _OPEN:
            data = self._take(value)
            return data.decode() if kind == _TEXT else data
        if kind == _TAG and value == _FRACTION:
            return self._fraction()
        if kind == _OTHER:
            return self._other(value)
        raise ValueError("expected a number, a text, bytes or a flag")

    def _other(self, value: int) -> Any:
        # What _head gives for floats is their width, since their bytes follow.
        if value in _FLOATS:
            form = _FLOATS[value]
            return form.unpack(self._take(form.size))[0]
        if value in _SIMPLE:
            return _SIMPLE[value]
        raise ValueError(f"expected a flag or a float, got the simple value {value}")

    def _fraction(self) -> float:
        """A decimal fraction, the whole number times a power of ten."""
        if self._head() != (_LIST, 2):
            raise ValueError("expected a decimal fraction of two whole numbers")
        exponent, mantissa = self._scalar(), self._scalar()
        if type(exponent) is not int or type(mantissa) is not int or abs(exponent) > _STEEPEST:
            raise ValueError("expected a decimal fraction of two whole numbers")
        return float(f"{mantissa}e{exponent}")

    def _head(self) -> tuple[int, int]:
        """Kind and argument of the next item; the width code for floats, -1 for what is open-ended."""
        first = self._take(1)[0]
        kind, short = first >> 5, first & 31
        if short < 24 or (kind == _OTHER and short != 31):
            return kind, short
        if short == 31 and kind in (_LIST, _MAP):
            return kind, _OPEN
        if short > 27:
            raise ValueError("expected a well-formed item")
        return kind, int.from_bytes(self._take(1 << (short - 24)), "big")

    def _peek(self) -> int:
        if self._at >= len(self._data):
            raise ValueError("expected more, got the end")
        return self._data[self._at]

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise ValueError(f"expected {count} bytes, got {len(self._data) - self._at}")
        self._at += count
        return self._data[self._at - count : self._at]
