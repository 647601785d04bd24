"""The site's own certificate authority: a root that is made once and kept elsewhere, and an issuer in its name.

`identity/` holds, each file replaced as a whole and readable by its owner only:

    root.pem     the root's certificate; its presence says that the authority was made
    issuer.pem   the issuer's certificate and key, under a passphrase where one was given; `issuers.py` says of others
    root.crl     what the root no longer stands for; only the root can renew it
    trust.pem    everything that a listener checks certificates against, in one file
    server.pem   the server's key and chain

The root's key is in none of them: it leaves once, encrypted, for a place of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Self, final

from cryptography import x509

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
    listed,
    names_of,
    new_key,
    revocation_list,
    root_certificate,
    server_certificate,
    span,
)
from pollux.guard.issuers import ISSUER, Issuers, next_title
from pollux.guard.keys import PEM, certificate_at, key_text, read, signer_at, signer_text

SHORTEST_PASSPHRASE: Final = 12

TRUST: Final = "trust.pem"
SERVER: Final = "server.pem"
ROOT_LIST: Final = "root's revocation list"
ISSUER_LIST: Final = "issuer's revocation list"

Revoked = Iterable[tuple[int, int]]
"""Serial number and since when, of each certificate that the issuer no longer stands for."""


@final
class Authority:
    """Issues certificates and keeps the lists of those that ended; `Authority.made` begins one, `opened` goes on."""

    def __init__(self, folder: Path, passphrase: bytes | None) -> None:
        self.folder, self._passphrase = folder, passphrase
        self.root = certificate_at(folder / "root.pem")
        self.issuers = Issuers(folder, passphrase)

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
            files.write_new(export, signer_text(root, secret))
        except OSError as error:
            raise SetupError(f"expected a new file for the root's key: {error.strerror}", at=str(export)) from None
        issuer_key = new_key()
        issuer = Signer(issuer_certificate(title, issuer_key, root, now), issuer_key)
        files.private_folder(folder)
        files.replace(folder / ISSUER, signer_text(issuer, passphrase))
        files.replace(folder / "root.crl", _root_list(root, (), now))
        # Last: what a crash has left before it is made again from the beginning.
        files.replace(folder / "root.pem", root.certificate.public_bytes(PEM))
        authority = cls(folder, passphrase)
        authority.relist((), now)
        return authority

    @classmethod
    def opened(cls, folder: Path, *, passphrase: bytes | None = None) -> Self:
        """The authority of a folder; raises SetupError where there is none, or for a wrong passphrase."""
        if not (folder / "root.pem").exists():
            raise SetupError("expected a certificate authority", at=str(folder), hint="pollux identity init makes one")
        return cls(folder, passphrase)

    @property
    def issuer(self) -> Signer:
        """Who issues now."""
        return self.issuers.current

    @property
    def mark(self) -> str:
        """The fingerprint of the root, by which a device knows whom it tells its code."""
        return fingerprint(self.root).hex()

    @property
    def root_list(self) -> x509.CertificateRevocationList:
        """What the root no longer stands for; read each time, for another process may have let the root renew it."""
        return x509.load_pem_x509_crl(read(self.folder / "root.crl"))

    @property
    def chain(self) -> bytes:
        """What a device or a server shows beside its own certificate (PEM)."""
        return self.issuer.certificate.public_bytes(PEM)

    def device(self, name: str, key: PublicKey, now: int) -> x509.Certificate:
        """A certificate for the account of a name; it opens nothing until it is in the account's record."""
        return device_certificate(name, key, self.issuer, now)

    def serve_as(self, hosts: Sequence[str], now: int) -> x509.Certificate:
        """A new key and certificate for the site's own listeners, under these names and addresses."""
        key, issuer = new_key(), self.issuer
        made = server_certificate(hosts, key.public_key(), issuer, now)
        text = key_text(key, self._passphrase) + made.public_bytes(PEM) + issuer.certificate.public_bytes(PEM)
        files.replace(self.folder / SERVER, text)
        return made

    def server(self) -> x509.Certificate:
        """The certificate that the listeners show; raises SetupError where there is none."""
        if not (self.folder / SERVER).exists():
            hint = "pollux identity server DIR --host plant.example makes one"
            raise SetupError("expected a certificate for the server", at=str(self.folder), hint=hint)
        return certificate_at(self.folder / SERVER)

    # -- lists --------------------------------------------------------------------------------------------------------

    def revocations(self) -> x509.CertificateRevocationList:
        """The list of the issuer, as the listeners know it."""
        key = self.issuer.key.public_key()
        return next(one for one in self._lists() if one.is_signature_valid(key))

    def relist(self, revoked: Revoked, now: int) -> None:
        """Write the lists of all issuers anew, with the whole of what is checked against."""
        self._trust([self.issuer, *self.issuers.former(now)], revoked, now)

    def keep_listed(self, revoked: Revoked, now: int) -> bool:
        """Write the lists anew where one is missing, lacks an entry or is a day old; whether they were written."""
        wanted = dict(revoked)
        self.issuers.sweep(now)
        if read(self.folder / "root.crl") in read(self.folder / TRUST) and all(
            one is not None and _whole(one, wanted, now) for one in self._lists_of(now)
        ):
            return False
        self.relist(wanted.items(), now)
        return True

    def ends(self) -> dict[str, int]:
        """Until when what the listeners stand on holds (ns UTC), by name: each must be renewed before."""
        found = {
            "root": span(self.root).end,
            ROOT_LIST: list_end(self.root_list),
            "issuer": span(self.issuer.certificate).end,
            ISSUER_LIST: min((list_end(one) for one in self._lists()), default=0),
        }
        if (self.folder / SERVER).exists():
            found["server"] = span(self.server()).end
        return found

    # -- what only the root can do ------------------------------------------------------------------------------------

    def root_from(self, export: Path, secret: bytes) -> Signer:
        """The root with its key, from where that is kept; raises SetupError for another root or a wrong passphrase."""
        root = signer_at(export, secret)
        if fingerprint(root.certificate) != fingerprint(self.root):
            raise SetupError("expected the root of this authority", at=str(export))
        return root

    def renew_root_list(self, root: Signer, revoked: Revoked, now: int, *, without: Iterable[int] = ()) -> None:
        """Let the root say anew what it stands for, `without` the issuers of these serial numbers from now on."""
        entries = {**dict.fromkeys(without, now), **dict(listed(self.root_list))}
        files.replace(self.folder / "root.crl", _root_list(root, entries.items(), now))
        self.relist(revoked, now)

    def succeed(self, root: Signer, revoked: Revoked, now: int) -> x509.Certificate:
        """Let a new issuer follow the one that issues, whose certificates go on; its own is what comes back."""
        old, key = self.issuer, new_key()
        new = Signer(issuer_certificate("", key, root, now, name=next_title(old.certificate)), key)
        self.issuers.keep_former(old)
        # Known before it issues: what it has signed is let in from the first moment.
        self._trust([new, *self.issuers.former(now), old], revoked, now)
        self.issuers.succeed(new)
        self.relist(revoked, now)
        if (self.folder / SERVER).exists():
            self.serve_as(names_of(self.server()), now)
        return new.certificate

    # -- inside -------------------------------------------------------------------------------------------------------

    def _trust(self, issuers: Sequence[Signer], revoked: Revoked, now: int) -> None:
        """Each list names all that ended: serial numbers are random and long, so no two issuers give the same."""
        ended = [*revoked]
        parts = [self.root.public_bytes(PEM), read(self.folder / "root.crl")]
        for one in issuers:
            parts += [one.certificate.public_bytes(PEM), revocation_list(one, ended, now).public_bytes(PEM)]
        files.replace(self.folder / TRUST, b"".join(parts))

    def _lists(self) -> list[x509.CertificateRevocationList]:
        """The lists of the issuers, as the listeners know them."""
        blocks = read(self.folder / TRUST).split(_LIST)[1:]
        found = [x509.load_pem_x509_crl(_LIST + block) for block in blocks]
        return [one for one in found if one.issuer != self.root.subject]

    def _lists_of(self, now: int) -> Iterator[x509.CertificateRevocationList | None]:
        """The list of each issuer, None for one that has none."""
        known = self._lists()
        for signer in (self.issuer, *self.issuers.former(now)):
            key = signer.key.public_key()
            yield next((one for one in known if one.is_signature_valid(key)), None)


_LIST: Final = b"-----BEGIN X509 CRL"


def _whole(known: x509.CertificateRevocationList, wanted: dict[int, int], now: int) -> bool:
    entries = {entry.serial_number for entry in known}
    return entries >= wanted.keys() and list_end(known) - now > LIST_LIFETIME - DAY


def _root_list(root: Signer, revoked: Revoked, now: int) -> bytes:
    return revocation_list(root, revoked, now, lifetime=ROOT_LIST_LIFETIME).public_bytes(PEM)


def _long_enough(secret: bytes) -> None:
    if len(secret) < SHORTEST_PASSPHRASE:
        raise SetupError(f"expected a passphrase of at least {SHORTEST_PASSPHRASE} characters, got {len(secret)}")
