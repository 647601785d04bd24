"""What is written down of a session: its terms at once, how far it is a moment later.

Names and numbers, no payloads: what waits stands in the log, where it is sealed if it is personal.
"""

from collections.abc import Mapping

import msgspec

from pollux.connect.mqtt.outbox import Parcel
from pollux.connect.mqtt.session import Key, Session
from pollux.guard import Identity
from pollux.guard.identity import Kind

_TERMS, _STAND = b"t", b"s"


class Hears(msgspec.Struct, array_like=True, frozen=True):
    """One subscription."""

    filter: bytes
    qos: int
    no_local: bool
    as_published: bool
    ident: int
    since: int


class Whose(msgspec.Struct, array_like=True, frozen=True):
    """An identity."""

    tenant: str
    name: str
    kind: Kind
    roles: list[str]
    twins: list[str]
    subject: str | None
    grant: str

    def identity(self) -> Identity:
        """It as a value."""
        return Identity(
            self.tenant, self.name, self.kind, frozenset(self.roles), tuple(self.twins), self.subject, self.grant
        )


class Terms(msgspec.Struct, array_like=True, frozen=True):
    """A session: whose it is, for how long, until when (0 while its client is there), and what it hears."""

    whose: Whose
    client_id: str
    expiry: int
    until: int
    hears: list[Hears]


class Open(msgspec.Struct, array_like=True, frozen=True):
    """A message that is not confirmed: by its place in the log, or its name; `packet_id` 0 where it was not sent."""

    packet_id: int
    place: int
    ref: str
    qos: int
    retain: bool
    ids: tuple[int, ...]
    released: bool


class Stand(msgspec.Struct, array_like=True, frozen=True):
    """How far a session is: what was sent and is open, the places of what waits, and where the log was `here`.

    What came behind that place, and it hears, waits too. `named` waits and is not in the log. `incoming` are
    identifiers of QoS 2 that its client has to release.
    """

    here: int
    last_id: int
    sent: list[Open]
    waits: list[int]
    named: list[Open]
    incoming: list[int]


Record = tuple[Terms, Stand | None]


def keys_of(key: Key) -> tuple[bytes, bytes]:
    """Under which keys terms and stand are written."""
    name = msgspec.msgpack.encode(key)
    return _TERMS + name, _STAND + name


def terms_of(session: Session) -> bytes:
    """The terms of a session, to be written."""
    one = session.identity
    whose = Whose(one.tenant, one.name, one.kind, sorted(one.roles), list(one.twins), one.subject, one.grant)
    hears = [
        Hears(heard, sub.qos, sub.no_local, sub.as_published, sub.ident, sub.since)
        for heard, sub in session.subscriptions.items()
    ]
    until = session.until if session.absent else 0
    return msgspec.msgpack.encode(Terms(whose, session.client_id, session.expiry, until, hears))


def stand_of(session: Session, here: int, incoming: list[int]) -> bytes:
    """How far a session is, to be written; `here` is the place in the log that is next for everybody."""
    outbox = session.outbox
    sent = [
        _open(packet_id, parcel)
        for packet_id, parcel in outbox.sent.items()
        if parcel.place or parcel.released or parcel.message.ref
    ]
    named = [_open(0, parcel) for parcel in outbox.named()]
    return msgspec.msgpack.encode(Stand(here, outbox.last_id, sent, outbox.places(), named, incoming))


def _open(packet_id: int, parcel: Parcel) -> Open:
    ref, qos, retain = parcel.message.ref, parcel.qos, parcel.retain
    return Open(packet_id, parcel.place, ref, qos, retain, parcel.ids, parcel.released)


def records(items: Mapping[bytes, bytes]) -> list[Record]:
    """The sessions that were written down; raises msgspec.MsgspecError for what is none."""
    return [
        (msgspec.msgpack.decode(value, type=Terms), _stand(items.get(_STAND + key[1:])))
        for key, value in items.items()
        if key[:1] == _TERMS
    ]


def _stand(value: bytes | None) -> Stand | None:
    return None if value is None else msgspec.msgpack.decode(value, type=Stand)
