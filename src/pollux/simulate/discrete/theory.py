"""What theory says of queues, lines and stocks: formulas with their conditions, to check an engine or to save a run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import ArrayLike

from pollux.columns.arrays import F64
from pollux.errors import ModelError

TAIL: Final = 1e-15
"""Probabilities of demand below it are left out."""


def _expect(holds: bool, expected: str, got: object, at: str) -> None:
    if not holds:
        raise ModelError(f"expected {expected}, got {got}", at=at)


@final
@dataclass(frozen=True, slots=True)
class Station:
    """A queue in its steady state: load of a server, mean numbers in the system and waiting, mean times there.

    Times are in the unit of one over the rates.
    """

    load: float
    number: float
    waiting: float
    time: float
    wait: float


def erlang_c(load: float, servers: int) -> float:
    r"""The chance to have to wait in M/M/c, with `load` $a = \lambda/\mu$ in erlangs.

    $$C = \frac{a^c/c!\;c/(c-a)}{\sum_{k<c} a^k/k! + a^c/c!\;c/(c-a)}$$

    By the recursion of Erlang B, which overflows nowhere. Raises ModelError for a load that the servers cannot bear.

    Reference: D. Gross et al., Fundamentals of queueing theory, 4th ed. (2008), 2.4.

    >>> round(erlang_c(2.0, 3), 6)
    0.444444
    """
    _expect(servers >= 1 and 0 <= load < servers, f"a load below {servers} servers", f"{load:g}", "erlang_c")
    blocking = 1.0
    for k in range(1, servers + 1):
        blocking = load * blocking / (k + load * blocking)
    return blocking / (1 - load / servers * (1 - blocking))


def mmc(arrivals: float, service: float, servers: int) -> Station:
    r"""M/M/c with rates $\lambda$ and $\mu$: $W_q = C/(c\mu - \lambda)$, and Little's law for the rest.

    Raises ModelError for a load that the servers cannot bear.

    >>> round(mmc(2.0, 1.0, 3).wait, 6)
    0.444444
    """
    _expect(arrivals > 0 and service > 0, "rates above zero", (arrivals, service), "mmc")
    wait = erlang_c(arrivals / service, servers) / (servers * service - arrivals)
    time = wait + 1 / service
    return Station(arrivals / service / servers, arrivals * time, arrivals * wait, time, wait)


def mm1(arrivals: float, service: float) -> Station:
    r"""M/M/1: $W = 1/(\mu-\lambda)$, $L = \rho/(1-\rho)$.

    Raises ModelError for a load that the server cannot bear.

    >>> mm1(0.5, 1.0).time
    2.0
    """
    return mmc(arrivals, service, 1)


def jackson(outside: ArrayLike, routes: ArrayLike, service: ArrayLike, servers: Sequence[int]) -> tuple[Station, ...]:
    r"""An open network of M/M/c stations: each is one of its own with $\lambda = \gamma (I - P)^{-1}$.

    `outside` are the rates of arrival from outside $\gamma$ (n,), `routes` the chances $P$ (n, n) to go from a row's
    station to a column's. Raises ModelError for a network that does not drain or a load that cannot be borne.

    Reference: J. R. Jackson, Networks of waiting lines, Operations Research 5 (1957) 518-521.

    >>> [one.number for one in jackson([0.5, 0], [[0, 1], [0, 0]], [1, 1], [1, 1])]
    [1.0, 1.0]
    """
    gamma, p, mu = (np.asarray(one, np.float64) for one in (outside, routes, service))
    drains = p.shape == (len(gamma), len(gamma)) and bool(np.abs(np.linalg.eigvals(p)).max() < 1)
    _expect(drains, "routes by which everything leaves", p.tolist(), "jackson")
    arrivals = np.linalg.solve(np.eye(len(gamma)) - p.T, gamma)
    return tuple(mmc(float(a), float(m), c) for a, m, c in zip(arrivals, mu, servers, strict=True))


@final
@dataclass(frozen=True, slots=True)
class TwoMachines:
    """The steady state of a line of two machines: parts in each cycle, and the mean content of the buffer."""

    rate: float
    content: float


def two_machine_line(fail: tuple[float, float], repair: tuple[float, float], room: int) -> TwoMachines:
    """Two machines with a buffer, unit cycle, geometric lives and repairs, by the exact Markov chain.

    State (n, a1, a2) with 0 <= n <= `room`. In each cycle the machines change first: an upstream one that is up fails
    with `fail[0]` if n < room, a downstream one with `fail[1]` if n > 0, and one that is down is repaired with
    `repair`. Then machine 1, if up and n < room, adds a part, and machine 2, if up and n > 0, takes one away, with the
    n of the beginning. Books differ by one in `room`.

    Reference: S. B. Gershwin, Manufacturing systems engineering (1994), chapter 3; the convention as said here.

    >>> round(two_machine_line((0.01, 0.01), (0.1, 0.1), 10).rate, 6)
    0.856175
    """
    sound = room >= 1 and all(0 < one < 1 for one in (*fail, *repair))
    _expect(sound, "chances between zero and one and room for a part", (fail, repair, room), "two_machine_line")
    chain, removed = _chain(fail, repair, room)
    balance = chain.T - np.eye(len(chain))
    balance[-1] = 1.0  # one equation follows from the others; that all chances add up to one does not
    steady = np.linalg.solve(balance, np.append(np.zeros(len(chain) - 1), 1.0))
    content = np.arange(len(chain)) // 4
    return TwoMachines(float(steady @ removed), float(steady @ content))


def _chain(fail: tuple[float, float], repair: tuple[float, float], room: int) -> tuple[F64, F64]:
    """The transitions between states 4 n + 2 a1 + a2, and the chance that a part leaves in a cycle begun there."""
    chain = np.zeros((4 * (room + 1), 4 * (room + 1)))
    removed = np.zeros(len(chain))
    for state in range(len(chain)):
        n, a1, a2 = state // 4, state // 2 % 2, state % 2
        first = _up(a1, fail[0] if n < room else 0.0, repair[0])
        second = _up(a2, fail[1] if n > 0 else 0.0, repair[1])
        for b1, b2 in np.ndindex(2, 2):
            chance = (first if b1 else 1 - first) * (second if b2 else 1 - second)
            out = b2 and n > 0
            n_after = n + int(b1 and n < room) - int(out)
            chain[state, 4 * n_after + 2 * b1 + b2] += chance
            removed[state] += chance * bool(out)
    return chain, removed


def _up(up: int, fail: float, repair: float) -> float:
    return 1 - fail if up else repair


def alone(fail: float, repair: float) -> float:
    """The share of cycles in which a machine by itself works: r / (r + p).

    >>> round(alone(0.01, 0.1), 6)
    0.909091
    """
    return repair / (repair + fail)


@final
@dataclass(frozen=True, slots=True)
class Effectiveness:
    """Overall equipment effectiveness and what it is the product of."""

    availability: float
    performance: float
    quality: float

    @property
    def oee(self) -> float:
        """Availability x performance x quality.

        >>> round(Effectiveness(0.90, 0.95, 0.99).oee, 4)
        0.8464
        """
        return self.availability * self.performance * self.quality


def availability(between_failures: float, to_repair: float) -> float:
    """MTBF / (MTBF + MTTR).

    >>> availability(9.0, 1.0)
    0.9
    """
    return between_failures / (between_failures + to_repair)


@final
@dataclass(frozen=True, slots=True)
class Lot:
    """How much to order at a time, and what ordering and keeping cost in each unit of time."""

    quantity: float
    cost: float


def eoq(demand: float, order_cost: float, holding_cost: float) -> Lot:
    r"""The economic order quantity $\sqrt{2KD/h}$ and its cost $\sqrt{2KDh}$.

    Raises ModelError for what is not above zero.

    Reference: F. W. Harris, How many parts to make at once, Factory 10 (1913) 135-136, 152.

    >>> eoq(1200, 50, 3)
    Lot(quantity=200.0, cost=600.0)
    """
    sound = min(demand, order_cost, holding_cost) > 0
    _expect(sound, "numbers above zero", (demand, order_cost, holding_cost), "eoq")
    return Lot(math.sqrt(2 * order_cost * demand / holding_cost), math.sqrt(2 * order_cost * demand * holding_cost))


@final
@dataclass(frozen=True, slots=True)
class Policy:
    """Order up to `up_to` when the stock is at `reorder` or below, and what it costs in each period."""

    reorder: int
    up_to: int
    cost: float


def best_policy(demand: float, order_cost: float, holding_cost: float, backlog_cost: float) -> Policy:
    r"""The optimal (s, S) policy for Poisson demand of this mean in each period, with backlog and no lead time.

    $$c(s,S) = \frac{K + \sum_{j<S-s} m(j)\,G(S-j)}{M(S-s)},\quad
    G(y) = h\,E[(y-d)^+] + p\,E[(d-y)^+]$$

    with $m$ the renewal density of demand. The algorithm moves s and S alternately until neither improves; it is exact.
    Raises ModelError for what is not above zero.

    Reference: Y.-S. Zheng and A. Federgruen, Finding optimal (s, S) policies is about as simple as evaluating a single
    policy, Operations Research 39 (1991) 654-665.

    >>> best_policy(10, 64, 1, 9)
    Policy(reorder=6, up_to=40, cost=35.02...)
    """
    sound = min(demand, order_cost, holding_cost, backlog_cost) > 0
    _expect(sound, "numbers above zero", (demand, order_cost, holding_cost, backlog_cost), "best_policy")
    stock = _Stock(demand, order_cost, holding_cost, backlog_cost)
    least = stock.cheapest()
    up_to, reorder = least, least - 1
    while stock.cost(reorder, up_to) > stock.one_period(reorder):
        reorder -= 1
    best, low = stock.cost(reorder, up_to), reorder
    candidate = up_to + 1
    while stock.one_period(candidate) <= best:
        if stock.cost(low, candidate) < best:
            up_to = candidate
            while stock.cost(low, up_to) <= stock.one_period(low + 1):
                low += 1
            best = stock.cost(low, up_to)
        candidate += 1
    return Policy(low, up_to, best)


@final
class _Stock:
    """The cost of policies for one demand."""

    def __init__(self, demand: float, order_cost: float, holding_cost: float, backlog_cost: float) -> None:
        self._k, self._h, self._p, self._mean = order_cost, holding_cost, backlog_cost, demand
        count = int(demand + 12 * math.sqrt(demand) + 40)
        logs = [k * math.log(demand) - demand - math.lgamma(k + 1) for k in range(count)]
        self._chance = np.exp(logs)
        self._chance[self._chance < TAIL] = 0.0
        self._m, self._held = [1 / (1 - float(self._chance[0]))], dict[int, float]()

    def one_period(self, y: int) -> float:
        """G: what holding and backlog cost in a period that begins with stock y."""
        if y not in self._held:
            demand = np.arange(len(self._chance))
            over = float(self._chance @ np.maximum(y - demand, 0))
            # E[(d - y)+] = E[d] - y + E[(y - d)+], which no tail that is left out can spoil.
            self._held[y] = self._h * over + self._p * (self._mean - y + over)
        return self._held[y]

    def cheapest(self) -> int:
        """The y of the least G, which is convex."""
        y = 0
        while self.one_period(y + 1) < self.one_period(y):
            y += 1
        return y

    def cost(self, s: int, up_to: int) -> float:
        """c(s, S) of a policy."""
        while len(self._m) < up_to - s:
            self._m.append(self._renewal(len(self._m)))
        m = self._m[: up_to - s]
        held = sum(weight * self.one_period(up_to - j) for j, weight in enumerate(m))
        return (self._k + held) / sum(m)

    def _renewal(self, j: int) -> float:
        last = min(j, len(self._chance) - 1)
        return self._m[0] * sum(float(self._chance[i]) * self._m[j - i] for i in range(1, last + 1))
