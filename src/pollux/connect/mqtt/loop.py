"""The loop: one thread that owns all sockets, and turns again and again."""

import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import final

import numpy as np

from pollux.clock import SECOND, stopwatch
from pollux.connect.driver import Sink, TicketLike
from pollux.connect.mqtt.admission import Admission
from pollux.connect.mqtt.batches import Batches
from pollux.connect.mqtt.common import Common
from pollux.connect.mqtt.dialogue import Dialogue
from pollux.connect.mqtt.ingress import Ingress
from pollux.connect.mqtt.keeping import Keeping
from pollux.connect.mqtt.lasting import Lasting
from pollux.connect.mqtt.lines import Lines
from pollux.connect.mqtt.link import HERE, Link
from pollux.connect.mqtt.memory import Memory
from pollux.connect.mqtt.patience import Patience
from pollux.connect.mqtt.restoring import Restoring
from pollux.connect.mqtt.router import Router
from pollux.connect.mqtt.session import Session
from pollux.connect.wire.packets import Will
from pollux.connect.wire.plain import PlainSplitter
from pollux.connect.wire.poller import READ, WRITE, AbstractPoller
from pollux.connect.wire.reasons import Reason
from pollux.connect.wire.splitter import I32, AbstractSplitter, Arena
from pollux.connect.wire.wake import new_wake

_LOG = logging.getLogger("pollux.connect.mqtt")
TICK = 0.25
GATHER, ENOUGH = 0.005, 512
"""Seconds from one batch to the next, and the messages that make a batch large. A batch costs a site some 0.3 ms
whatever it brings: at 20,000 messages a second the pause halves the processor time of a message. One that comes alone
never waits, and behind a large batch, where that cost hardly counts, the pause is as much shorter as it was large."""
SWEEP = SECOND // 2
RECHECK = 2 * SECOND
FAREWELL = 2.0


@final
class Loop:
    """Waits for sockets, lets every part of the endpoint do its work, and ends what is over.

    Everything here belongs to the thread that runs it, except `later` and `ring`, which any thread may call.
    """

    def __init__(
        self, common: Common, sink: Sink, poller: Callable[[int], AbstractPoller], memory: Memory | None
    ) -> None:
        self._common, self._memory = common, memory
        self._wake = new_wake()
        self._poller = poller(self._wake.fileno())
        self._calls: deque[Callable[[], None]] = deque()
        self._eager: dict[Link, None] = {}
        self._wills: list[tuple[Session, Will]] = []
        self._listeners: dict[int, socket.socket] = {}
        self._thread = 0
        splitter: AbstractSplitter = PlainSplitter()
        self.lines = Lines(self._poller, common.limits, common.counters, self._ended)
        self._patience = Patience(self.lines, common.limits, common.counters, common.told)
        self.keeping = Keeping(common.limits, common.counters, ended=self._over, due=self._will_due)
        self.router = Router(common, splitter, self.keeping, put_out=self._too_slow, settle=self._settle)
        arena = Arena.of(common.limits.arena_bytes)
        register = memory.register if memory else None
        self.lasting = Lasting(register, common, self.lines, self.router, later=self.later)
        entry = memory.entry if memory else _nowhere
        self.batches = Batches(common, self.lines, self.router, arena, sink, self.ring, entry=entry)
        dialogue = Dialogue(common, self.lines, self.router, self.lasting)
        self.ingress = Ingress(common, self.lines, dialogue, self.batches, arena, splitter, eager=self._read_next)
        self._admission = Admission(
            common, self.lines, self.router, self.keeping, self.lasting, later=self.later, ready=self._read_next
        )
        self._stopping, self._last_word = False, 0.0
        self._was_behind, self._closed_until = False, 0.0
        self.gate_version = common.gate.version
        self._swept = self._rechecked = self.turned = common.clock.now()

    # -- from any thread ----------------------------------------------------------------------------------------------

    def later(self, call: Callable[[], None]) -> None:
        """Let the loop call something in its next turn."""
        self._calls.append(call)
        self.ring()

    def ring(self) -> None:
        """Wake the loop; it looks itself at what it has done in a turn of its own."""
        if threading.get_ident() != self._thread:
            self._wake.set()

    @property
    def asked(self) -> int:
        """How many calls wait."""
        return len(self._calls)

    # -- running ------------------------------------------------------------------------------------------------------

    def use(self, splitter: AbstractSplitter) -> None:
        """Go on with another splitter, which gives the same results."""
        self.router.use(splitter)
        self.ingress.splitter = splitter

    def listen(self, listeners: dict[int, socket.socket]) -> None:
        """Accept connections from these sockets, which are the loop's own from now on."""
        self._listeners = listeners
        for handle in (self._wake.fileno(), *listeners):
            self.lines.table.fit(handle)
        for handle in listeners:
            self._poller.watch(handle, READ)

    def restore(self) -> None:
        """Bring the sessions of the time before back, before anybody connects."""
        if self._memory is not None:
            Restoring(self._memory, self._common, self.router, self.keeping, self.lasting).restore()

    def run(self) -> None:
        """Turn until `stop`; then give everything back."""
        self._thread = threading.get_ident()
        try:
            while not (self._stopping and self._said_goodbye()):
                self._turn()
            self.lasting.close(whole=True)
        except Exception as error:
            # A fault of the loop itself: whoever asks sees it, and every client sees its connection end.
            _LOG.exception("the endpoint has failed")
            self.batches.fail(f"the endpoint has failed: {error!r}")
            raise
        finally:
            self.free()

    def stop(self) -> None:
        """Hear nothing more; what is on its way to the disk is still answered, within a moment."""
        for handle in self._listeners:
            self._poller.forget(handle)
        for link in list(self.lines.by_handle.values()):
            link.waiting = True
            self.lines.interest(link)
        self._stopping, self._last_word = True, stopwatch() + FAREWELL

    def free(self) -> None:
        """Close every handle."""
        self.lines.free()
        for listener in self._listeners.values():
            listener.close()
        self._poller.close()
        self._wake.close()

    def _turn(self) -> None:
        behind = self.batches.unlogged > self._common.limits.behind_total
        self._common.counters.paused_all += behind and not self._was_behind
        due = [] if behind else self.lines.due()
        busy = self.router.dirty or self._calls or due or (self._eager and not behind)
        if not busy and (pause := self._closed_until - stopwatch()) > 0:
            # Let a few messages come together first.
            self._poller.wait(pause, only_bell=True)
        # Whoever rang before the pause was over wants answers to leave: those do not wait, what comes in does.
        early = self._closed_until > stopwatch()
        events = self._poller.wait(0.0 if busy or early else TICK, only_bell=behind or early)
        if due:
            polled = {handle for handle, _ in events}
            events += [(link.handle, READ) for link in due if link.handle not in polled]
        now = self._common.clock.now()
        if self._was_behind and not behind:
            self.lines.forgive(now)
        self._was_behind = behind
        self._wake.clear()
        self.batches.release(self.ingress.splitter, now)
        for _ in range(len(self._calls)):
            self._do(self._calls.popleft())
        plain, begun = self._sort(events, now)
        if self._eager and not behind:
            begun, self._eager = list(dict.fromkeys((*self._eager, *begun))), {}
        if (len(plain) or begun) and not self.batches.failure:
            self._take(plain, begun, now)
        self._read_wills(now)
        if self.batches.failure and not self._admission.closed_because:
            self._fail()
        self.batches.release(self.ingress.splitter, now)
        self.router.flush(now)
        self._sweep(now)

    def _take(self, plain: I32, begun: list[Link], now: int) -> None:
        """Take in what the ready connections have sent, and then let some come together."""
        begun_at, before = stopwatch(), self._common.counters.received
        self.ingress.take(plain, begun, now)
        brought = self._common.counters.received - before
        self._closed_until = begun_at + GATHER * max(0.0, 1.0 - brought / ENOUGH)

    def _sort(self, events: list[tuple[int, int]], now: int) -> tuple[I32, list[Link]]:
        """Accept, send, and say goodbye; what remains are the sessions to be read: straight, or with what is held."""
        reads = np.array([handle for handle, event in events if event == READ], np.int32)
        straight = self.lines.table.plain[reads] == 1
        plain, begun = reads[straight], list[Link]()
        others = [(handle, READ) for handle in reads[~straight].tolist()] if len(plain) < len(reads) else []
        if len(reads) < len(events):
            others += [(handle, event) for handle, event in events if event != READ]
        for handle, event in others:
            link = self.lines.by_handle.get(handle)
            if link is not None:
                if self._unusual(link, event, now):
                    begun.append(link)
            elif handle in self._listeners:
                self.lines.accept(self._listeners[handle], now)
        return plain, begun

    def _unusual(self, link: Link, event: int, now: int) -> bool:
        """Anything but plain data from a session; True if the link is to be read, whatever is held of it."""
        if link.lingering:
            self.lines.drain(link)
            return False
        session = self.lines.session(link)
        if event & WRITE:
            self.lines.writable(link, now)
            if session is not None:
                self.router.dirty[session] = None
        if link.dead or self.lines.hung_up(link, event) or not event & ~WRITE or not link.events & READ:
            return False
        if session is None:
            self._admission.read(link, now)
            return False
        return True

    # -- what the parts ask of the loop -------------------------------------------------------------------------------

    def _do(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001  what somebody asked of the loop must not end it
            _LOG.exception("internal error in what was asked of the endpoint")
            self._common.counters.internal_errors += 1

    def _read_next(self, link: Link) -> None:
        # What is held of it is to be read in the next turn: no event of the socket will tell of it.
        link.needs = HERE
        self._eager[link] = None

    def _too_slow(self, session: Session) -> None:
        self.lines.close(session.link, Reason.QUOTA_EXCEEDED, "messages are not taken as fast as they come")

    def _settle(self, session: Session) -> None:
        self.lines.interest(session.link)

    def _ended(self, session: Session, will: bool) -> None:
        now = self._common.clock.now()
        if will and session.will is not None:
            # No will waits for longer than its session lives.
            delay = min(session.will.properties.will_delay or 0, session.expiry)
            session.will_due = now + delay * SECOND
            if not delay:
                self._will_due(session)
        if session.expiry:
            session.part()
            self.keeping.keep(session, now)
            self.lasting.parted(session, now)
        else:
            self._over(session)

    def _over(self, session: Session) -> None:
        self.router.leave(session)
        self.lasting.ended(session)

    def _will_due(self, session: Session) -> None:
        if session.will is not None:
            self._wills.append((session, session.will))
        session.will, session.will_due = None, 0

    def _read_wills(self, now: int) -> None:
        # At the end of a turn: what a client sent before it was lost comes before its will.
        wills, self._wills = self._wills, []
        for session, will in wills:
            self.batches.testament(session, will, now)

    # -- time and ends ------------------------------------------------------------------------------------------------

    def _sweep(self, now: int) -> None:
        # After an absence, as when the log has made us wait, everybody gets a turn before anybody is called silent.
        absent, self.turned = now - self.turned > 2 * SECOND, now
        if absent or now - self._swept < SWEEP:
            return
        self._swept = now
        if not self._was_behind:
            self._patience.sweep(now)
        self.keeping.sweep(now)
        self.lasting.sweep(now)
        for session in list(self.lines.sessions.values()):
            session.redeliver(now)
        version = self._common.gate.version
        if version != self.gate_version:
            self.gate_version = version
            self._forget_decisions()
        elif now - self._rechecked < RECHECK:
            return
        self._rechecked = now
        self._put_out_ended()

    def _forget_decisions(self) -> None:
        """Rights or identities have changed: ask again for everything."""
        self.ingress.splitter.forget()
        self.router.forget_ways()
        for session in list(self.lines.sessions.values()):
            session.link.denied.clear()

    def _put_out_ended(self) -> None:
        """Put out who would no longer be let in: revoked, changed, or run out with time."""
        for session in list(self.lines.sessions.values()):
            if not self._common.gate.alive(session.identity):
                self._common.counters.ended_identity += 1
                self.lines.close(session.link, Reason.NOT_AUTHORIZED, "this identity has ended or changed")
        if self.keeping.end_unless(lambda session: self._common.gate.alive(session.identity)):
            self.lasting.forget()

    def _fail(self) -> None:
        self._admission.closed_because = "storage has failed; nothing more is accepted"
        _LOG.error("nothing more is accepted: %s", self.batches.failure)
        self.lines.close_all(Reason.SERVER_UNAVAILABLE, self._admission.closed_because)

    def _said_goodbye(self) -> bool:
        if len(self.batches) and stopwatch() < self._last_word:
            return False
        self.lines.close_all(Reason.SERVER_SHUTTING_DOWN, "")
        return True


def _nowhere(ticket: TicketLike) -> int:
    """Under which entry a batch stands in a log that nobody told of."""
    return 0
