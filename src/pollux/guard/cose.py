"""COSE (RFC 9052, RFC 9053): one form of encrypted and one form of signed message, and nothing else.

`seal` makes a COSE_Encrypt0 (tag 16) with AES-256-GCM, `sign` a COSE_Sign1 (tag 18) with EdDSA over Ed25519. What
others send is read by the letter: every length is bounded, an algorithm, a header or a tag that is not expected is
refused, and of a message that does not verify nothing is given out. What is signed is CBOR by the core deterministic
rules (RFC 8949, section 4.2.1).
"""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeGuard, final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pollux.guard.cbor import decoded, encoded, read_string, string

KEY: Final = 32
NONCE: Final = 12
"""Bytes. Drawn at random, two of n are equal with a chance below n^2 / 2^97: 2^-33 after the 2^32 messages that NIST
SP 800-38D (section 8.3) allows under one key."""

SEALED: Final = b"\xd0\x83"
"""How every sealed message begins: tag 16 and a list of three. No JSON text in UTF-8 and no packed block does."""

_ALGORITHM, _TYPE, _KID, _IV = 1, 3, 4, 5
_A256GCM, _EDDSA = 3, -8
_ENCRYPT: Final = b"\x83\x68Encrypt0"
_SIGNATURE: Final = b"\x84\x6aSignature1"
_SIGNED: Final = b"\xd2\x84"
_ONLY_IV: Final = b"\xa1\x05\x4c"
_LONGEST_HEADER: Final = 256
_LONGEST_KID: Final = 128


@final
class CoseError(ValueError):
    """A message that is not one of those that are spoken here, or does not verify; the text says what was expected."""


@final
@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed message as it was read, still closed: which key opens it, and what its content says it is."""

    kid: bytes
    content_type: str | int | None
    nonce: bytes
    protected: bytes
    ciphertext: bytes

    def opened(self, key: AESGCM, bound: bytes) -> bytes:
        """The payload; raises CoseError where anything was changed, or sealed with another key or for another place."""
        try:
            return key.decrypt(self.nonce, self.ciphertext, _structure(_ENCRYPT, self.protected, bound))
        except InvalidTag:
            raise CoseError("expected bytes that this key has sealed for this twin, got others") from None


def seal(
    payload: bytes, *, key: bytes, kid: bytes, bound: bytes, content_type: str | int | None, nonce: bytes | None = None
) -> bytes:
    """A payload as COSE_Encrypt0; `bound` is authenticated and not sent: it opens only where the same is meant.

    `nonce` is 96 random bits unless given. One nonce must never be used twice under one key.

    >>> sealed = seal(b"42", key=bytes(32), kid=b"P-7", bound=b"Pump/P-7", content_type="text/plain")
    >>> read_sealed(sealed).opened(AESGCM(bytes(32)), b"Pump/P-7")
    b'42'
    """
    nonce = secrets.token_bytes(NONCE) if nonce is None else nonce
    if len(key) != KEY or len(nonce) != NONCE or len(kid) > _LONGEST_KID:
        raise ValueError(
            f"expected a key of {KEY} bytes, a nonce of {NONCE} and a key's name of {_LONGEST_KID} at most"
        )
    told: dict[int, Any] = {_ALGORITHM: _A256GCM, _KID: kid}
    if content_type is not None:
        told[_TYPE] = content_type
    protected = encoded(told)
    ciphertext = AESGCM(key).encrypt(nonce, payload, _structure(_ENCRYPT, protected, bound))
    return SEALED + string(protected) + encoded({_IV: nonce}) + string(ciphertext)


def read_sealed(message: bytes) -> Sealed:
    """A COSE_Encrypt0 as it was sent, not opened; raises CoseError for anything else."""
    if not message.startswith(SEALED):
        raise CoseError(f"expected a COSE message that begins with {SEALED.hex()}, got {message[:2].hex()}")
    try:
        protected, place = read_string(message, len(SEALED))
        nonce = place + len(_ONLY_IV)
        ciphertext, end = read_string(message, nonce + NONCE)
    except ValueError as wrong:
        raise CoseError(str(wrong)) from None
    if message[place:nonce] != _ONLY_IV:
        raise CoseError(f"expected an IV of {NONCE} bytes and nothing else in the unprotected header")
    if end < len(message):
        raise CoseError(f"expected nothing after the message, got {len(message) - end} bytes")
    return Sealed(*_sealing(protected), message[nonce : nonce + NONCE], protected, ciphertext)


@lru_cache(maxsize=65_536)
def _sealing(protected: bytes) -> tuple[bytes, str | int | None]:
    """The key's name and the content type that a protected header tells: a device tells the same each time."""
    told = _header(protected, {_ALGORITHM, _TYPE, _KID})
    kid, kind = told.get(_KID), told.get(_TYPE)
    if told.get(_ALGORITHM) != _A256GCM:
        raise CoseError("expected AES-256-GCM (3) as the algorithm in the protected header")
    if not isinstance(kid, bytes) or not 0 < len(kid) <= _LONGEST_KID:
        raise CoseError(f"expected the key's name as 1 to {_LONGEST_KID} bytes in the protected header")
    if kind is not None and (isinstance(kind, bool) or not isinstance(kind, str | int)):
        raise CoseError("expected a content type as text or as a CoAP number")
    return kid, kind


def sign(payload: bytes, *, key: Ed25519PrivateKey) -> bytes:
    """A payload as COSE_Sign1, with the payload inside and the key's name beside.

    >>> key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    >>> verified(sign(b"stop", key=key), [key.public_key()])
    b'stop'
    """
    protected = encoded({_ALGORITHM: _EDDSA, _KID: key_name(key.public_key())})
    signature = key.sign(_structure(_SIGNATURE, protected, b"", payload))
    return _SIGNED + string(protected) + encoded({}) + string(payload) + string(signature)


def verified(message: bytes, keys: "list[Ed25519PublicKey]") -> bytes:
    """The payload of a COSE_Sign1 that one of these keys has signed; raises CoseError for anything else."""
    protected, open_, payload, signature = _parts(message)
    told = _header(protected, {_ALGORITHM, _KID})
    if told.get(_ALGORITHM) != _EDDSA or open_:
        raise CoseError("expected EdDSA (-8) in the protected header, and an empty unprotected one")
    key = next((one for one in keys if key_name(one) == told.get(_KID)), None)
    if key is None:
        raise CoseError("expected a signature of a key that is known here, got one of another")
    try:
        key.verify(signature, _structure(_SIGNATURE, protected, b"", payload))
    except InvalidSignature:
        raise CoseError("expected what the key has signed, got something else") from None
    return payload


def key_name(key: Ed25519PublicKey) -> bytes:
    """The name by which a signature says whose it is: the first eight bytes of the public key."""
    return key.public_bytes_raw()[:8]


def _structure(context: bytes, *strings: bytes) -> bytes:
    """What is authenticated: Enc_structure (RFC 9052, section 5.3) or Sig_structure (section 4.4)."""
    return context + b"".join(map(string, strings))


def _parts(message: bytes) -> tuple[bytes, dict[Any, Any], bytes, bytes]:
    """Protected header, unprotected header, payload and signature of a COSE_Sign1."""
    if not message.startswith(_SIGNED):
        raise CoseError(f"expected a COSE message that begins with {_SIGNED.hex()}, got {message[:2].hex()}")
    protected, open_, payload, signature = _read(message[1:])
    if not _is_map(open_) or not all(isinstance(one, bytes) for one in (protected, payload, signature)):
        raise CoseError("expected a protected header, a map and byte strings")
    return protected, open_, payload, signature


def _read(data: bytes) -> Any:
    try:
        return decoded(data)
    except ValueError as wrong:
        raise CoseError(f"expected CBOR of a COSE message: {wrong}") from None


def _header(protected: bytes, known: set[int]) -> dict[Any, Any]:
    told = _read(protected) if 0 < len(protected) <= _LONGEST_HEADER else None
    if not _is_map(told) or not set(told) <= known:
        raise CoseError("expected a protected header with algorithm, key and content type, and nothing else")
    return told


def _is_map(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)
