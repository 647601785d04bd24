"""From entries to records and back, with what belongs to a person sealed by that person's key.

One record holds what one tenant and one subject have in one entry. The tenant stands in its head in clear, a person
only as a pseudonym; device, topic, payload and subject are inside the sealed payload. What binds a sealed payload to
its record is authenticated with it: kind, sequence, part, count, arrival, tenant and pseudonym (`bound`).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, final

from pollux.columns.frames import Frames
from pollux.errors import DataRefused, SetupError
from pollux.remember import notes, payload
from pollux.remember.chain import digest_of
from pollux.remember.format import BOUNDARY, LARGEST_ENTRY, LONGEST_NAME, SEALED, Draft, Head, Kind
from pollux.remember.notes import Note

Entry: TypeAlias = Frames | Note

_BOUND = struct.Struct("<16sBQIIIq")
_PURPOSE = b"pollux log 1\0\0\0\0"


class Keys(Protocol):
    """Who seals: one key per person, apart from the data. `pollux.guard.keyring.Keyring` is one."""

    def seal(self, subject: str, aad: bytes, plaintext: bytes, /) -> bytes:
        """Encrypt and authenticate, with `aad` authenticated too; never uses a nonce twice."""
        ...

    def unseal(self, pseudonym: str, aad: bytes, sealed: bytes, /) -> bytes | None:
        """The plaintext; None when the key was destroyed. Raises DamagedLog for other bytes or `aad` than sealed."""
        ...

    def pseudonym(self, subject: str, /) -> str:
        """A name of a person that says nothing without the keys; always the same."""
        ...


@final
@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the log as it is read back.

    `seq` counts entries from 1; `arrival` is the log's clock when it was appended, never less than that of the record
    before. `entry` is a batch exactly as it was appended, or a note. Where a person's key was destroyed, `erased`
    counts the frames that are gone; the rest of the batch is there; a note that is gone is None.
    """

    seq: int
    kind: Literal["frames", "note"]
    arrival: int
    entry: Entry | None
    erased: int = 0


def bound(seq: int, kind: int, part: int, parts: int, count: int, arrival: int, tenant: bytes, subject: bytes) -> bytes:
    """What is authenticated with a sealed payload."""
    return _BOUND.pack(_PURPOSE, kind, seq, part, parts, count, arrival) + tenant + b"\0" + subject


def drafts_of(entry: object, seq: int, arrival: int, keys: Keys | None) -> list[Draft]:
    """The records of an entry, in their order; the last one carries the boundary.

    Raises:
        DataRefused: the entry cannot be written, is too large, or is of a person who was erased.
        SetupError: it is of a person and there are no keys.
    """
    if isinstance(entry, Note):
        drafts = [_draft(Kind.NOTE, seq, (0, 1), 1, arrival, entry.tenant, entry.subject, notes.pack(entry), keys)]
    elif isinstance(entry, Frames):
        parts = payload.parts_of(payload.checked(entry))
        drafts = [
            _draft(
                Kind.FRAMES,
                seq,
                (number, len(parts)),
                len(part.frames),
                arrival,
                part.tenant,
                part.subject,
                payload.pack(part),
                keys,
            )
            for number, part in enumerate(parts)
        ]
    else:
        raise DataRefused(f"expected Frames or a Note, got {type(entry).__name__}")
    size = sum(len(draft.payload) for draft in drafts)
    if size > LARGEST_ENTRY:
        raise DataRefused(f"expected an entry of at most {LARGEST_ENTRY} bytes, got {size}", hint="cut it in pieces")
    return drafts


def _draft(
    kind: Kind,
    seq: int,
    place: tuple[int, int],
    count: int,
    arrival: int,
    tenant: str,
    subject: str | None,
    content: bytes,
    keys: Keys | None,
) -> Draft:
    part, parts = place
    flags = BOUNDARY if part == parts - 1 else 0
    owner, name = _name(tenant), b""
    if subject is not None:
        if keys is None:
            raise SetupError(
                "expected keys to seal what belongs to a person, got none",
                hint="open the log with keys=Keyring(...), kept apart from the data",
            )
        flags |= SEALED
        name = _name(keys.pseudonym(subject))
        aad = bound(seq, kind, part, parts, count, arrival, owner, name)
        content = keys.seal(subject, aad, content)
    return Draft(kind, flags, seq, part, parts, count, arrival, owner, name, content, digest_of(content))


def _name(text: str) -> bytes:
    name = text.encode()
    if len(name) > LONGEST_NAME:
        raise DataRefused(f"expected a name of at most {LONGEST_NAME} bytes, got {len(name)}")
    return name


Piece: TypeAlias = tuple[Head, bytes | memoryview]


def entry_of(pieces: Sequence[Piece], keys: Keys | None) -> Record:
    """The entry that its records hold.

    Raises:
        SetupError: it is sealed and there are no keys.
    """
    head = pieces[0][0]
    opened = [(piece_head, _opened(piece_head, content, keys)) for piece_head, content in pieces]
    erased = sum(piece_head.items for piece_head, content in opened if content is None)
    if head.kind == Kind.NOTE:
        content = opened[0][1]
        note = None if content is None else notes.unpack(content, head.tenant.decode())
        return Record(head.seq, "note", head.arrival, note, erased)
    present = [payload.unpack(content, part.tenant.decode()) for part, content in opened if content is not None]
    return Record(head.seq, "frames", head.arrival, payload.assemble(present), erased)


def _opened(head: Head, content: bytes | memoryview, keys: Keys | None) -> bytes | memoryview | None:
    if not head.flags & SEALED:
        return content
    if keys is None:
        raise SetupError(
            "expected keys to read what belongs to a person, got none",
            at=f"sequence {head.seq}",
            hint="open the log with the keyring that it was written with",
        )
    aad = bound(head.seq, head.kind, head.part, head.parts, head.items, head.arrival, head.tenant, head.subject)
    return keys.unseal(head.subject.decode(), aad, bytes(content))
