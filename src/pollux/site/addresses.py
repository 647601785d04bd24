"""Addresses to listen on, as people write them."""

from pollux.errors import SetupError
from pollux.guard.requests import is_loopback


def parsed(address: str, *, secured: bool = False) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; anything but loopback is refused without TLS.

    >>> parsed("127.0.0.1:1883"), parsed("[::1]:0")
    (('127.0.0.1', 1883), ('::1', 0))
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise SetupError(f"expected HOST:PORT, got {address!r}", hint="for example 127.0.0.1:8080")
    if not (secured or is_loopback(host)):
        raise SetupError(
            f"expected an address of this machine, got {host}",
            at=address,
            hint="use 127.0.0.1, or TLS: pollux serve ... --tls",
        )
    return host, int(port)


def allowed(address: str, *, secured: bool, by_name: bool) -> tuple[str, int]:
    """The same where devices may come in by name: then nobody is heard but this machine, with TLS too."""
    host, port = parsed(address, secured=secured)
    if by_name and not is_loopback(host):
        raise SetupError(f"expected loopback where devices come in by name, got {host}", at=address)
    return host, port
