"""A look at an OPC UA server: what it offers, which variables it has, how often they change. Nothing is written.

Without credentials only what a server tells to everybody is asked: its endpoints. With them its address space is
browsed, within bounds of depth, nodes and requests per second, and the variables found are listened to for a while.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pollux.clock import WallClock, stopwatch
from pollux.connect.opcua.declared import OpcuaSource, need_asyncua
from pollux.connect.opcua.nodes import NodeName
from pollux.connect.opcua.seen import OpcuaSurvey, SeenVariable
from pollux.errors import SetupError

DEPTH: Final = 10
MOST: Final = 5_000
PER_SECOND: Final = 20.0
LISTENED: Final = 2_000
PATIENCE: Final = 10.0
_TOLD: Final = {"Boolean": "flag", "String": "text", "LocalizedText": "text"}
_NUMBERS: Final = ("SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double")


def survey(
    url: str,
    *,
    source: OpcuaSource | None = None,
    folder: Path | None = None,
    seconds: float = 10.0,
    depth: int = DEPTH,
    nodes: int = MOST,
    per_second: float = PER_SECOND,
) -> OpcuaSurvey:
    """Look at a server; with `source`, a declared connection to it, also at its variables.

    `folder` is where the certificate that Pollux shows is kept, as in a data folder; it is needed for a secured
    connection. Raises SetupError where asyncua is missing, the server is not believed or does not answer.
    """
    need_asyncua()
    return asyncio.run(_survey(url, source, folder, seconds, depth, nodes, per_second))


async def _survey(
    url: str, source: OpcuaSource | None, folder: Path | None, seconds: float, depth: int, nodes: int, per_second: float
) -> OpcuaSurvey:
    from pollux.connect.opcua.stack import UaError, words_of
    from pollux.connect.opcua.trust import Untrusted

    try:
        found = await _endpoints(url)
        return found if source is None else await _inside(found, source, folder, seconds, depth, nodes, per_second)
    except Untrusted as error:
        raise SetupError(f"its certificate is not believed: {error}", at=url) from None
    except (TimeoutError, OSError, UaError) as error:
        raise SetupError(f"the server does not answer: {words_of(error)}", at=url) from None


async def _endpoints(url: str) -> OpcuaSurvey:
    from pollux.connect.opcua.stack import Client
    from pollux.connect.opcua.trust import fingerprint, split_chain

    endpoints: list[Any] = await Client(url, timeout=PATIENCE).connect_and_get_server_endpoints()
    policies = {f"{str(one.SecurityPolicyUri).rpartition('#')[2]} {one.SecurityMode.name.rstrip('_')}": None
                for one in endpoints}  # fmt: skip
    users = {str(token.TokenType.name): None for one in endpoints for token in one.UserIdentityTokens or ()}
    shown = next((bytes(one.ServerCertificate) for one in endpoints if one.ServerCertificate), b"")
    pin = fingerprint(split_chain(shown)[0]) if shown else ""
    name = endpoints[0].Server.ApplicationName.Text if endpoints else ""
    return OpcuaSurvey(url, name or "", tuple(policies), tuple(users), pin)


async def _inside(
    found: OpcuaSurvey, source: OpcuaSource, folder: Path | None, seconds: float, depth: int, nodes: int,
    per_second: float,
) -> OpcuaSurvey:  # fmt: skip
    from pollux.connect.opcua.dial import dial, own_of
    from pollux.connect.opcua.points import namespaces_of
    from pollux.connect.opcua.trust import trust_of

    clock, begun = WallClock(), stopwatch()
    if source.secured and folder is None:
        raise SetupError("expected a folder for the own certificate, got none", at=found.url)
    trust = trust_of(source.pin, source.authority, source.revoked) if source.secured else None
    client = await dial(source, trust, own_of(source, folder, clock) if source.secured and folder else None, clock)
    await client.connect()
    try:
        session: Any = client.uaclient.session
        uris = [uri for uri, _ in sorted((await namespaces_of(session)).items(), key=lambda pair: pair[1])]
        variables, complete = await _variables(session, source, uris, depth, nodes, per_second)
        rates = await _listen(session, [node for node, _ in variables[:LISTENED]], seconds)
        seen = [replace(one, rate=rates.get(i, 0.0)) for i, (_, one) in enumerate(variables)]
    finally:
        await client.disconnect()
    return replace(found, namespaces=tuple(uris), variables=tuple(seen), complete=complete, seconds=stopwatch() - begun)


async def _variables(
    session: Any, source: OpcuaSource, uris: Sequence[str], depth: int, nodes: int, per_second: float
) -> tuple[list[tuple[Any, SeenVariable]], bool]:
    from pollux.connect.opcua.services import walk
    from pollux.connect.opcua.stack import ua

    start = source.folder.resolved({uri: index for index, uri in enumerate(uris)})
    if start is None:
        raise SetupError(f"expected a namespace of the server, got {source.folder.uri}", at=source.name)
    found: list[Any] = []
    seen = 0
    async for piece in walk(session, ua.NodeId.from_string(start), depth=depth, most=nodes + 1):
        seen += len(piece)
        found += [one for one in piece if one.is_variable and not one.is_property]
        await asyncio.sleep(1.0 / per_second)
    del found[nodes:]
    described: list[tuple[Any, SeenVariable]] = []
    for start_at in range(0, len(found), 100):
        described += await _described(session, found[start_at : start_at + 100], uris)
        await asyncio.sleep(1.0 / per_second)
    return described, seen <= nodes


async def _described(session: Any, found: Sequence[Any], uris: Sequence[str]) -> list[tuple[Any, SeenVariable]]:
    from pollux.connect.opcua.points import unit_told, words_told
    from pollux.connect.opcua.services import properties, read
    from pollux.connect.opcua.stack import ua, value_of

    nodes = [one.node for one in found]
    values = await read(session, nodes, ua.AttributeIds.Value)
    access = await read(session, nodes, ua.AttributeIds.UserAccessLevel)
    units = await properties(session, nodes, "EngineeringUnits")
    ranges = await properties(session, nodes, "EURange")
    words = await properties(session, nodes, "EnumStrings")
    told: list[tuple[Any, SeenVariable]] = []
    for i, one in enumerate(found):
        unit, why = unit_told(units[i])
        level, bounds = value_of(access[i]) or 0, value_of(ranges[i])
        told.append(
            (
                one.node,
                SeenVariable(
                    node=_named(one.node, uris),
                    path=one.path,
                    type=_type(values[i]),
                    unit=unit,
                    why=why,
                    words=words_told(words[i]),
                    low=None if bounds is None else float(bounds.Low),
                    high=None if bounds is None else float(bounds.High),
                    writable=bool(level & 0b10),
                    historic=bool(level & 0b100),
                    value=str(value_of(values[i]))[:40],
                    status="Good" if values[i].StatusCode is None else str(values[i].StatusCode.name),
                ),
            )
        )
    return told


def _named(node: Any, uris: Sequence[str]) -> str:
    letter = {"Numeric": "i", "TwoByte": "i", "FourByte": "i", "String": "s", "Guid": "g", "ByteString": "b"}
    kind: Any = letter.get(node.NodeIdType.name, "s")
    return str(NodeName(uris[int(node.NamespaceIndex)], kind, str(node.Identifier)))


def _type(value: Any) -> str:
    variant = value.Value
    if variant is None or variant.Value is None or variant.is_array:
        return "nothing" if variant is None or variant.Value is None else "list"
    name = str(variant.VariantType.name)
    return "number" if name in _NUMBERS else _TOLD.get(name, name)


async def _listen(session: Any, nodes: Sequence[Any], seconds: float) -> dict[int, float]:
    """Values per second of each node over a while, by its place."""
    from pollux.connect.opcua.stack import ua

    counts: dict[int, int] = {}

    def heard(result: Any) -> None:
        for data in result.NotificationMessage.NotificationData or ():
            if isinstance(data, ua.DataChangeNotification):
                for item in data.MonitoredItems:
                    counts[item.ClientHandle] = counts.get(item.ClientHandle, 0) + 1

    if not nodes or seconds <= 0:
        return {}
    wanted = ua.CreateSubscriptionParameters(
        RequestedPublishingInterval=200.0, RequestedLifetimeCount=300, RequestedMaxKeepAliveCount=10,
        PublishingEnabled=True,
    )  # fmt: skip
    made = await session.create_subscription(wanted, heard)
    for start in range(0, len(nodes), 100):
        items = [
            ua.MonitoredItemCreateRequest(
                ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value),
                MonitoringMode=ua.MonitoringMode.Reporting,
                RequestedParameters=ua.MonitoringParameters(ClientHandle=i, SamplingInterval=100.0, QueueSize=100),
            )
            for i, node in enumerate(nodes[start : start + 100], start)
        ]
        await session.create_monitored_items(
            ua.CreateMonitoredItemsParameters(
                SubscriptionId=made.SubscriptionId, TimestampsToReturn=ua.TimestampsToReturn.Both, ItemsToCreate=items
            )
        )
    await asyncio.sleep(seconds)
    await session.delete_subscriptions([made.SubscriptionId])
    # The first value of each is what it was before, and says nothing of its rate.
    return {i: max(0, count - 1) / seconds for i, count in counts.items()}
