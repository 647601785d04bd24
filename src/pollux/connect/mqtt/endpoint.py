"""The MQTT endpoint: one thread that owns all sockets, and the few doors to it that other threads may use."""

import logging
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Literal, final

import numpy as np

from pollux.clock import SECOND, Clock, stopwatch
from pollux.connect.driver import AbstractDriver, Sink
from pollux.connect.mqtt.admission import Admission
from pollux.connect.mqtt.batches import Batches
from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.dialogue import Dialogue
from pollux.connect.mqtt.ingress import Ingress
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.lines import Lines, Presence
from pollux.connect.mqtt.link import HERE, Link
from pollux.connect.mqtt.listening import listeners
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.plain import PlainSplitter
from pollux.connect.mqtt.poller import READ, WRITE, AbstractPoller, new_poller
from pollux.connect.mqtt.properties import NONE, Properties
from pollux.connect.mqtt.reasons import Reason
from pollux.connect.mqtt.rights import Doorkeeper, Rights, Translate, native
from pollux.connect.mqtt.router import Router
from pollux.connect.mqtt.session import Session
from pollux.connect.mqtt.splitter import I32, AbstractSplitter, Arena
from pollux.connect.mqtt.topics import is_name
from pollux.connect.mqtt.wake import new_wake
from pollux.errors import DataRefused, Overloaded

_LOG = logging.getLogger("pollux.connect.mqtt")
TICK = 0.25
SWEEP = SECOND // 2
FAREWELL = 2.0


@final
class MqttEndpoint(AbstractDriver):
    """Pollux's own MQTT endpoint: 3.1.1 and 5, QoS 0 and 1, on loopback.

    `gate` authenticates and decides, `sink` takes Frames, `clock` tells the time; `translate` says what topics mean
    (native layout by default). `splitting="auto"` starts in Python and goes on compiled as soon as that is loaded;
    "plain" and "compiled" fix it. `docs/reference/mqtt.md` says what is answered to what.

    Raises SetupError from `start` where the address is not loopback or the port is taken.
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
        splitting: Literal["auto", "plain", "compiled"] = "auto",
        poller: Callable[[int], AbstractPoller] = new_poller,
    ) -> None:
        self._address, self._splitting = address, splitting
        limits = limits or Limits()
        self._counters = Counters()
        self._common = Common(limits, self._counters, clock, gate, Rights(gate, translate))
        self._wake = new_wake()
        self._poller = poller(self._wake.fileno())
        self._calls: deque[Callable[[], None]] = deque()
        self._eager: dict[Link, None] = {}
        self._lines = Lines(self._poller, limits, self._counters, self._ended)
        splitter: AbstractSplitter = PlainSplitter()
        self._router = Router(
            self._common.rights,
            limits,
            self._counters,
            splitter,
            put_out=self._too_slow,
            settle=lambda session: self._lines.interest(session.link),
        )
        arena = Arena.of(limits.arena_bytes)
        self._batches = Batches(self._common, self._lines, self._router, arena, sink, self._wake.set)
        dialogue = Dialogue(self._common, self._lines, self._router)
        self._ingress = Ingress(self._common, self._lines, dialogue, self._batches, arena, splitter)
        self._admission = Admission(self._common, self._lines, self._router, later=self._later, ready=self._eager_next)
        self._listeners: dict[int, socket.socket] = {}
        self._thread = threading.Thread(target=self._run, name="pollux-mqtt", daemon=True)
        self._wills: list[Session] = []
        self._stopping, self._last_word = False, 0.0
        self._was_behind = False
        self._gate_version = gate.version
        self._swept = self._turned = clock.now()

    # -- from any thread ----------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port that is listened on; known after `start`."""
        return int(next(iter(self._listeners.values())).getsockname()[1]) if self._listeners else self._address[1]

    @property
    def counters(self) -> dict[str, int]:
        return self._counters.asdict()

    @property
    def failure(self) -> str:
        """Why nothing is accepted any more; empty while all is well."""
        return self._batches.failure

    @property
    def busy(self) -> bool:
        """Whether messages wait because the sink has no room, as on a full disk; their senders are not answered."""
        return self._batches.busy

    def fail(self, why: str) -> None:
        """Accept nothing more, and tell everybody: for when storage fails although nobody publishes just now."""
        self._later(lambda: self._batches.fail(why))

    def connections(self) -> tuple[Presence, ...]:
        """Who is connected, since when, and when it was last heard."""
        return self._lines.present()

    def start(self) -> None:
        self._listeners = listeners(self._address)
        for handle in (self._wake.fileno(), *self._listeners):
            self._lines.table.fit(handle)
        if self._splitting == "compiled":
            self._use(_compiled())
        for handle in self._listeners:
            self._poller.watch(handle, READ)
        self._thread.start()
        if self._splitting == "auto":
            threading.Thread(target=self._load, name="pollux-mqtt-load", daemon=True).start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._calls.append(self._begin_stop)
            self._wake.set()
            self._thread.join()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int = 0,
        retain: bool = False,
        expires: int = 0,
        content_type: str | None = None,
        then: Callable[[int], None] | None = None,
    ) -> None:
        """Send a message to all who hear its topic and may; retained, also to those who come later.

        `expires` is an instant after which nobody gets it any more (0: never). `then` is called in the endpoint's
        thread with the number of sessions it was queued for: for a command, 0 means that the device is not there.
        Raises DataRefused for a topic with wildcards or a QoS above 1, Overloaded when too many wait to be sent.
        """
        limits, name = self._common.limits, topic.encode()
        if not is_name(name, longest=limits.topic_bytes, levels=limits.topic_levels) or qos not in (0, 1):
            raise DataRefused(f"expected a topic without wildcards and QoS 0 or 1, got {topic!r} and {qos}")
        if len(payload) + len(name) + 64 > limits.packet_bytes:
            raise DataRefused(f"expected a payload of at most {limits.packet_bytes} bytes", at=topic)
        if len(self._calls) >= limits.posted:
            self._counters.refused_posted += 1
            raise Overloaded("too many messages wait to be published", retry_after=1.0, at=topic)
        said = Properties(content_type=content_type) if content_type else NONE
        message = Message(name, bytes(payload), qos=qos, retain=retain, said=said, expires=expires)
        self._later(lambda: self._publish(message, then))

    # -- the loop -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not (self._stopping and self._said_goodbye()):
                self._turn()
        except Exception as error:
            # A fault of the loop itself: whoever asks sees it, and every client sees its connection end.
            _LOG.exception("the endpoint has failed")
            self._batches.fail(f"the endpoint has failed: {error!r}")
            raise
        finally:
            self._lines.free()
            for listener in self._listeners.values():
                listener.close()
            self._poller.close()
            self._wake.close()

    def _turn(self) -> None:
        behind = self._batches.unlogged > self._common.limits.behind_total
        self._counters.paused_all += behind and not self._was_behind
        busy = self._router.dirty or self._calls or self._eager
        events = self._poller.wait(0.0 if busy else TICK, only_bell=behind)
        now = self._common.clock.now()
        if self._was_behind and not behind:
            self._lines.forgive(now)
        self._was_behind = behind
        self._wake.clear()
        self._batches.release(self._ingress.splitter, now)
        for _ in range(len(self._calls)):
            self._do(self._calls.popleft())
        plain, begun = self._sort(events, now)
        if self._eager and not behind:
            begun, self._eager = list(dict.fromkeys((*self._eager, *begun))), {}
        if (len(plain) or begun) and not self._batches.failure:
            self._ingress.take(plain, begun, now)
        self._read_wills(now)
        if self._batches.failure and not self._admission.closed_because:
            self._fail()
        self._batches.release(self._ingress.splitter, now)
        self._router.flush(now)
        self._sweep(now)

    def _sort(self, events: list[tuple[int, int]], now: int) -> tuple[I32, list[Link]]:
        """Accept, send, and say goodbye; what remains are the sessions to be read: straight, or with what is held."""
        reads = np.array([handle for handle, event in events if event == READ], np.int32)
        straight = self._lines.table.plain[reads] == 1
        plain, begun = reads[straight], []
        others = [(handle, READ) for handle in reads[~straight].tolist()] if len(plain) < len(reads) else []
        if len(reads) < len(events):
            others += [(handle, event) for handle, event in events if event != READ]
        for handle, event in others:
            link = self._lines.by_handle.get(handle)
            if link is not None:
                if self._unusual(link, event, now):
                    begun.append(link)
            elif handle in self._listeners:
                self._lines.accept(self._listeners[handle], now)
        return plain, begun

    def _unusual(self, link: Link, event: int, now: int) -> bool:
        """Anything but plain data from a session; True if the link is to be read, whatever is held of it."""
        if link.lingering:
            self._lines.drain(link)
            return False
        session = self._lines.session(link)
        if event & WRITE:
            self._lines.writable(link, now)
            if session is not None:
                self._router.dirty[session] = None
        if link.dead or self._lines.hung_up(link, event) or not event & ~WRITE or not link.events & READ:
            return False
        if session is None:
            self._admission.read(link, now)
            return False
        return True

    # -- what may be asked of the loop --------------------------------------------------------------------------------

    def _later(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        self._wake.set()

    def _eager_next(self, link: Link) -> None:
        # What came behind CONNECT is here already: no event of the socket will tell of it.
        link.needs = HERE
        self._eager[link] = None

    def _do(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001  what somebody asked of the loop must not end it
            _LOG.exception("internal error in what was asked of the endpoint")
            self._counters.internal_errors += 1

    def _publish(self, message: Message, then: Callable[[int], None] | None) -> None:
        self._counters.published += 1
        reached = self._router.publish(message, self._common.clock.now())
        if then is not None:
            then(reached)

    def _too_slow(self, session: Session) -> None:
        self._lines.close(session.link, Reason.QUOTA_EXCEEDED, "messages are not taken as fast as they come")

    def _ended(self, session: Session, will: bool) -> None:
        self._router.leave(session)
        if will and session.will is not None:
            self._wills.append(session)

    def _read_wills(self, now: int) -> None:
        # At the end of a turn: what a client sent before it was lost comes before its will.
        wills, self._wills = self._wills, []
        for session in wills:
            if session.will is not None:
                self._batches.testament(session, session.will, now)

    # -- compiled -----------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        splitter = _compiled_or_none()
        if splitter is not None:
            self._later(lambda: self._use(splitter))

    def _use(self, splitter: AbstractSplitter) -> None:
        self._router.use(splitter)
        self._ingress.splitter = splitter

    # -- time and ends ------------------------------------------------------------------------------------------------

    def _sweep(self, now: int) -> None:
        # After an absence, as when the log has made us wait, everybody gets a turn before anybody is called silent.
        absent, self._turned = now - self._turned > 2 * SECOND, now
        if absent or now - self._swept < SWEEP:
            return
        self._swept = now
        if not self._was_behind:
            self._lines.sweep(now)
        for session in list(self._lines.sessions.values()):
            session.redeliver(now)
        version = self._common.gate.version
        if version != self._gate_version:
            self._gate_version = version
            self._recheck()

    def _recheck(self) -> None:
        """Rights or identities have changed: forget decisions, and put out who would no longer be let in."""
        self._ingress.splitter.forget()
        self._router.forget_ways()
        for session in list(self._lines.sessions.values()):
            session.link.denied.clear()
            if not self._common.gate.alive(session.identity):
                self._counters.ended_identity += 1
                self._lines.close(session.link, Reason.NOT_AUTHORIZED, "this identity has ended or changed")

    def _fail(self) -> None:
        self._admission.closed_because = "storage has failed; nothing more is accepted"
        _LOG.error("nothing more is accepted: %s", self._batches.failure)
        self._lines.close_all(Reason.SERVER_UNAVAILABLE, self._admission.closed_because)

    def _begin_stop(self) -> None:
        """Hear nothing more; what is on its way to the disk is still answered, within a moment."""
        for handle in self._listeners:
            self._poller.forget(handle)
        for link in list(self._lines.by_handle.values()):
            link.waiting = True
            self._lines.interest(link)
        self._stopping, self._last_word = True, stopwatch() + FAREWELL

    def _said_goodbye(self) -> bool:
        if len(self._batches) and stopwatch() < self._last_word:
            return False
        self._lines.close_all(Reason.SERVER_SHUTTING_DOWN, "")
        return True


def _compiled() -> AbstractSplitter:
    from pollux.connect.mqtt.fast import FastSplitter

    splitter = FastSplitter()
    splitter.warm()
    return splitter


def _compiled_or_none() -> AbstractSplitter | None:
    if sys.platform != "linux":
        return None
    try:
        return _compiled()
    except ImportError:
        return None
