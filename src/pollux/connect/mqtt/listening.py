"""Opening the listening sockets: beyond loopback only where TLS is spoken."""

import socket

from pollux.connect.binding import bound
from pollux.errors import SetupError

BACKLOG = 1024


def listeners(address: tuple[str, int], *, secured: bool = False) -> dict[int, socket.socket]:
    """Sockets that listen at (host, port), by handle.

    Raises SetupError beyond loopback where it is not secured, and where the port is taken.
    """
    listener = bound(address, socket.SOCK_STREAM, encrypted=secured, protocol="MQTT")
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise SetupError(f"expected a free port, got {address[0]}:{address[1]}: {error.strerror}", at="mqtt") from None
    return {listener.fileno(): listener}
