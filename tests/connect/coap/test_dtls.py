"""CoAP over DTLS: the matrix of certificates, cookies before memory, lost datagrams, and sessions that end."""

import contextlib
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from OpenSSL import SSL

from pollux.clock import DAY, WallClock, stopwatch
from pollux.connect.coap.codes import Code
from pollux.connect.coap.endpoint import CoapEndpoint
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.records import packed, whole
from pollux.errors import SetupError
from pollux.guard import files
from pollux.guard.authority import TRUST
from pollux.guard.certificates import LIST_LIFETIME
from pollux.guard.dtls import dtls_context
from pollux.guard.enrolment import revoke
from tests.connect.coap.rig import COMMANDS, TELEMETRY, Secured, secured, until
from tests.guard import handshake
from tests.guard.handshake import Made

VALUE = b'{"temp": 300}'


def test_a_certificate_of_a_record_is_that_device(tmp_path: Path) -> None:
    """It speaks for its own twin, without name or token, and for no other."""
    with secured(tmp_path) as (plant, made):
        device = Secured(plant.endpoint.port, made, made.device("P-7")).shake()
        assert device.connection.get_protocol_version_name() == "DTLSv1.2"
        assert device.ask(Code.POST, TELEMETRY, VALUE, content_format=50).code == Code.CHANGED
        assert device.ask(Code.POST, "twins/Pump/P-8/telemetry", VALUE).code == Code.NOT_FOUND
        assert plant.sink.messages() == [("P-7", TELEMETRY.encode(), VALUE)]
        device.close()


@pytest.mark.parametrize(
    "kind",
    [handshake.foreign, handshake.self_signed, handshake.expired, handshake.early, handshake.for_servers,
     handshake.weak, handshake.below_a_leaf],
)  # fmt: skip
def test_a_certificate_that_does_not_hold_gets_no_session(tmp_path: Path, kind: Callable[[Made], Path]) -> None:
    """Another authority's, self-signed, expired, early, a server's, weak, below a leaf: the handshake fails."""
    with secured(tmp_path) as (plant, made):
        device = Secured(plant.endpoint.port, made, kind(made))
        with pytest.raises(SSL.Error):
            device.shake().ask(Code.POST, TELEMETRY, VALUE)
        until(lambda: plant.shaken)
        assert "handshake failed" in plant.shaken[0]
        assert plant.count("handshakes") == 0
        device.close()


def test_a_good_certificate_in_no_record_opens_nothing(tmp_path: Path) -> None:
    """The session ends at once, and counts as refused."""
    with secured(tmp_path) as (plant, made):
        device = Secured(plant.endpoint.port, made, handshake.stranger(made)).shake()
        with pytest.raises(SSL.Error):
            device.ask(Code.POST, TELEMETRY, VALUE)
        assert plant.count("refused_credentials") == 1
        assert plant.sink.payloads() == []
        device.close()


def test_without_a_certificate_a_token_opens_and_a_name_does_not(tmp_path: Path) -> None:
    """And beside a certificate a token must be of the same account."""
    with secured(tmp_path) as (plant, made):
        token, other = (made.accounts.issue(name).secret for name in ("P-7", "P-8"))
        codes = []
        for certificate, query in (
            (None, f"token={token}"), (None, f"token={token}x"), (None, "name=P-7"), (None, "token="),
            (made.device("P-7"), f"token={token}"), (made.device("P-7"), f"token={other}"),
        ):  # fmt: skip
            device = Secured(plant.endpoint.port, made, certificate, query).shake()
            codes.append(device.ask(Code.POST, TELEMETRY, VALUE).code)
            device.close()
        good, bad = Code.CHANGED, Code.UNAUTHORIZED
        assert codes == [good, bad, bad, bad, good, bad]


def test_a_client_that_trusts_others_does_not_come(tmp_path: Path) -> None:
    """The site proves itself, too: with another root the device breaks off."""
    with secured(tmp_path / "a") as (plant, made):
        other = handshake.made(tmp_path / "b")
        device = Secured(plant.endpoint.port, made, made.device("P-7"), trust=other.folder / "root.pem")
        with pytest.raises(SSL.Error):
            device.shake()
        other.accounts.close()
        device.close()


def test_revoking_ends_the_session_within_seconds(tmp_path: Path) -> None:
    """The live session is closed, the certificate opens none again, and a session cannot be resumed."""
    with secured(tmp_path) as (plant, made):
        path = made.device("P-7")
        device = Secured(plant.endpoint.port, made, path).shake()
        assert device.ask(Code.GET, COMMANDS, observe=0).code == Code.CONTENT
        session = device.connection.get_session()
        begun = stopwatch()
        revoke(made.accounts, made.authority, made.accounts.certificates.of("P-7")[0].id, WallClock().now())
        assert device.get().code == Code.UNAUTHORIZED
        with pytest.raises(SSL.ZeroReturnError):
            device.get()
        assert stopwatch() - begun < 5
        again = Secured(plant.endpoint.port, made, path)
        again.connection = SSL.Connection(device.connection.get_context(), None)
        again.connection.set_ciphertext_mtu(1_200)
        again.connection.set_connect_state()
        assert session is not None
        again.connection.set_session(session)
        with pytest.raises(SSL.Error):
            again.shake().ask(Code.POST, TELEMETRY, VALUE)
        device.close()
        again.close()


def test_nobody_is_remembered_or_answered_at_length_before_its_cookie(tmp_path: Path) -> None:
    """A hello is answered with less than it has; hellos from a thousand addresses leave nothing behind."""
    with secured(tmp_path) as (plant, made):
        device = Secured(plant.endpoint.port, made, None)
        with pytest.raises(SSL.WantReadError):
            device.connection.do_handshake()
        hello = device.connection.bio_read(65_536)
        device.socket.send(hello)
        answer = device.socket.recv(65_536)
        assert len(answer) < len(hello)
        assert answer[13] == 3  # HelloVerifyRequest
        for _ in range(50):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(hello, ("127.0.0.1", plant.endpoint.port))
        until(lambda: plant.count("hellos") == 51)
        sessions = plant.endpoint._loop.sessions
        assert sessions is not None
        assert len(sessions._shaking) == len(sessions) == 0
        device.connection.bio_write(answer)
        with pytest.raises(SSL.WantReadError):
            device.connection.do_handshake()
        proof = device.connection.bio_read(65_536)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.sendto(proof, ("127.0.0.1", plant.endpoint.port))
            assert len(thief.recv(65_536)) < len(hello)
        assert len(sessions._shaking) == 0
        device.close()


def in_memory(context: SSL.Context, made: Made, certificate: Path) -> None:
    """A handshake without a network; raises SSL.Error of whoever refuses."""
    here = Secured(9, made, certificate).connection
    there = SSL.Connection(context, None)
    there.set_app_data(b"here")
    there.set_ciphertext_mtu(1_200)
    there.set_accept_state()
    waiting = {here, there}
    for _ in range(12):
        for one, other in ((here, there), (there, here)):
            with contextlib.suppress(SSL.WantReadError):
                if one in waiting:
                    one.do_handshake()
                    waiting.discard(one)
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(65_536))
    assert not waiting


def test_lists_are_looked_at_as_on_every_listener(tmp_path: Path) -> None:
    """Revoked, an issuer that was revoked, an old list, no list of the root: all fail closed, each by its name."""
    made, clock = handshake.made(tmp_path), WallClock()
    device, now = made.device("P-7"), clock.now()

    def refused() -> None:
        with pytest.raises(SSL.Error, match="certificate verify failed"):
            in_memory(dtls_context(made.folder, clock=clock), made, device)

    in_memory(dtls_context(made.folder, clock=clock), made, device)
    made.authority.relist([], now - LIST_LIFETIME - DAY)
    refused()  # the list is old
    made.authority.relist([], now)
    in_memory(dtls_context(made.folder, clock=clock), made, device)
    revoke(made.accounts, made.authority, made.accounts.certificates.of("P-7")[0].id, now)
    refused()  # it was revoked
    device = made.device("P-7")
    in_memory(dtls_context(made.folder, clock=clock), made, device)
    trust = (made.folder / TRUST).read_bytes()
    files.replace(made.folder / TRUST, trust.replace((made.folder / "root.crl").read_bytes(), b""))
    refused()  # there is no list of the root
    root, issuer = made.authority.root_from(made.export, handshake.SECRET), made.authority.issuer.certificate
    made.authority.renew_root_list(root, [], now, without=[issuer.serial_number])
    refused()  # the issuer was revoked
    made.accounts.close()


def test_older_versions_and_weak_suites_are_not_spoken(tmp_path: Path) -> None:
    """DTLS 1.0 and suites without forward secrecy get no handshake."""
    made = handshake.made(tmp_path)
    context = dtls_context(made.folder, clock=WallClock())
    for version, suites in ((0xFEFF, b"ALL:@SECLEVEL=0"), (0xFEFD, b"AES128-SHA:AES256-GCM-SHA384:@SECLEVEL=0")):
        client = SSL.Context(SSL.DTLS_CLIENT_METHOD)
        client.set_min_proto_version(version)
        client.set_max_proto_version(version)
        client.set_cipher_list(suites)
        client.set_options(SSL.OP_NO_QUERY_MTU)
        here, there = SSL.Connection(client, None), SSL.Connection(context, None)
        here.set_connect_state()
        there.set_accept_state()
        for end in (here, there):
            end.set_ciphertext_mtu(1_200)
        with pytest.raises(SSL.WantReadError):
            here.do_handshake()
        there.bio_write(here.bio_read(65_536))
        with pytest.raises(SSL.Error, match="SSL routines"):
            there.do_handshake()
    made.accounts.close()


class Lossy(Secured):
    """A device on a bad line: its own second flight is lost, or the first long datagram that is sent to it."""

    flights = 0
    loses = "theirs"
    lost = 0

    def take(self) -> None:
        try:
            data = self.socket.recv(65_536)
        except TimeoutError:
            self.connection.DTLSv1_handle_timeout()
            return
        if self.loses == "theirs" and len(data) > 500 and not self.lost:
            self.lost = 1
            return
        self.connection.bio_write(data)

    def flush(self) -> None:
        self.flights += 1
        if self.loses == "ours" and self.flights == 2:
            self.lost = len(self.connection.bio_read(65_536))
        super().flush()


@pytest.mark.parametrize(("loses", "patience"), [("ours", 1.1), ("theirs", 5.0)])
def test_a_handshake_survives_lost_datagrams(tmp_path: Path, loses: str, patience: float) -> None:
    """What is lost is sent again by whoever sent it, the device or the site, and the session works."""
    with secured(tmp_path) as (plant, made):
        device = Lossy(plant.endpoint.port, made, made.device("P-7"))
        device.loses = loses
        device.socket.settimeout(patience)
        assert device.shake().ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        assert device.lost > 0
        device.close()


def test_forged_datagrams_do_not_disturb_a_session(tmp_path: Path) -> None:
    """Halves of records, noise and forged alerts from the device's own address change nothing."""
    with secured(tmp_path) as (plant, made):
        device = Secured(plant.endpoint.port, made, made.device("P-7")).shake()
        assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        head = bytes((23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 100))
        alert = bytes((21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40))
        for forged in (head, head + b"x" * 50, head + bytes(100), alert, secrets.token_bytes(80), b""):
            device.socket.send(forged)
        assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        assert plant.count("malformed") >= 3
        device.close()


def test_a_device_that_begins_anew_replaces_its_session(tmp_path: Path) -> None:
    """From the same address, after a restart without goodbye: the newer session takes over once it is complete."""
    with secured(tmp_path) as (plant, made):
        path = made.device("P-7")
        first = Secured(plant.endpoint.port, made, path).shake()
        assert first.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        again = Secured(plant.endpoint.port, made, path)
        again.socket.close()
        again.socket = first.socket
        assert again.shake().ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        sessions = plant.endpoint._loop.sessions
        assert sessions is not None
        assert len(sessions) == 1
        again.close()


def test_sessions_and_handshakes_are_bounded(tmp_path: Path) -> None:
    """Of too many sessions the one longest silent ends; silent ones and slow handshakes end by themselves."""
    limits = Limits(sessions=2, session_seconds=1.5, handshakes=2, handshake_seconds=0.3)
    with secured(tmp_path, limits=limits) as (plant, made):
        path = made.device("P-7")
        devices = [Secured(plant.endpoint.port, made, path).shake() for _ in range(3)]
        assert plant.count("dropped_sessions") == 1
        with pytest.raises(SSL.ZeroReturnError):
            devices[0].get()
        assert devices[1].ask(Code.GET, COMMANDS, observe=0, token=b"o").code == Code.CONTENT
        for _ in range(3):
            slow = Secured(plant.endpoint.port, made, None)
            for _ in range(2):
                with pytest.raises(SSL.WantReadError):
                    slow.connection.do_handshake()
                slow.flush()
                slow.take()
            slow.close()
        assert plant.count("dropped_handshakes") == 1
        until(lambda: plant.count("timeout_handshake") == 2)
        until(lambda: plant.count("expired_sessions") == 1)
        plant.endpoint.publish(COMMANDS, b"{}")
        assert devices[1].get().payload == b"{}"
        assert plant.count("expired_sessions") == 1
        for device in devices:
            device.close()


def test_goodbye_is_said_and_heard(tmp_path: Path) -> None:
    """Whoever ends a session is forgotten at once, and the end of the site is told to who is there."""
    with secured(tmp_path) as (plant, made):
        path = made.device("P-7")
        leaving, staying = (Secured(plant.endpoint.port, made, path).shake() for _ in range(2))
        leaving.connection.shutdown()
        leaving.flush()
        sessions = plant.endpoint._loop.sessions
        assert sessions is not None
        until(lambda: len(sessions) == 1)
        plant.endpoint.stop()
        with pytest.raises(SSL.ZeroReturnError):
            staying.get()
        leaving.close()
        staying.close()


def test_plain_text_stays_on_this_machine(tmp_path: Path) -> None:
    """Beyond loopback without DTLS is refused with the way out; with DTLS it listens, and answers whom it was asked."""
    with secured(tmp_path) as (plant, made):

        def endpoint(**given: object) -> CoapEndpoint:
            around = plant.endpoint._around
            return CoapEndpoint(
                ("0.0.0.0", 0), gate=plant.endpoint._loop._admission._gate, rights=around.rights, sink=plant.sink,
                clock=around.clock, read=around.read, **given,  # type: ignore[arg-type]
            )  # fmt: skip

        plain = endpoint()
        with pytest.raises(SetupError, match="loopback"):
            plain.start()
        plain.stop()
        context = dtls_context(made.folder, clock=WallClock())
        everywhere = endpoint(dtls=lambda: context)
        everywhere.start()
        device = Secured(everywhere.port, made, made.device("P-7"))
        device.socket.connect(("127.0.0.2", everywhere.port))  # connected: hears only the address that it speaks to
        assert device.shake().ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        everywhere.stop()
        device.close()


def test_records_are_packed_whole() -> None:
    """Datagrams hold whole records in their order, none longer than asked for unless one record is."""
    records = [bytes((22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, n >> 8, n & 255)) + bytes(n) for n in (500, 600, 700, 30)]
    found = list(packed(b"".join(records), 1_200))
    assert b"".join(found) == b"".join(records)
    assert [len(one) for one in found] == [513 + 613, 713 + 43]
    assert all(map(whole, found))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Without an authority there is no context, and the error says how to make one."""
    with pytest.raises(SetupError, match="authority"):
        dtls_context(tmp_path, clock=WallClock())
