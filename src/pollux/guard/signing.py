"""Signed orders: what a site asks of a device, signed so that nobody on the way can ask for something else.

The signature is a COSE_Sign1 with EdDSA over Ed25519 (RFC 9052, RFC 9053). What is signed is inside it: a map of `id`,
`name`, `params`, `target` (`type/id`), `issued_at` and `expires_at`, in deterministic CBOR. A device does what stands
in there and looks at nothing else.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, final

import msgspec
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pollux.errors import SetupError
from pollux.guard import files
from pollux.guard.cbor import decoded, encoded
from pollux.guard.cose import CoseError, sign, verified

FILE: Final = "orders.pem"
_END: Final = b"-----END PUBLIC KEY-----"
_LONGEST: Final = 64_000


@final
class SignedOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was signed; times are ISO 8601, parameters in the units in which the type is declared."""

    id: str
    name: str
    params: dict[str, float | str | bool]
    target: str
    issued_at: str
    expires_at: str


@final
class OrderKey:
    """The key with which a site signs its orders.

    >>> key = OrderKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    >>> order = SignedOrder("o1", "set", {"speed": 2000.0}, "Fan/F-1", "2026-11-29T06:00:00Z", "2026-11-29T06:01:00Z")
    >>> checked(key.signed(order), [key.public]) == order
    True
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> Ed25519PublicKey:
        """What devices check with."""
        return self._key.public_key()

    @property
    def text(self) -> bytes:
        """The public key as a file (PEM)."""
        return self.public.public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)

    def signed(self, order: SignedOrder) -> str:
        """The signature of an order, which holds the order, in base64."""
        return base64.b64encode(sign(encoded(msgspec.to_builtins(order)), key=self._key)).decode()

    @staticmethod
    def made(folder: Path, passphrase: bytes | None) -> "OrderKey":
        """The key of a folder, made where there is none. Raises SetupError for a wrong passphrase."""
        found = OrderKey.kept(folder, passphrase)
        if found is None:
            lock = pem.BestAvailableEncryption(passphrase) if passphrase else pem.NoEncryption()
            key = Ed25519PrivateKey.generate()
            files.private_folder(folder)
            files.create(folder / FILE, key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, lock))
            found = OrderKey.kept(folder, passphrase)
        assert found is not None, "it was just made, by this process or by another"
        return found

    @staticmethod
    def kept(folder: Path, passphrase: bytes | None) -> "OrderKey | None":
        """The key of a folder; None where there is none. Raises SetupError for a wrong passphrase."""
        path = folder / FILE
        try:
            key = pem.load_pem_private_key(path.read_bytes(), passphrase)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            hint = "for the keys of a site it comes in POLLUX_IDENTITY_PASSPHRASE"
            raise SetupError("expected the passphrase of this key", at=str(path), hint=hint) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise SetupError("expected a key on Ed25519", at=str(path))
        return OrderKey(key)


def public_keys(path: Path) -> list[Ed25519PublicKey]:
    """The public keys in a file (PEM), one or, while a site changes over, several; raises SetupError for none."""
    try:
        parts = path.read_bytes().split(_END)[:-1]
        keys = [pem.load_pem_public_key(part.lstrip() + _END + b"\n") for part in parts]
    except (OSError, ValueError) as error:
        raise SetupError(f"expected the key that signs orders (PEM): {error}", at=str(path)) from None
    found = [key for key in keys if isinstance(key, Ed25519PublicKey)]
    if not found or len(found) < len(keys):
        hint = "pollux identity order-key DIR --out FILE writes it"
        raise SetupError("expected public keys on Ed25519", at=str(path), hint=hint)
    return found


def checked(signature: str, keys: Sequence[Ed25519PublicKey]) -> SignedOrder:
    """The order that one of some keys has signed; raises CoseError for anything else."""
    try:
        message = base64.b64decode(signature[:_LONGEST], validate=True)
    except (binascii.Error, ValueError):
        raise CoseError("expected a signature in base64") from None
    try:
        return msgspec.convert(decoded(verified(message, list(keys))), SignedOrder)
    except CoseError:
        raise
    except ValueError as wrong:
        raise CoseError(f"expected an order inside the signature: {wrong}") from None


def differing(signed: SignedOrder, told: Mapping[str, Any]) -> list[str]:
    """The names of what an order says beside its signature and says otherwise inside.

    >>> order = SignedOrder("o1", "set", {"speed": 2000.0}, "Fan/F-1", "a", "b")
    >>> differing(order, {"id": "o1", "params": {"speed": 2000}}), differing(order, {"params": {"speed": 2500}})
    ([], ['params'])
    """
    inside: dict[str, Any] = msgspec.structs.asdict(signed)
    return [name for name, value in told.items() if name in inside and inside[name] != value]
