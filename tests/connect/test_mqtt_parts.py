"""Parts of the endpoint by themselves: topics, retained messages, poller, wake, rights, table."""

import os
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.check.patterns import Pattern
from pollux.columns.frames import Encoding
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.retained import Retained
from pollux.connect.mqtt.table import LinkTable
from pollux.connect.wire.poller import READ, WRITE, AbstractPoller, EpollPoller, SelectorPoller
from pollux.connect.wire.rights import Reach, layouts, native
from pollux.connect.wire.topics import FilterTree, is_filter, is_name, is_wild, matches
from pollux.connect.wire.wake import AbstractWake, EventWake, PairWake
from pollux.errors import SetupError
from tests.connect.rig import running

LEVELS = st.sampled_from([b"a", b"b", b"", b"$x", b"+"])
NAMES = st.lists(LEVELS.filter(lambda level: level != b"+"), min_size=1, max_size=4).map(b"/".join)
FILTERS = st.tuples(st.lists(LEVELS, min_size=1, max_size=4), st.booleans()).map(
    lambda parts: b"/".join(parts[0] + [b"#"] * parts[1])
)


def reference(wanted: bytes, topic: bytes) -> bool:
    """The standard's rule, level by level, in its most literal form."""
    if topic[:1] == b"$" and wanted[:1] in (b"+", b"#"):
        return False

    def go(left: list[bytes], right: list[bytes]) -> bool:
        if not left:
            return not right
        if left[0] == b"#":
            return True
        return bool(right) and left[0] in (b"+", right[0]) and go(left[1:], right[1:])

    return go(wanted.split(b"/"), topic.split(b"/"))


@given(FILTERS, NAMES)
def test_matching_is_that_of_the_standard(wanted: bytes, topic: bytes) -> None:
    """`matches` agrees with a literal reading of the rules on all combinations of levels."""
    assert matches(wanted, topic) == reference(wanted, topic)


@given(st.lists(st.tuples(FILTERS, st.integers(0, 3), st.booleans()), max_size=12), st.lists(NAMES, max_size=5))
def test_the_tree_finds_what_matches(steps: list[tuple[bytes, int, bool]], topics: list[bytes]) -> None:
    """After any puts and drops the tree finds exactly the filters that match, and an empty tree is empty inside."""
    tree: FilterTree[int, bytes] = FilterTree()
    kept: dict[tuple[bytes, int], bytes] = {}
    for wanted, key, put in steps:
        if put:
            tree.put(wanted, key, wanted)
            kept[wanted, key] = wanted
        else:
            tree.drop(wanted, key)
            kept.pop((wanted, key), None)
    for topic in topics:
        expected = sorted((key, wanted) for wanted, key in kept if matches(wanted, topic))
        assert sorted(tree.matching(topic)) == expected
    for wanted, key in list(kept):
        tree.drop(wanted, key)
    assert not tree._root.below


@given(st.binary(max_size=12))
def test_names_and_filters(topic: bytes) -> None:
    """A name is a filter without wildcards, and a filter that is no name has a wildcard."""
    bounds = {"longest": 12, "levels": 12}
    assert is_name(topic, **bounds) == (is_filter(topic, **bounds) and not is_wild(topic))


@given(st.lists(st.tuples(st.integers(0, 6), st.binary(max_size=3)), max_size=60))
def test_retained_messages_are_the_last_ones(steps: list[tuple[int, bytes]]) -> None:
    """After any sequence each topic has its last message or none, found once each, and the bytes add up."""
    store, kept = Retained(5, 10_000), dict[bytes, bytes]()
    for number, payload in steps:
        topic = b"t/%d" % number
        taken = store.keep(Message(topic, payload, retain=True), now=0)
        assert taken == (not payload or topic in kept or len(kept) < 5)
        if not payload:
            kept.pop(topic, None)
        elif taken:
            kept[topic] = payload
    found = [topic for topic in store.matching(b"t/+") if topic is not None]
    assert sorted(found) == sorted(kept)
    messages = [store.get(topic, now=0) for topic in kept]
    assert [message.payload for message in messages if message] == list(kept.values())
    assert store.bytes == sum(len(message) for message in messages if message)


def test_retained_messages_are_bounded_in_bytes() -> None:
    """A store that is full by bytes refuses a larger message and keeps the old one."""
    store = Retained(100, 500)
    assert store.keep(Message(b"a", bytes(100)), now=0)
    assert not store.keep(Message(b"b", bytes(200)), now=0)
    assert not store.keep(Message(b"a", bytes(350)), now=0)
    kept = store.get(b"a", now=0)
    assert kept is not None
    assert len(kept.payload) == 100


def test_reading_retained_messages_survives_changes() -> None:
    """Whoever reads the store while topics go and come finds what stays, each once, and an end."""
    store = Retained(10_000, 1 << 30)
    for number in range(3_000):
        store.keep(Message(b"t/%d" % number, b"x"), now=0)
    reading = store.matching(b"t/+")
    first = [topic for topic in (next(reading) for _ in range(1_000)) if topic]
    for number in range(2_500):
        store.drop(b"t/%d" % number)
    store.keep(Message(b"t/9999", b"x"), now=0)
    rest = [topic for topic in reading if topic]
    assert len(set(first) | set(rest)) == len(first) + len(rest)
    assert {b"t/%d" % number for number in range(2_500, 3_000)} <= set(rest)


def test_expired_retained_messages_are_gone() -> None:
    """A retained message is there until its instant, and not from then on."""
    store = Retained(10, 10_000)
    store.keep(Message(b"a", b"x", expires=100), now=50)
    assert store.get(b"a", now=99) is not None
    assert store.get(b"a", now=100) is None
    assert len(store) == 0
    assert store.keep(Message(b"a", b"x", expires=100), now=100)
    assert len(store) == 0


@pytest.mark.parametrize("make_poller", [EpollPoller, SelectorPoller])
@pytest.mark.parametrize("make_wake", [EventWake, PairWake])
def test_pollers_and_wakes(make_poller: Callable[[int], AbstractPoller], make_wake: Callable[[], AbstractWake]) -> None:
    """Both pollers tell the same of pipes and of the bell; many rings cost one; the forgotten is not told."""
    wake = make_wake()
    poller = make_poller(wake.fileno())
    out, into = os.pipe()
    poller.watch(out, READ)
    poller.watch(into, 0)
    assert poller.wait(0) == []
    os.write(into, b"x")
    assert poller.wait(5) == [(out, READ)]
    assert poller.wait(0, only_bell=True) == []
    poller.change(out, 0)
    assert poller.wait(0) == []
    poller.change(into, WRITE)
    assert poller.wait(5) == [(into, WRITE)]
    poller.forget(into)
    poller.change(out, READ)
    threads = [threading.Thread(target=wake.set) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert poller.wait(5, only_bell=True) == [(wake.fileno(), READ)]
    assert sorted(poller.wait(5)) == sorted([(wake.fileno(), READ), (out, READ)])
    wake.clear()
    wake.clear()
    assert poller.wait(0, only_bell=True) == []
    wake.set()
    assert poller.wait(5, only_bell=True) == [(wake.fileno(), READ)]
    poller.forget(out)
    poller.close()
    wake.clear()
    wake.close()
    wake.set()
    os.close(out)
    os.close(into)


def test_the_endpoint_on_the_other_poller() -> None:
    """The same endpoint works over the standard library's selectors: connect, publish, hear, bounds, goodbye."""
    with running(poller=SelectorPoller) as plant:
        reader, device = plant.device("ann", level=5), plant.device(level=5)
        reader.subscribe("twins/#")
        plant.sink.by_hand = True
        device.publish(b"1", qos=1, packet_id=1)
        plant.sink.wait(1)
        assert device.quiet()
        plant.sink.complete()
        device.get()
        assert reader.message().payload == b"1"
        device.raw(b"\0\0")
        assert device.refusal() is not None


def test_what_topics_mean() -> None:
    """The native layout and declared ones are read as they stand; everything else means nothing."""
    assert native("twins/Pump/P-7/state") == Reach("Pump/P-7", "state")
    assert native("twins/Pump/P-7/telemetry/binary") == Reach("Pump/P-7", "telemetry", Encoding.BINARY)
    for topic in (
        "twins/Pump/P-7",
        "twins/Pump/P-7/telemetry/",
        "twins/Pump/P-7/telemetry/yaml",
        "twins/Pump//state",
        "twins/Pump/P 7/state",
        "twins/*/P-7/state",
        "twins/Pump/P-7/state/x",
        "xtwins/Pump/P-7/state",
        "twins/Pump/P-7/state\n",
        "twins/Pump/" + "x" * 200 + "/state",
    ):
        assert native(topic) is None, topic
    plant = layouts(
        [("Pump", "plant/{line}/{id}/{signal}"), ("Room", "rooms/r-{id}"), ("Valve", "twins/{type}/{id}/telemetry")]
    )
    assert plant("plant/l1/P-7/temp") == Reach("Pump/P-7", "telemetry")
    assert plant("plant/l1/P-7/temp/json") == Reach("Pump/P-7", "telemetry", Encoding.JSON)
    assert plant("rooms/r-1") == Reach("Room/1", "telemetry")
    assert plant("twins/Pump/P-7/commands/ack") == Reach("Pump/P-7", "ack")
    assert plant("twins/Pump/P-7/telemetry") == Reach("Pump/P-7", "telemetry")
    assert plant("twins/Valve/V-1/telemetry") == Reach("Valve/V-1", "telemetry")
    assert native("twins/Patient/anna/plan") == Reach("Patient/anna", "plan")
    assert native("twins/Patient/anna/plan/ack") == Reach("Patient/anna", "plan-ack")
    wide = layouts([("Patient", "twins/{type}/{id}/{signal}"), ("Room", "#")])
    for topic in ("plan", "plan/ack", "commands", "commands/ack", "state"):  # no pattern opens these to telemetry
        assert wide(f"twins/Patient/anna/{topic}") == native(f"twins/Patient/anna/{topic}")
    for topic in ("rooms/r-1*", "rooms/1", "plant/l1/P 7/temp", "plant/l1//temp"):
        assert plant(topic) is None
    for pattern in ("", "a/#/{id}", "rooms/{id}/{id}"):
        with pytest.raises(SetupError):
            layouts([("Room", pattern)])


@pytest.mark.parametrize(
    "patterns",
    [
        [("Pump", "plant/{line}/{id}/telemetry"), ("Room", "plant/+/{id}/telemetry")],
        [("Pump", "twins/{type}/{id}/telemetry"), ("Room", "{a}/{b}/{id}/{c}")],
        [("Pump", "x-{id}-y/{signal}"), ("Room", "#")],
        [("Pump", "a/{id}"), ("Room", "a/{id}/json")],
    ],
)
@given(st.data())
def test_rights_and_decoding_read_topics_alike(patterns: list[tuple[str, str]], data: st.DataObject) -> None:
    """Whoever decodes a topic finds the twin that rights were asked for: else a device could write another's data."""
    word = st.sampled_from(
        ["plant", "twins", "Pump", "Room", "a", "P-7", "x-1-y", "telemetry", "json", "cbor", "", "*", "P 7"]
    )
    topic = "/".join(data.draw(st.lists(word, min_size=1, max_size=6)))
    found = layouts(patterns)(topic)
    for kind, pattern in patterns:
        address = Pattern(pattern).bound(kind).read(topic)
        if address is not None:
            if found is not None:
                assert found.twin == f"{kind}/{'*' if address.id is None else address.id}"
                assert found.encoding == address.encoding
            return
    assert found == native(topic)


def test_the_table_grows_and_keeps() -> None:
    """Entries keep their values when the table grows, and a closed one is as new."""
    table = LinkTable()
    table.open(3, 7, 11)
    table.fit(5000)
    assert (table.serial[3], table.heard[3], table.serial[5000]) == (7, 11, 0)
    table.close(3)
    assert table.serial[3] == 0
    assert table.session[3] is None
