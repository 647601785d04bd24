"""After a start: the sessions that were written down, and from the log what they have not confirmed."""

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Final, final

import msgspec

from pollux.clock import SECOND
from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.keeping import Keeping
from pollux.connect.mqtt.lasting import Lasting
from pollux.connect.mqtt.link import Link, nowhere
from pollux.connect.mqtt.memory import Memory, entry_at, message_of, place_of
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.outbox import Parcel
from pollux.connect.mqtt.records import Open, Record, Stand, Terms, records
from pollux.connect.mqtt.router import SEND_NEVER, Router, Way
from pollux.connect.mqtt.session import STORED, Session, Subscription
from pollux.connect.wire.packets import V3, Connect
from pollux.errors import PolluxError

_LOG = logging.getLogger("pollux.connect.mqtt")
IDENTIFIERS: Final = 65_535
NEAR: Final = 1_000
"""Entries that are read over rather than looked for."""
_NOWHERE: Final = Message(b"", b"")
"""Stands for a message of which only the identifier is still open."""


@final
@dataclass(slots=True, eq=False)
class _Back:
    """A session that comes back: how far it was, and what of its open messages was found."""

    session: Session
    stand: Stand
    sent: frozenset[int]
    waits: Counter[int]
    is_foreign: bool = False
    """Whether it was written beside a log that went further than this one."""
    found: dict[int, Message] = field(default_factory=dict[int, Message])

    def from_(self, here: int) -> int:
        """The place from which on what it hears waits; `here` where it hears nothing."""
        since = min((one.since for one in self.session.subscriptions.values()), default=here)
        return max(self.stand.here, since)

    def is_owed(self, way: Way, place: int) -> bool:
        """Whether a message that this session hears was not sent to it yet."""
        return self.waits[place] > 0 or (place >= max(self.stand.here, way.since) and place not in self.sent)


@final
class Restoring:
    """Puts sessions back as if their clients had left at the moment of the restart.

    What is not sure is not done by halves: where records or the log cannot be read every session ends, and its client
    is told that there is none.
    """

    def __init__(self, memory: Memory, common: Common, router: Router, keeping: Keeping, lasting: Lasting) -> None:
        self._memory, self._common, self._router = memory, common, router
        self._keeping, self._lasting = keeping, lasting
        self._link: Link = nowhere()
        self._back: dict[Session, _Back] = {}
        self._wanted: dict[int, list[_Back]] = {}

    def restore(self) -> None:
        """Before anybody is let in."""
        register, now = self._memory.register, self._common.clock.now()
        self._router.place = place_of(self._memory.last() + 1)
        self._common.counters.unreadable_sessions += register.damaged
        try:
            for record in sorted(records(register.items), key=_left):
                self._bring(record, now)
            self._recall(now)
        except (PolluxError, msgspec.MsgspecError) as error:
            _LOG.error("what sessions had to be sent cannot be read, so none goes on: %s", error)
            self._give_up()
            return
        for back in self._back.values():
            self._finish(back, now)

    def _give_up(self) -> None:
        for session in self._back:
            if not session.over:
                self._common.counters.unreadable_sessions += 1
                self._keeping.end(session)
        for key in self._memory.register.items:
            self._memory.register.put(key, None)

    # -- sessions -----------------------------------------------------------------------------------------------------

    def _bring(self, record: Record, now: int) -> None:
        terms, stand = record
        identity, counters = terms.whose.identity(), self._common.counters
        until = terms.until or now + terms.expiry * SECOND
        connect = Connect(V3, terms.client_id, clean=False)
        session = Session(self._link, connect, identity, self._common.limits, counters)
        session.expiry = terms.expiry
        self._lasting.note(session, now)
        if until <= now or not self._common.gate.alive(identity):
            counters.expired_sessions += until <= now
            self._lasting.ended(session)
            self._lasting.forget()
            return
        self._hear(session, terms)
        self._back[session] = self._how_far(session, terms, stand)
        counters.restored_sessions += 1
        self._keeping.restore(session, until)

    def _hear(self, session: Session, terms: Terms) -> None:
        for one in terms.hears:
            # A log that was put back to an earlier state counts its entries anew from there.
            since = min(one.since, self._router.place)
            subscription = Subscription(one.qos, one.no_local, one.as_published, one.ident, since)
            self._router.subscribe(session, one.filter, subscription, send=SEND_NEVER)

    def _how_far(self, session: Session, terms: Terms, stand: Stand | None) -> _Back:
        here, last = self._router.place, stand.here if stand else 0
        is_foreign = max(last, *(one.since for one in terms.hears), 0) > here
        if stand is None or is_foreign:
            stand = Stand(min(last, here), 0, [], [], [], [])
        if self._memory.register.closed:
            session.incoming = dict.fromkeys(stand.incoming, STORED)
        else:
            session.outbox.doubtful = IDENTIFIERS
        sent = frozenset(one.place for one in stand.sent if one.place and not one.released)
        return _Back(session, stand, sent, Counter(stand.waits), is_foreign)

    # -- messages -----------------------------------------------------------------------------------------------------

    def _recall(self, now: int) -> None:
        """Queue what is named, then read the log from where the first of the sessions is."""
        for session, back in self._back.items():
            for one in back.stand.named:
                parcel = self._named(one, now)
                if parcel is not None and not session.over:
                    session.outbox.add(parcel)
                    self._common.counters.recalled += 1
        for back in self._back.values():
            for place in back.sent:
                self._wanted.setdefault(place, []).append(back)
        for first, until in self._pieces():
            for number, frames in self._memory.past(first, until):
                for row in sorted(frames.said):
                    self._again(message_of(number, frames, row), now)

    def _pieces(self) -> Iterator[tuple[int, int | None]]:
        """What is to be read of the log: the entries in which something waits, and all behind the earliest place."""
        here = self._router.place
        tail = min((back.from_(here) for back in self._back.values()), default=here)
        wanted = {entry_at(place) for back in self._back.values() for place in (*back.sent, *back.waits)}
        entries = sorted(entry for entry in wanted if entry < entry_at(tail))
        edges = [at for at, (one, two) in enumerate(pairwise(entries), 1) if two - one > NEAR]
        for start, end in pairwise([0, *edges, len(entries)] if entries else []):
            yield entries[start], entries[end - 1]
        if tail < here or entry_at(tail) in wanted:
            yield entry_at(tail), None

    def _again(self, message: Message, now: int) -> None:
        for back in self._wanted.get(message.place, ()):
            back.found[message.place] = message
        owed = partial(self._is_owed, place=message.place)
        for session in self._router.publish_again(message, owed, now):
            # It may hear the same message twice: by itself, and for its group.
            self._back[session].waits[message.place] -= 1

    def _is_owed(self, way: Way, place: int) -> bool:
        back = self._back.get(way.session)
        return back is not None and back.is_owed(way, place)

    def _named(self, one: Open, now: int) -> Parcel | None:
        """What was published from inside, as it would be now; None where it is over."""
        recalled = self._memory.recall(one.ref) if one.ref else None
        if recalled is None or recalled.expires <= now:
            return None
        topic, payload, expires = recalled
        message = Message(topic.encode(), payload, qos=one.qos, expires=expires, ref=one.ref)
        return Parcel(message, one.qos, one.retain, one.ids)

    def _finish(self, back: _Back, now: int) -> None:
        """Put what was sent and not confirmed before what waits."""
        session, sent = back.session, dict[int, Parcel]()
        if session.over:
            return
        for one in back.stand.sent:
            parcel = self._named(one, now)
            if one.released:
                parcel = Parcel(_NOWHERE, one.qos, False, (), released=True, place=one.place)
            elif one.place in back.found:
                parcel = Parcel(back.found[one.place], one.qos, one.retain, one.ids, place=one.place)
            if parcel is not None:
                sent[one.packet_id] = parcel
                self._common.counters.recalled += 1
        session.outbox.restore(sent, back.stand.last_id)
        self._keeping.weigh(session)
        self._lasting.note(session, now)
        if back.is_foreign:
            self._lasting.parted(session, now)


def _left(record: Record) -> int:
    """When a client left; those that were there come last."""
    terms = record[0]
    return terms.until - terms.expiry * SECOND if terms.until else 1 << 63
