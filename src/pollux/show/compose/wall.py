"""A wall made of a type's own fields: codes, states, three values, and nothing that names anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from pollux.show.compose.state import stale_after, value
from pollux.show.compose.words import count
from pollux.show.documents import fleet as out
from pollux.show.documents.twins import Value, Vital
from pollux.show.facts import Field, PresenceFact, Remark, Table, TwinType
from pollux.show.routes import known, seconds
from pollux.watch import Alarm

MOST_TILES: Final = 16
MOST_VALUES: Final = 3
PAIR: Final = 2


@final
@dataclass(frozen=True, slots=True)
class Spot:
    """What a tile shows in one place: one field, or two that belong together as "118/72"."""

    label: str
    places: tuple[int, ...]


def spots(type_: TwinType, visible: Sequence[int], vitals: Sequence[Vital] = ()) -> tuple[Spot, ...]:
    """What a tile shows: the values that a domain puts on top, paired as it pairs them, else the first fields.

    Only measured numbers that name nobody. Of a person everything is personal; what a device measures may hang there
    under a code, what is told of them not.
    """
    fit = [place for place in visible if _fits(type_, type_.fields[place])]
    named = [(one.label, [type_.index.get(signal, -1) for signal in one.signals]) for one in vitals]
    own = [Spot(label, (*places,)) for label, places in named if len(places) <= PAIR and all(p in fit for p in places)]
    return tuple(own or [Spot(type_.fields[place].label, (place,)) for place in fit])[:MOST_VALUES]


def _fits(type_: TwinType, field: Field) -> bool:
    return field.role == "measured" and field.plain and (type_.personal or not field.personal)


def tile(table: Table, column: int, shown: Sequence[Spot], *, presence: PresenceFact, alarm: Alarm | None) -> out.Tile:
    """One twin under its code."""
    silent = not presence.online
    return out.Tile(
        code=table.ids[column],
        state="alarm" if alarm else "silent" if silent else "steady",
        severity=alarm.severity if alarm else None,
        text=(alarm.title or alarm.rule) if alarm else "no data" if silent else "steady",
        since=seconds(alarm.raised) if alarm else known(presence.since),
        values=tuple(_value(table, column, spot) for spot in shown),
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


def _value(table: Table, column: int, spot: Spot) -> out.WallValue:
    nothing: Mapping[str, Remark] = {}
    fulls = [value(table, place, column, nothing, {}) for place in spot.places]
    field, full = table.type.fields[spot.places[0]], fulls[0]
    second = fulls[1].value if len(fulls) == PAIR else None
    return out.WallValue(
        label=spot.label,
        unit=field.unit,
        value=full.value,
        second=second if isinstance(second, float) else None,
        step=field.step,
        sigma=full.sigma,
        stale=any(_stale(table.type.fields[place], one) for place, one in zip(spot.places, fulls, strict=True)),
        t=full.t,
        quality=full.quality,
    )


def _stale(field: Field, full: Value) -> bool:
    limit = stale_after(field, Remark())
    return limit is not None and full.age is not None and full.age > limit
