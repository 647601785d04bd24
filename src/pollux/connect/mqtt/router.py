"""Who hears what: subscriptions, retained messages, and the way of a message to every session that may have it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import final

from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.keeping import Keeping
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.retained import Retained
from pollux.connect.mqtt.session import Session, Subscription
from pollux.connect.wire.splitter import AbstractSplitter
from pollux.connect.wire.topics import FilterTree, is_wild, unshared

ROUTES = 65_536
SEND_ALWAYS, SEND_IF_NEW, SEND_NEVER = 0, 1, 2
_Seat = tuple[Session, bytes]
"""Who listens, and the shared subscription by which it does; empty for one of its own."""


@final
class Way:
    """One session that hears a topic: one copy at the highest QoS, with the identifiers of all that matched."""

    __slots__ = ("as_published", "ids", "no_local", "qos", "session", "since")

    def __init__(self, session: Session, subscriptions: list[Subscription]) -> None:
        self.session = session
        self.since = min(one.since for one in subscriptions)
        self.qos = max(one.qos for one in subscriptions)
        self.no_local = all(one.no_local for one in subscriptions)
        self.as_published = any(one.as_published for one in subscriptions)
        self.ids = tuple(one.ident for one in subscriptions if one.ident)


@final
class _Share:
    """The sessions of one group that may hear a topic: each message goes to one of them, in turn."""

    __slots__ = ("_at", "_ways")

    def __init__(self, ways: list[Way]) -> None:
        self._ways, self._at = ways, -1

    def pick(self, message: Message, owed: Callable[[Way], bool] | None = None) -> Way | None:
        """The next one who is there; where nobody is, the next one for whom the message is kept.

        Of a message from before a restart: the next one to whom it is `owed`.
        """
        count, waits = len(self._ways), None
        for step in range(1, count + 1):
            at = (self._at + step) % count
            way = self._ways[at]
            if owed is not None and not owed(way):
                continue
            if not way.session.absent:
                self._at = at
                return way
            if waits is None and way.session.takes(message, min(message.qos, way.qos)):
                waits = at
        if waits is None:
            return None
        self._at = waits
        return self._ways[waits]


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
        self._exact: dict[bytes, dict[_Seat, Subscription]] = {}
        self._wild: FilterTree[_Seat, Subscription] = FilterTree()
        self._wild_count = 0
        self._ways: dict[bytes, tuple[Way | _Share, ...]] = {}
        self.dirty: dict[Session, None] = {}
        self.place = 0
        """Where in the log that begins which nobody has been sent yet."""
        self.lasting = 0
        """How many sessions outlive their connection."""
        self._now = 0

    def use(self, splitter: AbstractSplitter) -> None:
        """From now on tell this splitter which topics are heard."""
        for topic, seats in self._exact.items():
            splitter.hear(topic, len(seats))
        splitter.wild = self._wild_count
        self._splitter = splitter

    def forget_ways(self) -> None:
        """Ask again who may hear what."""
        self._ways.clear()

    # -- subscriptions ------------------------------------------------------------------------------------------------

    def subscribe(self, session: Session, topic_filter: bytes, subscription: Subscription, *, send: int) -> None:
        """Let a session hear a filter, and send it the retained messages there, which no group shares."""
        known = session.subscriptions.get(topic_filter)
        is_new = known is None
        if not subscription.since:
            subscription = replace(subscription, since=known.since if known else self.place)
        session.subscriptions[topic_filter] = subscription
        seat, heard = _seat(session, topic_filter)
        if is_wild(heard):
            self._wild.put(heard, seat, subscription)
            self._wild_changed(int(is_new))
        else:
            self._exact.setdefault(heard, {})[seat] = subscription
            self._ways.pop(heard, None)
            if is_new:
                self._splitter.hear(heard, 1)
        if seat[1]:
            return
        if send == SEND_ALWAYS or (send == SEND_IF_NEW and is_new):
            ids = (subscription.ident,) if subscription.ident else ()
            session.replay(topic_filter, self._kept(session, topic_filter), qos=subscription.qos, ids=ids)
            self.dirty[session] = None

    def unsubscribe(self, session: Session, topic_filter: bytes) -> bool:
        """Let a session hear a filter no longer; False if it did not."""
        if session.subscriptions.pop(topic_filter, None) is None:
            return False
        session.end_replay(topic_filter)
        seat, heard = _seat(session, topic_filter)
        if is_wild(heard):
            self._wild.drop(heard, seat)
            self._wild_changed(-1)
            return True
        self._ways.pop(heard, None)
        self._splitter.hear(heard, -1)
        seats = self._exact[heard]
        del seats[seat]
        if not seats:
            del self._exact[heard]
        return True

    def leave(self, session: Session) -> None:
        """A session has ended for good."""
        session.over = True
        for topic_filter in list(session.subscriptions):
            self.unsubscribe(session, topic_filter)
        self.dirty.pop(session, None)

    # -- messages -----------------------------------------------------------------------------------------------------

    def publish(self, message: Message, now: int) -> int:
        """Keep a message if it is to be retained, and queue it for all who hear it: how many that were."""
        if message.retain and not self.retained.keep(message, now=now):
            self._counters.refused_retained += 1
        reached = 0
        for found in self._way(message.topic):
            way = found.pick(message) if isinstance(found, _Share) else found
            if way is None:
                self._counters.not_kept += 1
                continue
            if way.no_local and message.source == way.session.key:
                continue
            reached += self._give(way, message, now)
        return reached

    def publish_again(self, message: Message, owed: Callable[[Way], bool], now: int) -> Iterator[Session]:
        """Queue a message from before a restart for those to whom it is owed; each is told before the next is asked."""
        for found in self._way(message.topic):
            way = found.pick(message, owed) if isinstance(found, _Share) else found
            if way is not None and owed(way) and not (way.no_local and message.source == way.session.key):
                self._counters.recalled += self._give(way, message, now)
                yield way.session

    def _give(self, way: Way, message: Message, now: int) -> bool:
        """Queue a message for one session; False where it is not kept for a client that is away."""
        session, qos = way.session, min(message.qos, way.qos)
        if not session.takes(message, qos):
            self._counters.not_kept += 1
            return False
        retain = message.retain and way.as_published
        slow = not session.offer(message, qos=qos, retain=retain, ids=way.ids, now=now, place=message.place)
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

    def _way(self, topic: bytes) -> tuple[Way | _Share, ...]:
        way = self._ways.get(topic)
        if way is None:
            if len(self._ways) >= ROUTES:
                self._ways.clear()
            way = self._ways[topic] = tuple(self._found(topic))
        return way

    def _found(self, topic: bytes) -> Iterator[Way | _Share]:
        own: dict[Session, list[Subscription]] = {}
        shared: dict[tuple[str, bytes], list[Way]] = {}
        name, may = topic.decode(), dict[Session, bool]()
        for (session, share), subscription in (*self._exact.get(topic, {}).items(), *self._wild.matching(topic)):
            if session not in may:
                may[session] = self._rights.hear(session.identity, name)
                self._counters.hidden += not may[session]
            if may[session] and share:
                # A group is its tenant's: the same name elsewhere is another group.
                shared.setdefault((session.identity.tenant, share), []).append(Way(session, [subscription]))
            elif may[session]:
                own.setdefault(session, []).append(subscription)
        yield from (Way(session, subscriptions) for session, subscriptions in own.items())
        yield from map(_Share, shared.values())

    def _kept(self, session: Session, topic_filter: bytes) -> Iterator[Message | None]:
        for topic in self.retained.matching(topic_filter):
            if topic is None:
                yield None
            elif self._rights.hear(session.identity, topic.decode()):
                message = self.retained.get(topic, now=self._now)
                if message is not None:
                    yield message


def _seat(session: Session, topic_filter: bytes) -> tuple[_Seat, bytes]:
    """Where a subscription sits, and the filter by which it hears."""
    group, heard = unshared(topic_filter)
    return (session, topic_filter if group else b""), heard
