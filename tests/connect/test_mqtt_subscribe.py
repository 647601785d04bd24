"""Subscribing: who hears what, once and in order, and nobody what it may not."""

import pytest

from pollux.clock import SECOND
from pollux.connect import Limits
from pollux.connect.wire.packets import V3, V5, Ack, Answers, Publish, Wish
from pollux.connect.wire.properties import Kind, Properties
from pollux.connect.wire.reasons import Reason
from pollux.errors import DataRefused
from pollux.guard import Identity
from tests.connect.rig import TELEMETRY, Client, OpenGate, Plant, running, until

STATE = "twins/Pump/P-7/state"
COMMANDS = "twins/Pump/P-7/commands"


def viewer(plant: Plant, level: int, name: str = "ann", **options: object) -> Client:
    """Somebody who may read everything."""
    return plant.device(name, level=level, **options)


def state(payload: bytes, *, qos: int = 0, retain: bool = False, topic: str = STATE) -> Publish:
    return Publish(topic.encode(), payload, qos, retain)


def test_a_published_message_is_heard(plant: Plant, level: int) -> None:
    """Telemetry reaches whoever may read it, at the lower of both QoS, once it is durable and not before."""
    plant.sink.by_hand = True
    hearer, device = viewer(plant, level), plant.device(level=level)
    assert hearer.subscribe("twins/Pump/+/telemetry") == (1,)
    device.publish(b"1", qos=1, packet_id=5)
    device.publish(b"0")
    plant.sink.wait(2)
    assert hearer.quiet()
    plant.sink.complete()
    first, second = hearer.message(), hearer.message()
    assert {(first.payload, first.qos), (second.payload, second.qos)} == {(b"1", 1), (b"0", 0)}
    assert device.get() == Ack(Kind.PUBACK, 5)


@pytest.mark.parametrize(
    ("wanted", "topic", "heard"),
    [
        ("twins/Pump/P-7/state", STATE, True),
        ("twins/+/+/state", STATE, True),
        ("twins/#", STATE, True),
        ("#", STATE, True),
        ("twins/Pump/P-7/state/#", STATE, True),
        ("+/+/+/+", STATE, True),
        ("+/+/+", STATE, False),
        ("/#", STATE, False),
        ("twins/Pump/+", STATE, False),
        ("+/#", STATE, True),
    ],
)
def test_wildcards(plant: Plant, wanted: str, topic: str, heard: bool) -> None:
    """Filters match by levels as the standard says."""
    client = viewer(plant, V3)
    assert client.subscribe(wanted) in ((1,), (0x80,))
    plant.endpoint.publish(topic, b"x")
    until(lambda: plant.count("published") == 1)
    if heard:
        assert client.message().payload == b"x"
    assert client.quiet()


def test_dollar_topics_are_hidden_from_wildcards(plant: Plant, level: int) -> None:
    """A topic that begins with $ is matched by no filter that begins with a wildcard, and nobody may name it."""
    client = viewer(plant, level)
    assert client.subscribe("#", "+/info") == (1, 1)
    plant.endpoint.publish("$SYS/info", b"x")
    until(lambda: plant.count("published") == 1)
    assert client.quiet()
    assert client.subscribe("$SYS/info")[0] >= 0x80


def test_a_subscription_to_everything_delivers_what_may_be_read() -> None:
    """Behind `#` each message is asked for: readers of one pump hear that one only, devices only their commands."""
    only = Identity("", "bob", "person", frozenset({"viewer"}), ("Pump/P-7",), grant="test")
    with running(gate=OpenGate(people=(only,))) as plant:
        bob, device = plant.device("bob"), plant.device("P-7")
        for client in (bob, device):
            assert client.subscribe("#") == (1,)
        for topic in ("twins/Pump/P-8/state", STATE, "twins/Pump/P-8/commands", COMMANDS, "nonsense"):
            plant.endpoint.publish(topic, topic.encode(), retain=True)
        assert bob.message().topic == STATE.encode()
        assert bob.quiet()
        assert device.message().topic == COMMANDS.encode()
        assert device.quiet()
        assert plant.count("hidden") > 0
        late = plant.device("bob", client_id="late")
        late.subscribe("#")
        assert late.message().topic == STATE.encode()
        assert late.quiet()


def test_what_may_not_be_heard_is_refused(plant: Plant, level: int) -> None:
    """A filter without wildcards that may not be read is refused, whether it exists or not."""
    device = plant.device(level=level)
    code = Reason.NOT_AUTHORIZED if level == V5 else 0x80
    wanted = ("twins/Pump/P-8/commands", "twins/Pump/P-7/state", "no/such/topic", COMMANDS)
    assert device.subscribe(*wanted) == (code, code, code, 1)
    assert plant.count("refused_subscriptions") == 3


def test_invalid_filters_are_refused(plant: Plant, level: int) -> None:
    """Misplaced wildcards, too long and too deep filters, groups without name or filter are refused."""
    wrong = ("a#", "a/#/b", "+a/b", "x" * 600, "a/" * 20 + "#", "$share/group", "$share//twins/#", "$share/a+/twins/#")
    refused = Reason.TOPIC_FILTER_INVALID if level == V5 else 0x80
    assert viewer(plant, level).subscribe(*wrong) == (refused,) * len(wrong)


def test_a_reticent_endpoint_keeps_its_reasons(level: int) -> None:
    """It refuses what is forbidden, what is no filter and what is too much with 0x80 alone, in 5 as in 3.1.1, and
    grants as ever: the code for a server that does not wish to reveal the reason (MQTT 5.0, 3.9.3)."""
    with running(limits=Limits(subscriptions=1, arena_bytes=4 << 20), reticent=True) as plant:
        device = plant.device(level=level)
        assert device.subscribe("twins/Pump/P-7/state", "a#", COMMANDS, "twins/#") == (0x80, 0x80, 1, 0x80)
        assert plant.count("refused_subscriptions") == 3


def test_every_qos_is_granted(plant: Plant, level: int) -> None:
    """A filter is granted at the QoS that was asked for."""
    assert viewer(plant, level).subscribe(Wish("twins/#", 2), Wish("+", 0), Wish("a/+", 1)) == (2, 0, 1)


def test_subscriptions_are_bounded(level: int) -> None:
    """A client may have so many subscriptions and no more, also within one packet; renewing one is always possible."""
    with running(limits=Limits(subscriptions=3, arena_bytes=4 << 20)) as plant:
        client = viewer(plant, level)
        code = Reason.QUOTA_EXCEEDED if level == V5 else 0x80
        assert client.subscribe("a/+", "b/+", "c/+", "d/+") == (1, 1, 1, code)
        assert client.subscribe(Wish("a/+", 0)) == (0,)


def test_overlapping_subscriptions_deliver_once(plant: Plant, level: int) -> None:
    """A message that several filters of a client match arrives once, at the highest QoS among them."""
    client = viewer(plant, level)
    client.subscribe(Wish("twins/#", 0), Wish("twins/Pump/#", 1), Wish(STATE, 0))
    plant.endpoint.publish(STATE, b"x", qos=1)
    found = client.message()
    assert (found.payload, found.qos) == (b"x", 1)
    assert client.quiet()


def test_unsubscribe(plant: Plant, level: int) -> None:
    """What is unsubscribed is not heard any more; in 5 the answer says what there had been."""
    client = viewer(plant, level)
    client.subscribe(STATE, "twins/+/P-7/state")
    answer = client.unsubscribe(STATE, "never/asked")
    assert answer == Answers(Kind.UNSUBACK, 78, (0, Reason.NO_SUBSCRIPTION_EXISTED) if level == V5 else ())
    plant.endpoint.publish(STATE, b"1")
    assert client.message().payload == b"1"
    client.unsubscribe("twins/+/P-7/state")
    plant.endpoint.publish(STATE, b"2")
    until(lambda: plant.count("published") == 2)
    assert client.quiet()


def test_retained_messages_meet_the_newcomer(plant: Plant, level: int) -> None:
    """The last retained message of each topic comes with the retain flag, live ones without; empty clears."""
    for number in range(3):
        plant.endpoint.publish(f"twins/Pump/P-{number}/state", b"old", retain=True)
        plant.endpoint.publish(f"twins/Pump/P-{number}/state", b"new-%d" % number, retain=True)
    client = viewer(plant, level)
    client.subscribe("twins/+/+/state")
    found = sorted((message.payload, message.retain) for message in (client.message() for _ in range(3)))
    assert found == [(b"new-0", True), (b"new-1", True), (b"new-2", True)]
    plant.endpoint.publish("twins/Pump/P-1/state", b"live", retain=True)
    live = client.message()
    assert (live.payload, live.retain) == (b"live", False)
    plant.endpoint.publish("twins/Pump/P-1/state", b"", retain=True)
    assert client.message().payload == b""
    late = viewer(plant, level, client_id="late")
    late.subscribe("twins/Pump/P-1/state", "twins/Pump/P-2/state")
    assert late.message().payload == b"new-2"
    assert late.quiet()


def test_many_are_retained_in_one_go(plant: Plant, level: int) -> None:
    """They arrive as if published one by one; where one is no topic none is sent."""
    hearer = viewer(plant, level)
    hearer.subscribe("twins/+/+/state")
    states = [(f"twins/Pump/P-{number}/state", b"%d" % number) for number in range(3)]
    with pytest.raises(DataRefused):
        plant.endpoint.publish_retained([*states, ("twins/#", b"")])
    plant.endpoint.publish_retained(states)
    assert [hearer.message().payload for _ in states] == [b"0", b"1", b"2"]
    assert plant.endpoint.counters["published"] == 3
    late = viewer(plant, level, client_id="late")
    late.subscribe("twins/Pump/P-1/state")
    assert (late.message().payload, late.quiet()) == (b"1", True)


def test_clients_may_retain(plant: Plant, level: int) -> None:
    """What a client publishes with the retain flag meets those who come later, at the QoS that both can."""
    device = plant.device(level=level)
    device.publish(b"kept", qos=1, packet_id=1, retain=True)
    device.get()
    hearer = viewer(plant, level)
    hearer.subscribe(Wish("twins/#", 1))
    found = hearer.message()
    assert (found.payload, found.qos, found.retain) == (b"kept", 1, True)


def test_retained_messages_are_bounded() -> None:
    """A full store refuses new topics, counts it, and still renews what it has."""
    with running(limits=Limits(retained=2, arena_bytes=4 << 20)) as plant:
        for number in range(3):
            plant.endpoint.publish(f"twins/Pump/P-{number}/state", b"x", retain=True)
        plant.endpoint.publish("twins/Pump/P-0/state", b"y", retain=True)
        until(lambda: plant.count("published") == 4)
        assert plant.count("refused_retained") == 1
        client = viewer(plant, V3)
        client.subscribe("twins/#")
        assert sorted(client.message().payload for _ in range(2)) == [b"x", b"y"]
        assert client.quiet()


def test_many_retained_messages_are_streamed(level: int) -> None:
    """More retained messages than a client's buffer holds all arrive, at the pace at which the client reads."""
    with running(limits=Limits(outgoing_bytes=20_000, arena_bytes=4 << 20)) as plant:
        for number in range(2_000):
            plant.endpoint.publish(f"twins/Pump/P-{number}/state", b"%d" % number * 10, retain=True)
        until(lambda: plant.count("published") == 2_000)
        client = viewer(plant, level)
        client.subscribe(Wish("twins/+/+/state", 0))
        assert len({client.message().topic for _ in range(2_000)}) == 2_000
        assert client.quiet()
        assert plant.count("dropped_oldest_qos0") == 0


def test_options_of_version_5(plant: Plant) -> None:
    """No local, retain as published, and the three ways of handling retained messages."""
    plant.endpoint.publish(STATE, b"kept", retain=True)
    admin = viewer(plant, V5, "root")
    assert admin.subscribe(Wish("twins/+/+/telemetry", 1, no_local=True, as_published=True)) == (1,)
    admin.publish(b"mine", qos=0)
    plant.device(level=V5).publish(b"theirs", retain=True)
    found = admin.message()
    assert (found.payload, found.retain) == (b"theirs", True)
    assert admin.quiet()
    for handling, times in ((2, 0), (1, 0), (0, 1), (0, 1)):
        admin.subscribe(Wish(STATE, 0, retained=handling))
        for _ in range(times):
            assert admin.message().payload == b"kept"
        assert admin.quiet()
    fresh = viewer(plant, V5, "root", client_id="fresh")
    fresh.subscribe(Wish(STATE, 0, retained=1))
    assert fresh.message().payload == b"kept"


def test_no_local_on_a_shared_subscription_is_an_error(plant: Plant) -> None:
    """The standard forbids no-local with shared subscriptions."""
    client = viewer(plant, V5)
    client.subscribe("a")
    client.raw(b"")
    from pollux.connect.wire.packets import Subscribe

    client.send(Subscribe(5, (Wish("$share/g/a", 0, no_local=True),)))
    assert client.refusal() == Reason.PROTOCOL_ERROR


def test_subscription_identifiers(plant: Plant) -> None:
    """A message carries the identifiers of all subscriptions that it matched, also a retained one."""
    client = viewer(plant, V5)
    client.subscribe("twins/#", said=Properties(subscription_ids=(3,)))
    client.subscribe(STATE, said=Properties(subscription_ids=(300,)))
    client.subscribe("+/+/+/state")
    plant.endpoint.publish(STATE, b"x", retain=True)
    assert set(client.message().properties.subscription_ids) == {3, 300}
    late = viewer(plant, V5, client_id="late")
    late.subscribe(STATE, said=Properties(subscription_ids=(9,)))
    assert late.message().properties.subscription_ids == (9,)


def test_properties_are_passed_on(plant: Plant) -> None:
    """Content type, response topic, correlation, format and user properties reach the hearer, and only they."""
    hearer = viewer(plant, V5)
    hearer.subscribe("twins/#")
    said = Properties(
        payload_format=1,
        content_type="application/json",
        response_topic="answers/here",
        correlation=b"\1\2",
        user=(("b", "2"), ("a", "1"), ("b", "3")),
        topic_alias=4,
    )
    plant.device(level=V5).publish(b"{}", said=said)
    assert hearer.message().properties == Properties(
        payload_format=1,
        content_type="application/json",
        response_topic="answers/here",
        correlation=b"\1\2",
        user=(("b", "2"), ("a", "1"), ("b", "3")),
    )
    old = viewer(plant, V3, client_id="old")
    old.subscribe("twins/#")
    plant.device("P-9", level=V5).publish(b"{}", topic=b"twins/Pump/P-9/telemetry", said=said)
    assert old.message().payload == b"{}"


def test_a_response_topic_has_no_wildcards(plant: Plant) -> None:
    """A response topic to which nobody could publish is refused."""
    client = plant.device(level=V5)
    client.publish(said=Properties(response_topic="a/+"))
    assert client.refusal() == Reason.TOPIC_NAME_INVALID


def test_messages_expire(plant: Plant) -> None:
    """A message that waits is passed on with the seconds it has left, and not at all when it has none."""
    device = plant.device(level=V5)
    device.publish(b"short", retain=True, said=Properties(message_expiry=10))
    device.publish(b"long", topic=TELEMETRY + b"/json", retain=True, said=Properties(message_expiry=1000))
    plant.sink.wait(2)
    plant.pass_time(30)
    hearer = viewer(plant, V5)
    hearer.subscribe("twins/#")
    found = hearer.message()
    assert (found.payload, found.properties.message_expiry) == (b"long", 970)
    assert hearer.quiet()


def test_publishing_from_inside(plant: Plant, level: int) -> None:
    """`publish` tells how many heard it; an instant of expiry and a content type go with it; wrong use is refused."""
    device = plant.device(level=level)
    counted: list[int] = []
    plant.endpoint.publish(COMMANDS, b"nobody", qos=1, then=counted.append)
    until(lambda: counted == [0])
    device.subscribe(COMMANDS)
    plant.endpoint.publish(
        COMMANDS,
        b"set",
        qos=1,
        expires=plant.clock.now() + 60 * SECOND,
        content_type="application/json",
        then=counted.append,
    )
    found = device.message()
    assert (found.payload, found.qos) == (b"set", 1)
    if level == V5:
        assert found.properties == Properties(content_type="application/json", message_expiry=60)
    assert counted == [0, 1]
    plant.endpoint.publish(COMMANDS, b"late", expires=plant.clock.now(), then=counted.append)
    until(lambda: plant.count("expired") == 1)
    assert device.quiet()
    for topic, qos in (("a/+", 0), ("", 0), (COMMANDS, 3)):
        with pytest.raises(DataRefused):
            plant.endpoint.publish(topic, b"", qos=qos)
    with pytest.raises(DataRefused):
        plant.endpoint.publish(COMMANDS, bytes(2 << 20))


def test_after_the_end_publishing_does_nothing() -> None:
    """What other threads still say when the endpoint has stopped is not an error, and stopping twice is harmless."""
    with running() as plant:
        plant.endpoint.stop()
        for _ in range(3):
            plant.endpoint.publish(STATE, b"x")
        plant.endpoint.fail("late")
        plant.endpoint.stop()
        assert plant.count("published") == 0


def test_a_callback_that_raises_harms_nobody() -> None:
    """What `then` does wrong is counted, and the loop goes on."""

    def wrong(_: int) -> None:
        raise RuntimeError("wrong")

    with running(faults=1) as plant:
        plant.endpoint.publish(COMMANDS, b"x", then=wrong)
        until(lambda: plant.count("internal_errors") == 1)
        assert plant.device().quiet()


def test_the_window_of_qos_1(plant: Plant, level: int) -> None:
    """No more unconfirmed QoS 1 messages are on the way than the client, or the endpoint, allows; each confirmation
    lets the next one go, in order."""
    client = viewer(plant, level, said=Properties(receive_maximum=3) if level == V5 else Properties())
    client.subscribe(STATE)
    window = 3 if level == V5 else Limits().window
    for number in range(window + 5):
        plant.endpoint.publish(STATE, b"%d" % number, qos=1)
    first = [client.get() for _ in range(window)]
    assert client.quiet()
    for number, message in enumerate(first):
        assert isinstance(message, Publish)
        assert message.payload == b"%d" % number
        client.send(Ack(Kind.PUBACK, message.packet_id))
    rest = [client.message().payload for _ in range(5)]
    assert rest == [b"%d" % (window + number) for number in range(5)]
    until(lambda: plant.count("confirmed_qos1") == window + 5)


def test_redelivery_inside_a_connection() -> None:
    """In 3.1.1 what was not confirmed for long is sent again with DUP and the same id; in 5 that is forbidden."""
    with running() as plant:
        old, new = viewer(plant, V3), viewer(plant, V5, client_id="new")
        for client in (old, new):
            client.subscribe(STATE)
        plant.endpoint.publish(STATE, b"x", qos=1)
        first, other = old.get(), new.get()
        assert isinstance(first, Publish)
        assert isinstance(other, Publish)
        assert not first.dup
        plant.pass_time(Limits().redeliver_seconds + 1)
        again = old.get()
        assert isinstance(again, Publish)
        assert (again.dup, again.packet_id, again.payload) == (True, first.packet_id, b"x")
        old.send(Ack(Kind.PUBACK, again.packet_id))
        assert new.quiet()
        assert plant.count("redelivered") == 1


def test_a_client_that_cannot_take_large_packets(plant: Plant) -> None:
    """A message larger than a version 5 client has announced is not sent to it, and counted; others get it."""
    small = viewer(plant, V5, said=Properties(maximum_packet=100))
    large = viewer(plant, V5, client_id="large")
    for client in (small, large):
        client.subscribe(Wish(STATE, 1))
    for qos in (0, 1):
        plant.endpoint.publish(STATE, bytes(200), qos=qos)
        assert len(large.message().payload) == 200
    plant.endpoint.publish(STATE, b"small")
    assert small.message().payload == b"small"
    assert plant.count("dropped_too_large") == 2


def test_who_is_gone_hears_nothing(plant: Plant, level: int) -> None:
    """Sessions are clean: a client that returns has no subscriptions and gets nothing of what it missed."""
    client = plant.device(level=level)
    client.subscribe(COMMANDS)
    client.close()
    until(lambda: not plant.endpoint.connections())
    reached: list[int] = []
    plant.endpoint.publish(COMMANDS, b"stale", qos=1, then=reached.append)
    until(lambda: reached == [0])
    again = plant.device(level=level, clean=False)
    assert again.quiet()


def test_the_splitter_may_change_while_all_runs() -> None:
    """When the compiled splitter takes over, subscriptions and rights go on as they were."""
    with running("auto") as plant:
        hearer, device = viewer(plant, V5), plant.device(level=V5)
        hearer.subscribe(TELEMETRY.decode())
        from pollux.connect.wire.fast import FastSplitter

        number = 0
        while not isinstance(plant.endpoint._loop.ingress.splitter, FastSplitter) or number < 20:
            device.publish(b"%d" % number)
            assert hearer.message().payload == b"%d" % number
            number += 1
            assert number < 100_000
        for _ in range(20):
            device.publish(b"%d" % number)
            assert hearer.message().payload == b"%d" % number
