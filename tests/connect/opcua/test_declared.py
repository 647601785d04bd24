"""How a server is declared: by namespace URI, believed for a reason, and never weak without saying so."""

import sys
from collections.abc import Mapping
from typing import Any

import pytest

import pollux as px
from pollux.columns.memory import NEVER
from pollux.connect.opcua.declared import opcua
from pollux.connect.opcua.nodes import NodeName
from pollux.connect.opcua.units import CODES, UNECE_URI, code_for, packed, unit_of
from pollux.errors import NotFound, SetupError
from pollux.model.units import unit
from tests.connect.field.paper import Kept, place


class Pump(px.Twin):
    """What is declared."""

    temp = px.sensor("degC")
    wear = px.hidden("1", start=0)
    speed = px.actuator("rpm", low=0, high=3000)


TEMP = {Pump.temp: "nsu=urn:acme;s={id}.Temp"}
WHO: Mapping[str, Any] = {"username": "pollux", "password_env": "PLANT_PASSWORD"}
PIN: Mapping[str, Any] = {"pin": "ab" * 32}
URL = "opc.tcp://plant.example"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"nodes": TEMP, **WHO}, "expected either the server's certificate or who has issued it"),
        ({"nodes": TEMP, **WHO, **PIN, "authority": "ca.pem"}, "expected either"),
        ({"nodes": TEMP, **PIN}, "expected who Pollux is to the server"),
        ({"nodes": TEMP, **PIN, **WHO, "anonymous": True}, "expected who Pollux is"),
        ({"nodes": TEMP, **PIN, "username": "pollux"}, "expected one place of the password"),
        ({"nodes": TEMP, "security": "None", **WHO}, "expected a secured connection for a password"),
        ({"nodes": TEMP, **PIN, **WHO, "security": "Basic128Rsa15"}, "expected a security of"),
        ({"nodes": TEMP, **PIN, **WHO, "certificate": "c.pem"}, "expected certificate and key together"),
        ({"nodes": TEMP, **PIN, **WHO, "revoked": "crl.pem"}, "expected authority= beside revoked="),
        ({"nodes": {}, **PIN, **WHO}, "expected nodes, got none"),
        ({"nodes": {Pump.temp: "nsu=urn:acme;s=P7.Temp"}, **PIN, **WHO}, "expected id= for one twin"),
        ({"nodes": {Pump.temp: "ns=2;s={id}"}, **PIN, **WHO}, "got an index that a restart may change"),
        ({"nodes": {Pump.temp: "nsu=urn:acme;i={id}"}, **PIN, **WHO}, "expected {id} at most once"),
        ({"nodes": {Pump.temp: "Temp"}, **PIN, **WHO}, "expected a node"),
        ({"nodes": TEMP, **PIN, **WHO, "queue": 0}, "expected a queue"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_way_out(said, why):
    """Before anything is opened, and the message says what was expected."""
    with pytest.raises(SetupError, match=why.split(",")[0].replace("(", r"\(").replace("{", r"\{")):
        opcua(URL, **said)


@pytest.mark.parametrize("url", ["plant.example", "http://plant.example", "opc.tcp://", "opc.tcp://[::1"])
def test_an_address_that_is_none_is_refused(url):
    """Only opc.tcp with a host."""
    with pytest.raises(SetupError, match="expected the address of an OPC UA server"):
        opcua(url, nodes=TEMP, **WHO, **PIN)


def test_a_password_stands_in_no_address_and_is_not_repeated():
    """Errors are logged."""
    with pytest.raises(SetupError, match="expected no user") as caught:
        opcua("opc.tcp://pollux:hush@plant.example", nodes=TEMP, **PIN)
    assert "hush" not in str(caught.value)


def test_what_does_not_fit_the_type_is_refused():
    """A signal that nobody measures, one that is no actuator, a unit of another dimension, a name of no signal."""
    schema = Pump.__pollux__
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"nodes": {Pump.wear: "nsu=urn:acme;s={id}.W"}}, SetupError, "got the hidden wear"),
        ({"nodes": TEMP, "actuators": {Pump.temp: "nsu=urn:acme;s={id}.T"}}, SetupError, "expected an actuator"),
        ({"nodes": TEMP, "units": {Pump.temp: "bar"}}, SetupError, "expected a unit like degC"),
        ({"nodes": {"tmp": "nsu=urn:acme;s={id}.T"}}, NotFound, "expected a signal of Pump"),
    ]
    for said, kind, why in wrong:
        with pytest.raises(kind, match=why):
            opcua(URL, **said, **WHO, **PIN).check(schema)
    opcua(URL, nodes=TEMP, actuators={Pump.speed: "nsu=urn:acme;s={id}.Set"}, **WHO, **PIN).check(schema)


def test_what_is_weak_says_so():
    """Neither open connections nor strangers are the default, and both stay visible."""
    weak = opcua(URL, nodes=TEMP, security="None", anonymous=True).weak
    assert "neither signed nor encrypted" in weak
    assert "anonymous" in weak
    assert opcua(URL, nodes=TEMP, **WHO, **PIN).weak == ""


def test_without_the_library_the_message_says_what_to_install(tmp_path, monkeypatch):
    """A site can be declared without asyncua; opening it names the extra."""
    declared = opcua(URL, nodes=TEMP, **WHO, **PIN)
    monkeypatch.setitem(sys.modules, "asyncua", None)
    with pytest.raises(SetupError, match="make install EXTRAS=industrial"):
        declared.driver(Pump.__pollux__, place(tmp_path, Kept(), reached=lambda twin, signal: int(NEVER)))
    site = px.Site("plant")
    site.fleet(Pump, declared)
    for made, address in ((site, None), (px.Site("other"), "127.0.0.1:0")):
        with pytest.raises(SetupError, match="expected asyncua"):
            made.open(tmp_path / "data", mqtt=None, opcua=address)
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_missing_is_named_before_anything_is_opened(tmp_path):
    """The certificate of the server, or of who issued it."""
    site = px.Site("plant")
    site.fleet(Pump, opcua(URL, nodes=TEMP, **WHO, pin=tmp_path / "server.der"))
    with pytest.raises(SetupError, match="cannot be read"):
        site.open(tmp_path / "data", mqtt=None)
    assert not (tmp_path / "data").exists()


def test_a_pattern_finds_the_twin_and_nothing_else():
    """The place is exactly what lies between; an empty one is none."""
    name = NodeName.read("nsu=urn:acme;s=Plant.{id}.Temp")
    told = ["Plant.P7.Temp", "Plant..Temp", "Plant.Temp", "Plant.P7.Temp2", "x.Plant.P7.Temp"]
    assert [name.id_of(one) for one in told] == ["P7", None, None, None, None]
    assert str(name.of("P8")) == "nsu=urn:acme;s=Plant.P8.Temp"
    assert name.resolved({"urn:other": 2}) is None


def test_every_code_is_a_unit_of_ours():
    """And is found again from its packed number."""
    for code, text in CODES.items():
        assert unit_of(packed(code), UNECE_URI, "") == text
        assert unit(text)
    assert code_for("degC") == "CEL"
    assert unit_of(packed("CEL"), "urn:other", "") is None
