"""Recommendation cards: kept with the runs they rest on, later shown beside what really happened."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import msgspec

from pollux.clock import SECOND
from pollux.guard import Identity
from pollux.remember import Note
from pollux.show.asks import AdviceAsk
from pollux.show.documents.whatif import Card
from pollux.site.rooms.cards import card_id, running_card
from pollux.site.shelf import Finished

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


@final
class AdvisorRoom:
    """The cards of a tenant, newest first; what becomes of one is an entry of the log."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live

    def cards(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Card]:
        live = self._live
        now = (live.clock.now() if at is None else at) / SECOND
        estate = live.estate if at is None else live.as_of.estate(at, None)
        with live.pipe.lock:
            mine = [run.card for run in estate.shelf.of(type_, twin) if run.card is not None]
        return [_aged(one, now) for one in reversed(mine)]

    def find(self, type_: str, twin: str, card: str) -> Card:
        running = self._live.rooms.forks.running(type_, twin)
        for record in running:
            if card_id(record.id) == card:
                return running_card(record)
        found = self.kept(type_, twin, card).card
        assert found is not None
        return _aged(found, self._live.clock.now() / SECOND)

    def kept(self, type_: str, twin: str, card: str) -> Finished:
        """A card with the run that it rests on; raises NotFound."""
        with self._live.pipe.lock:
            return self._live.estate.shelf.card(type_, twin, card)

    def advise(self, type_: str, twin: str, ask: AdviceAsk, *, who: Identity) -> str:
        return card_id(self._live.rooms.forks.weigh(type_, twin, ask))

    def decline(self, type_: str, twin: str, card: str, reason: str, *, who: Identity) -> None:
        self._turn(type_, twin, card, "declined", who=who, text=f"declined by {who.name}: {reason}")

    def acted(self, type_: str, twin: str, card: str, *, who: Identity) -> None:
        """Somebody has signed what a card recommends."""
        self._turn(type_, twin, card, "acted", who=who)

    def _turn(self, type_: str, twin: str, card: str, action: str, *, who: Identity, text: str | None = None) -> None:
        live = self._live
        self.kept(type_, twin, card)
        body = {"at": live.clock.now(), "type": type_, "twin": twin, "action": action, "card": card, "who": who.name}
        if text is not None:
            body["text"] = text
        live.note(Note("run", body, live.estate.tenant, live.subject_of(type_, twin))).wait()
        live.news.say("advice", f"{type_}/{twin}")


def _aged(card: Card, now: float) -> Card:
    if card.state == "open" and card.expires is not None and card.expires <= now:
        return msgspec.structs.replace(card, state="expired")
    return card
