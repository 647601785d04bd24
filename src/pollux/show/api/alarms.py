"""Alarms, and why data do not arrive."""

from typing import TypeVar

from msgspec import Struct

from pollux.clock import SECOND
from pollux.errors import DataRefused
from pollux.show.api import seen
from pollux.show.asks import AlarmsQuery, AtQuery, LostQuery, NoQuery, Reason, Shelve
from pollux.show.compose import alarms as compose
from pollux.show.compose import scores as scores_compose
from pollux.show.compose.reception import reception, refusals
from pollux.show.compose.words import count
from pollux.show.documents.alarms import AlarmList, AlarmRow, Lost, Reception, ScoreList
from pollux.show.problems import absent
from pollux.show.routes import Call, moment, seconds
from pollux.watch import Alarm

_Query = TypeVar("_Query", bound=Struct)
_Body = TypeVar("_Body")


def read_alarms(call: Call[AlarmsQuery, None]) -> AlarmList:
    """The open alarms that may be seen; of one twin also those of the site that concern it."""
    at, twin = moment(call.query.at, "?at"), call.query.twin
    found = [alarm for alarm in seen.alarms(call, at) if twin is None or seen.concerns(call, alarm, twin)]
    # The past cannot be acted on.
    presenter = call.tenancy.presenter
    causes = {one.id: presenter.cause(one) if presenter and at is None else "" for one in found}
    return compose.alarm_list(
        [compose.row(one, may_act=at is None and _may_act(call, one), cause=causes[one.id]) for one in found]
    )


def acknowledge(call: Call[NoQuery, Reason]) -> AlarmRow:
    """Say that somebody has seen it, and why it may stand."""
    alarm = _found(call)
    changed = call.tenancy.alarms.acknowledge(alarm.id, who=call.identity, reason=call.body.reason)
    return compose.row(changed, may_act=True)


def shelve(call: Call[NoQuery, Shelve]) -> AlarmRow:
    """Put it out of sight for a while."""
    alarm, body = _found(call), call.body
    until = moment(body.until, "$.until")
    if until is None:
        if body.duration is None:
            raise DataRefused("expected a duration in seconds, or until when", at="$.duration")
        until = call.now + round(body.duration * SECOND)
    changed = call.tenancy.alarms.shelve(alarm.id, who=call.identity, reason=body.reason, until=until)
    return compose.row(changed, may_act=True)


def read_scores(call: Call[AtQuery, None]) -> ScoreList:
    """The scores that a domain counts of a twin; one tells its inputs, so whoever may read them all sees it."""
    type_, twin, at = call.type, call.id, moment(call.query.at, "?at")
    seen.require_twin(call, type_, twin)
    seen.looked(call, type_, twin)
    presenter = call.tenancy.presenter
    found = presenter.scores(type_.name, twin, at=at) if presenter else ()
    rows = tuple(
        scores_compose.row(score)
        for score in found
        if all(call.sight.field(type_, twin, one.signal) for one in score.inputs)
    )
    return ScoreList(at=seconds(call.now if at is None else at), scores=rows)


def read_refusals(call: Call[AtQuery, None]) -> Reception | None:
    """Where the twin's data are lost; null when all arrives."""
    seen.require_twin(call, call.type, call.id)
    if not call.may("read", "refusals"):
        raise absent()
    fact = call.tenancy.receptions.of(call.type.name, call.id, at=moment(call.query.at, "?at"))
    return reception(fact, call.id)


def read_lost(call: Call[LostQuery, None]) -> Lost:
    """What was refused of all senders, also for twins that there are none of."""
    found = call.tenancy.receptions.lost(call.query.limit)
    if any(type_.personal for type_ in call.tenancy.twins.types()):
        seen.noted([call.tenancy.audit.looked(call.identity, "refusals")])
    return Lost(summary=count(len(found), "refusal") if found else "nothing was refused", faults=refusals(found))


def _found(call: Call[_Query, _Body]) -> Alarm:
    alarm = call.tenancy.alarms.find(call.path["alarm"])
    if not seen.alarm_seen(call, alarm, seen.types(call)) or not _may_act(call, alarm):
        raise absent()
    return alarm


def _may_act(call: Call[_Query, _Body], alarm: Alarm) -> bool:
    return call.sight.may("command", f"{alarm.type}/{alarm.twin}/alarms")
