"""What the caller may see of things that are not values: alarms, orders, captions; and the note that it was seen."""

from collections.abc import Iterable
from typing import Any, Final, Literal, TypeVar

from pollux.act import Order
from pollux.errors import Overloaded
from pollux.guard.policy import covers
from pollux.show.compose.alarms import twin_of
from pollux.show.compose.view import plain_caption
from pollux.show.documents.whatif import Fork
from pollux.show.facts import Caption, TwinType
from pollux.show.house import Noted
from pollux.show.problems import absent
from pollux.show.routes import Call
from pollux.watch import Alarm
from pollux.watch.site import HOUSE, SITE

AnyCall = Call[Any, Any]
_Part = TypeVar("_Part")

NOTED_WITHIN: Final = 5.0
"""Seconds that an answer waits for the disk."""


def offered(part: _Part | None) -> _Part:
    """A part that this tenant may not have; what is not there answers like what may not be seen."""
    if part is None:
        raise absent()
    return part


def types(call: AnyCall) -> dict[str, TwinType]:
    """The tenant's types by name."""
    return {one.name: one for one in call.tenancy.twins.types()}


def alarm_seen(call: AnyCall, alarm: Alarm, kinds: dict[str, TwinType]) -> bool:
    """Whether an alarm may be seen: it says the value of its signal, so whoever may read that; administrators alone
    where it is about the site itself."""
    if alarm.type == SITE:
        return call.sight.may("admin", f"{alarm.type}/{alarm.twin}/alarms")
    type_ = kinds.get(alarm.type)
    if type_ is None:
        return False
    if alarm.signal in type_.index:
        return call.sight.field(type_, alarm.twin, alarm.signal)
    return call.sight.may("read", f"{alarm.type}/{alarm.twin}/alarms")


def alarms(call: AnyCall, at: int | None, twin: str | None = None) -> list[Alarm]:
    """The open alarms of all twins or of one that may be seen, in the order to be shown."""
    kinds = types(call)
    found = (alarm for alarm in call.tenancy.alarms.list(at=at) if twin is None or twin_of(alarm) == twin)
    return [alarm for alarm in found if alarm_seen(call, alarm, kinds)]


def concerns(call: AnyCall, alarm: Alarm, twin: str) -> bool:
    """Whether an alarm belongs beside a twin: it is the twin's, or the site's own about all or about its device."""
    if alarm.type != SITE:
        return twin_of(alarm) == twin
    device = call.house.accounts.find(alarm.twin, tenant=call.identity.tenant)
    return alarm.twin == HOUSE or (device is not None and any(covers(pattern, twin) for pattern in device.twins))


def order_seen(call: AnyCall, order: Order) -> bool:
    """Whether an order may be seen: it says what its parameters are to become."""
    place = f"{order.type}/{order.twin}"
    names = [name for name, _ in order.params] or [order.name]
    return all(call.sight.may("read", f"{place}/{name}") for name in names)


def caption(call: AnyCall, type_: TwinType, twin: str) -> Caption:
    """What the twin is called, for this caller."""
    presenter = call.tenancy.presenter
    own = presenter.caption(type_.name, twin) if presenter and call.sight.caption(type_, twin) else None
    return own or plain_caption(type_, twin)


def looked(call: AnyCall, type_: TwinType, twin: str) -> None:
    """Write down that personal data are shown, before they are; what cannot be written down is not shown.

    Waits for the disk, so only in a slow route. Raises Overloaded and StorageFailed.
    """
    looked_at(call, [(type_, twin)])


def looked_at(call: AnyCall, twins: Iterable[tuple[TwinType, str]]) -> None:
    """The same for several twins, which wait together."""
    targets = [f"{type_.name}/{twin}" for type_, twin in twins if type_.personal]
    noted([call.tenancy.audit.looked(call.identity, target) for target in targets])


def noted(entries: Iterable[Noted | None]) -> None:
    """Wait until entries of the audit trail are durable; raises Overloaded when that takes too long."""
    for entry in entries:
        if entry is not None and not entry.wait(NOTED_WITHIN):
            raise Overloaded(
                "who looks could not be written down", retry_after=1.0, hint="the log's disk is full, or too slow"
            )


def require_twin(call: AnyCall, type_: TwinType, twin: str) -> None:
    """The twin exists and something of it may be seen, or there is nothing here."""
    if not call.sight.sees(type_, twin):
        raise absent()
    call.tenancy.twins.presence(type_.name, [twin])


def fork(call: AnyCall, action: Literal["read", "propose"]) -> Fork:
    """The fork in the path, for whoever sees something of its twin or may try something on it."""
    found = offered(call.tenancy.forks).find(call.path["fork"])
    type_name, _, twin = found.twin.partition("/")
    if not call.sight.sees(call.type_named(type_name), twin):
        raise absent()
    if action == "propose" and not call.sight.may("propose", f"{found.twin}/forks"):
        raise absent()
    return found
