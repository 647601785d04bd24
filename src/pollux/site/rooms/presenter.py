"""How a domain wants its twins shown: its plain documents as the server's."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, final

import msgspec

from pollux.show.documents.fleet import Fleet, Wall
from pollux.show.documents.twins import View
from pollux.show.facts import Caption, Remark

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


@final
class PresenterRoom:
    """Asks the presenter of each type; what it leaves out the server makes from the type."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live

    def caption(self, type_: str, twin: str) -> Caption | None:
        presenter = self._live.site.declared[type_].presenter
        return Caption(*presenter.caption(twin)) if presenter and presenter.caption else None

    def view(self, type_: str, twin: str, *, at: int | None = None) -> View | None:
        presenter = self._live.site.declared[type_].presenter
        return msgspec.convert(presenter.view(twin), View) if presenter and presenter.view else None

    def remarks(self, type_: str, twin: str, *, at: int | None = None) -> Mapping[str, Remark]:
        return {}

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
