"""The driver of a host application over a line on paper: hostile bytes, orders that cannot be, what is bounded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.check.sparkplug_node import DOUBLE, INT16, EdgeNode, Tag
from tests.connect.field.paper import Kept, place
from tests.connect.rig import until

import pollux as px
from pollux.check.sparkplug import read_sparkplug
from pollux.clock import WallClock
from pollux.columns.field import unpack_field
from pollux.columns.frames import Encoding, Frames, Message, Origin
from pollux.connect.field.order import FieldOrder
from pollux.errors import Overloaded
from pollux.model.schema import schema_of
from pollux.site.sparkplug import commanding
from pollux.site.sparkplug import driver as driving
from pollux.site.sparkplug.driver import SparkplugDriver
from pollux.site.sparkplug.line import AbstractLine
from pollux.site.sparkplug.source import sparkplug


class Valve(px.Twin):
    temp = px.sensor("degC", low=-20, high=150)
    mode = px.fact(["auto", "hand"])
    opening = px.actuator("percent", low=0, high=1e6, safe=0)


TEMP, OPENING = Tag("temp", DOUBLE, 20.0, 1, {"engUnit": "degC"}), Tag("opening", INT16, 5, 2)


@final
class PaperLine(AbstractLine):
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, int]] = []
        self.full = False

    connected, trouble = True, ""
    counters: dict[str, int] = {}  # noqa: RUF012  never written

    def start(self) -> None:
        """There is nothing to begin."""

    def stop(self) -> None:
        """Nor to end."""

    def publish(self, topic: str, payload: bytes, *, expires: int = 0) -> None:
        if self.full:
            raise Overloaded("full", retry_after=1.0, at="paper")
        self.sent.append((topic, payload, expires))

    def state(self, topic: str, payload: bytes) -> None:
        """Nobody says so."""


class Rig:
    def __init__(self, folder: Path) -> None:
        self.sink, self.line, self.told = Kept(), PaperLine(), list[Any]()
        given_ = place(folder, self.sink, self.told, acts=True)
        self.driver = SparkplugDriver(sparkplug("plant", beat="1 s"), schema_of(Valve), given_)
        self.driver.attach(self.line)
        self.node = EdgeNode("plant", "gw")

    def hear(self, *messages: tuple[str, bytes]) -> list[Message]:
        now = WallClock().now()
        frames = Frames.of([Message(Origin("", "gw"), topic.encode(), said, now) for topic, said in messages])
        return self.driver.digest(frames)

    def born(self) -> None:
        self.hear(self.node.nbirth(5), self.node.dbirth("V-1", 5, TEMP, OPENING))

    def answers(self) -> list[bytes]:
        return [
            bytes(batch.payload(row))
            for batch in list(self.sink.batches)
            for row in range(len(batch))
            if batch.encoding[row] == Encoding.JSON
        ]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.driver.start()
    yield made
    made.driver.stop()


def order(value: float, *, twin: str = "V-1", expires: int = 0, id_: str = "o1") -> FieldOrder:
    return FieldOrder(twin, id_, "set", {"opening": value}, expires)


@given(st.lists(st.tuples(st.sampled_from(["NBIRTH/gw", "DBIRTH/gw/V-1", "DDATA/gw/V-1", "NDEATH/gw", "DDATA/gw/ä b"]),
                          st.binary(max_size=80)), max_size=6))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_bytes_break_the_driver(tmp_path: Path, said: list[tuple[str, bytes]]) -> None:
    """Whatever comes, what goes to the log can be read, and a birth after it is understood."""
    rig = Rig(tmp_path)
    for topic, payload in said:
        for message in rig.hear((f"spBv1.0/plant/{topic}", payload)):
            unpack_field(message.payload)
    rig.node.bdseq += 1
    rig.born()
    (told,) = rig.hear(rig.node.ddata("V-1", 6, TEMP.told(21.0, 6)))
    assert unpack_field(told.payload).data[0][:3] == ("temp", 21.0, 6_000_000)


def test_orders_that_cannot_be_are_rejected_with_the_reason(rig: Rig) -> None:
    """Nobody of that name, a value that the datatype cannot hold, an end that has passed, a line without room."""
    rig.driver.order(order(1.0, twin="V-9"))
    rig.born()
    rig.driver.order(order(0.5))
    rig.driver.order(order(1e5))
    rig.driver.order(order(1.0, expires=1))
    rig.line.full = True
    rig.driver.order(order(1.0))
    found = until(lambda: said if len(said := rig.answers()) == 5 else None)
    for answer, why in zip(found, ("no device of this name", "whole number", "whole number", "expired", "too many"),
                           strict=True):  # fmt: skip
        assert b'"rejected"' in answer
        assert why.encode() in answer
    assert rig.line.sent == []


def test_an_order_is_done_by_its_own_device_alone(rig: Rig) -> None:
    """The same metric of another device behind the node is not its effect."""
    rig.born()
    rig.hear(rig.node.dbirth("V-2", 5, Tag("opening", INT16, 0, 9)))
    rig.driver.order(order(40.0))
    assert read_sparkplug(rig.line.sent[0][1]).metrics[0].value == 40
    rig.hear(rig.node.ddata("V-2", 6, Tag("opening", INT16, 0, 9).told(40, 6)))
    rig.hear(rig.node.ddata("V-1", 6, OPENING.told(39, 6)))
    assert rig.answers() == []
    rig.hear(rig.node.ddata("V-1", 7, OPENING.told(40, 7)))
    until(lambda: [b"accepted" in rig.answers()[0], b"done" in rig.answers()[1]] if len(rig.answers()) == 2 else None)


def test_orders_that_wait_are_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound they are refused; of those without an end the oldest makes room."""
    monkeypatch.setattr(driving, "MOST", 3)
    assert commanding.MOST == 1_000
    rig.born()
    soon = WallClock().now() + 3_600 * 10**9
    for number in range(3):
        rig.driver.order(order(float(number), expires=soon))
    with pytest.raises(Overloaded, match="orders wait"):
        rig.driver.order(order(9.0))
    rig.driver._awaited[1] = commanding.Awaited(order(1.0), rig.driver._awaited[1].at, {"opening": 1})
    rig.driver.order(order(9.0, expires=soon))
    assert len(rig.driver._awaited) == 3


def test_who_lives_and_says_nothing_is_present_and_who_died_is_not(rig: Rig) -> None:
    """A beat of its own each second here; none after the death."""
    rig.born()
    until(lambda: rig.driver.counters["beats"] >= 1)
    rig.hear(rig.node.ddeath("V-1", 6))
    beats = rig.driver.counters["beats"]
    rig.driver._told.clear()
    with rig.driver._lock:
        rig.driver._beat()
    assert rig.driver.counters["beats"] == beats
