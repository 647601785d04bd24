"""Fills a small real disk with a log, is killed while it is full, starts again while it is full, and goes on with room.

Run in a mount namespace of its own, where FOLDER is a small disk that vanishes with the process.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from pollux.clock import WallClock
from pollux.errors import Overloaded
from pollux.remember import Log, Note, verify

PATIENCE = 30
BODY = {"filling": os.urandom(20_000)}


def fill(folder: Path, acknowledge: int) -> None:
    """Append until the disk is full and has been for a while; then die without a word."""
    log = Log.open(folder, clock=WallClock(), segment_bytes=1 << 19)
    count = 0
    while log.health.accepting and count < 10_000:
        try:
            log.append(Note("n", {**BODY, "token": count})).then(os.write, acknowledge, b"%d\n" % count)
        except Overloaded:
            break
        count += 1
        log.flush(0.05)
    assert not log.health.accepting, "the disk never became full"
    assert len(list(log.read())) == log.durable, "reading must go on"
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path) -> None:
    """The whole story; any assertion ends it with an error."""
    spare = folder / "spare"
    spare.write_bytes(bytes(1 << 20))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        fill(folder, writer)
    os.close(writer)
    acknowledged = [int(line) for line in os.fdopen(reader)]
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, f"expected a kill, got {status}"
    log = Log.open(folder, clock=WallClock(), segment_bytes=1 << 19)
    tokens = [record.entry.body["token"] for record in log.read() if isinstance(record.entry, Note)]
    assert tokens[: len(acknowledged)] == acknowledged, "acknowledged entries are lost"
    assert acknowledged, "nothing was acknowledged before"
    log.close()
    spare.unlink()
    with Log.open(folder, clock=WallClock(), segment_bytes=1 << 19) as log:
        done = threading.Event()
        log.append(Note("after", {})).then(done.set)
        assert done.wait(PATIENCE), "it must go on with room"
    assert verify(folder).ok
    print(f"acknowledged {len(acknowledged)}, readable {len(tokens)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
