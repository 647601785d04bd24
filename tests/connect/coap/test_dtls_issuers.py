"""CoAP over DTLS while one issuer follows another: both come in, and a revoked one's sessions end."""

from pathlib import Path

import pytest
from OpenSSL import SSL

from pollux.clock import WallClock, stopwatch
from pollux.connect.coap.codes import Code
from pollux.guard.issuers import serial_of
from pollux.guard.succession import renew_issuer, revoke_issuer
from tests.connect.coap.rig import TELEMETRY, Secured, secured, until
from tests.guard.handshake import SECRET, Made

VALUE = b'{"temp": 300}'


def test_sessions_of_a_revoked_issuer_end_and_those_of_its_successor_go_on(tmp_path: Path) -> None:
    """Certificates of both come in; then the live session of the old one ends within seconds, and it gets no other."""
    with secured(tmp_path) as (plant, made):
        first, path = made.authority.issuer.certificate, made.device("P-7")
        renew_issuer(made.accounts, made.authority, made.export, SECRET, WallClock().now())
        newer = made.device("P-8")
        until(lambda: talks(plant.endpoint.port, made, newer, "P-8"))
        old = Secured(plant.endpoint.port, made, path).shake()
        assert old.ask(Code.POST, TELEMETRY, VALUE, content_format=50).code == Code.CHANGED
        begun, serial = stopwatch(), serial_of(first)

        def asks_on() -> None:
            while stopwatch() - begun < 5:
                old.ask(Code.POST, TELEMETRY, VALUE, content_format=50)

        revoke_issuer(made.accounts, made.authority, made.export, SECRET, WallClock().now(), serial=serial)
        with pytest.raises(SSL.Error):
            asks_on()
        until(lambda: not talks(plant.endpoint.port, made, path, "P-7"))
        assert talks(plant.endpoint.port, made, newer, "P-8")
        old.close()


def talks(port: int, made: Made, certificate: Path, name: str) -> bool:
    """Whether a device with this certificate gets its value in."""
    device = Secured(port, made, certificate)
    try:
        device.shake()
        return device.ask(Code.POST, f"twins/Pump/{name}/telemetry", VALUE, content_format=50).code == Code.CHANGED
    except SSL.Error:
        return False
    finally:
        device.close()
