"""A small clinic for the tests of orders: patients whose weight follows a dose, their devices, and their apps."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

import pollux as px
from pollux.clock import SECOND
from pollux.guard import Identity
from pollux.site import LiveSite

START = 1_800_000_000 * SECOND
DOCTOR = frozenset({"clinician"})
CLINICAL = px.ApprovalPolicy(signatures=1, roles=DOCTOR, proposer_may_sign=False, reason_when_departing=True)


class Patient(px.Twin, personal=True):
    """Somebody who loses weight the more of a diuretic he takes."""

    weight = px.sensor("kg", low=20, high=300, noise=0.2, start=86, every="1 day")
    pulse = px.sensor("1/min", low=20, high=250, noise=3)
    dose = px.actuator("mg/day", low=0, high=160, safe=40, start=40)
    usual, standard = px.parameter("kg", 86), px.parameter("mg/day", 40)
    effect = px.parameter("kg*day/mg", px.lognormal(0.05, 0.1))
    lag = px.parameter("day", 2)

    @px.rate(weight)
    def loses(self):
        return (self.usual - self.effect * (self.dose - self.standard) - self.weight) / self.lag

    @px.command(measures=True)
    def measure(self, signal=px.fact(["pulse", "weight"])):  # noqa: B008
        """Measure again."""

    @px.command
    def infuse(
        self,
        volume=px.fact("ml", low=0, high=500),  # noqa: B008
        fast=px.fact("flag", False),  # noqa: B008
        note=px.fact("text", ""),  # noqa: B008
    ):
        """Infuse a volume of fluid."""


def clinic() -> tuple[px.Site, px.Fleet[Patient]]:
    """A site whose orders a clinician signs."""
    site = px.Site("clinic")
    return site, site.fleet(Patient, policy=CLINICAL, thing="patient")


def doctor(live: LiveSite, name: str = "dr-wu") -> Identity:
    """A clinician with an account of her own."""
    return live.accounts.add(name, kind="person", roles={"clinician"}, twins=["*"]).identity("test")


def signed(live: LiveSite, order: px.StandingOrder, *, who: str = "dr-wu", reason: str = "congested") -> None:
    """Let a clinician sign an order."""
    live.desk.sign(live.site.declared["Patient"], order.id, who=who, roles=DOCTOR, reason=reason)


class App:
    """A stock MQTT client with an account: what it hears, by topic, and what it says.

    `login` is the name and the token of an account that is there; without it one is made.
    """

    def __init__(
        self, live: LiveSite, twin: str, role: str, *topics: str, login: tuple[str, str] | None = None
    ) -> None:
        assert live.endpoint is not None
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.granted: list[str] = []
        self._arrived = threading.Condition()
        name = f"{role}-{twin.split('/')[1]}-{len(topics)}"
        if login is None:
            live.accounts.add(name, kind="service", roles={role}, twins=[twin], subject=twin.split("/")[1])
            login = name, live.accounts.issue(name).secret
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5)
        self.client.username_pw_set(*login)
        self.client.on_message = self._heard
        ready = threading.Event()

        def subscribed(*said: Any) -> None:
            self.granted = [str(code) for code in said[3]]
            ready.set()

        self.client.on_subscribe = subscribed
        self.client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in topics])
        self.client.connect("127.0.0.1", live.endpoint.port)
        self.client.loop_start()
        assert ready.wait(10)

    def _heard(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        with self._arrived:
            self.heard.append((message.topic, json.loads(message.payload)))
            self._arrived.notify_all()

    def plan(self, states: list[str]) -> list[dict[str, Any]]:
        """Wait until the newest plan has changes in these states; the changes."""

        def there() -> bool:
            return bool(self.heard) and [one["state"] for one in self.heard[-1][1]["changes"]] == states

        with self._arrived:
            assert self._arrived.wait_for(there, 10), self.heard
            return list(self.heard[-1][1]["changes"])

    def say(self, topic: str, **body: Any) -> str:
        """Publish at QoS 1 and wait for the answer: "Success", or why not."""
        answers: list[str] = []
        done = threading.Event()

        def published(_: Any, __: Any, ___: int, reason: Any, ____: Any) -> None:
            answers.append(str(reason))
            done.set()

        self.client.on_publish = published
        self.client.publish(topic, json.dumps(body), qos=1)
        assert done.wait(10)
        return answers[0]


@contextmanager
def app(
    live: LiveSite, twin: str, *topics: str, role: str = "app", login: tuple[str, str] | None = None
) -> Iterator[App]:
    """A connected client of that role, and its end."""
    one = App(live, twin, role, *topics, login=login)
    try:
        yield one
    finally:
        one.client.disconnect()
        one.client.loop_stop()
