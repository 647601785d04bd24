"""Who hears what: subscriptions, retained messages, and the way of a message to every session that may have it."""

from collections.abc import Callable, Iterator
from typing import final

from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.keeping import Keeping
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.retained import Retained
from pollux.connect.mqtt.session import Session, Subscription
from pollux.connect.mqtt.splitter import AbstractSplitter
from pollux.connect.mqtt.topics import FilterTree, is_wild

ROUTES = 65_536
SEND_ALWAYS, SEND_IF_NEW, SEND_NEVER = 0, 1, 2


@final
class _Way:
    """One session that hears a topic: one copy at the highest QoS, with the identifiers of all that matched."""

    __slots__ = ("as_published", "ids", "no_local", "qos", "session")

    def __init__(self, session: Session, subscriptions: list[Subscription]) -> None:
        self.session = session
        self.qos = max(one.qos for one in subscriptions)
        self.no_local = all(one.no_local for one in subscriptions)
        self.as_published = any(one.as_published for one in subscriptions)
        self.ids = tuple(one.ident for one in subscriptions if one.ident)


@final
class Router:
    """Keeps subscriptions and retained messages, and delivers.

    Whether a session may hear a topic is asked when the way of the topic is found, once for all its messages; ways are
    forgotten whenever a subscription that matches, or a right, changes.
    """

    def __init__(
        self,
        common: Common,
        splitter: AbstractSplitter,
        keeping: Keeping,
        *,
        put_out: Callable[[Session], None],
        settle: Callable[[Session], None],
    ) -> None:
        self._rights, self._counters, self._splitter = common.rights, common.counters, splitter
        self._keeping, self._put_out, self._settle = keeping, put_out, settle
        self.retained = Retained(common.limits.retained, common.limits.retained_bytes)
        self._exact: dict[bytes, dict[Session, Subscription]] = {}
        self._wild: FilterTree[Session, Subscription] = FilterTree()
        self._wild_count = 0
        self._ways: dict[bytes, tuple[_Way, ...]] = {}
        self.dirty: dict[Session, None] = {}
        self._now = 0

    def use(self, splitter: AbstractSplitter) -> None:
        """From now on tell this splitter which topics are heard."""
        for topic, sessions in self._exact.items():
            splitter.hear(topic, len(sessions))
        splitter.wild = self._wild_count
        self._splitter = splitter

    def forget_ways(self) -> None:
        """Ask again who may hear what."""
        self._ways.clear()

    # -- subscriptions ------------------------------------------------------------------------------------------------

    def subscribe(self, session: Session, topic_filter: bytes, subscription: Subscription, *, send: int) -> None:
        """Let a session hear a filter, and send it the retained messages there."""
        is_new = topic_filter not in session.subscriptions
        session.subscriptions[topic_filter] = subscription
        if is_wild(topic_filter):
            self._wild.put(topic_filter, session, subscription)
            self._wild_changed(int(is_new))
        else:
            self._exact.setdefault(topic_filter, {})[session] = subscription
            self._ways.pop(topic_filter, None)
            if is_new:
                self._splitter.hear(topic_filter, 1)
        if send == SEND_ALWAYS or (send == SEND_IF_NEW and is_new):
            ids = (subscription.ident,) if subscription.ident else ()
            session.replay(topic_filter, self._kept(session, topic_filter), qos=subscription.qos, ids=ids)
            self.dirty[session] = None

    def unsubscribe(self, session: Session, topic_filter: bytes) -> bool:
        """Let a session hear a filter no longer; False if it did not."""
        if session.subscriptions.pop(topic_filter, None) is None:
            return False
        session.end_replay(topic_filter)
        if is_wild(topic_filter):
            self._wild.drop(topic_filter, session)
            self._wild_changed(-1)
            return True
        self._ways.pop(topic_filter, None)
        self._splitter.hear(topic_filter, -1)
        sessions = self._exact[topic_filter]
        del sessions[session]
        if not sessions:
            del self._exact[topic_filter]
        return True

    def leave(self, session: Session) -> None:
        """A session has ended."""
        for topic_filter in list(session.subscriptions):
            self.unsubscribe(session, topic_filter)
        self.dirty.pop(session, None)

    # -- messages -----------------------------------------------------------------------------------------------------

    def publish(self, message: Message, now: int) -> int:
        """Keep a message if it is to be retained, and queue it for all who hear it: how many that were."""
        if message.retain and not self.retained.keep(message, now=now):
            self._counters.refused_retained += 1
        reached = 0
        for way in self._way(message.topic):
            if way.no_local and message.source == way.session.key:
                continue
            reached += self._give(way, message, now)
        return reached

    def _give(self, way: _Way, message: Message, now: int) -> bool:
        """Queue a message for one session; False where it is not kept for a client that is away."""
        session, qos = way.session, min(message.qos, way.qos)
        if not session.takes(message, qos):
            self._counters.not_kept += 1
            return False
        retain = message.retain and way.as_published
        slow = not session.offer(message, qos=qos, retain=retain, ids=way.ids, now=now)
        if session.absent:
            self._keeping.weigh(session)
        elif slow:
            self._counters.disconnected_slow += 1
            self._put_out(session)
        else:
            self.dirty[session] = None
        return True

    def flush(self, now: int) -> None:
        """Send what was queued in this turn; sessions that have more to do stay dirty."""
        self._now = now
        dirty, self.dirty = self.dirty, {}
        for session in dirty:
            if session.pump(now):
                self.dirty[session] = None
            if session.link.out:
                self._settle(session)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _wild_changed(self, change: int) -> None:
        self._wild_count += change
        self._splitter.wild = self._wild_count
        self._ways.clear()

    def _way(self, topic: bytes) -> tuple[_Way, ...]:
        way = self._ways.get(topic)
        if way is None:
            if len(self._ways) >= ROUTES:
                self._ways.clear()
            way = self._ways[topic] = tuple(self._found(topic))
        return way

    def _found(self, topic: bytes) -> Iterator[_Way]:
        found: dict[Session, list[Subscription]] = {}
        for session, subscription in (*self._exact.get(topic, {}).items(), *self._wild.matching(topic)):
            found.setdefault(session, []).append(subscription)
        name = topic.decode()
        for session, subscriptions in found.items():
            if self._rights.hear(session.identity, name):
                yield _Way(session, subscriptions)
            else:
                self._counters.hidden += 1

    def _kept(self, session: Session, topic_filter: bytes) -> Iterator[Message | None]:
        for topic in self.retained.matching(topic_filter):
            if topic is None:
                yield None
            elif self._rights.hear(session.identity, topic.decode()):
                message = self.retained.get(topic, now=self._now)
                if message is not None:
                    yield message
