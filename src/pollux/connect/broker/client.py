"""The client of one broker: its thread, its doors for other threads, and its turns."""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Literal, final

from pollux.clock import Clock, stopwatch
from pollux.columns.batch import Refusal
from pollux.columns.frames import Frames
from pollux.connect.backoff import Backoff
from pollux.connect.broker.channel import Broken, Caller, Channel
from pollux.connect.broker.conversation import Conversation, OldBroker
from pollux.connect.broker.counters import Counters
from pollux.connect.broker.delivery import Delivery
from pollux.connect.broker.dial import Dial
from pollux.connect.broker.exchange import TICK, Exchange
from pollux.connect.broker.hearing import Hearing
from pollux.connect.broker.intake import Intake
from pollux.connect.broker.outgoing import Outgoing, Parcel
from pollux.connect.broker.standing import Standing
from pollux.connect.driver import AbstractDriver, Sink
from pollux.connect.wire.letters import Told, letter, nobody
from pollux.connect.wire.loading import compiled, compiled_if_possible
from pollux.connect.wire.packets import V3, V5
from pollux.connect.wire.plain import PlainSplitter
from pollux.connect.wire.poller import AbstractPoller, new_poller
from pollux.connect.wire.reasons import PacketRefused, Reason
from pollux.connect.wire.rights import Doorkeeper, Rights, Translate
from pollux.connect.wire.splitter import AbstractSplitter
from pollux.connect.wire.wake import new_wake
from pollux.errors import Overloaded, PolluxError
from pollux.guard import Identity

_LOG = logging.getLogger("pollux.connect.broker")
STEADY: Final = 10.0
"""A connection that has lasted so many seconds was a good one: the next attempt comes soon."""


@final
class BrokerClient(AbstractDriver):
    """Hears a broker that is already there, and acknowledges to it what is durable, in order.

    `dial` says where and what, `gate` decides what `identity` may say, `translate` what topics mean; `told` hears of
    what was refused, in the client's thread. `start` returns at once: a broker that is not there is tried again and
    again, and `trouble` says why it is not heard. `splitting` is as for the endpoint.
    """

    def __init__(
        self,
        dial: Dial,
        *,
        gate: Doorkeeper,
        identity: Identity,
        translate: Translate,
        sink: Sink,
        clock: Clock,
        told: Told = nobody,
        splitting: Literal["auto", "plain", "compiled"] = "auto",
        backoff: Backoff | None = None,
        poller: Callable[[int], AbstractPoller] = new_poller,
    ) -> None:
        self._dial, self._clock, self._told, self._splitting = dial, clock, told, splitting
        self._counts = Counters()
        self._wake = new_wake()
        self._poller = poller(self._wake.fileno())
        self._calls: deque[Callable[[], None]] = deque()
        self._backoff = backoff or Backoff()
        self._standing = Standing(Outgoing(self._counts, most=dial.posted), dial.level)
        self._intake = Intake(PlainSplitter(), packet_bytes=dial.packet_bytes)
        rights = Rights(gate, translate)
        self._hearing = Hearing(rights, identity, self._counts, told=told, retained=dial.retained)
        self._delivery = Delivery(sink, self._counts, wake=self._wake.set, refused=self._not_kept)
        self._talk: Conversation | None = None
        self._number = 0
        self._why = "not connected yet"
        self._stopping = self._started = False
        self._thread = threading.Thread(target=self._run, name=f"pollux-{dial.name}"[:40], daemon=True)
        self._loader = threading.Thread(target=self._load, name="pollux-broker-load", daemon=True)

    # -- from any thread ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """How the broker is called."""
        return self._dial.name

    @property
    def counters(self) -> dict[str, int]:
        return self._counts.asdict()

    @property
    def connected(self) -> bool:
        """Whether the broker is heard just now."""
        talk = self._talk
        return talk is not None and talk.ready

    @property
    def level(self) -> int:
        """The protocol that is spoken: 5, or 4 for 3.1.1; 0 while not connected."""
        talk = self._talk
        return talk.level if talk is not None and talk.open else 0

    @property
    def trouble(self) -> str:
        """Why the broker is not heard as it should be; empty while all is well."""
        if self._delivery.failure:
            return f"the site's storage has failed, the broker keeps what follows: {self._delivery.failure}"
        return "; ".join(self._standing.weak.values()) if self.connected else self._why

    @property
    def busy(self) -> bool:
        """Whether messages wait because the sink has no room; they are not acknowledged."""
        return self._delivery.busy

    def start(self) -> None:
        self._started = True
        if self._splitting == "compiled":
            self._intake.splitter = compiled()
        self._thread.start()
        if self._splitting == "auto":
            self._loader.start()

    def stop(self) -> None:
        """Acknowledge what becomes durable in a moment, say goodbye and end; the broker keeps the session."""
        first, self._stopping = not self._stopping, True
        if not self._started:
            if first:
                self._free()
            return
        self._wake.set()
        for thread in (self._thread, self._loader):
            if thread.is_alive():
                thread.join()

    def publish(self, topic: str, payload: bytes, *, expires: int = 0, qos: int = 1, retain: bool = False) -> None:
        """Send a message, also later while the broker is away; after `expires`, an instant, no more.

        Raises Overloaded when too many wait.
        """
        if self._stopping:
            return
        if len(self._calls) + len(self._standing.outgoing) >= self._dial.posted:
            self._counts.refused_posted += 1
            raise Overloaded("too many messages wait for the broker", retry_after=1.0, at=self.name)
        parcel = Parcel(topic.encode(), bytes(payload), expires, qos, retain)
        self._calls.append(lambda: self._standing.outgoing.put(parcel))
        self._wake.set()

    # -- connections --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._over():
                begun = stopwatch()
                again = self._attempt()
                if stopwatch() - begun > STEADY:
                    self._backoff.reset()
                if not again:
                    self._pause(self._backoff.next())
        finally:
            self._free()

    def _over(self) -> bool:
        # Whoever waits meanwhile for a socket must not be woken again and again by the same ring.
        self._wake.clear()
        return self._stopping or bool(self._delivery.failure)

    def _attempt(self) -> bool:
        """Connect and converse until that ends; True where the next attempt shall follow at once."""
        caller = Caller(self._poller, seconds=self._dial.connect_seconds, stopped=self._over)
        try:
            context = self._dial.context and self._dial.context()
            channel = caller.call(self._dial.host, self._dial.port, context)
        except (PolluxError, OSError) as error:
            self._counts.failed_connects += 1
            self._say(str(error).partition("\n")[0])
            return False
        self._number += 1
        talk = Conversation(self._dial, self._standing, self._counts, channel.write, stopwatch())
        self._talk = talk
        try:
            self._exchange(channel, talk).run()
        except OldBroker as error:
            self._say(error.message)
            return True
        except Broken as error:
            self._lost(talk, error)
        except PacketRefused as error:
            self._broken(channel, talk, error)
        except PolluxError as error:
            self._counts.failed_connects += 1
            self._say(str(error).partition("\n")[0])
        except Exception as error:  # noqa: BLE001  trouble of one broker with us must not become the site's
            _LOG.exception("internal error with %s", self.name)
            self._counts.internal_errors += 1
            self._say(f"internal error: {error!r}")
        finally:
            self._talk = None
            channel.close()
        return False

    def _lost(self, talk: Conversation, error: Broken) -> None:
        if self._stopping or self._delivery.failure:
            return
        if talk.open:
            self._counts.lost_connections += 1
        else:
            self._counts.failed_connects += 1
            # Some brokers answer a version that they do not know with silence: try the other one once.
            self._standing.guess = V3 if talk.level >= V5 else 0
        unsaid = "" if talk.open or talk.answered else "; it said nothing before: certificate or version may be refused"
        self._say(error.message + unsaid)

    def _broken(self, channel: Channel, talk: Conversation, error: PacketRefused) -> None:
        counts = self._counts
        counts.lost_connections += talk.open
        if error.reason is Reason.MALFORMED_PACKET:
            counts.malformed += 1
        elif error.reason is Reason.PACKET_TOO_LARGE:
            counts.too_large += 1
        else:
            counts.protocol_errors += 1
        self._say(f"it breaks the protocol: {error.message}")
        with contextlib.suppress(Broken):
            talk.leave(error.reason)
            channel.farewell(stopwatch() + TICK)

    def _say(self, why: str) -> None:
        if why != self._why:
            _LOG.warning("%s is not heard: %s", self.name, why)
        self._why = why

    def _pause(self, seconds: float) -> None:
        until = stopwatch() + seconds
        while not self._over() and (left := until - stopwatch()) > 0:
            self._called()
            self._delivery.retry()
            self._delivery.ready()  # of connections that are over: their answers have nobody to go to
            self._poller.wait(min(left, TICK))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _exchange(self, channel: Channel, talk: Conversation) -> Exchange:
        return Exchange(
            self._number,
            channel,
            talk,
            poller=self._poller,
            clock=self._clock,
            intake=self._intake,
            hearing=self._hearing,
            delivery=self._delivery,
            standing=self._standing,
            counters=self._counts,
            most_behind=self._dial.behind_bytes,
            over=self._turned,
        )

    def _turned(self) -> bool:
        over = self._over()
        self._called()
        return over

    def _called(self) -> None:
        for _ in range(len(self._calls)):
            self._calls.popleft()()

    def _not_kept(self, frames: Frames, why: str) -> None:
        """The log may not keep a message, as of a person who was erased."""
        detail, topic = why.partition("\n")[0], frames.topic(0)
        refusal: Refusal = letter(
            self._hearing.origin, self._clock.now(), Reason.IMPLEMENTATION_SPECIFIC, detail, topic=topic
        )
        self._told(refusal)

    def _load(self) -> None:
        splitter = compiled_if_possible(lambda: self._stopping)
        if splitter is not None:
            self._calls.append(lambda: self._use(splitter))
            self._wake.set()

    def _use(self, splitter: AbstractSplitter) -> None:
        self._intake.splitter = splitter

    def _free(self) -> None:
        self._poller.close()
        self._wake.close()
