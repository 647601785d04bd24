"""How messages fared: why data do not arrive."""

from collections import Counter, deque
from typing import TYPE_CHECKING, final

import numpy as np

from pollux.columns.batch import Refusal
from pollux.columns.memory import NEVER
from pollux.columns.quality import Reason
from pollux.show.facts import ReceptionFact
from pollux.site.estate import Applied

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

KEPT = 1_000
SHOWN = 20


@final
class DeadLetters:
    """The newest messages that were refused, and how many each device had refused."""

    def __init__(self) -> None:
        self._letters: deque[Refusal] = deque(maxlen=KEPT)
        self.counts: Counter[tuple[str, str]] = Counter()

    def tell(self, applied: Applied) -> None:
        """What an entry could not decode."""
        for refusal in applied.refusals:
            self._letters.append(refusal)
            if len(self.counts) < 100 * KEPT:
                self.counts[refusal.origin.device, refusal.reason.name] += 1

    def of(self, type_: str, twin: str) -> tuple[Refusal, ...]:
        """The newest refusals that concern a twin: by the topic, or by a device of its name."""
        mark = f"/{type_}/{twin}/"
        mine = [one for one in self._letters if one.origin.device == twin or mark in f"/{one.topic}/"]
        return tuple(mine[-SHOWN:])

    def all(self) -> tuple[Refusal, ...]:
        """The newest refusals of everybody."""
        return tuple(self._letters)


@final
class ReceptionsRoom:
    """How the messages of a twin fared since the site was opened."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._since = live.clock.now()

    def of(self, type_: str, twin: str, *, at: int | None = None) -> ReceptionFact:
        live = self._live
        estate = live.estate if at is None else live.as_of.estate(at, None)
        with live.pipe.lock:
            block = estate.blocks[type_]
            row = block.row(twin)
            last = int(block.arrival[:, row].max(initial=NEVER))
            aside = [
                (signal.name, Reason(int(block.aside_reason[index, row])).name.lower().replace("_", " "), 1, int(when))
                for index, signal in enumerate(block.schema.signals)
                if (when := block.aside_time[index, row]) != NEVER
            ]
            refusals = live.letters.of(type_, twin)
        connected = self._connected(twin)
        words = "connected" if connected else "not connected" if connected is not None else "speaks over HTTP"
        heard = int(np.maximum(last, 0))
        decoded = int((block.event_time[:, row] != NEVER).sum())
        return ReceptionFact(
            self._since, connected, words, decoded + len(refusals), decoded, heard, refusals, tuple(aside)
        )

    def _connected(self, twin: str) -> bool | None:
        if self._live.endpoint is None:
            return None
        return any(one.name == twin for one in self._live.endpoint.connections())
