"""Surveys of what is live: a broker, an endpoint of ours, announcements, a server of OPC UA, registers of Modbus."""

import asyncio
import importlib.util
import io
import json
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from tests.connect.broker.mosquitto import mosquitto
from tests.connect.broker.rig import FakeBroker
from tests.connect.rig import until
from tests.guard import handshake
from tests.site.survey.test_pure import announcement

import pollux as px
from pollux.cli import main
from pollux.clock import WallClock
from pollux.connect.broker.tls import client_context
from pollux.connect.wire.packets import Connect, Farewell
from pollux.errors import SetupError
from pollux.guard.tls import server_context
from pollux.site.survey.announced import Board
from pollux.site.survey.heard import Ear
from pollux.site.survey.listening import Listening, listen
from pollux.site.survey.multicast import GROUP_4, Network
from pollux.site.survey.multicast import listen as listen_multicast
from pollux.site.survey.progress import Bar

PATIENCE = 10.0


class Pump(px.Twin):
    """A pump."""

    temp = px.sensor("degC")


@contextmanager
def talking(port: int, *, user: str = "", password: str = "") -> Iterator[Callable[[str, bytes, bool], None]]:
    """A device that says things to a broker."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=user or "device", protocol=MQTTv311)
    if user:
        client.username_pw_set(user, password or None)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        yield lambda topic, payload, retain: client.publish(topic, payload, 1, retain).wait_for_publish(PATIENCE)
    finally:
        client.disconnect()
        client.loop_stop()


def heard_until(port: int, count: int, say: Callable[[], None], **more: Any) -> Ear:
    """What is heard of a broker until so many messages have come; `say` is called once it is listened."""
    ear, said = Ear(), threading.Event()

    def progress(passed: float, so_far: Ear) -> None:
        if not said.is_set():
            said.set()
            say()
        if so_far.messages >= count or passed > PATIENCE:
            raise KeyboardInterrupt

    what = Listening(name="here", host="127.0.0.1", port=port, **more)
    assert listen(what, ear, WallClock(), seconds=60, progress=progress) == "interrupted"
    return ear


def test_a_broker_is_heard_and_nothing_is_said_to_it(tool: Callable[[str], str], tmp_path: Path) -> None:
    """Retained messages are told apart, `$SYS` is left alone, the session is gone afterwards, nothing was published."""
    with mosquitto(tool, tmp_path) as broker, talking(broker.port) as say:
        say("plant/P-7/telemetry", b'{"temp": 1}', True)
        ear = heard_until(broker.port, 2, lambda: say("plant/P-8/telemetry", b'{"temp": 2}', False))
        assert {topic: (one.count, one.retained) for topic, one in ear.topics.items()} == {
            "plant/P-7/telemetry": (1, 1), "plant/P-8/telemetry": (1, 0),
        }  # fmt: skip
        inside = heard_until(broker.port, 1, lambda: None, filters=("$SYS/broker/version",))
        assert [*inside.topics] == ["$SYS/broker/version"]
        counted = heard_until(broker.port, 1, lambda: None, filters=("$SYS/broker/clients/total",))
        assert int(counted.topics["$SYS/broker/clients/total"].samples[0].payload) <= 2


def test_the_command_writes_three_files_and_no_secret(
    tool: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Report, document and draft; the password is in none of them, and an interrupt still writes them."""
    with mosquitto(tool, tmp_path) as broker, talking(broker.port) as say:
        for k in range(3):
            say(f"plant/P-{k}/telemetry", b'{"temp_c": 21.5}', True)
        monkeypatch.setenv("SURVEY_PASSWORD", "hush-hush")
        out = tmp_path / "found"
        url = f"mqtt://127.0.0.1:{broker.port}"
        arguments = ["survey", url, "--for", "300 ms", "--out", str(out), "--user", "anna"]
        assert main([*arguments, "--password-env", "SURVEY_PASSWORD", "--no-samples"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "3 messages, 3 topics: 1 type, 3 twins" in told.out
    texts = {path.name: path.read_text() for path in out.iterdir()}
    assert set(texts) == {"survey.md", "survey.json", "site.py"}
    assert not any("hush" in text for text in texts.values())
    assert "21.5}" not in texts["survey.md"]
    assert f'BROKER = px.Broker("{url}", username="anna", password_env="SURVEY_PASSWORD")' in texts["site.py"]
    assert main([*arguments, "--password-env", "SURVEY_PASSWORD"]) == 1
    assert "there is a draft already" in capsys.readouterr().err


def test_a_broker_that_does_not_know_us_says_so(
    tool: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong password is told as what it is, not as silence."""
    with mosquitto(tool, tmp_path, "allow_anonymous false") as broker:
        assert main(["survey", f"mqtt://127.0.0.1:{broker.port}", "--out", str(tmp_path / "found")]) == 1
    assert "it refuses us: not authorized" in capsys.readouterr().err


def test_an_endpoint_of_ours_lets_nobody_hear_what_is_not_his(tmp_path: Path) -> None:
    """The site's own endpoint speaks MQTT like any broker, and its gate decides: others' telemetry is not heard."""
    site = px.Site("plant")
    pumps = site.fleet(Pump)
    with site.open(tmp_path, insecure=True, mqtt="127.0.0.1:0") as live:
        assert live.endpoint is not None
        port = live.endpoint.port
        with talking(port, user="P-7") as say:
            ear = Ear()

            def progress(passed: float, so_far: Ear) -> None:
                say("twins/Pump/P-7/telemetry", b'{"temp": 21.5}', False)
                if passed > 0.3:
                    raise KeyboardInterrupt

            what = Listening(name="ours", host="127.0.0.1", port=port)
            assert listen(what, ear, WallClock(), seconds=60, progress=progress) == "interrupted"
            assert [pump.id for pump in pumps] == ["P-7"]
    assert [*ear.topics] == []


@contextmanager
def heard_by(broker: FakeBroker, **more: Any) -> Iterator[tuple[Ear, list[str]]]:
    """A survey on its way, in a thread of its own: what it has heard, and why it ended."""
    ear, why = Ear(), list[str]()
    over = threading.Event()

    def progress(passed: float, so_far: Ear) -> None:
        if over.is_set():
            raise KeyboardInterrupt

    def run() -> None:
        what = Listening(name="fake", port=broker.port, **{"host": "127.0.0.1", **more})
        try:
            why.append(listen(what, ear, WallClock(), seconds=60, progress=progress))
        except SetupError as error:
            why.append(error.message)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield ear, why
    finally:
        over.set()
        thread.join(PATIENCE)
        broker.close()
    assert why


def test_every_word_that_is_said_to_a_broker() -> None:
    """A clean session that ends with it, QoS 0, no acknowledgement of a message that asks for one, a goodbye."""
    broker = FakeBroker()
    with heard_by(broker, username="anna", secret=b"hush", filters=("plant/#",)) as (ear, why):
        line = broker.line()
        hello = line.welcome(subscribed=False)
        assert (hello.clean, hello.properties.session_expiry) == (True, 0)
        assert (hello.username, hello.password) == ("anna", b"hush")
        assert hello.will is None
        asked = line.granted(0)
        assert [(one.filter, one.qos) for one in asked.wishes] == [("plant/#", 0)]
        line.message(1)
        until(lambda: ear.messages == 1)
        assert line.silent()
        line.raw(b"\x00\x00")
        until(lambda: why)
    assert why[0].startswith("ended early: ")


def test_a_broker_of_the_older_version_is_heard() -> None:
    """What does not speak MQTT 5 is asked again in 3.1.1, with a clean session too; an interrupt says goodbye."""
    broker = FakeBroker()
    with heard_by(broker) as (ear, why):
        first = broker.line()
        assert first.expect(Connect).level == 5
        first.raw(b"\x20\x02\x00\x01")
        line = broker.line()
        hello = line.welcome()
        assert (hello.level, hello.clean) == (4, True)
        line.message(7, 0)
        until(lambda: ear.messages == 1)
    assert why == ["interrupted"]


def test_tls_is_checked_before_anything_is_said(tmp_path: Path) -> None:
    """The right authority: heard; another one: not believed, and nothing was said."""
    made = handshake.made(tmp_path)
    context = server_context(made.folder)
    context.verify_mode = ssl.CERT_NONE
    broker = FakeBroker(context)
    with heard_by(broker, host="localhost", context=client_context(made.folder / "root.pem")) as (ear, _):
        line = broker.line()
        line.welcome()
        line.message(7, 0)
        until(lambda: ear.messages == 1)
    other = FakeBroker(context)
    with heard_by(other, host="localhost", context=client_context()) as (_, why):
        with pytest.raises(ssl.SSLError):
            other.line()
        until(lambda: why)
    assert "its certificate is not believed" in why[0]
    made.accounts.close()


def test_an_interrupt_of_the_command_writes_what_was_heard(tmp_path: Path) -> None:
    """Ctrl-C in a process of its own: it says goodbye, ends well, and the report is there."""
    broker = FakeBroker()
    command = [sys.executable, "-m", "pollux", "survey", f"mqtt://127.0.0.1:{broker.port}", "--for", "10 min"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "found")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    line = broker.line()
    line.welcome()
    # From here on it listens: what it has asked for is granted once it has read that.
    line.message(7, 0)
    assert line.silent(0.5)
    process.send_signal(signal.SIGINT)
    line.expect(Farewell)
    told, wrong = process.communicate(timeout=PATIENCE * 3)
    broker.close()
    assert (process.returncode, wrong) == (0, "")
    assert "; interrupted" in told
    assert "Note: interrupted." in (tmp_path / "found" / "survey.md").read_text()


def test_a_broker_that_is_not_there_is_said_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing is written then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert main(["survey", f"mqtt://127.0.0.1:{port}", "--out", str(tmp_path / "found")]) == 1
    assert "it cannot be reached" in capsys.readouterr().err
    assert not (tmp_path / "found").exists()


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("http://x", "expected mqtt:"),
        ("mqtt://plant.example", "expected mqtts:// beyond this machine"),
        ("mqtt://a:b@127.0.0.1", "expected no password in the address"),
        ("tcp://127.0.0.1?unit=3", "only what is named is read"),
        ("tcp://127.0.0.1?registers=0-3", "expected unit="),
        ("file:nowhere.txt", "there is no such file"),
        ("mdns:127.0.0.1:x", "expected mdns:ADDRESS:PORT"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    what: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is opened, and the error says what was expected."""
    assert main(["survey", what, "--out", str(tmp_path / "found")]) == 1
    assert why in capsys.readouterr().err


def announce(port: int, message: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sock.sendto(message, (GROUP_4, port))


def own_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.mark.parametrize("ask", [False, True])
def test_an_announcement_on_loopback_is_heard(ask: bool) -> None:
    """Passive: nothing leaves; with `ask` exactly one question does. Announcements are heard either way."""
    board, port, asked = Board(), own_port(), list[bytes]()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("", port))
        own = socket.inet_aton(GROUP_4) + socket.inet_aton("127.0.0.1")
        other.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, own)
        other.settimeout(0.05)
        said = threading.Event()

        def progress(passed: float, so_far: Board) -> None:
            if not said.is_set():
                said.set()
                announce(port, announcement())
            if so_far.announced("", "", 0, asked=ask).services or passed > PATIENCE:
                raise KeyboardInterrupt

        network = Network(port, "127.0.0.1")
        assert listen_multicast(board, network, seconds=60, ask=ask, progress=progress) == "interrupted"
        while True:
            try:
                asked.append(other.recv(9_000))
            except TimeoutError:
                break
    (service,) = board.announced("mdns:", "", 1.0, asked=ask).services
    assert service.place == "host.local:1883"
    questions = [one for one in asked if not struct.unpack(">H", one[2:4])[0] & 0x8000]
    assert len(questions) == int(ask)


def test_the_command_listens_to_multicast(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report and a document, and no draft: announcements say nothing of signals."""
    arguments = ["survey", f"mdns:127.0.0.1:{own_port()}", "--for", "50 ms", "--out", str(tmp_path / "found"), "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["services"] == []
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == ["survey.json", "survey.md"]


@pytest.mark.skipif(importlib.util.find_spec("pymodbus") is None, reason="pymodbus is not installed")
def test_registers_that_were_named_become_a_draft(tmp_path: Path) -> None:
    """The range and nothing else is read, and the draft runs."""
    from pymodbus.simulator import SimDevice
    from tests.connect.modbus.stock import registers, serving

    out = tmp_path / "found"
    with serving(SimDevice(3, simdata=[registers(100, 0x41AC, 0, 215)])) as stock:
        assert main(["survey", f"tcp://127.0.0.1:{stock.port}?unit=3&registers=100-102", "--out", str(out)]) == 0
    document = json.loads((out / "survey.json").read_text())
    assert [(run["first"], run["last"]) for run in document["runs"]] == [(100, 102)]
    assert "units are unknown" in (out / "survey.md").read_text()
    namespace: dict[str, Any] = {}
    exec((out / "site.py").read_text(), namespace)
    assert "Thing" in namespace["site"].declared


@pytest.mark.skipif(importlib.util.find_spec("asyncua") is None, reason="asyncua is not installed")
def test_a_server_that_allows_it_is_browsed(tmp_path: Path) -> None:
    """Without a user only what everybody is told; as anybody, where asked for, variables too, and a draft that runs."""
    from asyncua.server.server import Server

    up, over = threading.Event(), threading.Event()
    where = list[str]()

    async def serve() -> None:
        server = Server()
        await server.init()
        server.set_endpoint("opc.tcp://127.0.0.1:0/plant")
        space = await server.register_namespace("urn:test")
        kettle = await server.nodes.objects.add_object(space, "Kettle")
        await kettle.add_variable(f"ns={space};s=Kettle.Temp", f"{space}:Temp", 21.5)
        async with server:
            where.append(f"opc.tcp://127.0.0.1:{server.bserver.port if server.bserver else 0}/plant")
            up.set()
            while not over.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        assert up.wait(30)
        assert main(["survey", where[0], "--out", str(tmp_path / "public")]) == 0
        assert not (tmp_path / "public" / "site.py").exists()
        arguments = ["survey", where[0], "--anonymous", "--for", "300 ms", "--out", str(tmp_path / "inside")]
        assert main(arguments) == 0
    finally:
        over.set()
        thread.join(PATIENCE)
    assert "Kettle/Temp" in (tmp_path / "inside" / "survey.md").read_text()
    namespace: dict[str, Any] = {}
    exec((tmp_path / "inside" / "site.py").read_text(), namespace)
    assert "Kettle" in namespace["site"].declared


def test_a_bar_is_for_terminals_only() -> None:
    """Piped, nothing is written; on a terminal one line, which is taken away in the end."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    piped, shown = io.StringIO(), Terminal()
    for out in (piped, shown):
        bar = Bar(out)
        bar(0.5, "5 messages")
        bar.close()
    assert piped.getvalue() == ""
    assert shown.getvalue().startswith("\r[###############               ] 5 messages")
    assert shown.getvalue().endswith("\r\x1b[K")
