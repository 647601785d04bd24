"""A session with a guard before every service."""

import asyncio
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, final

from pollux.connect.opcua.server.limits import ServerCounters, ServerLimits
from pollux.connect.opcua.server.shown import AbstractShow, Target
from pollux.connect.opcua.server.space import Space
from pollux.connect.opcua.stack import NodeId, ua
from pollux.guard import Identity

ServiceError: Final[Any] = import_module("asyncua.common.utils").ServiceError
_CODES: Final[Any] = ua.StatusCodes
_PASSED: Final = frozenset(
    (
        "auth_token", "external", "get_endpoints", "is_activated", "name", "nonce", "session_id",
        "session_timeout", "state", "subscription_service", "touch", "user",
    )
)  # fmt: skip
"""What the stack itself asks of a session, and what tells a client only of its own."""


@final
@dataclass(slots=True, eq=False)
class House:
    """What the sessions of one server share."""

    show: AbstractShow
    limits: ServerLimits
    counts: ServerCounters
    sessions: "list[GuardedSession]" = field(default_factory=list["GuardedSession"])
    space: Space | None = None
    entering: "GuardedSession | None" = None
    peer: bytes | None = None


@final
class GuardedSession:
    """A session of the stack that sees what its identity may see, and holds no more than its share.

    Every service that it offers stands here; what is asked of it besides is refused.
    """

    def __init__(self, inner: Any, house: House, host: str, peer: bytes | None) -> None:
        self._inner, self._house = inner, house
        self.host, self._peer = host, peer
        self.identity: Identity | None = None

    def __getattr__(self, name: str) -> Any:
        if name in _PASSED:
            return getattr(self._inner, name)
        self._house.counts.refused_services += 1
        raise ServiceError(_CODES.BadServiceUnsupported)

    async def create_session(self, params: Any, sockname: Any = None) -> Any:
        """Begin, for the application that has opened the channel: another one's certificate proves nothing."""
        if not self._peer or params.ClientCertificate != self._peer:
            raise ServiceError(_CODES.BadCertificateInvalid)
        return await self._inner.create_session(params, sockname=sockname)

    def activate_session(self, params: Any, peer_certificate: bytes | None) -> Any:
        if self.identity is not None:
            raise ServiceError(_CODES.BadIdentityChangeNotSupported)
        self._house.entering = self
        try:
            return self._inner.activate_session(params, peer_certificate)
        finally:
            self._house.entering = None

    async def close_session(self, delete_subs: bool = True) -> None:
        """Nothing of a session outlives it: subscriptions of nobody would fill the memory (asyncua issue 1982)."""
        if self in self._house.sessions:
            self._house.sessions.remove(self)
        await self._inner.close_session(True)

    # -- looking ------------------------------------------------------------------------------------------------------

    def hides(self, node: NodeId) -> bool:
        """Whether a node is not there for this identity."""
        target = _target(node, self._house)
        return target is not None and not (self.identity and self._house.show.sees(self.identity, target))

    async def read(self, params: Any) -> list[Any]:
        self._house.counts.reads += len(params.NodesToRead)
        hidden = [self.hides(one.NodeId) for one in params.NodesToRead]
        asked = copy.copy(params)
        asked.NodesToRead = [one for one, no in zip(params.NodesToRead, hidden, strict=True) if not no]
        await _space(self._house).refresh([one.NodeId for one in asked.NodesToRead])
        told = iter(await self._inner.read(asked) if asked.NodesToRead else ())
        return [_absent_value() if no else next(told) for no in hidden]

    async def browse(self, params: Any) -> list[Any]:
        results = await self._inner.browse(params)
        for one, result in zip(params.NodesToBrowse, results, strict=True):
            if self.hides(one.NodeId):
                result.StatusCode, result.References = ua.StatusCode(_CODES.BadNodeIdUnknown), []
            else:
                result.References = [ref for ref in result.References or () if not self.hides(ref.NodeId)]
        return list(results)

    async def translate_browsepaths_to_nodeids(self, params: Any) -> list[Any]:
        results = await self._inner.translate_browsepaths_to_nodeids(params)
        for one, result in zip(params, results, strict=True):
            if self.hides(one.StartingNode) or any(self.hides(target.TargetId) for target in result.Targets or ()):
                result.StatusCode, result.Targets = ua.StatusCode(_CODES.BadNoMatch), []
        return list(results)

    async def write(self, params: Any) -> list[Any]:
        return [await self._set(one) for one in params.NodesToWrite]

    async def _set(self, one: Any) -> Any:
        target = _target(one.NodeId, self._house)
        if target is None or self.hides(one.NodeId) or not target.signal or one.AttributeId != ua.AttributeIds.Value:
            self._house.counts.refused_writes += 1
            return ua.StatusCode(_CODES.BadNodeIdUnknown if self.hides(one.NodeId) else _CODES.BadNotWritable)
        value = one.Value.Value.Value if one.Value.Value is not None else None
        assert self.identity is not None
        # The order goes through log and gate, which may wait for the disk: the loop goes on meanwhile.
        status = await asyncio.to_thread(self._house.show.set, self.identity, target, value)
        self._house.counts.writes += 1
        self._house.counts.refused_writes += bool(status >> 30)
        return ua.StatusCode(status)

    # -- subscribing --------------------------------------------------------------------------------------------------

    def _mine(self, subscription: int) -> Any:
        found = self._inner.subscription_service.subscriptions.get(subscription)
        if found is None or found.session_id != self._inner.session_id:
            raise ServiceError(_CODES.BadSubscriptionIdInvalid)
        return found

    @property
    def held(self) -> list[Any]:
        """The subscriptions of this session."""
        return [
            one
            for one in self._inner.subscription_service.subscriptions.values()
            if one.session_id == self._inner.session_id
        ]

    @property
    def over(self) -> bool:
        """Whether it was closed, by its client or because nothing was heard of it."""
        return str(self._inner.state.name) == "Closed"

    @property
    def watched(self) -> list[NodeId]:
        """The nodes that it monitors."""
        return [
            item.read_value_id.NodeId for one in self.held for item in one.monitored_item_srv._monitored_items.values()
        ]

    async def create_subscription(
        self, params: Any, callback: Callable[..., Any], request_callback: Callable[..., Any] | None = None
    ) -> Any:
        if len(self.held) >= self._house.limits.subscriptions:
            self._house.counts.refused_subscriptions += 1
            raise ServiceError(_CODES.BadTooManySubscriptions)
        params.RequestedPublishingInterval = max(params.RequestedPublishingInterval, self._house.limits.interval)
        return await self._inner.create_subscription(params, callback, request_callback)

    def modify_subscription(self, params: Any) -> Any:
        self._mine(params.SubscriptionId)
        params.RequestedPublishingInterval = max(params.RequestedPublishingInterval, self._house.limits.interval)
        return self._inner.modify_subscription(params)

    async def create_monitored_items(self, params: Any) -> list[Any]:
        self._mine(params.SubscriptionId)
        more, limits = len(params.ItemsToCreate), self._house.limits
        others = sum(len(one.watched) for one in self._house.sessions)
        if len(self.watched) + more > limits.items or others + more > limits.all_items:
            self._house.counts.refused_items += len(params.ItemsToCreate)
            raise ServiceError(_CODES.BadTooManyMonitoredItems)
        wanted = [one.ItemToMonitor.NodeId for one in params.ItemsToCreate]
        # Values alone are told: there are no events of twins, and what describes a node does not change.
        values = [one.ItemToMonitor.AttributeId == ua.AttributeIds.Value for one in params.ItemsToCreate]
        hidden = [self.hides(node) or not value for node, value in zip(wanted, values, strict=True)]
        await _space(self._house).refresh([node for node, no in zip(wanted, hidden, strict=True) if not no])
        asked = copy.copy(params)
        asked.ItemsToCreate = [one for one, no in zip(params.ItemsToCreate, hidden, strict=True) if not no]
        made = iter(await self._inner.create_monitored_items(asked))
        return [_absent_item() if no else next(made) for no in hidden]

    async def modify_monitored_items(self, params: Any) -> Any:
        self._mine(params.SubscriptionId)
        for one in params.ItemsToModify:
            asked = one.RequestedParameters
            asked.QueueSize = min(asked.QueueSize or 1, self._house.limits.queue)
        return await self._inner.modify_monitored_items(params)

    async def delete_monitored_items(self, params: Any) -> Any:
        self._mine(params.SubscriptionId)
        return await self._inner.delete_monitored_items(params)

    async def set_monitoring_mode(self, params: Any) -> Any:
        self._mine(params.SubscriptionId)
        return await self._inner.set_monitoring_mode(params)

    async def set_publishing_mode(self, params: Any) -> Any:
        for one in params.SubscriptionIds:
            self._mine(one)
        return await self._inner.set_publishing_mode(params)

    def republish(self, params: Any) -> Any:
        self._mine(params.SubscriptionId)
        return self._inner.republish(params)

    async def delete_subscriptions(self, ids: list[int]) -> list[Any]:
        for one in ids:
            self._mine(one)
        return list(await self._inner.delete_subscriptions(ids))

    def publish(self, acks: Any = None) -> Any:
        for one in acks or ():
            self._mine(one.SubscriptionId)
        return self._inner.publish(acks)


def _space(house: House) -> Space:
    assert house.space is not None
    return house.space


def _target(node: NodeId, house: House) -> Target | None:
    """The twin's part that a node stands for; None for nodes of the standard, which everybody who came in may see."""
    if house.space is None or node.NamespaceIndex != house.space.index:
        return None
    return Target.read(str(node.Identifier))


def _absent_value() -> Any:
    return ua.DataValue(StatusCode=ua.StatusCode(_CODES.BadNodeIdUnknown))


def _absent_item() -> Any:
    return ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(_CODES.BadNodeIdUnknown))
