"""The exam of durable logs, and the proof that it can be failed."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from pollux.clock import SimulatedClock
from pollux.errors import PolluxError
from pollux.remember import AbstractDisk, Log, commit, recovery, segment, writer
from pollux.testing.disk import FaultyDisk
from pollux.testing.log import ExamFailed, check_log, some_entry

SEEDS = range(40)
PAGE = 1024
"""Bytes that reach the drive at once: less than any page, so that a short exam meets its edges often."""


def opened(disk: AbstractDisk, *, own_thread: bool = False) -> Log:
    """The log under exam."""
    return Log.open(
        Path("data"), clock=SimulatedClock(0), disk=disk, segment_bytes=8192, own_thread=own_thread, group_ns=100_000
    )


def test_the_log_passes() -> None:
    """Power cuts at any operation, torn and lost writes, failed syncs, full disks, changed bytes, from many seeds."""
    check_log(opened, seeds=range(80))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_log_passes_with_a_thread_of_its_own() -> None:
    """The same with the log's own thread, as it runs in production."""
    check_log(lambda disk: opened(disk, own_thread=True), seeds=range(12))


def test_the_log_passes_on_a_system_that_writes_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where every write reaches the drive in pages: lost in part, or not in their order."""
    monkeypatch.setattr(FaultyDisk, "pwritev", by_pages(FaultyDisk.pwritev))
    check_log(opened, seeds=range(80))


def by_pages(write: Callable[..., None]) -> Callable[..., None]:
    """A write that is handed on in pieces that end where pages do."""

    def written(self: FaultyDisk, handle: int, pieces: Sequence[bytes], offset: int) -> None:
        data = b"".join(pieces)
        edges = [offset, *range((offset // PAGE + 1) * PAGE, offset + len(data), PAGE), offset + len(data)]
        for start, stop in itertools.pairwise(edges):
            write(self, handle, [data[start - offset : stop - offset]], start)

    return written


@pytest.mark.soak
def test_the_log_passes_for_long() -> None:
    """The same from very many seeds."""
    check_log(opened, seeds=range(1000, 40_000))


def no_sync(self: object, handle: int) -> None:
    """Acknowledge before the data are durable."""


def nothing_wrong(*_: object) -> bool:
    """Skip a check."""
    return True


def never(*_: object) -> bool:
    """Skip a check the other way."""
    return False


def not_again(self: writer.Writer, name: str, start: int, end: int) -> None:
    """Believe what the system shows after a failed sync: cut the torn tail, but write nothing again."""
    handle = self._disk.open(self._folder / name)
    self._disk.truncate(handle, end)
    self._sync(handle)
    self._disk.close(handle)


FAULTS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "acknowledge before the sync": (writer.Writer, "_sync", no_sync),
    "skip the checksum of payloads": (segment, "_whole", nothing_wrong),
    "take every damage for a torn tail": (recovery, "_torn", nothing_wrong),
    "refuse every torn tail": (recovery, "_torn", never),
    "trust what a failed sync left in memory": (writer.Writer, "_rewritten", not_again),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_log_fails(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same exam turns red for a log with a deliberate fault."""
    owner, name, broken = FAULTS[fault]
    monkeypatch.setattr(owner, name, broken)
    with pytest.raises((ExamFailed, PolluxError)):
        check_log(opened, seeds=SEEDS)


def test_a_log_that_acknowledges_at_once_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log whose tickets are durable when the entry is queued is found out by the power cuts."""
    submit = commit.Committer.submit

    def eager(self: commit.Committer, make: Callable[[int], object]) -> commit.Ticket:
        ticket = submit(self, make)  # type: ignore[arg-type]
        self.durable = ticket.seq
        return ticket

    monkeypatch.setattr(commit.Committer, "submit", eager)
    with pytest.raises(ExamFailed):
        check_log(opened, seeds=SEEDS)


def test_a_log_that_tries_a_failed_sync_again_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second sync that says yes proves nothing: a log that believes it fails the exam."""

    def again(self: writer.Writer, handle: int) -> None:
        try:
            self._disk.fdatasync(handle)
        except OSError:
            assert isinstance(self._disk, FaultyDisk)
            self._disk.fail_all_syncs = False
            self._disk.fdatasync(handle)

    monkeypatch.setattr(writer.Writer, "_sync", again)
    with pytest.raises(ExamFailed, match="failed sync is final"):
        check_log(opened, seeds=SEEDS)


def test_the_same_seed_is_the_same_run() -> None:
    """With random numbers from a seed, the same seed gives the same disk, byte for byte."""

    def run() -> dict[Path, bytes]:
        count = iter(range(10**6))
        disk = FaultyDisk(seed=5)
        log = Log.open(
            Path("data"),
            clock=SimulatedClock(0),
            disk=disk,
            segment_bytes=8192,
            own_thread=False,
            entropy=lambda n: next(count).to_bytes(n, "big"),
        )

        random = np.random.default_rng(1)
        for token in range(30):
            log.append(some_entry(random, token))
        log.flush()
        disk.crash()
        return {path: disk.contents(path) for path in disk.paths()}

    assert run() == run()
