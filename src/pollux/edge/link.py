"""The link to the site: sends what waits in the queue, in order, and takes it away when the site has it on disk."""

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any, Final, final

import numpy as np
import paho.mqtt.client as paho

from pollux.clock import stopwatch
from pollux.edge.address import Address
from pollux.edge.queue import Queue
from pollux.edge.sealing import Wire, plainly
from pollux.errors import PolluxError

FLYING: Final = 64
FLYING_BYTES: Final = 2 << 20
"""So many messages, and about so many bytes, wait for their acknowledgement at a time; fewer where the site says so."""

SILENCE: Final = 20.0
"""A site that answers nothing for so long is left, and tried again."""

ROUND: Final = 1.0

LEAST, MOST = 0.5, 60.0
FINAL: Final = frozenset((0x83, 0x90, 0x95, 0x99))
"""Reasons that no repetition changes: the message is given up, counted, and said. All others are tried again."""

Hear = Callable[[str, bytes], "Sequence[tuple[str, bytes]]"]
"""What is answered to a message under one of the topics that are listened to: topics and payloads."""

_LOG = logging.getLogger("pollux.edge")


@final
class Link:
    """Connects, again and again with growing pauses, and forwards. After each connection it begins behind what was
    acknowledged last, so that the order is kept; what the site has already, it counts once. `heard` is when the link
    was last known to be good, by the stopwatch; one that says nothing is found broken after twice `keepalive` seconds.
    """

    def __init__(
        self,
        queue: Queue,
        address: Address,
        name: str,
        *,
        topics: Sequence[str],
        hear: Hear,
        keepalive: int,
        wire: Wire = plainly,
    ) -> None:
        self.heard = stopwatch()
        self.sent = self.bytes = self.refused = self.connects = 0
        self.trouble = "not connected yet"
        self._queue, self._address, self._name = queue, address, name
        self._topics, self._hear, self._keepalive, self._wire = tuple(topics), hear, keepalive, wire
        self._wake, self._over = threading.Event(), threading.Event()
        self._luck = np.random.default_rng()
        self._thread = threading.Thread(target=self._run, name="pollux-edge-link", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    def stop(self) -> None:
        """Leave. What is not acknowledged stays in the queue."""
        self._over.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(SILENCE)

    def _run(self) -> None:
        wait = LEAST
        while not self._over.is_set():
            talk = _Talk(self._queue, self._wake, self._topics, self._hear, self._wire)
            try:
                client = self._address.client(self._name)
                talk.join(client)
                try:
                    client.connect(self._address.host, self._address.port, keepalive=self._keepalive)
                    client.loop_start()
                    self._forward(talk)
                finally:
                    client.disconnect()
                    client.loop_stop()
            except (PolluxError, OSError) as error:
                self._say(str(error).partition("\n")[0])
            except Exception as error:  # noqa: BLE001  a link that is gone must not look like one that waits
                self._say(f"internal error: {error!r}")
            if talk.confirmed:
                wait = LEAST
            self._over.wait(wait * float(self._luck.uniform(0.5, 1.0)))
            wait = min(2 * wait, MOST)

    def _forward(self, talk: "_Talk") -> None:
        heard = stopwatch()
        while not self._over.is_set() and not talk.ended:
            if talk.connected and self.trouble:
                self.trouble = ""
                self.connects += 1
                _LOG.info("connected to %s", self._address.url)
            if talk.connected:
                self.heard = stopwatch()
            talk.send()
            self._wake.wait(ROUND)
            self._wake.clear()
            sent, size, refused = talk.settle()
            self.sent, self.bytes, self.refused = self.sent + sent, self.bytes + size, self.refused + refused
            if sent or (talk.connected and not talk.flying):
                heard = stopwatch()
            elif stopwatch() - heard > SILENCE:
                talk.ended = talk.ended or "it does not answer"
        if not self._over.is_set():
            self._say(talk.ended)

    def _say(self, why: str) -> None:
        if why != self.trouble:
            _LOG.warning("%s: %s; it is tried again", self._address.url, why)
        self.trouble = why


@final
class _Talk:
    """One connection. Callbacks run in the client's thread and only leave word; all else is the link's."""

    def __init__(self, queue: Queue, wake: threading.Event, topics: Sequence[str], hear: Hear, wire: Wire) -> None:
        self.connected, self.ended, self.confirmed = False, "", 0
        self.flying: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._queue, self._wake, self._topics, self._hear, self._wire = queue, wake, topics, hear, wire
        self._client: paho.Client | None = None
        self._answers: deque[tuple[int, Any]] = deque()
        self._done: dict[int, bool] = {}
        self._cursor = queue.acked
        self._size, self._most = 0, FLYING

    def join(self, client: paho.Client) -> None:
        self._client = client
        client.max_inflight_messages = 2 * FLYING
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def send(self) -> None:
        """Publish what may fly."""
        while self.connected and self._client and len(self.flying) < self._most and self._size < FLYING_BYTES:
            message = self._queue.after(self._cursor)
            if message is None:
                return
            self._cursor = message.number
            topic, payload = self._wire(message.topic, message.payload)
            self._size += len(payload)
            told = self._client.publish(topic, payload, qos=1)
            self.flying[told.mid] = message.number, len(topic) + len(payload)

    def settle(self) -> tuple[int, int, int]:
        """Take away what the site has, up to the first that it has not; how many, bytes, and how many it refuses."""
        refused = 0
        for _ in range(len(self._answers)):
            packet, reason = self._answers.popleft()
            if packet not in self.flying:
                continue
            if reason.is_failure and reason.value not in FINAL:
                self.ended = f"the site does not take {self._topic(packet)}: {reason}"
                break
            if reason.is_failure:
                refused += 1
                _LOG.error("the site refuses a message for good, which is given up: %s", reason)
            self._done[packet] = True
        return *self._taken(), refused

    def _taken(self) -> tuple[int, int]:
        count = size = number = 0
        while self.flying and (first := next(iter(self.flying))) in self._done:
            del self._done[first]
            number, length = self.flying.pop(first)
            count, size = count + 1, size + length
        if count:
            self._queue.confirm(number)
            self._size = sum(length for _, length in self.flying.values())
            self.confirmed += count
        return count, size

    def _topic(self, packet: int) -> str:
        message = self._queue.after(self.flying[packet][0] - 1)
        return message.topic if message else "a message"

    # -- in the client's thread ---------------------------------------------------------------------------------------

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: Any, said: Any) -> None:
        if reason.is_failure:
            self.ended = f"not let in: {reason}"
        else:
            self._most = min(FLYING, getattr(said, "ReceiveMaximum", FLYING))
            if self._topics:
                client.subscribe([(topic, 1) for topic in self._topics])
            self.connected = True
        self._wake.set()

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        self.ended = self.ended or f"the connection has ended: {reason}"
        self._wake.set()

    def _on_publish(self, _: paho.Client, __: Any, packet: int, reason: Any, ____: Any) -> None:
        self._answers.append((packet, reason))
        self._wake.set()

    def _on_message(self, client: paho.Client, _: Any, message: paho.MQTTMessage) -> None:
        for topic, payload in self._hear(message.topic, bytes(message.payload)):
            client.publish(topic, payload, qos=1)
