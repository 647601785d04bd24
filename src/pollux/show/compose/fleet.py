"""A fleet as a field of cells, made of alarms and presence where the domain has no scale of its own."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from pollux.show.compose.types import outward_number
from pollux.show.compose.words import count
from pollux.show.documents import fleet as out
from pollux.show.documents.common import Severity
from pollux.show.facts import PresenceFact, TwinType
from pollux.show.routes import seconds
from pollux.watch import Alarm

RANK: Final[dict[Severity | None, int]] = {None: 0, "low": 1, "medium": 2, "high": 3}
_BY_RANK: Final[tuple[Severity, ...]] = ("low", "medium", "high")
_STEPS: Final = ("as usual", "look this week", "act this day", "act now")
MOST_ATTENTION: Final = 12


def worst(alarms: Sequence[Alarm]) -> dict[str, Alarm]:
    """The most severe alarm of each twin that is active and not on the shelf; by id."""
    found: dict[str, Alarm] = {}
    for alarm in alarms:
        if alarm.state == "shelved" or not alarm.active:
            continue
        known = found.get(alarm.twin)
        if known is None or RANK[alarm.severity] > RANK[known.severity]:
            found[alarm.twin] = alarm
    return found


def fleet(
    type_: TwinType,
    ids: Sequence[str],
    *,
    presence: Sequence[PresenceFact],
    alarms: Mapping[str, Alarm],
    at: int,
    seq: int,
    notice: str | None,
) -> out.Fleet:
    """All twins of a type in one block, worst first."""
    mark = [RANK[alarms[twin].severity] if twin in alarms else 0 for twin in ids]
    silent = [not here.online for here in presence]
    order = sorted(range(len(ids)), key=lambda place: (-mark[place], silent[place], ids[place]))
    attention = [_attention(type_, alarms[ids[place]]) for place in order if ids[place] in alarms]
    return out.Fleet(
        type=type_.name,
        title=type_.plural,
        subtitle=f"{count(len(ids), 'twin')} · type {type_.name}",
        one=type_.one,
        count=len(ids),
        at=seconds(at),
        seq=seq,
        notice=notice,
        summary=_summary(mark, silent),
        scale=_scale(mark, silent),
        groups=(_group(type_, [*ids], order, mark, silent),) if ids else (),
        attention=tuple(attention[:MOST_ATTENTION]),
        more=max(0, len(attention) - MOST_ATTENTION),
        words={},
        money=None,
    )


def _attention(type_: TwinType, alarm: Alarm) -> out.Attention:
    place = type_.index.get(alarm.signal)
    told = outward_number(type_.schema, alarm.signal, alarm.value)
    number = told if math.isfinite(told) else None
    return out.Attention(
        twin=f"{alarm.type}/{alarm.twin}",
        label=alarm.twin,
        severity=alarm.severity,
        text=alarm.title or alarm.rule,
        value=number,
        unit=type_.fields[place].unit if place is not None else None,
        t=seconds(alarm.raised),
    )


def _summary(mark: Sequence[int], silent: Sequence[bool]) -> tuple[out.Count, ...]:
    quiet = sum(gone and not rank for rank, gone in zip(mark, silent, strict=True))
    usual = sum(not gone and not rank for rank, gone in zip(mark, silent, strict=True))
    return (
        out.Count(key="high", label=_STEPS[3], count=sum(rank == 3 for rank in mark)),
        out.Count(key="medium", label=_STEPS[2], count=sum(rank == 2 for rank in mark)),
        out.Count(key="low", label=_STEPS[1], count=sum(rank == 1 for rank in mark)),
        out.Count(key="silent", label="silent", count=quiet),
        out.Count(key="usual", label=_STEPS[0], count=usual),
    )


def _scale(mark: Sequence[int], silent: Sequence[bool]) -> out.Scale:
    heard = [rank for rank, gone in zip(mark, silent, strict=True) if not gone]
    steps = tuple(out.Step(label=label, count=heard.count(rank)) for rank, label in enumerate(_STEPS))
    return out.Scale(text="the most severe alarm", steps=steps)


def _group(
    type_: TwinType, ids: Sequence[str], order: Sequence[int], mark: Sequence[int], silent: Sequence[bool]
) -> out.Group:
    marks: tuple[Severity, ...] = tuple(_BY_RANK[mark[place] - 1] for place in order if mark[place])
    return out.Group(
        key=type_.name,
        label=type_.plural,
        marks=marks,
        ids=[ids[place] for place in order],
        level=[-1 if silent[place] else mark[place] for place in order],
        mark=[mark[place] for place in order],
    )
