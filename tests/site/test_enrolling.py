"""Enrolment over HTTPS: a code holds once, for a while, for one record; the device knows whom it tells it."""

import base64
import http.client
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from tests.guard import handshake
from tests.site.test_tls import OUT, House, opened, over_http, over_mqtt, plant

from pollux.cli import main
from pollux.clock import MINUTE, SECOND, SimulatedClock, WallClock
from pollux.errors import AccessRefused, SetupError
from pollux.guard import Accounts
from pollux.guard.certificates import new_key
from pollux.guard.enrolment import revoke
from pollux.guard.keys import PEM
from pollux.guard.tokens import TOKEN_BYTES
from pollux.show import app, est
from pollux.show.est import EST, PER_ADDRESS
from pollux.site.enrolling import fetched


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(handshake.made(tmp_path)) as house:
        yield house


def code_for(house: House, name: str) -> str:
    return f"{house.live.accounts.issue_code(name).secret}.{house.made.authority.mark}"


def request(name: str = "P-7") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(new_key(), hashes.SHA256())
    return base64.b64encode(asked.public_bytes(Encoding.DER))


def asked(
    house: House,
    body: bytes,
    code: str,
    *,
    name: str = "",
    client: ssl.SSLContext | None = None,
    path: str = "enroll",
    address: str = "127.0.0.1",
) -> tuple[int, bytes]:
    """Status and body of an enrolment, asked for from an address."""
    context = client or house.made.client()
    line = http.client.HTTPSConnection(
        "localhost", house.http, context=context, timeout=10, source_address=(address, 0)
    )
    headers = {"Authorization": "Basic " + base64.b64encode(f"{name}:{code}".encode()).decode()} if code else {}
    try:
        line.request("POST", f"{EST}/simple{path}", body, {"Content-Type": "application/pkcs10", **headers})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def test_a_device_enrols_with_a_code_from_the_command_line(house: House, tmp_path: Path) -> None:
    """It makes its key, which never leaves it, and comes in with what it got, on MQTT and HTTP."""
    out, site = tmp_path / "device", f"https://localhost:{house.http}"
    code = code_for(house, "P-7")
    assert main(["identity", "enrol", site, code, "--out", str(out)]) == 0
    assert (out / "device.key").stat().st_mode & 0o777 == 0o600
    context = ssl.create_default_context(cafile=str(out / "authority.pem"))
    context.load_cert_chain(out / "device.pem", out / "device.key")
    assert over_mqtt(house.mqtt, context, "P-7") == 0
    assert over_mqtt(house.mqtt, context, "P-8") == 4
    assert over_http(house.http, context) == 200
    assert main(["identity", "enrol", site, code, "--out", str(tmp_path / "again")]) == 1


def test_the_command_prints_a_code_that_names_the_authority(
    house: House, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What the command line has written is known to the site that serves; a person gets no code."""
    assert main(["identity", "code", str(house.made.data), "P-8"]) == 0
    secret, _, mark = capsys.readouterr().out.strip().partition(".")
    assert mark == house.made.authority.mark
    assert len(base64.urlsafe_b64decode(secret + "==")) * 8 == 128
    threading.Event().wait(1.1)
    assert fetched(f"https://localhost:{house.http}", f"{secret}.{mark}", tmp_path / "out").issuer
    assert main(["identity", "code", str(house.made.data), "ann"]) == 1


def test_the_device_tells_no_other_authority_its_code(house: House, tmp_path: Path) -> None:
    """A site whose root is not the one in the code hears nothing of it: the code still holds afterwards."""
    secret, _, mark = code_for(house, "P-7").partition(".")
    wrong = "0" * len(mark)
    with pytest.raises(SetupError, match="met another"):
        fetched(f"https://localhost:{house.http}", f"{secret}.{wrong}", tmp_path / "out")
    with pytest.raises(SetupError, match="fingerprint"):
        fetched(f"https://localhost:{house.http}", secret, tmp_path / "out")
    with pytest.raises(SetupError, match="https"):
        fetched(f"http://localhost:{house.http}", f"{secret}.{mark}", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    fetched(f"https://localhost:{house.http}", f"{secret}.{mark}", tmp_path / "out")
    with pytest.raises(AccessRefused, match="401"):
        fetched(f"https://localhost:{house.http}", f"{secret}.{mark}", tmp_path / "out")


def test_names_come_from_the_record(house: House) -> None:
    """A request that asks for another name gets a certificate of the code's record."""
    status, body = asked(house, request("P-8"), code_for(house, "P-7"))
    assert status == 200
    [made] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
    assert made.subject.rfc4514_string() == "CN=P-7"
    [record] = house.live.accounts.certificates.of()
    assert (record.name, record.serial) == ("P-7", made.serial_number)


def test_a_code_holds_once_and_for_its_record_alone(house: House) -> None:
    """Used, guessed, for another record, missing: refused alike, and nothing is issued."""
    code = code_for(house, "P-7")
    assert asked(house, request(), code)[0] == 200
    for name, wrong in (("", code), ("", "guessed"), ("P-8", code_for(house, "P-7")), ("", "")):
        assert asked(house, request(), wrong, name=name)[0] == 401
    token = house.live.accounts.issue("P-8").secret
    assert asked(house, request(), token)[0] == 401
    assert len(house.live.accounts.certificates.of()) == 1
    assert over_mqtt(house.mqtt, house.made.client(), "P-7", code.partition(".")[0]) == 4


def test_a_bad_request_leaves_the_code_as_it_was(house: House) -> None:
    """Junk, too large, another method: the device may try again with the same code."""
    code = code_for(house, "P-7")
    assert asked(house, b"junk", code)[0] in (400, 422)
    assert asked(house, b"MIIB", code)[0] in (400, 422)
    assert asked(house, bytes(100_000), code)[0] == 413
    assert asked(house, request(), code)[0] == 200


def test_a_code_runs_out_and_is_kept_as_a_hash(tmp_path: Path) -> None:
    """After a quarter of an hour it is nothing; the file never had it; of two that come at once one is let in."""
    clock = SimulatedClock(WallClock().now())
    with closing(Accounts(tmp_path / "accounts.db", clock=clock)) as accounts:
        accounts.add("P-7", kind="device", roles={"device"}, twins=["Pump/P-7"])
        late, good = accounts.issue_code("P-7").secret, accounts.issue_code("P-7").secret
        assert len(late) < len(base64.urlsafe_b64encode(bytes(TOKEN_BYTES)))
        for name in ("accounts.db", "accounts.db-wal"):
            assert late.encode() not in (tmp_path / name).read_bytes()
        won: list[bool] = []
        together = [threading.Thread(target=lambda: won.append(accounts.redeem_code(good) is not None)) for _ in "1234"]
        for one in together:
            one.start()
        for one in together:
            one.join()
        assert sorted(won) == [False, False, False, True]
        assert accounts.redeem(late) is None
        assert accounts.by_token(late) is None
        clock.advance_to(clock.now() + 15 * MINUTE + SECOND)
        assert accounts.redeem_code(late) is None


def test_attempts_are_limited(house: House) -> None:
    """Whoever guesses is told to wait, and how long; a good code of the same address waits too."""
    codes = {asked(house, request(), "guessed")[0] for _ in range(PER_ADDRESS)}
    assert codes == {401}
    assert asked(house, request(), code_for(house, "P-7"))[0] == 429


def test_guesses_from_many_addresses_are_limited_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by renewing; the authorities stay readable; a minute later the good code is taken."""
    clock = SimulatedClock(WallClock().now())
    monkeypatch.setattr(est, "PER_SITE", 12)
    monkeypatch.setattr(app, "WallClock", lambda: clock)
    with opened(handshake.made(tmp_path)) as house:
        mine, code = house.made.client(house.made.device("P-8")), code_for(house, "P-7")
        codes = [asked(house, request(), "guessed", address=f"127.0.0.{n}")[0] for n in range(2, 12)]
        codes += [asked(house, request(), "", client=mine, path="reenroll", address="127.0.0.20")[0] for _ in "12"]
        assert codes == [401] * 10 + [200] * 2
        assert asked(house, request(), code, address="127.0.0.30")[0] == 429
        assert asked(house, request(), "", client=mine, path="reenroll", address="127.0.0.30")[0] == 429
        assert over_http(house.http, house.made.client(), path=f"{EST}/cacerts") == 200
        clock.advance_to(clock.now() + MINUTE)
        assert asked(house, request(), code, address="127.0.0.30")[0] == 200


def test_a_certificate_is_followed_by_another(house: House) -> None:
    """With one that holds a device gets a further one of its own name; without, or revoked, it gets none."""
    mine = house.made.device("P-7")
    status, body = asked(house, request("P-8"), "", client=house.made.client(mine), path="reenroll")
    assert status == 200
    [made] = pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
    assert made.subject.rfc4514_string() == "CN=P-7"
    assert over_mqtt(house.mqtt, house.made.client(mine)) == 0
    assert asked(house, request(), "", path="reenroll")[0] == 401
    revoke(house.live.accounts, house.made.authority, "P-7", WallClock().now())
    threading.Event().wait(1.2)
    assert over_http(house.http, house.made.client(mine), path="/health/live") == OUT
    with pytest.raises(OSError):
        asked(house, request(), "", client=house.made.client(mine), path="reenroll")


def test_stock_tools_enrol(house: House, tmp_path: Path) -> None:
    """openssl makes key and request, curl sends it with the code: RFC 7030 needs no client of ours."""
    if not shutil.which("curl") or not shutil.which("openssl"):
        pytest.skip("needs curl and openssl")
    key, csr, der = (tmp_path / name for name in ("device.key", "device.csr", "device.der"))
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=whatever"]
    subprocess.run(["openssl", "req", "-new", *ec, "-keyout", key, "-out", csr], check=True, capture_output=True)
    words = ["-sS", "--cacert", str(house.made.folder / "root.pem"), "-u", f"P-7:{code_for(house, 'P-7')}"]
    words += ["-H", "Content-Type: application/pkcs10", "--data-binary", f"@{csr}"]
    where = f"https://localhost:{house.http}{EST}/simpleenroll"
    said = subprocess.run(["curl", *words, where], check=True, capture_output=True)
    der.write_bytes(base64.b64decode(said.stdout))
    [made] = pkcs7.load_der_pkcs7_certificates(der.read_bytes())
    (tmp_path / "chain.pem").write_bytes(made.public_bytes(PEM) + house.made.authority.chain)
    context = house.made.client()
    context.load_cert_chain(tmp_path / "chain.pem", key)
    assert over_mqtt(house.mqtt, context) == 0


def test_nobody_enrols_in_plain_text(tmp_path: Path) -> None:
    """A site without TLS has no such address."""
    with plant().open(tmp_path / "data", http="127.0.0.1:0") as live:
        assert live.server is not None
        for name in ("cacerts", "simpleenroll"):
            line = http.client.HTTPConnection("127.0.0.1", live.server.port, timeout=10)
            line.request("POST" if "enroll" in name else "GET", f"{EST}/{name}", request())
            assert line.getresponse().status in (404, 405)
            line.close()
