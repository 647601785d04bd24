"""What processes share: places that are taken in turn, amounts that flow in and out, things that are stored."""

import heapq
import math
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, final

from pollux.errors import SimulationError
from pollux.simulate.discrete.environment import Environment
from pollux.simulate.discrete.happening import Happening


@final
class Request(Happening):
    """Somebody wants a place; it happens when they have it. As a context it gives the place back at the end."""

    __slots__ = ("_resource",)

    def __init__(self, env: Environment, resource: "Resource") -> None:
        super().__init__(env)
        self._resource = resource

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resource.release(self)


@final
class Resource:
    """So many places; who wants one waits, the lower `rank` first, then who asked first.

    >>> env = Environment()
    >>> desk = Resource(env, 1)
    >>> def customer(name):
    ...     with desk.request() as place:
    ...         yield place
    ...         yield env.timeout("5 min")
    ...         print(name, env.seconds / 60)
    >>> _ = [env.process(customer(name)) for name in ("Ann", "Bob")]
    >>> env.run()
    Ann 5.0
    Bob 10.0
    """

    def __init__(self, env: Environment, places: int = 1) -> None:
        if places < 1:
            raise SimulationError(f"expected one place or more, got {places}", at="Resource")
        self._env = env
        self.places = places
        self._users: set[Request] = set()
        self._waiting: list[tuple[int, int, Request]] = []
        self._count = 0

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return len(self._users)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def request(self, rank: int = 0) -> Request:
        """Ask for a place."""
        one = Request(self._env, self)
        heapq.heappush(self._waiting, (rank, self._count, one))
        self._count += 1
        self._serve()
        return one

    def release(self, request: Request) -> None:
        """Give a place back, or do not wait for it any more; twice is once."""
        if request in self._users:
            self._users.remove(request)
            self._serve()
        else:
            self._waiting = [one for one in self._waiting if one[2] is not request]
            heapq.heapify(self._waiting)

    def _serve(self) -> None:
        while self._waiting and len(self._users) < self.places:
            _, _, one = heapq.heappop(self._waiting)
            self._users.add(one)
            one.succeed(one)


@final
class Container:
    """An amount between zero and `capacity`: who wants more than there is, or to put in more than fits, waits in turn.

    >>> env = Environment()
    >>> tank = Container(env, capacity=100, level=10)
    >>> def car():
    ...     yield tank.get(40)
    ...     print("full", env.seconds)
    >>> def truck():
    ...     yield env.timeout(60)
    ...     yield tank.put(80)
    >>> _ = env.process(car()), env.process(truck())
    >>> env.run()
    full 60.0
    """

    def __init__(self, env: Environment, capacity: float = math.inf, level: float = 0.0) -> None:
        if not 0 <= level <= capacity:
            raise SimulationError(f"expected a level up to {capacity:g}, got {level:g}", at="Container")
        self._env = env
        self.capacity = capacity
        self.level = level
        self._putting: list[tuple[float, Happening]] = []
        self._getting: list[tuple[float, Happening]] = []

    def put(self, amount: float) -> Happening:
        """Put an amount in, as soon as it fits; raises SimulationError for one that never will."""
        return self._asked(amount, self._putting)

    def get(self, amount: float) -> Happening:
        """Take an amount out, as soon as it is there; raises SimulationError for one that never will be."""
        return self._asked(amount, self._getting)

    def cancel(self, one: Happening) -> None:
        """Do not wait for a `put` or `get` any more, for a process that was interrupted in it; once it has happened
        this changes nothing.
        """
        self._putting = [asked for asked in self._putting if asked[1] is not one]
        self._getting = [asked for asked in self._getting if asked[1] is not one]
        self._serve()

    def _asked(self, amount: float, waiting: list[tuple[float, Happening]]) -> Happening:
        if not 0 < amount <= self.capacity:
            raise SimulationError(f"expected an amount up to {self.capacity:g}, got {amount:g}", at="Container")
        one = self._env.happening()
        waiting.append((amount, one))
        self._serve()
        return one

    def _serve(self) -> None:
        moved = True
        while moved:
            moved = False
            if self._putting and self.level + self._putting[0][0] <= self.capacity:
                amount, one = self._putting.pop(0)
                self.level += amount
                one.succeed(amount)
                moved = True
            if self._getting and self._getting[0][0] <= self.level:
                amount, one = self._getting.pop(0)
                self.level -= amount
                one.succeed(amount)
                moved = True


@final
class Store:
    """Things, first in, first out, with room for `capacity` of them; who takes may say which thing will do.

    >>> env = Environment()
    >>> shelf = Store(env)
    >>> def picker():
    ...     print((yield shelf.get(lambda box: box > 2)), env.seconds)
    >>> def packer():
    ...     for box in (1, 2, 3):
    ...         yield env.timeout(1)
    ...         yield shelf.put(box)
    >>> _ = env.process(picker()), env.process(packer())
    >>> env.run()
    3 3.0
    >>> shelf.things
    [1, 2]
    """

    def __init__(self, env: Environment, capacity: float = math.inf) -> None:
        if not capacity > 0:
            raise SimulationError(f"expected room for one thing or more, got {capacity:g}", at="Store")
        self._env = env
        self.capacity = capacity
        self.things: list[Any] = []
        self._putting: list[tuple[Any, Happening]] = []
        self._getting: list[tuple[Callable[[Any], bool], Happening]] = []

    def put(self, thing: Any) -> Happening:
        """Put a thing in, as soon as there is room."""
        one = self._env.happening()
        self._putting.append((thing, one))
        self._serve()
        return one

    def get(self, will_do: Callable[[Any], bool] = lambda thing: True) -> Happening:
        """Take the first thing that will do, as soon as there is one; nobody waits behind another who is choosier."""
        one = self._env.happening()
        self._getting.append((will_do, one))
        self._serve()
        return one

    def cancel(self, one: Happening) -> None:
        """Do not wait for a `put` or `get` any more; once it has happened this changes nothing."""
        self._putting = [asked for asked in self._putting if asked[1] is not one]
        self._getting = [asked for asked in self._getting if asked[1] is not one]

    def _serve(self) -> None:
        moved = True
        while moved:
            moved = self._let_in() or self._hand_out()

    def _let_in(self) -> bool:
        if not self._putting or len(self.things) >= self.capacity:
            return False
        thing, one = self._putting.pop(0)
        self.things.append(thing)
        one.succeed(thing)
        return True

    def _hand_out(self) -> bool:
        for place, (will_do, one) in enumerate(self._getting):
            found = next((n for n, thing in enumerate(self.things) if will_do(thing)), None)
            if found is not None:
                del self._getting[place]
                one.succeed(self.things.pop(found))
                return True
        return False
