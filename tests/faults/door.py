"""A site whose process is killed, beside the disk that it writes: told by lines what to do next.

`python -m tests.faults.door FOLDER PORT` starts nothing. `start` opens a site in a child and prints `open SECONDS`,
`kill` ends it with SIGKILL, `stop` lets it close, `fill` and `free` take and give back all room of the disk, and `told`
prints what the site, opened once more by this process, has of every device: as JSON, the numbers in their order.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pollux as px
from pollux.clock import stopwatch
from pollux.columns.frames import Frames
from pollux.remember import Register
from pollux.site.stamping import Stamping

PIECE = bytes(1 << 16)


class Counter(px.Twin):
    """Something that counts."""

    n = px.sensor("1", low=0, high=1e12)


def site() -> tuple[px.Site, px.Fleet[Counter]]:
    """The site of the rounds."""
    made = px.Site("faults")
    return made, made.fleet(Counter)


class Hasty:
    """A ticket that says at once that everything is durable."""

    def then(self, callback: Callable[..., object], *args: object) -> None:
        callback(*args)


def acknowledge_at_once() -> None:
    """A deliberate fault, to see that the exam finds it: whoever hears of a batch is told that it is on the disk."""
    taken = Stamping.__call__

    def hastily(self: Stamping, frames: Frames) -> Hasty:
        taken(self, frames)
        return Hasty()

    Stamping.__call__ = hastily  # type: ignore[method-assign, assignment]


def forget_sessions() -> None:
    """Another deliberate fault: what is registered of sessions is said to be durable, and is not written."""
    Register._make_durable = lambda *_, **__: None  # type: ignore[method-assign]


def serve(folder: Path, port: int) -> None:
    """The child: open until its standard input ends."""
    begun = stopwatch()
    with site()[0].open(folder / "data", mqtt=f"127.0.0.1:{port}", insecure=True):
        print(f"{stopwatch() - begun:.3f}", flush=True)
        sys.stdin.read()


class Keeper:
    """Does what the lines say."""

    def __init__(self, folder: Path, port: int, options: list[str]) -> None:
        self._folder, self._port, self._options = folder, port, options
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> str:
        command = [sys.executable, "-m", "tests.faults.door", str(self._folder), str(self._port), "serve"]
        command += self._options
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
        )
        assert self._child.stdout is not None
        return f"open {self._child.stdout.readline().strip()}"

    def kill(self) -> str:
        assert self._child is not None
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()
        return "killed"

    def stop(self) -> str:
        assert self._child is not None
        assert self._child.stdin is not None
        self._child.stdin.close()
        return f"stopped {self._child.wait(timeout=60)}"

    def fill(self) -> str:
        with contextlib.suppress(OSError), (self._folder / "filler").open("ab", buffering=0) as filler:
            while True:
                filler.write(PIECE)
        return "full"

    def free(self) -> str:
        (self._folder / "filler").unlink(missing_ok=True)
        return "free"

    def told(self) -> str:
        made, counters = site()
        with made.open(self._folder / "data", mqtt=None):
            found = {one.id: [int(n) for n in one.history(Counter.n, "1 day").value] for one in counters}
        return json.dumps(found)


def main() -> None:
    """A keeper, or the child."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    options = sys.argv[3:]
    if "serve" in options:
        if "hasty" in options:
            acknowledge_at_once()
        if "forgetful" in options:
            forget_sessions()
        serve(folder, port)
        return
    keeper = Keeper(folder, port, options)
    for line in sys.stdin:
        print(getattr(keeper, line.strip())(), flush=True)


if __name__ == "__main__":
    main()
