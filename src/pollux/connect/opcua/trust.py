"""Which certificate of a server is believed, and the one that Pollux shows of itself.

An OPC UA application certificate (Part 6, 6.2.2) names its application by a URI. It is believed because it is the one
that was pinned, or because an authority that was named has issued it and has not taken it back.
"""

import datetime
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Final, final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pollux.clock import SECOND
from pollux.errors import SetupError
from pollux.guard.files import create, private_folder

LEAST_BITS: Final = 2048
DEEPEST: Final = 4
YEARS: Final = 5
CERTIFICATE: Final = "certificate.der"
KEY: Final = "key.pem"
_DIGITS: Final = 64


@final
class Untrusted(Exception):
    """Why a certificate is not believed."""


@final
@dataclass(frozen=True, slots=True)
class Trust:
    """What a server's certificate is held against: a fingerprint, or authorities with what they have taken back."""

    pin: bytes | None = None
    authorities: tuple[x509.Certificate, ...] = ()
    lists: tuple[x509.CertificateRevocationList, ...] = ()

    def check(self, chain: Sequence[x509.Certificate], host: str, now: int) -> None:
        """Raise Untrusted unless the first of the chain is believed at `now`, nanoseconds UTC, for this host."""
        leaf = chain[0]
        found = fingerprint(leaf)
        usable(leaf, now)
        if self.pin is not None:
            if not hmac.compare_digest(self.pin, leaf.fingerprint(hashes.SHA256())):
                raise Untrusted(f"expected the pinned certificate, got one with the fingerprint {found}")
            return
        if _is_authority(leaf):
            raise Untrusted(f"expected the certificate of a server, got that of an authority, {found}")
        _check_host(leaf, host)
        self._check_issued(leaf, list(chain[1:DEEPEST]), now)

    def _check_issued(self, leaf: x509.Certificate, between: list[x509.Certificate], now: int) -> None:
        one, seen = leaf, 0
        while True:
            issuer = _issuer(one, self.authorities)
            known = issuer is not None
            issuer = issuer or _issuer(one, between)
            if issuer is None or seen > DEEPEST:
                raise Untrusted(f"expected an issuer that was named, got {one.issuer.rfc4514_string()[:120]}")
            _check_time(issuer, now)
            self._check_not_taken_back(one, issuer, now)
            if known:
                return
            one, seen = issuer, seen + 1

    def _check_not_taken_back(self, one: x509.Certificate, issuer: x509.Certificate, now: int) -> None:
        mine = [some for some in self.lists if some.issuer == issuer.subject]
        if self.lists and not mine:
            raise Untrusted(f"expected a revocation list of {issuer.subject.rfc4514_string()[:120]}, got none")
        for some in mine:
            if not some.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type]
                raise Untrusted("expected a revocation list that its authority has signed")
            if some.next_update_utc is not None and _nanos(some.next_update_utc) < now:
                raise Untrusted(f"the revocation list has run out on {some.next_update_utc:%Y-%m-%d}")
            if some.get_revoked_certificate_by_serial_number(one.serial_number) is not None:
                raise Untrusted(f"its authority has taken the certificate back, {fingerprint(one)}")


def trust_of(pin: str | None, authority: Path | None, revoked: Path | None) -> Trust:
    """What was declared, read from its files; raises SetupError for what cannot be read."""
    if pin is not None:
        plain = pin.replace(":", "").lower()
        if len(plain) == _DIGITS and set(plain) <= set("0123456789abcdef"):
            return Trust(pin=bytes.fromhex(plain))
        (certificate,) = _certificates(Path(pin))[:1]
        return Trust(pin=certificate.fingerprint(hashes.SHA256()))
    assert authority is not None
    return Trust(None, tuple(_certificates(authority)), () if revoked is None else _lists(revoked))


def split_chain(blob: bytes) -> list[x509.Certificate]:
    """The certificates that lie one behind the other in what a server shows, at most as many as are looked at.

    Raises Untrusted for other bytes.
    """
    found: list[x509.Certificate] = []
    try:
        while blob and len(found) < DEEPEST:
            size = 4 + int.from_bytes(blob[2:4], "big")
            found.append(x509.load_der_x509_certificate(blob[:size]))
            blob = blob[size:]
    except ValueError:
        raise Untrusted("expected a certificate, got other bytes") from None
    if not found:
        raise Untrusted("the server shows no certificate")
    return found


def usable(certificate: x509.Certificate, now: int) -> None:
    """Raise Untrusted for a certificate that is not of its time, or whose key is too short for any policy."""
    _check_time(certificate, now)
    _check_key(certificate)


def known(folder: Path) -> frozenset[str] | None:
    """The fingerprints of the certificates that lie in a folder, None where there is no such folder.

    Raises SetupError for a file that is none.
    """
    if not folder.is_dir():
        return None
    files = [path for path in folder.iterdir() if path.suffix in (".der", ".pem", ".crt", ".cer")]
    return frozenset(fingerprint(one) for path in files for one in _certificates(path))


def fingerprint(certificate: x509.Certificate) -> str:
    """The SHA-256 of a certificate, as `pin` takes it."""
    return certificate.fingerprint(hashes.SHA256()).hex()


@final
@dataclass(frozen=True, slots=True)
class Own:
    """The certificate that an application shows, with its key, both as bytes (DER and PEM), and its URI."""

    certificate: bytes
    key: bytes
    uri: str


def own(folder: Path, uri: str, host: str, now: int, *, certificate: Path | None, key: Path | None) -> Own:
    """The certificate of this application: the one given, else one made once and kept in `folder`."""
    if certificate is not None and key is not None:
        shown = _certificates(certificate)[0]
        return Own(shown.public_bytes(serialization.Encoding.DER), _bytes(key), _uri(shown) or uri)
    private_folder(folder)
    if not (folder / CERTIFICATE).exists():
        _make(folder, uri, host, now)
    made = _certificates(folder / CERTIFICATE)[0]
    return Own(made.public_bytes(serialization.Encoding.DER), _bytes(folder / KEY), _uri(made) or uri)


def application_uri(folder: Path) -> str:
    """A name for the application of this data folder that no other one has.

    >>> application_uri(Path("/srv/plant")).startswith("urn:pollux:")
    True
    """
    return f"urn:pollux:{sha256(str(folder.absolute()).encode()).hexdigest()[:16]}"


def _make(folder: Path, uri: str, host: str, now: int) -> None:
    """A key and a certificate signed by itself, as Part 6, 6.2.2 wants it; the key comes first and stays."""
    drawn = rsa.generate_private_key(public_exponent=65537, key_size=LEAST_BITS)
    secret = drawn.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    create(folder / KEY, secret)
    pair = serialization.load_pem_private_key(_bytes(folder / KEY), None)
    assert isinstance(pair, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Pollux {uri[-8:]}")])
    began = datetime.datetime.fromtimestamp(now // SECOND, datetime.UTC) - datetime.timedelta(hours=1)
    usage = x509.KeyUsage(True, True, True, True, False, True, False, False, False)
    both = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    made = (
        x509.CertificateBuilder(name, name, pair.public_key(), x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + datetime.timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), _host(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .sign(pair, hashes.SHA256())
    )
    create(folder / CERTIFICATE, made.public_bytes(serialization.Encoding.DER))


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _issuer(one: x509.Certificate, candidates: Sequence[x509.Certificate]) -> x509.Certificate | None:
    for candidate in candidates:
        if candidate.subject != one.issuer or not _is_authority(candidate):
            continue
        try:
            one.verify_directly_issued_by(candidate)
        except (InvalidSignature, ValueError, TypeError):
            continue  # another authority of the same name
        return candidate
    return None


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _check_time(certificate: x509.Certificate, now: int) -> None:
    if _nanos(certificate.not_valid_after_utc) < now:
        raise Untrusted(f"the certificate has expired on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if _nanos(certificate.not_valid_before_utc) > now:
        raise Untrusted(f"the certificate does not hold before {certificate.not_valid_before_utc:%Y-%m-%d}")


def _check_key(certificate: x509.Certificate) -> None:
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey) or public.key_size < LEAST_BITS:
        raise Untrusted(f"expected an RSA key of {LEAST_BITS} bits or more")


def _check_host(certificate: x509.Certificate, host: str) -> None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise Untrusted("expected a certificate that names its host, got one without names") from None
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    hosts = [one.lower() for one in names.get_values_for_type(x509.DNSName)]
    if host.lower() not in (*hosts, *addresses):
        raise Untrusted(f"expected a certificate of {host}, got one of {', '.join((*hosts, *addresses))[:120]}")


def _uri(certificate: x509.Certificate) -> str | None:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    found = names.get_values_for_type(x509.UniformResourceIdentifier)
    return found[0] if found else None


def _certificates(path: Path) -> list[x509.Certificate]:
    told = _bytes(path)
    try:
        if told.lstrip().startswith(b"-----"):
            return x509.load_pem_x509_certificates(told)
        return split_chain(told)
    except (ValueError, Untrusted):
        raise SetupError("expected a certificate in PEM or DER", at=str(path)) from None


def _lists(path: Path) -> tuple[x509.CertificateRevocationList, ...]:
    told = _bytes(path)
    end = b"-----END X509 CRL-----"
    try:
        if told.lstrip().startswith(b"-----"):
            parts = told.split(end)[:-1]
            return tuple(x509.load_pem_x509_crl(part.lstrip() + end + b"\n") for part in parts)
        return (x509.load_der_x509_crl(told),)
    except ValueError:
        raise SetupError("expected a revocation list in PEM or DER", at=str(path)) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SetupError(f"the file cannot be read: {error.strerror}", at=str(path)) from None


def _nanos(moment: datetime.datetime) -> int:
    return int(moment.timestamp()) * SECOND
