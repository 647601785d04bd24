"""Kernels compiled aside: two child processes at a time, each kernel once."""

import atexit
import subprocess
import threading
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import Final, final

from pollux.simulate.kernels.compile_child import compile_in_child

AT_ONCE: Final = 2
"""Children at a time: one core each, where there are so many."""


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
    """Has kernels compiled by child processes, few at a time and behind everybody else, so that twins and pages go on.

    A kernel that is asked for again, while it waits or after it failed, is the same compilation. The children end when
    the process does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Compiling] = {}
        self._waiting: deque[tuple[Path, str, Future[int]]] = deque()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._at_work = 0
        self._over = False

    def __call__(self, folder: Path, key: str) -> Compiling:
        """The compilation of a kernel, begun when nobody asked for it before."""
        with self._lock:
            found = self._known.get(key)
            if found is None:
                done: Future[int] = Future()
                found = self._known[key] = Compiling(done)
                self._waiting.append((folder, key, done))
                if self._at_work < AT_ONCE:
                    self._at_work += 1
                    # A daemon: nobody's exit waits for a kernel that nobody will run.
                    threading.Thread(target=self._work, name="pollux-compilers", daemon=True).start()
        return found

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._over or not self._waiting:
                    self._at_work -= 1
                    return
                folder, key, done = self._waiting.popleft()
                child = compile_in_child(folder, key)
                self._children.add(child)
            status = child.wait()
            with self._lock:
                self._children.discard(child)
            done.set_result(status)

    def stop(self) -> None:
        """End the child that runs; nothing further is compiled."""
        with self._lock:
            self._over = True
            children, waiting = list(self._children), list(self._waiting)
            self._waiting.clear()
        for child in children:
            if child.poll() is None:
                child.terminate()
        for _, _, done in waiting:
            done.set_result(1)


COMPILERS = Compilers()
"""The one queue of the process: sites, forks and filters share it."""
atexit.register(COMPILERS.stop)
