"""The entrance: every request passes it, and every answer leaves through it.

Host is looked at on every request, Origin on WebSockets and on whatever may change something, cookie or not: loopback
is no wall against a web page. Then it is settled who asks. On the way out every answer gets a request id and the
policy that keeps the page from loading or talking to anything else.
"""

import itertools
import logging
import re
import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Final, final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pollux.errors import Overloaded, PolluxError
from pollux.guard import Accounts, Credential, Doors, Gate, Identity, host_allowed, needs_origin, origin_allowed
from pollux.show.answers import CLOSE, header, send_last, send_problem
from pollux.show.api.session import CHALLENGE, cookie_name
from pollux.show.dispatch import IDENTITY, ROUTE
from pollux.show.metrics import Tally
from pollux.show.others import OPEN
from pollux.show.problems import Headers, Refused, absent, from_error
from pollux.show.routes import API

POLICY: Final = (
    "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
SECURITY: Final[Headers] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
TRANSPORT: Final[Headers] = ((b"strict-transport-security", b"max-age=31536000"),)

CERTIFICATE: Final = "pollux.certificate"
"""Where a scope's state has the fingerprint of the certificate that the client has shown."""

_CLOSED: Final = re.compile(rf"{API}(/.*)?|/metrics|/openapi\.json|/docs(/.*)?")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_RUN: Final = secrets.token_hex(3)
_COUNT: Final = itertools.count(1)
_SAME: Final = frozenset((None, "same-origin", "none"))

_log = logging.getLogger(__name__)


@final
class Entrance:
    """Admits requests to what is inside, and turns whatever is raised there into a problem document."""

    def __init__(
        self, accounts: Accounts, gate: Gate, doors: Callable[[], Doors], tally: Tally, inside: ASGIApp
    ) -> None:
        self._accounts, self._gate, self._doors, self._tally, self._inside = accounts, gate, doors, tally, inside
        # Browsers and devices send the same few names again and again; the bound keeps others from filling memory.
        self._host_allowed = lru_cache(256)(host_allowed)
        self._origin_allowed = lru_cache(256)(origin_allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one WebSocket, or the life of the application."""
        if scope["type"] == "lifespan":
            await self._inside(scope, receive, send)
            return
        exit_ = _Exit(scope, send, self._tally)
        try:
            await self._admitted(scope, receive, exit_)
        except Refused as refused:
            await exit_.refuse(scope, refused, receive)
        except PolluxError as error:
            await exit_.refuse(scope, _told(error))
        except HTTPException as error:
            headers = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
            told = Refused(error.status_code, error.detail, headers=headers)
            await exit_.refuse(scope, absent() if error.status_code == 404 else told)
        except Exception:  # noqa: BLE001 - nobody outside is to see how it failed; the log has it all
            _log.exception("a request could not be answered")
            await exit_.refuse(scope, Refused(500, "the site could not do this", hint="the cause is in its log"))

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        host = hosts[0].decode("latin-1") if len(hosts) == 1 else None
        doors = self._doors()
        if not self._host_allowed(host, doors):
            raise Refused(421, "this site does not answer under that name", at="Host")
        bearer, session = self._shown(scope)
        if scope["type"] == "websocket" or needs_origin(scope["method"]):
            origin = header(scope, b"origin")
            if not self._origin_allowed(origin, host, doors, cookie=session is not None and bearer is None):
                raise Refused(403, "a request of this kind may not come from that origin", at="Origin")
        scope[IDENTITY] = identity = self._identity(scope, bearer, session)
        if identity is None and scope["type"] == "http" and self._closed(scope):
            raise Refused(401, "sign in first, or show a token", headers=CHALLENGE)
        await self._inside(scope, receive, send)

    def _shown(self, scope: Scope) -> tuple[str | None, str | None]:
        """The token and the session that a request shows."""
        given = header(scope, b"authorization")
        scheme, _, token = (given or "").partition(" ")
        server = scope.get("server")
        name = cookie_name(server[1] if server else None)
        cookies = dict(part.strip().split("=", 1) for part in _cookies(scope) if "=" in part)
        return (token.strip() or None) if scheme.lower() == "bearer" else None, cookies.get(name)

    def _identity(self, scope: Scope, bearer: str | None, session: str | None) -> Identity | None:
        certificate: bytes | None = scope.get("state", {}).get(CERTIFICATE)
        if certificate is not None:
            return self._certified(scope, certificate, bearer)
        if bearer is not None:
            self._accounts.refresh()
            identity = self._accounts.by_token(bearer)
            if identity is None:
                self._gate.attempts.count("a token over HTTP that does not hold")
            return identity
        if session is None or header(scope, b"sec-fetch-site") not in _SAME:
            # A page on another port of this machine is another origin, but sends this cookie.
            return None
        return self._accounts.by_session(session)

    def _certified(self, scope: Scope, certificate: bytes, bearer: str | None) -> Identity | None:
        """Whose certificate the connection has shown; a token beside it must be of the same account."""
        if bearer is None and header(scope, b"sec-fetch-site") not in _SAME:
            return None  # a browser shows certificates, as cookies, also for pages of others
        secret = None if bearer is None else bearer.encode()
        return self._gate.authenticate(Credential(None, secret, certificate=certificate)).result()

    @staticmethod
    def _closed(scope: Scope) -> bool:
        method, path = scope["method"], scope["path"]
        return (method, path) not in OPEN and _CLOSED.fullmatch(path) is not None


def _cookies(scope: Scope) -> list[str]:
    return (header(scope, b"cookie") or "").replace(", ", "; ").split(";")


def _told(error: PolluxError) -> Refused:
    told = from_error(error)
    if told.status >= 500 and not isinstance(error, Overloaded):
        _log.error("a request failed: %s", error)
    return told


@final
class _Exit:
    """Sends what leaves, with the policy and a request id on it, and counts it."""

    def __init__(self, scope: Scope, send: Send, tally: Tally) -> None:
        self._scope, self._send, self._tally = scope, send, tally
        self._begun = False
        given = header(scope, b"x-request-id") or ""
        self._id = given if given and _REQUEST_ID.fullmatch(given) else f"{_RUN}{next(_COUNT):010x}"

    async def __call__(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("http.response.start", "websocket.http.response.start", "websocket.accept"):
            self._begun = True
            message = {**message, "headers": [*message.get("headers", ()), *self._added()]}
            self._count(int(message.get("status", 101)))
        elif kind == "websocket.close":
            self._begun = True
        await self._send(message)

    async def refuse(self, scope: Scope, refused: Refused, receive: Receive | None = None) -> None:
        """Send a problem, unless an answer has begun already: then the connection is all there is to end."""
        if self._begun:
            if scope["type"] == "http":
                raise refused
            return
        if receive is not None and scope["type"] == "http" and CLOSE[0] in refused.headers:
            await send_last(self, receive, refused)
        else:
            await send_problem(scope, self, refused)

    def _added(self) -> Headers:
        secure = self._scope.get("scheme") in ("https", "wss")
        return (*SECURITY, *(TRANSPORT if secure else ()), (b"x-request-id", self._id.encode()))

    def _count(self, status: int) -> None:
        route, method = str(self._scope.get(ROUTE, "other")), str(self._scope.get("method", "GET"))
        self._tally.requests[method, route, status] += 1
