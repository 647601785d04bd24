"""One TCP connection: its socket, what of a packet has come so far, and what is still to be sent."""

from collections import deque
from socket import SHUT_WR
from socket import socket as Socket
from typing import final

from pollux.connect.mqtt.table import LinkTable
from pollux.connect.sealed import Seal

HERE = -1
SMALL = 4096


@final
class Link:
    """The state of a connection as the loop sees it, beside its entry in the table; only the loop's thread touches it.

    `held` is the beginning of a packet that has not wholly arrived, since `held_since`; `needs` is its full length
    where it is a large one, or HERE where it is to be read as it is. `stuffed` and `waiting` are two reasons not to
    read, beside the table's `behind`: the receiver, and a password being verified; `owing`, how many answers wait for
    the disk, is another, and nothing is sent before them. `lingering` counts sweeps since we
    have ended it. `seal` is its TLS, if any: what waits to be sent is sealed already. `certificate` is the fingerprint
    of the client's, where TLS has shown one.
    """

    __slots__ = (
        "address",
        "certificate",
        "dead",
        "denied",
        "events",
        "handle",
        "held",
        "held_since",
        "level",
        "lingering",
        "needs",
        "opened",
        "out",
        "out_bytes",
        "out_since",
        "owing",
        "seal",
        "serial",
        "socket",
        "stuffed",
        "table",
        "waiting",
    )

    def __init__(self, sock: Socket, address: str, serial: int, table: LinkTable, now: int) -> None:
        self.socket, self.handle, self.address, self.serial, self.table = sock, sock.fileno(), address, serial, table
        self.seal: Seal | None = None
        self.certificate: bytes | None = None
        self.opened = self.out_since = now
        self.held = bytearray()
        self.out: deque[bytes] = deque()
        self.held_since = self.needs = self.out_bytes = self.events = self.lingering = self.owing = 0
        self.stuffed = self.waiting = self.dead = False
        self.level = 4
        self.denied: set[bytes] = set()

    @property
    def heard(self) -> int:
        """When the client was last heard."""
        return int(self.table.heard[self.handle])

    @property
    def behind(self) -> bool:
        """Whether reading has stopped because the log is behind."""
        return bool(self.table.behind[self.handle])

    def put(self, data: bytes, now: int) -> None:
        """Send, or keep for later what the socket does not take."""
        self._put(data if self.seal is None else self.seal.sealed(data), now)

    def receive(self, view: memoryview) -> int:
        """Read plain bytes: how many, 0 at the end; raises BlockingIOError when none have come."""
        if self.seal is None:
            return self.socket.recv_into(view)
        count = self.seal.receive(self.socket, view)
        if owed := self.seal.owed():
            self._put(owed, self.heard)
        return count

    def finish(self) -> None:
        """Say that nothing more will be sent; raises OSError where the connection is gone."""
        if self.seal is not None and not self.out:
            self._send(self.seal.farewell())
        self.socket.shutdown(SHUT_WR)

    def _put(self, data: bytes, now: int) -> None:
        sent = 0 if self.out else self._send(data)
        if sent < len(data):
            self._keep(data[sent:], now)

    def _keep(self, rest: bytes, now: int) -> None:
        """Keep bytes that could not be sent, behind those that wait already."""
        if not self.out:
            self.out_since = now
            self.table.queued[self.handle] = 1
        if self.out and len(self.out[-1]) + len(rest) <= SMALL:
            # Small packets leave, and lie, together: a million of them is not a million objects.
            self.out[-1] += rest
        else:
            self.out.append(rest)
        self.out_bytes += len(rest)

    def flush(self, now: int) -> None:
        """Send what waits, as far as the socket takes it."""
        while self.out and not self.dead:
            data = self.out.popleft()
            sent = self._send(data)
            self.out_bytes -= sent
            if sent:
                self.out_since = now
            if sent < len(data):
                self.out.appendleft(data[sent:])
                return
        self.table.queued[self.handle] = 0

    def _send(self, data: bytes) -> int:
        try:
            sent = self.socket.send(data)
        except OSError:
            # Nothing is taken now, or never again: the reading side finds out which.
            return 0
        self.table.bytes_out[self.handle] += sent
        return sent


def nowhere() -> Link:
    """The link of sessions whose client has not come since the start."""
    sock = Socket()
    sock.close()
    link = Link(sock, "", 0, LinkTable(), 0)
    link.dead = True
    return link
