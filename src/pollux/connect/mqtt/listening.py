"""Opening the listening sockets: beyond loopback only where TLS is spoken."""

import socket

from pollux.errors import SetupError
from pollux.guard.requests import is_loopback

BACKLOG = 1024


def listeners(address: tuple[str, int], *, secured: bool = False) -> dict[int, socket.socket]:
    """Sockets that listen at (host, port), by handle.

    Raises SetupError beyond loopback where it is not secured, and where the port is taken.
    """
    host, port = address
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise SetupError(f"expected an address to listen on, got {host!r}: {error}", at="mqtt") from None
    if not found or not (secured or all(is_loopback(str(where[4][0])) for where in found)):
        raise SetupError(
            f"expected a loopback address for MQTT without TLS, got {host!r}",
            at="mqtt",
            hint="listen on 127.0.0.1, or with TLS: pollux serve ... --tls",
        )
    family, kind, protocol, _, where = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise SetupError(
            f"expected a free port, got {host}:{port}: {error.strerror}", at="mqtt", hint="port 0 takes any free one"
        ) from None
    listener.setblocking(False)
    return {listener.fileno(): listener}
