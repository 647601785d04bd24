"""Where a server may listen: beyond loopback only where what it hears is encrypted."""

import socket

from pollux.errors import SetupError
from pollux.guard.requests import is_loopback


def bound(address: tuple[str, int], kind: socket.SocketKind, *, encrypted: bool, protocol: str) -> socket.socket:
    """A socket of a kind, bound to (host, port), that never waits; `protocol` is its name in errors.

    Raises SetupError beyond loopback where it is not encrypted, and where the port is taken.

    >>> with bound(("127.0.0.1", 0), socket.SOCK_DGRAM, encrypted=False, protocol="CoAP") as here:
    ...     here.getsockname()[0]
    '127.0.0.1'
    """
    host, port = address
    try:
        found = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise SetupError(f"expected an address to listen on, got {host!r}: {error}", at=protocol.lower()) from None
    if not found or not (encrypted or all(is_loopback(str(where[4][0])) for where in found)):
        means = "TLS" if kind == socket.SOCK_STREAM else "DTLS"
        raise SetupError(
            f"expected a loopback address for {protocol} without {means}, got {host!r}",
            at=protocol.lower(),
            hint=f"listen on 127.0.0.1, or with {means}: pollux serve ... --tls",
        )
    family, _, number, _, where = found[0]
    made = socket.socket(family, kind, number)
    try:
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind(where)
    except OSError as error:
        made.close()
        raise SetupError(
            f"expected a free port, got {host}:{port}: {error.strerror}",
            at=protocol.lower(),
            hint="port 0 takes any free one",
        ) from None
    return made
