"""The way in: what all ready connections have sent becomes one batch, and what is no ordinary message is answered."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import final

import numpy as np

from pollux.connect.mqtt.batches import Batches
from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.dialogue import Dialogue
from pollux.connect.mqtt.intake import Intake, Turn
from pollux.connect.mqtt.lines import Lines
from pollux.connect.mqtt.link import HERE, Link
from pollux.connect.wire.decode import decode, header
from pollux.connect.wire.letters import BEGINNING, letter, publishing
from pollux.connect.wire.packets import Publish
from pollux.connect.wire.plain import ordinary
from pollux.connect.wire.properties import NONE, Properties
from pollux.connect.wire.reasons import PacketRefused, Reason
from pollux.connect.wire.splitter import I32, AbstractSplitter, Arena, Cut, Segments, Why

_LOG = logging.getLogger("pollux.connect.mqtt")
ROWS = 65_536
ALIASED_BYTES = 1 << 18
SHARE = 256  # packets of the slow path that one connection may have answered in a turn
RUN = 4


@final
@dataclass(slots=True)
class _Work:
    """One turn while it is digested: its cuts so far, rows of the slow path, and what is still to be split."""

    turn: Turn
    now: int
    sizes: I32
    aliased: int
    cuts: list[Cut] = field(default_factory=list[Cut])
    said: list[Properties] = field(default_factory=list[Properties])
    rows: int = 0
    slow: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    rest: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    shares: dict[int, int] = field(default_factory=dict[int, int])
    full: bool = False


@final
class Ingress:
    """Splits what was read, sends everything unusual through the slow path, and hands the rest over."""

    def __init__(
        self,
        common: Common,
        lines: Lines,
        dialogue: Dialogue,
        batches: Batches,
        arena: Arena,
        splitter: AbstractSplitter,
        *,
        eager: Callable[[Link], None],
    ) -> None:
        self._common, self._lines, self._dialogue, self._batches = common, lines, dialogue, batches
        # The end of the arena is kept for topics that a message names by alias.
        self._arena, self._room = arena, len(arena.data) - ALIASED_BYTES
        self._intake = Intake(arena, self._room, common.limits.read_bytes, lines)
        self._eager = eager
        self.splitter = splitter

    def take(self, plain: I32, begun: list[Link], now: int) -> None:
        """Read the ready connections once, and hand over what they have published."""
        table = self._lines.table
        for turn in self._intake.rounds(plain, begun, self.splitter):
            sizes = turn.end - turn.start
            table.heard[turn.handle] = now
            table.bytes_in[turn.handle] += sizes
            self._digest(_Work(turn, now, sizes, self._room))
            if self._batches.failure:
                return

    def _digest(self, work: _Work) -> None:
        """Pass after pass of the splitter, with the slow path between, until nothing is left to split."""
        turn, most = work.turn, self._common.limits.packet_bytes
        segments = Segments(turn.start, turn.end, np.arange(len(turn), dtype=np.int32), turn.level)
        while len(segments):
            cut, stops, whys = self.splitter.split(self._arena, segments, ROWS - work.rows, most)
            if len(cut):
                work.cuts.append(cut)
            work.rest = []
            odd = np.flatnonzero((whys != Why.CUT) | (stops != segments.end))
            for one in odd.tolist():
                self._stopped(work, int(segments.number[one]), int(stops[one]), int(segments.end[one]), int(whys[one]))
            self._hand_over(work, at_once=not work.rest)
            rest = np.array(work.rest, np.int32).reshape(-1, 3)
            start, end, number = (rest[:, place].copy() for place in range(3))
            segments = Segments(start, end, number, turn.level[number])

    def _hand_over(self, work: _Work, *, at_once: bool) -> None:
        """Add the slow path's rows to the cuts; hand over at the end of the turn, or when it is full."""
        if work.slow:
            rows = np.array(work.slow, np.int32)
            number, flags, packet_id, special = (rows[:, place].copy() for place in range(4, 8))
            work.cuts.append(Cut(rows[:, :4].copy(), number, flags.astype(np.uint8), packet_id, special))
            work.slow = []
        work.rows = sum(map(len, work.cuts))
        if work.cuts and (at_once or work.full or work.rows > ROWS // 2):
            cut = Cut.join(work.cuts)
            self._batches.hand_over(work.turn, work.sizes, cut, work.said, self.splitter, work.now)
            # The turn's bytes are counted once, with its first batch.
            work.sizes = np.zeros_like(work.sizes)
            work.cuts, work.said, work.rows, work.aliased, work.full = [], [], 0, self._room, False

    def _stopped(self, work: _Work, number: int, at: int, end: int, why: int) -> None:
        """The splitter came to something else in a segment: a cut packet, a full table, or a packet to look at."""
        link = self._lines.by_handle.get(int(work.turn.handle[number]))
        if link is None or link.dead:
            return
        try:
            if why == Why.CUT:
                self._hold(work, link, number, at, end)
            elif why == Why.FULL:
                work.full = True
                work.rest.append((at, end, number))
            else:
                self._slowly(work, link, number, at, end)
        except PacketRefused as error:
            self._common.count_refusal(error)
            self._lines.close(link, error.reason, error.message)
        except Exception:  # noqa: BLE001  one connection's trouble with us must not become everybody's
            _LOG.exception("internal error while answering %s", link.address)
            self._common.counters.internal_errors += 1
            self._lines.close(link, Reason.UNSPECIFIED, "internal error")

    def _slowly(self, work: _Work, link: Link, number: int, at: int, end: int) -> None:
        """Packet by packet, until the splitter can go on, or the connection has had its share of this turn."""
        data, most, run = self._arena.data, self._common.limits.packet_bytes, 0
        left = work.shares.get(number, SHARE)
        try:
            while at < end and not link.dead:
                found = header(data, at, end)
                if found is not None and found[1] - found[0] > most:
                    size = found[1] - found[0]
                    raise PacketRefused(
                        Reason.PACKET_TOO_LARGE, f"expected a packet of at most {most} bytes, got {size}"
                    )
                if found is None or found[1] > end:
                    self._hold(work, link, number, at, end)
                    break
                # A few ordinary messages between others are not worth another pass of the splitter.
                run = run + 1 if ordinary(data, at, end, link.level, most)[2] is not None else 0
                if run > RUN or work.full:
                    work.rest.append((at, end, number))
                    break
                if not left:
                    self._postpone(link, at, end, work.now)
                    break
                self._one(work, link, number, at, found[0], found[1])
                at, left = found[1], left - 1
        except PacketRefused as error:
            self._tell(link, bytes(data[at : min(end, at + BEGINNING)]), error, work.now)
            raise
        work.shares[number] = left

    def _tell(self, link: Link, packet: bytes, error: PacketRefused, now: int) -> None:
        """Say what became of a message that is refused before it is one."""
        session = self._lines.session(link)
        if session is not None:
            topic, payload = publishing(packet, link.level)
            self._common.told(letter(session.origin, now, error.reason, error.message, topic=topic, payload=payload))

    def _postpone(self, link: Link, at: int, end: int, now: int) -> None:
        """The others first: the rest of this connection's bytes is for the next turn."""
        if self._lines.hold(link, self._arena.view[at:end], HERE, now):
            self._eager(link)

    def _one(self, work: _Work, link: Link, number: int, at: int, body: int, end: int) -> None:
        """One packet of the slow path."""
        data, session = self._arena.data, self._lines.session(link)
        if session is None:
            return
        packet = decode(data[at], bytes(data[body:end]), link.level)
        if not isinstance(packet, Publish):
            self._dialogue.answer(session, packet, work.now)
            return
        resolved = self._dialogue.resolve(session, packet)
        if packet.qos == 2 and not self._dialogue.is_first(session, packet.packet_id, work.now):
            return
        topic = body + 2 if packet.topic else self._write(work, resolved.topic)
        special = 0
        if packet.properties is not NONE:
            work.said.append(packet.properties)
            special = len(work.said)
        size = len(packet.payload)
        where = (topic, len(resolved.topic), end - size, size)
        work.slow.append((*where, number, data[at] & 15, packet.packet_id, special))
        work.full |= len(work.slow) + work.rows > ROWS // 2
        work.full |= work.aliased > len(data) - self._common.limits.topic_bytes

    def _write(self, work: _Work, topic: bytes) -> int:
        """Write an aliased topic where it can be copied from like all others."""
        at = work.aliased
        work.aliased += len(topic)
        self._arena.data[at : work.aliased] = topic
        return at

    def _hold(self, work: _Work, link: Link, number: int, at: int, end: int) -> None:
        """Keep the beginning of a packet until the rest has come; its time runs since its very first byte."""
        since = link.held_since if link.held_since and at == work.turn.start[number] else work.now
        found = header(self._arena.data, at, end)
        size = found[1] - at if found else 0
        self._lines.hold(link, self._arena.view[at:end], size if size > self._common.limits.read_bytes else 0, since)
