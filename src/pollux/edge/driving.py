"""Orders that pass the agent: checked once more beside the actuator, and a safe value when nobody watches any more."""

import logging
import math
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from pollux.act import Envelope, Slew
from pollux.act.envelope import Bounds
from pollux.clock import SECOND, Clock
from pollux.errors import SetupError
from pollux.model.schema import Schema, Signal
from pollux.model.units import convert

Apply = Callable[[float], object]
"""Sets an actuator to a number in its declared unit; what it raises is that it could not."""

SHORTEST: Final = 5.0
_LOG = logging.getLogger("pollux.edge")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Driven:
    """The actuators of one twin that the agent sets; `deadman` in seconds."""

    schema: Schema
    id: str
    actuators: Mapping[str, Apply]
    deadman: float

    def __post_init__(self) -> None:
        for name in self.actuators:
            signal = self.schema.signal(name)
            if signal.role != "actuator" or signal.safe is None:
                raise SetupError("expected an actuator with a safe value", at=f"{self.schema.name}.{name}")
        if not self.actuators or self.deadman < SHORTEST:
            raise SetupError(f"expected actuators and a dead-man time of {SHORTEST:g} s at least", at=self.twin)

    @property
    def twin(self) -> str:
        """The twin, `type/id`."""
        return f"{self.schema.name}/{self.id}"

    @property
    def keepalive(self) -> int:
        """Seconds between two questions whether the site is there: a link is found broken after two of them."""
        return max(1, int(self.deadman / 4))

    @property
    def limit(self) -> float:
        """So many seconds after the link was last known to be good: no more than `deadman` after it was good."""
        return self.deadman - 2 * self.keepalive - 1


@final
class Driving:
    """Sets actuators as orders ask, within the limits and the rate of change that the class declares.

    The site has checked the same before it sent the order; here it holds even if the site is wrong. What is set is
    given to `told`, in declared units. When the site has been away for too long every actuator goes to its safe value,
    at once and whatever its rate; one that cannot be set is tried again each second.
    """

    def __init__(self, driven: Driven, clock: Clock, told: Callable[[dict[str, float]], None]) -> None:
        self.driven = driven
        self._clock, self._told = clock, told
        self._envelope = Envelope({name: _bounds(driven.schema.signal(name)) for name in driven.actuators}, ())
        self._set: dict[str, tuple[float, int]] = {}
        self._unsafe: set[str] = set()
        self._away = False
        self._again = 0
        self._guard = threading.Lock()

    def obey(self, params: Mapping[str, Any]) -> tuple[str, str]:
        """Set what an order asks for, or nothing where any of it is refused: the order's state, and why."""
        odd = [name for name, value in params.items() if isinstance(value, bool) or not isinstance(value, int | float)]
        if odd or not params:
            return "rejected", f"expected numbers for actuators, got {', '.join(odd) or 'nothing'}"
        with self._guard:
            now = self._clock.now()
            reasons = [one for name, value in params.items() for one in self._reasons(name, float(value), now)]
            if reasons:
                return "rejected", "; ".join(reasons)
            failed = self._apply({name: float(value) for name, value in params.items()}, now)
        return ("failed", "; ".join(failed)) if failed else ("done", "")

    def watch(self, away: float) -> None:
        """Nothing has been heard of the site for so many seconds."""
        with self._guard:
            if away < self.driven.limit:
                self._away, self._unsafe = False, set()
            elif not self._away:
                _LOG.warning("%s: the site is away, actuators go to their safe values", self.driven.twin)
                self._away, self._unsafe, self._again = True, set(self.driven.actuators), 0
            if self._unsafe and self._clock.now() >= self._again:
                self._make_safe(self._unsafe)

    def end(self) -> None:
        """Nobody watches any more: what orders have set goes to its safe value."""
        with self._guard:
            self._make_safe(set(self._set))

    def _make_safe(self, names: Collection[str]) -> None:
        now = self._clock.now()
        signals = [self.driven.schema.signal(name) for name in sorted(names)]
        self._apply({one.name: convert(one.safe or 0.0, one.unit, one.edge) for one in signals}, now)
        self._again = now + SECOND

    def _reasons(self, name: str, value: float, now: int) -> list[str]:
        if name not in self.driven.actuators or not math.isfinite(value):
            return [f"{name}: not an actuator of this agent, or no number"]
        signal = self.driven.schema.signal(name)
        before, at = self._set.get(name, (math.nan, now))
        live = {name: before}
        return self._envelope.reasons({name: convert(value, signal.edge, signal.unit)}, live, elapsed=now - at)

    def _apply(self, asked: Mapping[str, float], now: int) -> list[str]:
        """Set what is asked for; what could not be set, and why."""
        done: dict[str, float] = {}
        failed: list[str] = []
        for name, value in asked.items():
            try:
                self.driven.actuators[name](value)
            except Exception as error:  # noqa: BLE001  the user's code, or the machine
                failed.append(f"{name}: {error}")
                _LOG.error("%s.%s could not be set to %g: %s", self.driven.twin, name, value, error)
            else:
                signal = self.driven.schema.signal(name)
                self._set[name] = convert(value, signal.edge, signal.unit), now
                self._unsafe.discard(name)
                done[name] = value
        if done:
            self._told(done)
        return failed


def _bounds(signal: Signal) -> Bounds:
    def told(number: float) -> str:
        return f"{convert(number, signal.unit, signal.edge):g}"

    slew = None if signal.slew is None else Slew(signal.slew)
    return Bounds(signal.low, signal.high, slew, told, str(signal.edge))
