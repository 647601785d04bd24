"""A fleet as a field of cells, and the wall."""

from collections.abc import Sequence

from msgspec import structs

from pollux.show.api import seen
from pollux.show.asks import AtQuery, WallQuery
from pollux.show.compose import fleet as compose
from pollux.show.compose import wall as wall_compose
from pollux.show.documents.fleet import Fleet, Tile, Wall
from pollux.show.documents.twins import Vital
from pollux.show.facts import TwinType
from pollux.show.problems import absent
from pollux.show.routes import Call, moment


def read_fleet(call: Call[AtQuery, None]) -> Fleet:
    """All twins of a type that may be seen."""
    type_, at, tenancy = call.type, moment(call.query.at, "?at"), call.tenancy
    every = tenancy.twins.ids(type_.name)
    ids = call.sight.twins(type_, every)
    if not ids:
        raise absent()
    own = tenancy.presenter.fleet(type_.name, at=at) if tenancy.presenter else None
    if own is not None and len(ids) == len(every) and call.sight.may("read", f"{type_.name}/*/*"):
        return own
    # A scale and sums of money speak of all twins, so who may not see all gets a field of what may be seen.
    alarms = compose.worst([alarm for alarm in seen.alarms(call, at) if alarm.type == type_.name])
    return compose.fleet(
        type_,
        ids,
        presence=tenancy.twins.presence(type_.name, ids, at=at),
        alarms=alarms,
        at=at if at is not None else call.now,
        seq=tenancy.live.position(),
        notice=tenancy.notice,
    )


def read_wall(call: Call[WallQuery, None]) -> Wall:
    """Codes, states and alarms, and no names: a wall of the house, or one of the twins that may be seen."""
    tenancy, name = call.tenancy, call.query.name
    own = tenancy.presenter.wall(name) if tenancy.presenter else None
    if own is not None:
        if not call.sight.may("read", f"wall/{name}"):
            raise absent()
        return structs.replace(own, tiles=own.tiles[: wall_compose.MOST_TILES])
    kinds = [one for one in tenancy.twins.types() if name in ("", one.name)]
    tiles = [tile for type_ in kinds for tile in _tiles(call, type_)]
    if not tiles:
        raise absent()
    return wall_compose.wall(
        name, tiles, title=tenancy.title, now=call.now, seq=tenancy.live.position(), notice=tenancy.notice
    )


def _vitals(call: Call[WallQuery, None], type_: TwinType, twin: str) -> Sequence[Vital]:
    presenter = call.tenancy.presenter
    view = presenter.view(type_.name, twin) if presenter else None
    return view.vitals if view else ()


def _tiles(call: Call[WallQuery, None], type_: TwinType) -> Sequence[Tile]:
    tenancy = call.tenancy
    ids = sorted(call.sight.twins(type_, tenancy.twins.ids(type_.name)))[: wall_compose.MOST_TILES]
    if not ids:
        return ()
    table = tenancy.twins.read(type_.name, ids)
    alarms = compose.worst([alarm for alarm in seen.alarms(call, None) if alarm.type == type_.name])
    presence = tenancy.twins.presence(type_.name, ids)
    return [
        wall_compose.tile(
            table,
            column,
            wall_compose.spots(type_, call.sight.fields(type_, twin), _vitals(call, type_, twin)),
            presence=presence[column],
            alarm=alarms.get(twin),
        )
        for column, twin in enumerate(ids)
    ]
