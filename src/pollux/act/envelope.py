"""What an order may ask for: limits, rate of change, interlocks.

Checked when an order is proposed, when it is approved and again when it leaves, against the live values of that moment.
This is a second line and no safety system: the actuator's own controller keeps its limits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from pollux.act.orders import Order
from pollux.clock import SECOND
from pollux.errors import OrderRefused


@final
@dataclass(frozen=True, slots=True)
class Slew:
    """The fastest change allowed, in the signal's unit per second."""

    per_second: float


@final
@dataclass(frozen=True, slots=True)
class Interlock:
    """A condition on the live twin that must hold for an order to pass, with the words for people."""

    words: str
    holds: Callable[[Mapping[str, float]], bool]


@final
@dataclass(frozen=True, slots=True)
class Bounds:
    """What one actuator allows, in the unit of its column; `told` writes such a number as people say it, `unit` is
    theirs.
    """

    low: float
    high: float
    slew: Slew | None = None
    told: Callable[[float], str] = "{:g}".format
    unit: str = ""


@final
class Envelope:
    """The limits of one twin type.

    `bounds` maps each actuator to what it allows; an order for anything else is refused.

    >>> envelope = Envelope({"speed": Bounds(600, 3000)}, [])
    >>> envelope.reasons({"speed": 3200.0}, {"speed": 2000.0}, elapsed=0)
    ['speed: expected 600 to 3000, got 3200']
    """

    def __init__(self, bounds: Mapping[str, Bounds], interlocks: Sequence[Interlock]) -> None:
        self._bounds = dict(bounds)
        self._interlocks = tuple(interlocks)

    def reasons(self, asked: Mapping[str, float], live: Mapping[str, float], *, elapsed: int) -> list[str]:
        """Why these values may not be set on a twin whose live values are given; empty when they may.

        `elapsed` is the time in nanoseconds since the actuator was last set, over which the rate of change counts.
        """
        found = [reason for name, value in asked.items() for reason in self._bound(name, value, live, elapsed)]
        return found + [f"interlock: {lock.words}" for lock in self._interlocks if not lock.holds(live)]

    def check(self, order: Order, live: Mapping[str, float], *, elapsed: int) -> None:
        """Refuse an order that leaves the envelope; raises OrderRefused with every reason."""
        odd = [f"{name}: expected a number, got {value!r}" for name, value in order.params if not _is_number(value)]
        asked = {name: float(value) for name, value in order.params if _is_number(value)}
        found = odd + self.reasons(asked, live, elapsed=elapsed)
        if found:
            raise OrderRefused(
                "; ".join(found), at=f"{order.type}/{order.twin}", hint="ask for less, or lift the cause"
            )

    def _bound(self, name: str, value: float, live: Mapping[str, float], elapsed: int) -> list[str]:
        bounds = self._bounds.get(name)
        if bounds is None:
            return [f"{name}: not an actuator of this twin"]
        if not bounds.low <= value <= bounds.high:
            low, high, got = map(bounds.told, (bounds.low, bounds.high, value))
            return [f"{name}: expected {low} to {high}{bounds.unit and ' '}{bounds.unit}, got {got}"]
        now = live.get(name)
        if bounds.slew and now is not None and now == now and elapsed > 0:
            fastest = bounds.slew.per_second * elapsed / SECOND
            if abs(value - now) > fastest:
                return [f"{name}: a change of {abs(value - now):g} in {elapsed / SECOND:g} s is faster than allowed"]
        return []


def _is_number(value: float | str | bool) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
