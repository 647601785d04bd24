"""Making, changing and removing twins by hand or by program."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

from pollux.check.ids import fault
from pollux.errors import DataRefused, NotFound
from pollux.guard import Identity
from pollux.model.schema import Schema
from pollux.remember import Note
from pollux.show.compose.params import inward

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
        self._note(type_, _plain(twin), "put", self._inward(type_, facts), who.name)
        return new

    def tell(self, type_: str, twin: str, facts: Mapping[str, Scalar], *, when: int | None = None) -> None:
        """What the program that runs the site tells of a twin, which is made where there is none."""
        self._note(type_, _plain(twin), "put", self._inward(type_, facts), SELF, when=when)

    def change(self, type_: str, twin: str, facts: Mapping[str, Scalar | None], *, who: Identity) -> None:
        with self._live.pipe.lock:
            self._live.estate.blocks[type_].row(twin)
        self._note(type_, twin, "change", self._inward(type_, facts), who.name)

    def remove(self, type_: str, twin: str, *, who: Identity) -> None:
        with self._live.pipe.lock:
            self._live.estate.blocks[type_].row(twin)
        self._note(type_, twin, "remove", {}, who.name)

    def links(self, type_: str) -> Mapping[str, str]:
        declared = self._live.site.declared.get(type_)
        return {} if declared is None else {name: one.to for name, one in declared.schema.links.items()}

    def relate(self, type_: str, twin: str, links: Mapping[str, Sequence[str]], *, who: str = SELF) -> None:
        """Link a twin to others by their ids, in place of those it was linked to; raises DataRefused for strangers."""
        live, known = self._live, self.links(type_)
        for link, ids in links.items():
            if link not in known:
                raise DataRefused(f"expected a link of {type_}, got {link!r}", at=f"{type_}/{twin}")
            if len(ids) > 1 and live.site.declared[type_].schema.links[link].is_single:
                raise DataRefused(f"expected one {known[link]} at most, got {len(ids)}", at=f"{type_}/{twin}.{link}")
            with live.pipe.lock:
                missing = [one for one in ids if one not in live.estate.blocks[known[link]].row_of]
            if missing:
                raise DataRefused(f"expected ids of {known[link]}, got {missing[0]!r}", at=f"{type_}/{twin}.{link}")
        told = {link: list(ids) for link, ids in links.items()}
        body = {"type": type_, "twin": twin, "action": "link", "values": {}, "links": told, "who": who}
        subject = live.subject_of(type_, twin)
        live.note(Note("twin", {**body, "at": live.clock.now()}, live.estate.tenant, subject)).wait()

    def _inward(self, type_: str, facts: Mapping[str, Scalar | None]) -> dict[str, Scalar | None]:
        """What clients say in declared units, in those of columns and of the log."""
        declared = self._live.site.declared.get(type_)
        return {
            name: value if declared is None else _inside(declared.schema, name, value) for name, value in facts.items()
        }

    def _note(
        self,
        type_: str,
        twin: str,
        action: str,
        facts: Mapping[str, Scalar | None],
        who: str,
        *,
        when: int | None = None,
    ) -> None:
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
        if when is not None:
            body["since"] = when
        live.note(Note("twin", body, live.estate.tenant, live.subject_of(type_, twin))).wait()


def _inside(schema: Schema, name: str, value: Scalar | None) -> Scalar | None:
    place = schema.index.get(name)
    return value if place is None or value is None else inward(schema.signals[place], value)


def _plain(id_: str) -> str:
    found = fault(id_)
    if found is not None:
        raise DataRefused(found, at=id_)
    return id_
