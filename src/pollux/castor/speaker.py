"""An emulated device's voice: a stock MQTT client that sends telemetry and answers commands."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from pollux.castor.chorus import Chorus
from pollux.clock import instant
from pollux.errors import Overloaded, SetupError

State = Literal["accepted", "done", "rejected", "failed"]


class Command(msgspec.Struct, frozen=True):
    """What a device is told, as it reads it."""

    id: str
    name: str
    params: dict[str, Any]
    issued_at: str = ""
    expires_at: str = ""
    reason: str = ""

    def late(self, now: int) -> bool:
        """Whether its time is over; raises ClockError for an expiry that is no time."""
        return bool(self.expires_at) and now >= instant(self.expires_at)


Answer = Callable[[Command], tuple[State, str]]
"""What becomes of a command, and why; "accepted" when `Speaker.tell` will say more. Called in the chorus's thread."""

IN_FLIGHT: Final = 100
REMEMBERED: Final = 1_000
"""Commands whose answer is remembered: one that is delivered twice is carried out once and answered twice."""

PATIENCE: Final = 10.0


@final
@dataclass(frozen=True, slots=True)
class Credentials:
    """How a device comes in: the door's address, its account and its token."""

    host: str
    port: int
    account: str
    token: str = ""

    def knock(self, client: paho.Client) -> str:
        """Connect a client to the door; why nobody answers, or nothing."""
        try:
            client.connect(self.host, self.port, keepalive=30)
        except OSError as error:
            return f"nobody answers at {self.host}:{self.port}: {error}"
        return ""


@final
class Speaker:
    """One device on the native layout: `twins/{type}/{id}/telemetry` out, `.../commands` in.

    Every message carries `boot` and `seq`, so that its effect is exactly once. At most 100 messages wait for their
    acknowledgement; `send` blocks beyond that, which is how a device feels back-pressure.
    """

    def __init__(
        self, chorus: Chorus, credentials: Credentials, twin: str, *, boot: str, answer: Answer | None = None
    ) -> None:
        self._chorus = chorus
        self._credentials = credentials
        self._twin = twin
        self._boot = boot
        self._answer = answer
        self._seq = 0
        self._waiting: set[int] = set()
        self._telling: set[int] = set()
        self._sent = 0
        self._acknowledged = 0
        self._changed = threading.Condition()
        self._connected = threading.Event()
        self._refusal = ""
        self._said: OrderedDict[str, tuple[State, str]] = OrderedDict()
        self._client = self._made(credentials)

    def _made(self, credentials: Credentials) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=self._twin.replace("/", "~"), protocol=paho.MQTTv5)
        client.username_pw_set(credentials.account, credentials.token or None)
        client.max_inflight_messages = IN_FLIGHT
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def start(self) -> None:
        """Begin to connect; `ready` waits for it."""
        self._chorus.do(self._join)

    def ready(self, *, timeout: float = PATIENCE) -> None:
        """Wait until the device is let in; raises SetupError when nobody answers or the door is closed."""
        if not self._connected.wait(timeout):
            raise SetupError(f"the door stayed closed: {self._refusal or 'no answer'}", at=self._twin)

    def send(self, values: Mapping[str, Any], *, time: int, timeout: float = PATIENCE) -> None:
        """Send one set of values read at `time`, in nanoseconds UTC.

        Blocks while 100 messages wait; raises Overloaded when none of them is acknowledged in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._sent - self._acknowledged < IN_FLIGHT, timeout):
                raise Overloaded("nobody acknowledges", retry_after=1.0, at=self._twin)
            self._sent += 1
            self._seq += 1
            body = json.dumps({"t": time, "seq": self._seq, "boot": self._boot, **values})
        self._chorus.do(lambda: self._publish(f"twins/{self._twin}/telemetry", body))

    def wait(self, *, timeout: float = PATIENCE) -> bool:
        """Wait until everything sent has been acknowledged; false when the time is over first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._sent == self._acknowledged, timeout)

    def tell(self, command: str, state: State, reason: str = "") -> None:
        """Say what has become of a command that was accepted; `wait` waits for this too."""
        self._owe()
        self._chorus.do(lambda: self._say(command, state, reason))

    def stop(self) -> None:
        """Leave."""
        self._chorus.do(lambda: self._chorus.leave(self._client))

    # -- in the chorus's thread ---------------------------------------------------------------------------------------

    def _join(self) -> None:
        self._chorus.join(self._client)
        self._refusal = self._credentials.knock(self._client)

    def _publish(self, topic: str, body: str) -> None:
        self._waiting.add(self._client.publish(topic, body, qos=1).mid)

    def _tell(self, command: str, state: State, reason: str) -> None:
        self._owe()
        self._say(command, state, reason)

    def _say(self, command: str, state: State, reason: str) -> None:
        self._said[command] = state, reason
        while len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        body = json.dumps({"id": command, "state": state, "reason": reason})
        self._telling.add(self._client.publish(f"twins/{self._twin}/commands/ack", body, qos=1).mid)

    def _owe(self) -> None:
        with self._changed:
            self._sent += 1

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
            return
        if self._answer is not None:
            client.subscribe(f"twins/{self._twin}/commands", qos=1)
        self._connected.set()

    def _on_publish(self, _: paho.Client, __: Any, mid: int, reason: Any, ____: Any) -> None:
        # An answer that is not taken is not said again: it is over all the same.
        if mid in self._telling or (mid in self._waiting and not reason.is_failure):
            self._telling.discard(mid)
            self._waiting.discard(mid)
            with self._changed:
                self._acknowledged += 1
                self._changed.notify_all()

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        try:
            command = msgspec.json.decode(message.payload, type=Command)
        except msgspec.MsgspecError:
            return
        assert self._answer is not None
        if command.id in self._said:
            self._tell(command.id, *self._said[command.id])
            return
        state, reason = self._answer(command)
        if state in ("done", "failed"):
            self._tell(command.id, "accepted", "")
        self._tell(command.id, state, reason)
