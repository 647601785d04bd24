"""A site with every kind of signal, its doors open, and clients that are nobody's special friends."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

import pollux as px
from pollux.clock import stopwatch
from pollux.site import LiveSite

VERSIONS = {4: MQTTProtocolVersion.MQTTv311, 5: MQTTProtocolVersion.MQTTv5}
JSON = "application/json"


class Machine(px.Twin):
    """A machine that can say everything a twin can hold."""

    speed = px.actuator("rpm", low=0, high=3000, safe=0)
    temp = px.sensor("K", low=250, high=450)
    load = px.sensor("1", low=0, high=1)
    wear = px.hidden("1", start=0)
    label = px.fact("text")
    mode = px.fact(["auto", "hand"])
    running = px.fact("flag")
    place = px.fact("position")
    area = px.fact("m**2", low=0)


class Listed(px.Twin):
    """A twin that nobody makes by sending: only those that were made before are known."""

    temp = px.sensor("K", low=250, high=450)


class Patient(px.Twin, personal=True):
    """Somebody whose weight is measured."""

    weight = px.sensor("kg", low=20, high=300)


def plant() -> px.Site:
    """A site of these types."""
    site = px.Site("doors")
    site.fleet(Machine)
    site.fleet(Listed, px.mqtt("listed/{id}/telemetry", create=False))
    site.fleet(Patient, thing="patient")
    site.watch(Machine, px.limit(Machine.temp > 400, severity="high", title="Hot"))
    return site


@dataclass
class Answer:
    """What came back over HTTP."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class House:
    """An open site with its doors, as those outside see it."""

    live: LiveSite
    token: str

    @property
    def mqtt(self) -> int:
        assert self.live.endpoint is not None
        return self.live.endpoint.port

    @property
    def http(self) -> int:
        assert self.live.server is not None
        return int(self.live.server.port)

    def account(self, name: str, *, kind: Any = "person", roles: set[str], twins: list[str]) -> str:
        """A new account's token."""
        self.live.accounts.add(name, kind=kind, roles=roles, twins=twins)
        return self.live.accounts.issue(name).secret

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, token: str | None = None, media: str = JSON
    ) -> Answer:
        """One request of a client that sends everything before it listens, as most do."""
        link = http.client.HTTPConnection("127.0.0.1", self.http, timeout=30)
        headers = {"authorization": f"Bearer {token or self.token}"}
        headers |= {"content-type": media} if body is not None else {}
        try:
            link.request(method, path if path.startswith(("/health", "/metrics")) else f"/api/v1{path}", body, headers)
            answer = link.getresponse()
            return Answer(answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()})
        finally:
            link.close()

    def get(self, path: str, token: str | None = None) -> Answer:
        return self.ask("GET", path, token=token)

    def faults(self, twin: str) -> list[dict[str, Any]]:
        """What the twin's page says of data that do not arrive."""
        answer = self.get(f"/twins/{twin}/refusals")
        said = answer.json if answer.status == 200 else None
        return list(said["faults"]) if said else []

    def lost(self) -> list[dict[str, Any]]:
        """What the site's administrator sees of all that was refused."""
        return list(self.get("/refusals").json["faults"])

    def count(self, line: str) -> float:
        """One figure of /metrics."""
        lines = self.get("/metrics").body.decode().splitlines()
        return next((float(one.rpartition(" ")[2]) for one in lines if one.startswith(f"{line} ")), 0.0)

    def value(self, twin: str, signal: str) -> Any:
        """What the twin says of a signal, over HTTP."""
        return self.get(f"/twins/{twin}").json["values"][signal]


@contextmanager
def opened(folder: Path, *, act: bool = False, site: px.Site | None = None, **options: Any) -> Iterator[House]:
    """The site with all doors open, on free ports of this machine."""
    options = {"http": "127.0.0.1:0", **options}
    with (site or plant()).open(folder, insecure=True, act=act, **options) as live:
        live.accounts.add("root", kind="person", roles={"administrator"}, twins=["*"])
        yield House(live, live.accounts.issue("root").secret)


class Paho:
    """A paho client as it comes."""

    def __init__(self, house: House, name: str, *, level: int = 5, password: str | None = None) -> None:
        self.ended: list[Any] = []
        self.heard: list[Any] = []
        self.admitted: list[bool] = []
        self._ready = threading.Event()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=VERSIONS[level])
        self.client.username_pw_set(name, password)
        self.client.reconnect_delay_set(30, 60)
        self.client.on_connect = self._connected
        self.client.on_message = lambda client, data, message: self.heard.append(message)
        self.client.on_disconnect = lambda client, data, flags, reason, said: self.ended.append(reason)
        self.client.connect("127.0.0.1", house.mqtt)
        self.client.loop_start()
        assert self._ready.wait(20)
        assert self.admitted == [True]

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, said: Any) -> None:
        self.admitted.append(not reason.is_failure)
        self._ready.set()

    def send(self, topic: str, payload: bytes, *, qos: int = 1) -> Any:
        return self.client.publish(topic, payload, qos=qos)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Canary:
    """A healthy device beside the trouble: what it says must be in its twin in time, whatever others do."""

    def __init__(self, house: House, name: str = "canary") -> None:
        self.house, self.name, self._next = house, name, 300.0
        self._paho = Paho(house, name)
        self.slowest = 0.0

    def sings(self, *, within: float = 2.0) -> None:
        """One value, acknowledged and mirrored within its time."""
        self._next = self._next + 0.25 if self._next < 380 else 300.0
        begun = stopwatch()
        sent = self._paho.send(f"twins/Machine/{self.name}/telemetry", json.dumps({"temp": self._next}).encode())
        sent.wait_for_publish(20)
        assert self.house.value(f"Machine/{self.name}", "temp")["value"] == self._next
        taken = stopwatch() - begun
        self.slowest = max(self.slowest, taken)
        assert taken < within, f"{taken:.2f} s"

    def close(self) -> None:
        self._paho.close()


def until(holds: Callable[[], Any], *, within: float = 20.0, what: str = "it") -> Any:
    """Wait until something holds; what it was."""
    end, pause = stopwatch() + within, threading.Event()
    while not (found := holds()):
        assert stopwatch() < end, f"{what} did not come to hold within {within:g} s"
        pause.wait(0.02)
    return found


def resident() -> int:
    """Bytes of memory that this process holds."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * 4096
