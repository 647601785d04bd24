"""Rows of the mission, each shown end to end by the shortest way there is."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.mission.promises import shows
from tests.mission.test_tutorial import COMMAND, ROOT, free_port
from tests.site.plants import Motor, device, site

import pollux as px
from pollux.cli import main
from pollux.clock import MINUTE, SECOND, SimulatedClock
from pollux.guard.signing import checked, public_keys
from pollux.remember import LogReader

START = 1_800_000_000 * SECOND


@shows("A1", state="partly", command="docs/concepts/models.md", missing="DTDL, inheritance")
def test_a_type_knows_its_units_and_a_wrong_one_is_refused_with_its_place() -> None:
    """Roles, units, parts and relations are declared in Python; a wrong equation is named with its place."""

    class Room(px.Twin):
        power = px.sensor("W")

    class House(px.Twin):
        rooms = px.links(Room)
        heat = px.hidden("J", start=0)

        @px.rate(heat)
        def heats(self):
            return px.total(self.rooms.power)

    with pytest.raises(px.ModelError, match=r"Wrong\.heats \(test_rows\.py:\d+\)"):

        class Wrong(px.Twin):
            temp = px.sensor("K")

            @px.rate(temp)
            def heats(self):
                return self.temp * 3

    rooms = House.heat.schema.links["rooms"].schema
    assert rooms is not None
    assert rooms.name == "Room"


@shows(
    "A5", state="partly", command="pollux replay SITE.py --data DIR", missing="history beyond the log on this machine"
)
def test_the_past_can_be_asked_for_and_run_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As of a moment, the history of a signal, and a replay of it all."""
    plant, motors, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=301.0)
        moment = live.clock.now()
        m1.send(temp=302.0)
        assert float(motors["M-1"].at(moment).temp) == 301.0
        series = live.rooms.history.series("Motor", "M-1", "temp", 0, live.clock.now() + 1)
        assert series.value.tolist() == [301.0, 302.0]
    declared = tmp_path / "site.py"
    declared.write_text("from tests.site.plants import site as made\nsite = made()[0]\n")
    assert main(["replay", str(declared), "--data", str(tmp_path)]) == 0
    assert "1 Motor" in capsys.readouterr().out


@shows("C3", state="partly", command="GET /api/v1/alarms", missing="escalation, e-mail and webhooks")
def test_an_alarm_is_raised_once_seen_and_kept(tmp_path: Path) -> None:
    """A limit passed raises one alarm, which survives a restart and leaves when it is over and was seen."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=410.0)
        m1.send(temp=411.0)
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        (alarm,) = live.rooms.alarms.list()
        who = live.accounts.add("nurse", kind="person", roles={"operator"}, twins=["*"]).identity("test")
        live.rooms.alarms.acknowledge(alarm.id, who=who, reason="seen")
        m1.send(temp=300.0)
        assert live.rooms.alarms.list() == ()


@shows("E2", state="partly", command="site.fleet(Type, learning=px.Learning(...))", missing="learning across a fleet")
@shows(
    "E1", state="partly", command="site.fleet(Type, learning=px.Learning(...))", missing="late data revise nothing yet"
)
def test_what_no_sensor_sees_is_learnt_from_what_it_sees(tmp_path: Path) -> None:
    """How fast a motor warms differs from motor to motor: it is learnt from its temperature, with an interval."""
    clock = SimulatedClock(START)
    plant = px.Site("plant")
    motors = plant.fleet(Motor, learning=px.Learning(members=40, every="2 min"))
    truth, temp = 1.4e-4, 300.0
    rng = np.random.default_rng(4)
    with plant.open(tmp_path, insecure=True, clock=clock) as live, device(live, "Motor/M-1") as m1:
        for minute in range(1, 41):
            for _ in range(60):
                temp += truth * 1500 - (temp - 293) / 600
            moment = START + minute * MINUTE
            m1.send(temp=temp + 0.5 * rng.standard_normal(), speed=1500, t=moment / SECOND)
            live.advance_to(moment)
        heating = motors["M-1"].now.heating
        assert abs(float(heating) - truth) < 4 * float(heating.sigma)
        assert float(heating.sigma) < 0.2 * 1e-4 / 3
        assert live.filters["Motor"].fault == ""
        futures = motors["M-1"].fork(seed=1).run("1 h", {Motor.speed: [1500]}, members=40)
        low, high = futures.band(Motor.temp).low[0, -1], futures.band(Motor.temp).high[0, -1]
        assert low < 293 + truth * 1500 * 600 < high


@shows("F1", state="works", command="POST /api/v1/twins/Pump/P-7/commands")
def test_an_order_is_carried_out_once(tmp_path: Path) -> None:
    """Proposed, approved, sent, done: the device hears it once, signed, also when it is asked for again after a
    restart; beyond its limits it is none.
    """
    plant, motors, _ = site()
    heard: list[str] = []
    public = tmp_path / "orders.pem"
    assert main(["identity", "order-key", str(tmp_path), "--out", str(public)]) == 0

    def obey(command: dict[str, object]) -> str:
        signed = checked(str(command["signature"]), public_keys(public))
        assert (signed.id, signed.target, signed.params) == (command["id"], "Motor/M-1", {"speed": 900.0})
        heard.append(signed.id)
        return "done"

    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1", obey) as m1:
        m1.send(temp=300.0)
        order = motors["M-1"].set({Motor.speed: 900.0}, reason="slower")
        assert order.wait("done") == "done"
        again = order.order
        with pytest.raises(px.ModelError, match="expected 0 to 3000 rpm"):
            motors["M-1"].set({Motor.speed: 1e9}, reason="faster")
    with plant.open(tmp_path, insecure=True, act=True) as live, device(live, "Motor/M-1", obey) as m1:
        assert live.desk.propose(live.site.declared["Motor"], again).state == "done"
        m1.send(temp=301.0)
    assert heard == [order.id]


@shows("G4", state="partly", command="pollux verify DIR", missing="anchors kept outside, emergency access")
def test_a_changed_byte_is_found_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One byte of the log flipped: `pollux verify` exits 1 and names the file and the byte."""
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True) as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=300.0)
    assert main(["verify", str(tmp_path)]) == 0
    segment = next((tmp_path / "log").glob("*.seg"))
    damaged = bytearray(segment.read_bytes())
    damaged[300] ^= 1
    segment.write_bytes(damaged)
    capsys.readouterr()
    assert main(["verify", str(tmp_path)]) == 1
    assert segment.name in capsys.readouterr().out


@shows("G7", state="partly", command="make soak", missing="replication; a real power cut on a real disk")
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    """A served site is killed in the middle of ingestion: every acknowledged sample is there, once."""
    port, acknowledged = free_port(), []
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    declared = tmp_path / "site.py"
    declared.write_text("from tests.site.plants import site as made\nsite = made()[0]\n")
    serve = [*COMMAND, "serve", str(declared), "--data", str(tmp_path / "data"), "--insecure"]
    doors = ["--mqtt", f"127.0.0.1:{port}", "--http", "127.0.0.1:0"]
    server = subprocess.Popen([*serve, *doors], env=environment, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    server.stdout.readline()
    server.stdout.readline()

    class Door:
        """Where the devices knock: enough of an open site for a device."""

        endpoint = type("Endpoint", (), {"port": port})

    with device(Door(), "Motor/M-1") as m1:  # type: ignore[arg-type]
        for number in range(200):
            m1.send(temp=300.0 + number / 10, seq=number + 1)
            acknowledged.append(300.0 + number / 10)
        server.send_signal(signal.SIGKILL)
        server.wait(10)
    plant, _, _ = site()
    with plant.open(tmp_path / "data", insecure=True) as live:
        series = live.rooms.history.series("Motor", "M-1", "temp", 0, live.clock.now() + 1)
        assert sorted(series.value.tolist()) == pytest.approx(acknowledged)
    assert sum(1 for _ in LogReader(tmp_path / "data", keys=live.keys).read()) >= len(acknowledged)


@shows("I1", state="partly", command="make demo", missing="graph, charts of any length, money")
def test_a_real_browser_sees_the_twin_live(tmp_path: Path, tool: Callable[[str], str]) -> None:
    """Chromium opens the one-time address: the page says live, shows the value, and asks nothing of another origin."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = tool("chromium")
    plant, _, _ = site()
    with plant.open(tmp_path, insecure=True, http="127.0.0.1:0") as live, device(live, "Motor/M-1") as m1:
        m1.send(temp=321.5, speed=1200)
        with playwright.sync_playwright() as play:
            flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
            browser = play.chromium.launch(executable_path=chromium, args=flags)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            wrong: list[str] = []
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on(
                "request",
                lambda asked: (
                    None if "127.0.0.1" in asked.url or asked.url[:4] in ("blob", "data") else wrong.append(asked.url)
                ),
            )
            page.goto(live.page())
            page.goto(page.url.split("#")[0] + "#/twins/Motor/M-1")
            playwright.expect(page.get_by_role("status").first).to_contain_text("ive", timeout=20_000)
            playwright.expect(page.locator("[data-signal='temp']").first).to_contain_text("321", timeout=20_000)
            browser.close()
    assert wrong == []


def test_no_row_says_two_things() -> None:
    """A row of the mission may be shown by several tests; what it says is the same in each."""
    from tests.mission.promises import SHOWN

    said = {*SHOWN}
    assert len(said) == len({line.row for line in said})
