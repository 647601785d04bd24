"""Nearly right bytes at every door: a canary is served throughout, nothing breaks inside, nothing is left behind.

The short run belongs to every test run; `pytest -m soak` makes it half an hour (POLLUX_SOAK_MINUTES), and holds the
site under half of its load for as long: what the process weighs must not grow.
"""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, final

import numpy as np
import pytest

from tests.faults.foreign import FUZZERS, Canary
from tests.promises.latency import CONNECTIONS
from tests.promises.processes import ask, child

ROOT = Path(__file__).parent.parent.parent
MINUTES = float(os.environ.get("POLLUX_SOAK_MINUTES", "30"))
HALF = 50_000
"""Messages a second that are half of the goal for ingestion."""


@final
class Target:
    """The process under exam."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.target", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        )
        self.ports: dict[str, Any] = json.loads(ask(self._process))

    def weight(self) -> dict[str, Any]:
        """What it weighs now."""
        found: dict[str, Any] = json.loads(ask(self._process, "?"))
        return found

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(timeout=60) == 0


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    made = Target(folder)
    try:
        yield made
    finally:
        made.end()


def _steady(kilobytes: list[int]) -> None:
    """The last third of a long run weighs what the middle one did, within five per cent and ten megabytes."""
    third = len(kilobytes) // 3
    middle, last = np.median(kilobytes[third : 2 * third]), np.median(kilobytes[2 * third :])
    print(f"{middle / 1024:.0f} MB in the middle, {last / 1024:.0f} MB at the end")
    assert last < 1.05 * middle + 10_240, f"it grew from {middle:.0f} to {last:.0f} kB"


def _thrown(made: Target, seconds: float, seed: int) -> tuple[dict[str, int], list[int]]:
    """Throw at every door for so long, with the canary between; how much, and what the process weighed."""
    over = threading.Event()
    counts = dict.fromkeys(FUZZERS, 0)

    def throw(name: str) -> None:
        fair = Random(f"{name}{seed}")
        while not over.is_set():
            FUZZERS[name](made.ports[name], fair)
            counts[name] += 1

    threads = [threading.Thread(target=throw, args=(name,), daemon=True) for name in FUZZERS]
    canary, weighed = Canary(made.ports), list[int]()
    for thread in threads:
        thread.start()
    try:
        end = time.monotonic() + seconds
        for number in itertools.count():
            if time.monotonic() > end:
                break
            canary.sings()
            if number % 25 == 0:
                weighed.append(made.weight()["kb"])
            over.wait(0.1)
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=20)
        canary.leave()
    return counts, weighed


def _unharmed(made: Target, before: dict[str, Any]) -> None:
    pause, end = threading.Event(), time.monotonic() + 20
    while (after := made.weight())["handles"] > before["handles"] + 8 and time.monotonic() < end:
        pause.wait(0.2)
    assert after["inside"] == 0, f"something broke inside: {after['newest']}"
    assert after["errors"] == before["errors"], f"foreign bytes caused an error: {after['newest']}"
    assert after["handles"] <= before["handles"] + 8, "handles were not given back"


def test_foreign_bytes_for_a_moment(tmp_path: Path) -> None:
    """Six seconds."""
    with target(tmp_path) as made:
        before = made.weight()
        counts, _ = _thrown(made, 6.0, seed=1)
        _unharmed(made, before)
        assert all(counts.values()), counts


@pytest.mark.soak
def test_foreign_bytes_for_half_an_hour(tmp_path: Path) -> None:
    """As long as the soak says, with memory watched."""
    with target(tmp_path) as made:
        before = made.weight()
        seed = int(time.time())
        print(f"seed {seed}")
        counts, weighed = _thrown(made, MINUTES * 60, seed)
        print(counts)
        _unharmed(made, before)
        _steady(weighed)


@pytest.mark.soak
def test_half_of_its_load_for_half_an_hour(tmp_path: Path) -> None:
    """A thousand devices send evenly; every message is acknowledged, and the process does not grow."""
    with target(tmp_path) as made:
        generator = child("tests.promises.latency", "generate", made.ports["mqtt"], HALF, MINUTES * 60)
        try:
            assert ask(generator) == "ready\n"
            assert generator.stdin is not None
            generator.stdin.write("go\n")
            generator.stdin.flush()
            weighed, pause = list[int](), threading.Event()
            end = time.monotonic() + MINUTES * 60
            while time.monotonic() < end:
                weighed.append(made.weight()["kb"])
                pause.wait(2.0)
            result = json.loads(ask(generator))
            assert made.weight()["refused"] == 0
        finally:
            generator.kill()
            generator.wait()
        print(result, CONNECTIONS)
        assert result["acknowledged"] == result["sent"]
        _steady(weighed)
