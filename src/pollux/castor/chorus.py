"""One thread in which many MQTT clients speak and listen: a hundred emulated devices need no hundred threads."""

import logging
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, final

import paho.mqtt.client as paho

from pollux.clock import stopwatch

_REPORT: Final = logging.getLogger("pollux.castor")

TURN: Final = 0.5
"""Seconds after which keep-alives are looked at and lost connections are tried again, though nothing was heard."""


@final
class Chorus:
    """Drives clients of the stock library by their sockets. Whatever is done to a client is done in this one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._bell, self._clapper = socket.socketpair()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._calls: deque[Callable[[], object]] = deque()
        self._rung = False
        self._clients: list[paho.Client] = []
        self._over = False
        self._thread = threading.Thread(target=self._run, name="pollux-chorus", daemon=True)

    def __enter__(self) -> "Chorus":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread; what it was asked to do before is done first, and all clients leave."""
        self.do(self._end)
        self._thread.join()
        self._selector.close()
        self._bell.close()
        self._clapper.close()

    def do(self, call: Callable[[], object]) -> None:
        """Do something in the thread of the clients, in the order of asking."""
        self._calls.append(call)
        # After the call is in the queue: whoever finds the bell rung knows that the queue has not been emptied since.
        if not self._rung:
            self._rung = True
            self._clapper.send(b".")

    def join(self, client: paho.Client) -> None:
        """Take a client in; only from within `do`. It is connected again whenever its connection is lost."""
        client.on_socket_open = self._opened
        client.on_socket_close = self._closed
        client.on_socket_register_write = self._writing
        client.on_socket_unregister_write = self._written
        self._clients.append(client)

    def leave(self, client: paho.Client) -> None:
        """Let a client go, with what it still has to say; only from within `do`."""
        self._clients.remove(client)
        client.disconnect()
        client.loop_write()
        client.on_socket_open = client.on_socket_close = None
        client.on_socket_register_write = client.on_socket_unregister_write = None
        sock = client.socket()
        if sock is not None:  # nobody took the farewell
            self._selector.unregister(sock)

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        looked = stopwatch()
        while not self._over:
            for key, events in self._selector.select(TURN):
                if key.fileobj is self._bell:
                    self._bell.recv(64)
                    self._rung = False
                else:
                    self._served(key.data, events)
            while self._calls and not self._over:
                self._guarded(self._calls.popleft())
            if stopwatch() - looked > TURN:
                looked = stopwatch()
                for client in self._clients:
                    self._guarded(client.loop_misc if client.socket() else client.reconnect)

    def _served(self, client: paho.Client, events: int) -> None:
        if events & selectors.EVENT_READ:
            self._guarded(client.loop_read)
        if events & selectors.EVENT_WRITE and client.socket():
            self._guarded(client.loop_write)

    @staticmethod
    def _guarded(call: Callable[[], object]) -> None:
        """One device that fails must not silence the others; a connection that is refused is tried again."""
        try:
            call()
        except OSError as error:
            _REPORT.debug("an emulated device is not connected: %s", error)
        except Exception:  # noqa: BLE001
            _REPORT.exception("an emulated device has failed")

    def _end(self) -> None:
        for client in list(self._clients):
            self._guarded(lambda client=client: self.leave(client))  # type: ignore[misc]
        self._over = True

    # -- what clients say of their sockets ----------------------------------------------------------------------------

    def _opened(self, client: paho.Client, _: Any, sock: Any) -> None:
        self._selector.register(sock, selectors.EVENT_READ, client)

    def _closed(self, _: paho.Client, __: Any, sock: Any) -> None:
        self._selector.unregister(sock)

    def _writing(self, client: paho.Client, _: Any, sock: Any) -> None:
        self._selector.modify(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, client)

    def _written(self, client: paho.Client, _: Any, sock: Any) -> None:
        self._selector.modify(sock, selectors.EVENT_READ, client)
