"""What is answered besides the table: sign-in, health, metrics, the description, the page."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, cast, final

import msgspec
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from pollux.guard import Identity
from pollux.show import metrics
from pollux.show.answers import body_of, decoded, media_of, send_bytes
from pollux.show.api.session import Doorman, cookie, cookie_name
from pollux.show.asks import SignIn
from pollux.show.dispatch import IDENTITY, ROUTE, client_of
from pollux.show.documents.site import Live, Ready
from pollux.show.house import House
from pollux.show.metrics import Tally
from pollux.show.openapi import Json, openapi
from pollux.show.pages import Pages
from pollux.show.problems import Refused, absent
from pollux.show.reference import STYLE, reference
from pollux.show.routes import API, JSON, Route

SMALL_BODY: Final = 8_192


def only(scope: Scope, *methods: str) -> None:
    """Refuse other methods than these."""
    if scope["method"] not in methods:
        allowed = ", ".join(methods)
        raise Refused(405, f"expected {allowed}, got {scope['method']}", headers=((b"allow", allowed.encode()),))


@final
class SessionDoor:
    """POST and DELETE of the session; GET is a line of the table."""

    def __init__(self, doorman: Doorman, table: ASGIApp) -> None:
        self._doorman, self._table = doorman, table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sign in or out."""
        scope[ROUTE] = f"{API}/session"
        if scope["method"] == "POST":
            await self._sign_in(scope, receive, send)
        elif scope["method"] == "DELETE":
            await self._sign_out(scope, send)
        else:
            await self._table(scope, receive, send)

    async def _sign_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        if media_of(scope) != JSON:
            raise Refused(415, f"expected {JSON}", at="Content-Type")
        said = cast(SignIn, decoded(await body_of(scope, receive, SMALL_BODY), (SignIn,)))
        identity = await self._doorman.sign_in(said, client_of(scope))
        await send_bytes(send, 204, b"", JSON, given(scope, await self._doorman.open(identity)))

    async def _sign_out(self, scope: Scope, send: Send) -> None:
        await self._doorman.end(cast(Identity, scope[IDENTITY]))
        await send_bytes(send, 204, b"", JSON, given(scope, ""))


def given(scope: Scope, secret: str) -> tuple[tuple[bytes, bytes], ...]:
    """The header that gives a session to the browser that asks, or takes it back."""
    server = scope.get("server")
    return cookie(cookie_name(server[1] if server else None), secret, secure=scope.get("scheme") == "https")


@final
class Desk:
    """Health, metrics, the description of the interface, and the page."""

    def __init__(self, house: House, tally: Tally, routes: Sequence[Route], pages: Pages, doorman: Doorman) -> None:
        self._house, self._tally, self._pages, self._doorman = house, tally, pages, doorman
        self._routes = tuple(routes)

    @cached_property
    def _description(self) -> Json:
        # Made when somebody asks first: it takes longer than all the rest of a start.
        return openapi(self._routes, version=self._house.version)

    async def live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The process answers."""
        await self._document(scope, send, 200, msgspec.json.encode(Live()))

    async def ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whether the site can serve; to whoever is known, which promises are broken."""
        broken = tuple(self._house.broken())
        told = Ready(ready=not broken, broken=broken if scope[IDENTITY] is not None else None)
        await self._document(scope, send, 503 if broken else 200, msgspec.json.encode(told))

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Figures for whoever may read the whole installation; tenants are named to its administrator alone."""
        identity, gate = cast(Identity, scope[IDENTITY]), self._house.gate
        if identity.tenant != "" or not gate.may(identity, "read", "*"):
            raise absent()
        figures = [*self._tally.metrics(), *self._house.metrics()]
        text = metrics.text(figures, tenants=gate.may(identity, "admin", "*"))
        await self._document(scope, send, 200, text, metrics.MEDIA)

    async def description(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The OpenAPI document."""
        await self._document(scope, send, 200, msgspec.json.encode(self._description))

    async def reference(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The description as a page."""
        await self._document(scope, send, 200, reference(self._description), "text/html; charset=utf-8")

    async def style(self, scope: Scope, receive: Receive, send: Send) -> None:
        """How that page looks."""
        await self._document(scope, send, 200, STYLE, "text/css; charset=utf-8")

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page and its files; at the root a one-time address becomes a cookie, and the token leaves the address."""
        scope[ROUTE] = "page"
        if scope["path"].startswith("/api/"):
            raise absent()
        only(scope, "GET", "HEAD")
        token = QueryParams(scope["query_string"]).get("token") if scope["path"] == "/" else None
        if token is not None:
            await self._welcome(token, scope, send)
            return
        file = self._pages.find(scope["path"])
        if file is None:
            raise absent()
        await self._pages.send(file, scope, send)

    async def _welcome(self, token: str, scope: Scope, send: Send) -> None:
        identity = await self._doorman.redeem(token)
        # A link that was used already leads to the page all the same, which then asks to sign in.
        cookies = given(scope, await self._doorman.open(identity)) if identity is not None else ()
        await send_bytes(send, 303, b"", JSON, ((b"location", b"./"), *cookies))

    @staticmethod
    async def _document(scope: Scope, send: Send, status: int, body: bytes, media: str = JSON) -> None:
        only(scope, "GET", "HEAD")
        scope[ROUTE] = scope["path"]
        await send_bytes(send, status, body, media)
