"""From a cut to PUBACKs: judge, gather, hand over, and answer once the batch is durable."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import final

import numpy as np

from pollux.clock import SECOND
from pollux.columns.encodings import encoding_of
from pollux.columns.frames import Frames
from pollux.columns.frames import Message as Raw
from pollux.connect.driver import Sink, TicketLike
from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.intake import Turn
from pollux.connect.mqtt.lines import Lines
from pollux.connect.mqtt.memory import carried, place_of
from pollux.connect.mqtt.message import Message
from pollux.connect.mqtt.outlet import Batch, Outlet
from pollux.connect.mqtt.router import Router
from pollux.connect.mqtt.session import ASKED_AGAIN, STORED, Session
from pollux.connect.mqtt.verdicts import Verdicts
from pollux.connect.wire.encode import encode
from pollux.connect.wire.packets import V5, Ack, Will
from pollux.connect.wire.properties import NONE, Kind, Properties
from pollux.connect.wire.reasons import Reason
from pollux.connect.wire.splitter import ALLOWED, I32, U8, AbstractSplitter, Arena, Cut, Gathered

_NOTHING = np.empty(0, np.int32)
_NO_ONE = np.empty(0, object)
_NOBODY = Turn(_NOTHING, np.empty(0, np.int64), _NOTHING, _NO_ONE, _NO_ONE, _NOTHING, _NOTHING)
_NO_ANSWERS = Gathered(b"", np.empty((0, 4), np.int32), _NOTHING, b"", _NOTHING, _NOTHING, _NOTHING, _NOTHING)


@final
class Batches:
    """The batches on their way to the disk, answered in the order in which they were handed over."""

    def __init__(
        self,
        common: Common,
        lines: Lines,
        router: Router,
        arena: Arena,
        sink: Sink,
        wake: Callable[[], None],
        *,
        entry: Callable[[TicketLike], int],
    ) -> None:
        self._common, self._lines, self._router = common, lines, router
        self._arena, self._wake = arena, wake
        self._outlet = Outlet(sink, durable=self._is_durable, refused=self._is_refused, entry=entry)
        self._verdicts = Verdicts(common, arena)
        self._pending: deque[Batch] = deque()
        self.unlogged = 0

    def __len__(self) -> int:
        return len(self._pending)

    # -- handing over -------------------------------------------------------------------------------------------------

    def hand_over(
        self, turn: Turn, sizes: I32, cut: Cut, said: list[Properties], splitter: AbstractSplitter, now: int
    ) -> None:
        """Give the messages of a turn to the sink, and remember whom to answer. `said[k - 1]` belongs to special k."""
        sessions: list[Session] = turn.session.tolist()
        verdict, encoding, heard = splitter.judge(self._arena, cut, turn.serial)
        closing = self._verdicts.ask(turn, sessions, cut, verdict, encoding, splitter)
        special: list[int] = np.flatnonzero(cut.special).tolist() if said else []
        for row in special:
            self._verdicts.look_at_properties(sessions, cut, row, said[int(cut.special[row]) - 1], verdict, encoding)
        gathered = splitter.gather(self._arena, cut, verdict, turn.level)
        rows = gathered.row
        frames = Frames(
            arena=gathered.arena,
            index=gathered.index,
            origin=cut.number[rows],
            origins=tuple(turn.origin.tolist()),
            arrival=np.full(len(rows), now, np.int64),
            encoding=encoding[rows],
            qos=(cut.flags[rows] >> 1 & 3).astype(np.uint8),
        )
        # Who has only sent a ping in this turn does not wait for anybody's log.
        sizes = np.where(np.bincount(cut.number, minlength=len(turn)) > 0, sizes, 0)
        batch, kept = Batch(turn, sizes, gathered), dict[int, bytes]()
        for number in np.flatnonzero(heard[rows] | cut.flags[rows] & 1).tolist():
            row = int(rows[number])
            properties = said[int(cut.special[row]) - 1] if cut.special[row] else NONE
            source = sessions[int(cut.number[row])].key
            batch.messages.append(_message(frames, number, int(cut.flags[row]), properties, source, now))
            if self._router.lasting and batch.messages[-1].qos:
                batch.messages[-1].place = ~number
                kept[number] = carried(batch.messages[-1], number, source[2])
        self._mark_exactly(batch, sessions, cut, verdict)
        self._count(cut, len(rows), len(gathered.arena))
        self._send(replace(frames, said=kept) if kept else frames, batch)
        self._account(turn, sizes, gathered)
        for link, error in closing:
            self._common.count_refusal(error)
            self._lines.close(link, error.reason, error.message)

    def _mark_exactly(self, batch: Batch, sessions: list[Session], cut: Cut, verdict: U8) -> None:
        """What came at QoS 2 is held by its identifier until the client releases it; what was refused is not."""
        for row in np.flatnonzero(cut.flags & 4).tolist():
            number, packet_id = int(cut.number[row]), int(cut.packet_id[row])
            if verdict[row] == ALLOWED:
                batch.exactly.append((number, packet_id))
            else:
                sessions[number].incoming.pop(packet_id, None)

    def testament(self, session: Session, will: Will, now: int) -> None:
        """Publish the will of a client that was lost, if it may still be published."""
        reach = self._common.rights.publish(session.identity, will.topic)
        if reach is None or self.failure:
            return
        topic, said = will.topic.encode(), will.properties
        encoding = encoding_of(said.content_type) or reach.encoding
        frames = Frames.of([Raw(session.origin, topic, will.payload, now, encoding, will.qos)])
        expires = now + said.message_expiry * SECOND if said.message_expiry is not None else 0
        message = Message(
            topic,
            will.payload,
            qos=will.qos,
            retain=will.retain,
            said=said,
            expires=expires,
            source=session.key,
        )
        self._common.counters.wills += 1
        if self._router.lasting and will.qos:
            message.place = ~0
            frames = replace(frames, said={0: carried(message, 0, session.client_id)})
        self._send(frames, Batch(_NOBODY, _NOTHING, _NO_ANSWERS, [message]))

    def _send(self, frames: Frames, batch: Batch) -> None:
        self._pending.append(batch)
        if len(frames):
            self._outlet.give(frames, batch)
        else:
            batch.durable = True

    def _is_durable(self, batch: Batch) -> None:
        # Called from the sink's thread, too: nothing but the mark is touched here.
        batch.durable = True
        self._wake()

    def _is_refused(self, batch: Batch, sender: int, why: str) -> None:
        """One sender's data may not be kept: it is put out, and nothing of its part is passed on."""
        self._common.counters.refused_data += 1
        if sender >= len(batch.turn):
            batch.messages.clear()
            return
        session: Session = batch.turn.session[sender]
        batch.messages = [message for message in batch.messages if message.source != session.key]
        for number, packet_id in batch.exactly:
            if number == sender:
                session.incoming.pop(packet_id, None)
        batch.exactly = [one for one in batch.exactly if one[0] != sender]
        self._lines.close(session.link, Reason.IMPLEMENTATION_SPECIFIC, why.partition("\n")[0])

    def fail(self, why: str) -> None:
        """Accept nothing more."""
        self._outlet.failure = self._outlet.failure or why

    @property
    def failure(self) -> str:
        """Why nothing is accepted any more; empty while all is well."""
        return self._outlet.failure

    @property
    def busy(self) -> bool:
        """Whether the sink has no room just now."""
        return self._outlet.busy

    # -- answering ----------------------------------------------------------------------------------------------------

    def release(self, splitter: AbstractSplitter, now: int) -> None:
        """Answer, and pass on, what has become durable."""
        if self._outlet.busy:
            self._outlet.retry()
        while self._pending and self._pending[0].durable:
            batch = self._pending.popleft()
            self._answer(batch, splitter, now)
            batch.place()
            for message in batch.messages:
                self._router.publish(message, now)
            # Only now: whoever is put out by one of these is still owed the others.
            self._router.place = max(self._router.place, place_of(batch.last + 1))

    def _answer(self, batch: Batch, splitter: AbstractSplitter, now: int) -> None:
        given, table, turn = batch.answers, self._lines.table, batch.turn
        self.unlogged -= int(batch.sizes.sum())
        self._common.counters.acknowledged += int(given.answered.sum())
        there = table.serial[turn.handle] == turn.serial
        handles = turn.handle[there]
        table.unlogged[handles] -= batch.sizes[there]
        table.unanswered[handles] -= given.answered[there]
        for number, packet_id in batch.exactly:
            self._stored(turn, number, packet_id, now)
        self._resume(handles, now)
        begin, end = given.begin[there], given.end[there]
        straight = (end > begin) & (table.queued[handles] == 0) & (table.plain[handles] == 1)
        counts = splitter.reply(handles[straight], given.answers, begin[straight], end[straight])
        table.bytes_out[handles[straight]] += np.maximum(counts, 0)
        begin[straight] += np.maximum(counts, 0).astype(np.int32)
        for number in np.flatnonzero(end > begin).tolist():
            link = self._lines.by_handle[int(handles[number])]
            if not link.dead:
                self._lines.send(link, given.answers[begin[number] : end[number]], now)

    def _stored(self, turn: Turn, number: int, packet_id: int, now: int) -> None:
        """A message of QoS 2 is durable; PUBREC goes with the other answers, or to where it was asked for again."""
        session, handle = turn.session[number], int(turn.handle[number])
        state = session.incoming.get(packet_id)
        if state is None:
            return
        session.incoming[packet_id] = STORED
        if self._lines.table.serial[handle] == turn.serial[number]:
            self._lines.table.unreleased[handle] += 1
        elif state == ASKED_AGAIN and not session.absent:
            self._lines.send(session.link, encode(Ack(Kind.PUBREC, packet_id), session.level), now)

    def _resume(self, handles: I32, now: int) -> None:
        """Read again whose messages are durable; that it was not read meanwhile is no silence of the client."""
        table, half = self._lines.table, self._common.limits.behind_bytes // 2
        for handle in handles[(table.behind[handles] == 1) & (table.unlogged[handles] <= half)].tolist():
            table.behind[handle], table.heard[handle] = 0, now
            self._lines.interest(self._lines.by_handle[handle])

    # -- inside -------------------------------------------------------------------------------------------------------

    def _count(self, cut: Cut, allowed: int, size: int) -> None:
        counters = self._common.counters
        counters.received += allowed
        counters.received_bytes += size
        counters.denied += len(cut) - allowed
        counters.batches += 1

    def _account(self, turn: Turn, sizes: I32, gathered: Gathered) -> None:
        """Count what each connection has on its way, stop reading who has too much, put out who breaks its terms."""
        limits, counters, table = self._common.limits, self._common.counters, self._lines.table
        there = table.serial[turn.handle] == turn.serial
        handles = turn.handle[there]
        self.unlogged += int(sizes.sum())
        table.unlogged[handles] += sizes[there]
        table.unanswered[handles] += gathered.answered[there]
        for handle in handles[gathered.refused[there] == 1].tolist():
            self._put_out(handle, Reason.NOT_AUTHORIZED, "this topic may not be published to")
        open_ = table.unanswered[handles] + table.unreleased[handles]
        over = (open_ > limits.receive_maximum) & (table.level[handles] >= V5)
        for handle in handles[over].tolist():
            # Who has been put out by its last packet is not counted again.
            counters.refused_receive_maximum += self._is_open(handle)
            self._put_out(handle, Reason.RECEIVE_MAXIMUM_EXCEEDED, "more messages than announced are unanswered")
        most = 0 if self._outlet.busy else limits.behind_bytes
        for handle in handles[(table.unlogged[handles] > most) & (table.behind[handles] == 0)].tolist():
            link = self._lines.by_handle.get(handle)
            if link is not None and not link.dead:
                counters.paused += 1
                table.behind[handle] = 1
                self._lines.interest(link)

    def _is_open(self, handle: int) -> bool:
        link = self._lines.by_handle.get(handle)
        return link is not None and not link.dead

    def _put_out(self, handle: int, reason: Reason, text: str) -> None:
        link = self._lines.by_handle.get(handle)
        if link is not None:
            self._lines.close(link, reason, text)


def _message(frames: Frames, number: int, flags: int, said: Properties, source: object, now: int) -> Message:
    """The message of a frame, for those who hear it."""
    return Message(
        frames.topic(number),
        bytes(frames.payload(number)),
        qos=flags >> 1 & 3,
        retain=bool(flags & 1),
        said=said,
        expires=now + said.message_expiry * SECOND if said.message_expiry is not None else 0,
        source=source,
    )
