"""The loop: one thread that owns the socket, hears a turn's datagrams, and does what is due."""

import logging
import selectors
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

from pollux.clock import SECOND, stopwatch
from pollux.connect.coap.admission import Admission
from pollux.connect.coap.answers import Answers
from pollux.connect.coap.around import Around
from pollux.connect.coap.confirming import Confirming
from pollux.connect.coap.datagrams import Address, Datagrams
from pollux.connect.coap.dialogue import Dialogue
from pollux.connect.coap.intake import Intake
from pollux.connect.coap.links import Links
from pollux.connect.coap.observers import Observers
from pollux.connect.coap.peers import Peer, Peers
from pollux.connect.coap.rights import Doorkeeper
from pollux.connect.coap.saying import Saying
from pollux.connect.coap.showing import Showing
from pollux.connect.driver import Sink
from pollux.connect.presence import Presence
from pollux.connect.wire.wake import new_wake
from pollux.guard.requests import is_loopback

if TYPE_CHECKING:
    from pollux.connect.coap.sessions import Sessions

TICK: Final = 0.1
SWEEP: Final = 0.5
RECHECK: Final = 2.0
GLANCES: Final = 16
"""So many times the datagrams that a turn serves are looked at where most are to be passed over."""

FAREWELL: Final = 2.0
_LOG = logging.getLogger("pollux.connect.coap")


@final
class Loop:
    """Everything here belongs to the thread that runs it, except `later` and `ring`, which any thread may call."""

    def __init__(self, around: Around, gate: Doorkeeper, sink: Sink, kinds: tuple[str, ...]) -> None:
        self._around = around
        limits, counters = around.limits, around.counters
        self._wake = new_wake()
        self._calls: deque[Callable[[], None]] = deque()
        self._thread = 0
        self.datagrams: Datagrams | None = None
        self.sessions: Sessions | None = None
        self.peers = Peers(limits, counters, self._gone)
        self._confirming = Confirming(limits, counters)
        self._answers = Answers(limits, counters, self._confirming)
        self._admission = Admission(gate, counters)
        self.intake = Intake(limits, counters, around.clock, sink, self._answers, self.ring)
        self._saying = Saying(around, self._answers, self.intake)
        self._showing = Showing(around, self._answers, Links(around.rights, kinds))
        self.observers = Observers(
            limits,
            counters,
            around.clock,
            self._confirming,
            may=around.rights.hear,
            now=self._showing.as_it_is,
            draw=self._showing.draw,
        )
        self.dialogue = Dialogue(
            around, self._admission, self._answers, self._confirming, self.intake,
            self.observers, self._saying, self._showing,
        )  # fmt: skip
        self._stopping: float | None = None
        self._behind = False
        self._swept = self._rechecked = stopwatch()

    # -- from any thread ----------------------------------------------------------------------------------------------

    def present(self) -> tuple[Presence, ...]:
        """Who was heard lately, or has a session."""
        wall, now = self._around.clock.now(), stopwatch()
        protocol = "CoAP" if self.sessions is None else "CoAP, DTLS 1.2"
        return tuple(
            Presence(
                who.tenant, who.name, who.kind, "", peer.host, protocol,
                wall - round((now - peer.since) * SECOND), wall - round((now - peer.heard) * SECOND),
                peer.bytes_in, peer.bytes_out,
            )
            for peer in (self.peers.all() if self.sessions is None else self.sessions.peers())
            if (who := peer.identity) is not None
        )  # fmt: skip

    def later(self, call: Callable[[], None]) -> None:
        """Let the loop call something in its next turn."""
        self._calls.append(call)
        self.ring()

    def ring(self) -> None:
        """Wake the loop."""
        if threading.get_ident() != self._thread:
            self._wake.set()

    # -- running ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Turn until `stop`; then give everything back."""
        assert self.datagrams is not None
        self._thread = threading.get_ident()
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake.fileno(), selectors.EVENT_READ)
            selector.register(self.datagrams.fileno(), selectors.EVENT_READ, self.datagrams)
            try:
                while not self._is_over():
                    ready = selector.select(TICK)
                    self.turn(any(key.data is not None for key, _ in ready) and self._stopping is None)
            except Exception as error:
                # A fault of the loop itself: whoever asks sees it.
                _LOG.exception("the endpoint has failed")
                self.intake.fail(f"the endpoint has failed: {error!r}")
                raise
            finally:
                self.free()

    def stop(self) -> None:
        """Hear nothing more; what is on its way to the disk is still answered, within a moment."""
        self._stopping = stopwatch() + FAREWELL

    def free(self) -> None:
        """Give every handle back."""
        if self.datagrams is not None:
            self.datagrams.close()
        self._wake.close()

    def turn(self, hear: bool) -> None:
        """Hear what has come, and do what is due."""
        self._wake.clear()
        now = stopwatch()
        while self._calls:
            self._calls.popleft()()
        if hear:
            self._hear(now)
        self.intake.flush(now)
        self.intake.settle(now)
        self._answers.turn(now)
        self._confirming.turn(now)
        if self.sessions is not None:
            self.sessions.turn(now)
        if now - self._swept >= SWEEP:
            self._swept = now
            self._sweep(now)

    def _hear(self, now: float) -> None:
        """Serve what has come. Where more comes than is served, each address has its share, and what it sends beyond
        that is passed over: it costs little, and leaves the others their room in the socket."""
        limits, served, taken = self._around.limits, 0, dict[Address, int]()
        for _ in range(GLANCES * limits.turn_datagrams):
            found = self._next()
            if found is None:
                self._behind = False
                return
            data, address = found
            if not data:
                continue
            if self._behind:
                taken[address] = taken.get(address, 0) + 1
                if taken[address] > limits.turn_each:
                    self._around.counters.dropped_flood += 1
                    continue
            if self.sessions is not None:
                self.sessions.heard(data, address, now)
            else:
                self._plain(data, address, now)
            served += 1
            if served >= limits.turn_datagrams:
                break
        self._behind = True

    def _next(self) -> tuple[bytes, Address] | None:
        """The next datagram, without bytes where it is not to be served; None when there is none."""
        assert self.datagrams is not None
        try:
            found = self.datagrams.receive()
        except OSError:
            return b"", ()  # what an earlier datagram of ours met on its way
        if found is not None and len(found[0]) > self._around.limits.datagram_bytes:
            self._around.counters.too_large += 1
            return b"", ()
        return found

    def _plain(self, data: bytes, address: Address, now: float) -> None:
        """Without DTLS an address is believed only where nobody else can bear it: on this machine."""
        peer = self.peers.at(address)
        if peer is None:
            assert self.datagrams is not None
            host = self.datagrams.host(address)
            if not is_loopback(host):
                self._around.counters.refused_address += 1
                return
            peer = self.peers.made(host, lambda reply: self.send(reply, address), now)
            self.peers.add(address, peer, now)
        peer.heard = now
        self.dialogue.heard(peer, data, now)

    def send(self, data: bytes, address: Address) -> None:
        """Send a datagram."""
        if self.datagrams is None or not self.datagrams.send(data, address):
            self._around.counters.unsent += 1

    # -- sessions -----------------------------------------------------------------------------------------------------

    def opened(self, address: Address, send: Callable[[bytes], None], certificate: bytes | None) -> Peer | None:
        """A handshake is complete; a certificate that is in nobody's record opens nothing."""
        assert self.datagrams is not None
        peer = self.peers.made(self.datagrams.host(address), send, stopwatch(), certificate)
        if certificate is not None:
            peer.identity = self._admission.certified(peer)
            if peer.identity is None:
                self._around.counters.refused_credentials += 1
                return None
        return peer

    def heard(self, peer: Peer, data: bytes, now: float) -> None:
        """A datagram came through a session."""
        self.dialogue.heard(peer, data, now)

    def lost(self, peer: Peer, now: float) -> None:
        """A session is over."""
        peer.exchanges.clear()
        self._gone(peer, now)

    def failed(self, address: Address, why: str) -> None:
        """A handshake failed: who it was is not known."""
        assert self.datagrams is not None
        self._around.shaken(self.datagrams.host(address), why)

    def _gone(self, peer: Peer, now: float) -> None:
        self.observers.lost(peer)
        self._confirming.forget(peer, now)
        self._saying.bodies.forget(peer)

    # -- ending -------------------------------------------------------------------------------------------------------

    def _sweep(self, now: float) -> None:
        self._saying.bodies.sweep(now)
        self._showing.shown.sweep(now)
        self.observers.refresh(now)
        if self.sessions is not None:
            self.sessions.sweep(now)
        if self._admission.changed():
            self._saying.forget()
        elif now - self._rechecked < RECHECK:
            return
        self._rechecked = now
        self._put_out_ended(now)
        self.peers.sweep(now)
        for peer in self.sessions.peers() if self.sessions is not None else ():
            peer.exchanges.sweep(now)

    def _put_out_ended(self, now: float) -> None:
        """Put out who would no longer be let in: revoked, changed, or run out with time."""
        self._admission.prune()
        self.observers.recheck(self._admission.alive)
        for peer in self.sessions.peers() if self.sessions is not None else ():
            if peer.identity is None or self._admission.alive(peer.identity):
                continue
            peer.identity = self._admission.certified(peer)
            if peer.identity is None:
                self._around.counters.ended_identity += 1
                assert self.sessions is not None
                self.sessions.end(peer, now)

    def _is_over(self) -> bool:
        if self._stopping is None or (self._answers.open and stopwatch() < self._stopping):
            return False
        now = stopwatch()
        self.observers.end()
        if self.sessions is not None:
            self.sessions.close(now)
        return True
