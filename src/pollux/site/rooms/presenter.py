"""How a domain wants its twins shown: its plain documents as the server's."""

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

import msgspec

from pollux.columns.view import LiveReader, live_view
from pollux.show.documents.fleet import Fleet, Wall
from pollux.show.documents.twins import View
from pollux.show.facts import Caption, Remark, Score
from pollux.watch import Alarm

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


CAUSES = 1_000


@final
class PresenterRoom:
    """Asks the presenter of each type; what it leaves out the server makes from the type."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._causes: dict[str, str] = {}

    def caption(self, type_: str, twin: str) -> Caption | None:
        presenter = self._live.site.declared[type_].presenter
        return Caption(*presenter.caption(twin)) if presenter and presenter.caption else None

    def view(self, type_: str, twin: str, *, at: int | None = None) -> View | None:
        presenter = self._live.site.declared[type_].presenter
        return msgspec.convert(presenter.view(twin), View) if presenter and presenter.view else None

    def remarks(self, type_: str, twin: str, *, at: int | None = None) -> Mapping[str, Remark]:
        declared = self._live.site.declared[type_]
        ask = declared.presenter.remarks if declared.presenter else None
        return ask(self._live.handle(declared, twin)) if ask and at is None else {}

    def scores(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Score]:
        live = self._live
        declared = live.site.declared[type_]
        ask = declared.presenter.scores if declared.presenter else None
        if ask is None:
            return ()
        now = live.clock.now() if at is None else at
        estate = live.estate if at is None else live.as_of.estate(at, None)
        with live.pipe.lock:
            reader = LiveReader(estate.blocks, type_, estate.blocks[type_].row(twin), now=now)
            view = live_view(declared.kind, reader)
        return ask(view, now)

    def cause(self, alarm: Alarm) -> str:
        """Asked once for each alarm: what was likely when it was raised stays written beside it."""
        declared = self._live.site.declared.get(alarm.type)
        ask = declared.presenter.cause if declared and declared.presenter else None
        if declared is None or ask is None:
            return ""
        with self._lock:
            if alarm.id not in self._causes:
                self._causes[alarm.id] = ask(self._live.handle(declared, alarm.twin), alarm)
                while len(self._causes) > CAUSES:
                    del self._causes[next(iter(self._causes))]
            return self._causes[alarm.id]

    def scene(self, type_: str, twin: str) -> bytes | None:
        presenter = self._live.site.declared[type_].presenter
        return presenter.scene(twin) if presenter and presenter.scene else None

    def fleet(self, type_: str, *, at: int | None = None) -> Fleet | None:
        return None

    def wall(self, name: str) -> Wall | None:
        for declared in self._live.site.declared.values():
            if declared.presenter and declared.presenter.wall:
                found = declared.presenter.wall(name)
                if found is not None:
                    return msgspec.convert(found, Wall)
        return None
