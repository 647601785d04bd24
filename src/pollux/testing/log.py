"""check_log: the exam of a durable log, free of any test framework.

It knows nothing of segments: any log that can be opened on an `AbstractDisk` may sit it. Each part states a promise:
what was acknowledged is read back exactly once, in order, after every power cut; nothing is invented; a failed sync is
final; a full disk stops acknowledgements and nothing else; a changed byte is found.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, final

import numpy as np

from pollux.columns.frames import Encoding, Frames, Message, Origin
from pollux.errors import DamagedLog, Overloaded, PolluxError, StorageFailed
from pollux.remember import AbstractDisk, Note, Record
from pollux.testing.disk import FaultyDisk, PowerCut

_PATIENCE = 20.0


class AnyTicket(Protocol):
    """What the exam needs of a ticket."""

    def then(self, callback: Callable[..., object], *args: Any) -> None: ...
    def wait(self, timeout: float | None = None) -> bool: ...


class AnyLog(Protocol):
    """What the exam needs of a log."""

    def append(self, entry: Frames | Note) -> AnyTicket: ...
    def read(self, after: int = 0) -> Iterator[Record]: ...
    def close(self) -> None: ...


@final
class ExamFailed(AssertionError):
    """A promise was broken; the message says which one, and the seed that shows it again."""


def check_log(open_log: Callable[[AbstractDisk], AnyLog], *, seeds: Iterable[int] = range(10)) -> None:
    """Examine a log; `open_log` opens it, or opens it again, on the disk it is given.

    Raises:
        ExamFailed: with the promise and the seed.

    >>> from pathlib import Path
    >>> from pollux.clock import SimulatedClock
    >>> from pollux.remember import Log
    >>> clock = SimulatedClock(0)
    >>> def open_log(disk):
    ...     return Log.open(Path("d"), clock=clock, disk=disk, segment_bytes=8192, own_thread=False)
    >>> check_log(open_log, seeds=range(2))
    """
    for seed in seeds:
        _gives_back(open_log, seed)
        _keeps_through_power_cuts(open_log, seed)
        _keeps_through_everything_at_once(open_log, seed)
        _gives_up_after_a_failed_sync(open_log, seed)
        _outlives_a_full_disk(open_log, seed)
        _finds_a_changed_byte(open_log, seed)


# -- entries ----------------------------------------------------------------------------------------------------------


def contents(entry: Frames | Note | None) -> object:
    """What an entry says, in a form that can be compared."""
    if isinstance(entry, Frames):
        rows = zip(entry.arrival.tolist(), entry.encoding.tolist(), entry.qos.tolist(), strict=True)
        return [(entry.sender(i), entry.topic(i), bytes(entry.payload(i)), *row) for i, row in enumerate(rows)]
    return entry


def some_entry(random: np.random.Generator, token: int) -> Frames | Note:
    """An entry that no other one equals."""
    if random.random() < 0.2:
        return Note("exam", {"token": token, "filling": random.bytes(int(random.integers(40)))})
    return Frames.of(
        Message(
            Origin("", f"device-{random.integers(4)}", None, "boot" if random.random() < 0.5 else None),
            b"exam/%d/%d" % (token, number),
            random.bytes(int(random.integers(1, 400))),
            int(random.integers(2**50)),
            int(random.choice([Encoding.JSON, Encoding.BINARY])),
            int(random.integers(3)),
        )
        for number in range(int(random.integers(1, 6)))
    )


@final
class _Witness:
    """Stands outside the log: knows what was offered to it and what it acknowledged."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng([seed, 17])
        self.offered: list[object] = []
        self.acknowledged: list[int] = []

    def offer(self, log: AnyLog) -> AnyTicket:
        """Append a new entry and write down its acknowledgement when it comes."""
        entry = some_entry(self.random, len(self.offered))
        token = len(self.offered)
        self.offered.append(contents(entry))
        ticket = log.append(entry)
        ticket.then(self.acknowledged.append, token)
        return ticket

    def compare(self, found: list[object], promise: str) -> None:
        """What can be read must hold all that was acknowledged, once each, in order, and nothing else."""
        tokens = [self._token(item, promise) for item in found]
        if tokens != sorted(set(tokens)):
            raise ExamFailed(f"{promise}: expected every entry once and in order, got {tokens}")
        missing = sorted(set(self.acknowledged) - set(tokens))
        if missing:
            raise ExamFailed(f"{promise}: expected what was acknowledged, missing {missing} of {self.acknowledged}")
        if self.acknowledged != sorted(self.acknowledged):
            raise ExamFailed(f"{promise}: expected acknowledgements in order, got {self.acknowledged}")

    def _token(self, item: object, promise: str) -> int:
        try:
            return self.offered.index(item)
        except ValueError:
            raise ExamFailed(f"{promise}: expected only what was offered, got {item!r}") from None


def _everything(log: AnyLog) -> list[object]:
    return [contents(record.entry) for record in log.read()]


def _leave(log: AnyLog) -> None:
    """Forget a log whose disk is gone; a thread of its own ends."""
    with contextlib.suppress(PolluxError, PowerCut):
        log.close()


# -- promises ---------------------------------------------------------------------------------------------------------


def _gives_back(open_log: Callable[[AbstractDisk], AnyLog], seed: int) -> None:
    promise = f"seed {seed}: what is appended is read back whole"
    disk, witness = FaultyDisk(seed=seed), _Witness(seed)
    for _ in range(3):
        log = open_log(disk)
        witness.compare(_everything(log), promise)
        tickets = [witness.offer(log) for _ in range(5)]
        if not all(ticket.wait(_PATIENCE) for ticket in tickets):
            raise ExamFailed(f"{promise}: expected acknowledgements within {_PATIENCE} s, got none")
        _expect(_everything(log), witness.offered, promise)
        log.close()
    log = open_log(disk)
    _expect(_everything(log), witness.offered, promise)
    _expect([contents(record.entry) for record in log.read(7)], witness.offered[7:], promise)
    log.close()
    _expect(witness.acknowledged, list(range(15)), promise)


def _expect(found: list[Any], expected: list[Any], promise: str) -> None:
    if found != expected:
        raise ExamFailed(f"{promise}: expected {len(expected)} entries, got {len(found)} or others")


def _keeps_through_power_cuts(open_log: Callable[[AbstractDisk], AnyLog], seed: int) -> None:
    promise = f"seed {seed}: what was acknowledged survives power cuts"
    disk, witness = FaultyDisk(seed=seed), _Witness(seed)
    for _ in range(4):
        disk.cut_at = disk.operations + int(witness.random.integers(1, 60))
        _live(open_log, disk, witness)
        disk.crash()
    log = open_log(disk)
    witness.compare(_everything(log), promise)
    log.close()


def _keeps_through_everything_at_once(open_log: Callable[[AbstractDisk], AnyLog], seed: int) -> None:
    """Faults without limit: a full disk, failed syncs, kills and power cuts in any mixture. Only safety is asked."""
    promise = f"seed {seed}: what was acknowledged survives all faults at once"
    disk, witness = FaultyDisk(seed=seed), _Witness(seed)
    for _ in range(5):
        random = witness.random
        disk.capacity = disk.used() + int(random.integers(20_000)) if random.random() < 0.5 else None
        disk.cut_at = disk.operations + int(random.integers(1, 80)) if random.random() < 0.5 else None
        disk.fail_sync_at = disk.operations + int(random.integers(1, 40)) if random.random() < 0.3 else None
        _live(open_log, disk, witness, patience=0.02)
        if random.random() < 0.5:
            disk.crash()
        else:
            disk.kill()
    disk.crash()
    disk.capacity = disk.fail_sync_at = None
    log = open_log(disk)
    witness.compare(_everything(log), promise)
    if not witness.offer(log).wait(_PATIENCE):
        raise ExamFailed(f"{promise}: expected it to go on when the faults end, got no acknowledgement")
    log.close()


def _live(
    open_log: Callable[[AbstractDisk], AnyLog], disk: AbstractDisk, witness: _Witness, *, patience: float = _PATIENCE
) -> None:
    """A life of the process, which ends when the power is cut, the disk gives up, or work is done."""
    log: AnyLog | None = None
    try:
        log = open_log(disk)
        for _ in range(8):
            tickets = [witness.offer(log) for _ in range(int(witness.random.integers(1, 4)))]
            tickets[-1].wait(patience)
        if witness.random.random() < 0.5:
            log.close()
    except (PowerCut, StorageFailed, Overloaded):
        pass
    if log is not None:
        _leave(log)


def _gives_up_after_a_failed_sync(open_log: Callable[[AbstractDisk], AnyLog], seed: int) -> None:
    promise = f"seed {seed}: a failed sync is final"
    disk, witness = FaultyDisk(seed=seed), _Witness(seed)
    log = open_log(disk)
    for _ in range(3):
        witness.offer(log).wait(_PATIENCE)
    _fail_next_sync(disk, log, witness, promise)
    acknowledged = list(witness.acknowledged)
    with contextlib.suppress(StorageFailed):
        witness.offer(log).wait(_PATIENCE)
        raise ExamFailed(f"{promise}: expected StorageFailed from then on, got an acknowledgement")
    _expect(witness.acknowledged, acknowledged, promise)
    _leave(log)
    disk.crash()
    log = open_log(disk)
    witness.compare(_everything(log), promise)
    log.close()


def _fail_next_sync(disk: FaultyDisk, log: AnyLog, witness: _Witness, promise: str) -> None:
    disk.fail_all_syncs = True
    try:
        witness.offer(log).wait(_PATIENCE)
    except StorageFailed:
        return
    finally:
        disk.fail_all_syncs = False
    raise ExamFailed(f"{promise}: expected StorageFailed, got an acknowledgement")


def _outlives_a_full_disk(open_log: Callable[[AbstractDisk], AnyLog], seed: int) -> None:
    promise = f"seed {seed}: a full disk stops acknowledgements and nothing else"
    disk, witness = FaultyDisk(seed=seed), _Witness(seed)
    log = open_log(disk)
    for _ in range(3):
        witness.offer(log).wait(_PATIENCE)
    log.close()
    disk.capacity = disk.used()
    for _ in range(2):
        log = open_log(disk)
        witness.compare(_everything(log), promise)
        with contextlib.suppress(Overloaded, StorageFailed):
            if witness.offer(log).wait(0.05):
                raise ExamFailed(f"{promise}: expected no acknowledgement without storage, got one")
        witness.compare(_everything(log), promise)
        _leave(log)
        disk.crash()
    disk.capacity = None
    log = open_log(disk)
    if not witness.offer(log).wait(_PATIENCE):
        raise ExamFailed(f"{promise}: expected it to go on with room, got no acknowledgement")
    witness.compare(_everything(log), promise)
    log.close()


def _finds_a_changed_byte(open_log: Callable[[AbstractDisk], AnyLog], seed: int) -> None:
    promise = f"seed {seed}: a changed byte is found"
    disk, witness = FaultyDisk(seed=seed), _Witness(seed)
    log = open_log(disk)
    for _ in range(4):
        witness.offer(log).wait(_PATIENCE)
    log.close()
    paths = [path for path in disk.paths() if path.parts[1:2] == ("log",) and len(disk.contents(path))]
    for _ in range(10):
        path = paths[int(witness.random.integers(len(paths)))]
        byte = int(witness.random.integers(len(disk.contents(path))))
        mask = int(witness.random.integers(1, 256))
        disk.flip(path, byte, mask=mask)
        try:
            again = open_log(disk)
            try:
                _everything(again)
            finally:
                _leave(again)
        except DamagedLog:
            pass
        else:
            raise ExamFailed(f"{promise}: expected DamagedLog for byte {byte} of {path} ^ {mask}, got none")
        disk.flip(path, byte, mask=mask)
