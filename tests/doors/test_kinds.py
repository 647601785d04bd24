"""Every kind of value through the real doors, and twins that relate to one another, live."""

import json
from pathlib import Path

import cbor2
import numpy as np
import pytest

import pollux as px
from pollux.clock import SECOND, WallClock

from .rig import House, Paho, opened


def say(house: House, twin: str, said: object, *, suffix: str = "") -> None:
    """One acknowledged message of a twin's own device."""
    device = Paho(house, twin.split("/")[1])
    body = cbor2.dumps(said) if suffix == "/cbor" else json.dumps(said).encode()
    device.send(f"twins/{twin}/telemetry{suffix}", body).wait_for_publish(20)
    device.close()


@pytest.mark.parametrize("suffix", ["", "/cbor"])
def test_each_kind_arrives_and_is_seen_everywhere(house: House, suffix: str) -> None:
    """Number, text, choice, flag, position: in the view and over HTTP, with quality, times, age, and as of before."""
    twin = "Machine/kinds" + suffix.replace("/", "-")
    told = {"temp": 301.5, "label": "north", "mode": "auto", "running": True, "place": [8.5, 47.4, 410.0], "area": 12}
    say(house, twin, told, suffix=suffix)
    moment = house.live.clock.now()
    later = {"label": "south", "mode": "hand", "running": False, "place": {"lat": 1, "lon": 2}, "area": 13}
    say(house, twin, later, suffix=suffix)
    handle = house.live.handle(house.live.site.declared["Machine"], twin.split("/")[1])
    now, then = handle.now, handle.at(moment)
    assert (str(now.label), str(then.label)) == ("south", "north")
    assert (str(now.mode), str(then.mode)) == ("hand", "auto")
    assert (bool(now.running), bool(then.running)) == (False, True)
    assert np.asarray(now.place).item() == (1.0, 2.0, 0.0)
    assert np.asarray(then.place).item() == (8.5, 47.4, 410.0)
    assert (float(now.area), float(then.area)) == (13.0, 12.0)
    for value in (now.temp, now.label, now.mode, now.running, now.place, now.area):
        assert value.quality == 1
        assert 0 <= float(value.age) < 60
    values = house.get(f"/twins/{twin}").json["values"]
    assert (values["temp"]["value"], values["area"]["value"]) == (301.5, 13)
    assert (values["label"]["value"], values["mode"]["value"], values["running"]["value"]) == ("south", "hand", False)
    assert values["place"]["value"] == "1, 2, 0"
    for name in told:
        assert values[name]["quality"] == "good"
        assert values[name]["t"] <= values[name]["arrived"]
        assert values[name]["age"] >= 0


def test_a_waveform_arrives_as_columns_and_nothing_of_it_is_lost(house: House) -> None:
    """Two seconds at 500 Hz in one message: the newest value is the twin's, all 1,000 are its history, in order."""
    begun = WallClock().now() / SECOND - 3
    wave = [0.5 + 0.4 * float(np.sin(n / 20)) for n in range(1000)]
    say(house, "Machine/wave", {"t": [begun + n / 500 for n in range(1000)], "load": wave})
    assert house.value("Machine/wave", "load")["value"] == pytest.approx(wave[-1])
    answer = house.get(f"/twins/Machine/wave/history?fields=load,t&from={begun - 1}&to={begun + 5}").json
    (series,) = answer["series"]
    assert series["raw"]
    assert series["v"] == pytest.approx(wave)


def test_a_batch_says_each_message_for_itself(house: House) -> None:
    """An array is as many messages: one that is wrong is refused alone, and those after it count."""
    say(house, "Machine/batch", [{"temp": 301, "seq": 1}, {"temp": "hot", "seq": 2}, {"temp": 303, "seq": 3}])
    assert house.value("Machine/batch", "temp")["value"] == 303
    assert "$[1].temp" in house.faults("Machine/batch")[0]["text"]
    say(house, "Machine/batch", [{"temp": 399, "seq": 1}])
    assert house.value("Machine/batch", "temp")["value"] == 303


def test_late_and_doubted_values_do_not_become_the_twins(house: House) -> None:
    """What is older than what is known is history; what the device doubts itself is seen with its quality."""
    now = WallClock().now() / SECOND
    say(house, "Machine/late", {"temp": 310, "t": now})
    say(house, "Machine/late", {"temp": 290, "t": now - 60})
    assert house.value("Machine/late", "temp")["value"] == 310
    say(house, "Machine/late", {"temp": {"value": 320, "quality": "uncertain"}})
    seen = house.value("Machine/late", "temp")
    assert (seen["value"], seen["quality"]) == (320, "uncertain")
    series = house.get(f"/twins/Machine/late/history?fields=temp&from={now - 120}&to={now + 60}").json["series"][0]
    assert series["v"] == [290, 310, 320]


# -- relations --------------------------------------------------------------------------------------------------------


class Room(px.Twin):
    """A room with its heaters."""

    power = px.sensor("W", low=0, high=5000)


class Floor(px.Twin):
    """A floor that adds up its rooms."""

    rooms = px.links(Room)
    heat = px.hidden("J", start=0)

    @px.derived
    def power(self):
        return px.total(self.rooms.power)

    @px.rate(heat)
    def heats(self):
        return px.total(self.rooms.power)


def building() -> tuple[px.Site, px.Fleet[Room], px.Fleet[Floor]]:
    site = px.Site("building")
    return site, site.fleet(Room), site.fleet(Floor)


def test_totals_follow_what_is_linked_live(tmp_path: Path) -> None:
    """Two fleets: a floor's power is that of its rooms as they are now, also relinked, removed, and after a restart."""
    site, _, floors = building()
    with opened(tmp_path, site=site) as house:
        for name, power in (("R-1", 100), ("R-2", 250), ("R-3", 1000)):
            say(house, f"Room/{name}", {"power": power})
        for name, rooms in (("F-1", ["R-1", "R-2"]), ("F-2", ["R-3"])):
            body = json.dumps({"values": {}, "links": {"rooms": rooms}}).encode()
            assert house.ask("PUT", f"/twins/Floor/{name}", body).status == 201
        assert [float(floor.now.power) for floor in floors] == [350.0, 1000.0]
        assert np.asarray(floors.now.power).tolist() == [350.0, 1000.0]
        say(house, "Room/R-1", {"power": 175})
        assert float(floors["F-1"].now.power) == 425.0
        moment = house.live.clock.now()
        body = json.dumps({"links": {"rooms": ["R-1", "R-3"]}}).encode()
        assert house.ask("PATCH", "/twins/Floor/F-1", body).status == 204
        assert float(floors["F-1"].now.power) == 1175.0
        assert float(floors["F-1"].at(moment).power) == 425.0
        assert house.ask("DELETE", "/twins/Room/R-3").status == 204
        assert float(floors["F-1"].now.power) == 175.0
        floors["F-2"].relate({Floor.rooms: ["R-2"]})
        assert float(floors["F-2"].now.power) == 250.0
    with opened(tmp_path, site=site):
        assert float(floors["F-1"].now.power) == 175.0


class Segment(px.Twin):
    """A segment of a belt that reads the one before it."""

    before = px.link()
    speed = px.sensor("m/s")

    @px.derived
    def slip(self):
        return px.where(px.present(self.before), self.before.speed - self.speed, 0)


def test_a_twin_reads_the_one_it_is_linked_to(tmp_path: Path) -> None:
    """One neighbour, told over HTTP or by a handle: its value is read live and after a restart; two are refused."""
    site = px.Site("belt")
    belt = site.fleet(Segment)
    with opened(tmp_path, site=site) as house:
        say(house, "Segment/S-1", {"speed": 1.5})
        say(house, "Segment/S-2", {"speed": 1.25})
        assert float(belt["S-2"].now.slip) == 0.0
        belt["S-2"].relate({Segment.before: ["S-1"]})
        assert float(belt["S-2"].now.slip) == 0.25
        assert float(belt["S-2"].now.before.speed) == 1.5
        body = json.dumps({"links": {"before": ["S-1", "S-2"]}}).encode()
        answer = house.ask("PATCH", "/twins/Segment/S-1", body)
        assert (answer.status, answer.json["at"]) == (422, "Segment/S-1.before")
    with opened(tmp_path, site=site):
        assert float(belt["S-2"].now.slip) == 0.25


def test_links_lead_only_to_what_is_there_and_seen(tmp_path: Path) -> None:
    """An unknown link, a stranger's id and a room that the caller may not see are refused with their place."""
    site, _, _ = building()
    with opened(tmp_path, site=site) as house:
        say(house, "Room/R-1", {"power": 100})
        for links, at in (({"doors": ["R-1"]}, "$.links.doors"), ({"rooms": ["R-9"]}, "Floor/F-1.rooms")):
            answer = house.ask("PUT", "/twins/Floor/F-1", json.dumps({"links": links}).encode())
            assert (answer.status, answer.json["at"]) == (422, at)
        token = house.account("eve", roles={"engineer"}, twins=["Floor/*"])
        body = json.dumps({"links": {"rooms": ["R-1"]}}).encode()
        answer = house.ask("PUT", "/twins/Floor/F-1", body, token=token)
        assert (answer.status, answer.json["at"]) == (422, "$.links.rooms[0]")


class Tank(px.Twin):
    """A tank that empties itself when it is full."""

    level = px.sensor("m", low=0, high=3, start=0)
    inflow = px.parameter("m/s", 0.01)

    @px.rate(level)
    def fills(self):
        return self.inflow

    @px.event
    def full(self):
        return self.level >= px.quantity(1, "m")

    @px.on(full, level)
    def empties(self):
        return 0 * self.level


def test_an_event_jumps_in_a_fork_of_a_live_twin(tmp_path: Path) -> None:
    """From the level that was heard, the tank is full after 50 s, empties, and fills again."""
    site = px.Site("tanks")
    tanks = site.fleet(Tank)
    with opened(tmp_path, site=site) as house:
        say(house, "Tank/T-1", {"level": 0.5})
        futures = tanks["T-1"].fork(seed=1).run("120 s", members=1, every="1 s")
        assert futures.probability(Tank.full) == {(): 1.0}
        path = np.asarray(futures.samples.path("level")).reshape(-1)
        assert path.max() < 1.02
        assert path[-1] == pytest.approx(0.7, abs=0.03)
