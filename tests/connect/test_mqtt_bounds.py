"""Bounds: no client, slow, fast, silent or hostile, costs the others more than its share; each loss is counted."""

import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pollux.connect import Limits
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Connect, Packet, Ping, Publish, Subscribe, Unsubscribe, Wish
from pollux.connect.wire.properties import Kind
from pollux.connect.wire.reasons import Reason
from pollux.errors import Overloaded, SetupError
from tests.connect.rig import TELEMETRY, Plant, running, until

STATE = "twins/Pump/P-7/state"
SMALL = 4 << 20


def test_half_open_connections_do_not_lock_the_door() -> None:
    """Hundreds that connect and say nothing are bounded: the oldest give way, and a real client comes in at once."""
    with running(limits=Limits(unauthenticated=50, arena_bytes=SMALL)) as plant:
        silent = [plant.client() for _ in range(200)]
        for client in silent[::2]:
            client.raw(b"\x10")  # and half of them begin a packet
        assert plant.device().quiet()
        assert plant.count("opened") == 201
        assert plant.count("dropped_unauthenticated") >= 150
        assert len(plant.endpoint._loop.lines.strangers) <= 50


def test_strangers_have_little_time_and_little_room() -> None:
    """Who does not introduce itself in time is closed; who introduces itself at length as well."""
    with running() as plant:
        slow, long = plant.client(), plant.client()
        long.raw(b"\x10\xff\xff\xff\x7f" + bytes(100))
        assert long.socket.recv(10) == b""
        slow.raw(b"\x10\x20\x00")
        plant.pass_time(Limits().connect_seconds + 1)
        assert slow.socket.recv(10) == b""
        assert plant.count("timeout_connect") == 1


def test_connections_are_bounded() -> None:
    """Beyond the bound newcomers are closed at once and counted; those inside go on; a place that is free is given."""
    with running(limits=Limits(connections=5, arena_bytes=SMALL)) as plant:
        inside = [plant.device(f"P-{number}") for number in range(5)]
        outside = plant.client()
        assert outside.socket.recv(10) == b""
        assert plant.count("refused_full") == 1
        assert all(client.quiet() for client in inside)
        inside[0].close()
        plant.until("closed", 1)
        assert plant.device("P-9").quiet()


def test_keep_alive_is_one_and_a_half_times(plant: Plant, level: int) -> None:
    """A client silent for more than 1.5 keep-alive times is put out; one that pings is not; 0 in 3.1.1 waits."""
    silent = plant.device("P-1", level=level, keep_alive=10)
    pinging = plant.device("P-2", level=level, keep_alive=10)
    patient = plant.device("P-3", level=V3, keep_alive=0)
    for _ in range(2):
        plant.pass_time(7)
        assert pinging.quiet()
    assert plant.count("timeout_keep_alive") == 0
    plant.pass_time(2)
    assert silent.refusal() == (Reason.KEEP_ALIVE_TIMEOUT if level == V5 else None)
    assert pinging.quiet()
    assert patient.quiet()
    assert plant.count("timeout_keep_alive") == 1


def test_a_packet_that_never_ends_is_ended(plant: Plant, level: int) -> None:
    """A client that sends its packet ever more slowly is put out, although it is heard all the time."""
    client = plant.device(level=level, keep_alive=20)
    client.raw(encode(Publish(TELEMETRY, bytes(1000)), level)[:20])
    until(lambda: plant.endpoint._loop.lines.held_bytes == 20)
    for _ in range(6):
        plant.pass_time(Limits().packet_seconds / 5)
        plant.device("P-8", level=level).quiet()
        try:
            client.raw(b"\0")
        except OSError:
            break
    assert client.refusal() in (None, Reason.KEEP_ALIVE_TIMEOUT)
    plant.until("timeout_packet", 1)
    assert plant.endpoint._loop.lines.held_bytes == 0


def test_what_is_held_of_cut_packets_is_bounded() -> None:
    """When too many bytes of unfinished packets are held, the next to hold one is put out."""
    with running(limits=Limits(held_bytes=300_000, arena_bytes=SMALL)) as plant:
        clients = [plant.device(f"P-{number}", level=V5) for number in range(6)]
        for client in clients:
            client.raw(b"\x30\x80\x80\x20" + bytes(80_000))
        plant.until("refused_held", 1)
        assert plant.endpoint._loop.lines.held_bytes <= 300_000
        assert plant.device("P-9").quiet()


def test_the_slow_subscriber_loses_the_oldest(plant: Plant, level: int) -> None:
    """At QoS 0 a subscriber that does not read loses the oldest messages, never the newest; who reads loses none."""
    with running(limits=Limits(outgoing_bytes=100_000, arena_bytes=SMALL)) as small:
        slow, quick = small.device("ann", level=level), small.device("ann", level=level, client_id="quick")
        for client in (slow, quick):
            client.subscribe(Wish(STATE, 0))
        count, payload = 1_000, bytes(20_000)
        for number in range(count):
            small.endpoint.publish(STATE, b"%06d" % number + payload)
            assert quick.message().payload[:6] == b"%06d" % number
        dropped = small.count("dropped_oldest_qos0")
        assert dropped > 0
        got = [int(slow.message().payload[:6]) for _ in range(count - dropped)]
        assert got == sorted(got)
        assert got[-1] == count - 1
        assert slow.quiet()


def test_the_slow_subscriber_of_qos_1_is_put_out(level: int) -> None:
    """At QoS 1 nothing may be dropped: a subscriber that does not confirm is put out with the reason; others stay."""
    with running(limits=Limits(waiting=50, window=5, arena_bytes=SMALL)) as plant:
        slow, quick = plant.device("ann", level=level), plant.device("ann", level=level, client_id="quick")
        for client in (slow, quick):
            client.subscribe(Wish(STATE, 1))
        for number in range(60):
            plant.endpoint.publish(STATE, b"%d" % number, qos=1)
            assert quick.message().payload == b"%d" % number
        assert slow.refusal() == (Reason.QUOTA_EXCEEDED if level == V5 else None)
        assert plant.count("disconnected_slow") == 1
        assert quick.quiet()


def test_who_never_reads_is_put_out_in_time() -> None:
    """A connection on which nothing moves for long, with bytes waiting for it, is ended."""
    with running() as plant:
        stuck = plant.device("ann")
        stuck.subscribe(Wish(STATE, 0))
        fed = 0
        while not plant.count("dropped_oldest_qos0"):
            fed += 1
            assert fed < 10_000
            plant.endpoint.publish(STATE, bytes(100_000))
            plant.until("published", fed)
        plant.pass_time(Limits().stalled_seconds + 1)
        plant.until("timeout_stalled", 1)
        until(lambda: not plant.endpoint.connections())


def test_who_does_not_read_its_answers_is_not_read() -> None:
    """A client that publishes and never reads its PUBACKs is not read any more, until it reads them."""
    with running(limits=Limits(outgoing_bytes=20_000, arena_bytes=SMALL)) as plant:
        client = plant.device(level=V3)
        link = next(iter(plant.endpoint._loop.lines.by_handle.values()))
        link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        packet = encode(Publish(TELEMETRY, b"", 1, packet_id=1), V3)
        client.socket.setblocking(False)
        sent = _pour(client.socket, packet * 1000, 200_000_000)
        until(lambda: link.stuffed)
        assert link.out_bytes < 20_000 + 2 * Limits().read_bytes
        assert plant.device("P-8", level=V3).quiet()
        client.socket.setblocking(True)
        wanted, got = sent // len(packet) * 4, 0
        while got < wanted:
            got += len(client.socket.recv(1 << 20))
        until(lambda: not link.stuffed)
        assert plant.count("received") == sent // len(packet)


def _pour(sock: socket.socket, data: bytes, most: int) -> int:
    """Send until the socket takes nothing for a while, whole repetitions of `data` or a part: the bytes sent."""
    sent = 0
    while sent < most:
        _, ready, _ = select.select([], [sock], [], 0.5)
        if not ready:
            break
        sent += sock.send(data[sent % len(data) :])
    return sent


def test_a_flood_waits_for_the_log(level: int) -> None:
    """While the log is behind, a flooding client is not read beyond its credit, and its neighbours are; when the log
    has caught up it goes on, and nothing is lost."""
    with running(limits=Limits(behind_bytes=100_000, arena_bytes=SMALL)) as plant:
        plant.sink.by_hand = True
        flood, calm = plant.device(level=level), plant.device("P-8", level=level)
        packet = encode(Publish(TELEMETRY, bytes(1000)), level)
        count = 20_000
        sender = threading.Thread(target=flood.raw, args=(packet * count,))
        sender.start()
        plant.until("paused", 1)
        assert calm.quiet()
        seen = plant.count("received_bytes")
        assert seen < 100_000 + 2 * Limits().read_bytes
        assert calm.quiet()
        assert plant.count("received_bytes") == seen
        plant.sink.by_hand = False
        plant.sink.complete()
        plant.sink.wait(count)
        sender.join()
        assert plant.count("received") == count


def test_everybody_waits_when_the_log_is_far_behind() -> None:
    """Beyond the bound of all connections together nobody is read, and silence meanwhile is nobody's fault."""
    limits = Limits(behind_bytes=50_000, behind_total=60_000, arena_bytes=SMALL)
    with running(limits=limits) as plant:
        plant.sink.by_hand = True
        clients = [plant.device(f"P-{number}", keep_alive=10) for number in range(4)]
        for number, client in enumerate(clients):
            packet = encode(Publish(b"twins/Pump/P-%d/telemetry" % number, bytes(20_000)), V3)
            client.raw(packet * 2)
        plant.until("paused_all", 1)
        plant.pass_time(100)
        until(lambda: plant.endpoint._loop.turned == plant.clock.now())
        assert len(plant.endpoint.connections()) == 4
        plant.sink.by_hand = False
        plant.sink.complete()
        plant.sink.wait(8)
        assert all(client.quiet() for client in clients)


def test_publishing_from_inside_is_bounded() -> None:
    """When the loop is held up, publishing says so after so many messages instead of growing without end."""
    with running(limits=Limits(posted=10, arena_bytes=SMALL)) as plant:
        held, go = threading.Event(), threading.Event()

        def hold(_: int) -> None:
            held.set()
            go.wait(20)

        plant.endpoint.publish(STATE, b"x", then=hold)
        assert held.wait(20)
        for _ in range(10):
            plant.endpoint.publish(STATE, b"x")
        with pytest.raises(Overloaded):
            plant.endpoint.publish(STATE, b"x")
        assert plant.count("refused_posted") == 1
        go.set()
        plant.until("published", 11)


def test_malformed_packets_disturb_nobody(plant: Plant, level: int) -> None:
    """Each kind of broken packet ends its own connection, in 5 with its reason, and no other."""
    calm = plant.device("P-8", level=level)
    cases = [
        b"\x00\x00",
        b"\x36\x05\x00\x01aPP",
        b"\x82\x02\x00\x01",
        b"\xc0\x01\x00",
        b"\x30\xff\xff\xff\xff\x7f",
        b"\x20\x00",
    ]
    for raw in cases:
        client = plant.device(level=level)
        client.raw(raw)
        reason = client.refusal()
        assert reason in ((Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR) if level == V5 else (None,)), raw
        assert calm.quiet()
    assert plant.count("malformed") + plant.count("protocol_errors") == len(cases)


def test_the_reason_reaches_a_client_that_goes_on_sending(plant: Plant) -> None:
    """Also a client in the middle of sending much reads why it was put out: the connection is not just reset."""
    client = plant.device(level=V5)
    client.raw(b"\x00\x00" + bytes(100_000))
    assert client.refusal() == Reason.MALFORMED_PACKET


def test_limits_are_checked() -> None:
    """Bounds that cannot be kept are refused where they are written."""
    for wrong in ({"connections": 0}, {"arena_bytes": 1000}, {"receive_maximum": 70_000}, {"packet_seconds": -1}):
        with pytest.raises(SetupError):
            Limits(**wrong)


SCRIPT = """
import os, resource, socket
from tests.connect.rig import Client, running, until
from pollux.connect import Limits

with running(limits=Limits(arena_bytes=4 << 20)) as plant:
    first = plant.device("P-0")
    clients = [socket.socket() for _ in range(60)]  # made before, so that the endpoint is the one to run out
    used = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, used + 20))
    for client in clients:
        client.settimeout(20)
        client.connect(("127.0.0.1", plant.endpoint.port))
    until(lambda: plant.count("refused_descriptors") > 0)
    assert first.quiet()
    for client in clients:
        client.close()
    until(lambda: plant.count("opened") - plant.count("closed") == 1)
    assert plant.device("P-1").quiet()
print("served", plant.count("refused_descriptors"))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts file descriptors through /proc")
def test_no_file_descriptors_left() -> None:
    """When there are no handles left, newcomers are refused, those inside are served, and it recovers by itself."""
    root = Path(__file__).parent.parent.parent
    path = f"{root / 'src'}{os.pathsep}{root}"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("served")


@pytest.mark.parametrize("pattern", ["pings", "pings and messages", "subscriptions"])
def test_a_flood_of_small_packets_has_its_share(plant: Plant, level: int, pattern: str) -> None:
    """Thousands of packets for the slow path in one read do not hold the others up: each connection has a share of
    every turn, everything is answered in the end, and order is kept."""
    floods: dict[str, list[Packet]] = {
        "pings": [Ping(Kind.PINGREQ)],
        "pings and messages": [Ping(Kind.PINGREQ), Publish(TELEMETRY, b"x", 1, packet_id=1), Ping(Kind.PINGREQ)],
        "subscriptions": [Subscribe(1, (Wish("a/+", 0),)), Unsubscribe(2, ("a/+",))],
    }
    packets = floods[pattern]
    name = "ann" if pattern == "subscriptions" else "P-7"
    flood, calm = plant.device(name, level=level), plant.device("P-8", level=level)
    turns = 2_000
    flood.raw(b"".join(encode(packet, level) for packet in packets) * turns)
    assert calm.quiet()
    for _ in range(turns):
        kinds = [type(flood.get()) for _ in packets]
        assert len(kinds) == len(packets)
    assert calm.quiet()
    assert plant.count("received") == (turns if pattern == "pings and messages" else 0)
    assert len(plant.endpoint.connections()) == 2


def test_sessions_in_hundreds_come_and_go(level: int) -> None:
    """Hundreds of clients that connect, publish and leave in a storm are all heard, and nothing is left of them."""
    with running() as plant:

        def storm(start: int) -> None:
            for number in range(start, 300, 3):
                client = plant.client(level)
                topic = b"twins/Pump/P-%d/telemetry" % number
                hello = Connect(level, f"P-{number}", username=f"P-{number}")
                client.raw(encode(hello, level) + encode(Publish(topic, b"x", 1, packet_id=1), level))
                client.get()
                client.get()
                client.close()

        threads = [threading.Thread(target=storm, args=(start,)) for start in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({device for device, _, _ in plant.sink.wait(300) and plant.sink.messages()}) == 300
        until(lambda: not plant.endpoint.connections())
        until(lambda: not plant.endpoint._loop.lines.by_handle)
        assert plant.endpoint._loop.lines.table.serial.sum() == 0
        assert not plant.endpoint._loop.router._exact


def test_kinds_of_packets_only_servers_send(plant: Plant, level: int) -> None:
    """CONNACK, SUBACK, UNSUBACK and PINGRESP from a client are protocol errors."""
    for kind, body in (
        (Kind.CONNACK, b"\0\0\0"),
        (Kind.SUBACK, b"\0\1\0\0"),
        (Kind.UNSUBACK, b"\0\1\0"),
        (Kind.PINGRESP, b""),
    ):
        client = plant.device(level=level)
        body = body if level == V5 else body[: {Kind.CONNACK: 2, Kind.UNSUBACK: 2}.get(kind, 4)]
        client.raw(bytes([kind << 4, len(body)]) + body)
        assert client.refusal() == (Reason.PROTOCOL_ERROR if level == V5 else None), kind
