"""The chain: every record names the SHA-256 of the one before, so that none can be changed, left out or put in.

Whoever can write the files can also write a new chain from any point on. What is kept elsewhere, an `Anchor`, finds
that: it names a sequence and the hash that the log had there.
"""

import hashlib
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Anchor:
    """The log up to and including entry `seq` in 32 bytes (as hex): to be kept where the log's disk does not reach."""

    seq: int
    digest: str


def digest_of(payload: bytes | memoryview) -> bytes:
    """The checksum of a payload, which its head carries."""
    return hashlib.sha256(payload).digest()


def link(head: bytes | memoryview) -> bytes:
    """The hash of a record, which the next one carries; the head in turn carries the hash of the payload."""
    return hashlib.sha256(head).digest()
