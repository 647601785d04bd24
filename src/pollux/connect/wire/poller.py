"""Waiting for many sockets: epoll where there is one, elsewhere what the standard library finds best."""

import select
import selectors
import sys
from abc import ABC, abstractmethod
from typing import final

READ, WRITE, HANGUP = 1, 4, 8 | 16


class AbstractPoller(ABC):
    """Tells which handles can be read or written. `bell` is always watched, also while all others are left alone."""

    @abstractmethod
    def watch(self, handle: int, events: int) -> None:
        """Watch a handle for READ and WRITE from now on; a hang-up is told even for 0."""

    @abstractmethod
    def change(self, handle: int, events: int) -> None:
        """Watch a handle, already watched, for other events."""

    @abstractmethod
    def forget(self, handle: int) -> None:
        """Watch a handle no longer; must come before it is closed."""

    @abstractmethod
    def wait(self, seconds: float, *, only_bell: bool = False) -> list[tuple[int, int]]:
        """(handle, events) of those that are ready, at most after `seconds`."""

    @abstractmethod
    def close(self) -> None:
        """End watching."""


@final
class EpollPoller(AbstractPoller):
    """Two epoll sets, so that leaving all sockets alone costs nothing per socket."""

    def __init__(self, bell: int) -> None:
        self._all, self._bell = select.epoll(), select.epoll()
        for poll in (self._all, self._bell):
            poll.register(bell, READ)

    def watch(self, handle: int, events: int) -> None:
        self._all.register(handle, events)

    def change(self, handle: int, events: int) -> None:
        self._all.modify(handle, events)

    def forget(self, handle: int) -> None:
        self._all.unregister(handle)

    def wait(self, seconds: float, *, only_bell: bool = False) -> list[tuple[int, int]]:
        return (self._bell if only_bell else self._all).poll(max(seconds, 0.0))

    def close(self) -> None:
        self._all.close()
        self._bell.close()


@final
class SelectorPoller(AbstractPoller):
    """The same over `selectors.DefaultSelector`, for systems without epoll."""

    def __init__(self, bell: int) -> None:
        self._all, self._bell = selectors.DefaultSelector(), selectors.DefaultSelector()
        for selector in (self._all, self._bell):
            selector.register(bell, selectors.EVENT_READ)
        self._idle: set[int] = set()

    def watch(self, handle: int, events: int) -> None:
        if events:
            self._all.register(handle, self._words(events))
        else:
            self._idle.add(handle)

    def change(self, handle: int, events: int) -> None:
        if handle in self._idle:
            self._idle.discard(handle)
            self.watch(handle, events)
        elif events:
            self._all.modify(handle, self._words(events))
        else:
            self._all.unregister(handle)
            self._idle.add(handle)

    def forget(self, handle: int) -> None:
        if handle in self._idle:
            self._idle.discard(handle)
        else:
            self._all.unregister(handle)

    def wait(self, seconds: float, *, only_bell: bool = False) -> list[tuple[int, int]]:
        found = (self._bell if only_bell else self._all).select(max(seconds, 0.0))
        return [(key.fd, self._events(ready)) for key, ready in found]

    def close(self) -> None:
        self._all.close()
        self._bell.close()

    @staticmethod
    def _words(events: int) -> int:
        return (selectors.EVENT_READ if events & READ else 0) | (selectors.EVENT_WRITE if events & WRITE else 0)

    @staticmethod
    def _events(words: int) -> int:
        return (READ if words & selectors.EVENT_READ else 0) | (WRITE if words & selectors.EVENT_WRITE else 0)


def new_poller(bell: int) -> AbstractPoller:
    """The best poller of this system."""
    return EpollPoller(bell) if sys.platform == "linux" else SelectorPoller(bell)
