"""How another thread wakes the one that waits for sockets."""

import contextlib
import os
import socket
import sys
import threading
from abc import ABC, abstractmethod
from typing import final


class AbstractWake(ABC):
    """Something that can be waited for like a socket, and set from any thread."""

    @abstractmethod
    def fileno(self) -> int:
        """The handle to wait for."""

    @abstractmethod
    def set(self) -> None:
        """Wake the waiting thread; many calls before it wakes cost as much as one."""

    @abstractmethod
    def clear(self) -> None:
        """To be called by the woken thread before it looks at what there is to do."""

    @abstractmethod
    def close(self) -> None:
        """Give the handle back; setting it does nothing from then on."""


@final
class EventWake(AbstractWake):
    """Wakes through an eventfd: one handle, eight bytes in the kernel."""

    def __init__(self) -> None:
        self._handle = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_set = self._closed = False
        self._lock = threading.Lock()

    def fileno(self) -> int:
        return self._handle

    def set(self) -> None:
        # Under a lock with `close`: the number of a closed handle may be another file's by now.
        with self._lock:
            if not self._is_set and not self._closed:
                self._is_set = True
                os.eventfd_write(self._handle, 1)

    def clear(self) -> None:
        # First the handle, then the flag: who sets in between is seen, because the work is looked at only afterwards.
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._handle)
        self._is_set = False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            os.close(self._handle)


@final
class PairWake(AbstractWake):
    """Wakes through a pair of sockets, where there is no eventfd."""

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        for end in (self._here, self._there):
            end.setblocking(False)
        self._is_set = self._closed = False
        self._lock = threading.Lock()

    def fileno(self) -> int:
        return self._here.fileno()

    def set(self) -> None:
        with self._lock:
            if not self._is_set and not self._closed:
                self._is_set = True
                self._there.send(b"\0")

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._here.recv(64)
        self._is_set = False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._here.close()
            self._there.close()


def new_wake() -> AbstractWake:
    """The best wake of this system."""
    return EventWake() if sys.platform == "linux" else PairWake()
