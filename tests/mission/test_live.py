"""Rows of the mission that live at the walls: what arrives, relates, is sealed, doubted, allowed and watched over."""

import json
from pathlib import Path

import cbor2
import msgspec
import numpy as np
import pytest
from tests.doors.rig import House, Paho, opened, plant, until
from tests.doors.test_kinds import Floor, building
from tests.mission.promises import shows

import pollux as px
from pollux.clock import SECOND, WallClock


def said(house: House, twin: str, body: bytes, *, suffix: str = "") -> None:
    """An acknowledged message of a twin's own device."""
    device = Paho(house, twin.split("/")[1])
    device.send(f"twins/{twin}/telemetry{suffix}", body).wait_for_publish(20)
    device.close()


@shows(
    "A2",
    state="partly",
    command="tests/doors/test_kinds.py",
    missing="a vector as one signal: each component is a signal of its own, and a waveform a column of samples",
)
def test_values_of_every_kind_arrive_one_by_one_and_in_batches(tmp_path: Path) -> None:
    """Number, text, choice, flag, position in one message, a batch, and a waveform of 500 samples as columns."""
    with opened(tmp_path) as house:
        begun = WallClock().now() / SECOND - 2
        one = {"temp": 301.5, "label": "north", "mode": "auto", "running": True, "place": [8.5, 47.4, 410]}
        wave = {"t": [begun + n / 500 for n in range(500)], "load": [n / 500 for n in range(500)]}
        said(house, "Machine/M-1", json.dumps([one, {"temp": 302}, wave]).encode())
        values = house.get("/twins/Machine/M-1").json["values"]
        assert [values[name]["value"] for name in ("temp", "label", "mode", "running", "place")] == [
            302, "north", "auto", True, "8.5, 47.4, 410",
        ]  # fmt: skip
        answer = house.get(f"/twins/Machine/M-1/history?fields=load&from={begun - 1}&to={begun + 5}").json
        assert answer["series"][0]["v"] == pytest.approx([n / 500 for n in range(500)])


@shows(
    "A4",
    state="partly",
    command='PUT /api/v1/twins/Floor/F-1 {"links": {"rooms": ["R-1", "R-2"]}}',
    missing="a graph that can be asked, sums through more than one link, means and other roll-ups",
)
def test_twins_are_linked_and_add_up_live(tmp_path: Path) -> None:
    """The power of a floor is that of its rooms as they speak, also when other rooms become its own."""
    site, rooms, floors = building()
    with opened(tmp_path, site=site) as house:
        for number in range(1, 6):
            said(house, f"Room/R-{number}", json.dumps({"power": 100 * number}).encode())
        links = json.dumps({"links": {"rooms": [f"R-{number}" for number in range(1, 5)]}}).encode()
        assert house.ask("PUT", "/twins/Floor/F-1", links).status == 201
        assert float(floors["F-1"].now.power) == 1000.0
        said(house, "Room/R-4", b'{"power": 0}')
        assert float(floors["F-1"].now.power) == 600.0
        floors["F-1"].relate({Floor.rooms: ["R-5"]})
        assert float(floors["F-1"].now.power) == 500.0
        assert len(rooms) == 5


@pytest.mark.parametrize(
    ("suffix", "encode"),
    [("", json.dumps), ("/json", json.dumps), ("/cbor", cbor2.dumps), ("/msgpack", msgspec.msgpack.encode)],
)
def test_one_value_in_every_encoding(tmp_path: Path, suffix: str, encode) -> None:
    """JSON, CBOR and MessagePack say the same to the same twin, named by topic or guessed, over MQTT and HTTP."""
    media = {"": "application/json", "/json": "application/json", "/cbor": "application/cbor"}
    with opened(tmp_path) as house:
        body = encode({"temp": 301.25, "label": "ü"})
        said(house, "Machine/M-1", body if isinstance(body, bytes) else body.encode(), suffix=suffix)
        assert house.value("Machine/M-1", "temp")["value"] == 301.25
        assert house.value("Machine/M-1", "label")["value"] == "ü"
        body = encode({"temp": 302.25})
        body = body if isinstance(body, bytes) else body.encode()
        kind = media.get(suffix, "application/msgpack")
        assert house.ask("POST", "/twins/Machine/M-1/telemetry", body, media=kind).status == 202
        assert house.value("Machine/M-1", "temp")["value"] == 302.25


class Cup(px.Twin):
    """Something warm that cools, each at its own pace."""

    temp = px.sensor("K", low=250, high=400, noise=0.1)
    room = px.parameter("K", 293)
    pace = px.parameter("1/s", px.lognormal(1 / 600, 0.2))

    @px.rate(temp)
    def cools(self):
        return -self.pace * (self.temp - self.room)


@shows("D3", state="works", command="docs/how-to/choose-a-solver.md")
def test_equations_in_python_run_over_an_ensemble(tmp_path: Path) -> None:
    """Two hundred members of a live twin at once follow the exact solution, each with its own pace."""
    site = px.Site("cups")
    cups = site.fleet(Cup)
    with opened(tmp_path, site=site) as house:
        said(house, "Cup/C-1", b'{"temp": 353}')
        futures = cups["C-1"].fork(seed=1).run("20 min", members=200, every="60 s")
        paths = np.asarray(futures.samples.path("temp")).reshape(-1, 200).T
        times = np.arange(paths.shape[1]) * 60.0
        # Each member's own pace is read from its end, and must then explain its whole way.
        start = paths[:, :1] - 293
        pace = -np.log((paths[:, -1:] - 293) / start) / times[-1]
        assert np.allclose(paths, 293 + start * np.exp(-pace * times), atol=1e-3)
        assert 0.1 < np.log(pace).std() < 0.3


def test_a_device_is_known_by_its_token_until_it_is_revoked(tmp_path: Path) -> None:
    """With its token it speaks for its twin and no other; revoked, it is put out while it is connected."""
    with opened(tmp_path) as house:
        accounts = house.live.accounts
        accounts.add("M-1", kind="device", roles={"device"}, twins=["Machine/M-1"])
        old, new = accounts.issue("M-1"), accounts.issue("M-1")
        with pytest.raises(AssertionError):
            Paho(house, "M-1")  # a name alone is not enough where there is an account
        device = Paho(house, "M-1", password=old.secret)
        device.send("twins/Machine/M-1/telemetry", b'{"temp": 301}').wait_for_publish(20)
        device.send("twins/Machine/M-2/telemetry", b'{"temp": 999}')
        assert house.value("Machine/M-1", "temp")["value"] == 301
        assert house.get("/twins/Machine/M-2").status == 404
        accounts.revoke(old.id)
        until(lambda: device.ended)
        device.close()
        again = Paho(house, "M-1", password=new.secret)
        again.send("twins/Machine/M-1/telemetry", b'{"temp": 302}').wait_for_publish(20)
        again.close()
        assert house.value("Machine/M-1", "temp")["value"] == 302


@shows(
    "G3",
    state="partly",
    command="pollux token add DIR anna --role viewer --twin Pump/P-7/temp",
    missing="tenants, grants of a site's own beside the roles",
)
def test_each_may_what_was_granted_and_nothing_else(tmp_path: Path) -> None:
    """Reader of one signal, viewer of one twin, engineer, service, nobody: who may what, one by one."""
    with opened(tmp_path) as house:
        for name in ("M-1", "M-2"):
            said(house, f"Machine/{name}", b'{"temp": 301, "load": 0.5}')
        signal = house.account("ann", roles={"viewer"}, twins=["Machine/M-1/temp"])
        viewer = house.account("ben", roles={"viewer"}, twins=["Machine/M-1"])
        engineer = house.account("eve", roles={"engineer"}, twins=["Machine/*"])
        service = house.account("erp", kind="service", roles={"service"}, twins=["Machine/M-2"])
        nobody = house.account("kim", roles={"viewer"}, twins=[])
        reads = {
            who: [house.get(f"/twins/Machine/{name}", token).status for name in ("M-1", "M-2")]
            for who, token in (("ann", signal), ("ben", viewer), ("eve", engineer), ("erp", service), ("kim", nobody))
        }
        assert reads == {"ann": [200, 404], "ben": [200, 404], "eve": [200, 200], "erp": [404, 200], "kim": [404, 404]}
        assert set(house.get("/twins/Machine/M-1", signal).json["values"]) == {"temp"}
        assert {"temp", "load"} <= set(house.get("/twins/Machine/M-1", viewer).json["values"])
        assert house.get("/twins/Machine/M-1/history?fields=load", signal).status == 422
        body = b'{"values": {"label": "x"}}'
        writes = [house.ask("PATCH", "/twins/Machine/M-1", body, token=t).status for t in (signal, viewer, engineer)]
        assert writes == [404, 404, 204]
        sends = [
            house.ask("POST", f"/twins/Machine/{name}/telemetry", b'{"temp": 302}', token=token).status
            for token in (signal, viewer, engineer, service)
            for name in ("M-1", "M-2")
        ]
        assert sends == [404, 404, 404, 404, 404, 404, 404, 202]
        assert [house.get("/audit", token).status for token in (signal, engineer, nobody)] == [404] * 3
        listed = [len(house.get("/twins?type=Machine", token).json["twins"]) for token in (signal, engineer, nobody)]
        assert listed == [1, 2, 0]


@shows(
    "G5",
    state="partly",
    command="tests/doors/test_on_disk.py",
    missing="consent, export and erasure over HTTP, retention by rule",
)
def test_a_persons_data_are_sealed_and_end_with_the_key(tmp_path: Path) -> None:
    """No file holds the person's id or value; who looked is written down; without the key nothing opens any more."""
    with opened(tmp_path) as house:
        said(house, "Patient/anna-1957", b'{"weight": 71.2345}')
        assert house.value("Patient/anna-1957", "weight")["value"] == 71.2345

        def looked() -> list[str]:
            return [entry["target"] for entry in house.get("/audit").json["entries"] if entry["what"] == "looked"]

        until(lambda: looked() == ["Patient/anna-1957"])
    for path in (one for one in tmp_path.rglob("*") if one.is_file() and "keys" not in one.parts):
        assert b"71.2345" not in path.read_bytes()
        assert b"anna-1957" not in path.read_bytes()
    with opened(tmp_path) as house:
        house.live.keys.destroy("anna-1957")
        house.live.history.forget("anna-1957")
        end = house.live.clock.now()
        assert len(house.live.history.samples("Patient", 0, [0], 0, end, subject="anna-1957")[0]) == 0


def test_each_value_has_a_quality_and_a_wrong_one_is_not_believed(tmp_path: Path) -> None:
    """In range it is good; beyond its limits, of an impossible time or doubted by the device it says so, with why."""
    with opened(tmp_path) as house:
        said(house, "Machine/M-1", b'{"temp": 301}')
        good = house.value("Machine/M-1", "temp")
        assert (good["value"], good["quality"], good["reason"]) == (301, "good", None)
        said(house, "Machine/M-1", b'{"temp": 5}')
        seen = house.value("Machine/M-1", "temp")
        assert (seen["value"], seen["quality"]) == (301, "good")
        series = house.get("/twins/Machine/M-1/history?fields=temp").json["series"][0]
        assert (series["v"], series["q"]) == ([301, 5], [1, 3])
        told = house.get("/twins/Machine/M-1/history?fields=temp,reason").json["series"][0]
        assert told["reason"] == [None, "outside the declared low and high"]
        assert house.faults("Machine/M-1")[0]["title"] == "temp: outside the declared low and high"
        said(house, "Machine/M-1", b'{"temp": {"value": 303, "quality": "uncertain"}}')
        assert house.value("Machine/M-1", "temp")["quality"] == "uncertain"


@shows("H3", state="partly", command="GET /health/ready, /metrics", missing="containers, traces")
def test_health_and_figures_tell_how_the_site_is(tmp_path: Path) -> None:
    """Alive and ready without a token, what is broken with one; figures count what came, was refused, was written."""
    with opened(tmp_path) as house:
        said(house, "Machine/M-1", b'{"temp": 301, "tmp": 1}')
        assert house.get("/health/live").status == 200
        assert house.get("/health/ready").json["ready"]
        assert house.ask("GET", "/metrics", token="wrong").status == 401
        assert house.count('pollux_twins{type="Machine"}') == 1
        assert house.count('pollux_refused_total{reason="unknown_signal"}') == 1
        assert house.count('pollux_mqtt_total{kind="received"}') == 1
        assert house.count("pollux_log_entries_total") >= 2
        house.live.endpoint._loop.batches.fail("the disk is gone")  # type: ignore[union-attr]
        answer = house.get("/health/ready")
        assert answer.status == 503
        assert "the disk is gone" in answer.body.decode()
    assert set(plant().declared) == {"Machine", "Listed", "Patient"}
