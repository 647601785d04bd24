"""A client with a session hears devices that count, while the site is killed or stopped at random moments.

Whatever was acknowledged to a device reaches the client, in its order; a subscription that was acknowledged is there.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pollux.clock import WallClock
from pollux.guard import Accounts
from tests.faults.hearing import Hearing
from tests.faults.test_front_door import House

DEVICES = 2
PAUSE = 0.05
"""Slow enough for what waits never to be more than is kept."""


def account(folder: Path) -> str:
    """Make the account of whoever hears; its token."""
    (folder / "data").mkdir(mode=0o700)
    accounts = Accounts(folder / "data" / "accounts.db", clock=WallClock())
    accounts.add("ann", kind="service", roles={"viewer"}, twins=["*"])
    token = accounts.issue("ann").secret
    accounts.close()
    return token


def until(condition: Callable[[], object]) -> None:
    """Wait until something holds, or for long enough."""
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        threading.Event().wait(0.02)


def rounds(folder: Path, how: str, count: int, seed: int, *, fault: str = "") -> None:
    """Many rounds of one fault at random moments, then a while in which the client hears what is left."""
    random, token = np.random.default_rng(seed), account(folder)
    made = House(folder, fault=fault, devices=DEVICES, pause=PAUSE)
    hearing = Hearing(made.network.port, token, seed=seed)
    try:
        until(lambda: hearing.subscribed)
        before = {device.name: device.sent for device in made.devices}
        for _ in range(count):
            made.goes_on()
            threading.Event().wait(float(random.uniform(0.0, 0.6)))
            made.say(how)
            made.start()
        made.goes_on()
        for device in made.devices:
            device.stop()
        hearing.steady = True
        acknowledged = {
            device.name: {number for number in device.acknowledged if number > before[device.name]}
            for device in made.devices
        }
        until(lambda: hearing.has(acknowledged) or hearing.lost)
        assert not hearing.lost, f"{hearing.lost} times there was no session"
        assert hearing.held > 1
        for name, numbers in acknowledged.items():
            heard = hearing.heard[name]
            missing = numbers - set(heard)
            assert not missing, f"{name}: {len(missing)} of {len(numbers)} acknowledged were not heard: {min(missing)}"
            first = list(dict.fromkeys(heard))
            assert first == sorted(first), f"{name}: another order"
        told = sum(map(len, acknowledged.values()))
        print(
            f"{told} acknowledged, {sum(map(len, hearing.heard.values()))} heard, {hearing.held} times found a session"
        )
    finally:
        hearing.stop()
        made.network.stop()
        made.close()


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_what_is_acknowledged_is_heard(tmp_path: Path, how: str) -> None:
    """Some rounds."""
    rounds(tmp_path, how, 4, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_what_is_acknowledged_is_heard_in_a_hundred_rounds(tmp_path: Path, how: str) -> None:
    """A hundred rounds, over several seeds."""
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        rounds(tmp_path / str(seed), how, 25, seed)


def test_the_exam_finds_a_site_that_forgets_sessions(tmp_path: Path) -> None:
    """A site that says that sessions are on the disk, and does not write them, is found."""
    with pytest.raises(AssertionError, match="there was no session"):
        rounds(tmp_path, "kill", 3, seed=1, fault="forgetful")
