"""One issuer after another: with overlap where it is renewed, at once where it is revoked."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from pollux.clock import DAY, WallClock
from pollux.errors import NotFound, SetupError
from pollux.guard.authority import TRUST, Authority
from pollux.guard.certificates import ISSUER_LIFETIME, issuer_certificate, new_key, span
from pollux.guard.enrolment import revoke
from pollux.guard.issuers import next_title, serial_of
from pollux.guard.succession import renew_issuer, revoke_issuer
from pollux.guard.tls import server_context
from tests.guard import handshake
from tests.guard.handshake import SECRET, Made, shaken


def now() -> int:
    return WallClock().now()


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Made]:
    made = handshake.made(tmp_path)
    yield made
    made.accounts.close()


def renewed(plant: Made, when: int | None = None) -> x509.Certificate:
    return renew_issuer(plant.accounts, plant.authority, plant.export, SECRET, now() if when is None else when)


def revoked(plant: Made, serial: str = "") -> list[str]:
    ended = revoke_issuer(plant.accounts, plant.authority, plant.export, SECRET, now(), serial=serial)
    return [one.name for one in ended]


def comes_in(plant: Made, device: Path) -> bool:
    """Whether a handshake with the files of now succeeds."""
    try:
        shaken(server_context(plant.folder), plant.client(device))
    except ssl.SSLError:
        return False
    return True


def common_name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def test_a_renewed_issuer_issues_while_the_old_ones_certificates_go_on(plant: Made) -> None:
    """Both devices come in; each is signed by its own issuer, and the listeners by the newer one."""
    first, old = plant.authority.issuer.certificate, plant.device("P-7")
    made = renewed(plant)
    new = plant.device("P-8")
    assert plant.authority.issuer.certificate == made
    assert common_name(first) == "CN=Plant issuer"
    assert common_name(made) == "CN=Plant issuer 2"
    for path, issuer in ((old, first), (new, made), (plant.folder / "server.pem", made)):
        x509.load_pem_x509_certificate(path.read_bytes()).verify_directly_issued_by(issuer)
    assert comes_in(plant, old)
    assert comes_in(plant, new)
    assert [one.issuer for one in plant.accounts.certificates.of()] == [serial_of(first), serial_of(made)]


def test_each_of_three_issuers_keeps_its_list(plant: Made) -> None:
    """What is revoked of the first stays out under the third; the lists of all are kept whole and fresh."""
    devices = [plant.device("P-7")]
    for _ in range(2):
        renewed(plant)
        devices.append(plant.device("P-7"))
    [oldest, *_] = plant.accounts.certificates.of("P-7")
    revoke(plant.accounts, plant.authority, oldest.id, now())
    assert [comes_in(plant, one) for one in devices] == [False, True, True]
    records = plant.accounts.certificates
    assert not plant.authority.keep_listed(records.revoked(now()), now())
    assert plant.authority.keep_listed(records.revoked(now()), now() + 2 * DAY)
    assert (plant.folder / TRUST).read_bytes().count(b"BEGIN X509 CRL") == 4


def test_a_site_that_serves_sees_the_new_issuer(plant: Made) -> None:
    """Opened before another process lets one follow, it issues by the newer one, and mends a list that lacks it."""
    serving = Authority.opened(plant.folder)
    before = (plant.folder / TRUST).read_bytes()
    made = renewed(plant)
    assert serving.issuer.certificate == made
    (plant.folder / TRUST).write_bytes(before)
    assert serving.ends()
    assert serving.keep_listed([], now())
    assert comes_in(plant, plant.device("P-7"))


def test_a_former_issuer_goes_when_it_ends(plant: Made) -> None:
    """After its five years its key is destroyed, and the files name the newer one alone."""
    renewed(plant)
    assert len([*plant.folder.glob("former-*.pem")]) == 1
    later = span(plant.authority.issuers.former(now())[0].certificate).end
    assert later <= now() + ISSUER_LIFETIME
    assert plant.authority.keep_listed([], later)
    assert [*plant.folder.glob("former-*.pem")] == []
    assert (plant.folder / TRUST).read_bytes().count(b"BEGIN CERTIFICATE") == 2


def test_a_revoked_issuer_ends_its_devices_and_no_others(plant: Made) -> None:
    """Records end at once, the root's list names it, its key is gone, and a newer one issues to whoever enrols anew."""
    first, device, other = plant.authority.issuer.certificate, plant.device("P-7"), plant.device("P-8")
    assert revoked(plant) == ["P-7", "P-8"]
    assert not comes_in(plant, device)
    assert not comes_in(plant, other)
    assert [one.ended is not None for one in plant.accounts.certificates.of()] == [True, True]
    assert [entry.serial_number for entry in plant.authority.root_list] == [first.serial_number]
    assert [*plant.folder.glob("former-*.pem")] == []
    assert comes_in(plant, plant.device("P-7"))
    assert revoked(plant) == ["P-7"]  # the newer one, and the first stays on the root's list
    assert len(plant.authority.root_list) == 2


def test_a_former_issuer_is_revoked_by_its_number(plant: Made) -> None:
    """The current one and its devices go on; a number of nobody and a foreign root are refused before anything ends."""
    first, old = plant.authority.issuer.certificate, plant.device("P-7")
    made = renewed(plant)
    new = plant.device("P-8")
    other = plant.clients / "other.pem"
    Authority.made(plant.clients / "other", "Plant", export=other, secret=SECRET, now=now())
    with pytest.raises(NotFound, match="serial number of an issuer"):
        revoked(plant, "00ff")
    with pytest.raises(SetupError, match="root of this authority"):
        revoked(replace(plant, export=other))
    assert comes_in(plant, old)
    assert revoked(plant, serial_of(first).upper()) == ["P-7"]
    assert plant.authority.issuer.certificate == made
    assert [comes_in(plant, one) for one in (old, new)] == [False, True]


def test_keys_of_all_issuers_are_locked_and_private(tmp_path: Path) -> None:
    """With a passphrase no key lies open, of the one that issues or of one before it; a wrong one opens nothing."""
    folder, export, secret = tmp_path / "identity", tmp_path / "root.pem", b"opens the site"
    Authority.made(folder, "Plant", export=export, secret=SECRET, now=now(), passphrase=secret)
    authority = Authority.opened(folder, passphrase=secret)
    authority.serve_as(["localhost"], now())
    authority.succeed(authority.root_from(export, SECRET), [], now())
    keys = [folder / "issuer.pem", folder / "server.pem", *folder.glob("former-*.pem")]
    assert len(keys) == 3
    for path in keys:
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SetupError, match="passphrase"):
        Authority.opened(folder, passphrase=b"another one of them")
    assert len(Authority.opened(folder, passphrase=secret).issuers.former(now())) == 1


@pytest.mark.parametrize("step", ["keep_former", "_trust", "succeed"])
def test_a_crash_between_the_steps_of_a_renewal_shuts_nobody_out(
    plant: Made, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whatever was written before it: devices come in, and the same command again completes it."""
    device = plant.device("P-7")
    place = plant.authority if step == "_trust" else plant.authority.issuers

    def crash(*_: object) -> None:
        raise OSError("no power")

    with monkeypatch.context() as broken:
        broken.setattr(place, step, crash)
        with pytest.raises(OSError, match="no power"):
            renewed(plant)
    restarted = Authority.opened(plant.folder)
    restarted.keep_listed([], now())
    assert comes_in(plant, device)
    again = replace(plant, authority=restarted)
    renewed(again)
    assert comes_in(plant, device)
    assert comes_in(plant, again.device("P-8"))


@pytest.mark.parametrize("step", ["succeed", "renew_root_list", "drop", "relist"])
def test_a_crash_between_the_steps_of_a_revocation_lets_nobody_in(
    plant: Made, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Records have ended before anything else, and the same command again, with the number, completes it."""
    device, serial = plant.device("P-7"), serial_of(plant.authority.issuer.certificate)
    place = plant.authority.issuers if step == "drop" else plant.authority

    def crash(*_: object, **__: object) -> None:
        raise OSError("no power")

    with monkeypatch.context() as broken:
        broken.setattr(place, step, crash)
        with pytest.raises(OSError, match="no power"):
            revoked(plant)
    assert all(one.ended is not None for one in plant.accounts.certificates.of())
    again = replace(plant, authority=Authority.opened(plant.folder))
    again.authority.keep_listed(plant.accounts.certificates.revoked(now()), now())
    assert not comes_in(again, device)
    revoked(again, serial)
    assert not comes_in(again, device)
    assert [f"{entry.serial_number:040x}" for entry in again.authority.root_list] == [serial]
    assert [*plant.folder.glob("former-*.pem")] == []
    assert comes_in(again, again.device("P-8"))


def test_no_two_issuers_bear_one_name(plant: Made) -> None:
    """Lists are found by the name of who has signed them; a long title is cut and the number stays whole."""
    made = renewed(plant)
    assert next_title(made) == "Plant issuer 3"
    root = plant.authority.root_from(plant.export, SECRET)
    long = issuer_certificate("P" * 80, new_key(), root, now())
    assert next_title(long) == "P" * 55 + " issuer 2"
