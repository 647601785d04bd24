"""The client of a broker: what is acknowledged when, what outlives a connection, and how it ends."""

import threading
from collections.abc import Iterator

import pytest

from pollux.connect.broker.channel import Channel
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V3, V5, Ack, Connack, Connect, Farewell, Ping, Publish, Subscribe
from pollux.connect.wire.properties import Kind, Properties
from pollux.connect.wire.reasons import Reason
from pollux.errors import DataRefused, Overloaded, StorageFailed
from tests.connect.broker.rig import FILTERS, TOPIC, FakeBroker, Rig, client_of, in_an_hour, running
from tests.connect.rig import HandSink, until


@pytest.fixture(params=["plain", "compiled"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """A running client, once with each splitter."""
    if request.param == "compiled":
        pytest.importorskip("numba")
    with running(request.param) as found:
        yield found


@pytest.mark.parametrize("level", [V3, V5], ids=["3.1.1", "5"])
def test_it_acknowledges_what_is_durable_in_order(level: int) -> None:
    """Nothing is acknowledged before the log has it; then everything is, in the order in which it came."""
    with running(level=level) as rig:
        rig.sink.by_hand = True
        line = rig.broker.line()
        hello = line.welcome()
        assert (hello.level, hello.clean, hello.client_id) == (level, False, "pollux-test")
        for n in (1, 2, 3):
            line.message(n)
        assert rig.sink.wait(3) == [b"1", b"2", b"3"]
        line.message(4)
        rig.sink.wait(4)
        assert line.silent()
        for ticket in reversed(list(rig.sink.tickets)):
            ticket.complete()
        assert line.acks(4) == [1, 2, 3, 4]
        assert rig.client.trouble == ""
        assert rig.client.level == level


def test_the_later_batch_waits_for_the_earlier(rig: Rig) -> None:
    """Where a later batch becomes durable first nothing is acknowledged yet."""
    rig.sink.by_hand = True
    line = rig.broker.line()
    line.welcome()
    line.message(1)
    rig.sink.wait(1)
    line.message(2)
    rig.sink.wait(2)
    first, second = rig.sink.tickets
    second.complete()
    assert line.silent()
    first.complete()
    assert line.acks(2) == [1, 2]


def test_what_is_said_to_the_broker(rig: Rig) -> None:
    """Session expiry, receive maximum and largest packet are told; filters are asked for at QoS 1 without old news."""
    line = rig.broker.line()
    hello = line.welcome(subscribed=False)
    said = hello.properties
    assert (said.session_expiry, said.receive_maximum, said.maximum_packet) == (7 * 86_400, 500, 1 << 20)
    assert [(wish.filter, wish.qos, wish.retained) for wish in line.granted().wishes] == [(f, 1, 2) for f in FILTERS]


def test_qos_0_and_2(rig: Rig) -> None:
    """QoS 0 is taken without an answer; at QoS 2 each step follows the log, and a repetition is handed over once."""
    line = rig.broker.line()
    line.welcome()
    line.message(1, 0)
    line.message(2, 2)
    assert rig.sink.wait(2) == [b"1", b"2"]
    assert line.acks(1, Kind.PUBREC) == [2]
    line.close()
    line = rig.broker.line()
    line.welcome(present=True, subscribed=False)
    line.message(2, 2, dup=True)
    assert line.acks(1, Kind.PUBREC) == [2]
    line.send(Ack(Kind.PUBREL, 2))
    assert line.acks(1, Kind.PUBCOMP) == [2]
    line.message(2, 2)
    assert line.acks(1, Kind.PUBREC) == [2]
    assert rig.sink.payloads() == [b"1", b"2", b"2"]
    assert rig.count("repeated_qos2") == 1
    line.send(Ack(Kind.PUBREL, 99))
    ended = line.expect(Ack)
    assert (ended.kind, ended.reason) == (Kind.PUBCOMP, Reason.PACKET_ID_NOT_FOUND)


def test_a_message_of_qos_2_that_is_not_durable_yet_is_repeated_into_nothing(rig: Rig) -> None:
    """PUBREC of a message that came again on a new connection waits for the log as the first one did."""
    rig.sink.by_hand = True
    line = rig.broker.line()
    line.welcome()
    line.message(2, 2)
    rig.sink.wait(1)
    line.close()
    line = rig.broker.line()
    line.welcome(present=True, subscribed=False)
    line.message(2, 2, dup=True)
    rig.until("repeated_qos2", 1)
    assert line.silent()
    rig.sink.complete()
    assert line.acks(1, Kind.PUBREC) == [2]
    assert rig.sink.payloads() == [b"2"]


def test_a_session_is_found_again_or_made_anew(rig: Rig) -> None:
    """With a session nothing is asked again, and old acknowledgements are not sent; without one everything is."""
    rig.sink.by_hand = True
    line = rig.broker.line()
    line.welcome()
    line.message(1)
    rig.sink.wait(1)
    line.close()
    until(lambda: rig.client.trouble)
    line = rig.broker.line()
    line.welcome(present=True, subscribed=False)
    rig.sink.complete()
    assert line.silent()
    line.message(1, dup=True)
    rig.sink.wait(2)
    rig.sink.complete()
    assert line.acks(1) == [1]
    line.close()
    line = rig.broker.line()
    line.welcome(present=False)
    until(lambda: rig.client.connected)
    assert (rig.count("resumed"), rig.count("lost_sessions"), rig.count("lost_connections")) == (1, 1, 2)


def test_subscriptions_that_are_not_granted_are_trouble(rig: Rig) -> None:
    """A filter that the broker refuses, or grants at QoS 0 only, is named."""
    line = rig.broker.line()
    line.welcome(subscribed=False)
    line.granted(0x87)
    until(lambda: "may not be heard: not authorized" in rig.client.trouble)
    assert rig.count("refused_subscriptions") == 2
    line.close()
    line = rig.broker.line()
    line.welcome(present=False, subscribed=False)
    line.granted(0)
    until(lambda: "at QoS 0 only" in rig.client.trouble)


def test_a_broker_of_3_1_1_is_spoken_to_in_3_1_1(rig: Rig) -> None:
    """A broker that refuses 5, in its own form, is called again at once in 3.1.1, and from then on."""
    line = rig.broker.line()
    assert line.expect(Connect).level == V5
    line.raw(bytes([0x20, 2, 0, 1]))
    line = rig.broker.line()
    assert line.welcome().level == V3
    line.message(1)
    assert line.acks(1) == [1]
    line.close()
    assert rig.broker.line().welcome(present=True, subscribed=False).level == V3
    until(lambda: rig.client.level == V3)
    assert rig.count("fallbacks") == 1


def test_a_broker_that_hangs_up_on_5_is_tried_in_3_1_1(rig: Rig) -> None:
    """Silence is no refusal: 3.1.1 is tried once, and 5 again after that."""
    levels: list[int] = []
    for _ in range(3):
        line = rig.broker.line()
        levels.append(line.expect(Connect).level)
        line.close()
    assert levels == [V5, V3, V5]


@pytest.mark.parametrize(
    ("code", "words"), [(0x86, "bad credentials"), (0x87, "not authorized"), (0x85, "client id invalid")]
)
def test_why_it_is_refused(code: int, words: str) -> None:
    """What the broker says of a refusal is told."""
    with running() as rig:
        line = rig.broker.line()
        line.expect(Connect)
        line.send(Connack(code, properties=Properties(reason="no \x1b[2J such user")))
        until(lambda: rig.client.trouble == f'it refuses us: {words}, "no ?[2J such user"')
        assert not rig.client.connected


@pytest.mark.parametrize(
    ("raw", "counter", "reason"),
    [
        (bytes([0x30, 3, 0, 9, 1]), "malformed", Reason.MALFORMED_PACKET),
        (bytes([0x36, 0xFF, 0xFF, 0xFF, 0xFF]), "malformed", Reason.MALFORMED_PACKET),
        (bytes([0x30, 0xFF, 0xFF, 0xFF, 0x7F]), "too_large", Reason.PACKET_TOO_LARGE),
        (bytes([0x82, 7, 0, 1, 0, 0, 1, 97, 0]), "protocol_errors", Reason.PROTOCOL_ERROR),
        (bytes([0x10, 0]), "malformed", Reason.MALFORMED_PACKET),
        (bytes([0xF0, 1, 0]), "protocol_errors", Reason.PROTOCOL_ERROR),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection(rig: Rig, raw: bytes, counter: str, reason: Reason) -> None:
    """It is told why, counted, and tried again; what was acknowledged before stays so."""
    line = rig.broker.line()
    line.welcome()
    line.message(1)
    assert line.acks(1) == [1]
    line.raw(raw)
    goodbye = line.expect(Farewell)
    assert goodbye.reason == reason
    assert line.next() is None
    line.close()
    line = rig.broker.line()
    line.welcome(present=True, subscribed=False)
    line.message(2)
    assert line.acks(1) == [2]
    assert rig.count(counter) == 1


def test_more_than_the_receive_maximum() -> None:
    """Of a broker that has more on its way than it was told no more is read until that is durable; nothing is lost."""
    with running(receive_maximum=3) as rig:
        rig.sink.by_hand = True
        line = rig.broker.line()
        line.welcome()
        for n in range(1, 6):
            line.message(n)
        rig.until("over_receive_maximum", 1)
        until(lambda: rig.count("paused"))
        line.message(6)
        assert line.silent()
        assert len(rig.sink.payloads()) < 6
        rig.sink.by_hand = False
        rig.sink.complete()
        assert line.acks(6) == [1, 2, 3, 4, 5, 6]
        assert rig.sink.payloads() == [b"%d" % n for n in range(1, 7)]
        assert rig.count("lost_connections") == 0


def test_only_what_the_mapping_names_is_heard(rig: Rig) -> None:
    """Another topic, and another type's, is acknowledged, counted and shown, and never handed over."""
    line = rig.broker.line()
    line.welcome()
    for n, topic in enumerate((b"plant/l1/P-7/other", b"twins/Pump/P-7/telemetry", b"plant/l1/P\xc3-7/telemetry"), 1):
        line.message(n, topic=topic)
    line.message(4)
    assert line.acks(4) == [1, 2, 3, 4]
    assert rig.sink.messages() == [("broker:test", TOPIC, b"4")]
    assert rig.count("refused") == 3
    assert [letter.topic for letter in rig.letters][:2] == ["plant/l1/P-7/other", "twins/Pump/P-7/telemetry"]


def test_old_news_is_left_out() -> None:
    """A retained message is acknowledged and not believed, unless it was asked for."""
    for asked in (False, True):
        with running(retained=asked) as rig:
            line = rig.broker.line()
            line.welcome()
            line.message(1, retain=True)
            line.message(2)
            assert line.acks(2) == [1, 2]
            assert rig.sink.payloads() == ([b"1", b"2"] if asked else [b"2"])


def test_properties_name_the_encoding(rig: Rig) -> None:
    """A content type decides; so does a suffix."""
    line = rig.broker.line()
    line.welcome()
    line.message(1, properties=Properties(content_type="application/cbor", user=(("a", "b"),)))
    line.message(2, topic=TOPIC + b"/json")
    line.message(3)
    line.acks(3)
    codes = [int(code) for ticket in rig.sink.tickets for code in ticket.frames.encoding]
    assert codes == [2, 1, 0]


def test_an_answer_to_an_order_is_kept_under_its_native_topic(rig: Rig) -> None:
    """Whatever the broker calls it."""
    line = rig.broker.line()
    line.welcome()
    line.message(1, topic=b"plant/l1/P-7/cmd/ack")
    assert line.acks(1) == [1]
    assert rig.sink.messages() == [("broker:test", b"twins/Pump/P-7/commands/ack", b"1")]


def test_packets_cut_anywhere(rig: Rig) -> None:
    """Byte by byte it is the same."""
    line = rig.broker.line()
    hello = line.expect(Connect)
    assert hello.client_id == "pollux-test"
    for byte in encode(Connack(0), V5):
        line.raw(bytes([byte]))
    line.granted()
    for byte in b"".join(encode(Publish(TOPIC, b"%d" % n, 1, packet_id=n), V5) for n in (1, 2)):
        line.raw(bytes([byte]))
    assert line.acks(2) == [1, 2]
    assert rig.sink.payloads() == [b"1", b"2"]


def test_a_broker_that_does_not_answer_is_left() -> None:
    """Neither CONNECT nor SUBSCRIBE waits for ever."""
    with running(connect_seconds=0.3) as rig:
        line = rig.broker.line()
        line.expect(Connect)
        until(lambda: "does not answer CONNECT within 0.3 s" in rig.client.trouble)
        line = rig.broker.line()
        line.welcome(subscribed=False)
        line.expect(Subscribe)
        until(lambda: rig.client.trouble == "it does not answer SUBSCRIBE within 0.3 s")


def test_a_broker_that_reads_nothing_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded, because nothing more is read of it; when it reads again all is acknowledged."""
    stuck, flush = threading.Event(), Channel.flush
    monkeypatch.setattr("pollux.connect.broker.exchange.UNREAD", 1_000)
    monkeypatch.setattr(Channel, "flush", lambda channel: None if stuck.is_set() else flush(channel))
    with running() as rig:
        line = rig.broker.line()
        line.welcome()
        until(lambda: rig.client.connected)
        stuck.set()
        line.send(*(Publish(TOPIC, b"x", 1, packet_id=n) for n in range(1, 301)))
        rig.until("paused", 1)
        line.message(301)
        assert line.silent()
        assert len(rig.sink.payloads()) == 300
        stuck.clear()
        assert line.acks(301) == list(range(1, 302))


def test_keep_alive() -> None:
    """A silent broker is asked; one that does not answer is left."""
    with running(keep_alive=1) as rig:
        line = rig.broker.line()
        line.welcome()
        assert line.expect(Ping).kind is Kind.PINGREQ
        line.send(Ping(Kind.PINGRESP))
        line.expect(Ping)
        assert line.next() is None
        rig.until("timeout_keep_alive", 1)


def test_the_brokers_keep_alive_holds() -> None:
    """What the broker says in CONNACK counts."""
    with running(keep_alive=600) as rig:
        line = rig.broker.line()
        line.welcome(said=Properties(server_keep_alive=1))
        line.expect(Ping)


def test_a_full_disk_stops_reading_and_nothing_else(rig: Rig) -> None:
    """While the log has no room nothing is acknowledged; when it has, everything goes on."""
    line = rig.broker.line()
    line.welcome()
    rig.sink.error = Overloaded("the disk is full", retry_after=1.0)
    line.message(1)
    until(lambda: rig.client.busy)
    line.message(2)
    assert line.silent()
    rig.sink.error = None
    assert line.acks(2) == [1, 2]
    assert rig.count("paused") == 1


def test_what_may_not_be_kept_holds_up_nobody(rig: Rig) -> None:
    """Of a batch with a message that the log refuses the others are kept, all are acknowledged, one is counted."""
    sink = rig.sink

    def picky(frames: object) -> object:
        if b"2" in [bytes(frames.payload(i)) for i in range(len(frames))]:  # type: ignore[attr-defined,arg-type]
            raise DataRefused("of a person who was erased")
        return sink(frames)  # type: ignore[arg-type]

    rig.client._delivery._sink = picky  # type: ignore[assignment]
    line = rig.broker.line()
    line.welcome()
    line.raw(b"".join(encode(Publish(TOPIC, b"%d" % n, 1, packet_id=n), V5) for n in (1, 2, 3)))
    assert line.acks(3) == [1, 2, 3]
    assert (sink.payloads(), rig.count("refused_data")) == ([b"1", b"3"], 1)
    assert [one.detail for one in rig.letters] == ["of a person who was erased"]


def test_a_failed_log_ends_it_for_good(rig: Rig) -> None:
    """Nothing more is acknowledged; the broker is left with its session, and keeps what follows."""
    line = rig.broker.line()
    line.welcome()
    rig.sink.error = StorageFailed("the disk is gone")
    line.message(1)
    assert line.expect(Farewell).reason == Reason.SUCCESS
    assert line.next() is None
    assert "the disk is gone" in rig.client.trouble


def test_it_ends_with_a_goodbye_after_its_last_word() -> None:
    """Stopping acknowledges what becomes durable within a moment, and leaves the session to the broker."""
    with running() as rig:
        line = rig.broker.line()
        line.welcome()
        line.message(1)
        rig.sink.wait(1)
        assert line.acks(1) == [1]
        rig.client.stop()
        goodbye = line.expect(Farewell)
        assert (goodbye.reason, goodbye.properties.session_expiry) == (0, None)


def test_a_broker_that_is_not_there_is_tried_again() -> None:
    """Starting does not fail; why it is not heard is told; when it comes it is found."""
    gone = FakeBroker()
    port = gone.port
    gone.close()
    client = client_of(port, HandSink(), [])
    client.start()
    try:
        until(lambda: client.trouble == "it cannot be reached: Connection refused")
        until(lambda: client.counters["failed_connects"] >= 3)
    finally:
        client.stop()


def test_orders_leave_and_are_confirmed(rig: Rig) -> None:
    """An order goes at QoS 1 with what is left of its time, and is gone when the broker has it."""
    line = rig.broker.line()
    line.welcome()
    rig.client.publish("plant/l1/P-7/cmd", b"go", expires=in_an_hour())
    order = line.expect(Publish)
    assert (order.topic, order.payload, order.qos, order.dup) == (b"plant/l1/P-7/cmd", b"go", 1, False)
    assert 3590 <= (order.properties.message_expiry or 0) <= 3600
    line.send(Ack(Kind.PUBACK, order.packet_id))
    rig.until("confirmed", 1)


def test_an_order_waits_for_the_broker_but_not_beyond_its_time(rig: Rig) -> None:
    """One whose time is over is counted and never sent; the other is."""
    rig.client.publish("a", b"old", expires=1)
    rig.client.publish("a", b"good", expires=in_an_hour())
    line = rig.broker.line()
    line.welcome()
    assert line.expect(Publish).payload == b"good"
    assert rig.count("expired") == 1


def test_an_unconfirmed_order_is_sent_again_only_in_the_same_session(rig: Rig) -> None:
    """With the session it comes again, marked; without it nobody knows, and it is counted as lost."""
    line = rig.broker.line()
    line.welcome()
    rig.client.publish("a", b"go", expires=in_an_hour())
    first = line.expect(Publish)
    line.close()
    line = rig.broker.line()
    line.welcome(present=True, subscribed=False)
    again = line.expect(Publish)
    assert (again.packet_id, again.dup, again.payload) == (first.packet_id, True, b"go")
    line.close()
    line = rig.broker.line()
    line.welcome(present=False)
    assert line.silent()
    assert rig.count("lost_publish") == 1


def test_only_so_many_orders_wait() -> None:
    """Beyond that whoever asks is told."""
    client = client_of(1, HandSink(), [], posted=2)
    client.publish("a", b"1")
    client.publish("a", b"2")
    with pytest.raises(Overloaded):
        client.publish("a", b"3")
    client.stop()


def test_what_the_broker_allows_is_kept(rig: Rig) -> None:
    """No more orders are on their way than it takes, none is larger, and none at a QoS that it does not speak."""
    line = rig.broker.line()
    line.welcome(said=Properties(receive_maximum=1, maximum_packet=100))
    for payload in (b"1", bytes(200), b"2"):
        rig.client.publish("a", payload)
    first = line.expect(Publish)
    assert line.silent()
    line.send(Ack(Kind.PUBACK, first.packet_id))
    assert line.expect(Publish).payload == b"2"
    assert rig.count("refused_publish") == 1
    line.close()
    line = rig.broker.line()
    line.welcome(said=Properties(maximum_qos=0))
    rig.client.publish("a", b"3")
    assert (line.expect(Publish).qos, line.silent()) == (0, True)


def test_many_filters_go_in_small_packets() -> None:
    """Eight in a SUBSCRIBE, as some brokers want it; ready when all are answered."""
    filters = tuple(f"plant/{n}/+/telemetry" for n in range(20))
    with running(filters=filters) as rig:
        line = rig.broker.line()
        line.welcome(subscribed=False)
        asked = [line.granted() for _ in range(3)]
        assert [wish.filter for one in asked for wish in one.wishes] == list(filters)
        assert isinstance(asked[0], Subscribe)
        until(lambda: rig.client.connected)
