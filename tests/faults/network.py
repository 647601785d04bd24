"""A network between devices and a site that can be cut, or swallow what is sent while connections look alive."""

import contextlib
import selectors
import socket
import threading
from typing import final

CHUNK = 65_536


@final
class Network:
    """Passes bytes between its own port and another one, in a thread of its own.

    `cut` ends all connections at once; while `swallows` is true nothing is passed on in either direction, and nobody is
    told: the cruellest fault of TCP.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.swallows = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where devices connect."""
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """End every connection with a reset."""
        with self._lock:
            ends = list(self._pairs)
        for end in ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                end.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Pass nothing any more."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            self._listener.setblocking(False)
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._over.is_set():
                if self.swallows:
                    self._over.wait(0.01)
                    continue
                for key, _ in selector.select(0.05):
                    sock = key.fileobj
                    assert isinstance(sock, socket.socket)
                    if sock is self._listener:
                        self._accept(selector)
                    else:
                        self._pass(selector, sock)
            for end in list(self._pairs):
                end.close()
            self._listener.close()

    def _accept(self, selector: selectors.BaseSelector) -> None:
        with contextlib.suppress(BlockingIOError):
            near, _ = self._listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self._target), timeout=1)
            except OSError:
                near.close()
                return
            with self._lock:
                self._pairs[near], self._pairs[far] = far, near
            for end in (near, far):
                end.settimeout(1)
                selector.register(end, selectors.EVENT_READ)

    def _pass(self, selector: selectors.BaseSelector, sock: socket.socket) -> None:
        other = self._pairs.get(sock)
        if other is None:
            return
        try:
            data = sock.recv(CHUNK)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        for end in (sock, other):
            with contextlib.suppress(KeyError, ValueError):
                selector.unregister(end)
            with self._lock:
                self._pairs.pop(end, None)
            end.close()
