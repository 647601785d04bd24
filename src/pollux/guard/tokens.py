"""Random secrets: made once, shown once, kept as hashes."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import final

TOKEN_BYTES = 32
ADDRESS_BYTES = 16


@final
@dataclass(frozen=True, slots=True)
class Token:
    """A new token: `id` names it for ever, `secret` is seen this once and is in no repr.

    >>> Token("1f00", "hush")
    Token(id='1f00')
    """

    id: str
    secret: str = field(repr=False)


def new_token(size: int = TOKEN_BYTES) -> Token:
    """A token of `size` random bytes; 32 for devices, services and sessions, 16 for addresses used once."""
    return Token(secrets.token_hex(8), secrets.token_urlsafe(size))


def digest(secret: str | bytes) -> bytes:
    """What is kept of a secret. A random 256-bit secret needs no slow hash: there is nothing to guess."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()


def same(left: bytes, right: bytes) -> bool:
    """Whether two digests are equal, in a time that says nothing about where they differ."""
    return hmac.compare_digest(left, right)
