"""How messages fared: why data do not arrive."""

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

import numpy as np

from pollux.columns.batch import Refusal
from pollux.columns.memory import NEVER
from pollux.columns.quality import Reason
from pollux.columns.statistics import DeviceStatistics
from pollux.show.facts import ReceptionFact
from pollux.site.connected import connected
from pollux.site.estate import Applied
from pollux.site.figures import statistics

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

DEVICES = 1_000
KEPT = 32
SHOWN = 20


@final
@dataclass(slots=True)
class _Box:
    """What of one device was refused: the newest, and how many messages by topic."""

    newest: deque[Refusal] = field(default_factory=lambda: deque(maxlen=KEPT))
    messages: Counter[str] = field(default_factory=Counter[str])


@final
class DeadLetters:
    """Messages that were refused: the newest of each device, so that one that floods hides nobody else's.

    Memory is bounded: beyond DEVICES the device that was refused longest ago is forgotten. Any thread may ask and tell.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boxes: OrderedDict[str, _Box] = OrderedDict()
        self.counts: Counter[Reason] = Counter()

    def tell(self, applied: Applied) -> None:
        """What an entry could not decode."""
        before = -1
        for refusal in applied.refusals:
            self.keep(refusal, messages=int(refusal.frame != before))
            before = refusal.frame

    def keep(self, refusal: Refusal, *, messages: int = 1) -> None:
        """One refusal; `messages` is 0 where it is another fault of a message that was counted."""
        with self._lock:
            box = self._boxes.setdefault(refusal.origin.device, _Box())
            self._boxes.move_to_end(refusal.origin.device)
            box.newest.append(refusal)
            if refusal.topic in box.messages or len(box.messages) < KEPT:
                box.messages[refusal.topic] += messages
            self.counts[refusal.reason] += messages
            if len(self._boxes) > DEVICES:
                self._boxes.popitem(last=False)

    def of(self, type_: str, twin: str) -> tuple[int, tuple[Refusal, ...]]:
        """How many messages that concern a twin were refused, by the topic or by a device of its name; the newest."""
        mark = f"/{type_}/{twin}/"
        with self._lock:
            boxes = [(device == twin, box) for device, box in self._boxes.items()]
            mine = [one for own, box in boxes for one in box.newest if own or mark in f"/{one.topic}/"]
            counts = [n for own, box in boxes for topic, n in box.messages.items() if own or mark in f"/{topic}/"]
        return sum(counts), tuple(sorted(mine, key=lambda one: one.arrival)[-SHOWN:])

    def sent_by(self, device: str) -> tuple[int, tuple[Refusal, ...]]:
        """How many messages of a device were refused; the newest, the newest last."""
        with self._lock:
            box = self._boxes.get(device)
            return (box.messages.total(), tuple(box.newest)[-SHOWN:]) if box else (0, ())

    def newest(self, limit: int) -> tuple[Refusal, ...]:
        """The newest refusals of everybody, the newest last."""
        with self._lock:
            every = [one for box in self._boxes.values() for one in box.newest]
        return tuple(sorted(every, key=lambda one: one.arrival)[-limit:])


@final
class ReceptionsRoom:
    """How the messages of a twin fared since the site was opened."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._since = live.clock.now()

    def lost(self, limit: int) -> Sequence[Refusal]:
        return self._live.letters.newest(limit)

    def of(self, type_: str, twin: str, *, at: int | None = None) -> ReceptionFact:
        live = self._live
        estate = live.estate if at is None else live.as_of.estate(at, None)
        refused, refusals = live.letters.of(type_, twin)
        with live.pipe.lock:
            block = estate.blocks[type_]
            row = block.row(twin)
            last = int(block.arrival[:, row].max(initial=NEVER))
            aside = [
                (signal.name, Reason(int(block.aside_reason[index, row])).sentence, 1, int(when))
                for index, signal in enumerate(block.schema.signals)
                if (when := block.aside_time[index, row]) != NEVER
            ]
            decoded = int(estate.mirror.populations[type_].rhythm.messages[row])
        there = self._connected(type_, twin)
        words = "connected" if there else "not connected" if there is not None else "speaks over HTTP"
        if not there and (through := live.doors.brokers.words(type_)):
            # Of a device behind a broker only the broker knows whether it is there.
            there, words = None, through
        heard = int(np.maximum(last, 0))
        counted = decoded + refused, decoded
        return ReceptionFact(self._since, there, words, *counted, heard, refusals, tuple(aside))

    def quality(self, type_: str, twin: str, *, at: int | None = None) -> DeviceStatistics:
        live = self._live
        estate = live.estate if at is None else live.as_of.estate(at, None)
        with live.pipe.lock:
            return statistics(estate, type_, twin)

    def _connected(self, type_: str, twin: str) -> bool | None:
        """Whether a device that speaks for a twin is there: one of its name, or one whose account is for this twin."""
        live = self._live
        if live.endpoint is None and live.coap is None:
            return None
        return any(one.name == twin or self._speaks(one.name, type_, twin) for one in connected(live))

    def _speaks(self, name: str, type_: str, twin: str) -> bool:
        account = self._live.accounts.find(name)
        return account is not None and account.kind == "device" and f"{type_}/{twin}" in account.twins
