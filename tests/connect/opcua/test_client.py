"""Reading a stock server: values, statuses, times, units, restarts, and what is refused."""

import json
import logging

import pytest

from pollux.clock import SECOND, WallClock
from pollux.connect.field.order import FieldOrder
from pollux.connect.opcua.units import packed
from pollux.connect.opcua.values import OVERFLOW
from pollux.errors import Overloaded
from tests.connect.field.paper import Kept
from tests.connect.opcua.hearing import Pump, answers, hearing, source, told, until, values

CEFACT = "http://www.opcfoundation.org/UA/units/un/cefact"
FAHRENHEIT = (CEFACT, packed("FAH"), "°F")
BAR = (CEFACT, packed("BAR"), "bar")


@pytest.fixture(autouse=True)
def _back(plant):
    yield
    plant.back() if plant._server.bserver._server is None else None


def now():
    return WallClock().now() // 1_000 * 1_000


def test_values_come_with_source_time_status_and_unit(plant, tmp_path, monkeypatch):
    """A number in the server's unit, a flag, an enumeration by its words, a text; a bad status without a value."""
    plant.add("A1.temp", 68.0, unit=FAHRENHEIT)
    plant.add("A1.running", True)
    plant.add("A1.mode", 2, words=["off", "eco", "full"])
    plant.add("A1.label", "north")
    then = now() - 5 * SECOND
    plant.say("A1.temp", 68.0, then)
    declared = source(plant, Pump.temp, Pump.running, Pump.mode, Pump.label, monkeypatch=monkeypatch)
    with hearing(tmp_path, declared) as (driver, sink):
        until(lambda: len(told(sink, "A1")) == 4)
        assert ("temp", 68.0, then, 0, "degF") in told(sink, "A1")
        assert [values(sink, name, "A1") for name in ("running", "mode", "label")] == [[True], ["full"], ["north"]]
        plant.say("A1.temp", None, then + SECOND, status=0x808C0000)
        until(lambda: len(told(sink, "A1")) == 5)
        assert told(sink, "A1")[-1] == ("temp", None, then + SECOND, 0x808C0000, "degF")
        assert (driver.connected, driver.trouble) == (True, "")
        assert driver.counters["values"] == 5


def test_an_outage_is_filled_from_history_exactly_once(plant, tmp_path, monkeypatch):
    """What happened while the server was away comes once, in order, before what comes after; the flow is whole."""
    plant.add("B1.temp", 1.0, historic=True)
    start = now() - 60 * SECOND
    plant.say("B1.temp", 1.0, start)
    with hearing(tmp_path, source(plant, Pump.temp, monkeypatch=monkeypatch, id="B1")) as (driver, sink):
        until(lambda: values(sink, "temp", "B1") == [1.0])
        plant.cut()
        until(lambda: not driver.connected)
        for i in range(2, 6):
            plant.say("B1.temp", float(i), start + i * SECOND)
        plant.back()
        until(lambda: driver.connected)
        plant.say("B1.temp", 6.0, start + 6 * SECOND)
        until(lambda: 6.0 in values(sink, "temp", "B1"))
        assert values(sink, "temp", "B1") == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
        times = [one[2] for one in told(sink, "B1")]
        assert times == [start] + [start + i * SECOND for i in range(2, 7)]
        counts = driver.counters
        assert (counts["from_history"], counts["gaps_filled"], counts["connects"]) == (4, 1, 2)


def test_a_restart_of_pollux_reads_the_gap_from_what_it_knew(plant, tmp_path, monkeypatch):
    """A new driver asks for what came after the newest value that the site has."""
    plant.add("C1.temp", 0.0, historic=True)
    start = now() - 60 * SECOND
    for i in range(5):
        plant.say("C1.temp", float(i), start + i * SECOND)
    known = {("C1", "temp"): start + SECOND}
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch)
    with hearing(tmp_path, declared, reached=lambda *key: known.get(key, start + 100 * SECOND)) as (_, sink):
        until(lambda: 4.0 in values(sink, "temp", "C1"))
        assert values(sink, "temp", "C1") == [2.0, 3.0, 4.0]


def test_a_long_gap_comes_in_pages_and_whole(plant, tmp_path, monkeypatch):
    """More values than a page of history holds, each once and in order; those of one moment told apart by value."""
    plant.add("Q1.temp", 0.0, historic=True)
    start = now() - 3600 * SECOND
    plant.run(_many(plant, "Q1.temp", start, 2_500))
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch, id="Q1")
    with hearing(tmp_path, declared, reached=lambda *key: start - SECOND) as (driver, sink):
        until(lambda: len(values(sink, "temp")) >= 2_500)
        assert values(sink, "temp") == [float(i) for i in range(2_500)]
        assert driver.counters["from_history"] == 2_500


async def _many(plant, name, start, count):
    for i in range(count):
        await plant._say(name, float(i), start + i * SECOND, 0, None)


def test_a_gap_without_history_is_said_to_be_one(plant, tmp_path, monkeypatch, caplog):
    """A server that keeps none cannot fill it: that is counted and named, and life goes on."""
    plant.add("D1.temp", 0.0)
    start = now() - 60 * SECOND
    plant.say("D1.temp", 7.0, now())
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch, id="D1")
    with caplog.at_level(logging.WARNING), hearing(tmp_path, declared, reached=lambda *key: start) as (driver, sink):
        until(lambda: values(sink, "temp") == [7.0])
        assert driver.counters["gaps_open"] == 1
    assert "D1.temp" in caplog.text
    assert "no history" in caplog.text


def test_namespaces_may_change_their_places_between_restarts(plant, tmp_path, monkeypatch):
    """Nodes are found by URI on every connection: behind the same index stands another node afterwards."""
    plant.add("E1.temp", 1.0)
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch, id="E1")
    with hearing(tmp_path, declared) as (driver, sink):
        until(lambda: values(sink, "temp") == [1.0])
        plant.cut()
        until(lambda: not driver.connected)
        plant.shuffle()
        try:
            plant.add("E1.temp", 2.0)
            plant.back()
            until(lambda: 2.0 in values(sink, "temp"))
        finally:
            plant.shuffle()


def test_twins_are_found_by_browsing_and_others_are_left_alone(plant, tmp_path, monkeypatch):
    """Every node that fits is a twin of its own; a twin that lacks a node is heard for the rest."""
    for name in ("F1.pressure", "F2.pressure", "F1.temp", "other.thing"):
        plant.add(name, 3.0)
    with hearing(tmp_path, source(plant, Pump.pressure, Pump.temp, monkeypatch=monkeypatch)) as (driver, sink):
        until(lambda: driver.connected and len(values(sink, "temp", "F1")) == 1)
        assert (values(sink, "pressure", "F1"), values(sink, "pressure", "F2")) == ([3.0], [3.0])
        assert values(sink, "temp", "F2") == []
        assert driver.counters["faults"] >= 1
        assert "the server has no node" in driver.trouble


def test_a_unit_of_another_dimension_is_refused_with_a_way_out(plant, tmp_path, monkeypatch):
    """The node is not heard and the trouble names it; `units` overrules a server that is wrong."""
    plant.add("G1.temp", 3.0, unit=BAR)
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch, id="G1")
    with hearing(tmp_path, declared) as (driver, sink):
        until(lambda: "expected a unit like degC, the server says bar" in driver.trouble)
        assert not driver.connected
    declared = source(plant, Pump.temp, monkeypatch=monkeypatch, id="G1", units={Pump.temp: "degF"})
    with hearing(tmp_path, declared) as (driver, sink):
        until(lambda: told(sink, "G1") != [])
        assert told(sink, "G1")[0][4] == "degF"


def test_what_a_server_lacks_is_named(plant, tmp_path, monkeypatch):
    """A namespace and a node that are not there: said in the trouble, tried again."""
    for node, why in (("nsu=urn:nobody;s=x", "no namespace urn:nobody"), ("nsu=urn:acme:plant;s=no", "has no node")):
        declared = source(plant, monkeypatch=monkeypatch, id="H1", named={Pump.temp: node})
        with hearing(tmp_path, declared) as (driver, _):
            until(lambda why=why, driver=driver: why in driver.trouble)


def test_a_server_that_is_away_is_waited_for(plant, tmp_path, monkeypatch):
    """Starting does not fail; the trouble says why nothing is heard; it is heard when it comes."""
    plant.add("I1.temp", 5.0)
    plant.cut()
    with hearing(tmp_path, source(plant, Pump.temp, monkeypatch=monkeypatch, id="I1")) as (driver, sink):
        until(lambda: driver.counters["failed_connects"] > 1)
        assert driver.trouble
        plant.back()
        until(lambda: values(sink, "temp") == [5.0])


def test_values_lost_in_the_servers_queue_are_counted(plant, tmp_path, monkeypatch):
    """The overflow bit is what a server says of it."""
    plant.add("J1.temp", 0.0)
    with hearing(tmp_path, source(plant, Pump.temp, monkeypatch=monkeypatch, id="J1")) as (driver, sink):
        until(lambda: values(sink, "temp") == [0.0])
        plant.say("J1.temp", 1.0, now(), status=OVERFLOW)
        until(lambda: values(sink, "temp") == [0.0, 1.0])
        assert driver.counters["overflows"] == 1


def test_while_the_log_is_full_values_wait(plant, tmp_path, monkeypatch):
    """Nothing is dropped below the bound, and all comes in its order afterwards."""
    plant.add("K1.temp", 0.0)
    sink = Kept()
    sink.refuses = Overloaded("full", retry_after=1.0)
    with hearing(tmp_path, source(plant, Pump.temp, monkeypatch=monkeypatch, id="K1"), sink) as (driver, _):
        until(lambda: driver.counters["waited"] > 0)
        for i in range(1, 4):
            plant.say("K1.temp", float(i), now())
        until(lambda: driver.counters["values"] == 4)
        sink.refuses = None
        until(lambda: values(sink, "temp") == [0.0, 1.0, 2.0, 3.0])


# -- orders -----------------------------------------------------------------------------------------------------------


def order(**params):
    return FieldOrder("L1", "o1", "set", params)


def test_an_order_writes_the_node_and_reads_it_back(plant, tmp_path, monkeypatch):
    """In the unit of the server; the status of the write is the acknowledgement."""
    plant.add("L1.speed", 0.0, writable=True, unit=(CEFACT, packed("RPS"), "rev/s"))
    actuators = {Pump.speed: "nsu=urn:acme:plant;s={id}.speed"}
    declared = source(plant, monkeypatch=monkeypatch, actuators=actuators, id="L1")
    with hearing(tmp_path, declared, acts=True) as (driver, sink):
        until(lambda: values(sink, "speed") == [0.0])
        assert driver.takes("L1")
        assert not driver.takes("L2")
        driver.order(order(speed=900.0))
        until(lambda: len(answers(sink)) == 2)
        assert [json.loads(said)["state"] for said in answers(sink)] == ["accepted", "done"]
        assert plant.value("L1.speed") == pytest.approx(15.0)
        assert told(sink, "L1")[1][:2] == ("speed", pytest.approx(15.0))
        assert told(sink, "L1")[1][4] == "turn/s"


@pytest.mark.parametrize(
    ("asked", "state", "why"),
    [
        ({"pressure": 1.0}, "rejected", "expected an actuator that a node is declared for"),
        ({"speed": 1.0}, "failed", "BadUserAccessDenied"),
    ],
)
def test_an_order_that_cannot_be_written_says_why(plant, tmp_path, monkeypatch, asked, state, why):
    """What has no node is rejected; what the server refuses has failed."""
    if "N1.speed" not in _ADDED:
        _ADDED.add("N1.speed")
        plant.add("N1.speed", 0.0)
    actuators = {Pump.speed: "nsu=urn:acme:plant;s={id}.speed"}
    declared = source(plant, monkeypatch=monkeypatch, actuators=actuators, id="N1")
    with hearing(tmp_path, declared, acts=True) as (driver, sink):
        until(lambda: driver.connected)
        driver.order(FieldOrder("N1", "o2", "set", asked))
        until(lambda: len(answers(sink)) == 1)
        said = json.loads(answers(sink)[0])
        assert (said["state"], said["id"]) == (state, "o2")
        assert why in said["reason"]
        assert plant.value("N1.speed") == 0.0


_ADDED: set[str] = set()


def test_an_order_that_is_late_or_has_no_server_is_not_written(plant, tmp_path, monkeypatch):
    """Nothing is kept for later: a server that comes back gets nothing stale."""
    plant.add("O1.speed", 0.0, writable=True)
    actuators = {Pump.speed: "nsu=urn:acme:plant;s={id}.speed"}
    declared = source(plant, monkeypatch=monkeypatch, actuators=actuators, id="O1")
    with hearing(tmp_path, declared, acts=True) as (driver, sink):
        until(lambda: driver.connected)
        driver.order(FieldOrder("O1", "late", "set", {"speed": 1.0}, expires=now() - SECOND))
        until(lambda: len(answers(sink)) == 1)
        plant.cut()
        until(lambda: not driver.connected)
        driver.order(FieldOrder("O1", "away", "set", {"speed": 1.0}))
        until(lambda: len(answers(sink)) == 2)
        assert [json.loads(said)["state"] for said in answers(sink)] == ["rejected", "failed"]
        plant.back()
        until(lambda: driver.connected)
        assert plant.value("O1.speed") == 0.0


def test_without_acting_no_order_is_taken(plant, tmp_path, monkeypatch):
    """A site that observes has no way to write, whatever is declared."""
    actuators = {Pump.speed: "nsu=urn:acme:plant;s={id}.speed"}
    declared = source(plant, monkeypatch=monkeypatch, actuators=actuators, id="L1")
    with hearing(tmp_path, declared) as (driver, _):
        assert not driver.takes("L1")
