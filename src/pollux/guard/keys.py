"""Keys and certificates of the authority as text: what is private is locked where there is a passphrase."""

from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec

from pollux.errors import SetupError
from pollux.guard.certificates import Signer

PEM: Final = pem.Encoding.PEM


def key_text(key: ec.EllipticCurvePrivateKey, secret: bytes | None = None) -> bytes:
    """A private key as a file, locked with `secret` where there is one."""
    lock = pem.BestAvailableEncryption(secret) if secret else pem.NoEncryption()
    return key.private_bytes(PEM, pem.PrivateFormat.PKCS8, lock)


def signer_text(signer: Signer, secret: bytes | None) -> bytes:
    """The key and then the certificate of one that signs."""
    return key_text(signer.key, secret) + signer.certificate.public_bytes(PEM)


def signer_at(path: Path, secret: bytes | None) -> Signer:
    """What `signer_text` made; raises SetupError where it is not there, or for another secret."""
    text = read(path)
    try:
        key = pem.load_pem_private_key(text, secret)
    except (ValueError, TypeError):
        hint = "for the keys of a site it comes in POLLUX_IDENTITY_PASSPHRASE"
        raise SetupError("expected the passphrase of this key", at=str(path), hint=hint) from None
    assert isinstance(key, ec.EllipticCurvePrivateKey), "an authority's keys are on P-256"
    return Signer(x509.load_pem_x509_certificate(text), key)


def certificate_at(path: Path) -> x509.Certificate:
    """The first certificate of a file; raises SetupError where there is none."""
    try:
        return x509.load_pem_x509_certificate(read(path))
    except ValueError:
        raise SetupError("expected a certificate (PEM)", at=str(path)) from None


def read(path: Path) -> bytes:
    """A file of the authority; raises SetupError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SetupError(f"expected a file of the authority: {error.strerror}", at=str(path)) from None
