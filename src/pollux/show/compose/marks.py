"""What stands on the time bar: alarms when they were raised, orders at their last step."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from pollux.act import Order
from pollux.clock import SECOND
from pollux.show.compose.alarms import STATES
from pollux.show.compose.history import gaps_of
from pollux.show.compose.words import MINUS, stretch
from pollux.show.documents.past import Mark, Marks
from pollux.show.facts import GapFact
from pollux.show.routes import seconds
from pollux.watch import Alarm

_WORDS: Final = {"approved": "signed"}
_CHANGE: Final = re.compile(r".+-(?P<side>rise|fall)-[^-]+-in-(?P<within>\d+)s")
"""The name of a rule about a change, as `pollux.watch` makes it."""
_BY: Final = re.compile(r"(?:up|down) ([\d.]+(?: \S+)?)$")


def marks(alarms: Iterable[Alarm], orders: Iterable[Order], gaps: Sequence[GapFact], *, start: int, end: int) -> Marks:
    """The marks in [start, end), in order of time."""
    found = [of_alarm(alarm) for alarm in alarms if start <= alarm.raised < end]
    found += [of_order(order) for order in orders if start <= last_step(order) < end]
    return Marks(marks=tuple(sorted(found, key=lambda mark: mark.t)), gaps=gaps_of(gaps))


def of_alarm(alarm: Alarm) -> Mark:
    """An alarm as a mark; one about a change says by how much, and since when."""
    short, since = _changed(alarm)
    return Mark(
        t=seconds(alarm.raised),
        kind="alarm",
        severity=alarm.severity,
        state=STATES[alarm.state],
        text=alarm.title or alarm.rule,
        ref=alarm.id,
        signal=alarm.signal or None,
        short=short,
        from_=since,
    )


def _changed(alarm: Alarm) -> tuple[str | None, float | None]:
    """The change that an alarm is about, in a few words, and the beginning of the stretch in which it happened."""
    rule, said = _CHANGE.fullmatch(alarm.rule), _BY.search(alarm.detail)
    if rule is None or said is None:
        return None, None
    within = int(rule["within"]) * SECOND
    sign = "+" if rule["side"] == "rise" else MINUS
    return f"{sign}{said[1]} in {stretch(within)}", seconds(alarm.raised - within)


def of_order(order: Order) -> Mark:
    """An order as a mark at its last step; `ref` says which."""
    text = _WORDS.get(order.state, str(order.state))
    at = seconds(last_step(order))
    return Mark(t=at, kind="order", severity=None, state=order.state, text=text, ref=order.id)


def last_step(order: Order) -> int:
    """When the last thing happened to an order."""
    return order.steps[-1].at if order.steps else order.issued_at
