"""What is heard on one connection: which node is which signal of which twin, resolved anew each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

from pollux.connect.opcua.declared import OpcuaSource
from pollux.connect.opcua.nodes import NodeName
from pollux.connect.opcua.services import properties, read, walk
from pollux.connect.opcua.stack import DataValue, NodeId, Session, VariantType, is_list, ua, value_of
from pollux.connect.opcua.units import code_of, unit_of
from pollux.model.schema import Schema, Signal
from pollux.model.units import unit

DEPTH: Final = 16
MOST_NODES: Final = 200_000
MOST_TWINS: Final = 10_000
SHOWN: Final = 3
_HISTORY_READ: Final = 0b100


@final
@dataclass(frozen=True, slots=True)
class Point:
    """One node that is heard as one signal of one twin.

    `unit` is the server's where it is known and not the declared one, `words` the names of an enumeration's numbers,
    `historic` whether the server keeps its history, `type` how its values are written.
    """

    twin: str
    signal: str
    node: NodeId
    unit: str | None = None
    words: tuple[str, ...] = ()
    historic: bool = False
    type: VariantType = None

    @property
    def key(self) -> tuple[str, str]:
        """Twin and signal."""
        return self.twin, self.signal


@final
@dataclass(slots=True)
class Resolved:
    """What a server has of what was declared, and why it lacks the rest."""

    points: list[Point] = field(default_factory=list[Point])
    faults: list[str] = field(default_factory=list[str])

    @property
    def trouble(self) -> str:
        """The faults as people read them: the first ones, and how many more there are."""
        more = len(self.faults) - SHOWN
        return "; ".join(self.faults[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


async def resolve(session: Session, source: OpcuaSource, schema: Schema) -> Resolved:
    """Find every declared node on the server as it is now."""
    found = Resolved()
    namespaces = await namespaces_of(session)
    twins = [source.id] if source.id is not None else await _twins(session, source, namespaces, found)
    points: list[Point] = []
    for signal, name in source.names.items():
        if name.uri not in namespaces:
            found.faults.append(f"{signal}: the server has no namespace {name.uri}")
            continue
        for twin in twins:
            text = name.of(twin).resolved(namespaces)
            assert text is not None
            points.append(Point(twin, signal, ua.NodeId.from_string(text)))
    await _describe(session, points, source, schema, found)
    return found


async def namespaces_of(session: Session) -> dict[str, int]:
    """The indices of a server's namespaces, by URI."""
    (told,) = await read(session, [ua.NodeId(ua.ObjectIds.Server_NamespaceArray)], ua.AttributeIds.Value)
    listed: Any = value_of(told)
    return {str(uri): index for index, uri in enumerate(listed or ())}


async def _twins(session: Session, source: OpcuaSource, namespaces: Mapping[str, int], found: Resolved) -> list[str]:
    """The twins whose nodes are there, in the order of their names."""
    start = source.folder.resolved(namespaces)
    if start is None:
        found.faults.append(f"the server has no namespace {source.folder.uri}")
        return []
    patterns = [(namespaces.get(name.uri, -1), name) for name in source.names.values()]
    ids: set[str] = set()
    async for piece in walk(session, ua.NodeId.from_string(start), depth=DEPTH, most=MOST_NODES):
        ids |= {id_ for one in piece if one.is_variable for id_ in _ids(one.node, patterns)}
    if not ids:
        found.faults.append(f"no node of {source.folder} fits {next(iter(source.names.values()))}")
    if len(ids) > MOST_TWINS:
        found.faults.append(f"expected at most {MOST_TWINS} twins, got {len(ids)}: the others are not heard")
    return sorted(ids)[:MOST_TWINS]


def _ids(node: NodeId, patterns: Sequence[tuple[int, NodeName]]) -> list[str]:
    if not isinstance(node.Identifier, str):
        return []
    told = [name.id_of(node.Identifier) for index, name in patterns if index == node.NamespaceIndex]
    return [id_ for id_ in told if id_]


async def _describe(
    session: Session, points: Sequence[Point], source: OpcuaSource, schema: Schema, found: Resolved
) -> None:
    """Keep the points that are there and fit, with units, words, history and type."""
    nodes = [point.node for point in points]
    types = await read(session, nodes, ua.AttributeIds.DataType)
    here = [i for i, told in enumerate(types) if told.StatusCode is None or told.StatusCode.is_good()]
    for i in set(range(len(points))) - set(here):
        found.faults.append(f"{_called(points[i])}: the server has no node {source.names[points[i].signal]}")
    nodes = [nodes[i] for i in here]
    access = await read(session, nodes, ua.AttributeIds.UserAccessLevel)
    units = await properties(session, nodes, "EngineeringUnits")
    words = await properties(session, nodes, "EnumStrings")
    for place, i in enumerate(here):
        point, signal = points[i], schema.signal(points[i].signal)
        of = source.units.get(signal.name) or unit_told(units[place])[0] or None
        fault = _misfit(of, signal)
        if fault:
            found.faults.append(f"{_called(point)}: {fault}")
            continue
        of = None if signal.kind != "number" or of is None or unit(of) == signal.edge else of
        level = value_of(access[place])
        historic = isinstance(level, int) and bool(level & _HISTORY_READ)
        type_ = await _type(session, types[i])
        found.points.append(Point(*point.key, point.node, of, words_told(words[place]), historic, type_))


def _misfit(of: str | None, signal: Signal) -> str:
    if of is None or signal.kind != "number" or unit(of).dimension == signal.unit.dimension:
        return ""
    return f"expected a unit like {signal.edge}, the server says {of} (units={{...}} if it is wrong)"


def unit_told(told: DataValue | None) -> tuple[str, str]:
    """The unit that a server tells in the words of Pollux, empty where it tells none that is known, and why."""
    information: Any = value_of(told)
    if not isinstance(information, ua.EUInformation):
        return "", "the server says none"
    symbol: str | None = information.DisplayName.Text if information.DisplayName is not None else None
    found = unit_of(int(information.UnitId), information.NamespaceUri or "", symbol or "")
    said = f"{symbol or ''} ({code_of(int(information.UnitId))})".strip()
    return (found, f"the server says {said}") if found else ("", f"the server says {said}, which is not known here")


def words_told(told: DataValue | None) -> tuple[str, ...]:
    """The names of an enumeration's numbers, none where there are none."""
    listed: Any = value_of(told)
    return tuple(str(one.Text or "") for one in listed) if is_list(listed) else ()


async def _type(session: Session, told: DataValue) -> VariantType:
    """How values of a data type are written: its own built-in type, or that of the type it is derived from."""
    node: Any = value_of(told)
    for _ in range(DEPTH):
        if not isinstance(node, ua.NodeId):
            break
        if node.NamespaceIndex == 0 and isinstance(node.Identifier, int) and 1 <= node.Identifier <= 25:
            # 24 is any type, 29 an enumeration, which is written as a number.
            return ua.VariantType.Double if node.Identifier == 24 else ua.VariantType(node.Identifier)
        if node == ua.NodeId(ua.ObjectIds.Enumeration):
            return ua.VariantType.Int32
        node = await _parent(session, node)
    return ua.VariantType.Double


async def _parent(session: Session, node: NodeId) -> NodeId | None:
    wanted = ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=ua.BrowseDirection.Inverse,
        ReferenceTypeId=ua.NodeId(ua.ObjectIds.HasSubtype),
        IncludeSubtypes=False,
        NodeClassMask=ua.UInt32(0),
        ResultMask=ua.UInt32(ua.BrowseResultMask.All),
    )
    (result,) = await session.browse(
        ua.BrowseParameters(
            View=ua.ViewDescription(), RequestedMaxReferencesPerNode=ua.Counter(1), NodesToBrowse=[wanted]
        )
    )
    references = result.References or ()
    return None if not references else ua.NodeId(references[0].NodeId.Identifier, references[0].NodeId.NamespaceIndex)


def _called(point: Point) -> str:
    return f"{point.twin}.{point.signal}"
