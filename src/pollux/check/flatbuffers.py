"""FlatBuffers, read where they lie and never beyond their end: as much as the metadata of Arrow needs.

Source: the FlatBuffers documentation, "Internals": tables, vtables, vectors and strings.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

_FORMS: Final = {form: struct.Struct(f"<{form}") for form in ("B", "h", "H", "i", "I", "q")}
_MOST: Final = 100_000


@final
@dataclass(frozen=True, slots=True)
class FlatTable:
    """A table at a place of a buffer; fields are numbered from 0, and absent ones have their defaults."""

    buffer: bytes
    place: int

    @staticmethod
    def root(buffer: bytes) -> "FlatTable":
        """The table that a buffer holds."""
        return FlatTable(buffer, number(buffer, "I", 0))

    def scalar(self, field: int, form: str, default: int = 0) -> int:
        """A whole number, by its form of `struct`."""
        at = self._at(field)
        return number(self.buffer, form, at) if at else default

    def table(self, field: int) -> "FlatTable | None":
        """Another table, None where it is absent."""
        at = self._at(field)
        return FlatTable(self.buffer, at + number(self.buffer, "I", at)) if at else None

    def text(self, field: int) -> str:
        """A text, empty where it is absent; `ValueError` when it is not UTF-8 or is cut."""
        at = self._at(field)
        if not at:
            return ""
        start = at + number(self.buffer, "I", at)
        size = number(self.buffer, "I", start)
        if size > len(self.buffer) - start - 4:
            raise ValueError(f"expected a text of {size} bytes, got the end")
        return self.buffer[start + 4 : start + 4 + size].decode()

    def tables(self, field: int) -> Iterator["FlatTable"]:
        """The tables of a vector."""
        start, count = self._vector(field, 4)
        for place in range(start, start + 4 * count, 4):
            yield FlatTable(self.buffer, place + number(self.buffer, "I", place))

    def pairs(self, field: int) -> list[tuple[int, int]]:
        """A vector of structs of two whole numbers of 64 bits."""
        start, count = self._vector(field, 16)
        places = range(start, start + 16 * count, 16)
        return [(number(self.buffer, "q", place), number(self.buffer, "q", place + 8)) for place in places]

    def _vector(self, field: int, size: int) -> tuple[int, int]:
        at = self._at(field)
        if not at:
            return 0, 0
        start = at + number(self.buffer, "I", at)
        count = number(self.buffer, "I", start)
        if count > _MOST or count * size > len(self.buffer) - start - 4:
            raise ValueError(f"expected a vector of {count} members, got the end")
        return start + 4, count

    def _at(self, field: int) -> int:
        """Where a field stands, 0 where it is absent."""
        names = self.place - number(self.buffer, "i", self.place)
        slot = 4 + 2 * field
        if slot + 2 > number(self.buffer, "H", names):
            return 0
        offset = number(self.buffer, "H", names + slot)
        return self.place + offset if offset else 0


def number(buffer: bytes, form: str, at: int) -> int:
    """A whole number at a place; `ValueError` for one that is not inside the buffer."""
    read = _FORMS[form]
    if not 0 <= at <= len(buffer) - read.size:
        raise ValueError(f"expected {read.size} bytes at {at}, got a buffer of {len(buffer)}")
    return int(read.unpack_from(buffer, at)[0])
