"""The application: the entrance, the telemetry routes in front, then the table, the live doors and the page."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import cast, final

from starlette import routing
from starlette.types import ASGIApp, Receive, Scope, Send

from pollux.clock import WallClock
from pollux.guard import Doors, Identity
from pollux.show.api.session import Doorman
from pollux.show.desk import Desk, SessionDoor
from pollux.show.dispatch import IDENTITY, ROUTE, Place, tenancy_of, tenant_asked
from pollux.show.entrance import Entrance
from pollux.show.est import EST, Enrolling, EstDoor
from pollux.show.house import House
from pollux.show.inlet import Inlet
from pollux.show.live.doors import LiveDoors
from pollux.show.live.hub import Hub
from pollux.show.metrics import Tally
from pollux.show.pages import PAGE, Pages
from pollux.show.pool import BoundedPool
from pollux.show.problems import absent
from pollux.show.rates import Rates
from pollux.show.routes import API, Route
from pollux.show.streams import Streams
from pollux.show.table import TABLE
from pollux.show.telemetry import Telemetry
from pollux.show.tunnel import PATH, MqttTunnel


@final
class Application:
    """An ASGI application over a house. `tally` counts what it did, `inlet` is the way of telemetry into the log.

    `doors` is asked on every request, for the names of a site may change while it serves.
    Its life is that of the ASGI lifespan: threads and the live wire begin with it and end with it.
    """

    def __init__(
        self,
        house: House,
        *,
        doors: Callable[[], Doors] = Doors,
        page: Path = PAGE,
        enrolling: Enrolling | None = None,
        rates: Rates | None = None,
    ) -> None:
        self.tally = Tally()
        self.inlet = Inlet(house.sink)
        self.routes = tuple(route for route in TABLE if route.offer is None or route.offer in house.offers)
        self._house = house
        self._pool = BoundedPool()
        self._hub = Hub(house, self.tally)
        self._telemetry = Telemetry(self.inlet, house, rates or Rates())
        self._streams = Streams(house, self.inlet, self._telemetry)
        self.tally.beside += [self._telemetry.metrics, self._streams.metrics]
        self._est = EstDoor(enrolling, WallClock(), told=house.gate.attempts.count) if enrolling else None
        self._doors = LiveDoors(house, self._hub)
        self._router = routing.Router(
            self._paths(Pages(page)), redirect_slashes=False, default=_nothing, lifespan=self._life
        )
        self._entrance = Entrance(house.accounts, house.gate, doors, self.tally, self._inside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, one WebSocket, or the life of the application."""
        await self._entrance(scope, receive, send)

    def hang_up(self) -> None:
        """End all live links in good order; called in the loop that serves them, before the server stops."""
        self._hub.hang_up()

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST" and self._telemetry.takes(scope["path"]):
            identity = cast(Identity, scope[IDENTITY])
            tenant = tenant_asked(scope)
            tenant = identity.tenant if tenant is None else tenant
            tenancy_of(self._house, identity, tenant)
            scope[ROUTE] = "telemetry"
            await self._telemetry.post(scope, receive, send, identity, tenant)
            return
        await self._router(scope, receive, send)

    def _paths(self, pages: Pages) -> list[routing.BaseRoute]:
        doorman = Doorman(self._house.accounts, self._house.gate)
        desk = Desk(self._house, self.tally, self.routes, pages, doorman)
        places = {
            API + path: Place(self._house, self._pool, methods) for path, methods in _by_path(self.routes).items()
        }
        session = SessionDoor(doorman, places.pop(f"{API}/session"))
        return [
            *(routing.Route(path, place) for path, place in places.items()),
            routing.Route(f"{API}/session", session),
            *self._enrolment(),
            routing.WebSocketRoute(f"{API}/telemetry", _Endpoint(self._streams.socket)),
            routing.WebSocketRoute(f"{API}/twins/{{type}}/{{id}}/telemetry", _Endpoint(self._streams.socket)),
            routing.WebSocketRoute(f"{API}/live", _Endpoint(self._doors.socket)),
            routing.WebSocketRoute(PATH, _Endpoint(MqttTunnel(self._house).socket)),
            routing.Route(f"{API}/live/events", _Endpoint(self._doors.events)),
            *(
                routing.Route(path, _Endpoint(answer))
                for path, answer in (
                    ("/health/live", desk.live),
                    ("/health/ready", desk.ready),
                    ("/metrics", desk.metrics),
                    ("/openapi.json", desk.description),
                    ("/docs", desk.reference),
                    ("/docs/reference.css", desk.style),
                    ("/{path:path}", desk.page),
                )
            ),
        ]

    def _enrolment(self) -> list[routing.BaseRoute]:
        est = self._est
        if est is None:
            return []
        answers = (("cacerts", est.authorities), ("simpleenroll", est.first), ("simplereenroll", est.again))
        return [routing.Route(f"{EST}/{name}", _Endpoint(answer)) for name, answer in answers]

    @contextlib.asynccontextmanager
    async def _life(self, _: object) -> AsyncGenerator[None]:
        self.inlet.start()
        self._hub.start()
        try:
            yield
        finally:
            await self._hub.stop()
            self.inlet.stop()
            self._pool.close()


@final
class _Endpoint:
    """A bound method as an ASGI application: the router would take it for a function of a request."""

    __slots__ = ("_answer",)

    def __init__(self, answer: ASGIApp) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise absent()


def _by_path(routes: Sequence[Route]) -> dict[str, dict[str, Route]]:
    paths: dict[str, dict[str, Route]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method] = route
    return paths
