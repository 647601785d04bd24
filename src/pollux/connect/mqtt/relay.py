"""TLS before the endpoint: a thread of its own that shakes hands, and passes plain bytes to the loop and back.

The loop reads sockets in one compiled call for all of them, which TLS does not allow; and a handshake costs as much as
hundreds of messages. So the loop sees one end of a pair of sockets, with the peer's address and the fingerprint of its
certificate, and nothing of TLS. What waits between the two is bounded: who does not take it is not read from.
"""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from typing import Final, Protocol, cast, final

from pollux.connect.acceptor import Acceptor
from pollux.errors import SetupError
from pollux.guard.tls import client_fingerprint

STALLED: Final = 60.0
"""Seconds after which a client that takes nothing is put out."""

_READY_WITHIN: Final = 30.0
_LAST_WORDS: Final = 2.0


class Adopt(Protocol):
    """Whoever goes on with a connection: its plain end, the peer's address, and its certificate's fingerprint."""

    def __call__(self, sock: socket.socket, address: str, certificate: bytes | None) -> None: ...


@final
class Half(asyncio.Protocol):
    """One side of a connection; what it hears, the other says."""

    def __init__(self, made: "Meeting", gone: "Meeting", *, patience: float | None) -> None:
        self._made, self._gone, self._patience = made, gone, patience
        self.transport: asyncio.Transport | None = None
        self.other: Half | None = None
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._made(self)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()
        if self._patience is not None:
            self._stuck = asyncio.get_running_loop().call_later(self._patience, self.abort)

    def resume_writing(self) -> None:
        self._calm()
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        self.transport = None
        self._gone(self)
        if self.other is not None and self.other.transport is not None:
            # Closed after what is written has left.
            self.other.transport.close()

    def abort(self) -> None:
        """End both sides at once."""
        for half in (self, self.other):
            if half is not None and half.transport is not None:
                half.transport.abort()

    def _calm(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


Meeting = Callable[[Half], None]


@final
class Relay:
    """The thread between TLS connections and the loop."""

    def __init__(self, acceptor: Acceptor, adopt: Adopt, *, most: int, stalled: float = STALLED) -> None:
        self._acceptor, self._adopt, self._most, self._stalled = acceptor, adopt, most, stalled
        self._open: set[Half] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self.refused_full = 0

    @property
    def refused(self) -> int:
        """Connections that ended without a finished handshake, or found no room."""
        return self._acceptor.refused + self.refused_full

    def start(self, listener: socket.socket) -> None:
        """Begin to accept; raises SetupError where the thread does not come up."""
        self._thread = threading.Thread(target=self._run, args=(listener,), name="pollux-mqtt-tls", daemon=True)
        self._thread.start()
        if not self._ready.wait(_READY_WITHIN) or self._over is None:
            raise SetupError("the thread that speaks TLS did not start", at="mqtt")

    def stop(self) -> None:
        """Accept nothing more, let last words leave, end every connection."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None and self._over is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            thread.join()

    def _run(self, listener: socket.socket) -> None:
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(self._serve(listener))
        finally:
            self._ready.set()

    async def _serve(self, listener: socket.socket) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        accepting = asyncio.ensure_future(self._acceptor.accept(listener, self._outer))
        self._ready.set()
        await self._over.wait()
        accepting.cancel()
        listener.close()
        for _ in range(int(_LAST_WORDS / 0.02)):
            if not self._open:
                break
            await asyncio.sleep(0.02)
        for half in [*self._open]:
            half.abort()
        await asyncio.sleep(0)

    def _outer(self) -> Half:
        return Half(self._admitted, self._open.discard, patience=self._stalled)

    def _admitted(self, outer: Half) -> None:
        """A handshake is done: give the loop its end of the connection."""
        assert outer.transport is not None, "called when the connection is made"
        outer.transport.pause_reading()
        if len(self._open) >= self._most:
            self.refused_full += 1
            outer.transport.abort()
            return
        self._open.add(outer)
        task = asyncio.get_running_loop().create_task(self._joined(outer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _joined(self, outer: Half) -> None:
        transport = outer.transport
        if transport is None:
            return
        address = str(transport.get_extra_info("peername", ("",))[0])
        certificate = client_fingerprint(transport.get_extra_info("ssl_object"))
        try:
            here, there = socket.socketpair()
        except OSError:
            self.refused_full += 1
            outer.abort()
            return
        here.setblocking(False)
        loop = asyncio.get_running_loop()
        inner = Half(lambda half: self._meet(outer, half), _nothing, patience=None)
        await loop.connect_accepted_socket(lambda: inner, here)
        self._adopt(there, address, certificate)

    @staticmethod
    def _meet(outer: Half, inner: Half) -> None:
        outer.other, inner.other = inner, outer
        if outer.transport is None:
            inner.abort()
        else:
            outer.transport.resume_reading()


def _nothing(_: Half) -> None:
    """The plain end goes with the other."""


def _new_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
