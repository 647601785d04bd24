"""Finished runs and their recommendations as the log keeps them: plain documents, in bounded number.

What somebody saw of the futures stays what it was: a run is written when it has ended, with its bands, its comparison
and the effects it foresees, and is never computed again. So fans, cards and what was signed on them survive a restart
and stand in the past where they were known.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, Final, final

import msgspec

from pollux.act import Effect
from pollux.errors import NotFound
from pollux.show.documents.whatif import Card, Fork, ForkRow

KEPT: Final = 200
"""Runs of a tenant that are remembered; with each goes its card."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of a run: how it is called, what it sets in the units of the columns, what it foresees."""

    id: str
    label: str
    values: dict[str, float]
    effects: tuple[Effect, ...] = ()


@final
class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has ended, with the card that came of it; `choice` is the choice that the card recommends."""

    type: str
    twin: str
    made: int
    fork: Fork
    tried: tuple[Tried, ...] = ()
    card: Card | None = None
    choice: int | None = None
    kept: bool = False

    @property
    def id(self) -> str:
        """The name of the fork."""
        return self.fork.id

    @property
    def row(self) -> ForkRow:
        """As it stands in a list."""
        fork = self.fork
        return ForkRow(id=fork.id, title=fork.title, made=fork.made, state=fork.state, kept=self.kept)


@final
class Shelf:
    """The finished runs of a tenant, oldest first."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, Finished] = OrderedDict()

    def __iter__(self) -> Iterator[Finished]:
        return iter(self._runs.values())

    def put(self, run: Finished) -> None:
        """Keep a run; its card takes the place of the open one of the same twin, and the oldest runs make room."""
        if run.card is not None:
            for other in self.of(run.type, run.twin):
                if other.card is not None and other.card.state == "open":
                    self._runs[other.id] = _with(other, state="expired")
        self._runs[run.id] = run
        self._runs.move_to_end(run.id)
        while len(self._runs) > KEPT:
            self._runs.popitem(last=False)

    def of(self, type_: str, twin: str) -> list[Finished]:
        """The runs of one twin, oldest first."""
        return [run for run in self._runs.values() if (run.type, run.twin) == (type_, twin)]

    def find(self, fork: str) -> Finished | None:
        """A run by the name of its fork; None where there is none."""
        return self._runs.get(fork)

    def card(self, type_: str, twin: str, card: str) -> Finished:
        """The run of a card; raises NotFound."""
        for run in self.of(type_, twin):
            if run.card is not None and run.card.id == card:
                return run
        raise NotFound(f"no card {card!r}", at=f"{type_}/{twin}")

    def drop(self, fork: str) -> None:
        """Forget a run that nobody acted on; a card is never deleted, so one that bears it stays."""
        found = self._runs.get(fork)
        if found is not None and found.card is None:
            del self._runs[fork]
        elif found is not None:
            self._runs[fork] = msgspec.structs.replace(found, kept=False)

    def turn(self, type_: str, twin: str, card: str, *, state: str, text: str | None = None) -> None:
        """What has become of a card."""
        run = self.card(type_, twin, card)
        self._runs[run.id] = _with(run, state=state, text=text)

    def freeze(self) -> bytes:
        """As bytes."""
        return msgspec.msgpack.encode(list(self._runs.values()))

    def restore(self, frozen: bytes) -> None:
        """What was frozen."""
        for run in msgspec.msgpack.decode(frozen, type=list[Finished]):
            self._runs[run.id] = run


def apply_run(shelf: Shelf, body: Mapping[str, Any]) -> str:
    """Take a logged step of a run or a card: the twin that it concerns, "Type/id"."""
    match body["action"]:
        case "finish":
            shelf.put(msgspec.convert(body["run"], Finished))
        case "drop":
            shelf.drop(str(body["fork"]))
        case _:
            text = body.get("text")
            shelf.turn(body["type"], body["twin"], body["card"], state=str(body["action"]), text=text)
    return f"{body['type']}/{body['twin']}"


def _with(run: Finished, *, state: str, text: str | None = None) -> Finished:
    assert run.card is not None
    changed = {"state": state} if text is None else {"state": state, "text": text}
    return msgspec.structs.replace(run, card=msgspec.structs.replace(run.card, **changed))
