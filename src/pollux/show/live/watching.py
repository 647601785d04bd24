"""What a link watches, after the gate was asked for every twin and every field."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

from pollux.guard import Gate, Identity
from pollux.show.facts import Turn, TwinType
from pollux.show.live.channels import CellsChannel, CycleChannel, SamplesChannel, StateChannel
from pollux.show.live.gallery import Gallery, Look
from pollux.show.live.messages import CellChannel, Channels, Said, Trouble, Watch, WatchTable, WatchTwin
from pollux.show.problems import NOTHING_HERE
from pollux.show.sight import Sight

MOST_CELLS = 5_000_000
MOST_ASKED = 200_000
"""Cells for which the gate is asked one by one: all links wait meanwhile."""
_CHANNELS = 65_535


@final
class Numbers:
    """The channel numbers of a link: none comes again soon, so that a late frame is never taken for another."""

    def __init__(self) -> None:
        self._last = 0

    def __next__(self) -> int:
        self._last = self._last % _CHANNELS + 1
        return self._last


@final
@dataclass(slots=True)
class WatchedTwin:
    """One twin of a link: its channels, the fields that may be seen, and what was said beside them last.

    Of a person it is written down first that somebody looks; until then nothing is sent.
    """

    type: TwinType
    id: str
    names: frozenset[str]
    wants_cycle: bool
    state: StateChannel | None
    samples: tuple[SamplesChannel, ...]
    cycle: CycleChannel | None = None
    said: dict[str, object] = field(default_factory=dict[str, object])
    look: Look | None = None

    @property
    def shown(self) -> bool:
        """Whether it may be sent."""
        return self.look is None or self.look.written

    @property
    def name(self) -> str:
        """The twin's full name."""
        return f"{self.type.name}/{self.id}"

    def channels(self) -> Channels:
        """The numbers of this twin's channels, for the client."""
        there = (self.state, *self.samples, self.cycle)
        return Channels(twin=self.name, channels=tuple(one.entry for one in there if one is not None))


@final
@dataclass(slots=True)
class Watching:
    """Everything that a link watches, and what is to be said about it first."""

    twins: list[WatchedTwin] = field(default_factory=list[WatchedTwin])
    cells: list[CellsChannel] = field(default_factory=list[CellsChannel])
    fleets: frozenset[str] = frozenset()
    wall: str | None = None
    first: list[Said] = field(default_factory=list[Said])

    def watches(self, twin: str) -> bool:
        """Whether a twin is among those watched."""
        return any(one.name == twin for one in self.twins)


@final
class Watchmaker:
    """Turns what a client asks for into channels; what may not be seen becomes a problem message, as if it were not."""

    def __init__(self, gallery: Gallery, gate: Gate, identity: Identity) -> None:
        self._gallery, self._tenancy, self._identity = gallery, gallery.tenancy, identity
        self._sight = Sight(gate, identity)
        self._numbers = Numbers()

    def sees(self, twin: str) -> bool:
        """Whether anything of a twin, "Type/id", may be seen."""
        kind, _, name = twin.partition("/")
        type_ = self._type(kind)
        return type_ is not None and self._sight.sees(type_, name)

    def sees_wall(self, name: str) -> bool:
        """Whether a whole wall may be seen, whatever twins are on it."""
        return self._sight.may("read", f"wall/{name}")

    def make(self, watch: Watch, *, since: int) -> Watching:
        """The channels for a watch; a link that was resumed is owed what changed after `since`."""
        made = Watching(fleets=frozenset(watch.fleets), wall=watch.wall)
        for asked in watch.twins:
            twin = self._twin(asked, since)
            if twin is None:
                made.first.append(Trouble(title="Nothing to watch", detail=NOTHING_HERE, hint=asked.twin))
            else:
                made.twins.append(twin)
                made.first.append(twin.channels())
        for table in watch.tables:
            made.first += self._table(table, made, since)
        return made

    def cycle(self, twin: WatchedTwin, turn: Turn) -> CycleChannel | None:
        """A channel for a twin's cycle, if all its columns may be seen."""
        if not all(self._sight.may("read", f"{twin.name}/{column}") for column in turn.fields):
            return None
        return CycleChannel(next(self._numbers), turn.fields)

    def _type(self, name: str) -> TwinType | None:
        return next((one for one in self._tenancy.twins.types() if one.name == name), None)

    def _twin(self, asked: WatchTwin, since: int) -> WatchedTwin | None:
        kind, _, twin = asked.twin.partition("/")
        type_ = self._type(kind)
        if type_ is None or twin not in self._tenancy.twins.ids(kind):
            return None
        visible = [type_.fields[place].name for place in self._sight.fields(type_, twin)]
        if not visible:
            return None
        wanted = visible if asked.fields is None else [name for name in asked.fields if name in visible]
        samples = tuple(self._samples(type_, twin, name) for name in asked.samples if name in visible)
        state = self._state(type_, twin, wanted, since)
        look = Look(self._identity, asked.twin) if type_.personal else None
        return WatchedTwin(type_, twin, frozenset(wanted), asked.cycle, state, samples, look=look)

    def _state(self, type_: TwinType, twin: str, names: Sequence[str], since: int) -> StateChannel | None:
        places = [type_.index[name] for name in names if type_.fields[type_.index[name]].plain]
        if not places:
            return None
        return StateChannel(next(self._numbers), self._gallery.board(type_), twin, places, since=since)

    def _samples(self, type_: TwinType, twin: str, signal: str) -> SamplesChannel:
        return SamplesChannel(next(self._numbers), self._gallery.track(type_, twin, signal), signal)

    def _table(self, asked: WatchTable, made: Watching, since: int) -> Iterator[Said]:
        type_ = self._type(asked.type)
        places = [type_.index[name] for name in asked.fields if name in type_.index] if type_ else []
        if type_ is None or len(places) != len(asked.fields) or len({*places}) != len(places):
            yield Trouble(title="Nothing to watch", detail=NOTHING_HERE, hint=asked.type)
            return
        known = self._tenancy.twins.ids(asked.type)
        there = known if asked.twins is None else _known(asked.twins, known)
        every = self._sight.may("read", f"{type_.name}/*/*") and not any(
            type_.fields[place].personal for place in places
        )
        if not every and len(there) * len(places) > MOST_ASKED:
            # In the words for what is not there: how many there are is for those alone who may see them.
            yield Trouble(title="Nothing to watch", detail=NOTHING_HERE, hint=asked.type)
            return
        twins = [
            twin
            for twin in there
            if twin and (every or all(self._sight.field(type_, twin, name) for name in asked.fields))
        ]
        if not twins or len(twins) * len(places) > MOST_CELLS:
            hint = f"{asked.type}: at most {MOST_CELLS:,} cells" if twins else asked.type
            yield Trouble(title="Nothing to watch", detail=NOTHING_HERE, hint=hint)
            return
        number = next(self._numbers)
        made.cells.append(CellsChannel(number, self._gallery.board(type_), twins, places, since=since))
        yield CellChannel(channel=number, type=type_.name, twins=tuple(twins), fields=asked.fields)


def _known(asked: Iterable[str], known: Iterable[str]) -> list[str]:
    there = frozenset(known)
    return [twin for twin in dict.fromkeys(asked) if twin in there]
