"""Start the process of an FMU and talk to it. The only file here that starts a process.

What happens in there stays in there: a crash, an exit and a hang become `SimulationError`s of this side. It is no
sandbox: the code has the rights of its user.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn, final

from pollux.errors import SetupError, SimulationError
from pollux.simulate.fmi.messages import REPLIES, Done, Refused, Reply, Request, receive, send

_KEPT: Final = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "POLLUX_CACHE", "USER")
_KEPT_BEGINNINGS: Final = ("LC_", "NUMBA_", "XDG_")
_SAID: Final = 400
_BEGINNING: Final = 300.0
"""Seconds for the interpreter to start, on a machine that is busy."""
_SHARED: Final = Path("/dev/shm")  # noqa: S108  # folders in it are made by mkdtemp


class _Silent(Exception):
    """Nothing was heard for too long."""


@final
class Process:
    """One process for one FMU, in a folder of its own. `timeout` is how many seconds a single call may take."""

    def __init__(self, name: str, *, timeout: float, environment: Sequence[str] = ()) -> None:
        if os.name != "posix":
            raise SetupError("expected Linux or macOS to isolate an FMU", at=name, hint="Running(isolated=False)")
        self._name = name
        self._timeout = timeout
        self.folder = Path(tempfile.mkdtemp(prefix="pollux-fmu-", dir=_memory()))
        self._said = self.folder / "said.txt"
        self._child = self._started(environment)
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._write, self._read = self._child.stdin.fileno(), self._child.stdout.fileno()
        for pipe in (self._write, self._read):
            os.set_blocking(pipe, False)
        self.close = weakref.finalize(self, _end, self._child, self.folder)
        self._heard(_Patience(_BEGINNING, None))

    def ask(self, request: Request, *, beat: Callable[[], int] | None = None, timeout: float | None = None) -> Done:
        """The answer to a request. Raises `SimulationError` for what is refused, and when the process ends or hangs.

        As long as `beat` gives another number each time, it is at work, and waited for.
        """
        if self.ended:
            raise SimulationError("expected an FMU that runs, got one whose process has ended", at=self._name)
        reply = self._heard(_Patience(timeout or self._timeout, beat), request)
        if isinstance(reply, Refused):
            raise SimulationError(reply.message, at=reply.at or self._name, hint=reply.hint)
        return reply

    def _heard(self, wait: "_Patience", request: Request | None = None) -> Reply:
        try:
            if request is not None:
                send(self._write, request, wait)
            reply: Reply = REPLIES.decode(receive(self._read, wait))
        except _Silent:
            self._lost(f"expected an answer within {wait.seconds:g} s, got silence")
        except (EOFError, OSError, ValueError):
            self._lost(f"expected an answer, got the end of its process: {self._how_it_ended()}")
        return reply

    @property
    def ended(self) -> bool:
        """Whether there is nobody to ask any more."""
        return not self.close.alive

    def _started(self, environment: Sequence[str]) -> "subprocess.Popen[bytes]":
        with self._said.open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "pollux.simulate.fmi.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                cwd=self.folder,
                env=_environment(environment),
                bufsize=0,
                start_new_session=True,
            )

    def _how_it_ended(self) -> str:
        try:
            status = self._child.wait(5)
        except subprocess.TimeoutExpired:
            return "it closed its pipes"
        if status < 0:
            return f"it was ended by {signal.Signals(-status).name}"
        return f"it left with status {status}"

    def _lost(self, what: str) -> NoReturn:
        said = self._last_words()
        self.close()
        raise SimulationError(what, at=self._name, hint=f"it said: {said}" if said else None) from None

    def _last_words(self) -> str:
        try:
            with self._said.open("rb") as file:
                file.seek(max(0, self._said.stat().st_size - _SAID))
                lines = file.read().decode("utf-8", "replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")


@final
class _Patience:
    """Waits for a pipe, as long as the other side shows that it works."""

    def __init__(self, seconds: float, beat: Callable[[], int] | None) -> None:
        self.seconds = seconds
        self._beat = beat

    def __call__(self, pipe: int, writing: bool) -> None:
        waiting = select.poll()
        waiting.register(pipe, select.POLLOUT if writing else select.POLLIN)
        seen = self._beat and self._beat()
        while not waiting.poll(self.seconds * 1000):
            now = self._beat and self._beat()
            if now == seen:
                raise _Silent
            seen = now


def _end(child: "subprocess.Popen[bytes]", folder: Path) -> None:
    """End the process, which has nothing to lose, and take its folder away."""
    child.kill()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    child.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _environment(more: Sequence[str]) -> dict[str, str]:
    """What the process is told: no secret that happens to stand in our environment."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in (*_KEPT, *more) or name.startswith(_KEPT_BEGINNINGS)
    }
    return kept | {"PYTHONPATH": os.pathsep.join(os.path.abspath(one) for one in sys.path if one)}


def _memory() -> str | None:
    """A folder in memory, where there is one."""
    return str(_SHARED) if os.access(_SHARED, os.W_OK) else None
