"""The services of a session that are asked in pieces: reading many attributes, paths below many nodes, browsing."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from pollux.connect.opcua.stack import DataValue, NodeId, Session, ua

Reference: TypeAlias = Any

AT_ONCE: Final = 100
"""Nodes of one request: few enough for the limits of small controllers."""
REFERENCES: Final = 1_000
MOST_ROUNDS: Final = 1_000
"""Times that a server may say that there are more references to come."""


async def read(session: Session, nodes: Sequence[NodeId], attribute: Any) -> list[DataValue]:
    """One attribute of many nodes, in their order."""
    found: list[DataValue] = []
    for start in range(0, len(nodes), AT_ONCE):
        wanted = [
            ua.ReadValueId(NodeId=node, AttributeId=ua.IntegerId(attribute)) for node in nodes[start : start + AT_ONCE]
        ]
        parameters = ua.ReadParameters(
            MaxAge=ua.Duration(0), TimestampsToReturn=ua.TimestampsToReturn.Both, NodesToRead=wanted
        )
        found += await session.read(parameters)
    return found


async def properties(session: Session, nodes: Sequence[NodeId], name: str) -> list[DataValue | None]:
    """The standard property of this name of many nodes; None for those that have none."""
    path = ua.RelativePath(
        [
            ua.RelativePathElement(
                ReferenceTypeId=ua.NodeId(ua.ObjectIds.HasProperty),
                IsInverse=False,
                IncludeSubtypes=True,
                TargetName=ua.QualifiedName(name, 0),
            )
        ]
    )
    targets: list[NodeId | None] = []
    for start in range(0, len(nodes), AT_ONCE):
        paths = [ua.BrowsePath(node, path) for node in nodes[start : start + AT_ONCE]]
        for result in await session.translate_browsepaths_to_nodeids(paths):
            found = result.StatusCode.is_good() and result.Targets
            targets.append(_local(result.Targets[0].TargetId) if found else None)
    known = [target for target in targets if target is not None]
    values = iter(await read(session, known, ua.AttributeIds.Value))
    return [None if target is None else next(values) for target in targets]


@final
@dataclass(frozen=True, slots=True)
class Found:
    """A node that browsing came upon: how it is named, of which class, where below the start;
    `is_property` says that it describes another node."""

    node: NodeId
    name: str
    is_variable: bool
    path: tuple[str, ...]
    is_property: bool


async def walk(session: Session, start: NodeId, *, depth: int, most: int) -> AsyncIterator[list[Found]]:
    """The objects and variables below a node, level by level, in pieces, each node once.

    Follows hierarchical references forward, at most `depth` levels and `most` nodes; the server's own node is left out.
    """
    seen = {start, ua.NodeId(ua.ObjectIds.Server)}
    level: list[tuple[NodeId, tuple[str, ...]]] = [(start, ())]
    count = 0
    for _ in range(depth):
        below: list[tuple[NodeId, tuple[str, ...]]] = []
        for at in range(0, len(level), AT_ONCE):
            piece = level[at : at + AT_ONCE]
            found: list[Found] = []
            for (_, path), references in zip(piece, await _browse(session, [node for node, _ in piece]), strict=True):
                for one in references:
                    node = _local(one.NodeId)
                    if node not in seen and count < most:
                        seen.add(node)
                        count += 1
                        found.append(_found(node, one, path))
            below += [(one.node, one.path) for one in found]
            yield found
        if not below or count >= most:
            return
        level = below


async def _browse(session: Session, nodes: Sequence[NodeId]) -> list[list[Reference]]:
    wanted = [
        ua.BrowseDescription(
            NodeId=node,
            BrowseDirection=ua.BrowseDirection.Forward,
            ReferenceTypeId=ua.NodeId(ua.ObjectIds.HierarchicalReferences),
            IncludeSubtypes=True,
            NodeClassMask=ua.UInt32(ua.NodeClass.Object | ua.NodeClass.Variable),
            ResultMask=ua.UInt32(ua.BrowseResultMask.All),
        )
        for node in nodes
    ]
    results = await session.browse(
        ua.BrowseParameters(
            View=ua.ViewDescription(), RequestedMaxReferencesPerNode=ua.Counter(REFERENCES), NodesToBrowse=wanted
        )
    )
    found = [list(result.References or ()) for result in results]
    open_ = [(i, result.ContinuationPoint) for i, result in enumerate(results) if result.ContinuationPoint]
    for _ in range(MOST_ROUNDS):
        if not open_:
            break
        more = await session.browse_next(ua.BrowseNextParameters(ContinuationPoints=[point for _, point in open_]))
        for (i, _), result in zip(open_, more, strict=True):
            found[i] += result.References or ()
        open_ = [(i, one.ContinuationPoint) for (i, _), one in zip(open_, more, strict=True) if one.ContinuationPoint]
    return found


def _found(node: NodeId, one: Reference, path: tuple[str, ...]) -> Found:
    name = one.BrowseName.Name or ""
    is_variable = one.NodeClass == ua.NodeClass.Variable
    is_property = one.ReferenceTypeId == ua.NodeId(ua.ObjectIds.HasProperty)
    return Found(node, name, is_variable, (*path, name), is_property)


def _local(node: NodeId) -> NodeId:
    """A node of this server as a plain node id, which is what all services take."""
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)
