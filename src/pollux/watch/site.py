"""Alarms about the site itself: no rule finds them in values, so entries of the log say when they begin and end."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pollux.watch.alarms import Alarm, AlarmBook, identity

SITE: Final = "this-site"
"""The type of an alarm about the site: no twin type can have this name."""

HOUSE: Final = "identity"
"""What such an alarm is about where it is no device's: it concerns every twin."""


def site_alarm(book: AlarmBook, body: Mapping[str, Any]) -> tuple[Alarm, ...]:
    """Raise an alarm, or end the one of an id; what is known already, and what has ended, changes nothing.

    >>> book = AlarmBook()
    >>> about = {"twin": "identity", "rule": "server-ends-soon", "severity": "high", "title": "It ends", "detail": ""}
    >>> [raised] = site_alarm(book, {"action": "raise", "at": 5, **about})
    >>> site_alarm(book, {"action": "end", "at": 9, "id": raised.id})[0].state
    'returned'
    """
    at = int(body["at"])
    if body["action"] == "raise":
        return _raised(book, body, at)
    found = next((alarm for alarm in book if alarm.id == body["id"]), None)
    if found is None or found.cleared:
        return ()
    ended = replace(found, cleared=at)
    book.put(ended)
    return (ended,)


def _raised(book: AlarmBook, body: Mapping[str, Any], at: int) -> tuple[Alarm, ...]:
    twin, rule = str(body["twin"]), str(body["rule"])
    name = identity(SITE, twin, rule, at)
    if book.known(name):
        return ()
    alarm = Alarm(name, SITE, twin, rule, "", body["severity"], str(body["title"]), str(body["detail"]), math.nan, at)
    book.put(alarm)
    return (alarm,)
