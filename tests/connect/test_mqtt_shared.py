"""Shared subscriptions: each message goes to one of the group, and to nobody who may not hear it."""

from typing import Any

from pollux.connect import Limits
from pollux.connect.wire.packets import V3, V5, Wish
from pollux.connect.wire.properties import NONE, Properties
from pollux.connect.wire.reasons import Reason
from pollux.guard import Identity
from tests.connect.rig import Client, OpenGate, Plant, running, until

STATE = "twins/Pump/P-7/state"
GROUP = "$share/readers/twins/#"


def member(plant: Plant, level: int, name: str, wish: Wish | str = GROUP, **options: Any) -> Client:
    client = plant.device("ann", level=level, client_id=name, **options)
    assert client.subscribe(wish)[0] <= 2
    return client


def lasting(level: int) -> dict[str, Any]:
    """The words of a client that keeps its session."""
    return {"clean": False, "said": Properties(session_expiry=600) if level == V5 else NONE}


def publish(plant: Plant, count: int, *, qos: int = 1, first: int = 0) -> None:
    before = plant.count("published")
    for number in range(first, first + count):
        plant.endpoint.publish(STATE, b"%d" % number, qos=qos)
    plant.until("published", before + count)


def test_each_message_goes_to_one_of_the_group(plant: Plant, level: int) -> None:
    """Three members hear nine messages three each, in order, none twice; another group hears all of them."""
    members = [member(plant, level, name) for name in "abc"]
    other = member(plant, level, "d", "$share/others/twins/#")
    publish(plant, 9)
    heard = [[one.message().payload for _ in range(3)] for one in members]
    assert sorted(payload for part in heard for payload in part) == [b"%d" % number for number in range(9)]
    assert all(part == sorted(part) for part in heard)
    assert [other.message().payload for _ in range(9)] == [b"%d" % number for number in range(9)]
    assert all(one.quiet() for one in (*members, other))


def test_a_filter_without_wildcards_can_be_shared(plant: Plant, level: int) -> None:
    """Sharing works for one topic as for many, also for telemetry of devices, and ends with UNSUBSCRIBE."""
    topic = "$share/readers/twins/Pump/P-7/telemetry"
    one, two = (member(plant, level, name, topic) for name in "ab")
    device = plant.device(level=level)
    for number in range(4):
        device.publish(b"%d" % number)
    found = [[client.message().payload for _ in range(2)] for client in (one, two)]
    assert sorted(found[0] + found[1]) == [b"0", b"1", b"2", b"3"]
    assert one.unsubscribe(topic).codes == ((0,) if level == V5 else ())
    device.publish(b"4")
    assert two.message().payload == b"4"
    assert one.quiet()


def test_an_own_subscription_beside_a_shared_one(plant: Plant) -> None:
    """A client with both hears its own and its part of the group's, each with its identifier and its QoS."""
    client = member(plant, V5, "a", Wish(STATE, 0))
    client.subscribe(Wish(GROUP, 1), said=Properties(subscription_ids=(8,)))
    publish(plant, 1)
    found = sorted((one.qos, one.properties.subscription_ids) for one in (client.message(), client.message()))
    assert found == [(0, ()), (1, (8,))]


def test_retained_messages_are_not_for_groups(plant: Plant, level: int) -> None:
    """Who joins a group is not sent what was retained before."""
    plant.endpoint.publish(STATE, b"old", retain=True)
    assert member(plant, level, "a").quiet()


def test_who_is_there_comes_first(plant: Plant, level: int) -> None:
    """While a member is away the others hear its part; when all are away it waits for one of them."""
    away, there = member(plant, level, "a", **lasting(level)), member(plant, level, "b")
    away.close()
    plant.until("closed", 1)
    publish(plant, 4)
    assert [there.message().payload for _ in range(4)] == [b"0", b"1", b"2", b"3"]
    there.close()
    plant.until("closed", 2)
    publish(plant, 2, first=4)
    publish(plant, 1, qos=0, first=6)
    back = plant.device("ann", level=level, client_id="a", **lasting(level))
    assert [back.message().payload for _ in range(2)] == [b"4", b"5"]
    assert back.quiet()
    assert plant.count("not_kept") == 1


def test_who_may_not_hear_is_passed_over(level: int) -> None:
    """A member without the right to a topic takes nothing away from the others."""
    narrow = Identity("", "bob", "person", frozenset({"viewer"}), ("Pump/P-1",), grant="test")
    wide = Identity("", "ann", "person", frozenset({"viewer"}), ("*",), grant="test")
    with running(gate=OpenGate(people=(narrow, wide))) as plant:
        blind = plant.device("bob", level=level)
        blind.subscribe(GROUP)
        seeing = member(plant, level, "ann")
        publish(plant, 4)
        assert [seeing.message().payload for _ in range(4)] == [b"0", b"1", b"2", b"3"]
        assert blind.quiet()
        named = blind.subscribe("$share/readers/" + STATE)
        assert named == ((Reason.NOT_AUTHORIZED,) if level == V5 else (0x80,))


def test_groups_are_their_tenants(level: int) -> None:
    """The same group of two tenants is two groups."""
    people = tuple(
        Identity(tenant, tenant, "person", frozenset({"viewer"}), ("*",), grant="test") for tenant in ("north", "south")
    )
    with running(gate=OpenGate(people=people)) as plant:
        clients = [plant.device(tenant, level=level) for tenant in ("north", "south")]
        for client in clients:
            client.subscribe(GROUP)
        publish(plant, 2)
        for client in clients:
            assert [client.message().payload for _ in range(2)] == [b"0", b"1"]


# -- aliases and sizes ------------------------------------------------------------------------------------------------


def test_topics_are_sent_by_alias(plant: Plant) -> None:
    """A client that takes aliases gets each topic once, and then its alias, at every QoS; beyond its maximum topics
    are spelt out; another connection learns them anew."""
    client = plant.device("ann", level=V5, said=Properties(topic_alias_maximum=2))
    client.subscribe(Wish("twins/#", 2))
    for turn in range(2):
        for number in range(3):
            plant.endpoint.publish(f"twins/Pump/P-{number}/state", b"x", qos=number if turn else 1)
    found = sorted((one.properties.topic_alias or 0, one.topic) for one in (client.message() for _ in range(6)))
    names = [b"twins/Pump/P-%d/state" % number for number in range(3)]
    assert found == [(0, names[2]), (0, names[2]), (1, b""), (1, names[0]), (2, b""), (2, names[1])]
    again = plant.device("ann", level=V5, said=Properties(topic_alias_maximum=2))
    again.subscribe("twins/#")
    plant.endpoint.publish(STATE, b"x")
    assert again.message().topic == STATE.encode()


def test_our_aliases_are_bounded(plant: Plant) -> None:
    """However many aliases a client takes, no more are remembered for it than we take ourselves."""
    client = plant.device("ann", level=V5, said=Properties(topic_alias_maximum=65_535))
    client.subscribe("twins/#")
    most = Limits().topic_aliases
    for number in range(most + 8):
        plant.endpoint.publish(f"twins/Pump/P-{number}/state", b"x")
    found = [client.message() for _ in range(most + 8)]
    assert sorted(one.properties.topic_alias or 0 for one in found) == [0] * 8 + list(range(1, most + 1))
    assert all(one.topic for one in found)


def test_a_dropped_message_sets_no_alias() -> None:
    """A topic whose first message was too large for the client is still spelt out the first time."""
    with running() as plant:
        said = Properties(topic_alias_maximum=5, maximum_packet=1_000)
        client = plant.device("ann", level=V5, said=said)
        client.subscribe(Wish(STATE, 0))
        plant.endpoint.publish(STATE, bytes(2_000))
        plant.endpoint.publish(STATE, b"small")
        found = client.message()
        assert (found.topic, found.properties.topic_alias) == (STATE.encode(), 1)


def test_a_goodbye_fits_the_maximum_packet(plant: Plant) -> None:
    """A client that takes only small packets is told the reason without its words."""
    client = plant.device("ann", level=V5, said=Properties(maximum_packet=20))
    client.publish(topic=b"a/+")
    last = client.ended()
    assert getattr(last, "reason", None) == Reason.TOPIC_NAME_INVALID
    assert getattr(last, "properties", None) == NONE


def test_a_request_finds_its_answer(plant: Plant) -> None:
    """A requester and a responder of version 5 meet by response topic and correlation data."""
    answers = "twins/Pump/P-7/telemetry"
    requester = plant.device("root", level=V5)
    requester.subscribe(answers)
    responder = plant.device("P-8", level=V5)
    reader = plant.device("ann", level=V5)
    reader.subscribe("twins/Pump/P-8/telemetry")
    responder.publish(
        b"{}",
        topic=b"twins/Pump/P-8/telemetry",
        said=Properties(response_topic=answers, correlation=b"7", user=(("of", "P-8"),)),
    )
    asked = reader.message().properties
    assert (asked.response_topic, asked.correlation, asked.user) == (answers, b"7", (("of", "P-8"),))
    assert asked.response_topic is not None
    answering = plant.device("P-7", level=V5)
    answering.publish(b"{}", topic=asked.response_topic.encode(), said=Properties(correlation=asked.correlation))
    assert requester.message().properties.correlation == b"7"


def test_old_clients_hear_no_aliases(plant: Plant) -> None:
    """A 3.1.1 client gets every topic in full."""
    client = plant.device("ann", level=V3)
    client.subscribe("twins/#")
    publish(plant, 2, qos=0)
    assert [client.message().topic for _ in range(2)] == [STATE.encode()] * 2
    until(lambda: plant.count("delivered_qos0") == 2)
