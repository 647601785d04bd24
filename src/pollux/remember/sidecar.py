"""Index files: one beside each sealed segment, in `index/TENANT/NNNNNNNNNNNNNNNN.idx`; never trusted for truth.

A file says which segment it was made of (the hash of its seal) and with which decoder, and holds sections: those of
persons sealed with their keys, so that nothing of them is left in clear. What does not match, in any respect, is built
again from the log; the whole folder may be removed at any time.
"""

import contextlib
import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final
from urllib.parse import quote

import msgspec

from pollux.errors import SetupError
from pollux.remember.decimate import Series
from pollux.remember.disk import AbstractDisk
from pollux.remember.index import Key, Read, Section, StaleIndex
from pollux.remember.reading import Span
from pollux.remember.seal import Keys

VERSION = 2
_MAGIC = b"POLLUXIX"
_PRELUDE = struct.Struct("<8sIIQQ32s32s")
_PURPOSE = b"pollux index 1\0"


class Row(msgspec.Struct, array_like=True, frozen=True):
    """A section in the table: whose (a pseudonym; empty for nobody's), where, and which times it covers."""

    pseudonym: str
    offset: int
    size: int
    start: int
    end: int


class Stored(msgspec.Struct, frozen=True):
    """A section on its way into a file."""

    pseudonym: str
    content: bytes
    start: int
    end: int


@final
@dataclass(frozen=True, slots=True)
class Sections:
    """The sections of one segment, in a file or in memory; their tables are kept once they were read."""

    rows: tuple[Row, ...]
    read: Read
    shelf: "Shelf"
    first: int
    tables: dict[int, Section]

    @property
    def bounds(self) -> tuple[int, int]:
        """The first time of any sample and the one after the last."""
        return min((row.start for row in self.rows), default=0), max((row.end for row in self.rows), default=0)

    def series(self, pseudonyms: Sequence[str] | None, key: Key, start: int, end: int, *, coarse: bool) -> list[Series]:
        """The series in each section of these owners, or of all. Raises StaleIndex where bytes have changed."""
        found: list[Series] = []
        for place, row in enumerate(self.rows):
            if (pseudonyms is None or row.pseudonym in pseudonyms) and row.start < end and row.end > start:
                found += self._from(place, key, start, end, coarse=coarse)
        return found

    def _from(self, place: int, key: Key, start: int, end: int, *, coarse: bool) -> list[Series]:
        table = self.tables.get(place)
        if table is not None and not len(table.slots(key, start, end)):
            # Known without opening what is sealed.
            return []
        read = self._reader(self.rows[place])
        if read is None:
            return []
        table = table or self.tables.setdefault(place, Section.open(read))
        return [table.series(read, slot, coarse=coarse) for slot in table.slots(key, start, end)]

    def _reader(self, row: Row) -> Read | None:
        """How the bytes of a section are read; None where its person was erased."""
        if not row.pseudonym:
            return lambda at, size: self.read(row.offset + at, size)
        plain = self.shelf.unseal(self.first, row.pseudonym, self.read(row.offset, row.size))
        if plain is None:
            return None
        body = plain
        return lambda at, size: body[at : at + size]


@final
@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the index files of one tenant lie, and what makes them valid: the decoder that made them."""

    disk: AbstractDisk
    folder: Path
    decoder: bytes
    keys: Keys | None

    @staticmethod
    def of(folder: Path, tenant: str, decoder: str, disk: AbstractDisk, keys: Keys | None) -> "Shelf":
        """The shelf of a tenant in a data folder; `decoder` names the code and mappings that decode."""
        place = folder / "index" / (quote(tenant, safe="") or "_")
        return Shelf(disk, place, hashlib.sha256(decoder.encode()).digest(), keys)

    def pseudonyms(self, subject: str | None) -> tuple[str, ...] | None:
        """Nobody and a subject as index files name them; None where nobody is named: all."""
        return None if subject is None else ("", self._sealing().pseudonym(subject))

    def store(self, first: int, subject: str | None, content: bytes, start: int, end: int) -> Stored:
        """A section of the segment that begins with entry `first`, sealed where it is a person's."""
        if subject is None:
            return Stored("", content, start, end)
        keys = self._sealing()
        pseudonym = keys.pseudonym(subject)
        return Stored(pseudonym, keys.seal(subject, _bound(first, pseudonym), content), start, end)

    def _sealing(self) -> Keys:
        if self.keys is None:
            raise SetupError("expected keys for the history of a person, got none", hint="History(..., keys=...)")
        return self.keys

    def unseal(self, first: int, pseudonym: str, stored: bytes) -> bytes | None:
        """A person's section; None when the key was destroyed. Raises StaleIndex where bytes have changed."""
        if self.keys is None:
            return None
        try:
            return self.keys.unseal(pseudonym, _bound(first, pseudonym), stored)
        except Exception:  # noqa: BLE001 - whatever the keys say of damaged bytes, the index is built again
            raise StaleIndex from None

    def in_memory(self, first: int, sections: Sequence[Stored]) -> Sections:
        """Sections that are not in a file, or not yet."""
        body = b"".join(section.content for section in sections)
        return Sections(_rows(sections), lambda at, size: body[at : at + size], self, first, {})

    def write(self, span: Span, sections: Sequence[Stored]) -> None:
        """Keep the sections of a sealed segment. Not synced: what a crash tears is found by its checksums."""
        table = msgspec.msgpack.encode(_rows(sections))
        prelude = self._prelude(span, len(table))
        check = zlib.crc32(table, zlib.crc32(prelude)).to_bytes(4, "little")
        path = self._path(span)
        draft = path.with_suffix(".tmp")
        with contextlib.suppress(OSError):
            # An index that cannot be kept, on a full disk for one, only makes questions slower.
            self.disk.make_folder(self.folder)
            handle = self.disk.open(draft, create=True)
            try:
                self.disk.truncate(handle, 0)
                self.disk.pwritev(handle, [prelude, check, table, *(section.content for section in sections)], 0)
            finally:
                self.disk.close(handle)
            self.disk.rename(draft, path)

    def open(self, span: Span) -> Sections:
        """The index of a sealed segment. Raises StaleIndex where there is none that fits."""
        path = self._path(span)
        start = self._read(path, 0, _PRELUDE.size + 4)
        size = int.from_bytes(start[12:16], "little")
        prelude = start[: _PRELUDE.size]
        if prelude != self._prelude(span, size):
            raise StaleIndex
        table = self._read(path, len(start), size)
        if zlib.crc32(table, zlib.crc32(prelude)).to_bytes(4, "little") != start[_PRELUDE.size :]:
            raise StaleIndex
        base = len(start) + size
        rows = msgspec.msgpack.decode(table, type=tuple[Row, ...])
        return Sections(rows, lambda at, size: self._read(path, base + at, size), self, span.first, {})

    def _read(self, path: Path, offset: int, size: int) -> bytes:
        try:
            handle = self.disk.open(path)
        except OSError:
            raise StaleIndex from None
        try:
            return self.disk.read(handle, size, offset)
        finally:
            self.disk.close(handle)

    def _path(self, span: Span) -> Path:
        return self.folder / f"{span.first:016d}.idx"

    def _prelude(self, span: Span, table: int) -> bytes:
        return _PRELUDE.pack(_MAGIC, VERSION, table, span.first, span.last, span.end or b"", self.decoder)


def _rows(sections: Sequence[Stored]) -> tuple[Row, ...]:
    rows: list[Row] = []
    offset = 0
    for section in sections:
        rows.append(Row(section.pseudonym, offset, len(section.content), section.start, section.end))
        offset += len(section.content)
    return tuple(rows)


def _bound(first: int, pseudonym: str) -> bytes:
    return _PURPOSE + first.to_bytes(8, "little") + pseudonym.encode()
