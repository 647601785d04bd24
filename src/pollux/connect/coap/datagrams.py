"""The socket: datagrams in and out, each answered from the address that it was sent to."""

import contextlib
import ipaddress
import socket
import struct
from typing import Any, Final, final

from pollux.connect.binding import bound

Address = tuple[Any, ...]
"""Where a datagram came from: an address of the socket's family and, on a wildcard, the local one behind it."""

RECEIVE_BUFFER: Final = 4 << 20
_PKTINFO_4: Final = getattr(socket, "IP_PKTINFO", 8)
_PKTINFO_6: Final = getattr(socket, "IPV6_PKTINFO", 50)
_RECVPKTINFO_6: Final = getattr(socket, "IPV6_RECVPKTINFO", 49)
_ROOM: Final = 64


@final
class Datagrams:
    """A bound socket that never waits.

    Raises SetupError where the address is not loopback and not `secured`, or the port is taken.
    """

    def __init__(self, address: tuple[str, int], *, secured: bool, most: int) -> None:
        self._socket, self._most = bound(address, socket.SOCK_DGRAM, encrypted=secured, protocol="CoAP"), most
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        where = self._socket.getsockname()
        self.port = int(where[1])
        self._six = self._socket.family == socket.AF_INET6
        # A machine may have many addresses: the answer must come from the one that was spoken to.
        self._everywhere = ipaddress.ip_address(where[0].partition("%")[0]).is_unspecified
        if self._everywhere:
            level, option = (socket.IPPROTO_IPV6, _RECVPKTINFO_6) if self._six else (socket.IPPROTO_IP, _PKTINFO_4)
            self._socket.setsockopt(level, option, 1)

    def fileno(self) -> int:
        """The handle to wait for."""
        return self._socket.fileno()

    def receive(self) -> tuple[bytes, Address] | None:
        """The next datagram and where it came from; None when there is none. Of a larger one, `most` bytes and one."""
        try:
            if not self._everywhere:
                return self._socket.recvfrom(self._most + 1)
            data, said, _, where = self._socket.recvmsg(self._most + 1, _ROOM)
        except (BlockingIOError, InterruptedError):
            return None
        return data, (*where, next((value for _, kind, value in said if kind in (_PKTINFO_4, _PKTINFO_6)), b""))

    def send(self, data: bytes, address: Address) -> bool:
        """Send a datagram; whether it went."""
        try:
            if not self._everywhere:
                self._socket.sendto(data, address)
                return True
            self._socket.sendmsg([data], self._from(address[-1]), 0, address[:-1])
        except OSError:
            # The kernel's buffer is full, or there is no way there: as good as lost on the way, which CoAP expects.
            return False
        return True

    def host(self, address: Address) -> str:
        """The address of a peer, an IPv4 address inside IPv6 as IPv4."""
        if not self._six:
            return str(address[0])
        found = ipaddress.IPv6Address(str(address[0]).partition("%")[0])
        return str(found.ipv4_mapped or found)

    def close(self) -> None:
        """Give the handle back."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _from(self, local: bytes) -> list[tuple[int, int, bytes]]:
        if not local:
            return []
        if self._six:
            return [(socket.IPPROTO_IPV6, _PKTINFO_6, local)]
        # In: interface, own address, address in the header. Out: any interface, own address.
        mine = struct.unpack("=I4s4s", local)[2]
        return [(socket.IPPROTO_IP, _PKTINFO_4, struct.pack("=I4s4s", 0, mine, bytes(4)))]
