"""Topics of a broker beside the device: each message is a line, some lines, or a packed block."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Final, final

import numpy as np
import paho.mqtt.client as paho

from pollux.check.packed import MAGIC, unpack_block
from pollux.edge.address import Address
from pollux.edge.samples import Samples
from pollux.edge.sources.lines import Lines
from pollux.edge.sources.source import AbstractSource, Need
from pollux.errors import SetupError

WAITING: Final = 4096
"""Messages that may wait to be read; beyond that the newest is not taken, and counted as missed."""

LARGEST: Final = 256 << 10
"""Bytes of a message; a larger one is not taken, and counted as missed."""

PATIENCE: Final = 10.0
_ROUND: Final = 0.1


@final
@dataclass(frozen=True, slots=True)
class Heard(AbstractSource):
    """Messages of a broker; made by `heard`."""

    address: Address
    topics: tuple[str, ...]
    columns: tuple[str, ...]
    most: float

    @property
    def rate(self) -> float:
        return self.most

    @property
    def step(self) -> int:
        return 0

    def samples(self, need: Need) -> Iterator[Samples]:
        ear = _Ear(self.address, self.topics)
        reader = _Reader(need.signals, self.columns)
        try:
            while not need.pause(_ROUND):
                for payload in ear.taken():
                    yield reader.read(payload, need.clock.now())
                yield reader.nothing(missed=ear.missed())
        finally:
            ear.close()


@final
class _Reader:
    """What payloads say of the signals that are asked for."""

    def __init__(self, signals: Sequence[str], columns: Sequence[str]) -> None:
        self._signals = tuple(signals)
        self._lines = Lines(signals, columns)

    def read(self, payload: bytes, now: int) -> Samples:
        if not payload.startswith(MAGIC):
            return self._lines.feed(payload + b"\n", now=now)
        try:
            block = unpack_block(payload)
        except ValueError:
            return self.nothing(unread=1)
        told: Mapping[str, Any] = dict(zip(block.signals, block.values, strict=True))
        count = block.values.shape[1]
        times = np.full(count, now) if block.times is None else block.times
        return Samples(times, np.array([told.get(name, np.full(count, np.nan)) for name in self._signals]).T)

    def nothing(self, *, missed: int = 0, unread: int = 0) -> Samples:
        return Samples(np.empty(0, np.int64), np.empty((0, len(self._signals))), missed, unread)


@final
class _Ear:
    """A connection that keeps what it hears until it is taken."""

    def __init__(self, address: Address, topics: Sequence[str]) -> None:
        self._topics, self._heard, self._missed = topics, deque[bytes](), 0
        self._answered, self._lost = Event(), ""
        self._client = address.client("")
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.connect(address.host, address.port, keepalive=30)
        self._client.loop_start()
        if not self._answered.wait(PATIENCE):
            self._lost = "no answer"

    def taken(self) -> list[bytes]:
        """What was heard since the last time; raises ConnectionError where nothing can be heard any more."""
        if self._lost:
            raise ConnectionError(f"the broker is not heard: {self._lost}")
        return [self._heard.popleft() for _ in range(len(self._heard))]

    def missed(self) -> int:
        """How many messages were not taken since the last time."""
        missed, self._missed = self._missed, 0
        return missed

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._lost = str(reason)
        else:
            client.subscribe([(topic, 1) for topic in self._topics])
        self._answered.set()

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        self._lost = str(reason)

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        if len(self._heard) < WAITING and len(message.payload) <= LARGEST:
            self._heard.append(bytes(message.payload))
        else:
            self._missed += 1


def heard(address: Address | str, *topics: str, columns: Sequence[str] = (), rate: float = 1000.0) -> Heard:
    """Messages under these topics of a broker, at most `rate` samples a second.

    A message is a number, a line of CSV, a JSON object, several such lines, or a packed block. Messages that are kept
    by nobody are lost while the agent is not there. Raises SetupError for no topic, and for plain text beyond this
    machine: `px.Address` says how a broker is trusted.

    >>> heard("mqtt://127.0.0.1", "sensors/P-7").topics
    ('sensors/P-7',)
    """
    if not topics or not rate > 0:
        raise SetupError("expected a topic and a rate above 0", at="px.heard")
    return Heard(Address(address) if isinstance(address, str) else address, topics, tuple(columns), rate)
