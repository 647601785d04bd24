"""Listening to multicast DNS: sockets of its own beside those of the system, one question only where it is wanted."""

import contextlib
import selectors
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from pollux.clock import stopwatch
from pollux.errors import SetupError
from pollux.site.survey.announced import Board
from pollux.site.survey.dns import LONGEST, question

GROUP_4: Final = "224.0.0.251"
GROUP_6: Final = "ff02::fb"
PORT: Final = 5353
PER_TURN: Final = 64
_TICK: Final = 0.25


@final
@dataclass(frozen=True, slots=True)
class Network:
    """Where to listen: the port of mDNS, on the interface with this address, or on the one of the system's choice."""

    port: int = PORT
    address: str = ""


def listen(
    board: Board, network: Network, *, seconds: float, ask: bool, progress: Callable[[float, Board], None]
) -> str:
    """Listen for so many seconds; an interrupt ends it. Raises SetupError where no socket can be had."""
    with contextlib.closing(selectors.DefaultSelector()) as selector, contextlib.ExitStack() as stack:
        sockets = _sockets(network)
        for sock in sockets:
            stack.enter_context(sock)
            selector.register(sock, selectors.EVENT_READ)
        begun = stopwatch()
        try:
            if ask:
                # To the group and not to anybody by name: one question on the link (RFC 6763, section 9).
                sockets[0].sendto(question(), (GROUP_4, network.port))
            while (passed := stopwatch() - begun) < seconds:
                for key, _ in selector.select(_TICK):
                    _drain(key.fileobj, board)
                progress(passed, board)
        except KeyboardInterrupt:
            return "interrupted"
    return ""


def _drain(sock: object, board: Board) -> None:
    for _ in range(PER_TURN):
        try:
            data = sock.recv(LONGEST + 1) if isinstance(sock, socket.socket) else b""
        except OSError:
            return
        board.hear(data)


def _sockets(network: Network) -> list[socket.socket]:
    """A socket of IPv4, and one of IPv6 where the machine has it; the address can be shared with the system's own."""
    try:
        four = _bound(socket.AF_INET, ("", network.port))
        own = socket.inet_aton(network.address or "0.0.0.0")  # noqa: S104 - which interface joins is the system's choice
        four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP_4) + own)
        if network.address:
            four.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
    except OSError as error:
        raise SetupError(
            f"multicast cannot be heard: {error.strerror or error}", at=f"{GROUP_4}:{network.port}",
            hint="mdns:ADDRESS, an address of the interface to listen on",
        ) from None  # fmt: skip
    found = [four]
    with contextlib.suppress(OSError):
        six = _bound(socket.AF_INET6, ("::", network.port))
        found.append(six)
        group = socket.inet_pton(socket.AF_INET6, GROUP_6) + struct.pack("@I", 0)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    return found


def _bound(family: socket.AddressFamily, where: tuple[str, int]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError, AttributeError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind(where)
    except OSError:
        sock.close()
        raise
    return sock
