"""The address space: a folder for each type, an object for each twin, a variable for each signal, with its unit.

Values are not copied into it when they change but when they are asked for: by a read, or in every turn for the nodes
that somebody monitors. So what it costs follows what is looked at, not how many twins there are.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, final

from pollux.connect.opcua.server.limits import ServerCounters, ServerLimits
from pollux.connect.opcua.server.shown import NAMESPACE, AbstractShow, ShownValue, Target
from pollux.connect.opcua.stack import NodeId, ua
from pollux.connect.opcua.units import UNECE_URI, code_for, packed
from pollux.connect.opcua.values import moment_of
from pollux.model.schema import Schema, Signal

A_TURN: Final = 20
"""Twins that are added or removed in one turn, so that clients are answered in between."""
UNKNOWN_UNIT: Final = -1
_TYPES: Final = {"flag": "Boolean", "text": "String", "choice": "String"}
_WAITING: Final = 0x80320000
"""BadWaitingForInitialData: nothing was ever told."""


@final
class Space:
    """The nodes of the twins, kept in step with them."""

    def __init__(self, server: Any, show: AbstractShow, limits: ServerLimits, counts: ServerCounters) -> None:
        self._server, self._show, self._limits, self._counts = server, show, limits, counts
        self._known: dict[tuple[str, str], Any] = {}
        self._folders: dict[str, Any] = {}
        self._last: dict[NodeId, ShownValue] = {}
        self.index = -1

    async def begin(self) -> None:
        """Make the folders of the types."""
        self.index = await self._server.register_namespace(NAMESPACE)
        for schema in self._show.types:
            self._folders[schema.name] = await self._server.nodes.objects.add_folder(*self._named(schema.name))

    async def turn(self) -> bool:
        """Add twins that are new and remove those that are gone, some at a time; True where more are to follow."""
        wanted = [(schema, twin) for schema in self._show.types for twin in self._show.ids(schema.name)]
        self._counts.twins_left_out = max(0, len(wanted) - self._limits.twins)
        wanted = wanted[: self._limits.twins]
        there = {(schema.name, twin) for schema, twin in wanted}
        gone = [key for key in self._known if key not in there]
        for key in gone[:A_TURN]:
            await self._remove(key)
        new = [(schema, twin) for schema, twin in wanted if (schema.name, twin) not in self._known]
        for schema, twin in new[:A_TURN]:
            await self._add(schema, twin)
        return max(len(gone), len(new)) > A_TURN

    async def refresh(self, nodes: Iterable[NodeId]) -> None:
        """Let these nodes say what is so now; who monitors one that has changed is told."""
        asked: dict[tuple[str, str], dict[str, NodeId]] = {}
        for node in nodes:
            if node.NamespaceIndex == self.index and "#" not in str(node.Identifier):
                target = Target.read(str(node.Identifier))
                if target.signal:
                    asked.setdefault((target.type, target.twin), {})[target.signal] = node
        for (type_, twin), signals in asked.items():
            if (type_, twin) in self._known:
                names = list(signals)
                values = self._show.values(type_, twin, names)
                for name, value in zip(names, values, strict=False):
                    await self._write(signals[name], value)

    async def _write(self, node: NodeId, value: ShownValue) -> None:
        if self._last.get(node) == value:
            return
        self._last[node] = value
        await self._server.iserver.aspace.write_attribute_value(node, ua.AttributeIds.Value, data_value(value))

    # -- nodes --------------------------------------------------------------------------------------------------------

    async def _add(self, schema: Schema, twin: str) -> None:
        name = f"{schema.name}/{twin}"
        thing = await self._folders[schema.name].add_object(*self._named(name, twin))
        self._known[schema.name, twin] = thing
        for signal in schema.signals:
            if not signal.personal:
                await self._variable(thing, f"{name}/{signal.name}", signal)

    async def _variable(self, thing: Any, name: str, signal: Signal) -> None:
        kind = getattr(ua.VariantType, _TYPES.get(signal.kind, "Double"))
        first = ua.Variant([0.0, 0.0, 0.0] if signal.kind == "position" else _first(signal), kind)
        node = await thing.add_variable(*self._named(name, signal.name), first)
        await self._server.iserver.aspace.write_attribute_value(
            node.nodeid, ua.AttributeIds.Value, data_value(ShownValue(None, _WAITING, None))
        )
        if signal.kind == "number":
            await node.add_property(
                *self._named(f"{name}#EngineeringUnits", "EngineeringUnits", 0), engineering(signal)
            )

    async def _remove(self, key: tuple[str, str]) -> None:
        thing = self._known.pop(key)
        await self._server.delete_nodes([thing], recursive=True)
        begin = f"{key[0]}/{key[1]}/"
        for node in [node for node in self._last if str(node.Identifier).startswith(begin)]:
            del self._last[node]

    def _named(self, text: str, name: str | None = None, index: int | None = None) -> tuple[NodeId, Any]:
        return ua.NodeId(text, self.index), ua.QualifiedName(name or text, self.index if index is None else index)


def data_value(shown: ShownValue) -> Any:
    """A value as the stack carries it."""
    variant = ua.Variant() if shown.value is None else ua.Variant(shown.value, _kind_of(shown.value))
    time = None if shown.time is None else moment_of(shown.time)
    return ua.DataValue(variant, StatusCode=ua.StatusCode(shown.status), SourceTimestamp=time)


def engineering(signal: Signal) -> Any:
    """The unit of a signal as Part 8 tells it: by its UNECE code where there is one, else by its symbol."""
    text = str(signal.edge)
    code = code_for(text)
    return ua.EUInformation(
        NamespaceUri=UNECE_URI if code else NAMESPACE,
        UnitId=packed(code) if code else UNKNOWN_UNIT,
        DisplayName=ua.LocalizedText(text),
        Description=ua.LocalizedText(text),
    )


def _first(signal: Signal) -> Any:
    return {"flag": False, "text": "", "choice": ""}.get(signal.kind, 0.0)


def _kind_of(value: float | bool | str | Sequence[float]) -> Any:
    if isinstance(value, bool):
        return ua.VariantType.Boolean
    return ua.VariantType.String if isinstance(value, str) else ua.VariantType.Double
