"""TLS by hand, over a socket that somebody else polls: a handshake in an event loop, and what comes after it anywhere.

The standard library binds a connection either to a blocking socket or to one event loop. Here the records go through
memory, so that a handshake can be made in one thread and its connection be read in another.
"""

import asyncio
import contextlib
import socket
import ssl
from typing import Final, final

from pollux.guard.tls import client_fingerprint

CHUNK: Final = 17_000
"""Bytes that are read from a socket at a time: a record of the largest size, with its head and seal."""


@final
class Seal:
    """The TLS of one connection whose handshake is done; one thread at a time may use it.

    `full` says whether more may lie here already, of which no event of the socket will tell: the last reading has
    filled what it was given, or there was none yet.
    """

    __slots__ = ("_incoming", "_outgoing", "_over", "_tls", "full")

    def __init__(self, tls: ssl.SSLObject, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self._tls, self._incoming, self._outgoing = tls, incoming, outgoing
        self._over, self.full = False, True  # its first words may have come with the end of the handshake

    @property
    def certificate(self) -> bytes | None:
        """The fingerprint of the certificate that the client has shown; None for none."""
        return client_fingerprint(self._tls)

    def receive(self, sock: socket.socket, view: memoryview) -> int:
        """Read plain bytes into `view`: how many came, 0 at the end.

        Raises BlockingIOError when nothing has come, another OSError when the connection or its TLS is broken.
        """
        count = self._opened(view) if self.full else 0
        self.full = False
        while not count:
            data = b"" if self._over else sock.recv(CHUNK)
            if not data:
                return 0
            self._incoming.write(data)
            count = self._opened(view)
        self.full = count == len(view)
        return count

    def _opened(self, view: memoryview) -> int:
        """What can be decrypted of what is here: all that the view has room for."""
        count, read = 0, self._tls.read
        try:
            while count < len(view):
                got = read(len(view) - count, view[count:])
                count += int(got)
                if not got or not (self._incoming.pending or self._tls.pending()):
                    break
        except ssl.SSLWantReadError:
            pass  # the rest of a record is still on its way
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self._over = True
        return count

    def sealed(self, data: bytes) -> bytes:
        """What is to be sent for plain bytes."""
        self._tls.write(data)
        return self._outgoing.read()

    def owed(self) -> bytes:
        """What TLS itself has to say, such as the answer to a new key; mostly nothing."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def farewell(self) -> bytes:
        """The word with which TLS ends, so that nobody can cut a connection short unseen."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()  # says its word, and then wants to hear the other's, for which nobody waits
        return self._outgoing.read()


async def shaken(sock: socket.socket, context: ssl.SSLContext) -> Seal:
    """Shake hands as a server, in the running loop; raises OSError where that fails."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    loop = asyncio.get_running_loop()
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            await _told(sock, outgoing)
        except ssl.SSLError:
            with contextlib.suppress(OSError):
                sock.send(outgoing.read())  # the alert: the client learns why, if it still listens
            raise
        else:
            await _told(sock, outgoing)
            return Seal(tls, incoming, outgoing)
        data = await loop.sock_recv(sock, CHUNK)
        if not data:
            raise ConnectionResetError("the connection ended before the handshake did")
        incoming.write(data)


async def _told(sock: socket.socket, outgoing: ssl.MemoryBIO) -> None:
    if outgoing.pending:
        await asyncio.get_running_loop().sock_sendall(sock, outgoing.read())
