"""Power cuts under a real process on a real mount, with the faulty disk behind it, where the machine has FUSE.

Where it has none, or a sandbox forbids mounts, these tests are skipped with the reason, also where all tools are
required: the faulty disk inside the process has cut the power of the same log by then.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pollux.clock import WallClock
from pollux.remember import Log, verify
from tests.faults.test_kill import ROOT, appender, check, life

NEVER = 10**9


@contextmanager
def power(folder: Path, seed: int) -> Iterator["Power"]:
    """A disk that is mounted at `folder`; at the end it is unmounted."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("/dev/fuse is not here")
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, "-m", "tests.faults.mounted", str(folder), str(seed)]
    with (
        open(folder.with_suffix(".said"), "w+b") as said,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
        ) as process,
    ):
        disk = Power(folder, process)
        try:
            if not disk.on():
                said.seek(0)
                pytest.skip(f"FUSE cannot be mounted here: {said.read().decode()[-200:].strip()}")
            yield disk
        finally:
            disk.off()
            process.stdin.close()  # type: ignore[union-attr]


class Power:
    """The power of a mounted disk."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._process = process

    def on(self) -> bool:
        """Mount; whether that worked."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"mount\n")
        self._process.stdin.flush()
        return self._process.stdout.readline() == b"mounted\n"

    def off(self) -> None:
        """Unmount: what was not synced is lost, or is not."""
        command = ["umount", str(self._folder)]
        if os.getuid() != 0:
            command = [shutil.which("fusermount3") or "fusermount", "-u", str(self._folder)]
        subprocess.run(command, check=False, capture_output=True)

    def fails_after(self, operations: int) -> None:
        """Let the power fail after so many changes and syncs."""
        os.setxattr(self._folder, "user.cut", b"%d" % operations)


def cut_often(folder: Path, rounds: int, seed: int, *options: str) -> int:
    """The harness: many lives on one disk, each ended by a power cut in the middle of what it did."""
    random = np.random.default_rng(seed)
    acknowledged: set[int] = set()
    folder.mkdir()
    with power(folder, seed) as disk, appender(folder / "data", *options) as process:
        for number in range(rounds):
            disk.fails_after(int(random.choice([random.integers(1, 30), random.integers(30, 400)])))
            acknowledged.update(life(process, number, NEVER))
            disk.off()
            assert disk.on()
            Log.open(folder / "data", clock=WallClock()).close()
            readable = check(folder / "data", acknowledged)
        assert readable >= len(acknowledged) > 0
        assert verify(folder / "data").ok
    return len(acknowledged)


def test_nothing_acknowledged_is_lost_by_power_cuts(tmp_path: Path):
    """Ten power cuts, in starting, repairing, appending and rolling, lose nothing that was acknowledged."""
    assert cut_often(tmp_path / "disk", 10, seed=1) > 50


def test_the_harness_finds_a_log_that_acknowledges_before_it_syncs(tmp_path: Path):
    """A log that acknowledges what is only queued turns the same harness red."""
    with pytest.raises(AssertionError, match="acknowledged entries are lost"):
        cut_often(tmp_path / "disk", 10, 1, "--eager")


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_by_hundreds_of_power_cuts(tmp_path: Path):
    """The same for long."""
    for seed in range(25):
        cut_often(tmp_path / f"disk{seed}", 20, seed)
