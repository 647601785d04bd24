"""Whether a request may come from where it says it comes from: Host and Origin against an allow-list.

Loopback is no wall against a web page: any page open in a browser can send requests to 127.0.0.1, and a name that its
owner rebinds to 127.0.0.1 makes them look local. The Host header shows the second, the Origin header the first.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import final

_DEFAULT_PORT = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._~-]+))(?::([0-9]{0,5}))?")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@final
@dataclass(frozen=True, slots=True)
class Doors:
    """The names under which a site may be reached (`plant.example`, without port) and further origins it trusts.

    Loopback names are always among the hosts. An origin is written as browsers send it: `https://plant.example:8443`.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()


def _host_and_port(authority: str) -> tuple[str, int | None] | None:
    # Read whole, not with urllib: to that `[::1].evil.example` is the host ::1.
    found = _AUTHORITY.fullmatch(authority)
    if found is None or int(found[3] or 0) > 65_535:
        return None
    return (found[1] or found[2]).rstrip(".").lower(), int(found[3]) if found[3] else None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost.example")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_allowed(host: str | None, doors: Doors) -> bool:
    """Whether the Host header names this site.

    >>> host_allowed("127.0.0.1:8080", Doors()), host_allowed("evil.example:8080", Doors()), host_allowed(None, Doors())
    (True, False, False)
    """
    found = _host_and_port(host) if host else None
    return found is not None and (is_loopback(found[0]) or found[0] in doors.hosts)


def origin_allowed(origin: str | None, host: str | None, doors: Doors, *, cookie: bool) -> bool:
    """Whether an unsafe request or a WebSocket may come from this origin.

    A browser always sends Origin with these, so its absence is accepted only from a client that carries a token of its
    own (`cookie=False`). Another port of this machine is another origin: someone else's page may live there.

    >>> origin_allowed("http://127.0.0.1:8080", "127.0.0.1:8080", Doors(), cookie=True)
    True
    >>> origin_allowed("http://127.0.0.1:3000", "127.0.0.1:8080", Doors(), cookie=True)
    False
    """
    if not host_allowed(host, doors):
        return False
    if origin is None:
        return not cookie
    if origin in doors.origins:
        return True
    scheme, separator, authority = origin.partition("://")
    mine, theirs = _host_and_port(host or ""), _host_and_port(authority)
    if not separator or scheme not in _DEFAULT_PORT or mine is None or theirs is None:
        return False
    port = _DEFAULT_PORT[scheme]
    return (theirs[0], theirs[1] or port) == (mine[0], mine[1] or port)


def needs_origin(method: str) -> bool:
    """Whether a request of this method may change something.

    >>> needs_origin("GET"), needs_origin("POST")
    (False, True)
    """
    return method.upper() not in SAFE_METHODS
