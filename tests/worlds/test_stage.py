"""A world that is played live ends when somebody ends it, whether or not anybody still reads what it says."""

import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("world", "lines", "end"),
    [("heart", 0, signal.SIGTERM), ("incubator", 0, signal.SIGINT), ("incubator", 2, signal.SIGTERM)],
)
def test_a_demo_ends_when_nobody_reads_it(world: str, lines: int, end: signal.Signals) -> None:
    """The reader goes before the first line or after some: the demo plays on, and a signal ends it cleanly."""
    command = [sys.executable, "-m", "pollux", "demo", world, "--port", "0"]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert demo.stdout is not None
        for _ in range(lines):
            demo.stdout.readline()
        demo.stdout.close()
        demo.stdout = None
        with pytest.raises(subprocess.TimeoutExpired):
            demo.wait(12)
        demo.send_signal(end)
        _, said = demo.communicate(timeout=150)  # opening a ward is not broken off
        assert demo.returncode == 0
        assert b"Traceback" not in said
    finally:
        demo.kill()
