"""The server: the application in a thread and on a loop of its own, with an end that finishes what has begun."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast, final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pollux.errors import SetupError
from pollux.guard import Accounts
from pollux.guard.requests import is_loopback
from pollux.guard.tls import client_fingerprint
from pollux.show.app import Application
from pollux.show.entrance import CERTIFICATE, SECURITY
from pollux.show.live.doors import LARGEST
from pollux.show.problems import MEDIA, Refused

BACKLOG: Final = 2_048
GRACE: Final = 5
"""Seconds in which requests that have begun may end."""

START_WITHIN: Final = 30.0
KEEP_ALIVE: Final = 30
REQUEST_WITHIN: Final = 20.0
"""Seconds in which a new connection must have sent the head of a request."""


class Accepting(Protocol):
    """Accepts TLS connections from a listener until it is cancelled."""

    async def accept(self, listener: socket.socket, made: Callable[[], asyncio.Protocol]) -> None:
        """`made` gives the protocol of a connection whose handshake is done."""
        ...


@final
class _Http(HttpToolsProtocol):
    """HTTP/1.1 that gives a connection a while for its first request, and answers junk with the policy as well.

    The fingerprint of a client's certificate goes into the state of each scope, also into that of a WebSocket, which
    takes over the connection with its state.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        secured: Any = transport.get_extra_info("ssl_object")
        if secured is not None:
            self.app_state = {**self.app_state, CERTIFICATE: client_fingerprint(secured)}
        self._waits = self.loop.call_later(REQUEST_WITHIN, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._waits.cancel()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        self._waits.cancel()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        refused = Refused(400, "expected an HTTP/1.1 request")
        body = refused.body
        headers = (*SECURITY, (b"content-type", MEDIA.encode()), (b"connection", b"close"))
        lines = [b"HTTP/1.1 400 Bad Request\r\ncontent-length: %d\r\n" % len(body)]
        lines += [b"%s: %s\r\n" % (name, value) for name, value in headers]
        self.transport.write(b"".join([*lines, b"\r\n", body]))
        self.transport.close()


@final
class Server:
    """A running application. `port` is where it listens: 0 asked for any that is free; with `secure` it speaks TLS."""

    def __init__(
        self, app: Application, listener: socket.socket, secure: Accepting | None = None, name: str | None = None
    ) -> None:
        self._app, self._listener, self._secure, self._name = app, listener, secure, name
        self._accepting: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.host, self.port = listener.getsockname()[:2]
        config = uvicorn.Config(
            app,
            http=_Http,
            ws="websockets-sansio",
            loop="none",
            interface="asgi3",
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,  # a one-time address has its token in the query
            proxy_headers=False,  # whoever sends X-Forwarded-For is not believed
            server_header=False,
            ws_per_message_deflate=False,
            ws_max_size=LARGEST,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="pollux-http", daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """The address of the page."""
        host = self._name or self.host
        scheme = "https" if self._secure else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def start(self) -> "Server":
        """Begin to serve; returns when it does."""
        self._thread.start()
        if not self._ready.wait(START_WITHIN) or self._failure is not None:
            raise SetupError("the HTTP server did not start", at=f"{self.host}:{self.port}") from self._failure
        return self

    def stop(self) -> None:
        """Take no more requests, end those that have begun, and return when all has ended."""
        if self._loop is not None and not self._loop.is_closed():
            # Streams of events have no end of their own, and would hold up the server until its patience ends.
            self._loop.call_soon_threadsafe(self._hang_up)
        self._uvicorn.should_exit = True
        self._thread.join()
        self._listener.close()

    def _hang_up(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
        self._app.hang_up()

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - told to whoever started it
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        served = asyncio.ensure_future(self._uvicorn.serve(sockets=[] if self._secure else [self._listener]))
        while not self._uvicorn.started and not served.done():
            await asyncio.sleep(0.005)
        if self._secure is not None and not served.done():
            self._accepting = asyncio.ensure_future(self._secure.accept(self._listener, self._protocol))
        self._ready.set()
        await served

    def _protocol(self) -> asyncio.Protocol:
        """What uvicorn would make for a connection of its own listener."""
        inside = self._uvicorn
        state = cast("dict[str, Any]", inside.lifespan.state)
        return _Http(config=inside.config, server_state=inside.server_state, app_state=state)


def serve(
    app: Application,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    secure: Accepting | None = None,
    name: str | None = None,
) -> Server:
    """A server for an application, bound but not started; `name` is what its address is told with.

    Plain HTTP is for this machine alone: without `secure`, raises SetupError for a host that is not loopback. Raises it
    for a taken port too.
    """
    if secure is None and not is_loopback(host):
        raise SetupError(
            f"expected a loopback address, got {host}",
            at="--http",
            hint="plain HTTP leaves this machine only behind a proxy that speaks TLS: use 127.0.0.1, or --tls",
        )
    return Server(app, _bound(host, port), secure, name)


def _loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        hint = "name another with --http HOST:PORT, or 0 for any that is free"
        raise SetupError(f"port {port} cannot be taken: {error.strerror}", at=f"{host}:{port}", hint=hint) from error
    return listener


def invite(accounts: Accounts, name: str, url: str, *, tenant: str = "") -> str:
    """A one-time address of the page: it signs in as `name` whoever opens it first, within a quarter of an hour."""
    return f"{url}?token={accounts.issue_address(name, tenant=tenant).secret}"


def first_administrator(accounts: Accounts, environment: Mapping[str, str]) -> bool:
    """Let POLLUX_TOKEN be the administrator's token; False where it is not set."""
    secret = environment.get("POLLUX_TOKEN")
    if secret:
        accounts.first_administrator(secret)
    return bool(secret)
