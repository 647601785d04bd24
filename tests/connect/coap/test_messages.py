"""The message layer: what is acknowledged and when, what is done once, and what is sent again."""

import socket
import threading
from pathlib import Path

import pytest

from pollux.columns.frames import Frames
from pollux.connect.coap.codes import Code, Kind
from pollux.connect.coap.limits import Limits
from pollux.connect.coap.message import Message, encode
from pollux.errors import DataRefused, Overloaded, StorageFailed
from tests.connect.coap.rig import COMMANDS, STATE, TELEMETRY, Client, Plant, opened, until
from tests.connect.rig import Ticket

VALUE = b'{"temp": 300}'
QUICK = Limits(piggyback_seconds=0.05, ack_seconds=0.2, retransmissions=2)


def test_an_answer_comes_on_the_back_of_the_acknowledgement_once_durable(coap: Plant) -> None:
    """Before the log is durable nothing is said; then the acknowledgement says 2.04."""
    coap.sink.by_hand = True
    device = coap.device()
    number = device.send(Code.POST, TELEMETRY, VALUE, content_format=50)
    assert coap.sink.wait(1) == [VALUE]
    assert device.quiet()
    coap.sink.complete()
    answer = device.get()
    assert (answer.kind, answer.code, answer.id, answer.token) == (Kind.ACK, Code.CHANGED, number, b"t")
    assert coap.count("acknowledged") == 1


def test_a_late_answer_comes_by_itself(tmp_path: Path) -> None:
    """What is not durable in time is acknowledged with nothing, and answered by a message that wants confirmation."""
    with opened(tmp_path, limits=QUICK) as coap:
        coap.sink.by_hand = True
        device = coap.device()
        number = device.send(Code.POST, TELEMETRY, VALUE)
        empty = device.get()
        assert (empty.kind, empty.code, empty.id, empty.token) == (Kind.ACK, Code.EMPTY, number, b"")
        device.send(Code.POST, TELEMETRY, VALUE, number=number)
        assert device.get() == empty
        coap.sink.complete()
        answer = device.get()
        assert (answer.kind, answer.code, answer.token) == (Kind.CON, Code.CHANGED, b"t")
        assert device.get() == answer
        device.acknowledge(answer)
        until(lambda: len(coap.endpoint._loop._confirming) == 0)
        assert (coap.count("separate"), coap.count("unconfirmed")) == (1, 0)
        assert len(coap.sink.payloads()) == 1


def test_what_nobody_confirms_is_given_up(tmp_path: Path) -> None:
    """After the last attempt nothing is sent, and it is counted."""
    with opened(tmp_path, limits=QUICK) as coap:
        coap.sink.by_hand = True
        device = coap.device()
        device.send(Code.POST, TELEMETRY, VALUE)
        device.get()
        coap.sink.complete()
        assert len({device.get() for _ in range(3)}) == 1
        until(lambda: coap.count("unconfirmed") == 1)
        assert coap.count("retransmitted") == 2


def test_what_comes_twice_is_done_once(coap: Plant) -> None:
    """The same id gives the same answer again, also while the first is under way; another address is another peer."""
    coap.sink.by_hand = True
    device = coap.device()
    number = device.send(Code.POST, TELEMETRY, VALUE)
    device.send(Code.POST, TELEMETRY, VALUE, number=number)
    coap.sink.wait(1)
    until(lambda: coap.count("repeated") == 1)
    coap.sink.complete()
    answer = device.get()
    assert device.quiet()
    device.send(Code.POST, TELEMETRY, VALUE, number=number)
    assert device.get() == answer
    assert len(coap.sink.payloads()) == 1
    coap.sink.by_hand = False
    assert coap.device().ask(Code.POST, TELEMETRY, VALUE, number=number).code == Code.CHANGED
    assert len(coap.sink.payloads()) == 2


def test_ids_are_remembered_in_bounded_memory(tmp_path: Path) -> None:
    """Of more than are remembered the oldest is forgotten, and counted; together all peers have a bound, too."""
    with opened(tmp_path, limits=Limits(exchanges=20, exchanges_total=30)) as coap:
        devices = [coap.device() for _ in range(2)]
        for device in devices:
            for _ in range(25):
                assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        assert coap.count("forgotten") == (25 - 20) + (25 - 16)
        assert coap.endpoint._loop.peers.budget.held <= 36


def test_what_is_not_confirmable_is_answered_likewise(coap: Plant) -> None:
    """NON begets NON with an id of its own; a repetition is passed over; silence can be asked for (RFC 7967)."""
    device = coap.device()
    number = device.send(Code.POST, TELEMETRY, VALUE, kind=Kind.NON)
    answer = device.get()
    assert (answer.kind, answer.code, answer.token) == (Kind.NON, Code.CHANGED, b"t")
    device.send(Code.POST, TELEMETRY, VALUE, kind=Kind.NON, number=number)
    device.send(Code.POST, TELEMETRY, VALUE, kind=Kind.NON, no_response=2)
    assert device.quiet()
    device.send(Code.POST, TELEMETRY, b"{", kind=Kind.NON, content_format=50, no_response=2)
    assert device.get().code == Code.BAD_REQUEST
    assert len(coap.sink.payloads()) == 2


def test_a_ping_is_answered_and_what_is_no_message_is_not(coap: Plant) -> None:
    """Empty and confirmable: reset. Broken and confirmable: reset. Everything else that is none: silence."""
    device = coap.device()
    for data in (encode(Message(Kind.CON, 0, 7)), bytes.fromhex("40010007ff"), bytes.fromhex("4045000700")[:4]):
        device.raw(data)
        answer = device.get()
        assert (answer.kind, answer.code, answer.id) == (Kind.RST, 0, 7)
    for data in (b"", b"\x40", b"\xff" * 40, bytes.fromhex("00010007"), bytes.fromhex("50010007ff"),
                 encode(Message(Kind.ACK, 0, 9)), encode(Message(Kind.RST, 0, 9)), bytes.fromhex("60450007"),
                 bytes.fromhex("60010007")):  # fmt: skip
        device.raw(data)
    device.raw(b"\x40" * 9_000)
    assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
    assert device.quiet()
    assert coap.count("too_large") == 1
    assert coap.count("malformed") >= 4


def test_an_unknown_critical_option_is_refused(coap: Plant) -> None:
    """With 4.02 where an answer is asked for, with a reset otherwise (RFC 7252, section 5.4.1)."""
    device = coap.device()
    data = encode(Message(Kind.CON, Code.GET, 7, b"t", ((11, b"twins"), (9, b""))))
    device.raw(data)
    answer = device.get()
    assert (answer.code, answer.token, b"option 9" in answer.payload) == (Code.BAD_OPTION, b"t", True)
    device.raw(bytes((data[0] | 0x10, *data[1:3], 8, *data[4:])))
    answer = device.get()
    assert (answer.kind, answer.id) == (Kind.RST, 8)


def test_a_full_log_is_told_and_recovers(coap: Plant) -> None:
    """Overloaded is 5.03 with the seconds to wait; when there is room again the same device is served."""
    device = coap.device()
    coap.sink.error = Overloaded("the disk is full", retry_after=3.0)
    answer = device.ask(Code.POST, TELEMETRY, VALUE)
    assert (answer.code, dict(answer.options)[14], answer.payload) == (Code.UNAVAILABLE, b"\x03", b"the disk is full")
    busy = [coap.endpoint.busy]
    coap.sink.error = None
    assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
    busy.append(coap.endpoint.busy)
    assert busy == [True, False]
    assert len(coap.sink.payloads()) == 1


def test_one_whose_data_may_not_be_kept_is_told(coap: Plant) -> None:
    """DataRefused is 4.00 with the reason, and others are stored."""
    device = coap.device()
    coap.sink.error = DataRefused("this person was erased")
    answer = device.ask(Code.POST, TELEMETRY, VALUE)
    assert (answer.code, answer.payload) == (Code.BAD_REQUEST, b"this person was erased")
    coap.sink.error = None
    assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED


def test_after_a_failure_nothing_is_accepted(coap: Plant) -> None:
    """A sink that fails is told as our fault, and everything after it is refused."""
    device = coap.device()
    coap.sink.error = StorageFailed("the disk is gone")
    assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.INTERNAL_ERROR
    coap.sink.error = None
    answer = device.ask(Code.POST, TELEMETRY, VALUE)
    assert answer.code == Code.UNAVAILABLE
    assert coap.endpoint.failure == "the disk is gone"
    assert coap.sink.payloads() == []


def test_a_flood_from_one_peer_starves_nobody(tmp_path: Path) -> None:
    """Beyond its requests at a time a peer is told to wait; another is served meanwhile."""
    with opened(tmp_path, limits=Limits(pending=8)) as coap:
        coap.sink.by_hand = True
        loud, calm = coap.device("P-8"), coap.device()
        for _ in range(200):
            loud.send(Code.POST, "twins/Pump/P-8/telemetry", VALUE)
        refused = [loud.get() for _ in range(192)]
        assert {answer.code for answer in refused} == {Code.UNAVAILABLE}
        calm.send(Code.POST, TELEMETRY, VALUE)
        coap.sink.wait(9)
        coap.sink.complete()
        assert calm.get().code == Code.CHANGED
        assert [loud.get().code for _ in range(8)] == [Code.CHANGED] * 8
        assert coap.count("refused_busy") == 192


def test_no_more_peers_than_there_is_room_for(tmp_path: Path) -> None:
    """The one unheard for longest is forgotten, and counted; it can come again."""
    with opened(tmp_path, limits=Limits(peers=3)) as coap:
        devices = [coap.device() for _ in range(6)]
        for device in (*devices, devices[0]):
            assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        assert coap.count("dropped_peers") == 4
        assert len(coap.endpoint._loop.peers) == 3


def test_who_observes_keeps_its_place(tmp_path: Path) -> None:
    """Of the peers that must make room one that waits for nothing goes first, and silent ones go by themselves."""
    with opened(tmp_path, limits=Limits(peers=3, peer_seconds=0.2)) as coap:
        observing = coap.device()
        assert observing.ask(Code.GET, COMMANDS, observe=0).code == Code.CONTENT
        for _ in range(4):
            assert coap.device("P-8").ask(Code.POST, "twins/Pump/P-8/telemetry", VALUE).code == Code.CHANGED
        coap.endpoint.publish(COMMANDS, b"{}")
        assert observing.get().payload == b"{}"
        until(lambda: len(coap.endpoint._loop.peers) == 1)
        assert coap.endpoint._loop.peers.budget.held == 0


def test_the_end_is_told_to_observers(coap: Plant) -> None:
    """What is on its way is answered, observers hear that nothing more comes, and the thread ends."""
    coap.sink.by_hand = True
    device = coap.device()
    assert device.ask(Code.GET, STATE, token=b"s", observe=0).code == Code.NOT_FOUND
    assert device.ask(Code.GET, COMMANDS, token=b"o", observe=0).code == Code.CONTENT
    device.send(Code.POST, TELEMETRY, VALUE)
    coap.sink.wait(1)
    coap.endpoint._loop.later(coap.endpoint._loop.stop)
    coap.sink.complete()
    assert device.get().code == Code.CHANGED
    last = device.get()
    assert (last.code, last.token) == (Code.UNAVAILABLE, b"o")
    coap.endpoint.stop()
    coap.endpoint.publish(COMMANDS, b"{}")


def test_what_comes_too_fast_is_passed_over_and_the_others_are_served(tmp_path: Path) -> None:
    """While the log holds everything up a flood fills the socket; behind it a calm device gets its answer."""
    held = threading.Event()
    with opened(tmp_path, limits=Limits(turn_datagrams=20, turn_each=2)) as coap:
        plain = coap.sink.__call__

        def slow(frames: Frames) -> Ticket:
            held.wait(10)
            return plain(frames)

        coap.endpoint._loop.intake._sink = slow
        loud, calm = coap.device("P-8"), coap.device()
        for _ in range(200):
            loud.send(Code.POST, "twins/Pump/P-8/telemetry", VALUE, kind=Kind.NON, no_response=26)
        calm.send(Code.POST, TELEMETRY, VALUE)
        held.set()
        assert calm.get().code == Code.CHANGED
        assert coap.count("dropped_flood") > 50
        assert loud.ask(Code.POST, "twins/Pump/P-8/telemetry", VALUE).code == Code.CHANGED


def test_it_listens_on_ipv6_too(tmp_path: Path) -> None:
    """On ::1 as on 127.0.0.1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("there is no IPv6 on this machine")
    with opened(tmp_path, address=("::1", 0)) as coap:
        device = Client(coap.endpoint.port, "name=P-7", host="::1")
        assert device.ask(Code.POST, TELEMETRY, VALUE).code == Code.CHANGED
        assert [one.address for one in coap.endpoint.connections()] == ["::1"]
        device.close()
