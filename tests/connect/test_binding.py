"""Where a server may listen: what is not encrypted stays on this machine, whatever the protocol."""

import socket

import pytest

from pollux.connect.binding import bound
from pollux.errors import SetupError

KINDS = [socket.SOCK_STREAM, socket.SOCK_DGRAM]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_nothing_unencrypted_listens_beyond_this_machine(kind, host):
    with pytest.raises(SetupError, match=r"expected a loopback address for MQTT without D?TLS"):
        bound((host, 0), kind, encrypted=False, protocol="MQTT")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_encrypted_may_listen_everywhere(kind):
    with bound(("0.0.0.0", 0), kind, encrypted=True, protocol="MQTT") as made:
        assert made.getsockname()[0] == "0.0.0.0"
        assert not made.getblocking()


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_is_taken_and_a_name_that_is_none_are_said(kind):
    with bound(("127.0.0.1", 0), kind, encrypted=False, protocol="CoAP") as first:
        if kind == socket.SOCK_STREAM:
            first.listen()
        port = first.getsockname()[1]
        with pytest.raises(SetupError, match=f"expected a free port, got 127.0.0.1:{port}"):
            bound(("127.0.0.1", port), kind, encrypted=False, protocol="CoAP")
    with pytest.raises(SetupError, match="expected an address to listen on"):
        bound(("no.such.host.invalid", 0), kind, encrypted=False, protocol="CoAP")
