"""One live link: it is woken tick by tick and sends what it is owed; while it is sending, ticks pass it by."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, final

from pollux.errors import PolluxError
from pollux.guard import Gate, Identity
from pollux.show.compose.notes import news_of
from pollux.show.facts import Topic
from pollux.show.live.frames import Frame, control, encode
from pollux.show.live.gallery import Gallery
from pollux.show.live.messages import Changed, Notes, Progress, Said, Texts, Trouble, Watch
from pollux.show.live.watching import WatchedTwin, Watching, Watchmaker

MOST_PENDING: Final = 256
MOST_SAID: Final = 1_000
STATE_EVERY: Final = 3
"""Ticks between state frames: 10 a second at 30 ticks."""

Send = Callable[[bytes], Awaitable[None]]

SIGN_IN_AGAIN: Final = 4401
TRY_LATER: Final = 1013


@final
class Link:
    """What one client watches, and how it is served.

    There is no queue: the newest values stand on the boards, and a link sends the difference to what it has sent. So a
    client that reads slowly skips ticks and is never owed more than one frame a channel.
    """

    def __init__(self, identity: Identity, gallery: Gallery, gate: Gate, send: Send) -> None:
        self.identity, self.gallery = identity, gallery
        self.watching = Watching()
        self.closing: int | None = None
        self.skipped = self.frames = self.bytes = 0
        self._maker = Watchmaker(gallery, gate, identity)
        self._send = send
        self._watch: Watch | None = None
        self._unsettled = False
        self._sending = False
        self._wake = asyncio.Event()
        self._since = 0
        self._ticks = 0
        self._pending: dict[tuple[Topic, str | None], None] = {}
        self._progress: dict[str, tuple[float, str]] = {}
        self._said: list[Said] = []
        self._second = False

    def resume(self, seq: int) -> None:
        """A former link had seen everything up to `seq`; the next watch is owed what came after."""
        self._since = seq

    def look(self, watch: Watch | None) -> None:
        """Watch this instead of what was watched before, from the next tick on; None for nothing."""
        self._watch, self._unsettled = watch, True

    def look_again(self) -> None:
        """Rights or rows have changed: ask the gate again."""
        self._unsettled = True

    def settle(self) -> None:
        """Make the channels for what is to be watched; once a tick, however often a client changes its mind."""
        if not self._unsettled or self._sending:
            return  # whoever does not read what was said is not told more, however often it asks
        self._unsettled, self.watching = False, Watching()
        if self._watch is None:
            return
        try:
            self.watching = self._maker.make(self._watch, since=self._since)
        except PolluxError as error:
            self.tell(Trouble(title="Nothing to watch", detail=error.message, hint=error.hint))
        self._said += self.watching.first
        self._since = 0

    def tell(self, said: Said) -> None:
        """Say something at the next tick; to whoever does not listen, no more than so much."""
        if len(self._said) < MOST_SAID:
            self._said.append(said)

    def announce(self, what: Topic, twin: str | None) -> None:
        """Something has changed; announced once a second, and only to whoever may see it."""
        wall, sees = self.watching.wall, twin is None or self._maker.sees(twin)
        moves = what in ("alarms", "presence", "twins")
        if moves and wall is not None and (sees or self._maker.sees_wall(wall)):
            self._pending["wall", None] = None
        if not sees:
            return
        if moves and (twin is None or twin.partition("/")[0] in self.watching.fleets):
            self._pending["fleet", None] = None
        if twin is None and what == "alarms":
            # Of no twin: it concerns any, so each that is watched is asked about again.
            self._pending |= {(what, one.name): None for one in self.watching.twins}
        if twin is None or what in ("alarms", "twins", "fleet", "wall") or self.watching.watches(twin):
            self._pending[what, twin if len(self._pending) < MOST_PENDING else None] = None

    def progress(self, fork: str, twin: str, done: float, text: str) -> None:
        """How far a run has come."""
        if self.watching.watches(twin) and self._maker.sees(twin):
            self._progress[fork] = (done, text)

    def tick(self, *, second: bool) -> None:
        """It is time to send; a link that is still sending skips this one."""
        self._ticks += 1
        self._second |= second
        if self._sending:
            self.skipped += 1
        else:
            self._wake.set()

    def close(self, code: int) -> None:
        """End the link."""
        self.closing = code
        self._wake.set()

    async def serve(self) -> int:
        """Send what is owed until the link is closed; the code it was closed with. Raises when the client is gone."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._sending = True
            for message in self._due():
                if self.closing is not None:
                    return self.closing
                self.bytes += len(message)
                await self._send(message)
            if self.closing is not None:
                return self.closing
            self._sending = False

    def _due(self) -> Iterator[bytes]:
        said, self._said = self._said, []
        yield from map(control, said)
        second, self._second = self._second, False
        if second:
            yield from map(control, self._news())
        states = self._ticks >= STATE_EVERY
        self._ticks = 0 if states else self._ticks
        for twin in self.watching.twins:
            if not twin.shown:
                continue
            if second:
                yield from self._beside(twin)
            yield from self._frames(twin, states)
        for cells in self.watching.cells:
            yield from self._written(cells.frame(self.gallery.now))

    def _frames(self, twin: WatchedTwin, states: bool) -> Iterator[bytes]:
        if states and twin.state is not None:
            yield from self._written(twin.state.frame(self.gallery.now))
        for samples in twin.samples:
            yield from self._written(samples.frame())

    def _beside(self, twin: WatchedTwin) -> Iterator[bytes]:
        detail = self.gallery.detail((twin.type.name, twin.id))
        if detail is not None:
            notes, texts = news_of(detail, twin.said, twin.names)
            twin.said.update(notes)
            twin.said.update((f"={name}", text) for name, text in texts.items())
            if notes:
                yield control(Notes(twin=twin.name, seq=detail.seq, values=notes))
            if texts:
                yield control(Texts(twin=twin.name, seq=detail.seq, values=texts))
        if twin.wants_cycle:
            yield from self._cycle(twin)

    def _cycle(self, twin: WatchedTwin) -> Iterator[bytes]:
        turn = self.gallery.turn((twin.type.name, twin.id))
        if turn is None:
            return
        if twin.cycle is None or twin.cycle.fields != turn.fields:
            twin.cycle = self._maker.cycle(twin, turn)
            if twin.cycle is not None:
                yield control(twin.channels())
        if twin.cycle is not None:
            yield from self._written(twin.cycle.frame(turn))

    def _news(self) -> Iterator[Said]:
        pending, self._pending = self._pending, {}
        runs, self._progress = self._progress, {}
        yield from (Changed(what=what, twin=twin) for what, twin in pending)
        yield from (Progress(fork=fork, progress=done, text=text) for fork, (done, text) in runs.items())

    def _written(self, frame: Frame | None) -> Iterator[bytes]:
        if frame is not None:
            self.frames += 1
            yield encode(frame)
