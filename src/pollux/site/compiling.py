"""Kernels compiled aside: one child process at a time, each kernel once."""

import atexit
import subprocess
import threading
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import final

from pollux.simulate.compile_child import compile_in_child


@final
class Compiling:
    """A kernel that waits to be compiled, is being compiled, or was."""

    def __init__(self, done: "Future[int]") -> None:
        self._done = done

    def wait(self) -> int:
        """Wait for the end; 0 when it succeeded."""
        return self._done.result()


@final
class Compilers:
    """Has kernels compiled by child processes, one after the other, so that the machine stays free for the twins.

    A kernel that is asked for again, while it waits or after it failed, is the same compilation. The children end when
    the process does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Compiling] = {}
        self._waiting: deque[tuple[Path, str, Future[int]]] = deque()
        self._child: subprocess.Popen[bytes] | None = None
        self._busy = False
        self._over = False

    def __call__(self, folder: Path, key: str) -> Compiling:
        """The compilation of a kernel, begun when nobody asked for it before."""
        with self._lock:
            found = self._known.get(key)
            if found is None:
                done: Future[int] = Future()
                found = self._known[key] = Compiling(done)
                self._waiting.append((folder, key, done))
                if not self._busy:
                    self._busy = True
                    # A daemon: nobody's exit waits for a kernel that nobody will run.
                    threading.Thread(target=self._work, name="pollux-compilers", daemon=True).start()
        return found

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._over or not self._waiting:
                    self._busy = False
                    return
                folder, key, done = self._waiting.popleft()
                child = self._child = compile_in_child(folder, key)
            done.set_result(child.wait())

    def stop(self) -> None:
        """End the child that runs; nothing further is compiled."""
        with self._lock:
            self._over = True
            child, waiting = self._child, list(self._waiting)
            self._waiting.clear()
        if child is not None and child.poll() is None:
            child.terminate()
        for _, _, done in waiting:
            done.set_result(1)


COMPILERS = Compilers()
"""The one queue of the process: sites, forks and filters share it."""
atexit.register(COMPILERS.stop)
