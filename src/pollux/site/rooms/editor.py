"""Making, changing and removing twins by hand or by program."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from pollux.check.ids import fault
from pollux.errors import DataRefused, NotFound
from pollux.guard import Identity
from pollux.remember import Note

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

Scalar = float | str | bool
SELF = "site"


@final
class EditorRoom:
    """Each change is in the log, and durable, before the call returns."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live

    def put(self, type_: str, twin: str, facts: Mapping[str, Scalar], *, who: Identity) -> bool:
        new = twin not in self._live.rooms.twins.ids(type_)
        self._note(type_, _plain(twin), "put", facts, who.name)
        return new

    def tell(self, type_: str, twin: str, facts: Mapping[str, Scalar]) -> None:
        """What the program that runs the site tells of a twin, which is made where there is none."""
        self._note(type_, _plain(twin), "put", facts, SELF)

    def change(self, type_: str, twin: str, facts: Mapping[str, Scalar | None], *, who: Identity) -> None:
        with self._live.pipe.lock:
            self._live.estate.blocks[type_].row(twin)
        self._note(type_, twin, "change", facts, who.name)

    def remove(self, type_: str, twin: str, *, who: Identity) -> None:
        with self._live.pipe.lock:
            self._live.estate.blocks[type_].row(twin)
        self._note(type_, twin, "remove", {}, who.name)

    def _note(self, type_: str, twin: str, action: str, facts: Mapping[str, Scalar | None], who: str) -> None:
        live = self._live
        declared = live.site.declared.get(type_)
        if declared is None:
            raise NotFound(f"no type {type_!r}")
        for name in facts:
            signal = declared.schema.signal(name)
            if signal.role not in ("fact", "parameter"):
                raise DataRefused(
                    f"expected a fact or a parameter, got the {signal.role} {name}", at=f"{type_}/{twin}",
                    hint="sensors tell, hidden states are inferred, actuators are ordered",
                )  # fmt: skip
        body: dict[str, Any] = {"type": type_, "twin": twin, "action": action, "values": dict(facts), "who": who}
        body["at"] = live.clock.now()
        live.note(Note("twin", body, live.estate.tenant, live.subject_of(type_, twin))).wait()


def _plain(id_: str) -> str:
    found = fault(id_)
    if found is not None:
        raise DataRefused(found, at=id_)
    return id_
