"""A connection to the broker that never blocks its thread: connecting, TLS, reading and writing as far as they go.

What goes wrong is a `Broken` with a sentence for people: unreachable, not believed, or ended.
"""

import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import Final, final

from pollux.clock import stopwatch
from pollux.connect.wire.poller import READ, WRITE, AbstractPoller
from pollux.errors import PolluxError

_PIECE: Final = 1 << 16
_SOON: Final = 0.25
_UNDER_WAY: Final = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)


@final
class Broken(PolluxError):
    """A connection that could not be made, or has ended."""


@final
class Channel:
    """A socket, with TLS or without, and what is to be written to it."""

    def __init__(self, sock: socket.socket, poller: AbstractPoller) -> None:
        self._sock, self._poller = sock, poller
        self._out = bytearray()
        self._events = READ
        poller.watch(sock.fileno(), READ)

    @property
    def pending(self) -> bool:
        """Whether bytes can be read that no event tells of: TLS has them already."""
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    @property
    def waiting(self) -> int:
        """Bytes that are still to be written."""
        return len(self._out)

    def read(self, into: memoryview) -> int | None:
        """Read what is there: how much, None for nothing now. Raises Broken at the end."""
        try:
            count = self._sock.recv_into(into)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as error:
            raise Broken(why(error)) from None
        if not count:
            raise Broken("it has ended the connection")
        return count

    def write(self, data: bytes) -> None:
        """Write now or as soon as it can be. Raises Broken."""
        self._out += data
        self.flush()

    def flush(self) -> None:
        """Write what waits, as far as it is taken. Raises Broken."""
        try:
            while self._out:
                del self._out[: self._sock.send(bytes(self._out[:_PIECE]))]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            raise Broken(why(error)) from None

    def want(self, *, reading: bool) -> None:
        """Be woken when there is something to read, if that is wanted, and when what waits can be written."""
        events = (READ if reading else 0) | (WRITE if self._out else 0)
        if events != self._events:
            self._poller.change(self._sock.fileno(), events)
            self._events = events

    def farewell(self, until: float) -> None:
        """Write what waits and let the broker read it: closing at once would throw away what it has not read yet."""
        try:
            while self._out and stopwatch() < until:
                self.want(reading=False)
                self._poller.wait(_SOON)
                self.flush()
            self._sock.shutdown(socket.SHUT_WR)
            rest = memoryview(bytearray(_PIECE))
            self.want(reading=True)
            while stopwatch() < until:
                if self.read(rest) is None:
                    self._poller.wait(_SOON)
        except (Broken, OSError):
            return

    def close(self) -> None:
        """Give the socket back."""
        self._poller.forget(self._sock.fileno())
        self._sock.close()


@final
class Caller:
    """Makes connections within `seconds`, or until `stopped` says so."""

    def __init__(self, poller: AbstractPoller, *, seconds: float, stopped: Callable[[], bool]) -> None:
        self._poller, self._seconds, self._stopped = poller, seconds, stopped

    def call(self, host: str, port: int, context: ssl.SSLContext | None) -> Channel:
        """A channel to one of the addresses of a host, with TLS where there is a context. Raises Broken."""
        until, last = stopwatch() + self._seconds, Broken("it has no address")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Broken(f"its name {host} is not known: {error.strerror}") from None
        for family, kind, protocol, _, where in found:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)
                self._connect(sock, where, until)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return Channel(sock if context is None else self._shake(sock, context, host, until), self._poller)
            except Broken as error:
                sock.close()
                last = error
        raise last

    def _connect(self, sock: socket.socket, where: tuple[object, ...], until: float) -> None:
        begun = sock.connect_ex(where)
        if begun in _UNDER_WAY:
            self._wait(sock, WRITE, until)
            begun = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if begun:
            raise Broken(f"it cannot be reached: {os.strerror(begun)}")

    def _shake(self, sock: socket.socket, context: ssl.SSLContext, host: str, until: float) -> ssl.SSLSocket:
        secured = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        try:
            while True:
                try:
                    secured.do_handshake()
                    return secured
                except ssl.SSLWantReadError:
                    self._wait(secured, READ, until)
                except ssl.SSLWantWriteError:
                    self._wait(secured, WRITE, until)
        except Broken:
            secured.close()
            raise
        except OSError as error:
            secured.close()
            raise Broken(why(error)) from None

    def _wait(self, sock: socket.socket, events: int, until: float) -> None:
        handle = sock.fileno()
        self._poller.watch(handle, events)
        try:
            while not any(found == handle for found, _ in self._poller.wait(_SOON)):
                if self._stopped():
                    raise Broken("stopped")
                if stopwatch() > until:
                    raise Broken(f"it does not answer within {self._seconds:g} s")
        finally:
            self._poller.forget(handle)


def why(error: OSError) -> str:
    """What went wrong on a connection, for people.

    >>> why(ConnectionResetError(104, "Connection reset by peer"))
    'the connection broke: Connection reset by peer'
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not believed: {error.verify_message}"
    if isinstance(error, ssl.SSLEOFError):
        return "it has ended the connection during TLS"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    return f"the connection broke: {error.strerror or error}"
