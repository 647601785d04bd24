"""Certificates of the site's own authority: what each may be used for, and for how long. Pure: nothing is kept here.

Names come from the caller, who has them from an account's record; of a request only the public key is taken. Times are
nanoseconds UTC.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pollux.clock import DAY, MINUTE, SECOND

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

ROOT_LIFETIME: Final = 7_300 * DAY
ISSUER_LIFETIME: Final = 1_825 * DAY
LEAF_LIFETIME: Final = 365 * DAY
ROOT_LIST_LIFETIME: Final = 730 * DAY
LIST_LIFETIME: Final = 7 * DAY
EARLIER: Final = 5 * MINUTE
"""So much earlier does a certificate begin: clocks of devices are not all right."""

LONGEST_COMMON_NAME: Final = 64


@final
@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate of the authority, with the key that signs in its name; the key is in no repr."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


@final
@dataclass(frozen=True, slots=True)
class Span:
    """From when to when something holds (ns UTC)."""

    start: int
    end: int


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def fingerprint(certificate: x509.Certificate) -> bytes:
    """The SHA-256 of the whole certificate: what a record knows it by."""
    return certificate.fingerprint(hashes.SHA256())


def span(certificate: x509.Certificate) -> Span:
    """When a certificate holds."""
    return Span(_instant(certificate.not_valid_before_utc), _instant(certificate.not_valid_after_utc))


def root_certificate(title: str, key: ec.EllipticCurvePrivateKey, now: int) -> x509.Certificate:
    """The root: signs intermediates and its own revocation list, nothing else."""
    name = _name(f"{title} root")
    made = _authority(name, name, key.public_key(), Span(now - EARLIER, now + ROOT_LIFETIME), depth=1)
    return made.add_extension(_identifier(key.public_key()), critical=False).sign(key, hashes.SHA256())


def issuer_certificate(
    title: str, key: ec.EllipticCurvePrivateKey, root: Signer, now: int, *, name: str = ""
) -> x509.Certificate:
    """An intermediate: signs devices and servers, and no further authority."""
    times = _within(Span(now - EARLIER, now + ISSUER_LIFETIME), root)
    made = _authority(_name(name or f"{title} issuer"), root.certificate.subject, key.public_key(), times, depth=0)
    return _signed(made, key.public_key(), root)


def device_certificate(
    name: str, key: PublicKey, issuer: Signer, now: int, *, lifetime: int = LEAF_LIFETIME
) -> x509.Certificate:
    """A certificate with which the account `name` proves who it is, as a client only."""
    said = x509.UniformResourceIdentifier(f"urn:pollux:{name}")
    times = Span(now - EARLIER, now + lifetime)
    return _leaf(name, [said], key, issuer, times, ExtendedKeyUsageOID.CLIENT_AUTH)


def server_certificate(hosts: Sequence[str], key: PublicKey, issuer: Signer, now: int) -> x509.Certificate:
    """A certificate with which the site proves that it is reached under one of these names or addresses."""
    said = [_host(host) for host in hosts]
    times = Span(now - EARLIER, now + LEAF_LIFETIME)
    return _leaf(hosts[0], said, key, issuer, times, ExtendedKeyUsageOID.SERVER_AUTH)


def revocation_list(
    issuer: Signer, revoked: Iterable[tuple[int, int]], now: int, *, lifetime: int = LIST_LIFETIME
) -> x509.CertificateRevocationList:
    """What an authority no longer stands for: (serial number, since when) of each."""
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(_date(now - EARLIER))
        .next_update(_date(now + lifetime))
        .add_extension(x509.CRLNumber(now // SECOND), critical=False)
        .add_extension(_signed_by(issuer), critical=False)
    )
    for serial, since in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_date(since)).build()
        made = made.add_revoked_certificate(entry)
    return made.sign(issuer.key, hashes.SHA256())


def listed(revoked: x509.CertificateRevocationList) -> list[tuple[int, int]]:
    """Serial number and since when, of each certificate in a list."""
    return [(entry.serial_number, _instant(entry.revocation_date_utc)) for entry in revoked]


def names_of(certificate: x509.Certificate) -> list[str]:
    """The names and addresses that a server's certificate holds for."""
    said = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return said.get_values_for_type(x509.DNSName) + [str(one) for one in said.get_values_for_type(x509.IPAddress)]


def list_end(revoked: x509.CertificateRevocationList) -> int:
    """Until when a revocation list holds (ns UTC); after that nobody is let in."""
    end = revoked.next_update_utc
    assert end is not None, "our lists name their end"
    return _instant(end)


def _authority(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, times: Span, *, depth: int
) -> x509.CertificateBuilder:
    made = _certificate(subject, issuer, key, times)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
    return made.add_extension(_usage(authority=True), critical=True)


def _leaf(
    name: str, said: Sequence[x509.GeneralName], key: PublicKey, issuer: Signer, times: Span, use: x509.ObjectIdentifier
) -> x509.Certificate:
    made = _certificate(_name(name), issuer.certificate.subject, key, _within(times, issuer))
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(_usage(authority=False), critical=True)
    made = made.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    return _signed(made.add_extension(x509.SubjectAlternativeName(said), critical=False), key, issuer)


def _certificate(subject: x509.Name, issuer: x509.Name, key: PublicKey, times: Span) -> x509.CertificateBuilder:
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    made = made.serial_number(x509.random_serial_number())
    return made.not_valid_before(_date(times.start)).not_valid_after(_date(times.end))


def _signed(made: x509.CertificateBuilder, key: PublicKey, issuer: Signer) -> x509.Certificate:
    made = made.add_extension(_identifier(key), critical=False).add_extension(_signed_by(issuer), critical=False)
    return made.sign(issuer.key, hashes.SHA256())


def _within(times: Span, issuer: Signer) -> Span:
    # Nothing outlives whoever has signed it: it would be refused all the same, and its end would be a lie.
    return Span(times.start, min(times.end, span(issuer.certificate).end))


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _identifier(key: PublicKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key)


def _signed_by(issuer: Signer) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _name(common: str) -> x509.Name:
    # Cut where the standard cuts: a name in a certificate is for people to read, the record goes by the fingerprint.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:LONGEST_COMMON_NAME])])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _date(when: int) -> datetime:
    return datetime.fromtimestamp(when // SECOND, UTC)


def _instant(when: datetime) -> int:
    return round(when.timestamp()) * SECOND
