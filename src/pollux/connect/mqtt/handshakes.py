"""TLS before the endpoint: a thread of its own that shakes hands, and gives the connections to the loop.

A handshake costs as much as hundreds of messages, and some never end: the loop sees only connections whose handshake is
done, with the peer's address and the fingerprint of its certificate.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Final, TypeAlias, final

from pollux.connect.acceptor import Acceptor
from pollux.connect.sealed import Seal
from pollux.errors import SetupError

Adopt: TypeAlias = Callable[[socket.socket, str, Seal], None]
"""Whoever goes on with a connection: its socket, the peer's address, its TLS."""

_READY_WITHIN: Final = 30.0


@final
class Handshakes:
    """The thread that accepts, and shakes hands with many at a time."""

    def __init__(self, acceptor: Acceptor, adopt: Adopt) -> None:
        self._acceptor, self._adopt = acceptor, adopt
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def refused(self) -> int:
        """Connections that ended without a finished handshake."""
        return self._acceptor.refused

    def start(self, listener: socket.socket) -> None:
        """Begin to accept; raises SetupError where the thread does not come up."""
        self._thread = threading.Thread(target=self._run, args=(listener,), name="pollux-mqtt-tls", daemon=True)
        self._thread.start()
        if not self._ready.wait(_READY_WITHIN) or self._over is None:
            raise SetupError("the thread that speaks TLS did not start", at="mqtt")

    def stop(self) -> None:
        """Accept nothing more."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None and self._over is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            thread.join()

    def _run(self, listener: socket.socket) -> None:
        try:
            asyncio.run(self._serve(listener))
        finally:
            self._ready.set()

    async def _serve(self, listener: socket.socket) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        accepting = asyncio.ensure_future(self._acceptor.hand_over(listener, self._adopt))
        self._ready.set()
        await self._over.wait()
        accepting.cancel()
        listener.close()
