"""Recommendation cards: made from the comparison of a run, kept, and later shown beside what really happened."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import msgspec

from pollux.clock import DAY, SECOND
from pollux.errors import NotFound
from pollux.guard import Identity
from pollux.show.asks import AdviceAsk
from pollux.show.documents.common import Line, Note
from pollux.show.documents.whatif import Card, Fork
from pollux.site.rooms.runs import KEYS, RunRecord

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

KEPT = 200


@final
@dataclass(frozen=True, slots=True)
class Kept:
    """A card with the run it rests on and the choice it recommends."""

    card: Card
    record: RunRecord
    choice: int | None


@final
class AdvisorRoom:
    """The cards of a tenant, newest first; at most 200 are kept."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._cards: list[Kept] = []

    def cards(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Card]:
        now = self._live.clock.now() / SECOND
        limit = None if at is None else at / SECOND
        with self._lock:
            mine = [one.card for one in self._cards if (one.record.type, one.record.twin) == (type_, twin)]
        mine = [one for one in mine if limit is None or one.made <= limit]
        return [_aged(one, now) for one in reversed(mine)]

    def find(self, type_: str, twin: str, card: str) -> Card:
        return self.kept(type_, twin, card).card

    def kept(self, type_: str, twin: str, card: str) -> Kept:
        """A card with what it rests on; raises NotFound."""
        with self._lock:
            for one in self._cards:
                if one.card.id == card and (one.record.type, one.record.twin) == (type_, twin):
                    return one
        raise NotFound(f"no card {card!r}", at=f"{type_}/{twin}")

    def advise(self, type_: str, twin: str, ask: AdviceAsk, *, who: Identity) -> str:
        run = self._live.rooms.forks.try_all(type_, twin)
        return f"R-{run.removeprefix('F-')}"

    def decline(self, type_: str, twin: str, card: str, reason: str, *, who: Identity) -> None:
        self._change(self.kept(type_, twin, card), state="declined", text=f"declined by {who.name}: {reason}")

    def acted(self, type_: str, twin: str, card: str) -> None:
        """Somebody has signed what a card recommends."""
        self._change(self.kept(type_, twin, card), state="acted")

    def consider(self, record: RunRecord) -> None:
        """A run has ended: what it recommends becomes a card, which replaces the open one of the twin."""
        if record.state != "done" or record.futures is None:
            return
        lab = self._live.labs[record.type]
        first = record.ranking[0] if record.ranking else None
        document = record.document(lab)
        card = Card(
            id=f"R-{record.id.removeprefix('F-')}",
            state="open",
            option=KEYS[first] if first is not None and record.choices[first].values else None,
            fork=record.id,
            rank="Ranked first under these assumptions" if first is not None else "Nothing is recommended",
            title="Nothing may be recommended" if first is None else record.choices[first].label,
            text="" if first is None else record.choices[first].detail,
            made=record.made / SECOND,
            expires=(record.made + DAY) / SECOND,
            lines=_lines(document, first),
            notes=_notes(record, lab.assumptions, lab.not_modelled, lab.sources),
        )
        with self._lock:
            same = (record.type, record.twin)
            self._cards = [
                replace(one, card=msgspec.structs.replace(one.card, state="expired"))
                if one.card.state == "open" and (one.record.type, one.record.twin) == same
                else one
                for one in self._cards
            ][-KEPT:]
            self._cards.append(Kept(card, record, first))
        self._live.news.say("advice", f"{record.type}/{record.twin}")

    def _change(self, kept: Kept, *, state: str, text: str | None = None) -> None:
        card = msgspec.structs.replace(kept.card, state=state, text=kept.card.text if text is None else text)
        with self._lock:
            self._cards = [replace(one, card=card) if one is kept else one for one in self._cards]
        self._live.news.say("advice", f"{kept.record.type}/{kept.record.twin}")


def _aged(card: Card, now: float) -> Card:
    if card.state == "open" and card.expires is not None and card.expires <= now:
        return msgspec.structs.replace(card, state="expired")
    return card


def _lines(document: Fork, first: int | None) -> tuple[Line, ...]:
    """The compared figures of the recommended option, risks beside those of going on as it is."""
    if first is None or document.table is None:
        return ()
    lines: list[Line] = []
    for group in document.table.groups:
        for row in group.rows if group.title != "Gate" else ():
            cell, keep = row.cells[KEYS[first]], row.cells["0"]
            before = keep.value if group.title == "Risk" and first else None
            lines.append(
                Line(
                    label=row.label,
                    value=cell.value,
                    from_=before,
                    unit=row.unit,
                    lo=cell.lo,
                    hi=cell.hi,
                    signed=row.signed,
                    step=row.step,
                    text=cell.text,
                    detail=cell.detail,
                )
            )
    return tuple(lines)


def _notes(record: RunRecord, assumptions: str, not_modelled: str, sources: str) -> tuple[Note, ...]:
    closed = [
        f"{choice.label}: {gate.reason or unranked}"
        for choice, gate, unranked in zip(record.choices, record.gates, record.unranked, strict=True)
        if not gate.open or unranked
    ]
    weighed = f"{len(record.choices) - 1} options" + (f"; not recommended: {'; '.join(closed)}" if closed else "")
    told = (
        ("Assumptions", assumptions),
        ("Also weighed", weighed),
        ("Not modelled", not_modelled),
        ("Sources", sources),
    )
    return tuple(Note(title=title, text=text) for title, text in told if text)
