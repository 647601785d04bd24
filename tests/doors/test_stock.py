"""Stock clients as they are: mosquitto's tools and curl against an open site, in every way that the pages promise."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pollux.clock import SECOND

from .rig import House, Machine, Paho, opened, plant, until

Tool = Callable[[str], str]


def run(*command: str, said: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """A program to its end, within a minute."""
    return subprocess.run(command, input=said, capture_output=True, timeout=60, check=False)


def common(house: House, version: str, *who: str) -> list[str]:
    return ["-h", "127.0.0.1", "-p", str(house.mqtt), "-V", version, *who]


@pytest.mark.parametrize("version", ["311", "5"])
@pytest.mark.parametrize("qos", ["0", "1"])
@pytest.mark.parametrize("way", ["name", "token", "password"])
def test_mosquitto_pub_is_heard(house: House, tool: Tool, version: str, qos: str, way: str) -> None:
    """At both QoS, in both versions, by its name, with a token, and nobody with a wrong one."""
    device = f"stock-{version}-{qos}-{way}"
    who = ["-i", device, "-u", device]
    if way != "name":
        token = house.account(device, kind="device", roles={"device"}, twins=[f"Machine/{device}"])
        who = ["-i", device, "-P", token, "-u", device if way == "password" else ""]
        wrong = run(tool("mosquitto_pub"), *common(house, version, "-i", device, "-u", device, "-P", token + "x"),
                    "-q", "1", "-t", f"twins/Machine/{device}/telemetry", "-m", '{"temp": 444}')  # fmt: skip
        assert wrong.returncode != 0
    said = ["-q", qos, "-t", f"twins/Machine/{device}/telemetry", "-m", '{"temp": 301.5}']
    assert run(tool("mosquitto_pub"), *common(house, version, *who), *said).returncode == 0
    until(lambda: house.get(f"/twins/Machine/{device}").status == 200)
    until(lambda: house.value(f"Machine/{device}", "temp")["value"] == 301.5)


@pytest.mark.parametrize("version", ["311", "5"])
def test_mosquitto_pub_sends_lines(house: House, tool: Tool, version: str) -> None:
    """Each line of standard input is a message: a script pipes into the twin."""
    device = f"lines-{version}"
    lines = b"".join(b'{"temp": %d, "seq": %d}\n' % (300 + n, n) for n in range(50))
    topic = f"twins/Machine/{device}/telemetry"
    done = run(tool("mosquitto_pub"), *common(house, version, "-i", device, "-u", device), "-q", "1", "-t", topic, "-l",
               said=lines)  # fmt: skip
    assert done.returncode == 0
    until(lambda: house.value(f"Machine/{device}", "temp")["value"] == 349)
    series = house.get(f"/twins/Machine/{device}/history?fields=temp").json["series"][0]
    assert series["v"] == [300 + n for n in range(50)]


@pytest.mark.parametrize("version", ["311", "5"])
def test_mosquitto_sub_gets_the_retained_state(house: House, tool: Tool, version: str) -> None:
    """Who may read a twin gets its state at once, and with a wildcard that of all that it may read and no other."""
    for name in ("kept-1", "kept-2", "kept-3"):
        house.ask("POST", f"/twins/Machine/{name}/telemetry", b'{"temp": 305}')
    token = house.account(f"reader-{version}", roles={"viewer"}, twins=["Machine/kept-1", "Machine/kept-2"])
    who = common(house, version, "-i", "r", "-u", f"reader-{version}", "-P", token)
    one = run(tool("mosquitto_sub"), *who, "-t", "twins/Machine/kept-1/state", "-C", "1", "-W", "20")
    assert one.returncode == 0
    assert json.loads(one.stdout)["temp"]["value"] == 305
    many = run(tool("mosquitto_sub"), *who, "-t", "twins/Machine/+/state", "-v", "-C", "2", "-W", "20")
    assert {line.split()[0] for line in many.stdout.decode().splitlines()} == {
        "twins/Machine/kept-1/state", "twins/Machine/kept-2/state",
    }  # fmt: skip
    none = run(tool("mosquitto_sub"), *who, "-t", "twins/Machine/kept-3/state", "-C", "1", "-W", "2")
    assert none.stdout == b""
    all_ = run(tool("mosquitto_sub"), *who, "-t", "#", "-W", "2")
    assert b"kept-3" not in all_.stdout


@pytest.mark.parametrize("level", [4, 5])
def test_paho_hears_live_telemetry_that_it_may_read(house: House, level: int) -> None:
    """A reader with a token hears what its twin says while it says it."""
    token = house.account(f"ear-{level}", roles={"viewer"}, twins=["Machine/loud"])
    ear, mouth = Paho(house, f"ear-{level}", level=level, password=token), Paho(house, "loud", level=level)
    try:
        ear.client.subscribe("twins/Machine/+/telemetry", 1)
        mouth.send("twins/Machine/loud/telemetry", b'{"temp": 300}').wait_for_publish(20)
        until(lambda: ear.heard or mouth.send("twins/Machine/loud/telemetry", b'{"temp": 300}') is None)
        assert {message.topic for message in ear.heard} == {"twins/Machine/loud/telemetry"}
    finally:
        ear.close()
        mouth.close()


class Curl:
    """curl with a token."""

    def __init__(self, house: House, program: str, token: str | None = None) -> None:
        self._base = f"http://127.0.0.1:{house.http}/api/v1"
        self._command = [program, "-sS", "--max-time", "60", "-H", f"Authorization: Bearer {token or house.token}"]

    def __call__(self, path: str, *options: str, said: bytes = b"") -> tuple[int, Any]:
        """Status and document."""
        done = run(*self._command, "-w", "\n%{http_code}", *options, f"{self._base}{path}", said=said)
        body, _, status = done.stdout.rpartition(b"\n")
        assert done.returncode == 0, done.stderr
        return int(status), json.loads(body) if body else None


def test_curl_does_a_whole_day(tmp_path: Path, tool: Tool) -> None:
    """Telemetry in, twins, history, as of, alarms, a fork with its run, advice: every answer is a document."""
    site = plant()
    with opened(tmp_path, site=site) as house:
        curl = Curl(house, tool("curl"))
        json_ = ("-H", "Content-Type: application/json", "--data-binary", "@-")
        assert curl("/twins/Machine/M-1/telemetry", *json_, said=b'{"temp": 310, "speed": 1200}')[0] == 202
        moment = house.live.clock.now() / SECOND
        batch = b'[{"twin": "Machine/M-1", "data": {"temp": 410}}, {"twin": "Machine/M-2", "data": {"temp": 300}}]'
        assert curl("/telemetry", *json_, said=batch) == (202, {"accepted": 2})
        lines = b'{"twin": "Machine/M-2", "data": {"temp": 301}}\n{"twin": "Machine/M-2", "data": {"temp": 302}}\n'
        kind = ("-H", "Content-Type: application/x-ndjson", "--data-binary", "@-")
        assert curl("/telemetry", *kind, said=lines) == (202, {"accepted": 2})
        status, found = curl("/twins?type=Machine")
        assert (status, {one["twin"] for one in found["twins"]}) == (200, {"Machine/M-1", "Machine/M-2"})
        assert curl("/twins/Machine/M-1")[1]["values"]["temp"]["value"] == 410
        assert curl(f"/twins/Machine/M-1?at={moment}")[1]["values"]["temp"]["value"] == 310
        assert curl("/twins/Machine/M-2/history?fields=temp")[1]["series"][0]["v"] == [300, 301, 302]
        status, alarms = curl("/alarms")
        assert (status, [one["title"] for one in alarms["alarms"]]) == (200, ["Hot"])
        reason = ("-H", "Content-Type: application/json", "-d", '{"reason": "seen"}')
        assert curl(f"/alarms/{alarms['alarms'][0]['id']}/ack", *reason)[0] == 200
        status, fork = curl("/twins/Machine/M-1/forks", *json_, said=b"{}")
        assert (status, curl(f"/forks/{fork['id']}")[1]["state"]) == (201, "ready")
        run_ = b'{"over": "1 h", "settings": {"speed": [600, 2400]}, "members": 4}'
        assert curl(f"/forks/{fork['id']}/run", *json_, said=run_)[0] == 202
        until(lambda: curl(f"/forks/{fork['id']}")[1]["state"] == "done")
        gain = {"speed": {"amount": 1, "unit": "EUR/h/rpm"}}
        ask = json.dumps({"over": "1 h", "gain": gain, "settings": {"speed": [600, 2400]}}).encode()
        status, card = curl("/twins/Machine/M-1/advice", *json_, said=ask)
        assert status == 202
        until(lambda: curl(f"/twins/{card['href'].partition('twins/')[2]}")[0] == 200)
        assert curl("/twins/Machine/M-1/advice")[0] == 200
        assert curl("/twins/Machine/M-9")[0] == 404
        assert Curl(house, tool("curl"), "wrong")("/twins")[0] == 401
    assert Machine.temp.name == "temp"


def test_curl_is_told_that_a_body_is_too_large(house: House, tool: Tool) -> None:
    """Ten megabytes: curl reads 413 with a document, with and without asking first."""
    curl = Curl(house, tool("curl"))
    for expect in ("Expect: 100-continue", "Expect:"):
        options = ("-H", "Content-Type: application/json", "-H", expect, "--data-binary", "@-")
        status, problem = curl("/twins/Machine/M-1/telemetry", *options, said=b" " * (10 << 20))
        assert (status, problem["status"]) == (413, 413)
        assert "4194304" in problem["detail"]
