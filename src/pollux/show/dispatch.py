"""From a request that has passed the entrance to its endpoint: the gate, the query, the body, the answer."""

from collections.abc import Mapping
from typing import Any, Final, cast, final

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from pollux.guard import Identity
from pollux.show.answers import accepts, body_of, decoded, media_of, query_of, send_bytes, written
from pollux.show.house import House, Tenancy
from pollux.show.pool import BoundedPool
from pollux.show.problems import Refused, absent
from pollux.show.routes import JSON, Call, Right, Route
from pollux.show.sight import Sight

IDENTITY: Final = "pollux.identity"
ROUTE: Final = "pollux.route"


def tenancy_of(house: House, identity: Identity, asked: str | None) -> Tenancy:
    """What the identity may look into: its own tenant's; an administrator of the installation may name another."""
    if asked is None or asked == identity.tenant:
        found = house.tenancy(identity.tenant)
    elif identity.tenant == "" and house.gate.may(identity, "admin", "*"):
        found = house.tenancy(asked)
    else:
        found = None
    if found is None:
        raise absent()
    return found


def tenant_asked(scope: Scope) -> str | None:
    """The tenant that a query names."""
    query = scope["query_string"]
    return QueryParams(query).get("tenant") if query else None


def client_of(scope: Scope) -> str:
    """The address that a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else ""


@final
class Place:
    """One path of the table with its methods, as an ASGI application."""

    def __init__(self, house: House, pool: BoundedPool, routes: Mapping[str, Route]) -> None:
        self._house, self._pool, self._routes = house, pool, routes
        self.allowed = ", ".join(sorted({*routes, *(("HEAD",) if "GET" in routes else ())}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; raises Refused and PolluxError for the entrance to write."""
        identity = cast(Identity, scope[IDENTITY])
        route = self._routes.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if route is None:
            detail = f"expected {self.allowed}, got {scope['method']}"
            raise Refused(405, detail, headers=((b"allow", self.allowed.encode()),))
        scope[ROUTE] = route.path
        call = self._call(scope, identity)
        allow(route.right, call)
        # Only documents come in kinds; bytes are what they are.
        if route.media == JSON and not accepts(scope, JSON):
            raise Refused(406, f"expected to be asked for {JSON}", at="Accept")
        query = query_of(scope, route.query)
        body = await self._body(route, scope, receive)
        answer = await self._answered(route, _complete(call, query, body))
        reply = written(answer)
        await send_bytes(send, reply.status, cast(bytes, reply.body), reply.media, reply.headers)

    def _call(self, scope: Scope, identity: Identity) -> Call[Any, Any]:
        tenancy = tenancy_of(self._house, identity, tenant_asked(scope))
        path: Mapping[str, str] = scope["path_params"]
        sight = Sight(self._house.gate, identity)
        now, client = self._house.clock.now(), client_of(scope)
        return Call(self._house, tenancy, identity, sight, path, None, None, now, client)

    async def _body(self, route: Route, scope: Scope, receive: Receive) -> object:
        if not route.body:
            return None
        if media_of(scope) != JSON:
            raise Refused(415, f"expected {JSON}", at="Content-Type")
        return decoded(await body_of(scope, receive, route.largest), route.body)

    async def _answered(self, route: Route, call: Call[Any, Any]) -> object:
        return await self._pool.run(lambda: route.do(call)) if route.slow else route.do(call)


def allow(right: Right | None, call: Call[Any, Any]) -> None:
    """Ask the gate; whoever may not gets the answer that there is nothing."""
    if right is None:
        return
    if right.operator and call.identity.tenant != "":
        raise absent()
    target = right.target.format_map(call.path)
    if not right.any_field:
        if not call.sight.may(right.action, target):
            raise absent()
        return
    if call.sight.may(right.action, f"{target}/*"):
        return
    if not any(call.sight.may(right.action, f"{target}/{field.name}") for field in call.type.fields):
        raise absent()


def _complete(call: Call[Any, Any], query: Any, body: Any) -> Call[Any, Any]:
    return Call(call.house, call.tenancy, call.identity, call.sight, call.path, query, body, call.now, call.client)
