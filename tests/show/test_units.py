"""What is declared in degrees Celsius is told, shown, foreseen and changed in degrees, whatever columns hold."""

import json
import re
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pollux as px
from pollux.show.compose.params import outward_params
from pollux.site.carrier import message

from .plant import Door

START = px.instant("2026-11-02T08:00:00Z")
MINUTE = 60 * 10**9
ROOM = "twins/Room/R-1"


class Room(px.Twin):
    """A room that cools, in the units of those who live in it."""

    air = px.sensor("degC", low=-20, high=60, noise=0.2, every="1 min", start=20)
    outside = px.parameter("degC", 5)
    rate = px.parameter("1/h", 0.3)
    power = px.actuator("kW", low=0, high=4, safe=0)
    gain = px.parameter("K/h/kW", 3)
    wanted = px.actuator("degC", low=5, high=30, safe=15)

    @px.command
    def hold(self, warmth=px.fact("degC", low=5, high=30)):  # noqa: B008
        """Hold a warmth for an hour."""

    @px.rate(air)
    def cools(self):
        return self.gain * self.power - self.rate * (self.air - self.outside)


def warmth(futures: px.Futures) -> list[px.LabFigure]:
    """How warm it is at the end, in kelvin as equations have it."""
    return [px.LabFigure(float(row[-1])) for row in futures.band(Room.air).median]


LAB = px.Lab(lambda _: [px.LabChoice("keep", "keep", "keep")], "1 day", 8, (), warmth)


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[tuple[Any, Door, Any]]:
    """A room at 21.5 degC with an alarm above 25, told by its thermometer."""
    site = px.Site("House")
    fleet = site.fleet(Room, presenter=px.Presenter(lab=LAB))
    site.watch(Room, px.limit(Room.air > px.quantity(25, "degC"), severity="high", title="Hot"))
    with site.open(tmp_path, act=True, http="127.0.0.1:0", clock=px.SimulatedClock(START)) as live:
        live.accounts.add("warden", kind="person", roles={"administrator", "operator"}, twins=["*"])
        assert live.server is not None
        door = Door(live.server.url, live.accounts.issue("warden").secret)
        door.ask("PUT", ROOM, {"values": {"outside": 10}})
        door.ask("POST", f"{ROOM}/telemetry", {"t": START / 1e9, "air": 21.5})
        yield live, door, fleet


def test_a_temperature_has_the_unit_of_its_class(rooms: tuple[Any, Door, Any]) -> None:
    """The state, its bounds and its deviation are in degC, while equations see kelvin."""
    _, door, fleet = rooms
    air = door.ask("GET", ROOM)["values"]["air"]
    assert (air["value"], air["unit"]) == (pytest.approx(21.5), "degC")
    assert float(fleet["R-1"].now.air) == pytest.approx(294.65)
    assert float(fleet["R-1"].history(Room.air, "1 h").value[0]) == pytest.approx(294.65)


def test_what_is_said_in_degrees_is_kept_and_read_in_degrees(rooms: tuple[Any, Door, Any]) -> None:
    """A parameter goes in and comes out as it was said, and a bound is one in the same unit."""
    _, door, fleet = rooms
    outside = door.ask("GET", ROOM)["values"]["outside"]
    assert (outside["value"], outside["unit"]) == (pytest.approx(10.0), "degC")
    door.ask("PATCH", ROOM, {"values": {"outside": -5}})
    assert door.ask("GET", ROOM)["values"]["outside"]["value"] == pytest.approx(-5.0)
    assert float(fleet["R-1"].now.outside) == pytest.approx(268.15)


def test_history_comparisons_and_alarms_speak_the_same_unit(rooms: tuple[Any, Door, Any]) -> None:
    """Series, filters of the list and what stands out on the fleet say degC."""
    live, door, _ = rooms
    live.advance_to(START + MINUTE)
    door.ask("POST", f"{ROOM}/telemetry", {"t": live.clock.now() / 1e9, "air": 26.0})
    (series,) = door.ask("GET", f"{ROOM}/history?fields=air&from={START / 1e9}&to={START / 1e9 + 120}")["series"]
    assert (series["v"], series["unit"]) == (pytest.approx([21.5, 26.0]), "degC")
    assert len(door.ask("GET", "twins?type=Room&where=air%3E25")["twins"]) == 1
    assert door.ask("GET", "twins?type=Room&where=air%3E200")["twins"] == []
    (row,) = door.ask("GET", "fleets/Room")["attention"]
    assert (row["value"], row["unit"]) == (pytest.approx(26.0), "degC")
    assert door.ask("GET", f"{ROOM}?at={START / 1e9}")["values"]["air"]["value"] == pytest.approx(21.5)


def test_what_changes_live_is_in_degrees(rooms: tuple[Any, Door, Any]) -> None:
    """The wire takes its frames from the same columns: changed cells and samples."""
    live, _, _ = rooms
    changes = live.rooms.live.changes("Room", 0)
    names = [field.name for field in live.rooms.twins.types()[0].fields]
    cells = {names[field]: value for field, value in zip(changes.field.tolist(), changes.value.tolist(), strict=True)}
    assert cells["air"] == pytest.approx(21.5)
    assert cells["outside"] == pytest.approx(10.0)
    assert live.rooms.live.samples("Room", "R-1", "air", 0).value.tolist() == pytest.approx([21.5])


def test_a_future_is_in_degrees(rooms: tuple[Any, Door, Any]) -> None:
    """A fan starts where the room is and stays between it and what is outside."""
    _, door, _ = rooms
    fork = door.tried("Room/R-1", ["keep"])
    fan = door.ask("GET", f"forks/{fork}")["fans"]["0"]["air"]
    assert fan["unit"] == "degC"
    assert fan["p50"][0] == pytest.approx(21.5, abs=1.0)
    assert 9.0 < fan["p50"][-1] < 12.0


def asked(name: str, params: dict[str, float]) -> dict[str, Any]:
    return {"id": f"o-{name}", "name": name, "params": params, "expires_at": START / 1e9 + 3600, "reason": "cold"}


@pytest.mark.parametrize(("name", "what"), [("set", "wanted"), ("hold", "warmth")])
def test_an_order_is_asked_and_shown_in_degrees(rooms: tuple[Any, Door, Any], name: str, what: str) -> None:
    """19 degC asked for are 19 in every answer and in the message, and kelvin only inside; 40 are refused in degC."""
    live, door, _ = rooms
    assert door.ask("POST", f"{ROOM}/commands", asked(name, {what: 19}))["params"] == {what: pytest.approx(19.0)}
    (kept,) = live.estate.orders.of("Room", "R-1")
    assert kept.params == ((what, pytest.approx(292.15)),)
    assert json.loads(message(kept, outward_params(Room.__pollux__, kept)))["params"] == {what: pytest.approx(19.0)}
    with pytest.raises(urllib.error.HTTPError) as refused:
        door.ask("POST", f"{ROOM}/commands", {**asked(name, {what: 40}), "id": "o-hot"})
    assert re.search("expected 5 to 30.*, got 40", refused.value.read().decode())


def test_a_device_that_speaks_degrees_obeys_in_degrees(rooms: tuple[Any, Door, Any]) -> None:
    """What was asked for in degC reaches the device as the same number, is done, and is reported back."""
    live, door, fleet = rooms
    with px.emulate(fleet, ids=["R-2"], every="1 min", actuators={Room.wanted: 15}, seed=1):
        live.advance_to(live.clock.now() + MINUTE)
        door.ask("POST", "twins/Room/R-2/commands", asked("set", {"wanted": 19}))
        live.advance_to(live.clock.now() + 2 * MINUTE)
        assert door.ask("GET", "twins/Room/R-2/commands/o-set")["state"] in ("done", "verified")
        assert door.ask("GET", "twins/Room/R-2")["values"]["wanted"]["value"] == pytest.approx(19.0)
        assert float(fleet["R-2"].now.wanted) == pytest.approx(292.15)


def test_a_program_speaks_degrees_as_clients_do(rooms: tuple[Any, Door, Any]) -> None:
    """Facts, orders and choices in Python are in declared units; what is refused names its limits in them."""
    live, _, fleet = rooms
    fleet.add("R-3", {Room.outside: 4})
    assert float(fleet["R-3"].now.outside) == pytest.approx(277.15)
    fleet["R-3"].set({Room.wanted: 18}, reason="evening")
    fleet["R-3"].ask(Room.hold, {"warmth": 18}, reason="evening")
    kept = {order.name: dict(order.params) for order in live.estate.orders.of("Room", "R-3")}
    assert kept == {"set": {"wanted": pytest.approx(291.15)}, "hold": {"warmth": pytest.approx(291.15)}}
    with pytest.raises(px.PolluxError, match="expected 5 to 30 degC, got 31"):
        fleet["R-3"].set({Room.wanted: 31}, reason="evening")
    with pytest.raises(px.PolluxError, match="expected 5 to 30, got 31"):
        fleet["R-3"].ask(Room.hold, {"warmth": 31}, reason="evening")
