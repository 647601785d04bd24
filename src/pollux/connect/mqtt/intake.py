"""Filling the arena: one read per ready connection, what was held of a cut packet put before it."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from pollux.connect.mqtt.lines import Lines
from pollux.connect.mqtt.link import HERE, Link
from pollux.connect.mqtt.table import I64
from pollux.connect.wire.splitter import I32, LOOK_YOURSELF, AbstractSplitter, Arena


@final
@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """What one round of reading brought: which connections, and where in the arena their bytes lie.

    Entry i of each column is one connection. What is said of it here still holds when a packet of this very turn has
    ended it: `serial` names it when its handle is another's already.
    """

    handle: I32
    serial: I64
    level: I32
    session: NDArray[Any]
    origin: NDArray[Any]
    start: I32
    end: I32

    def __len__(self) -> int:
        return len(self.handle)


@final
class Intake:
    """Reads ready connections into one arena, in as many rounds as its size asks for."""

    def __init__(self, arena: Arena, room: int, chunk: int, lines: Lines) -> None:
        self._arena, self._room, self._chunk, self._lines = arena, room, chunk, lines

    def rounds(self, plain: I32, begun: list[Link], splitter: AbstractSplitter) -> Iterator[Turn]:
        """Turns until every ready connection was read once. Between turns the arena is free again."""
        while len(plain) or begun:
            found: list[tuple[int, int, int]] = []
            tried, begun = begun, self._begun(begun, found)
            at = found[-1][2] if found else 0
            # What an earlier turn has ended, or left with a cut packet, is not read on the straight way any more.
            plain = plain[self._lines.table.plain[plain] == 1]
            counts = splitter.receive(plain, self._arena, at, self._room, self._chunk)
            turn = self._turn(found, plain[: len(counts)], counts, at)
            plain = plain[len(counts) :]
            if len(turn):
                yield turn
            for link in tried[: len(tried) - len(begun)]:
                link.held_since = link.held_since if link.held else 0

    def _turn(self, found: list[tuple[int, int, int]], handles: I32, counts: I64, at: int) -> Turn:
        there = counts > 0
        if not there.all():
            for number in np.flatnonzero(~there).tolist():
                self._nothing(self._lines.by_handle[int(handles[number])], int(counts[number]))
            handles, counts = handles[there], counts[there]
        end = (at + np.cumsum(counts)).astype(np.int32)
        start = end - counts.astype(np.int32)
        if found:
            more = np.array(found, np.int32)
            handles, start, end = (
                np.concatenate(pair) for pair in ((more[:, 0], handles), (more[:, 1], start), (more[:, 2], end))
            )
        table = self._lines.table
        who = (table.serial[handles], table.level[handles], table.session[handles], table.origin[handles])
        return Turn(handles, *who, start, end)

    def _begun(self, links: list[Link], found: list[tuple[int, int, int]]) -> list[Link]:
        """Read those of which something is held; those for which there is no room stay for the next turn."""
        at = 0
        for number, link in enumerate(links):
            if at + max(len(link.held), link.needs) + 2 * self._chunk > self._room:
                return links[number:]
            if link.dead:
                continue
            end = self._fill(link, at) if link.needs > 0 else self._continued(link, at)
            if end > at:
                found.append((link.handle, at, end))
                at = end
        return []

    def _continued(self, link: Link, at: int) -> int:
        """A short beginning: place it, and read on behind it."""
        only_held = link.needs == HERE
        held = self._lines.release(link)
        end = at + len(held)
        self._arena.view[at:end] = held
        if only_held:
            return end
        count = self._receive(link, end, self._chunk)
        return end + max(count, 0) if count else at

    def _fill(self, link: Link, at: int) -> int:
        """A large packet: collect it aside, without copying its beginning again for every read."""
        count = self._receive(link, at, min(link.needs - len(link.held), self._chunk))
        if count <= 0 or not self._lines.grow(link, self._arena.view[at : at + count]):
            return at
        if len(link.held) < link.needs:
            return at
        held = self._lines.release(link)
        self._arena.view[at : at + len(held)] = held
        return at + len(held)

    def _receive(self, link: Link, at: int, most: int) -> int:
        """How many bytes came; LOOK_YOURSELF for none yet, 0 when the connection has gone."""
        try:
            count = self._lines.receive(link, self._arena.view[at : at + most])
        except BlockingIOError:
            return LOOK_YOURSELF
        except OSError:
            count = 0
        if not count:
            self._lines.lost(link)
        return count

    def _nothing(self, link: Link, count: int) -> None:
        """Nothing was read: has the connection gone?"""
        gone = count == 0
        if not gone:
            try:
                gone = not link.socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return
            except OSError:
                gone = True
        if gone:
            self._lines.lost(link)
