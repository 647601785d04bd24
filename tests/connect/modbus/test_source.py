"""What is declared: it opens nothing, and what does not fit the class or the wire is refused where it stands."""

import pytest

import pollux as px
from pollux.connect.modbus.address import place_of
from pollux.model.schema import schema_of
from tests.connect.modbus.stock import Pump


class Press(px.Twin):
    """All kinds of signals."""

    temp = px.sensor("degC")
    force = px.actuator("N", low=0, high=100, safe=0)
    wear = px.hidden("1", start=0)
    model = px.fact("text")


def declared(**more):
    """A connection of a press."""
    given = {"id": "P-1", "registers": {Press.temp: px.Register(0)}} | more
    url = given.pop("url", "tcp://10.0.0.5")
    return px.modbus(url, **given)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"url": "http://10.0.0.5"}, "expected tcp://HOST"),
        ({"url": "tcp://"}, "expected tcp://HOST"),
        ({"url": "tcp://10.0.0.5:99999"}, "expected the address"),
        ({"url": "tcp://user@10.0.0.5"}, "expected tcp://HOST"),
        ({"url": "rtu://dev/ttyUSB0"}, "expected tcp://HOST"),
        ({"url": "rtu:///dev/ttyUSB0?baud=12345"}, "expected baud="),
        ({"url": "rtu:///dev/ttyUSB0?parity=X"}, "expected parity="),
        ({"url": "rtu:///dev/ttyUSB0?speed=9600"}, "expected baud="),
        ({"unit": 256}, "expected a unit from 0 to 255"),
        ({"url": "rtu:///dev/ttyS1", "unit": 0}, "expected a unit from 1 to 247"),
        ({"url": "rtu+tcp://plant:4001", "unit": 248}, "expected a unit from 1 to 247"),
        ({"unit": 0, "actuators": {"force": px.Register(9)}}, "expected a unit from 1 to 255"),
        ({"registers": {}}, "expected registers, got none"),
        ({"every": "0 s"}, "expected times of at least"),
        ({"timeout": "0 s"}, "expected times of at least"),
        ({"rate": 0}, "a rate above 0"),
        ({"gap": -1}, "no negative gap"),
        ({"actuators": {Press.temp: px.Register(0)}}, "got it in both"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(more, why):
    """Before there is a site."""
    with pytest.raises(px.SetupError, match=why):
        declared(**more)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"id": "P/1"}, "expected the id of a twin"),
        ({"registers": {"temp": px.Register(0, unit="bar")}}, "expected degC or a unit like it"),
        ({"registers": {"wear": px.Register(0)}}, "got the hidden wear"),
        ({"registers": {"model": px.Register(0)}}, "expected a register that holds a text"),
        ({"registers": {"temp": px.Register(0, "string", length=2)}}, "expected a register that holds a number"),
        ({"registers": {"temp": px.Register(0, codes={1: "hot"})}}, "expected codes= for a choice"),
        ({"registers": {"nothing": px.Register(0)}}, "expected a signal of Press"),
        ({"actuators": {"model": px.Register(2, "string", length=2)}}, "expected an actuator, got the fact model"),
        ({"actuators": {"force": px.Register("30001")}}, "expected a holding register or a coil"),
        ({"actuators": {"force": px.Register(1, "bits", bit=3)}}, "got bits of one"),
        ({"actuators": {"force": px.Register(1, "int32", write="single")}}, 'expected write="multiple"'),
    ],
)
def test_what_does_not_fit_the_class_is_refused_with_the_fleet(more, why):
    """A site cannot be declared with it."""
    with pytest.raises(px.PolluxError, match=why):
        px.Site().fleet(Press, declared(**more))


def test_addresses_have_their_usual_settings():
    """Port 502; 19200 baud, even parity, one stop bit, as the specification asks for."""
    assert (place_of("tcp://plant").host, place_of("tcp://plant").port) == ("plant", 502)
    serial = place_of("rtu:///dev/ttyS1")
    assert (serial.device, serial.baud, serial.parity, serial.stop) == ("/dev/ttyS1", 19200, "E", 1)
    assert place_of("rtu:///dev/ttyS1?baud=9600&parity=N&stop=2").silence == pytest.approx(38.5 / 9600)
    assert place_of("rtu+tcp://plant:4001").framed == "rtu"


def test_the_log_says_how_values_are_understood():
    """Another register, order or scale is another meaning."""
    one = px.modbus("tcp://10.0.0.5", id="P-1", registers={Pump.temp: px.Register("40101", "int16", scale=0.1)})
    other = px.modbus("tcp://10.0.0.5", id="P-1", registers={Pump.temp: px.Register("40101", "int16", scale=0.01)})
    one.check(schema_of(Pump))
    assert one.meaning() == ["temp < modbus:10.0.0.5:502:1:P-1 holding 100 int16 ABCD *0.1 +0"]
    assert one.meaning() != other.meaning()
