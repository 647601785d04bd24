"""What connections are given time for: to say who they are, to finish a packet, to speak at all, to read answers."""

from typing import Final, final

from pollux.clock import SECOND
from pollux.connect.mqtt.counters import Counters
from pollux.connect.mqtt.limits import Limits
from pollux.connect.mqtt.lines import Lines
from pollux.connect.mqtt.link import Link
from pollux.connect.wire.letters import BEGINNING, Told, letter, publishing
from pollux.connect.wire.poller import READ
from pollux.connect.wire.reasons import Reason

LINGER: Final = 3
"""Sweeps that a client has to read why it was put out."""


@final
class Patience:
    """Ends what has been silent, unfinished or stuck for too long; `told` hears of packets that stayed unfinished."""

    def __init__(self, lines: Lines, limits: Limits, counters: Counters, told: Told) -> None:
        self._lines, self._limits, self._counters, self._told = lines, limits, counters, told

    def sweep(self, now: int) -> None:
        """Look at every connection once."""
        lines, limits, counters = self._lines, self._limits, self._counters
        for link in list(lines.by_handle.values()):
            if link.dead:
                link.lingering += 1
                if link.lingering > LINGER:
                    lines.forget(link)
            elif lines.table.session[link.handle] is None:
                if now - link.opened > limits.connect_seconds * SECOND:
                    counters.timeout_connect += 1
                    lines.drop(link)
            elif link.out and now - link.out_since > limits.stalled_seconds * SECOND:
                counters.timeout_stalled += 1
                lines.close(link, Reason.QUOTA_EXCEEDED, "what was sent was not read for too long")
            elif link.events & READ:
                self._reading(link, now)

    def _reading(self, link: Link, now: int) -> None:
        # A link that is not being read, because the log is behind, is not to blame for being silent.
        if link.held and now - link.held_since > self._limits.packet_seconds * SECOND:
            self._counters.timeout_packet += 1
            self._tell_of_half(link, now)
            self._lines.close(link, Reason.KEEP_ALIVE_TIMEOUT, "a packet did not arrive wholly in time")
        elif 0 < self._lines.table.patience[link.handle] < now - link.heard:
            self._counters.timeout_keep_alive += 1
            text = "nothing was heard in one and a half keep-alive times"
            self._lines.close(link, Reason.KEEP_ALIVE_TIMEOUT, text)

    def _tell_of_half(self, link: Link, now: int) -> None:
        session, (topic, payload) = self._lines.session(link), publishing(bytes(link.held[:BEGINNING]), link.level)
        if session is not None:
            detail = f"expected the whole packet within {self._limits.packet_seconds:g} s, got {len(link.held)} bytes"
            why = Reason.KEEP_ALIVE_TIMEOUT
            self._told(letter(session.origin, now, why, detail, topic=topic, payload=payload))
