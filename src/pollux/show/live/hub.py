"""The hub of the live wire: one tick for all links, at most thirty a second.

Per tick every tenant's gallery fetches what has changed, once, and then every link is woken. Once a second rights are
looked at again: whoever may no longer is put out, and whoever may see something else watches something else.
"""

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, final

from pollux.clock import SECOND
from pollux.errors import NotFound
from pollux.show.house import House, Tenancy
from pollux.show.live.gallery import Gallery
from pollux.show.live.link import SIGN_IN_AGAIN, TRY_LATER, Link
from pollux.show.live.messages import Clock
from pollux.show.metrics import Tally

RATE: Final = 30
CLOCK_EVERY: Final = 2 * RATE
MOST_LINKS: Final = 4_096

_log = logging.getLogger(__name__)


@final
class Hub:
    """Links by gallery. Everything but the fetching happens in the event loop."""

    def __init__(self, house: House, tally: Tally, *, rate: int = RATE, most_links: int = MOST_LINKS) -> None:
        self._house, self._tally, self._rate, self._most = house, tally, rate, most_links
        self._galleries: dict[str, Gallery] = {}
        self._links: set[Link] = set()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="pollux-live")
        self._stir = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._version = house.gate.version
        self._count = 0

    def start(self) -> None:
        """Begin to tick, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="pollux-live")

    def hang_up(self) -> None:
        """End all links; their clients are told to come again later."""
        for link in self._links:
            link.close(TRY_LATER)

    async def stop(self) -> None:
        """End all links and the ticking."""
        self.hang_up()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._reader.shutdown(wait=False, cancel_futures=True)

    @property
    def full(self) -> bool:
        """Whether no further link can be taken."""
        return len(self._links) >= self._most

    def gallery(self, name: str, tenancy: Tenancy) -> Gallery:
        """The gallery of a tenant."""
        return self._galleries.setdefault(name, Gallery(name, tenancy))

    def add(self, link: Link) -> None:
        """Serve a link from the next tick on."""
        self._links.add(link)
        self._tally.links = len(self._links)
        self._stir.set()

    def drop(self, link: Link) -> None:
        """Serve it no more."""
        self._links.discard(link)
        tally = self._tally
        tally.links = len(self._links)
        tally.frames, tally.frame_bytes = tally.frames + link.frames, tally.frame_bytes + link.bytes
        tally.skipped += link.skipped
        if not any(other.gallery is link.gallery for other in self._links):
            self._galleries.pop(link.gallery.name, None)

    async def tick(self) -> None:
        """Fetch what has changed and wake every link."""
        self._count += 1
        second = self._count % self._rate == 1
        self._look_at_rights(second)
        for link in self._links:
            link.settle()
        for gallery in [*self._galleries.values()]:
            await self._refresh(gallery, second)
        if self._count % CLOCK_EVERY == 1:
            self._tell_time()
        for link in self._links:
            link.tick(second=second)

    async def _run(self) -> None:
        while True:
            if not self._links:
                self._stir.clear()
                await self._stir.wait()
            try:
                await self.tick()
            except Exception:  # noqa: BLE001 - the live wire goes on at the next tick, and the cause is in the log
                _log.exception("a tick of the live wire failed")
            await asyncio.sleep(1.0 / self._rate)

    async def _refresh(self, gallery: Gallery, second: bool) -> None:
        mine = [link for link in self._links if link.gallery is gallery]
        twins = [(twin.type.name, twin.id) for link in mine for twin in link.watching.twins]
        if second:
            gallery.sweep(*_watched(mine), twins)
        wanting = [(twin.type.name, twin.id) for link in mine for twin in link.watching.twins if twin.wants_cycle]
        looks = [twin.look for link in mine for twin in link.watching.twins if twin.look is not None]
        plan = gallery.plan(twins, wanting, looks, second=second)
        got = await asyncio.get_running_loop().run_in_executor(self._reader, gallery.fetch, plan)
        gallery.now = self._house.clock.now() / SECOND
        self._tally.holes += gallery.take(got)
        self._announce(gallery, mine)

    def _announce(self, gallery: Gallery, links: Iterable[Link]) -> None:
        news = gallery.news
        if not news.said and not news.progress:
            return
        runs = [
            (fork, twin, done, text)
            for fork, done, text in news.progress
            if (twin := _twin_of(gallery, fork)) is not None
        ]
        for link in links:
            for said in news.said:
                link.announce(said.what, said.twin)
            for fork, twin, done, text in runs:
                link.progress(fork, twin, done, text)

    def _look_at_rights(self, second: bool) -> None:
        version = self._house.gate.version
        changed, self._version = version != self._version, version
        if not changed and not second:
            return
        for link in self._links:
            if not self._house.gate.alive(link.identity):
                link.close(SIGN_IN_AGAIN)
            elif changed:
                link.look_again()

    def _tell_time(self) -> None:
        now, speed = self._house.clock.now() / SECOND, self._house.speed()
        for link in self._links:
            behind, rate = link.gallery.lag
            link.tell(Clock(now=now, speed=speed, behind=behind, rate=rate))


def _twin_of(gallery: Gallery, fork: str) -> str | None:
    """The twin of a fork; None where somebody has dropped the fork since its progress was told."""
    forks = gallery.tenancy.forks
    try:
        return forks.find(fork).twin if forks is not None else None
    except NotFound:
        return None


def _watched(links: Iterable[Link]) -> tuple[set[str], set[tuple[str, str, str]]]:
    types: set[str] = set()
    signals: set[tuple[str, str, str]] = set()
    for link in links:
        types.update(twin.type.name for twin in link.watching.twins)
        types.update(cells.type for cells in link.watching.cells)
        signals.update(
            (twin.type.name, twin.id, samples.signal) for twin in link.watching.twins for samples in twin.samples
        )
    return types, signals
