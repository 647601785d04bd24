"""The MQTT endpoint: the doors through which other threads use the loop."""

import socket
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal, final

from pollux.clock import Clock
from pollux.connect.acceptor import Acceptor
from pollux.connect.driver import AbstractDriver, Sink
from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.handshakes import Handshakes
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.listening import listeners
from pollux.connect.mqtt.loop import Loop
from pollux.connect.mqtt.memory import Memory
from pollux.connect.mqtt.message import Message
from pollux.connect.presence import Presence
from pollux.connect.sealed import Seal
from pollux.connect.wire.letters import Told, nobody
from pollux.connect.wire.loading import compiled, compiled_if_possible
from pollux.connect.wire.poller import AbstractPoller, new_poller
from pollux.connect.wire.properties import NONE, Properties
from pollux.connect.wire.rights import Doorkeeper, Rights, Translate, native
from pollux.connect.wire.topics import is_name
from pollux.errors import DataRefused, Overloaded


@final
class MqttEndpoint(AbstractDriver):
    """Pollux's own MQTT endpoint: 3.1.1 and 5, QoS 0, 1 and 2, on loopback.

    `gate` authenticates and decides, `sink` takes Frames, `clock` tells the time; `translate` says what topics mean
    (native layout by default), `personal` names the types whose twins are persons, `told` hears of what was refused
    before it became a message, in the endpoint's thread. A `reticent` one refuses subscriptions without the reason, in
    version 5 as in 3.1.1. `splitting="auto"` starts in Python and goes on compiled as soon as that is loaded; "plain"
    and "compiled" fix it. With `tls`, which shakes hands with each connection, it speaks TLS alone, and may listen
    beyond loopback. With a `memory` sessions outlive a restart. `docs/reference/mqtt.md` says what is answered to what.

    Raises SetupError from `start` where the address is not loopback, without `tls`, or the port is taken.
    """

    def __init__(
        self,
        address: tuple[str, int],
        *,
        gate: Doorkeeper,
        sink: Sink,
        clock: Clock,
        limits: Limits | None = None,
        translate: Translate = native,
        personal: Collection[str] = (),
        told: Told = nobody,
        reticent: bool = False,
        splitting: Literal["auto", "plain", "compiled"] = "auto",
        poller: Callable[[int], AbstractPoller] = new_poller,
        tls: Acceptor | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._address, self._splitting = address, splitting
        self._common = Common(
            limits or Limits(), Counters(), clock, gate, Rights(gate, translate, personal=personal), told, reticent
        )
        self._memory = memory
        self._loop = Loop(self._common, sink, poller, memory)
        self._thread = threading.Thread(target=self._loop.run, name="pollux-mqtt", daemon=True)
        self._loader = threading.Thread(target=self._load, name="pollux-mqtt-load", daemon=True)
        self._started = self._stopped = False
        self._handshakes = tls and Handshakes(tls, self._adopt)

    @property
    def port(self) -> int:
        """The port that is listened on; known after `start`."""
        return self._address[1]

    @property
    def counters(self) -> dict[str, int]:
        counts = self._common.counters.asdict()
        if self._memory is not None:
            counts["unwritten_sessions"] = self._memory.register.failures
        return counts | {"refused_tls": self._handshakes.refused} if self._handshakes else counts

    @property
    def failure(self) -> str:
        """Why nothing is accepted any more; empty while all is well."""
        return self._loop.batches.failure

    @property
    def busy(self) -> bool:
        """Whether messages wait because the sink has no room, as on a full disk; their senders are not answered."""
        return self._loop.batches.busy

    def fail(self, why: str) -> None:
        """Accept nothing more, and tell everybody: for when storage fails although nobody publishes just now."""
        self._loop.later(lambda: self._loop.batches.fail(why))

    def connections(self) -> tuple[Presence, ...]:
        """Who is connected, since when, and when it was last heard."""
        return self._loop.lines.present()

    def start(self) -> None:
        sockets = listeners(self._address, secured=self._handshakes is not None)
        self._address = (self._address[0], int(next(iter(sockets.values())).getsockname()[1]))
        self._loop.restore()
        self._loop.listen({} if self._handshakes else sockets)
        self._started = True
        if self._splitting == "compiled":
            self._loop.use(compiled())
        self._thread.start()
        if self._handshakes:
            self._handshakes.start(*sockets.values())
        if self._splitting == "auto":
            self._loader.start()

    def stop(self) -> None:
        first, self._stopped = not self._stopped, True
        if not self._started:
            if first:
                self._loop.lasting.close(whole=False)
                self._loop.free()
            return
        self._loop.later(self._loop.stop)
        for thread in (self._thread, self._loader):
            if thread.is_alive():
                thread.join()
        if self._handshakes:
            self._handshakes.stop()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        expires: int = 0,
        content_type: str | None = None,
        ref: str = "",
        then: Callable[[int], None] | None = None,
    ) -> None:
        """Send a message to all who hear its topic and may; retained, also to those who come later.

        `expires` is an instant after which nobody gets it any more (0: never). `then` is called in the endpoint's
        thread with the number of sessions it was queued for: for a command, 0 means that the device is not there.
        A command without `expires` is for a device that is there: it is not kept in the session of one that is away.
        What waits when Pollux stops is asked for again by its `ref` (`Memory.recall`); without one it is not.
        After `stop` it does nothing. Raises DataRefused for a topic with wildcards or a QoS above 2, Overloaded when
        too many wait to be sent.
        """
        name = self._checked(topic, payload, qos)
        if self._stopped:
            return
        self._admit(topic)
        said = Properties(content_type=content_type) if content_type else NONE
        fleeting = not expires and self._common.rights.is_order(topic)
        message = Message(
            name, bytes(payload), qos=qos, retain=retain, said=said, expires=expires, fleeting=fleeting, ref=ref
        )
        self._loop.later(lambda: self._publish(message, then))

    def publish_retained(self, some: Iterable[tuple[str, bytes]]) -> None:
        """Send topics and payloads at QoS 0, retained, in one go: the loop is asked once for all of them.

        Raises what `publish` raises; then none is sent.
        """
        messages = [Message(self._checked(topic, payload, 0), payload, retain=True) for topic, payload in some]
        if self._stopped or not messages:
            return
        self._admit(messages[0].topic.decode())
        self._loop.later(lambda: self._publish_all(messages))

    def _checked(self, topic: str, payload: bytes, qos: int) -> bytes:
        limits, name = self._common.limits, topic.encode()
        if not is_name(name, longest=limits.topic_bytes, levels=limits.topic_levels) or qos not in (0, 1, 2):
            raise DataRefused(f"expected a topic without wildcards and QoS 0, 1 or 2, got {topic!r} and {qos}")
        if len(payload) + len(name) + 64 > limits.packet_bytes:
            raise DataRefused(f"expected a payload of at most {limits.packet_bytes} bytes", at=topic)
        return name

    def _admit(self, topic: str) -> None:
        if self._loop.asked >= self._common.limits.posted:
            self._common.counters.refused_posted += 1
            raise Overloaded("too many messages wait to be published", retry_after=1.0, at=topic)

    def tunnel(self, address: str, certificate: bytes | None = None) -> socket.socket:
        """The end of a connection on which MQTT is spoken, for whoever brings its bytes otherwise, as over WebSocket.

        `address` is the peer's, `certificate` the fingerprint of the one that it has shown. Raises Overloaded when no
        handle is left.
        """
        try:
            near, far = socket.socketpair()
        except OSError as error:
            self._common.counters.refused_descriptors += 1
            raise Overloaded(f"no connection can be opened: {error}", retry_after=1.0, at="mqtt") from None
        now = self._common.clock.now
        self._loop.later(lambda: self._loop.lines.adopt(far, address, None, now(), certificate=certificate))
        return near

    def _publish(self, message: Message, then: Callable[[int], None] | None) -> None:
        self._common.counters.published += 1
        reached = self._loop.router.publish(message, self._common.clock.now())
        if then is not None:
            then(reached)

    def _publish_all(self, messages: Sequence[Message]) -> None:
        now = self._common.clock.now()
        self._common.counters.published += len(messages)
        for message in messages:
            self._loop.router.publish(message, now)

    def _adopt(self, sock: socket.socket, address: str, seal: Seal) -> None:
        self._loop.later(lambda: self._loop.lines.adopt(sock, address, seal, self._common.clock.now()))

    def _load(self) -> None:
        splitter = compiled_if_possible(lambda: self._stopped)
        if splitter is not None:
            self._loop.later(lambda: self._loop.use(splitter))
