"""What a Sparkplug host makes of births, data and deaths; of what was lost, and of what nobody can mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pollux.check.faults import Fault
from pollux.check.sparkplug import read_sparkplug
from pollux.check.sparkplug_host import MOST_NODES, SparkplugHost
from pollux.check.sparkplug_said import Said, address
from pollux.check.sparkplug_writing import REBIRTH, Wish, as_kind, rebirth, write_sparkplug
from pollux.check.statuses import worth
from pollux.clock import SECOND, instant
from pollux.columns.field import SPARKPLUG
from tests.check.sparkplug_node import BOOLEAN, DOUBLE, FLOAT, INT16, INT32, STRING, EdgeNode, Tag, part

NOW = instant("2026-11-23T10:00:00Z")
MS = NOW // 1_000_000
TEMP = Tag("temp", DOUBLE, 20.5, 1, {"engUnit": "°C"})
SPEED = Tag("speed", INT32, -40, 2)


class Room:
    """A host with a clock that the test moves."""

    def __init__(self) -> None:
        self.host, self.now = SparkplugHost(), NOW

    def hear(self, message: tuple[str, bytes]) -> Said:
        at = address(message[0])
        assert at is not None
        return self.host.hear(at, read_sparkplug(message[1]), self.now)


@pytest.fixture
def room() -> Room:
    return Room()


def born(room: Room, *tags: Tag) -> EdgeNode:
    node = EdgeNode("plant", "gw")
    room.hear(node.nbirth(MS))
    room.hear(node.dbirth("P-7", MS, *(tags or (TEMP, SPEED))))
    return node


def test_births_name_what_data_say_by_alias(room: Room) -> None:
    """Unit and datatype are the birth's; a signed number comes out signed; times are the metric's."""
    node = EdgeNode("plant", "gw")
    assert [one.name for one in room.hear(node.nbirth(MS)).values] == ["bdSeq", REBIRTH]
    first = room.hear(node.dbirth("P-7", MS, TEMP, SPEED))
    assert [(one.name, one.value, one.unit) for one in first.values] == [("temp", 20.5, "°C"), ("speed", -40, "")]
    said = room.hear(node.ddata("P-7", MS + 9, TEMP.told(21.0, MS + 5), part(2, 2) + part(10, 0xFFFFFFFF)))
    assert [(one.device, one.name, one.value) for one in said.values] == [("P-7", "temp", 21.0), ("P-7", "speed", -1)]
    assert [one.time for one in said.values] == [(MS + 5) * 10**6, (MS + 9) * 10**6]
    assert said.rebirth == ""


def test_a_gap_is_answered_by_one_rebirth_and_nothing_is_believed_until_then(room: Room) -> None:
    """The lost message may have been a birth: an alias could mean anything."""
    node = born(room)
    node.seq += 1
    said = room.hear(node.ddata("P-7", MS, TEMP.told(99.0, MS)))
    assert (said.values, said.rebirth) == ([], "expected seq 2, got 3")
    assert room.hear(node.ddata("P-7", MS, TEMP.told(98.0, MS))) == Said()
    room.now += 11 * SECOND
    assert room.hear(node.ddata("P-7", MS, TEMP.told(97.0, MS))).rebirth != ""
    counts = room.host.counts
    assert (counts.gaps, counts.rebirths, counts.rebirths_held, counts.unbelieved) == (1, 2, 1, 3)
    room.hear(node.nbirth(MS))
    room.hear(node.dbirth("P-7", MS, Tag("temp", DOUBLE, 22.0, 2)))
    assert room.hear(node.ddata("P-7", MS, Tag("temp", DOUBLE, 0, 2).told(23.0, MS))).values[0].name == "temp"


def test_seq_turns_after_255_and_a_repeated_message_counts_once(room: Room) -> None:
    """Modulo 256; the same number again is the same message."""
    node = born(room)
    for number in range(600):
        message = node.ddata("P-7", MS + number, TEMP.told(float(number), MS + number))
        assert room.hear(message).values[0].value == number
    assert room.hear(message) == Said()
    assert (room.host.counts.repeated, room.host.counts.gaps) == (1, 0)


def test_messages_out_of_order_are_a_gap(room: Room) -> None:
    """MQTT keeps the order of one sender: what comes out of it says that something else is wrong."""
    node = born(room)
    first, second = (node.ddata("P-7", MS, TEMP.told(value, MS)) for value in (1.0, 2.0))
    assert room.hear(second).rebirth == "expected seq 2, got 3"
    assert room.hear(first).values == []


def test_whoever_was_not_born_is_asked_for_it(room: Room) -> None:
    """Data before any birth, of a device that was not born, and by an alias or a name that no birth has named."""
    node = EdgeNode("plant", "gw")
    node.seq = 7
    assert "not born" in room.hear(node.ddata("P-7", MS, TEMP.told(1.0, MS))).rebirth
    room.now += 11 * SECOND
    node = born(room)
    assert room.hear(node.ddata("P-8", MS, TEMP.told(1.0, MS))).rebirth == "P-8 was not born"
    for unknown, called in ((Tag("x", DOUBLE, 0, 77), "alias 77"), (Tag("pressure", DOUBLE, 0), "pressure")):
        room.now += 11 * SECOND
        node = born(room)
        said = room.hear(node.ddata("P-7", MS, TEMP.told(5.0, MS), unknown.told(1.0, MS)))
        assert (said.values, said.rebirth) == ([], f"no birth has named {called} of P-7")


def test_an_alias_speaks_of_its_own_device_alone(room: Room) -> None:
    """Aliases are one space for a node; data of another device by it are refused."""
    node = born(room)
    room.hear(node.dbirth("P-8", MS, Tag("temp", DOUBLE, 1.0, 9)))
    assert "alias 1 of P-8" in room.hear(node.ddata("P-8", MS, TEMP.told(1.0, MS))).rebirth


def test_a_death_makes_last_values_stale_and_the_will_of_an_older_connection_does_not(room: Room) -> None:
    """From the moment on in which it is heard, and behind all that was told; of everything behind the node."""
    node = born(room)
    room.hear(node.ddata("P-7", MS, TEMP.told(30.0, MS + 60_000)))
    dead = room.hear(node.ddeath("P-7", MS)).values
    assert [(one.name, one.value, one.quality) for one in dead] == [("temp", 30.0, 500), ("speed", -40, 500)]
    assert dead[0].time > (MS + 60_000) * 10**6
    assert room.host.device("plant", "gw", "P-7") is None
    room.hear(node.dbirth("P-7", MS, TEMP))
    node.bdseq += 1
    room.hear(node.nbirth(MS))
    room.hear(node.dbirth("P-7", MS, TEMP))
    late = EdgeNode("plant", "gw")
    assert room.hear(late.ndeath()).values == []
    assert room.host.counts.stale_deaths == 1
    assert {one.device for one in room.hear(node.ndeath()).values} == {"P-7", ""}
    assert list(room.host.living()) == []


def test_what_is_old_is_told_with_its_time_and_does_not_become_the_last_value(room: Room) -> None:
    """The flag is_historical; quality and null are passed on."""
    node = born(room)
    said = room.hear(node.ddata("P-7", MS, TEMP.told(1.0, MS - 5000, historical=True), SPEED.told(None, MS)))
    assert [(one.value, one.time) for one in said.values] == [(1.0, (MS - 5000) * 10**6), (None, MS * 10**6)]
    assert room.hear(node.ddata("P-7", MS, TEMP.told(2.0, MS, quality=0))).values[0].quality == 0
    assert [one.value for one in room.hear(node.ddeath("P-7", MS)).values] == [2.0]


@pytest.mark.parametrize(
    ("code", "quality", "reason"),
    [(0, "BAD", "TOLD"), (63, "BAD", "TOLD"), (64, "UNCERTAIN", "TOLD"), (191, "UNCERTAIN", "TOLD"),
     (500, "UNCERTAIN", "STALE")],
)  # fmt: skip
def test_told_qualities_have_a_worth(code: int, quality: str, reason: str) -> None:
    """The codes of the property Quality that are not good, as statuses of the log."""
    found = worth("sparkplug", SPARKPLUG + code)
    assert (found[0].name, found[1].name) == (quality, reason)


def test_two_nodes_count_for_themselves(room: Room) -> None:
    """A gap of one leaves the other as it is, also where their devices bear the same name."""
    one, other = EdgeNode("plant", "gw1"), EdgeNode("plant", "gw2")
    for node in (one, other):
        room.hear(node.nbirth(MS))
        room.hear(node.dbirth("P-7", MS, TEMP))
    one.seq += 1
    assert room.hear(one.ddata("P-7", MS, TEMP.told(1.0, MS))).rebirth
    assert room.hear(other.ddata("P-7", MS, TEMP.told(2.0, MS))).values[0].value == 2.0


def test_births_that_cannot_be_meant_are_refused_in_part(room: Room) -> None:
    """A metric twice, an alias twice, no name; a message without a seq."""
    node = EdgeNode("plant", "gw")
    room.hear(node.nbirth(MS))
    for wrong, why in (
        ((TEMP, Tag("temp", DOUBLE, 1.0)), "got temp again"),
        ((TEMP, Tag("other", DOUBLE, 1.0, 1)), "got 1 for other too"),
        ((TEMP, Tag("", DOUBLE, 1.0)), "expected a name"),
    ):
        said = room.hear(node.dbirth("P-7", MS, *wrong))
        assert why in said.refused
        assert [one.name for one in said.values] == ["temp"]
    assert "expected seq from 0 to 255" in room.hear((node.topic("NDATA"), part(1, MS))).refused


def test_nodes_are_bounded(room: Room) -> None:
    """Beyond the bound another one is refused; those that are known are followed."""
    nodes = [EdgeNode("plant", f"gw{number}") for number in range(MOST_NODES + 1)]
    said = [room.hear(node.nbirth(MS)) for node in nodes]
    assert "expected at most" in said[-1].refused
    assert said[-2].values


@pytest.mark.parametrize(
    "topic",
    ["spBv1.0/STATE/pollux", "spBv1.0/plant/NCMD/gw", "spBv1.0/plant/DDATA/gw", "spBv1.0//NBIRTH/gw",
     "spAv1.0/a/NDATA/b", "spBv1.0/plant/NBIRTH/gw/P-7", "spBv1.0/plant/DDATA/gw/P-7/x", "", "spBv1.0"],
)  # fmt: skip
def test_other_topics_are_of_no_node(topic: str) -> None:
    """Commands and states, missing and empty levels."""
    assert address(topic) is None


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_break_a_host(payloads: list[bytes]) -> None:
    """Whatever comes is refused or understood."""
    room = Room()
    node = born(room)
    for payload in payloads:
        try:
            read = read_sparkplug(payload)
        except (Fault, ValueError):
            continue
        for kind in ("NBIRTH", "NDATA", "NDEATH"):
            at = address(node.topic(kind))
            assert at is not None
            room.host.hear(at, read, NOW)


def test_commands_are_written_by_datatype_and_alias() -> None:
    """An alias takes the place of the name; a value that the datatype cannot hold is refused."""
    read = read_sparkplug(
        write_sparkplug(MS, [Wish("a", INT16, -2.0), Wish("b", FLOAT, 0.1, 7), Wish("c", STRING, "on")])
    )
    assert [(one.name, one.alias, one.value) for one in read.metrics] == [
        ("a", None, -2),
        ("", 7, as_kind(0.1, FLOAT)),
        ("c", None, "on"),
    ]
    assert read_sparkplug(rebirth(MS)).metrics[0].value is True
    for kind, value in ((INT16, 40_000.0), (INT16, 0.5), (FLOAT, 1e39), (BOOLEAN, 2.0), (STRING, 1.0), (16, 1.0),
                        (DOUBLE, float("nan")), (DOUBLE, "x")):  # fmt: skip
        with pytest.raises(Fault, match="expected"):
            as_kind(value, kind)
