"""A small certificate authority for OPC UA applications: good certificates and every kind of bad one."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


def key(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """Issues certificates and takes them back."""

    def __init__(self, common="Plant CA", issuer=None, days=365):
        self.key, self.name = key(), name(common)
        self.certificate = self._made(issuer, days)
        self.serials: list[int] = []

    def _made(self, issuer, days):
        builder = _builder(self.name, (issuer or self).name, self.key.public_key(), NOW - DAY, NOW + days * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return builder.sign((issuer or self).key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(PEM)

    def issue(self, common, uri, *, start=-1, end=365, bits=2048, ca=False, host="localhost"):
        """A certificate of an application, and its key."""
        own = key(bits)
        builder = _builder(name(common), self.name, own.public_key(), NOW + start * DAY, NOW + end * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        builder = _application(builder, uri, host)
        return builder.sign(self.key, hashes.SHA256()), own

    def revoke(self, certificate):
        self.serials.append(certificate.serial_number)

    def crl(self, until=7):
        """The list of what was taken back, in PEM."""
        builder = x509.CertificateRevocationListBuilder(self.name, NOW - 9 * DAY, NOW + until * DAY)
        for serial in self.serials:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, NOW - DAY).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(PEM)


def self_signed(common, uri, host="localhost", bits=2048):
    """A certificate that nobody has issued, and its key."""
    own = key(bits)
    builder = _builder(name(common), name(common), own.public_key(), NOW - DAY, NOW + 365 * DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return _application(builder, uri, host).sign(own, hashes.SHA256()), own


def pem_key(own):
    return own.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def fingerprint(certificate):
    return certificate.fingerprint(hashes.SHA256()).hex()


def _builder(subject, issuer, public, start, end):
    builder = x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
    return builder.not_valid_before(start).not_valid_after(end)


def _application(builder, uri, host):
    usage = x509.KeyUsage(True, True, True, True, False, False, False, False, False)
    both = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    names = [x509.UniformResourceIdentifier(uri), x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(usage, critical=True)
    return builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
