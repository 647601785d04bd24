"""A server that is not believed is not heard, and one that does not believe us says so."""

import pytest

from tests.connect.opcua.authority import Authority, fingerprint, self_signed
from tests.connect.opcua.hearing import Pump, hearing, source, until, values


@pytest.fixture(scope="module", autouse=True)
def _pump(plant):
    plant.add("S1.temp", 4.0)


def heard(plant, tmp_path, monkeypatch, **more):
    """The declared connection of S1 with a driver that runs."""
    return hearing(tmp_path, source(plant, Pump.temp, monkeypatch=monkeypatch, id="S1", **more))


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes256Sha256RsaPss"])
def test_a_secured_connection_reads(plant, tmp_path, monkeypatch, policy):
    """Signed and encrypted, under each policy that the server offers."""
    with heard(plant, tmp_path, monkeypatch, security=policy) as (driver, sink):
        until(lambda: values(sink, "temp") == [4.0])
        assert driver.trouble == ""


def test_an_authority_vouches_for_the_server(plant, tmp_path, monkeypatch):
    """A certificate that it has issued is believed; not one it has taken back, nor by another authority."""
    ca = plant.authority
    (tmp_path / "ca.pem").write_bytes(ca.pem)
    (tmp_path / "crl.pem").write_bytes(ca.crl())
    files = {"authority": tmp_path / "ca.pem", "revoked": tmp_path / "crl.pem"}
    with heard(plant, tmp_path, monkeypatch, **files) as (_, sink):
        until(lambda: values(sink, "temp") == [4.0])
    ca.revoke(plant.certificate)
    (tmp_path / "crl.pem").write_bytes(ca.crl())
    with heard(plant, tmp_path, monkeypatch, **files) as (driver, sink):
        until(lambda: "has taken the certificate back" in driver.trouble)
    ca.serials.clear()
    (tmp_path / "ca.pem").write_bytes(Authority().pem)
    with heard(plant, tmp_path, monkeypatch, authority=tmp_path / "ca.pem") as (driver, sink):
        until(lambda: "expected an issuer that was named" in driver.trouble)
        assert values(sink, "temp") == []


def test_another_certificate_than_the_pinned_one_is_not_spoken_to(plant, tmp_path, monkeypatch):
    """Its fingerprint is told, so that whoever runs the plant can compare; no password is sent, no session opened."""
    other, _ = self_signed("Plant", "urn:acme:server")
    with heard(plant, tmp_path, monkeypatch, pin=fingerprint(other)) as (driver, sink):
        until(lambda: driver.counters["bad_certificates"] > 1)
        assert fingerprint(plant.certificate) in driver.trouble
        assert (values(sink, "temp"), driver.counters["connects"], driver.connected) == ([], 0, False)


def test_a_wrong_password_is_refused_by_name(plant, tmp_path, monkeypatch):
    """The status of the server is what is shown, without the password."""
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch, id="S1")
    monkeypatch.setenv("PLANT_PASSWORD", "wrong")
    with hearing(tmp_path, declared) as (driver, _):
        until(lambda: driver.counters["failed_connects"] > 0)
        assert driver.trouble.startswith("Bad")
        assert "wrong" not in driver.trouble


def test_a_policy_that_the_server_lacks_is_named(plant, tmp_path, monkeypatch):
    """With those that it has."""
    with heard(plant, tmp_path, monkeypatch, security="Aes128Sha256RsaOaep") as (driver, _):
        until(lambda: "expected a server that speaks Aes128Sha256RsaOaep, got one that speaks" in driver.trouble)
        assert "Basic256Sha256" in driver.trouble


def test_an_open_connection_is_heard_and_stays_a_trouble(plant, tmp_path, monkeypatch):
    """Said explicitly, it works; whoever looks at the site sees what is weak."""
    more = {"security": "None", "username": "", "password_env": None, "anonymous": True}
    with heard(plant, tmp_path, monkeypatch, **more) as (driver, sink):
        until(lambda: values(sink, "temp") == [4.0])
        assert driver.connected
        assert "neither signed nor encrypted" in driver.trouble
        assert "anonymous" in driver.trouble
