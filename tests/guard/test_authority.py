"""The authority: what it issues, keeps, lists and revokes, and whom its contexts let in."""

import ssl
import stat
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from pollux.clock import DAY, SECOND, SimulatedClock, WallClock
from pollux.errors import Conflict, DataRefused, NotFound, SetupError
from pollux.guard import Accounts, Credential, Gate, files
from pollux.guard.authority import ISSUER_LIST, ROOT_LIST, TRUST, Authority
from pollux.guard.certificates import LIST_LIFETIME, fingerprint, new_key, span
from pollux.guard.enrolment import MOST, enrol, revoke
from pollux.guard.keys import PEM
from pollux.guard.requested import LARGEST, requested_key
from pollux.guard.tls import client_fingerprint, server_context, tls_contexts
from tests.guard import handshake
from tests.guard.handshake import SECRET, Made, shaken, shown


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Made]:
    one = handshake.made(tmp_path)
    yield one
    one.accounts.close()


def now() -> int:
    return WallClock().now()


# -- keys and files ---------------------------------------------------------------------------------------------------


def test_the_root_leaves_once_and_encrypted(plant: Made) -> None:
    """No file of the data folder opens with the root's key, and the export opens with its passphrase only."""
    root = plant.authority.root.public_key()
    for path in plant.folder.iterdir():
        if b"PRIVATE KEY" in path.read_bytes():
            assert pem.load_pem_private_key(path.read_bytes(), None).public_key() != root
    assert b"ENCRYPTED PRIVATE KEY" in plant.export.read_bytes()
    with pytest.raises(ValueError):
        pem.load_pem_private_key(plant.export.read_bytes(), b"another passphrase")
    assert pem.load_pem_private_key(plant.export.read_bytes(), SECRET).public_key() == root
    with pytest.raises(SetupError, match="made once"):
        Authority.made(plant.folder, "Plant", export=plant.clients / "again", secret=SECRET, now=now())


def test_a_short_passphrase_and_a_taken_export_are_refused(tmp_path: Path) -> None:
    """Neither leaves an authority behind."""
    taken = tmp_path / "taken"
    taken.write_bytes(b"mine")
    for export, secret in ((tmp_path / "root", b"short"), (taken, SECRET)):
        with pytest.raises(SetupError):
            Authority.made(tmp_path / "identity", "Plant", export=export, secret=secret, now=now())
    assert taken.read_bytes() == b"mine"
    assert not (tmp_path / "identity" / "root.pem").exists()


def test_private_files_are_the_owners_alone(plant: Made) -> None:
    """Folder 0700, every file in it and the export 0600."""
    assert stat.S_IMODE(plant.folder.stat().st_mode) == 0o700
    for path in (*plant.folder.iterdir(), plant.export):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_may_be_locked_with_a_passphrase(tmp_path: Path) -> None:
    """Without it neither the issuer nor the listeners' key opens."""
    made = Authority.made(
        tmp_path / "identity", "Plant", export=tmp_path / "root", secret=SECRET, now=now(), passphrase=b"opens the site"
    )
    made.serve_as(["localhost"], now())
    for path in ("issuer.pem", "server.pem"):
        assert b"ENCRYPTED PRIVATE KEY" in (made.folder / path).read_bytes()
    for wrong in (None, b"opens no site"):
        with pytest.raises(SetupError, match="passphrase"):
            Authority.opened(made.folder, passphrase=wrong)
        with pytest.raises(SetupError):
            server_context(made.folder, passphrase=wrong)
    assert Authority.opened(made.folder, passphrase=b"opens the site").mark == made.mark
    server_context(made.folder, passphrase=b"opens the site")


def test_a_crash_while_writing_leaves_the_old_file(plant: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list is replaced as a whole or not at all, and no draft stays."""
    before = (plant.folder / TRUST).read_bytes()

    def crash(*_: object) -> None:
        raise OSError("power cut")

    monkeypatch.setattr("os.replace", crash)
    with pytest.raises(OSError, match="power cut"):
        plant.authority.relist([(7, now())], now())
    assert (plant.folder / TRUST).read_bytes() == before
    assert not list(plant.folder.glob(".*"))


def test_a_crash_before_the_root_is_kept_can_be_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root.pem there is no authority, and making one starts from the beginning."""
    kept = files.replace

    def crash(path: Path, content: bytes) -> None:
        if path.name == "root.pem":
            raise OSError("power cut")
        kept(path, content)

    with monkeypatch.context() as cut:
        cut.setattr(files, "replace", crash)
        with pytest.raises(OSError, match="power cut"):
            Authority.made(tmp_path / "identity", "Plant", export=tmp_path / "one", secret=SECRET, now=now())
    with pytest.raises(SetupError, match="expected a certificate authority"):
        Authority.opened(tmp_path / "identity")
    made = Authority.made(tmp_path / "identity", "Plant", export=tmp_path / "two", secret=SECRET, now=now())
    assert Authority.opened(tmp_path / "identity").mark == made.mark


# -- issuing ----------------------------------------------------------------------------------------------------------


def request(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, name: str = "P-8") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject)
    asked = asked.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return asked.sign(key, hashes.SHA256()).public_bytes(PEM)


def test_names_and_uses_come_from_the_record_and_not_from_the_request(plant: Made) -> None:
    """A request of P-7 that asks for P-8 and for an authority gets a device's certificate of P-7."""
    made = enrol(plant.accounts, plant.authority, "P-7", requested_key(request(new_key())), now())
    assert made.subject.rfc4514_string() == "CN=P-7"
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    identity = plant.accounts.by_certificate(fingerprint(made))
    assert identity is not None
    assert (identity.name, identity.twins) == ("P-7", ("Pump/P-7",))


def test_bad_requests_are_refused() -> None:
    """Junk, a request that another key has signed, a weak key and an endless text."""
    good = x509.load_pem_x509_csr(request(new_key())).public_bytes(pem.Encoding.DER)
    forged = good[:-4] + bytes(byte ^ 1 for byte in good[-4:])
    weak = request(rsa.generate_private_key(65_537, 1_024))
    odd = request(ec.generate_private_key(ec.SECP521R1()))
    for text in (b"", b"junk", b"-----BEGIN CERTIFICATE REQUEST-----", forged, weak, odd, good + bytes(LARGEST)):
        with pytest.raises(DataRefused):
            requested_key(text)
    requested_key(good)


def test_serial_numbers_are_random_and_long(plant: Made) -> None:
    """Nobody can foresee the next: 64 bits of chance at least, no two alike."""
    serials = [plant.authority.device("P-7", new_key().public_key(), now()) for _ in range(20)]
    numbers = {made.serial_number for made in serials}
    assert len(numbers) == 20
    assert min(number.bit_length() for number in numbers) > 96


def test_only_known_devices_and_services_get_certificates(plant: Made) -> None:
    """Nobody, a disabled account and a person get none."""
    plant.accounts.disable("P-8")
    for name, error in (("P-9", NotFound), ("P-8", NotFound), ("ann", SetupError)):
        with pytest.raises(error):
            enrol(plant.accounts, plant.authority, name, new_key().public_key(), now())
    assert plant.accounts.certificates.of() == []


def test_an_account_has_a_few_certificates_at_most(plant: Made) -> None:
    """Enough to change over; one that is revoked makes room."""
    for _ in range(MOST):
        enrol(plant.accounts, plant.authority, "P-7", new_key().public_key(), now())
    with pytest.raises(Conflict, match="at most 8"):
        enrol(plant.accounts, plant.authority, "P-7", new_key().public_key(), now())
    revoke(plant.accounts, plant.authority, plant.accounts.certificates.of("P-7")[0].id, now())
    enrol(plant.accounts, plant.authority, "P-7", new_key().public_key(), now())


def test_no_certificate_outlives_its_issuer(plant: Made) -> None:
    """What is issued in the issuer's last days ends with it."""
    end = span(plant.authority.issuer.certificate).end
    made = plant.authority.device("P-7", new_key().public_key(), end - DAY)
    assert span(made).end == end


def test_openssl_agrees_about_the_chain(plant: Made) -> None:
    """The command-line tool, strict and with both lists, verifies a device, and refuses it once it is revoked."""
    device = plant.device("P-7")
    trust = str(plant.folder / TRUST)
    command = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-purpose", "sslclient", "-CAfile", trust]

    def verdict() -> str:
        run = subprocess.run([*command, str(device)], capture_output=True, text=True, check=False)
        return run.stdout + run.stderr

    try:
        assert "OK" in verdict()
    except FileNotFoundError:
        pytest.skip("needs openssl")
    revoke(plant.accounts, plant.authority, "P-7", now())
    assert "certificate revoked" in verdict()


# -- whom the contexts let in -----------------------------------------------------------------------------------------


def test_a_good_certificate_is_seen_by_its_fingerprint(plant: Made) -> None:
    """And none at all is seen as none: such a client must show a token."""
    context = server_context(plant.folder)
    device = plant.device("P-7")
    seen = shown(context, plant.client(device))
    assert seen == fingerprint(x509.load_pem_x509_certificate(device.read_bytes()))
    assert shown(context, plant.client()) is None


@pytest.mark.parametrize(
    "kind",
    [
        handshake.foreign,
        handshake.self_signed,
        handshake.expired,
        handshake.early,
        handshake.for_servers,
        handshake.weak,
        handshake.below_a_leaf,
    ],
)
def test_a_bad_certificate_ends_the_handshake(plant: Made, kind: Callable[[Made], Path]) -> None:
    """Another authority of the same name, self-signed, too late, too early, for servers, weak, signed by a device."""
    with pytest.raises(ssl.SSLError):
        shaken(server_context(plant.folder), plant.client(kind(plant)))


def test_a_certificate_in_no_record_opens_nothing(plant: Made) -> None:
    """The chain is good, so the handshake goes well; the record decides."""
    seen = shown(server_context(plant.folder), plant.client(handshake.stranger(plant)))
    assert seen is not None
    assert plant.accounts.by_certificate(seen) is None


def test_old_versions_are_refused_and_the_older_one_by_name_only(plant: Made) -> None:
    """TLS 1.2 where the listener names it; a session of it cannot outlive the record."""
    device = plant.device("P-7")
    old = plant.client(device, newest=ssl.TLSVersion.TLSv1_2)
    with pytest.raises(ssl.SSLError):
        shaken(server_context(plant.folder), old)
    assert shown(server_context(plant.folder, oldest="1.2"), old) is not None
    for version in ("TLSv1", "TLSv1_1"):
        ancient = plant.client(device)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            ancient.minimum_version = ancient.maximum_version = ssl.TLSVersion[version]
        with pytest.raises(ssl.SSLError):
            shaken(server_context(plant.folder, oldest="1.2"), ancient)


@pytest.mark.parametrize("oldest", ["1.3", "1.2"])
def test_revocation_survives_resumption(plant: Made, oldest: str) -> None:
    """TLS 1.3 gives nothing to resume; of TLS 1.2 a resumed session shows the certificate, whose record has ended."""
    device, version = plant.device("P-7"), ssl.TLSVersion.TLSv1_2 if oldest == "1.2" else None
    context = server_context(plant.folder, oldest="1.2" if oldest == "1.2" else "1.3")
    client = plant.client(device, newest=version)
    first = shaken(context, client)  # held, for an end without a goodbye is not resumed
    revoke(plant.accounts, plant.authority, "P-7", now())
    there, here = shaken(context, client, session=first[1].session)
    assert here.session_reused is (oldest == "1.2")
    seen = client_fingerprint(there)
    assert seen is not None
    assert plant.accounts.by_certificate(seen) is None
    with pytest.raises(ssl.SSLError, match="revoked"):
        shaken(server_context(plant.folder), plant.client(device))


def without_issuer(authority: Authority, plant: Made) -> None:
    """The root no longer stands for the issuer."""
    root = authority.root_from(plant.export, SECRET)
    authority.renew_root_list(root, [], now(), without=[authority.issuer.certificate.serial_number])


def test_a_revoked_issuer_takes_all_below_along(plant: Made) -> None:
    """Once the root no longer stands for the issuer, none of its devices comes in."""
    device = plant.device("P-7")
    without_issuer(plant.authority, plant)
    with pytest.raises(ssl.SSLError, match="revoked"):
        shaken(server_context(plant.folder), plant.client(device))


def test_a_site_that_serves_goes_on_with_the_roots_newest_list(plant: Made) -> None:
    """What the root says by another process is not taken back when the issuer's list is written anew."""
    device = plant.device("P-7")
    elsewhere = Authority.opened(plant.folder)
    without_issuer(elsewhere, plant)
    plant.authority.relist([], now())
    with pytest.raises(ssl.SSLError, match="revoked"):
        shaken(server_context(plant.folder), plant.client(device))


def test_without_the_roots_list_or_with_an_old_one_nobody_comes_in(plant: Made) -> None:
    """Fails closed, in both cases."""
    device = plant.client(plant.device("P-7"))
    plant.authority.relist([], now() - LIST_LIFETIME - DAY)
    with pytest.raises(ssl.SSLError, match="CRL has expired"):
        shaken(server_context(plant.folder), device)
    plant.authority.relist([], now())
    shaken(server_context(plant.folder), device)
    trust = (plant.folder / TRUST).read_bytes()
    root_list = (plant.folder / "root.crl").read_bytes()
    files.replace(plant.folder / TRUST, trust.replace(root_list, b""))
    with pytest.raises(ssl.SSLError, match="unable to get certificate CRL"):
        shaken(server_context(plant.folder), device)


def test_a_client_refuses_the_server_under_another_name(plant: Made) -> None:
    """The certificate of the listeners holds for the names that it was made with."""
    context = server_context(plant.folder)
    shaken(context, plant.client(), host="127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(context, plant.client(), host="plant.example")


def test_contexts_are_swapped_live(plant: Made) -> None:
    """A revocation and a new certificate of the server reach the next connection within a second; damage does not."""
    clock = SimulatedClock(now())
    contexts = tls_contexts(plant.folder, clock=clock)
    device = plant.client(plant.device("P-7"))
    shaken(contexts.current, device)
    revoke(plant.accounts, plant.authority, "P-7", now())
    clock.advance_to(clock.now() + SECOND)
    with pytest.raises(ssl.SSLError, match="revoked"):
        shaken(contexts.current, device)
    plant.authority.serve_as(["plant.example"], now())
    clock.advance_to(clock.now() + SECOND)
    shaken(contexts.current, plant.client(), host="plant.example")
    good = contexts.current
    files.replace(plant.folder / "server.pem", b"torn")
    clock.advance_to(clock.now() + SECOND)
    assert contexts.current is good


# -- records ----------------------------------------------------------------------------------------------------------


def test_a_device_rotates_with_overlap(plant: Made, tmp_path: Path) -> None:
    """Both certificates open the door, until one is revoked by its serial number; the other goes on, also reopened."""
    old, new = (enrol(plant.accounts, plant.authority, "P-7", new_key().public_key(), now()) for _ in range(2))
    gate = Gate(plant.accounts)
    came = gate.authenticate(Credential(None, certificate=fingerprint(old))).result()
    assert came is not None
    assert gate.alive(came)
    assert gate.authenticate(Credential("P-7", certificate=fingerprint(new))).result() is not None
    revoke(plant.accounts, plant.authority, f"{old.serial_number:040x}", now())
    assert not gate.alive(came)
    again = Accounts(plant.data / "accounts.db", clock=WallClock())
    try:
        assert again.by_certificate(fingerprint(old)) is None
        assert again.by_certificate(fingerprint(new)) is not None
    finally:
        again.close()


def test_a_certificate_answers_for_its_own_account_only(plant: Made) -> None:
    """Another name beside it is refused, and so is another's token."""
    gate = Gate(plant.accounts)
    mine = fingerprint(enrol(plant.accounts, plant.authority, "P-7", new_key().public_key(), now()))
    own, others = (plant.accounts.issue(name).secret.encode() for name in ("P-7", "P-8"))

    def lets_in(name: str | None, secret: bytes | None) -> bool:
        return gate.authenticate(Credential(name, secret, certificate=mine)).result() is not None

    assert lets_in(None, None)
    assert lets_in("P-7", own)
    assert not lets_in("P-8", None)
    assert not lets_in("P-8", others)
    assert not lets_in(None, others)
    assert not lets_in("P-7", b"no token")
    plant.accounts.disable("P-7")
    assert not lets_in(None, None)


def test_an_unknown_certificate_is_refused_beside_a_good_token(plant: Made) -> None:
    """Whoever shows a certificate that ended does not come in by another way on the same connection."""
    gate, token = Gate(plant.accounts, by_name=True), plant.accounts.issue("P-7").secret.encode()
    for name, secret in (("P-7", token), ("nobody-yet", None)):
        found = gate.authenticate(Credential(name, secret, address="127.0.0.1", certificate=bytes(32))).result()
        assert found is None


def test_the_list_is_kept_whole_and_fresh(plant: Made) -> None:
    """It is written anew when it lacks a revocation, as after a crash between record and list, and once a day."""
    made = enrol(plant.accounts, plant.authority, "P-7", new_key().public_key(), now())
    records, authority = plant.accounts.certificates, plant.authority
    assert not authority.keep_listed(records.revoked(now()), now())
    records.end(records.of("P-7"), now())
    assert authority.keep_listed(records.revoked(now()), now())
    assert [entry.serial_number for entry in authority.revocations()] == [made.serial_number]
    assert not authority.keep_listed(records.revoked(now()), now())
    assert authority.keep_listed(records.revoked(now()), now() + DAY + SECOND)


def test_everything_that_ends_is_named(plant: Made) -> None:
    """Root, issuer, both lists and the server's certificate."""
    ends = plant.authority.ends()
    assert set(ends) == {"root", "issuer", "server", ROOT_LIST, ISSUER_LIST}
    assert min(ends, key=lambda name: ends[name]) == ISSUER_LIST
    other = plant.clients / "other-root.pem"
    Authority.made(plant.clients / "other", "Plant", export=other, secret=SECRET, now=now())
    with pytest.raises(SetupError, match="root of this authority"):
        plant.authority.root_from(other, SECRET)


def test_memory_stays_flat_over_many_lists(plant: Made) -> None:
    """Each context holds the newest list alone, and an older one goes with its connections."""
    clock = SimulatedClock(now())
    contexts = tls_contexts(plant.folder, clock=clock)
    for n in range(50):
        plant.authority.relist([(n + 1, now())], now())
        clock.advance_to(clock.now() + SECOND)
        assert contexts.current.cert_store_stats() == {"x509": 2, "crl": 2, "x509_ca": 2}
