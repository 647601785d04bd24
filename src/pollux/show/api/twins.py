"""The twins: the list, the state of one, and how it is presented."""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from pollux.errors import DataRefused
from pollux.show.api import seen
from pollux.show.asks import AtQuery, NoQuery, SceneQuery, StateQuery, TwinBody, TwinPatch, TwinsQuery
from pollux.show.compose import state as compose
from pollux.show.compose import where
from pollux.show.compose.fleet import RANK, worst
from pollux.show.compose.mathematics import mathematics_page
from pollux.show.compose.view import view as default_view
from pollux.show.documents.common import Reference
from pollux.show.documents.mathematics import MathematicsPage
from pollux.show.documents.twins import State, TwinList, TwinRow, TypeRow, Value, View
from pollux.show.facts import Field, Table, TwinType
from pollux.show.problems import absent
from pollux.show.routes import Call, Reply, known, moment
from pollux.watch import Alarm

_HIGHEST: Final = 3


def read_list(call: Call[TwinsQuery, None]) -> TwinList:
    """The twins that may be seen, worst first."""
    query, at = call.query, moment(call.query.at, "?at")
    kinds = [call.type_named(query.type)] if query.type else [*call.tenancy.twins.types()]
    open_alarms = seen.alarms(call, at)
    rows: list[_Row] = []
    counts: list[TypeRow] = []
    for type_ in kinds:
        ids = call.sight.twins(type_, call.tenancy.twins.ids(type_.name))
        counts.append(TypeRow(type=type_.name, title=type_.plural, count=len(ids)))
        found = worst([alarm for alarm in open_alarms if alarm.type == type_.name])
        rows += [_Row(type_, twin, found.get(twin)) for twin in _filtered(call, type_, ids, at)]
    rows = sorted((row for row in rows if query.after is None or row.key > query.after), key=lambda row: row.key)
    page, rest = rows[: query.limit], len(rows) > query.limit
    seen.looked_at(call, [(row.type, row.twin) for row in page if _wanted(call, row)])
    twins = tuple(_written(call, row, at) for row in page)
    return TwinList(twins=twins, next=page[-1].key if rest else None, types=tuple(one for one in counts if one.count))


class _Row:
    """A twin in the list before it is written; its key orders the list and continues it."""

    __slots__ = ("alarm", "key", "twin", "type")

    def __init__(self, type_: TwinType, twin: str, alarm: Alarm | None) -> None:
        self.type, self.twin, self.alarm = type_, twin, alarm
        rank = RANK[alarm.severity] if alarm else 0
        self.key = f"{_HIGHEST - rank}:{type_.name}/{twin}"


def _filtered(call: Call[TwinsQuery, None], type_: TwinType, ids: list[str], at: int | None) -> Sequence[str]:
    query = call.query
    if query.q:
        wanted = query.q.casefold()
        ids = [twin for twin in ids if wanted in f"{twin} {seen.caption(call, type_, twin).title}".casefold()]
    if query.where is None:
        return ids
    if query.type is None:
        raise DataRefused("expected a type with where, got none", at="?type")
    terms = where.parse(query.where)
    names = where.names(terms, type_)
    # A comparison tells the value, so a twin counts only where all that is compared may be read.
    ids = [twin for twin in ids if all(call.sight.field(type_, twin, name) for name in names)]
    if not ids:
        return ids
    table = call.tenancy.twins.read(type_.name, ids, at=at)
    return [twin for twin, fits in zip(table.ids, where.holds(terms, table), strict=True) if fits]


def _written(call: Call[TwinsQuery, None], row: _Row, at: int | None) -> TwinRow:
    caption = seen.caption(call, row.type, row.twin)
    presence = call.tenancy.twins.presence(row.type.name, [row.twin], at=at)[0]
    return TwinRow(
        twin=f"{row.type.name}/{row.twin}",
        title=caption.title,
        subtitle=caption.subtitle or None,
        severity=row.alarm.severity if row.alarm else None,
        text=(row.alarm.title or row.alarm.rule) if row.alarm else None,
        online=presence.online,
        since=known(presence.since),
        values=_values(call, row, at),
    )


def _values(call: Call[TwinsQuery, None], row: _Row, at: int | None) -> dict[str, Value] | None:
    if not call.query.fields:
        return None
    shown = _wanted(call, row)
    if not shown:
        return {}
    table = call.tenancy.twins.read(row.type.name, [row.twin], at=at)
    return {name: compose.value(table, row.type.index[name], 0, {}, {}) for name in shown}


def _wanted(call: Call[TwinsQuery, None], row: _Row) -> list[str]:
    """The fields that were asked for and may be seen of a twin in the list."""
    names = (call.query.fields or "").split(",")
    return [name for name in names if call.sight.field(row.type, row.twin, name)]


def read_state(call: Call[StateQuery, None]) -> State:
    """The twin with every value that may be seen."""
    query, type_, twin = call.query, call.type, call.id
    at = moment(query.at, "?at")
    if at is not None and query.seq is not None:
        raise DataRefused("expected at or seq, got both", at="?seq")
    table = call.tenancy.twins.read(type_.name, [twin], at=at, seq=query.seq)
    then = at if query.seq is None else table.time
    return state_of(call, table, then)


def state_of(call: seen.AnyCall, table: Table, at: int | None) -> State:
    """The one twin of a table as the caller may see it."""
    type_, twin = table.type, table.ids[0]
    presenter = call.tenancy.presenter
    seen.looked(call, type_, twin)
    return compose.state(
        table,
        0,
        call.sight.fields(type_, twin),
        presence=call.tenancy.twins.presence(type_.name, [twin], at=at)[0],
        remarks=presenter.remarks(type_.name, twin, at=at) if presenter else {},
        alarms=seen.alarms(call, at, f"{type_.name}/{twin}"),
    )


def read_view(call: Call[AtQuery, None]) -> View:
    """How the twin is presented, with what may be seen."""
    type_, twin, at = call.type, call.id, moment(call.query.at, "?at")
    seen.require_twin(call, type_, twin)
    seen.looked(call, type_, twin)
    visible = call.sight.fields(type_, twin)
    caption = seen.caption(call, type_, twin)
    presenter = call.tenancy.presenter
    own = presenter.view(type_.name, twin, at=at) if presenter else None
    if own is None:
        acting = call.tenancy.mode == "act"
        notice = call.tenancy.notice
        return default_view(type_, twin, visible, caption=caption, notice=notice, panels=_panels(call), acting=acting)
    allowed = _panels(call)
    # The equations are of the class, so no domain needs to ask for them.
    panels = tuple(panel for panel in (*own.panels, "mathematics") if panel in allowed)
    shown = restricted(own, frozenset(type_.fields[place].name for place in visible))
    if not call.sight.caption(type_, twin):
        shown = structs.replace(shown, title=caption.title, subtitle=None)
    return structs.replace(shown, panels=panels, lab=own.lab if "lab" in allowed else None)


def restricted(view: View, names: frozenset[str]) -> View:
    """A view without what may not be seen."""
    scene = view.scene
    if scene is not None:
        callouts = tuple(one for one in scene.callouts if one.signal is None or one.signal in names)
        parts = tuple(
            structs.replace(
                part,
                signals=_known(part.signals, names),
                patches=tuple(structs.replace(one, signals=_known(one.signals, names)) for one in part.patches),
            )
            for part in scene.parts
        )
        scene = structs.replace(scene, callouts=callouts, parts=parts)
    return structs.replace(
        view,
        vitals=tuple(vital for vital in view.vitals if all(name in names for name in vital.signals)),
        charts=tuple(chart for chart in view.charts if chart.signal in names),
        scene=scene,
    )


def _known(signals: dict[str, str], names: frozenset[str]) -> dict[str, str]:
    return {layer: name for layer, name in signals.items() if name in names}


def _panels(call: seen.AnyCall) -> tuple[str, ...]:
    tenancy = call.tenancy
    there = {
        "alerts": True,
        "lab": tenancy.forks is not None and call.may("propose", "forks"),
        "advice": tenancy.advisor is not None and call.may("read", "advice"),
        "orders": tenancy.orders is not None and call.may("read", "commands"),
        "refusals": call.may("read", "refusals"),
        "mathematics": call.type.schema is not None and call.may("read", "*"),
    }
    return tuple(panel for panel, shown in there.items() if shown)


def read_mathematics(call: Call[NoQuery, None]) -> MathematicsPage:
    """The equations of the twin's class; the same for all its twins."""
    seen.require_twin(call, call.type, call.id)
    return mathematics_page(seen.offered(call.type.schema))


def read_scene(call: Call[SceneQuery, None]) -> Reply:
    """The model in three dimensions."""
    presenter = seen.offered(call.tenancy.presenter)
    seen.require_twin(call, call.type, call.id)
    model = presenter.scene(call.type.name, call.id)
    if model is None:
        raise absent()
    keep = b"private, max-age=31536000, immutable" if call.query.v else b"private, no-cache"
    return Reply(model, headers=((b"cache-control", keep),), media="model/gltf-binary")


def put_twin(call: Call[NoQuery, TwinBody]) -> Reply:
    """Make the twin, or replace its facts and parameters."""
    _named_fields(call, call.body.values)
    _may_link(call, call.body.links)
    editor = seen.offered(call.tenancy.editor)
    created = editor.put(call.type.name, call.id, call.body.values, who=call.identity)
    if call.body.links:
        editor.relate(call.type.name, call.id, call.body.links, who=call.identity.name)
    twin = Reference(id=call.twin, href=f"twins/{call.twin}")
    return Reply(twin, 201 if created else 200, ((b"location", f"/api/v1/twins/{call.twin}".encode()),))


def patch_twin(call: Call[NoQuery, TwinPatch]) -> Reply:
    """Change some facts and parameters."""
    _named_fields(call, call.body.values)
    _may_link(call, call.body.links)
    editor = seen.offered(call.tenancy.editor)
    editor.change(call.type.name, call.id, call.body.values, who=call.identity)
    if call.body.links:
        editor.relate(call.type.name, call.id, call.body.links, who=call.identity.name)
    return Reply(None, 204)


def delete_twin(call: Call[NoQuery, None]) -> Reply:
    """Remove the twin; its history stays."""
    seen.offered(call.tenancy.editor).remove(call.type.name, call.id, who=call.identity)
    return Reply(None, 204)


def _may_link(call: seen.AnyCall, links: dict[str, list[str]]) -> None:
    """Each link may be written, and leads to twins that the caller sees: totals along it say what they measure."""
    known = seen.offered(call.tenancy.editor).links(call.type.name)
    for name, ids in links.items():
        if name not in known or not call.may("write", name):
            raise DataRefused(f"expected a link of {call.type.name}, got {name!r}", at=f"$.links.{name}")
        other = call.type_named(known[name])
        for place, id_ in enumerate(ids):
            if not call.sight.sees(other, id_):
                raise DataRefused(f"expected ids of {other.name}, got {id_!r}", at=f"$.links.{name}[{place}]")


def _named_fields(
    call: seen.AnyCall, values: dict[str, float | str | bool] | dict[str, float | str | bool | None]
) -> None:
    """Each value is of a fact or a parameter that the caller may write; others look as if they did not exist."""
    for name in values:
        place = call.type.index.get(name)
        role = call.type.fields[place].role if place is not None else None
        if role is None or not call.may("write", name):
            raise DataRefused(f"expected a field of {call.type.name}, got {name!r}", at=f"$.values.{name}")
        if role not in ("fact", "parameter"):
            raise DataRefused(
                f"expected a fact or a parameter, {name} is {role}",
                at=f"$.values.{name}",
                hint="an actuator is set by a command; what is measured arrives as telemetry",
            )
        _within(call.type.fields[call.type.index[name]], values[name])


def _within(field: Field, value: float | str | bool | None) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high = field.low, field.high
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}".strip()
        raise DataRefused(f"expected {bounds} {field.unit}, got {value:g}", at=f"$.values.{field.name}")
