"""Devices that count while their site is killed, its disk fills, the network is cut or goes silent: at random moments.

Whatever was acknowledged is there; nothing is there twice, in another order, or made up.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import final

import numpy as np
import pytest

from tests.faults.counting import Counting
from tests.faults.network import Network

ROOT = Path(__file__).parent.parent.parent
DEVICES = 4
SMALL = "16m"


@final
class House:
    """A keeper with its site, the network before it, and the devices that count."""

    def __init__(
        self, folder: Path, *, small: bool = False, fault: str = "", devices: int = DEVICES, pause: float = 0.001
    ) -> None:
        self.port = _free_port()
        command = f"{sys.executable} -m tests.faults.door {folder} {self.port} {fault}"
        self._keeper = subprocess.Popen(
            in_small_mount(folder, command) if small else ["sh", "-c", f"exec {command}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        )
        self.opened: list[float] = []
        self.start()
        self.network = Network(self.port)
        self.devices = [Counting(f"C-{number}", self.network.port, pause=pause) for number in range(devices)]

    def say(self, word: str) -> str:
        """Let the keeper do something; what it answers."""
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._keeper.stdin.write(word + "\n")
        self._keeper.stdin.flush()
        answer = self._keeper.stdout.readline().strip()
        assert answer, f"the keeper has ended at {word!r}"
        return answer

    def start(self) -> None:
        """Open the site, and remember how long that took."""
        self.opened.append(float(self.say("start").split()[1]))

    def acknowledged(self) -> int:
        """How many numbers were acknowledged so far."""
        return sum(len(one.acknowledged) for one in self.devices)

    def goes_on(self, *, within: float = 30.0) -> None:
        """Wait until every device was acknowledged something more."""
        before = [len(one.acknowledged) for one in self.devices]
        end = time.monotonic() + within
        pause = threading.Event()
        while not all(len(one.acknowledged) > count for one, count in zip(self.devices, before, strict=True)):
            assert time.monotonic() < end, "somebody is not served any more"
            pause.wait(0.01)

    def end(self) -> dict[str, list[int]]:
        """Stop the devices and the site; what the site has of each device."""
        for device in self.devices:
            device.stop()
        self.network.stop()
        self.say("stop")
        told: dict[str, list[int]] = json.loads(self.say("told"))
        return told

    def close(self) -> None:
        """End the keeper."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(timeout=60)


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def in_small_mount(folder: Path, command: str) -> list[str]:
    """A command that runs with a small disk mounted on a folder, in namespaces of its own, without root."""
    mount = f"mount -t tmpfs -o size={SMALL},mode=700 none {folder} && exec {command}"
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]


@contextmanager
def house(folder: Path, *, small: bool = False, hasty: bool = False) -> Iterator[House]:
    made = House(folder, small=small, fault="hasty" * hasty)
    try:
        yield made
    finally:
        made.close()


def holds(made: House) -> None:
    """All that was acknowledged is there, once, in its order, and nothing that was not sent."""
    told = made.end()
    for device in made.devices:
        there = told[device.name]
        assert there == sorted(set(there)), f"{device.name}: doubled, or in another order"
        missing = device.acknowledged - set(there)
        assert not missing, f"{device.name}: {len(missing)} of {len(device.acknowledged)} acknowledged are lost"
        assert set(there) <= set(range(1, device.sent + 1)), f"{device.name}: something was made up"
    print(f"{made.acknowledged()} acknowledged; opened {len(made.opened)} times, at most {max(made.opened):.2f} s")


# -- the faults -------------------------------------------------------------------------------------------------------


def killed(made: House, random: np.random.Generator) -> None:
    """kill -9, and a new process."""
    made.say("kill")
    made.start()


def cut(made: House, random: np.random.Generator) -> None:
    """Every connection is reset."""
    made.network.cut()


def silent(made: House, random: np.random.Generator) -> None:
    """Nothing is passed on for a while, and nobody is told; then everything goes on, or all connections are cut."""
    made.network.swallows = True
    threading.Event().wait(float(random.uniform(0.05, 1.5)))
    made.network.swallows = False
    if random.random() < 0.5:
        made.network.cut()


def full(made: House, random: np.random.Generator) -> None:
    """The disk fills up; half of the time the site is killed while it is full, and starts while it is full."""
    made.say("fill")
    threading.Event().wait(float(random.uniform(0.2, 0.8)))
    if random.random() < 0.5:
        made.say("kill")
        made.start()
    made.say("free")


FAULTS: dict[str, Callable[[House, np.random.Generator], None]] = {
    "kill": killed, "cut": cut, "silent": silent, "full": full,
}  # fmt: skip


def rounds(folder: Path, fault: str, count: int, seed: int, *, hasty: bool = False) -> None:
    """Many rounds of one fault, each at a random moment of the traffic."""
    random = np.random.default_rng(seed)
    with house(folder, small=fault == "full", hasty=hasty) as made:
        for _ in range(count):
            made.goes_on()
            threading.Event().wait(float(random.uniform(0.0, 0.3)))
            FAULTS[fault](made, random)
        made.goes_on()
        holds(made)


def _mountable(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(in_small_mount(folder, "true"), capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_some_rounds(tmp_path: Path, fault: str) -> None:
    """Three rounds of each fault."""
    if fault == "full" and not _mountable(tmp_path):
        pytest.skip("this system allows no mount in a namespace")
    rounds(tmp_path, fault, 3, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("fault", FAULTS)
def test_a_hundred_rounds(tmp_path: Path, fault: str) -> None:
    """A hundred rounds of each fault, over several seeds."""
    if fault == "full" and not _mountable(tmp_path):
        pytest.skip("this system allows no mount in a namespace")
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        rounds(tmp_path / str(seed), fault, 25, seed)


def _many_kills(folder: Path) -> None:
    """Whether a kill falls between a site's word and the disk is luck: several tries of six kills each."""
    for seed in range(8):
        (folder / str(seed)).mkdir()
        rounds(folder / str(seed), "kill", 6, seed, hasty=True)


def test_the_exam_finds_a_site_that_acknowledges_too_early(tmp_path: Path) -> None:
    """A site that answers before the disk has it loses, within some kills, what it acknowledged."""
    with pytest.raises(AssertionError, match="acknowledged are lost"):
        _many_kills(tmp_path)
