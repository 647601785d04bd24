"""Rows of the mission about TLS and certificates, kept with stock clients."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.doors.rig import House, plant, until
from tests.guard import handshake
from tests.guard.handshake import Made
from tests.mission.promises import shows

from pollux.clock import WallClock
from pollux.guard.enrolment import revoke

TOPIC = "twins/Machine/M-1/telemetry"


@contextmanager
def secured(folder: Path) -> Iterator[tuple[House, Made]]:
    """The site over TLS, with the device M-1."""
    made = handshake.made(folder)
    made.accounts.add("M-1", kind="device", roles={"device"}, twins=["Machine/M-1"])
    made.accounts.close()
    with plant().open(made.data, http="127.0.0.1:0", tls=made.folder) as live:
        live.accounts.add("root", kind="person", roles={"administrator"}, twins=["*"])
        yield House(live, live.accounts.issue("root").secret), replace(made, accounts=live.accounts)


class Device:
    """A paho client over TLS."""

    def __init__(self, house: House, made: Made, certificate: Path | None) -> None:
        self.codes: list[Any] = []
        self.ended = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="M-1")
        self.client.tls_set_context(made.client(certificate))
        self.client.reconnect_delay_set(30, 60)
        self.client.on_connect = lambda client, data, flags, reason, said: self.codes.append(reason)
        self.client.on_disconnect = lambda client, data, flags, reason, said: self.ended.set()
        self.client.connect("localhost", house.mqtt)
        self.client.loop_start()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@shows(
    "G1",
    state="partly",
    command="pollux serve boiler/site.py --data boiler/data --tls",
    missing="a public scanner over DTLS",
)
def test_every_listener_speaks_tls_and_plain_text_stays_on_this_machine(tmp_path: Path) -> None:
    """The command-line tools of others come in over TLS 1.3, and are refused over anything older."""
    for tool in ("openssl", "mosquitto_pub"):
        if not shutil.which(tool):
            pytest.skip(f"needs {tool}")
    with secured(tmp_path) as (house, made):
        device = made.device("M-1")
        root = str(made.folder / "root.pem")
        where = ["-connect", f"localhost:{house.mqtt}", "-CAfile", root, "-verify_return_error"]
        asked = ["openssl", "s_client", *where, "-brief", "-verify_hostname", "localhost"]
        for version, spoken in (("-tls1_3", True), ("-tls1_2", False)):
            said = subprocess.run([*asked, version], input="", capture_output=True, text=True, timeout=30, check=False)
            assert ("CONNECTION ESTABLISHED" in said.stderr) is spoken, said.stderr
        where = ["-h", "localhost", "-p", str(house.mqtt), "--cafile", root, "-q", "1", "-t", TOPIC]
        for number, shown in ((301, ["--cert", str(device), "--key", str(device)]), (999, [])):
            words = ["mosquitto_pub", *where, *shown, "-m", f'{{"temp": {number}}}']
            sent = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
            assert (sent.returncode == 0) is (number == 301), sent.stderr
        with house.live.pipe.lock:
            temp = float(house.live.fleet_view(house.live.site.declared["Machine"]).temp[0])
        assert temp == 301


@shows(
    "G2",
    state="partly",
    command="pollux identity issue boiler/data P-7 --out P-7",
    missing="keys in hardware",
)
def test_a_device_is_known_by_its_certificate_until_it_is_revoked(tmp_path: Path) -> None:
    """With its certificate it speaks for its twin; revoked it is put out while connected, and its next comes in."""
    with secured(tmp_path) as (house, made):
        old, new = made.device("M-1"), made.device("M-1")
        device = Device(house, made, old)
        device.client.publish(TOPIC, b'{"temp": 301}', qos=1).wait_for_publish(20)
        revoked = made.accounts.certificates.of("M-1")[0]
        revoke(made.accounts, made.authority, revoked.id, WallClock().now())
        assert device.ended.wait(5)
        device.close()
        again = Device(house, made, new)
        again.client.publish(TOPIC, b'{"temp": 302}', qos=1).wait_for_publish(20)
        again.close()
        nobody = Device(house, made, None)
        until(lambda: nobody.codes)
        assert nobody.codes[0].is_failure
        nobody.close()
        wary = paho.Client(CallbackAPIVersion.VERSION2)
        wary.tls_set_context(ssl.create_default_context())  # knows another set of authorities
        with pytest.raises(ssl.SSLCertVerificationError):
            wary.connect("localhost", house.mqtt)
