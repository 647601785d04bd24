"""Retained messages: the last one of each topic, bounded, and read by new subscribers at their own pace."""

from collections.abc import Iterator
from typing import final

from pollux.connect.mqtt.message import Message
from pollux.connect.wire.topics import is_wild, matches

STRIDE = 512


@final
class Retained:
    """The last retained message of each topic. A full store refuses new topics and still renews old ones.

    >>> store = Retained(10, 1000)
    >>> store.keep(Message(b"a/b", b"1", retain=True), now=0), store.get(b"a/b", now=0).payload
    (True, b'1')
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: dict[bytes, tuple[int, Message]] = {}
        self._order: list[bytes] = []
        self._gone = 0
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, message: Message, *, now: int) -> bool:
        """Keep a message in place of its topic's last one; an empty payload clears the topic. False if refused."""
        place, old = self._kept.get(message.topic, (-1, None))
        grown = len(message) - (len(old) if old else 0)
        if not message.payload or (message.expires and message.expires <= now):
            self.drop(message.topic)
            return True
        if self.bytes + grown > self._most_bytes or (old is None and len(self._kept) >= self._most):
            return False
        if old is None:
            place = len(self._order)
            self._order.append(message.topic)
        self._kept[message.topic] = place, message
        self.bytes += grown
        return True

    def drop(self, topic: bytes) -> None:
        """Forget a topic's message."""
        _, old = self._kept.pop(topic, (-1, None))
        if old is None:
            return
        self.bytes -= len(old)
        self._gone += 1
        if self._gone > len(self._kept) + 1000:
            # A new list: whoever is still reading the old one keeps it, and finds each topic at most once.
            self._order, self._gone = [], 0
            for kept, (_, message) in list(self._kept.items()):
                self._kept[kept] = len(self._order), message
                self._order.append(kept)

    def get(self, topic: bytes, *, now: int) -> Message | None:
        """The message of a topic, unless it has expired."""
        _, message = self._kept.get(topic, (-1, None))
        if message is not None and message.expires and message.expires <= now:
            self.drop(topic)
            return None
        return message

    def matching(self, topic_filter: bytes) -> Iterator[bytes | None]:
        """The topics that match a filter, as they are when asked for the next one; None after much without a match."""
        if not is_wild(topic_filter):
            yield topic_filter
            return
        order, end = self._order, len(self._order)
        for place in range(end):
            topic = order[place]
            kept, _ = self._kept.get(topic, (-1, None))
            if (kept == place or order is not self._order) and kept >= 0 and matches(topic_filter, topic):
                yield topic
            elif place % STRIDE == STRIDE - 1:
                yield None
