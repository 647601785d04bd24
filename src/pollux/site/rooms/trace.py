"""The way of one device's data, from its connection to its twins: what is known of each step."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, final

from pollux.columns.batch import Batch, Refusal
from pollux.columns.frames import Frames
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality, Reason
from pollux.guard import Account
from pollux.guard.policy import covers
from pollux.model.schema import Schema
from pollux.show.compose.types import outward_number
from pollux.show.tracing import AccountFact, CertificateFact, HeardFact, LineFact, SpokenFact, TraceFact, ValueFact
from pollux.site.connected import connected
from pollux.site.endings import ends_soon
from pollux.site.rooms.twins import presence_of

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

LISTED: Final = 20
"""Twins of a device that are told one by one."""

READ: Final = 3
"""Twins whose newest message is looked up in the log."""

ENTRIES: Final = 64
"""Entries of the log that are looked through for a message that arrived at a known moment."""

Twin = tuple[str, str]


@final
class TraceRoom:
    """Follows a device through the site; nothing of it is written down, so asking costs the devices nothing."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live

    def of(self, device: str) -> TraceFact | None:
        live = self._live
        account = live.accounts.find(device, tenant=live.estate.tenant)
        tenant = live.estate.tenant
        failed, attempts = live.gate.attempts.of(f"{tenant}/{device}" if tenant else device)
        refused, refusals = live.letters.sent_by(device)
        lines = self._lines(device)
        twins = self._twins(device, account)
        if not (account or failed or refused or lines or twins):
            return None
        spoken = self._spoken(twins[:LISTED])
        newest = sorted((one for one in spoken if one.heard), key=lambda one: -one.heard)[:READ]
        heard = tuple(found for one in newest if (found := self._newest(one.twin, one.heard)))
        return TraceFact(
            device,
            self._account(account),
            lines,
            failed,
            attempts,
            () if tenant else live.gate.attempts.nameless()[1],
            spoken,
            max(0, len(twins) - LISTED),
            heard,
            refused,
            refusals,
            live.meter.synced(),
        )

    # -- who it is ----------------------------------------------------------------------------------------------------

    def _account(self, account: Account | None) -> AccountFact | None:
        if account is None:
            return None
        accounts = self._live.accounts
        now = accounts.now()
        tokens = sum(one.purpose == "token" and one.valid(now) for one in accounts.issued(account.name))
        certificates = tuple(
            CertificateFact(one.id, one.expires, one.ended, ends_soon(one.name, one.expires, now))
            for one in accounts.certificates.of(account.name)
        )
        return AccountFact(account.kind, account.disabled, tokens, certificates, account.twins)

    def _lines(self, device: str) -> tuple[LineFact, ...]:
        return tuple(
            LineFact(
                one.protocol, one.address, one.client_id, one.since, one.heard, one.bytes_in, one.bytes_out
            )
            for one in connected(self._live)
            if (one.tenant, one.name) == (self._live.estate.tenant, device)
        )  # fmt: skip

    # -- whom it speaks for -------------------------------------------------------------------------------------------

    def _twins(self, device: str, account: Account | None) -> Sequence[Twin]:
        """The twins of its account; without one that of its name, of whatever type."""
        blocks = self._live.estate.blocks
        with self._live.pipe.lock:
            if account is None:
                return [(name, device) for name, block in blocks.items() if device in block.row_of]
            return [
                (name, id_)
                for name, block in blocks.items()
                for id_ in block.row_of
                if any(covers(pattern, f"{name}/{id_}") for pattern in account.twins)
            ]

    def _spoken(self, twins: Sequence[Twin]) -> tuple[SpokenFact, ...]:
        live, found = self._live, list[SpokenFact]()
        now, types = live.clock.now(), live.site.declared
        with live.pipe.lock:
            for type_, id_ in twins:
                presence = presence_of(live.estate, type_, id_, now)
                row = live.estate.blocks[type_].row(id_)
                messages = int(live.estate.mirror.populations[type_].rhythm.messages[row])
                personal = types[type_].schema.personal
                spoken = SpokenFact(
                    f"{type_}/{id_}", personal, presence.since, messages, presence.online, presence.text
                )
                found.append(spoken)
        return tuple(found)

    # -- what it said -------------------------------------------------------------------------------------------------

    def _newest(self, twin: str, heard: int) -> HeardFact | None:
        """The newest message that brought values, doubted ones too; else the one that the twin's values are from."""
        type_, _, id_ = twin.partition("/")
        with self._live.pipe.lock:
            block = self._live.estate.blocks[type_]
            taken = int(block.arrival[:, block.row(id_)].max(initial=NEVER))
        return self._heard(twin, heard) or (self._heard(twin, taken) if taken > 0 else None)

    def _heard(self, twin: str, arrival: int) -> HeardFact | None:
        """The newest message that a twin took something of, as the log has it."""
        type_, _, id_ = twin.partition("/")
        for frames in self._entries(arrival):
            with self._live.pipe.lock:
                batch = self._live.reader.decode(frames).batches.get(type_)
                row = self._live.estate.blocks[type_].row(id_)
            own = None if batch is None else batch.select(batch.row == row)
            if own is not None and len(own):
                return _told(twin, frames, int(own.frame[-1]), own, self._live.site.declared[type_].schema)
        return None

    def _entries(self, arrival: int) -> Iterator[Frames]:
        """The tenant's messages that arrived at a moment, which the log took then or a little later."""
        live = self._live
        for record in islice(live.log.reader.read(live.log.reader.sequence_at(arrival - 1)), ENTRIES):
            if isinstance(record.entry, Frames) and arrival in record.entry.arrival:
                yield from (part for tenant, part in record.entry.by_tenant() if tenant == live.estate.tenant)


def _told(twin: str, frames: Frames, frame: int, batch: Batch, schema: Schema) -> HeardFact:
    """One message, and the values that were made of it."""
    sender, topic, payload = frames.sender(frame), frames.topic(frame), bytes(frames.payload(frame))
    shown = Refusal.of(frame, 0, sender, Reason.NONE, "", topic=topic, payload=payload)
    values = batch.select(batch.frame == frame)
    return HeardFact(
        twin,
        sender.device,
        int(frames.arrival[frame]),
        shown.topic,
        len(payload),
        shown.excerpt,
        tuple(_value(schema, values, place) for place in range(len(values))),
    )


def _value(schema: Schema, batch: Batch, place: int) -> ValueFact:
    signal = schema.signals[int(batch.signal[place])]
    return ValueFact(
        signal.name,
        outward_number(schema, signal.name, float(batch.value[place])),
        str(signal.edge),
        int(batch.event_time[place]),
        Quality(int(batch.quality[place])),
        Reason(int(batch.reason[place])),
    )
