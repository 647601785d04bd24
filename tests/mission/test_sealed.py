"""Row G1, where a broker is not trusted: what is sealed for the site passes through a stock Mosquitto unread."""

import contextlib
import json
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from tests.connect.broker.mosquitto import Device, mosquitto
from tests.connect.rig import until

import pollux as px
from pollux.cli import main
from pollux.clock import WallClock


class Pump(px.Twin):
    temp = px.sensor("K", low=0, high=1e9)


def test_somebody_at_the_broker_reads_nothing_and_gets_nothing_in(tmp_path: Path) -> None:
    """mosquitto_sub sees sealed bytes; mosquitto_pub with a plain payload, or with the sealed one for another twin, is
    refused.
    """
    for name in ("mosquitto", "mosquitto_pub", "mosquitto_sub"):
        if not shutil.which(name):
            pytest.skip(f"needs {name}")
    data, file = tmp_path / "data", tmp_path / "P-7.seal"
    assert main(["identity", "seal", str(data), "P-7", "--out", str(file)]) == 0
    with mosquitto(str, tmp_path / "broker") as broker:
        site = px.Site("plant")
        pumps = site.fleet(
            Pump, px.mqtt("field/{id}", broker=px.Broker(f"mqtt://127.0.0.1:{broker.port}"), sealed=True)
        )
        at = ["-h", "127.0.0.1", "-p", str(broker.port)]
        spy = subprocess.Popen(["mosquitto_sub", *at, "-t", "field/+", "-C", "1", "-N"], stdout=subprocess.PIPE)
        with site.open(data, mqtt=None) as live, closing(Device(broker.port, "P-7")) as device:
            (client,) = live.doors.brokers.clients.values()
            until(lambda: client.connected)
            told = json.dumps({"t": WallClock().now(), "seq": 1, "temp": 271828.0}).encode()
            sealed = px.seal(told, key=px.SealKey.read(file), twin="Pump/P-7")
            while spy.poll() is None:  # until it listens; the same message counts once
                device.say("field/P-7", sealed)
                device.confirmed()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    seen = spy.communicate(timeout=0.2)[0]
            for topic, payload in (("field/P-7", told), ("field/P-8", sealed)):
                (tmp_path / "payload").write_bytes(payload)
                subprocess.run(["mosquitto_pub", *at, "-t", topic, "-f", str(tmp_path / "payload")], check=True)
            until(lambda: {one.reason.name for one in live.letters.newest(9)} == {"UNSEALED", "NOT_ALLOWED"})
            # The history is what is durable, a moment after it is known.
            until(lambda: pumps["P-7"].history(Pump.temp, "1 h").value.tolist() == [271828.0])
    assert seen == sealed
    assert b"271828" not in seen
