"""A certificate authority of tests, certificates of every kind, and handshakes in memory."""

import ssl
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from pollux.clock import DAY, WallClock
from pollux.guard import Accounts
from pollux.guard.authority import Authority
from pollux.guard.certificates import Signer, device_certificate, issuer_certificate, new_key, root_certificate
from pollux.guard.certificates import server_certificate as signed_for_servers
from pollux.guard.enrolment import enrol
from pollux.guard.keys import PEM
from pollux.guard.tls import client_fingerprint

SECRET = b"a root is kept elsewhere"
TITLE = "Plant"


@dataclass(frozen=True)
class Made:
    """A data folder with an authority and accounts, and the folder of clients' files."""

    data: Path
    export: Path
    authority: Authority
    accounts: Accounts
    clients: Path

    @property
    def folder(self) -> Path:
        return self.authority.folder

    def device(self, name: str) -> Path:
        """A certificate in the record of a device, with its key and chain in one file."""
        key = new_key()
        return self.written(name, enrol(self.accounts, self.authority, name, key.public_key(), WallClock().now()), key)

    def written(self, name: str, made: x509.Certificate, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Path:
        """A client's file."""
        path = self.clients / f"{name}-{made.serial_number:x}.pem"
        text = key.private_bytes(PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()) + made.public_bytes(PEM)
        path.write_bytes(text + self.authority.chain)
        return path

    def client(self, certificate: Path | None = None, *, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        """A client that trusts this authority."""
        return client_context(self.folder / "root.pem", certificate, newest=newest)


def made(tmp: Path) -> Made:
    """A new one, which serves as localhost; P-7 and P-8 are devices, ann is a person."""
    data, now = tmp / "data", WallClock().now()
    (clients := tmp / "clients").mkdir(parents=True)
    data.mkdir(mode=0o700)
    authority = Authority.made(data / "identity", TITLE, export=tmp / "root-key.pem", secret=SECRET, now=now)
    authority.serve_as(["localhost", "127.0.0.1"], now)
    accounts = Accounts(data / "accounts.db", clock=WallClock())
    for name in ("P-7", "P-8"):
        accounts.add(name, kind="device", roles={"device"}, twins=[f"Pump/{name}"])
    accounts.add("ann", kind="person", roles={"administrator"}, twins=["*"])
    return Made(data, tmp / "root-key.pem", authority, accounts, clients)


def reopened(made: Made) -> Made:
    """The same, with its accounts opened once more."""
    return replace(made, accounts=Accounts(made.data / "accounts.db", clock=WallClock()))


def client_context(root: Path, certificate: Path | None, *, newest: ssl.TLSVersion | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(root))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # whatever it is, the client shows it
    if certificate is not None:
        context.load_cert_chain(certificate)
    if newest is not None:
        context.maximum_version = newest
    return context


def foreign(made: Made) -> Path:
    """A certificate of another authority that bears the same names."""
    now, keys = WallClock().now(), [new_key() for _ in range(3)]
    root = Signer(root_certificate(TITLE, keys[0], now), keys[0])
    issuer = Signer(issuer_certificate(TITLE, keys[1], root, now), keys[1])
    return made.written("P-7", device_certificate("P-7", keys[2].public_key(), issuer, now), keys[2])


def self_signed(made: Made) -> Path:
    key, now = new_key(), WallClock().now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "P-7")])
    begun = made.authority.root.not_valid_before_utc
    text = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(now)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=9))
    )
    return made.written("P-7", text.sign(key, hashes.SHA256()), key)


def expired(made: Made) -> Path:
    key = new_key()
    return made.written(
        "P-7",
        device_certificate(
            "P-7", key.public_key(), made.authority.issuer, WallClock().now() - 9 * DAY, lifetime=8 * DAY
        ),
        key,
    )


def early(made: Made) -> Path:
    key, tomorrow = new_key(), WallClock().now() + DAY
    return made.written("P-7", device_certificate("P-7", key.public_key(), made.authority.issuer, tomorrow), key)


def for_servers(made: Made) -> Path:
    key, now = new_key(), WallClock().now()
    return made.written("P-7", signed_for_servers(["P-7"], key.public_key(), made.authority.issuer, now), key)


def weak(made: Made) -> Path:
    key, now = rsa.generate_private_key(65_537, 1_024), WallClock().now()
    return made.written("P-7", device_certificate("P-7", key.public_key(), made.authority.issuer, now), key)


def below_a_leaf(made: Made) -> Path:
    """A device that plays authority: its certificate signs another."""
    keys, now = [new_key() for _ in range(2)], WallClock().now()
    device = Signer(enrol(made.accounts, made.authority, "P-8", keys[0].public_key(), now), keys[0])
    path = made.written("P-7", device_certificate("P-7", keys[1].public_key(), device, now), keys[1])
    path.write_bytes(path.read_bytes() + device.certificate.public_bytes(PEM))
    return path


def stranger(made: Made) -> Path:
    """A good certificate of this authority that is in nobody's record."""
    key, now = new_key(), WallClock().now()
    return made.written("P-7", made.authority.device("P-7", key.public_key(), now), key)


def shaken(
    server: ssl.SSLContext, client: ssl.SSLContext, *, host: str = "localhost", session: ssl.SSLSession | None = None
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Server's and client's end after a handshake; raises ssl.SSLError of whoever refuses."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=host, session=session)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [here, there]
    for _ in range(10):
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                continue
    assert not waiting
    return there, here


def shown(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes | None:
    """The fingerprint that the server sees."""
    return client_fingerprint(shaken(server, client)[0])
