"""The process that is killed: it appends numbered entries and says which were acknowledged.

Started once, it forks a fresh child for each life, so that a life costs milliseconds. Commands come as lines: `live N`
starts life N and answers `pid P`; the child writes `ack TOKEN` for each acknowledged entry. `--eager` breaks the log on
purpose: it acknowledges when an entry is queued.
"""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from pollux.clock import WallClock
from pollux.columns.frames import Frames, Message, Origin
from pollux.remember import Log, Note
from pollux.remember import commit as commit_module

LIFE = 1_000_000


def entry(token: int) -> Frames | Note:
    """Entry number `token`; nobody but this function makes it."""
    if token % 5 == 0:
        return Note("token", {"token": token})
    body = b"%d " % token * (1 + token * 7919 % 40)
    return Frames.of(Message(Origin("", "d"), b"t/%d" % i, body, token, 1, 1) for i in range(1 + token % 4))


def token_of(found: Frames | Note | None) -> int:
    """Which entry this is; -1 where no life can have written it."""
    if isinstance(found, Note):
        token = int(found.body["token"])
    elif isinstance(found, Frames):
        token = int(bytes(found.payload(0)).split()[0])
    else:
        return -1
    return token if said(found) == said(entry(token)) else -1


def said(given: Frames | Note) -> object:
    """What an entry says, to compare it."""
    if isinstance(given, Note):
        return given.kind, dict(given.body)
    return [(given.topic(i), bytes(given.payload(i))) for i in range(len(given))]


def live(folder: Path, life: int) -> None:
    """Append until killed, from two threads, on small segments so that rolls are hit too."""
    log = Log.open(folder, clock=WallClock(), segment_bytes=1 << 15, group_ns=200_000, queue_bytes=1 << 14)

    def work(first: int) -> None:
        for i in range(first, LIFE, 2):
            token = life * LIFE + i
            log.append(entry(token)).then(os.write, 1, b"ack %d\n" % token)

    threading.Thread(target=work, args=(1,), daemon=True).start()
    work(0)


def acknowledge_at_once() -> None:
    """Break the log: tickets are durable when the entry is queued."""
    submit = commit_module.Committer.submit

    def eager(self: commit_module.Committer, make: Callable[[int], object]) -> commit_module.Ticket:
        ticket = submit(self, make)  # type: ignore[arg-type]
        self.durable = max(self.durable, ticket.seq)
        return ticket

    commit_module.Committer.submit = eager  # type: ignore[method-assign]


def main(folder: Path) -> None:
    """Serve commands until there are no more."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            live(folder, int(line.split()[1]))
        os.write(1, b"pid %d\n" % child)
        os.waitpid(child, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    if "--eager" in sys.argv:
        acknowledge_at_once()
    main(Path(sys.argv[1]))
