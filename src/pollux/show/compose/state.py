"""The state of a twin: every value with quality, times, uncertainty and what is to be said beside it."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from pollux.columns.quality import Quality, Reason
from pollux.show.documents import twins as out
from pollux.show.documents.common import QualityWord
from pollux.show.facts import Field, PresenceFact, Remark, Table
from pollux.show.routes import known, seconds
from pollux.watch import Alarm

NO_REMARK: Final = Remark()
STALE_AFTER_MISSING: Final = 2.0
"""A value is stale once it has been due twice."""


def state(
    table: Table,
    column: int,
    fields: Iterable[int],
    *,
    presence: PresenceFact,
    remarks: Mapping[str, Remark],
    alarms: Iterable[Alarm],
) -> out.State:
    """The state of the twin in one column of a table, with the fields at these places."""
    flags = flags_of(alarms)
    values = {table.type.fields[place].name: value(table, place, column, remarks, flags) for place in fields}
    twin = f"{table.type.name}/{table.ids[column]}"
    return out.State(twin=twin, at=seconds(table.time), seq=table.seq, values=values, presence=presence_of(presence))


def value(
    table: Table, place: int, column: int, remarks: Mapping[str, Remark], flags: Mapping[str, out.Flag]
) -> out.Value:
    """One value of a table."""
    field, at = table.type.fields[place], (place, column)
    remark = remarks.get(field.name, NO_REMARK)
    content = _content(table, field, place, column)
    event = int(table.event_time[at])
    quality = Quality(int(table.quality[at])) if content is not None else Quality.MISSING
    return out.Value(
        value=content,
        unit=field.unit,
        role=field.role,
        quality=word(quality),
        reason=reason(quality, Reason(int(table.reason[at]))),
        t=known(event),
        arrived=known(int(table.arrival[at])),
        age=seconds(table.time - event) if event else None,
        due=field.every,
        stale_after=stale_after(field, remark),
        sigma=_number(float(table.sigma[at])),
        lo=_number(float(table.low[at])) if table.low is not None else None,
        hi=_number(float(table.high[at])) if table.high is not None else None,
        step=remark.step if remark.step is not None else field.step,
        word=remark.word or None,
        remark=remark.line or None,
        aside=remark.aside,
        flag=remark.flag or flags.get(field.name),
    )


def word(quality: Quality) -> QualityWord:
    """The quality as clients read it."""
    return _WORDS[quality]


def reason(quality: Quality, why: Reason) -> str | None:
    """Why a value is missing or doubted; None where there is nothing to say."""
    if why is Reason.NONE:
        return "nothing was told yet" if quality is Quality.MISSING else None
    return why.sentence


def stale_after(field: Field, remark: Remark) -> float | None:
    """The age in seconds from which a value is stale."""
    if remark.stale_after is not None:
        return remark.stale_after
    return None if field.every is None else STALE_AFTER_MISSING * field.every


def flags_of(alarms: Iterable[Alarm]) -> dict[str, out.Flag]:
    """The most severe active alarm of each signal; alarms come in the order to be shown."""
    flags: dict[str, out.Flag] = {}
    for alarm in alarms:
        if alarm.active and alarm.state != "shelved":
            flag = out.Flag(severity=alarm.severity, text=alarm.title or alarm.rule, since=seconds(alarm.raised))
            flags.setdefault(alarm.signal, flag)
    return flags


def presence_of(fact: PresenceFact) -> out.Presence:
    """Whether a twin is heard, as clients see it."""
    devices = tuple(
        out.Device(name=device.name, label=device.label, online=device.online, last=known(device.last))
        for device in fact.devices
    )
    return out.Presence(online=fact.online, since=known(fact.since), text=fact.text or None, devices=devices)


def _content(table: Table, field: Field, place: int, column: int) -> float | str | bool | None:
    if field.name in table.texts:
        return table.texts[field.name][column]
    number = _number(float(table.values[place, column]))
    if number is None or table.quality[place, column] == Quality.MISSING:
        return None
    if field.choices:
        code = int(number)
        return field.choices[code] if 0 <= code < len(field.choices) else None
    return bool(number) if field.flag else number


def _number(given: float) -> float | None:
    return given if math.isfinite(given) else None


_WORDS: Final[dict[Quality, QualityWord]] = {
    Quality.MISSING: "missing",
    Quality.GOOD: "good",
    Quality.UNCERTAIN: "uncertain",
    Quality.BAD: "bad",
    Quality.ESTIMATED: "estimated",
    Quality.SIMULATED: "simulated",
}
