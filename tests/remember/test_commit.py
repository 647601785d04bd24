"""Tickets, threads and the bounded queue."""

import logging
import threading

import pytest

from pollux.clock import WallClock
from pollux.errors import Overloaded, StorageFailed
from pollux.remember import AbstractDisk, Log, Note
from pollux.remember.commit import ENOUGH
from pollux.testing.disk import FaultyDisk
from tests.remember.fakes import DATA, Passing, batch, disk, everything, open_log

PATIENCE = 20


class Gate(Passing):
    """A disk whose syncs wait until they are let through."""

    def __init__(self) -> None:
        super().__init__(FaultyDisk(seed=0))
        self.open_gate = threading.Event()
        self.waiting = threading.Event()

    def fdatasync(self, handle: int) -> None:
        self.waiting.set()
        assert self.open_gate.wait(PATIENCE)
        super().fdatasync(handle)


def threaded(storage: AbstractDisk, **options: object) -> Log:
    """A log with a thread of its own on a disk in memory."""
    return Log.open(DATA, clock=WallClock(), disk=storage, segment_bytes=1 << 16, **options)  # type: ignore[arg-type]


def test_calls_are_made_in_order_by_the_logs_thread() -> None:
    """Calls follow the order of entries, come from the log's thread, and only once the entry is durable."""
    made: list[tuple[int, str, bool]] = []
    with threaded(disk()) as log:
        for i in range(300):
            ticket = log.append(Note("n", {"i": i}))
            ticket.then(lambda t=ticket, i=i: made.append((i, threading.current_thread().name, t.durable)))
        assert log.flush(PATIENCE)
    assert made == [(i, "pollux-log", True) for i in range(300)]


def test_what_is_large_waits_for_nobody() -> None:
    """A small entry waits for others to share its sync, a large one does not, and takes along what waits."""
    with threaded(disk(), group_ns=10**12) as log:
        small = log.append(Note("n", {}))
        assert not small.wait(0.05)
        large = log.append(Note("n", {"text": "x" * ENOUGH}))
        assert large.wait(PATIENCE)
        assert small.durable


def test_nothing_is_called_before_the_sync_returns() -> None:
    """While the sync has not returned, the ticket is not durable and nobody was told."""
    gate = Gate()
    called = threading.Event()
    with threaded(gate) as log:
        ticket = log.append(Note("n", {}))
        ticket.then(called.set)
        assert gate.waiting.wait(PATIENCE)
        assert not ticket.durable
        assert not called.is_set()
        assert not ticket.wait(0.01)
        gate.open_gate.set()
        assert ticket.wait(PATIENCE)
        assert called.wait(PATIENCE)


def test_a_call_asked_for_late_is_made_too() -> None:
    """A call asked for after the entry was durable is made by the log's thread as well."""
    names: list[str] = []
    done = threading.Event()
    with threaded(disk()) as log:
        ticket = log.append(Note("n", {}))
        assert ticket.wait(PATIENCE)
        ticket.then(lambda: names.append(threading.current_thread().name))
        ticket.then(done.set)
        assert done.wait(PATIENCE)
    ticket.then(names.append, "after close")
    assert names == ["pollux-log", "after close"]


def test_a_call_that_raises_disturbs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a call is reported and counted; later calls and entries go on."""
    seen: list[int] = []
    with caplog.at_level(logging.CRITICAL), threaded(disk()) as log:
        first = log.append(Note("n", {}))
        first.then(lambda: 1 / 0)
        first.then(seen.append, 1)
        log.append(Note("n", {})).then(seen.append, 2)
        assert log.flush(PATIENCE)
        assert log.append(Note("n", {})).wait(PATIENCE)
        assert log.counts.failed_calls == 1
    assert seen == [1, 2]


def test_a_call_may_append() -> None:
    """A call made by the log's thread may append without waiting for itself, even when the queue is full."""
    answered = threading.Event()
    with threaded(disk(), queue_bytes=1) as log:
        log.append(Note("n", {})).then(lambda: log.append(Note("answer", {})).then(answered.set))
        assert answered.wait(PATIENCE)
        assert len(everything(log)) == 2


def test_many_threads_append_at_once() -> None:
    """Entries of several threads each come once, and those of one thread in its order."""
    with threaded(disk()) as log:

        def work(who: int) -> None:
            for i in range(50):
                log.append(Note("n", {"who": who, "i": i}))

        threads = [threading.Thread(target=work, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert log.flush(PATIENCE)
        bodies = [record.entry.body for record in log.read() if isinstance(record.entry, Note)]
    assert len(bodies) == 200
    for who in range(4):
        assert [body["i"] for body in bodies if body["who"] == who] == list(range(50))


def test_a_full_queue_makes_appenders_wait() -> None:
    """Under the policy `block` an appender beyond the bound waits until the disk has taken what came before."""
    gate = Gate()
    with threaded(gate, queue_bytes=2000, group_bytes=1000) as log:
        appended: list[int] = []

        def work() -> None:
            for i in range(30):
                log.append(batch([i], size=300))
                appended.append(i)

        thread = threading.Thread(target=work)
        thread.start()
        assert gate.waiting.wait(PATIENCE)
        waiting = threading.Event()
        while log.counts.waits == 0 and not waiting.wait(0.001):
            assert thread.is_alive()
        assert len(appended) < 30
        gate.open_gate.set()
        thread.join(PATIENCE)
        assert len(appended) == 30
        assert log.flush(PATIENCE)
        assert log.durable == 30


def test_a_full_queue_may_refuse() -> None:
    """Under the policy `refuse` an appender beyond the bound is told when to try again."""
    gate = Gate()
    log = threaded(gate, queue_bytes=1000, policy="refuse")
    log.append(batch([1], size=1000))
    with pytest.raises(Overloaded) as refusal:
        log.append(batch([2]))
    assert refusal.value.retry_after > 0
    assert log.counts.refused == 1
    gate.open_gate.set()
    log.close()


def test_a_failed_sync_fails_all_who_wait_and_come_later() -> None:
    """After a failed sync nobody is acknowledged: not who waits, not who comes later, not after further syncs."""
    storage = disk()
    with threaded(storage) as log:
        assert log.append(Note("n", {})).wait(PATIENCE)
        storage.fail_all_syncs = True
        told: list[str] = []
        ticket = log.append(Note("n", {}))
        ticket.then(told.append, "durable")
        ticket.otherwise(told.append, "lost")
        with pytest.raises(StorageFailed):
            ticket.wait(PATIENCE)
        storage.fail_all_syncs = False
        with pytest.raises(StorageFailed):
            log.append(Note("n", {}))
        late = threading.Event()
        ticket.otherwise(late.set)
        assert late.wait(PATIENCE)
        assert told == ["lost"]
        assert isinstance(ticket.failure, StorageFailed)
        assert not log.health.accepting
        assert len(everything(log)) == 1


def test_a_failed_write_is_final_too() -> None:
    """An input/output error of a write is not tried again."""
    storage = disk()
    log = open_log(storage)
    log.append(Note("n", {})).wait()
    storage.fail_write_at = storage.operations + 1
    with pytest.raises(StorageFailed):
        log.append(Note("n", {})).wait()
    storage.fail_write_at = None
    with pytest.raises(StorageFailed):
        log.append(Note("n", {}))
    log.close()


def test_a_full_disk_is_not_final() -> None:
    """A full disk stops acknowledgements with a reason; reading goes on; with room it goes on by itself."""
    storage = disk()
    with threaded(storage) as log:
        assert log.append(batch([1])).wait(PATIENCE)
        storage.capacity = storage.used()
        big = log.append(batch([2], size=1 << 16))
        pause = threading.Event()
        while log.health.accepting and not pause.wait(0.001):
            assert not big.durable
        assert "full" in log.health.reason
        with pytest.raises(Overloaded, match="room on the disk"):
            log.append(batch([3]))
        assert not big.durable
        assert len(everything(log)) == 1
        storage.capacity = None
        assert big.wait(PATIENCE)
        assert log.health.accepting
        assert log.append(batch([3])).wait(PATIENCE)
        assert len(everything(log)) == 3


def test_closing_while_the_disk_is_full_fails_what_waits() -> None:
    """What found no room before the end is told so, and the next start has all that was acknowledged."""
    storage = disk()
    log = threaded(storage)
    assert log.append(batch([1])).wait(PATIENCE)
    storage.capacity = storage.used()
    big = log.append(batch([2], size=1 << 16))
    log.close()
    assert isinstance(big.failure, StorageFailed)
    with open_log(storage) as again:
        assert len(everything(again)) == 1
