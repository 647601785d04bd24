"""The site's own certificate authority: a root that is made once and kept elsewhere, and an issuer in its name.

`identity/` holds, each file replaced as a whole and readable by its owner only:

    root.pem     the root's certificate; its presence says that the authority was made
    issuer.pem   the issuer's certificate and key, under a passphrase where one was given
    root.crl     what the root no longer stands for; only the root can renew it
    trust.pem    everything that a listener checks certificates against, in one file
    server.pem   the server's key and chain

The root's key is in none of them: it leaves once, encrypted, for a place of its own.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Self, final

from cryptography import x509
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec

from pollux.clock import DAY
from pollux.errors import SetupError
from pollux.guard import files
from pollux.guard.certificates import (
    LIST_LIFETIME,
    ROOT_LIST_LIFETIME,
    PublicKey,
    Signer,
    device_certificate,
    fingerprint,
    issuer_certificate,
    list_end,
    new_key,
    revocation_list,
    root_certificate,
    server_certificate,
    span,
)

SHORTEST_PASSPHRASE: Final = 12
PEM: Final = pem.Encoding.PEM

TRUST: Final = "trust.pem"
SERVER: Final = "server.pem"
ROOT_LIST: Final = "root's revocation list"
ISSUER_LIST: Final = "issuer's revocation list"

Revoked = Iterable[tuple[int, int]]
"""Serial number and since when, of each certificate that the issuer no longer stands for."""


@final
class Authority:
    """Issues certificates and keeps the lists of those that ended; `Authority.made` begins one, `opened` goes on."""

    def __init__(self, folder: Path, issuer: Signer, passphrase: bytes | None) -> None:
        self.folder, self.issuer, self._passphrase = folder, issuer, passphrase
        self.root = _certificate(folder / "root.pem")

    @classmethod
    def made(
        cls, folder: Path, title: str, *, export: Path, secret: bytes, now: int, passphrase: bytes | None = None
    ) -> Self:
        """A new authority. The root's key goes to `export`, encrypted with `secret`, and nowhere else.

        Raises SetupError where there is one already, where `export` exists, or for a short `secret`.
        """
        if (folder / "root.pem").exists():
            raise SetupError("expected no authority here yet: a root is made once", at=str(folder))
        _long_enough(secret)
        if passphrase is not None:
            _long_enough(passphrase)
        key = new_key()
        root = Signer(root_certificate(title, key, now), key)
        try:
            files.write_new(export, _key_text(key, secret) + root.certificate.public_bytes(PEM))
        except OSError as error:
            raise SetupError(f"expected a new file for the root's key: {error.strerror}", at=str(export)) from None
        issuer_key = new_key()
        issuer = Signer(issuer_certificate(title, issuer_key, root, now), issuer_key)
        files.private_folder(folder)
        files.replace(folder / "issuer.pem", _key_text(issuer_key, passphrase) + issuer.certificate.public_bytes(PEM))
        files.replace(folder / "root.crl", _root_list(root, (), now))
        # Last: what a crash has left before it is made again from the beginning.
        files.replace(folder / "root.pem", root.certificate.public_bytes(PEM))
        authority = cls(folder, issuer, passphrase)
        authority.relist((), now)
        return authority

    @classmethod
    def opened(cls, folder: Path, *, passphrase: bytes | None = None) -> Self:
        """The authority of a folder; raises SetupError where there is none, or for a wrong passphrase."""
        if not (folder / "root.pem").exists():
            raise SetupError("expected a certificate authority", at=str(folder), hint="pollux identity init makes one")
        return cls(folder, _signer(_read(folder / "issuer.pem"), passphrase, folder / "issuer.pem"), passphrase)

    @property
    def mark(self) -> str:
        """The fingerprint of the root, by which a device knows whom it tells its code."""
        return fingerprint(self.root).hex()

    @property
    def root_list(self) -> x509.CertificateRevocationList:
        """What the root no longer stands for; read each time, for another process may have let the root renew it."""
        return x509.load_pem_x509_crl(_read(self.folder / "root.crl"))

    @property
    def chain(self) -> bytes:
        """What a device or a server shows beside its own certificate (PEM)."""
        return self.issuer.certificate.public_bytes(PEM)

    def device(self, name: str, key: PublicKey, now: int) -> x509.Certificate:
        """A certificate for the account of a name; it opens nothing until it is in the account's record."""
        return device_certificate(name, key, self.issuer, now)

    def serve_as(self, hosts: Sequence[str], now: int) -> x509.Certificate:
        """A new key and certificate for the site's own listeners, under these names and addresses."""
        key = new_key()
        made = server_certificate(hosts, key.public_key(), self.issuer, now)
        text = _key_text(key, self._passphrase) + made.public_bytes(PEM) + self.chain
        files.replace(self.folder / SERVER, text)
        return made

    def server(self) -> x509.Certificate:
        """The certificate that the listeners show; raises SetupError where there is none."""
        if not (self.folder / SERVER).exists():
            hint = "pollux identity server DIR --host plant.example makes one"
            raise SetupError("expected a certificate for the server", at=str(self.folder), hint=hint)
        return _certificate(self.folder / SERVER)

    def revocations(self) -> x509.CertificateRevocationList:
        """The list of the issuer, as the listeners know it."""
        return x509.load_pem_x509_crl(b"-----BEGIN X509 CRL" + _read(self.folder / TRUST).split(_LIST)[-1])

    def relist(self, revoked: Revoked, now: int) -> None:
        """Write the issuer's list anew, with the whole of what is checked against."""
        mine = revocation_list(self.issuer, revoked, now).public_bytes(PEM)
        root = self.root.public_bytes(PEM) + self.root_list.public_bytes(PEM)
        files.replace(self.folder / TRUST, root + self.chain + mine)

    def keep_listed(self, revoked: Revoked, now: int) -> bool:
        """Write the list anew where it lacks one, or is a day old; whether it was written."""
        wanted, known = dict(revoked), self.revocations()
        listed = {entry.serial_number for entry in known}
        if listed >= wanted.keys() and list_end(known) - now > LIST_LIFETIME - DAY:
            return False
        self.relist(wanted.items(), now)
        return True

    def renew_root_list(
        self, export: Path, secret: bytes, revoked: Revoked, now: int, *, without_issuer: bool = False
    ) -> None:
        """Let the root, from its export, say anew what it stands for; `without_issuer` ends the issuer with all below.

        Raises SetupError for another root, or a wrong passphrase.
        """
        root = _signer(_read(export), secret, export)
        if fingerprint(root.certificate) != fingerprint(self.root):
            raise SetupError("expected the root of this authority", at=str(export))
        ended = [(self.issuer.certificate.serial_number, now)] if without_issuer else []
        earlier = [(entry.serial_number, now) for entry in self.root_list]
        files.replace(self.folder / "root.crl", _root_list(root, [*earlier, *ended], now))
        self.relist(revoked, now)

    def ends(self) -> dict[str, int]:
        """Until when what the listeners stand on holds (ns UTC), by name: each must be renewed before."""
        found = {
            "root": span(self.root).end,
            ROOT_LIST: list_end(self.root_list),
            "issuer": span(self.issuer.certificate).end,
            ISSUER_LIST: list_end(self.revocations()),
        }
        if (self.folder / SERVER).exists():
            found["server"] = span(self.server()).end
        return found


_LIST: Final = b"-----BEGIN X509 CRL"


def key_text(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as a file, for whoever has asked us to make it."""
    return _key_text(key, None)


def _key_text(key: ec.EllipticCurvePrivateKey, secret: bytes | None) -> bytes:
    lock = pem.BestAvailableEncryption(secret) if secret else pem.NoEncryption()
    return key.private_bytes(PEM, pem.PrivateFormat.PKCS8, lock)


def _signer(text: bytes, secret: bytes | None, path: Path) -> Signer:
    try:
        key = pem.load_pem_private_key(text, secret)
    except (ValueError, TypeError):
        hint = "for the keys of a site it comes in POLLUX_IDENTITY_PASSPHRASE"
        raise SetupError("expected the passphrase of this key", at=str(path), hint=hint) from None
    assert isinstance(key, ec.EllipticCurvePrivateKey), "an authority's keys are on P-256"
    return Signer(x509.load_pem_x509_certificate(text), key)


def _root_list(root: Signer, revoked: Revoked, now: int) -> bytes:
    return revocation_list(root, revoked, now, lifetime=ROOT_LIST_LIFETIME).public_bytes(PEM)


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(_read(path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SetupError(f"expected a file of the authority: {error.strerror}", at=str(path)) from None


def _long_enough(secret: bytes) -> None:
    if len(secret) < SHORTEST_PASSPHRASE:
        raise SetupError(f"expected a passphrase of at least {SHORTEST_PASSPHRASE} characters, got {len(secret)}")
