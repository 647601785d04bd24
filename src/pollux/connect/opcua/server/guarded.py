"""The stack's server with a guard at each of its doors.

What asyncua 2.1 would let through is closed here: it opens a channel without security for discovery and then takes
sessions on it; it lets anybody register servers, create sessions without end, take over a session by its number, and
touch the subscriptions of others.
"""

from collections.abc import Sequence
from hashlib import sha256
from importlib import import_module
from typing import Any, Final, final

from pollux.connect.opcua.server.session import GuardedSession, House, ServiceError
from pollux.connect.opcua.stack import ua
from pollux.guard import Credential

_INNER: Final[Any] = import_module("asyncua.server.internal_server")
_BINARY: Final[Any] = import_module("asyncua.server.binary_server_asyncio")
_ROLES: Final[Any] = import_module("asyncua.crypto.permission_rules")
_CODES: Final[Any] = ua.StatusCodes


def _request(name: str) -> Any:
    return ua.NodeId(getattr(ua.ObjectIds, f"{name}Request_Encoding_DefaultBinary"))


_OPEN: Final = frozenset(map(_request, ("GetEndpoints", "FindServers", "CloseSecureChannel")))
"""What may be asked over a channel without security: how to come in."""
_CREATE: Final = _request("CreateSession")


@final
class Entrance:
    """Asks the gate who comes in, where the stack asks for a user."""

    def __init__(self, house: House) -> None:
        self._house = house

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> Any:
        """Whoever the gate knows, with a role of the stack that says no more than that."""
        session, house = self._house.entering, self._house
        assert session is not None
        shown = None if username is not None or certificate is None else sha256(bytes(certificate)).digest()
        secret = None if password is None else password.encode()
        identity = house.show.enter(Credential(username, secret, address=session.host, certificate=shown))
        if identity is None:
            house.counts.refused_identities += 1
            return None
        house.counts.entered += 1
        session.identity = identity
        return _ROLES.User(role=_ROLES.UserRole.User, name=identity.name)


def guarded_server(house: House) -> Any:
    """The inner server of the stack, which makes guarded sessions and keeps none that nobody holds."""
    inner = _INNER.InternalServer(user_manager=Entrance(house))
    made, limits = inner.create_session, house.limits

    def create_session(name: Any, user: Any = None, external: bool = False) -> GuardedSession:
        if len(house.sessions) >= limits.sessions:
            house.counts.refused_sessions += 1
            raise ServiceError(_CODES.BadTooManySessions)
        session = GuardedSession(made(name, external=external), house, str(name[0]), house.peer)
        house.sessions.append(session)
        house.counts.sessions += 1
        return session

    def refuse(*_: Any) -> None:
        house.counts.refused_services += 1
        raise ServiceError(_CODES.BadServiceUnsupported)

    inner.create_session = create_session
    # Nobody goes on with a session over another channel: its number proves nothing.
    inner.lookup_external_session = inner.register_external_session = _nobody
    inner.register_server = inner.register_server2 = refuse
    inner.supported_tokens = (ua.UserNameIdentityToken, ua.X509IdentityToken)
    inner.max_connections = limits.connections
    inner.max_subscriptions = limits.subscriptions * limits.sessions
    inner.max_monitored_item_queue_size = limits.queue
    inner.max_unacked_messages_per_subscription = limits.unacknowledged
    inner.max_pending_messages_per_connection = limits.pending
    inner.max_lifetime_count, inner.max_keep_alive_count = 3_000, 1_000
    return inner


def _nobody(_: Any) -> None:
    """None is found, and none is kept."""


def guarded_door(inner: Any, house: House, address: tuple[str, int], transport_limits: Any) -> Any:
    """The listening socket, whose connections take sessions over signed and encrypted channels alone."""
    door = _BINARY.BinaryServer(inner, *address, transport_limits)
    made = door._make_protocol

    def make() -> Any:
        protocol = made()
        connected, received = protocol.connection_made, protocol.data_received

        def connection_made(transport: Any) -> None:
            connected(transport)
            if protocol.processor is not None:
                _guard(protocol.processor, house)

        def data_received(data: bytes) -> None:
            # What is left over is a piece that is not whole yet, held before anybody has said who it is from.
            if len(protocol._buffer) > house.limits.chunk:
                protocol.transport.close()
            else:
                received(data)

        protocol.connection_made, protocol.data_received = connection_made, data_received
        return protocol

    door._make_protocol = make
    return door


def _guard(processor: Any, house: House) -> None:
    """Take nothing but discovery over a channel without security, and one session on a connection."""
    process = processor._process_message

    async def guarded(typeid: Any, requesthdr: Any, seqhdr: Any, body: Any) -> Any:
        mode = processor._connection.security_policy.Mode
        if typeid not in _OPEN and mode != ua.MessageSecurityMode.SignAndEncrypt:
            house.counts.refused_channels += 1
            raise ServiceError(_CODES.BadSecurityModeRejected)
        if typeid == _CREATE and processor.session is not None:
            house.counts.refused_sessions += 1
            raise ServiceError(_CODES.BadTooManySessions)
        # A session is made before anything is waited for, so that it is this channel's.
        house.peer = processor._connection.security_policy.peer_certificate
        return await process(typeid, requesthdr, seqhdr, body)

    processor._process_message = guarded


async def end_the_lost(house: House) -> None:
    """Close the sessions of identities that would not be let in any more, and forget those that are over."""
    for session in list(house.sessions):
        if session.over:
            house.sessions.remove(session)
        elif session.identity is not None and not house.show.alive(session.identity):
            house.counts.ended += 1
            await session.close_session()


def names_of(sessions: Sequence[GuardedSession]) -> list[str]:
    """Who is there."""
    return sorted(session.identity.name for session in sessions if session.identity is not None)
