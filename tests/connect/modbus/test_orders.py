"""Orders to stock pymodbus servers: written, read back, answered; and everything that is not written."""

import asyncio
import json

import pytest
from pymodbus.simulator import DataType, SimData, SimDevice

import pollux as px
from pollux.clock import SECOND, WallClock
from pollux.connect.field.order import FieldOrder
from pollux.connect.modbus.driver import WAITING
from pollux.model.schema import schema_of
from tests.connect.field.paper import Kept, place
from tests.connect.modbus.stock import Heard, Pump, free_port, hearing, registers, serving, until


def order(**params):
    """An order for P-1."""
    return FieldOrder("P-1", "o1", "set", params)


def pump(port, **more):
    """A pump whose speed is written in tenths of a radian a second, and whose valve is a whole word."""
    return px.modbus(
        f"tcp://127.0.0.1:{port}",
        id="P-1",
        registers={Pump.temp: px.Register(0)},
        actuators={
            Pump.speed: px.Register(1, "uint32", order="CDAB", scale=0.1, unit="rad/s", **more),
            Pump.valve: px.Register(3, **more),
        },
    )


def answered(heard: Heard) -> list[tuple[str, str]]:
    """State and reason of every answer."""
    return [(said["state"], said["reason"]) for said in map(json.loads, heard.answers())]


def test_an_order_is_written_read_back_and_answered(tmp_path):
    """1500 rpm are 157.08 rad/s: 1571 tenths."""
    with serving(SimDevice(1, simdata=[registers(0, 20, 0, 0, 0)])) as stock:
        with hearing(pump(stock.port), tmp_path, acts=True) as heard:
            until(lambda: heard.driver.connected)
            assert heard.driver.takes("P-1")
            assert not heard.driver.takes("P-2")
            heard.driver.order(order(speed=1500.0, valve=1.0))
            until(lambda: len(heard.answers()) == 2)
            assert answered(heard) == [("accepted", ""), ("done", "read back")]
            assert stock.cells(0, 4) == [20, 1571, 0, 1]
            until(lambda: heard.polls()[-1].get("speed") and heard.polls()[-1]["speed"].value == pytest.approx(157.1))
        assert heard.polls()[-1]["speed"].unit == "rad/s"


def test_without_act_nothing_can_be_written(tmp_path):
    """The driver takes no orders and knows no way to write."""
    with serving(SimDevice(1, simdata=[registers(0, 20, 0, 0, 0)])) as stock:
        with hearing(pump(stock.port), tmp_path) as heard:
            until(lambda: heard.driver.connected)
            assert not heard.driver.takes("P-1")
            heard.driver.order(order(speed=1500.0))
            until(lambda: heard.driver.counters["polls"] >= 2)
        assert {function for function, _, _ in stock.asked} == {3}
        assert heard.answers() == []


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (order(speed=1500.0, temp=20.0), "mapped to registers, got temp"),
        (order(valve=70000.0), "expected from 0 to 65535, got 70000 - at holding 3"),
        (order(valve="open"), "expected a number"),
        (FieldOrder("P-1", "o1", "flush", {}), "expected an order that sets actuators"),
        (FieldOrder("P-1", "o1", "set", {"valve": 1.0}, expires=WallClock().now() - SECOND), "has expired"),
    ],
)
def test_what_cannot_be_written_is_rejected_and_nothing_is(asked, why, tmp_path):
    """All is looked at before anything is written."""
    with serving(SimDevice(1, simdata=[registers(0, 20, 0, 0, 0)])) as stock:
        with hearing(pump(stock.port), tmp_path, acts=True) as heard:
            heard.driver.order(asked)
            until(heard.answers)
            ((state, reason),) = answered(heard)
            assert state == "rejected"
            assert why in reason
        assert {function for function, _, _ in stock.asked} <= {3}


def test_a_device_that_does_not_take_it_makes_the_order_fail(tmp_path):
    """Whatever it answers to the write, what counts is what is read back."""

    async def stubborn(function, start, address, count, cells, values):
        if values is not None:
            values[:] = [7] * len(values)

    device = SimDevice(1, simdata=[registers(0, 20, 0, 0, 0)], action=stubborn)
    with serving(device) as stock, hearing(pump(stock.port), tmp_path, acts=True) as heard:
        heard.driver.order(order(valve=1.0))
        until(heard.answers)
        ((state, reason),) = answered(heard)
        assert state == "failed"
        assert reason.startswith("valve: read back 7 after 1 was written")
        assert [function for function, _, _ in stock.asked].count(6) == 1


def test_a_device_that_refuses_the_write_says_why(tmp_path):
    """Its exception is the reason."""
    locked = SimData(3, values=[0], datatype=DataType.REGISTERS, readonly=True)
    device = SimDevice(1, simdata=[registers(0, 20, 0, 0), locked])
    with serving(device) as stock, hearing(pump(stock.port), tmp_path, acts=True) as heard:
        heard.driver.order(order(valve=1.0))
        until(heard.answers)
        assert answered(heard) == [("failed", "valve: exception 2, illegal data address")]


@pytest.mark.parametrize(("write", "function"), [("", 5), ("multiple", 15)])
def test_a_coil_is_written_by_either_function(write, function, tmp_path):
    """Function 5 by itself, 15 where the device is said to know that one only."""
    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    with serving(SimDevice(1, simdata=(bits, bits, [registers(0, 1)], [registers(0, 1)]))) as stock:
        source = px.modbus(
            f"tcp://127.0.0.1:{stock.port}",
            id="P-1",
            registers={Pump.temp: px.Register(0)},
            actuators={Pump.valve: px.Register("00004", write=write)},
        )
        with hearing(source, tmp_path, acts=True) as heard:
            heard.driver.order(order(valve=1.0))
            until(lambda: len(heard.answers()) == 2)
            assert answered(heard)[-1] == ("done", "read back")
        assert function in {asked for asked, _, _ in stock.asked}


def test_nothing_is_written_after_an_order_has_expired(tmp_path):
    """Also where the line was taken until then by a device that does not answer."""

    async def slow(*_):
        await asyncio.sleep(0.5)

    stuck = SimDevice(2, simdata=[registers(0, 1)], action=slow)
    with serving(SimDevice(1, simdata=[registers(0, 20, 0, 0, 0)]), stuck) as stock:
        url, mapped = f"tcp://127.0.0.1:{stock.port}", {Pump.temp: px.Register(0)}
        late = px.modbus(url, unit=2, id="P-2", registers=mapped, timeout="400 ms", every="10 ms")
        with hearing(pump(stock.port), tmp_path, acts=True) as heard, hearing(late, tmp_path) as other:
            until(
                lambda: heard.driver.connected and other.driver.counters["requests"] > other.driver.counters["timeouts"]
            )
            soon = WallClock().now() + SECOND // 20
            heard.driver.order(FieldOrder("P-1", "o1", "set", {"valve": 1.0}, expires=soon))
            until(heard.answers)
        assert 6 not in {function for function, _, _ in stock.asked}


def test_orders_beyond_the_bound_are_not_taken(tmp_path):
    """Sixteen wait for a device; whoever asks for one more hears so at once."""
    source = pump(free_port())
    driver = source.driver(schema_of(Pump), place(tmp_path, Kept(), acts=True))
    for _ in range(WAITING):
        driver.order(order(valve=1.0))
    with pytest.raises(px.PolluxError, match="16 orders wait"):
        driver.order(order(valve=1.0))
