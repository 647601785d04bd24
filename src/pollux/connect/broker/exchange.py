"""One connection, turn by turn: read, hand over, answer what has become durable, and say goodbye in the end."""

from collections.abc import Callable
from typing import Final, final

import numpy as np

from pollux.clock import Clock, stopwatch
from pollux.connect.broker.channel import Broken, Channel
from pollux.connect.broker.conversation import Conversation
from pollux.connect.broker.counters import Counters
from pollux.connect.broker.delivery import Batch, Delivery
from pollux.connect.broker.hearing import Hearing
from pollux.connect.broker.intake import Intake, Taken
from pollux.connect.broker.standing import Standing
from pollux.connect.wire.poller import AbstractPoller
from pollux.connect.wire.splitter import Cut

TICK: Final = 0.25
GATHER: Final = 0.001
FAREWELL: Final = 2.0
LAST_WORD: Final = 0.5
UNREAD: Final = 1 << 20
"""Bytes that wait for a broker that does not read: nothing more is read of it meanwhile, so they do not grow."""


@final
class Exchange:
    """Connection `number` with the broker; `over` is asked in each turn whether this one is the last."""

    def __init__(
        self,
        number: int,
        channel: Channel,
        talk: Conversation,
        *,
        poller: AbstractPoller,
        clock: Clock,
        intake: Intake,
        hearing: Hearing,
        delivery: Delivery,
        standing: Standing,
        counters: Counters,
        most_behind: int,
        over: Callable[[], bool],
    ) -> None:
        self._number, self._channel, self._talk = number, channel, talk
        self._poller, self._clock, self._intake, self._hearing = poller, clock, intake, hearing
        self._delivery, self._standing, self._counts = delivery, standing, counters
        self._most_behind, self._over = most_behind, over
        self._deaf = False

    def run(self) -> None:
        """Turn until it ends: raises Broken or PacketRefused."""
        self._intake.forget()
        self._talk.begin()
        while True:
            over = self._over()
            self._answer()
            if over:
                self._end()
            self._turn()

    def _turn(self) -> None:
        talk, channel, delivery = self._talk, self._channel, self._delivery
        behind = delivery.busy or delivery.unlogged > self._most_behind
        deaf = behind or talk.full or channel.waiting > UNREAD
        self._counts.paused += deaf and not self._deaf
        self._deaf = deaf
        count = 0 if deaf else self._read()
        if count:
            talk.heard(stopwatch())
            self._digest(count)
        talk.turn(self._clock.now(), stopwatch(), deaf=deaf)
        channel.flush()
        channel.want(reading=not deaf)
        if count:
            # A turn costs much more than a message: let a few come together.
            self._poller.wait(GATHER, only_bell=True)
        elif deaf or not channel.pending:
            # A hang-up is told without end to whoever does not read.
            self._poller.wait(TICK, only_bell=deaf and not channel.waiting)

    def _read(self) -> int:
        room, count = self._intake.room, 0
        try:
            while count < len(room) and (more := self._channel.read(room[count:])):
                count += more
        except Broken:
            # Its last words first; the next reading finds the end again.
            if not count:
                raise
        return count

    def _digest(self, count: int) -> None:
        """Hand over the messages of a reading. Those before a packet that is wrong are not, so they come again."""
        now, talk = self._clock.now(), self._talk
        taken = self._intake.take(count, talk.tongue(self._intake.start), lambda packet: talk.hear(packet, now))
        cut = taken.cut
        if cut is not None:
            self._hand_over(taken, cut, now)
        self._intake.done()
        self._counts.over_receive_maximum += talk.full

    def _hand_over(self, taken: Taken, cut: Cut, now: int) -> None:
        counts, incoming = self._counts, self._standing.incoming
        repeated: set[int] = set()
        for row in np.flatnonzero(cut.flags & 4).tolist():
            packet_id = int(cut.packet_id[row])
            if packet_id in incoming:
                repeated.add(row)
            incoming.add(packet_id)
        counts.repeated_qos2 += len(repeated)
        frames = self._hearing.frames(self._intake.arena, cut, taken.said, repeated, self._intake.splitter, now)
        counts.received += len(frames)
        counts.received_bytes += len(frames.arena)
        counts.batches += 1
        once = int((cut.flags & 6 == 2).sum())
        self._talk.unanswered += once
        answered = int((cut.flags & 6 > 0).sum())
        size = int(cut.index[:, 1].sum() + cut.index[:, 3].sum())
        self._delivery.give(frames, Batch(self._number, _answers(cut), answered, once, size))

    def _answer(self) -> None:
        self._delivery.retry()
        for batch in self._delivery.ready():
            if batch.answered and batch.connection == self._number:
                self._counts.acknowledged += batch.answered
                self._talk.answer(batch.answers, batch.once, stopwatch())

    def _end(self) -> None:
        """The last turn: what is on its way to the disk is answered, within a moment."""
        until = stopwatch() + FAREWELL
        while len(self._delivery) and not self._delivery.failure and stopwatch() < until:
            self._poller.wait(GATHER, only_bell=True)
            self._over()
            self._answer()
        self._talk.turn(self._clock.now(), stopwatch(), deaf=False)
        self._talk.leave()
        self._channel.farewell(stopwatch() + LAST_WORD)
        raise Broken("stopped")


def _answers(cut: Cut) -> bytes:
    """PUBACK or PUBREC for each message above QoS 0, in order."""
    asked = cut.flags & 6 > 0
    packet_id = cut.packet_id[asked]
    out = np.empty((len(packet_id), 4), np.uint8)
    out[:, 0] = np.where(cut.flags[asked] & 4, 0x50, 0x40)
    out[:, 1] = 2
    out[:, 2], out[:, 3] = packet_id >> 8, packet_id & 255
    return out.tobytes()
