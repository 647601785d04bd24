"""A gallery: everything of one tenant that somebody watches, fetched once for all links.

Fetching happens in a thread and touches nothing but the house; what came is entered in the event loop. So neither the
loop waits for the house, nor does a board change under a link that reads it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar, final

from pollux.errors import PolluxError
from pollux.guard import Identity
from pollux.show.compose.alarms import twin_of
from pollux.show.compose.notes import Detail, detail
from pollux.show.compose.state import flags_of
from pollux.show.facts import Changes, News, Remark, Samples, Turn, TwinType
from pollux.show.house import AuditTrail, Tenancy
from pollux.show.live.board import Board
from pollux.show.live.tracks import Track

Twin = tuple[str, str]
"""Type and id."""

NO_NEWS: Final = News(0)
_log = logging.getLogger(__name__)
_Found = TypeVar("_Found")


@final
@dataclass(slots=True)
class Look:
    """Somebody who looks at a person's twin, "Type/id": nothing of it is shown before that is written down."""

    who: Identity
    twin: str
    written: bool = False
    _asked: bool = False
    _tried: bool = False

    def due(self, *, second: bool) -> bool:
        """Whether it is to be written now: at once, and where it could not be, again once a second."""
        return not self.written and not self._asked and (second or not self._tried)

    def write(self, audit: AuditTrail) -> None:
        """Ask for the entry; in a thread, since the log may be behind."""
        self._asked = self._tried = True
        try:
            entry = audit.looked(self.who, self.twin)
        except PolluxError as error:
            self._asked = False
            _log.warning(
                "%s is not shown to %s, since that cannot be written down: %s", self.twin, self.who.name, error
            )
            return
        if entry is None:
            self._done()
        else:
            entry.then(self._done)

    def _done(self) -> None:
        self.written = True


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """What to fetch: boards and tracks with the position they have, and once a second what stands beside values."""

    boards: tuple[tuple[str, int], ...]
    tracks: tuple[tuple[str, str, str, int], ...]
    news_after: int
    details: tuple[Twin, ...] = ()
    turns: tuple[Twin, ...] = ()
    looks: tuple[Look, ...] = ()
    lag: bool = False


@final
@dataclass(slots=True)
class Fetched:
    """What came."""

    changes: dict[str, Changes] = field(default_factory=dict[str, Changes])
    samples: dict[tuple[str, str, str], Samples] = field(default_factory=dict[tuple[str, str, str], Samples])
    news: News = NO_NEWS
    details: dict[Twin, Detail] = field(default_factory=dict[Twin, Detail])
    turns: dict[Twin, Turn | None] = field(default_factory=dict[Twin, Turn | None])
    lag: tuple[float | None, float | None] | None = None


@final
class Gallery:
    """The boards, tracks, details and turns of one tenant. All but `fetch` is called from the event loop."""

    def __init__(self, name: str, tenancy: Tenancy) -> None:
        self.name, self.tenancy = name, tenancy
        self.now = 0.0
        self.lag: tuple[float | None, float | None] = (None, None)
        self.news = NO_NEWS
        self._boards: dict[str, Board] = {}
        self._tracks: dict[tuple[str, str, str], Track] = {}
        self._details: dict[Twin, Detail] = {}
        self._turns: dict[Twin, Turn | None] = {}
        self._heard: int | None = None

    def board(self, type_: TwinType) -> Board:
        """The board of a type; made when it is asked for first."""
        return self._boards.setdefault(type_.name, Board(type_))

    def track(self, type_: TwinType, twin: str, signal: str) -> Track:
        """The track of a signal; it begins at the present."""
        key = type_.name, twin, signal
        if key not in self._tracks:
            self._tracks[key] = Track(self.tenancy.live.position())
        return self._tracks[key]

    def detail(self, twin: Twin) -> Detail | None:
        """What stands beside the values of a twin."""
        return self._details.get(twin)

    def turn(self, twin: Twin) -> Turn | None:
        """The newest turn of a twin's cycle."""
        return self._turns.get(twin)

    def plan(
        self, watched: Iterable[Twin], cycles: Iterable[Twin], looks: Iterable[Look] = (), *, second: bool
    ) -> Plan:
        """What to fetch next."""
        if self._heard is None:
            self._heard = self.tenancy.live.news(0).position
        return Plan(
            boards=tuple((name, board.seq) for name, board in self._boards.items()),
            tracks=tuple((*key, track.seq) for key, track in self._tracks.items()),
            news_after=self._heard,
            details=tuple(dict.fromkeys(watched)) if second else (),
            turns=tuple(dict.fromkeys(cycles)) if second else (),
            looks=tuple(look for look in looks if look.due(second=second)),
            lag=second,
        )

    def fetch(self, plan: Plan) -> Fetched:
        """Ask the house; in a thread of its own. One part that fails does not keep the others from being shown."""
        live, got = self.tenancy.live, Fetched()
        for look in plan.looks:
            look.write(self.tenancy.audit)
        for name, after in plan.boards:
            _put(got.changes, name, partial(live.changes, name, after))
        for type_, twin, signal, after in plan.tracks:
            key = type_, twin, signal
            _put(got.samples, key, partial(live.samples, *key, after))
        for twin_key in plan.details:
            _put(got.details, twin_key, partial(self._asked, *twin_key))
        for twin_key in plan.turns:
            _put(got.turns, twin_key, partial(live.turn, *twin_key))
        got.news = live.news(plan.news_after)
        got.lag = live.lag() if plan.lag else None
        return got

    def take(self, got: Fetched) -> int:
        """Enter what came; how many streams of samples had a hole."""
        for name, changes in got.changes.items():
            if name in self._boards:
                self._boards[name].take(changes)
        for key, samples in got.samples.items():
            if key in self._tracks:
                self._tracks[key].take(samples)
        self._details.update(got.details)
        self._turns.update(got.turns)
        self.news, self._heard = got.news, max(self._heard or 0, got.news.position)
        self.lag = got.lag or self.lag
        return sum(not samples.complete for samples in got.samples.values())

    def sweep(self, types: Iterable[str], signals: Iterable[tuple[str, str, str]], twins: Iterable[Twin]) -> None:
        """Forget what nobody watches any more."""
        self._boards = _kept(self._boards, types)
        self._tracks = _kept(self._tracks, signals)
        there = frozenset(twins)
        self._details, self._turns = _kept(self._details, there), _kept(self._turns, there)

    def _asked(self, type_: str, twin: str) -> Detail:
        tenancy = self.tenancy
        presenter = tenancy.presenter
        alarms = [alarm for alarm in tenancy.alarms.list() if twin_of(alarm) == f"{type_}/{twin}"]
        remarks: Mapping[str, Remark] = presenter.remarks(type_, twin) if presenter else {}
        return detail(tenancy.twins.read(type_, [twin]), remarks, flags_of(alarms))


_Key = TypeVar("_Key")


def _kept(held: Mapping[_Key, _Found], wanted: Iterable[_Key]) -> dict[_Key, _Found]:
    there = frozenset(wanted)
    return {key: found for key, found in held.items() if key in there}


def _put(into: dict[_Key, _Found], key: _Key, ask: Callable[[], _Found]) -> None:
    try:
        into[key] = ask()
    except Exception:  # noqa: BLE001 - one twin that cannot be read must not stop the live wire of the others
        _log.exception("%s could not be read for the live wire", key)
