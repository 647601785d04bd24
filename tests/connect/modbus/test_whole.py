"""From registers to a twin and back, through an open site."""

import pytest
from pymodbus.simulator import SimDevice

import pollux as px
from pollux.errors import OrderRefused
from pollux.site.house import SiteHouse
from tests.connect.modbus.stock import registers, serving, until


class Boiler(px.Twin):
    """A boiler with a controller that speaks Modbus."""

    setpoint = px.actuator("degC", low=20, high=90, safe=20)
    temp = px.sensor("degC", low=-20, high=200)
    pressure = px.sensor("kPa", low=0, high=2000)
    burning = px.fact("flag")
    mode = px.fact(["off", "eco", "full"])
    maker = px.fact("text")


def plant(port, **more):
    """A site with one boiler."""
    site = px.Site("plant")
    boilers = site.fleet(
        Boiler,
        px.modbus(
            f"tcp://127.0.0.1:{port}",
            unit=3,
            id="B-1",
            registers={
                Boiler.temp: px.Register("40101", "int16", scale=0.1, unit="degC", missing=0x8000),
                Boiler.pressure: px.Register("40102", "float32", order="CDAB", unit="bar"),
                Boiler.burning: px.Register("40104", "bits", bit=2),
                Boiler.mode: px.Register("40105", codes={0: "off", 10: "eco", 11: "full"}),
                Boiler.maker: px.Register("40106", "string", length=3),
            },
            actuators={Boiler.setpoint: px.Register("40111", "int16", scale=0.1, unit="degF")},
            every="20 ms",
            **more,
        ),
    )
    return site, boilers


def boiler(temp=653, **more):
    """65.3 degC, 1.5 bar, burning, eco, made by ACME, set to 104 degF."""
    head = registers(100, temp, 0x0000, 0x3FC0, 0b0101, 10, 0x4143, 0x4D45, 0)
    return SimDevice(3, simdata=[head, registers(110, 1040)], **more)


def test_registers_become_a_twin_and_its_history(tmp_path):
    """In the units of the class, with words for codes, and the last values after a restart."""
    with serving(boiler()) as stock:
        site, boilers = plant(stock.port)
        with site.open(tmp_path, mqtt=None) as live:
            until(lambda: len(boilers) and not live.doors.fields.broken())
            now = boilers["B-1"].now
            assert float(now.temp) == pytest.approx(273.15 + 65.3)
            assert float(now.pressure) == pytest.approx(150.0)
            assert float(now.setpoint) == pytest.approx(273.15 + 40)
            assert (bool(now.burning), str(now.mode), str(now.maker)) == (True, "eco", "ACME")
            until(lambda: len(boilers["B-1"].history(Boiler.temp, "1 h").time) >= 3)
            times = boilers["B-1"].history(Boiler.temp, "1 h").time
            assert (times[1:] > times[:-1]).all()
            assert times[-1] <= live.clock.now()
        with site.open(tmp_path, mqtt=None):
            assert float(boilers["B-1"].now.temp) == pytest.approx(273.15 + 65.3)


def test_a_loose_sensor_and_a_device_that_goes_are_told_apart(tmp_path):
    """Both are bad, with reasons of their own; the site says which connection is broken."""
    with serving(boiler(temp=0x8000)) as stock:
        site, boilers = plant(stock.port)
        with site.open(tmp_path, mqtt=None) as live:
            until(lambda: len(boilers) and not live.doors.fields.broken())

            until(lambda: boilers["B-1"].quality["temp"].reasons.get("disconnected", 0) > 1)
            assert boilers["B-1"].quality["pressure"].reasons == {}
            stock.stop()
            until(lambda: boilers["B-1"].quality["pressure"].reasons == {"unreachable": 1})
            (broken,) = SiteHouse(live).broken()
            assert broken.promise == f"modbus:127.0.0.1:{stock.port}:3:B-1 is heard"
            assert float(boilers["B-1"].now.pressure) == pytest.approx(150.0)
            stock.start()
            until(lambda: not SiteHouse(live).broken())


def test_an_order_is_done_when_it_has_been_read_back(tmp_path):
    """50 degC are 122.0 degF, 1220 in the register; the order says so, and so does the twin."""
    with serving(boiler()) as stock:
        site, boilers = plant(stock.port)
        with site.open(tmp_path, mqtt=None, act=True) as live:
            until(lambda: len(boilers) and not live.doors.fields.broken())
            order = boilers["B-1"].set({Boiler.setpoint: 50.0}, reason="a cold night")
            assert order.wait("done", timeout=10)
            assert stock.cells(110, 1, unit=3) == [1220]
            assert [step.state for step in order.order.steps] == ["proposed", "approved", "sent", "accepted", "done"]
            until(lambda: float(boilers["B-1"].now.setpoint) == pytest.approx(273.15 + 50))


def test_without_act_there_is_no_desk_and_nothing_is_written(tmp_path):
    """The site observes."""
    with serving(boiler()) as stock:
        site, boilers = plant(stock.port)
        with site.open(tmp_path, mqtt=None) as live:
            until(lambda: len(boilers) and not live.doors.fields.broken())
            with pytest.raises(OrderRefused, match="the site observes"):
                boilers["B-1"].set({Boiler.setpoint: 50.0}, reason="a cold night")
        assert {function for function, _, _ in stock.asked} == {3}
