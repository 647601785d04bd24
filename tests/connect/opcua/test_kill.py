"""Killed in the middle: what the server remembers is in the history once, whatever was on its way."""

import os
import subprocess
import sys
import threading

from pollux.clock import WallClock
from tests.connect.opcua.authority import fingerprint
from tests.connect.opcua.child import Pump, site
from tests.connect.opcua.hearing import until
from tests.connect.opcua.rig import PASSWORD


def test_a_killed_site_goes_on_without_a_gap_and_without_a_double(plant, tmp_path, monkeypatch):
    """Values go on coming before, during and after the kill; afterwards every one is there, once, in its order."""
    monkeypatch.setenv("PLANT_PASSWORD", PASSWORD)
    plant.add("Z.P7.temp", 0.0, historic=True)
    pin, over = fingerprint(plant.certificate), threading.Event()
    said: list[int] = []

    def speak():
        while not over.wait(0.01):
            when = WallClock().now() // 1_000_000 * 1_000_000
            plant.say("Z.P7.temp", float(len(said)), when)
            said.append(when)

    voice = threading.Thread(target=speak)
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.connect.opcua.child", str(tmp_path), plant.url, pin],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": "src"},
    )  # fmt: skip
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        voice.start()
        assert child.stdout.readline() == "heard\n"
        threading.Event().wait(0.3)
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    threading.Event().wait(0.3)
    made, fleet = site(plant.url, pin)
    with made.open(tmp_path, mqtt=None) as live:
        (driver,) = live.doors.fields.drivers
        until(lambda: driver.connected and driver.counters["gaps_filled"] == 1)
        threading.Event().wait(0.2)
        over.set()
        voice.join()
        until(lambda: heard(fleet)[-1:] == said[-1:])
        found = heard(fleet)
    # What was said before the very first connection is nobody's gap.
    assert len(found) > 50
    assert found == said[said.index(found[0]) :]


def heard(fleet):
    """The times of all values that stand in the history."""
    return fleet["P7"].history(Pump.temp, "30 min").time.tolist()
