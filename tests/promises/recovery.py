"""How long a site takes to open after a kill, with a gigabyte of log: what was acknowledged is there again.

A child fills the log through the sink of a whole site, and is ended by SIGKILL; another one opens the same folder.
Snapshots are taken as the site takes them by itself.
"""

import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pollux.clock import stopwatch
from pollux.columns.frames import Frames, Message, Origin
from tests.promises.ingest import PAYLOAD, opened
from tests.promises.measurement import Measurement
from tests.promises.processes import ask, child

MODULE = "tests.promises.recovery"
SIZE = 1 << 30
DEVICES = 1_000


def fill(folder: Path) -> None:
    """Write until the log has its size, say how much was acknowledged, and wait to be killed."""
    live = opened(folder, mqtt=None)
    origins = [Origin("", f"pump-{number:06d}") for number in range(DEVICES)]
    topics = [f"twins/Pump/{one.device}/telemetry".encode() for one in origins]
    frames = Frames.of([Message(one, topic, PAYLOAD, 0) for one, topic in zip(origins, topics, strict=True)])
    count = 0
    while live.log.counts.bytes < SIZE:
        ticket = live.sink(frames)
        count += 1
        if count % 200 == 0:
            ticket.wait(60)
    ticket.wait(60)
    print(json.dumps({"seq": ticket.seq, "messages": count * DEVICES}), flush=True)
    sys.stdin.read()


def again(folder: Path) -> None:
    """Open, say how long that took and how far the log goes, and end."""
    begun = stopwatch()
    live = opened(folder, mqtt=None, settled=False)
    print(json.dumps({"took": stopwatch() - begun, "seq": live.estate.seq}), flush=True)
    live.__exit__(None, None, None)


def measure(runs: int = 3) -> Iterator[Measurement]:
    """The promise about recovery: the longest of some starts, each after a kill of the one before."""
    with tempfile.TemporaryDirectory() as folder:
        filling = child(MODULE, "fill", folder)
        told = json.loads(ask(filling))
        filling.send_signal(signal.SIGKILL)
        filling.wait()
        took: list[float] = []
        for _ in range(runs):
            opening = child(MODULE, "again", folder)
            found = json.loads(ask(opening))
            opening.send_signal(signal.SIGKILL)
            opening.wait()
            assert found["seq"] >= told["seq"], "what was acknowledged is not there"
            took.append(found["took"])
        yield Measurement("recovery", max(took), "s, 1 GB of log, after kill -9", "<= 5")


def main() -> None:
    """One of the child processes."""
    role, folder = sys.argv[1], Path(sys.argv[2])
    {"fill": fill, "again": again}[role](folder)


if __name__ == "__main__":
    main()
