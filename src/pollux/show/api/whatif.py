"""What-if: forks with their runs, and advice. A fork inherits the rights of its twin."""

from collections.abc import Collection
from typing import Any

from msgspec import structs

from pollux.errors import DataRefused
from pollux.show.api import seen, sensitivity
from pollux.show.asks import AdviceAsk, AtQuery, ForkAsk, NoQuery, Reason, RunAsk
from pollux.show.documents.acting import ActionCheck
from pollux.show.documents.common import Action, Ask, Offered, Reference
from pollux.show.documents.whatif import Card, CardList, Comparison, Fork, ForkList
from pollux.show.problems import absent
from pollux.show.routes import Call, Reply, moment

_REASONS = (
    Offered(value="not at this moment", label="Not at this moment"),
    Offered(value="known better", label="Something is known that the twin does not know"),
)
_WHY_NOT = Ask(key="reason", label="Reason, required...", kind="choice", choices=_REASONS, free=True)


def read_forks(call: Call[AtQuery, None]) -> ForkList:
    """The forks of a twin, newest first."""
    seen.require_twin(call, call.type, call.id)
    forks = seen.offered(call.tenancy.forks).list(call.type.name, call.id, at=moment(call.query.at, "?at"))
    return ForkList(forks=tuple(forks))


def make_fork(call: Call[NoQuery, ForkAsk]) -> Reply:
    """Fork the twin; with choices a run starts at once."""
    seen.require_twin(call, call.type, call.id)
    fork = seen.offered(call.tenancy.forks).make(call.type.name, call.id, call.body, who=call.identity)
    return _look_at(fork, 202 if call.body.choices else 201)


def run_fork(call: Call[NoQuery, RunAsk]) -> Reply:
    """Run the fork ahead; look at it for progress."""
    fork = seen.fork(call, "propose")
    body = call.body
    if not body.choices and not body.settings:
        raise DataRefused("expected choices or settings to try, got none", at="$.choices")
    seen.offered(call.tenancy.forks).run(fork.id, body, who=call.identity)
    return _look_at(fork.id, 202)


def read_fork(call: Call[NoQuery, None]) -> Fork:
    """A fork with what its run has shown so far, as far as the signals of its twin may be seen."""
    fork = seen.fork(call, "read")
    type_name, _, twin = fork.twin.partition("/")
    type_ = call.type_named(type_name)
    seen.looked(call, type_, twin)
    if call.sight.may("read", f"{fork.twin}/*"):
        return sensitivity.with_button(call, fork, type_)
    return as_seen(fork, {type_.fields[place].name for place in call.sight.fields(type_, twin)})


def as_seen(fork: Fork, names: Collection[str]) -> Fork:
    """A fork with nothing of it but these signals."""
    fans = {key: {name: fan for name, fan in fans.items() if name in names} for key, fans in fork.fans.items()}
    chances = {key: {name: one for name, one in found.items() if name in names} for key, found in fork.chances.items()}
    table = fork.table
    if table is not None:
        groups = tuple(
            structs.replace(group, rows=tuple(row for row in group.rows if row.signal in names))
            for group in table.groups
        )
        table = Comparison(note=table.note, groups=tuple(group for group in groups if group.rows))
    return structs.replace(fork, fans=fans, chances=chances, table=table, actions=())


def drop_fork(call: Call[NoQuery, None]) -> Reply:
    """Forget the fork, and stop its run."""
    fork = seen.fork(call, "propose").id
    seen.offered(call.tenancy.forks).drop(fork, who=call.identity)
    if call.tenancy.sensitivities is not None:
        call.tenancy.sensitivities.drop(fork)
    return Reply(None, 204)


def read_cards(call: Call[AtQuery, None]) -> CardList:
    """The recommendations for a twin, newest first."""
    seen.require_twin(call, call.type, call.id)
    _require_advice(call)
    seen.looked(call, call.type, call.id)
    at = moment(call.query.at, "?at")
    cards = seen.offered(call.tenancy.advisor).cards(call.type.name, call.id, at=at)
    return CardList(cards=tuple(_with_actions(call, card, live=at is None) for card in cards))


def read_card(call: Call[NoQuery, None]) -> Reply:
    """One recommendation; 202 while it is being weighed."""
    seen.require_twin(call, call.type, call.id)
    _require_advice(call)
    seen.looked(call, call.type, call.id)
    card = seen.offered(call.tenancy.advisor).find(call.type.name, call.id, call.path["card"])
    return Reply(_with_actions(call, card, live=True), 202 if card.state == "running" else 200)


def ask_advice(call: Call[NoQuery, AdviceAsk]) -> Reply:
    """Start weighing; look at the card for the answer."""
    seen.require_twin(call, call.type, call.id)
    if not call.body.gain and not call.body.loss:
        raise DataRefused("expected a gain or a loss, got neither", at="$.gain", hint="what is worth what?")
    card = seen.offered(call.tenancy.advisor).advise(call.type.name, call.id, call.body, who=call.identity)
    href = f"twins/{call.twin}/advice/{card}"
    return Reply(Reference(id=card, href=href), 202, ((b"location", f"/api/v1/{href}".encode()),))


def decline(call: Call[NoQuery, Reason]) -> Reply:
    """Put a card aside, with the reason."""
    if not call.body.reason.strip():
        raise DataRefused("expected a reason, got none", at="$.reason")
    advisor = seen.offered(call.tenancy.advisor)
    advisor.decline(call.type.name, call.id, call.path["card"], call.body.reason.strip(), who=call.identity)
    return Reply(None, 204)


def _require_advice(call: Call[Any, None]) -> None:
    # A card speaks of the twin as a whole: seeing one signal of it is not enough.
    if not call.may("read", "advice"):
        raise absent()


def _with_actions(call: Call[Any, None], card: Card, *, live: bool) -> Card:
    if card.state != "open" or not live or not call.may("propose", "advice"):
        return structs.replace(card, check=None, actions=())
    href = f"twins/{call.twin}/advice/{card.id}/decline"
    check = None
    if call.tenancy.desk is not None and card.option is not None:
        check = ActionCheck(href=f"twins/{call.twin}/checks", body={"advice": card.id}, label="Check before signing...")
    return structs.replace(
        card, check=check, actions=(Action(key="decline", label="Not now...", href=href, asks=(_WHY_NOT,)),)
    )


def _look_at(fork: str, status: int) -> Reply:
    reference = Reference(id=fork, href=f"forks/{fork}")
    return Reply(reference, status, ((b"location", f"/api/v1/forks/{fork}".encode()),))
