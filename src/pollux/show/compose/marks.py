"""What stands on the time bar: alarms when they were raised, orders at their last step."""

from collections.abc import Iterable, Sequence

from pollux.act import Order
from pollux.show.compose.alarms import STATES
from pollux.show.compose.history import gaps_of
from pollux.show.documents.past import Mark, Marks
from pollux.show.facts import GapFact
from pollux.show.routes import seconds
from pollux.watch import Alarm


def marks(alarms: Iterable[Alarm], orders: Iterable[Order], gaps: Sequence[GapFact], *, start: int, end: int) -> Marks:
    """The marks in [start, end), in order of time."""
    found = [of_alarm(alarm) for alarm in alarms if start <= alarm.raised < end]
    found += [of_order(order) for order in orders if start <= last_step(order) < end]
    return Marks(marks=tuple(sorted(found, key=lambda mark: mark.t)), gaps=gaps_of(gaps))


def of_alarm(alarm: Alarm) -> Mark:
    """An alarm as a mark."""
    text = alarm.title or alarm.rule
    state = STATES[alarm.state]
    return Mark(t=seconds(alarm.raised), kind="alarm", severity=alarm.severity, state=state, text=text, ref=alarm.id)


def of_order(order: Order) -> Mark:
    """An order as a mark at its last step."""
    text = f"{order.id}: {order.state}"
    at = seconds(last_step(order))
    return Mark(t=at, kind="order", severity=None, state=order.state, text=text, ref=order.id)


def last_step(order: Order) -> int:
    """When the last thing happened to an order."""
    return order.steps[-1].at if order.steps else order.issued_at
