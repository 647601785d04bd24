"""A wall made of a type's own fields: codes, states, three values, and nothing that names anybody."""

from collections.abc import Mapping, Sequence
from typing import Final

from pollux.show.compose.state import stale_after, value
from pollux.show.compose.words import count
from pollux.show.documents import fleet as out
from pollux.show.documents.twins import Value
from pollux.show.facts import Field, PresenceFact, Remark, Table, TwinType
from pollux.show.routes import known, seconds
from pollux.watch import Alarm

MOST_TILES: Final = 16
MOST_VALUES: Final = 3


def wall_fields(type_: TwinType, visible: Sequence[int]) -> tuple[int, ...]:
    """The places of the fields that a tile shows: measured numbers that name nobody.

    Of a person everything is personal; what a device measures may hang there under a code, what is told of them not.
    """
    fields = [type_.fields[place] for place in visible]
    fit = (one.role == "measured" and one.plain and (type_.personal or not one.personal) for one in fields)
    return tuple(place for place, fits in zip(visible, fit, strict=True) if fits)[:MOST_VALUES]


def tile(table: Table, column: int, places: Sequence[int], *, presence: PresenceFact, alarm: Alarm | None) -> out.Tile:
    """One twin under its code."""
    silent = not presence.online
    return out.Tile(
        code=table.ids[column],
        state="alarm" if alarm else "silent" if silent else "steady",
        severity=alarm.severity if alarm else None,
        text=(alarm.title or alarm.rule) if alarm else "no data" if silent else "steady",
        since=seconds(alarm.raised) if alarm else known(presence.since),
        values=tuple(_value(table, column, place) for place in places),
    )


def wall(name: str, tiles: Sequence[out.Tile], *, title: str, now: int, seq: int, notice: str | None) -> out.Wall:
    """At most sixteen tiles under a line that counts them."""
    shown = tuple(tiles[:MOST_TILES])
    parts = [count(len(shown), "place")]
    for severity in ("high", "medium", "low"):
        n = sum(one.severity == severity for one in shown)
        parts += [f"{n} {severity}"] if n else []
    silent = sum(one.state == "silent" for one in shown)
    parts += [f"{silent} no data"] if silent else []
    return out.Wall(
        name=name, title=title, text=" · ".join(parts), now=seconds(now), seq=seq, notice=notice, tiles=shown
    )


def _value(table: Table, column: int, place: int) -> out.WallValue:
    nothing: Mapping[str, Remark] = {}
    field, full = table.type.fields[place], value(table, place, column, nothing, {})
    return out.WallValue(
        label=field.label,
        unit=field.unit,
        value=full.value,
        second=None,
        step=field.step,
        stale=_stale(field, full),
        t=full.t,
        quality=full.quality,
    )


def _stale(field: Field, full: Value) -> bool:
    limit = stale_after(field, Remark())
    return limit is not None and full.age is not None and full.age > limit
