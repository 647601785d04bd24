"""TLS to a broker: its name and chain are checked, a certificate is shown, and people are told what is wrong."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from pollux.connect.broker.tls import client_context
from pollux.connect.wire.packets import Farewell
from pollux.errors import SetupError
from pollux.guard.tls import server_context
from tests.connect.broker.rig import running
from tests.connect.rig import until
from tests.guard import handshake


def server(made: handshake.Made, *, required: bool = True) -> ssl.SSLContext:
    context = server_context(made.folder)
    context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_NONE
    return context


def test_with_a_certificate_on_both_sides(tmp_path: Path) -> None:
    """Both sides are checked; messages larger than a TLS record arrive whole, and the goodbye does."""
    made = handshake.made(tmp_path)
    mine = made.device("P-7")
    with running(
        host="localhost", server=server(made), context=lambda: client_context(made.folder / "root.pem", mine)
    ) as rig:
        line = rig.broker.line()
        line.welcome()
        line.message(1)
        assert line.acks(1) == [1]
        line.send(*(big(n) for n in range(2, 22)))
        assert line.acks(20) == list(range(2, 22))
        assert rig.sink.payloads()[1:] == [b"%05d" % n * 10_000 for n in range(2, 22)]
        rig.client.stop()
        line.expect(Farewell)
    made.accounts.close()


def big(n: int) -> Any:
    from pollux.connect.wire.packets import Publish
    from tests.connect.broker.rig import TOPIC

    return Publish(TOPIC, b"%05d" % n * 10_000, 1, packet_id=n)


@pytest.mark.parametrize(
    ("host", "ca", "words"),
    [
        ("127.0.0.1", "system", "its certificate is not believed: unable to get local issuer certificate"),
        ("localhost.localdomain", "root", "its certificate is not believed: Hostname mismatch"),
    ],
)
def test_a_broker_that_is_not_believed(
    tmp_path: Path, host: str, ca: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another authority's certificate, and one for another name, end the attempt before anything is said."""
    import socket

    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, *more, **how: found("127.0.0.1", *more, **how))
    made = handshake.made(tmp_path)
    root = made.folder / "root.pem" if ca == "root" else None
    with running(
        host=host, server=server(made, required=False), secret=lambda: b"hush", context=lambda: client_context(root)
    ) as rig:
        with pytest.raises(OSError):
            rig.broker.line()
        until(lambda: words in rig.client.trouble, rig.client.trouble)
    made.accounts.close()


def test_a_broker_that_wants_a_certificate(tmp_path: Path) -> None:
    """Without one it says so: in TLS 1.3 the refusal comes after the handshake."""
    made = handshake.made(tmp_path)
    root = made.folder / "root.pem"
    with running(host="localhost", server=server(made), context=lambda: client_context(root)) as rig:
        with pytest.raises(OSError):
            rig.broker.line()
        until(lambda: "certificate or version may be refused" in rig.client.trouble, rig.client.trouble)
    made.accounts.close()


def test_files_that_are_missing_are_told(tmp_path: Path) -> None:
    """By name, and again on each attempt, so that a file that comes later is found."""
    with pytest.raises(SetupError, match="the authorities to believe"):
        client_context(tmp_path / "ca.pem")
    with pytest.raises(SetupError, match="a certificate and its key"):
        client_context(None, tmp_path / "mine.pem", tmp_path / "mine.key")
    with running(context=lambda: client_context(tmp_path / "ca.pem")) as rig:
        until(lambda: "the authorities to believe" in rig.client.trouble)
