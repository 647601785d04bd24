"""The host application of one fleet: messages of its nodes become frames of its twins, orders become commands."""

import logging
import threading
from collections import deque
from typing import Final, final

from pollux.check.faults import Fault
from pollux.check.sparkplug import SparkplugPayload, read_sparkplug
from pollux.check.sparkplug_host import SparkplugHost
from pollux.check.sparkplug_said import NAMESPACE, Address, Said, address
from pollux.check.sparkplug_writing import rebirth, write_sparkplug
from pollux.clock import stopwatch
from pollux.columns.frames import Frames, Message
from pollux.columns.quality import Reason
from pollux.connect.field.counters import FieldCounters
from pollux.connect.field.delivery import Answered, FieldDelivery
from pollux.connect.field.order import FieldOrder
from pollux.connect.field.source import AbstractFieldDriver, FieldPlace
from pollux.errors import Overloaded, PolluxError
from pollux.model.schema import Schema
from pollux.site.sparkplug.commanding import MOST, Awaited, awaited, seen, wishes
from pollux.site.sparkplug.known import KnownNodes
from pollux.site.sparkplug.line import AbstractLine, BrokerLine
from pollux.site.sparkplug.source import SparkplugSource
from pollux.site.sparkplug.translating import Translator

_LOG: Final = logging.getLogger("pollux.site.sparkplug")
_TICK: Final = 0.1
_SECOND: Final = 1e9
_MILLI: Final = 1_000_000


@final
class SparkplugDriver(AbstractFieldDriver):
    """Follows the nodes of a source. Through a broker it has a connection of its own; else the site's endpoint hears.

    `digest` is called by the one thread that hears; orders come from any, and a third keeps house: what it says itself,
    beats and answers, goes through a delivery of its own.
    """

    def __init__(self, source: SparkplugSource, schema: Schema, place: FieldPlace) -> None:
        self.source, self._schema, self._place = source, schema, place
        self._lock = threading.Lock()
        self._host = SparkplugHost(pause=source.pause)
        self._counts = FieldCounters()
        self._delivery = FieldDelivery(schema.name, "sparkplug", place, self._counts, name=source.name)
        self._translator = Translator(source, schema, place.told)
        self._known = KnownNodes(place.folder, source.name)
        self._where: dict[str, Address] = {}
        self._told: dict[str, float] = {}
        self._awaited: deque[Awaited] = deque()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="pollux-sparkplug", daemon=True)
        self._line: AbstractLine | None = None
        if source.broker is not None:
            self._line = BrokerLine(source, schema, place, self.digest, self._known)

    # -- from any thread ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def connected(self) -> bool:
        return self._line is not None and self._line.connected

    @property
    def trouble(self) -> str:
        if self._line is None:
            return "the site is open without an endpoint for it"
        return self._delivery.failure or self._line.trouble

    @property
    def counters(self) -> dict[str, int]:
        own = {"unmapped": self._translator.unmapped, "not_taken": self._translator.refused}
        line = {} if self._line is None else self._line.counters
        return {**self._counts.asdict(), **{f"host_{name}": n for name, n in self._host.counts.asdict().items()},
                **own, **line}  # fmt: skip

    def attach(self, line: AbstractLine) -> None:
        """Speak over this line; before `start`."""
        self._line = line

    def start(self) -> None:
        if self._line is not None:
            self._line.start()
        self._keeper.start()

    def stop(self) -> None:
        self._over.set()
        if self._line is not None:
            self._line.stop()
        if self._keeper.is_alive():
            self._keeper.join()

    def takes(self, twin: str) -> bool:
        return self._place.acts and any(one.role == "actuator" for one in self._schema.signals)

    def order(self, order: FieldOrder) -> None:
        with self._lock:
            if len(self._awaited) >= MOST and not self._room():
                raise Overloaded(f"{MOST} orders wait for their effect already", retry_after=1.0, at=self.name)
            self._counts.orders += 1
            try:
                self._send(order)
            except Fault as fault:
                self._answer(order, "rejected", fault.detail)

    def _room(self) -> bool:
        """Where time is moved by hand orders have no end by the wall: the oldest of them is waited for no more."""
        endless = next((one for one in self._awaited if not one.order.expires), None)
        if endless is not None:
            self._awaited.remove(endless)
        return endless is not None

    # -- from the thread that hears -----------------------------------------------------------------------------------

    def digest(self, frames: Frames) -> list[Message]:
        """What the log is told of some messages, each heard once and in order."""
        with self._lock:
            return [told for row in range(len(frames)) for told in self._hear(_message(frames, row))]

    def _hear(self, heard: Message) -> list[Message]:
        topic = heard.topic.decode(errors="replace")
        at = address(topic)
        if at is None:
            if self._line is not None:
                self._line.state(topic, heard.payload)
            return []
        if not self.source.concerns(at):
            return []
        try:
            payload = read_sparkplug(heard.payload)
        except (Fault, ValueError) as wrong:
            fault = wrong if isinstance(wrong, Fault) else Fault(Reason.MALFORMED, str(wrong)[:200])
            self._translator.refuse(heard, fault)
            return []
        return self._taken(heard, at, payload)

    def _taken(self, heard: Message, at: Address, payload: SparkplugPayload) -> list[Message]:
        said = self._host.hear(at, payload, self._place.clock.now())
        self._follow(heard, at, said)
        told = list(self._translator.messages(heard, at, said.values))
        self._counts.values += len(said.values)
        self._counts.frames += len(told)
        now = stopwatch()
        for message in told:
            self._told[message.topic.decode().split("/")[2]] = now
        for waiting in [one for one in self._awaited if (one.at.group, one.at.node) == (at.group, at.node)]:
            if seen(waiting, said.values):
                self._awaited.remove(waiting)
                self._answer(waiting.order, "accepted")
                self._answer(waiting.order, "done")
        return told

    def _follow(self, heard: Message, at: Address, said: Said) -> None:
        if said.refused:
            self._translator.refuse(heard, Fault(Reason.PROTOCOL, said.refused))
        if at.kind in ("NBIRTH", "DBIRTH"):
            self._known.add(at.group, at.node)
            twin = self.source.twin(at)
            if twin is not None:
                self._where[twin] = at
        if said.rebirth:
            _LOG.info("%s/%s is asked for a rebirth: %s", at.group, at.node, said.rebirth)
            self._say(f"{NAMESPACE}/{at.group}/NCMD/{at.node}", rebirth(self._millis()))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _send(self, order: FieldOrder) -> None:
        """Ask the device for what is ordered; raises `Fault` where that cannot be."""
        now = self._place.clock.now()
        if 0 < order.expires <= now:
            raise Fault(Reason.LATE, "it has expired")
        at = self._where.get(order.twin)
        born = None if at is None else self._host.device(at.group, at.node, at.device)
        if at is None or born is None:
            raise Fault(Reason.UNKNOWN_TWIN, "no device of this name lives behind an edge node")
        asked = wishes(order, self.source, self._schema, born)
        kind = "DCMD" if at.device else "NCMD"
        topic = f"{NAMESPACE}/{at.group}/{kind}/{at.node}" + (f"/{at.device}" if at.device else "")
        payload = write_sparkplug(self._millis(), asked)
        # Waited for before it leaves: the device may answer before this thread goes on.
        self._awaited.append(awaited(order, at, asked))
        if not self._say(topic, payload, expires=order.expires):
            self._awaited.pop()
            raise Fault(Reason.NOT_ALLOWED, "too many messages wait for the broker")

    def _say(self, topic: str, payload: bytes, *, expires: int = 0) -> bool:
        """At QoS 0, as the specification has it; False where there is no room."""
        if self._line is None:
            return False
        try:
            self._line.publish(topic, payload, expires=expires)
        except PolluxError as error:
            _LOG.warning("%s: a command could not be sent: %s", self.name, error)
            return False
        return True

    def _answer(self, order: FieldOrder, state: Answered, reason: str = "") -> None:
        self._counts.orders_done += state == "done"
        self._counts.orders_rejected += state == "rejected"
        self._delivery.answer(order.twin, order.id, state, reason)

    def _millis(self) -> int:
        return self._place.clock.now() // _MILLI

    def _keep(self) -> None:
        """Beats of those who live and say nothing, ends of orders, and what waits for the log, again and again."""
        while not self._over.wait(_TICK):
            with self._lock:
                self._beat()
                now = self._place.clock.now()
                over = [one for one in self._awaited if 0 < one.order.expires <= now]
                for one in over:
                    self._awaited.remove(one)
                self._delivery.flush()

    def _beat(self) -> None:
        now, every = stopwatch(), self.source.beat / _SECOND
        if self._line is None or not self._line.connected:
            return
        for group, node, device in self._host.living():
            twin = self.source.twin(Address("DDATA", group, node, device))
            if twin is not None and now - self._told.get(twin, 0.0) >= every:
                self._told[twin] = now
                self._delivery.beat(twin)


def _message(frames: Frames, row: int) -> Message:
    return Message(
        frames.sender(row),
        bytes(frames.topic(row)),
        bytes(frames.payload(row)),
        int(frames.arrival[row]),
        int(frames.encoding[row]),
        int(frames.qos[row]),
    )
