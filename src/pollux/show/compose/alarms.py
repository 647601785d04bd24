"""Alarms as rows, with the actions that somebody may take."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from pollux.show.documents import alarms as out
from pollux.show.documents.common import Action, Ask, Offered
from pollux.show.routes import known, seconds
from pollux.watch import Alarm
from pollux.watch.alarms import State

RowState = Literal["raised", "acknowledged", "shelved", "gone"]

STATES: Final[dict[State, RowState]] = {
    "unacknowledged": "raised",
    "acknowledged": "acknowledged",
    "shelved": "shelved",
    "returned": "gone",
    "over": "gone",
}
_REASONS: Final = (
    Offered(value="seen, being looked at", label="Seen, being looked at"),
    Offered(value="known cause", label="Known cause"),
    Offered(value="sensor at fault", label="Sensor at fault"),
)
_REASON: Final = Ask(key="reason", label="Reason, required...", kind="choice", choices=_REASONS, free=True)
_DURATION: Final = Ask(
    key="duration",
    label="For how long",
    kind="duration",
    choices=(
        Offered(value=900.0, label="15 minutes"),
        Offered(value=3_600.0, label="1 hour"),
        Offered(value=8 * 3_600.0, label="8 hours"),
        Offered(value=86_400.0, label="1 day"),
    ),
)


def twin_of(alarm: Alarm) -> str:
    """The full name of the twin that an alarm is about."""
    return f"{alarm.type}/{alarm.twin}"


def row(alarm: Alarm, *, may_act: bool, cause: str = "") -> out.AlarmRow:
    """One alarm; `may_act` whether its reader may acknowledge and shelve it, `cause` what is likely behind it."""
    return out.AlarmRow(
        id=alarm.id,
        twin=twin_of(alarm),
        severity=alarm.severity,
        state=STATES[alarm.state],
        title=alarm.title or alarm.rule,
        text=_text(alarm, cause),
        t=seconds(alarm.raised),
        until=known(alarm.shelved_until),
        measure=None if alarm.confirmed else "not confirmed",
        signal=alarm.signal or None,
        part=None,
        actions=_actions(alarm) if may_act else (),
    )


def alarm_list(rows: Sequence[out.AlarmRow]) -> out.AlarmList:
    """Alarms under a line that counts them."""
    return out.AlarmList(summary=summary(row.state for row in rows), alarms=tuple(rows))


def summary(states: Iterable[RowState]) -> str:
    """How many alarms are in which state.

    >>> summary(["raised", "gone", "shelved"]), summary([])
    ('2 need somebody · 1 shelved', 'nothing needs attention')
    """
    listed = [*states]
    need = sum(state in ("raised", "gone") for state in listed)
    parts = [
        (need, f"{need} need{'s' if need == 1 else ''} somebody"),
        (listed.count("acknowledged"), f"{listed.count('acknowledged')} acknowledged"),
        (listed.count("shelved"), f"{listed.count('shelved')} shelved"),
    ]
    return " · ".join(text for n, text in parts if n) or "nothing needs attention"


def _text(alarm: Alarm, cause: str) -> str:
    parts = [alarm.severity.capitalize(), alarm.detail, cause]
    if alarm.acknowledged_at:
        parts.append(f"acknowledged by {alarm.acknowledged_by}: {alarm.reason}")
    elif alarm.shelved_until:
        parts.append(f"shelved by {alarm.shelved_by}: {alarm.reason}")
    if alarm.cleared:
        parts.append("over, and nobody has seen it" if not alarm.acknowledged_at else "over")
    return " · ".join(part for part in parts if part)


def _actions(alarm: Alarm) -> tuple[Action, ...]:
    found: list[Action] = []
    if not alarm.acknowledged_at:
        found.append(Action(key="ack", label="Acknowledge", href=f"alarms/{alarm.id}/ack", asks=(_REASON,)))
    if not alarm.shelved_until and not alarm.cleared:
        asks = (_REASON, _DURATION)
        found.append(Action(key="shelve", label="Shelve...", href=f"alarms/{alarm.id}/shelve", asks=asks))
    return tuple(found)
