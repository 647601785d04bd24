"""Host and Origin: a page in a browser is not let in because it runs on this machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.guard import Doors, host_allowed, needs_origin, origin_allowed

DOORS = Doors(hosts=frozenset({"plant.example"}), origins=frozenset({"https://desk.example"}))


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("127.0.0.1:8080", True),
        ("127.8.8.8", True),
        ("[::1]:8080", True),
        ("plant.example:443", True),
        ("plant.example.", True),
        ("plant.example.evil", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.nip.example", False),
        ("[::1].evil.example", False),
        ("[::1]evil.example:8080", False),
        ("evil.example[::1]", False),
        ("::1", False),
        ("localhost:99999", False),
        ("0x7f000001", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("user@localhost", False),
        ("localhost/evil", False),
        ("localhost:port", False),
        ("localhost\r\nX: y", False),
        ("", False),
        (None, False),
    ],
)
def test_which_hosts_are_ours(host: str | None, allowed: bool) -> None:
    """Loopback and configured names, with any port; nothing that merely looks like them."""
    assert host_allowed(host, DOORS) is allowed


@pytest.mark.parametrize(
    ("origin", "host", "cookie", "allowed"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True, True),
        ("http://localhost:8080", "localhost:8080", True, True),
        ("http://[::1]:8080", "[::1]:8080", True, True),
        ("https://plant.example", "plant.example", True, True),
        ("https://plant.example", "plant.example:443", True, True),
        ("https://desk.example", "plant.example", True, True),
        ("http://localhost:3000", "localhost:8080", True, False),
        ("http://localhost:8080", "127.0.0.1:8080", True, False),
        ("http://evil.example", "127.0.0.1:8080", True, False),
        ("http://evil.example", "evil.example", True, False),
        ("null", "127.0.0.1:8080", True, False),
        ("null", "127.0.0.1:8080", False, False),
        ("file://127.0.0.1:8080", "127.0.0.1:8080", True, False),
        ("https://desk.example", "evil.example", True, False),
        (None, "127.0.0.1:8080", True, False),
        (None, "127.0.0.1:8080", False, True),
        (None, "evil.example", False, False),
    ],
)
def test_which_origins_may_change_something(origin: str | None, host: str, cookie: bool, allowed: bool) -> None:
    """The site's own origin and the configured ones; a missing one only where no cookie speaks for the sender."""
    assert origin_allowed(origin, host, DOORS, cookie=cookie) is allowed


@given(st.text(max_size=30), st.text(max_size=30), st.booleans())
def test_no_header_makes_it_fail(origin: str, host: str, cookie: bool) -> None:
    """Whatever bytes a client sends as Host and Origin, the answer is a bool, and strangers stay out."""
    assert isinstance(host_allowed(host, DOORS), bool)
    assert isinstance(origin_allowed(origin, host, DOORS, cookie=cookie), bool)
    assert not origin_allowed("http://" + origin + ".evil.example", "127.0.0.1", DOORS, cookie=True)


def test_reading_needs_no_origin() -> None:
    """Safe methods are let through without an Origin, all others are not."""
    assert [needs_origin(method) for method in ("GET", "head", "POST", "PUT", "DELETE", "PATCH")] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
