"""kill -9 at random moments of a real process on a real disk; acknowledgements are written down outside of it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pollux.clock import WallClock
from pollux.remember import Log, LogReader, verify
from tests.faults.appender import LIFE, token_of

ROOT = Path(__file__).parent.parent.parent


@contextmanager
def appender(folder: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process whose children are killed."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, "-m", "tests.faults.appender", str(folder), *options]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        yield process
        process.stdin.close()  # type: ignore[union-attr]


def life(process: subprocess.Popen[bytes], number: int, patience: int) -> list[int]:
    """Let a child live until it has been acknowledged `patience` entries, kill it, and give all acknowledgements."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"live %d\n" % number)
    process.stdin.flush()
    acknowledged: list[int] = []
    child = 0
    killed = False
    for line in process.stdout:
        if match := re.fullmatch(rb"pid (\d+)\n", line):
            child = int(match[1])
        elif match := re.fullmatch(rb"ack (\d+)\n", line):
            acknowledged.append(int(match[1]))
        if line.endswith(b"gone\n"):
            break
        if child and not killed and len(acknowledged) >= patience:
            os.kill(child, signal.SIGKILL)
            killed = True
    return acknowledged


def check(folder: Path, acknowledged: set[int]) -> int:
    """All that was acknowledged is there once, nothing else was made up, and each thread's entries are in order."""
    tokens = [token_of(record.entry) for record in LogReader(folder).read()]
    assert -1 not in tokens
    assert len(set(tokens)) == len(tokens)
    missing = acknowledged - set(tokens)
    assert not missing, f"{len(missing)} of {len(acknowledged)} acknowledged entries are lost"
    for parity in (0, 1):
        own = [token for token in tokens if token % LIFE % 2 == parity]
        assert own == sorted(own)
    return len(tokens)


def killed_often(folder: Path, rounds: int, seed: int, *options: str) -> None:
    """The harness: many lives on one folder, each ended by SIGKILL."""
    random = np.random.default_rng(seed)
    acknowledged: set[int] = set()
    with appender(folder, *options) as process:
        for number in range(rounds):
            patience = int(random.choice([0, 1, int(random.integers(2, 150))]))
            acknowledged.update(life(process, number, patience))
            readable = check(folder, acknowledged)
    assert readable >= len(acknowledged) > 0
    with Log.open(folder, clock=WallClock()) as log:
        assert log.durable == readable
    assert verify(folder).ok


def test_nothing_acknowledged_is_lost_by_kill(tmp_path: Path) -> None:
    """Twenty kills, in starting, repairing, appending and rolling, lose nothing that was acknowledged."""
    killed_often(tmp_path, 20, seed=1)


def test_the_harness_finds_a_log_that_acknowledges_too_early(tmp_path: Path) -> None:
    """A log that acknowledges what is only queued turns the same harness red."""
    with pytest.raises(AssertionError, match="acknowledged entries are lost"):
        killed_often(tmp_path, 20, 1, "--eager")


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_by_a_thousand_kills(tmp_path: Path) -> None:
    """The same for long."""
    for seed in range(50):
        killed_often(tmp_path / str(seed), 20, seed)
