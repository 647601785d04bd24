"""What to look for on a signal: a limit passed, a change too fast, a silence too long.

A rule is data. It is compared with raw decoded values, before and independently of filters, gates and models, so that
it goes on when those fail.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Final, Literal, final

from pollux.clock import iso
from pollux.columns.arrays import F64, Mask
from pollux.errors import ModelError

Severity = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")


@final
@dataclass(frozen=True, slots=True)
class Writing:
    """How numbers of a signal are written for people: in the unit in which its class declares it.

    >>> Writing("degC", 1.0, -273.15).value(333.15), Writing("1/min").difference(12.0), Writing().value(0.5)
    ('60 °C', '12 /min', '0.5')
    """

    unit: str = ""
    factor: float = 1.0
    shift: float = 0.0

    def value(self, number: float) -> str:
        """A number with its unit."""
        return self._with_unit(f"{number * self.factor + self.shift:.6g}")

    def difference(self, number: float) -> str:
        """A difference of two numbers, with three digits."""
        return self._with_unit(f"{number * self.factor:.3g}")

    def _with_unit(self, number: str) -> str:
        # People write "/min" where a unit says "1/min", a sign where it says "deg", and nothing where it says "1".
        unit = "" if self.unit == "1" else re.sub("^deg(?=[CF]$)", "\N{DEGREE SIGN}", re.sub("^1/", "/", self.unit))
        return f"{number} {unit}" if unit else number


PLAIN: Final = Writing()


@final
@dataclass(frozen=True, slots=True)
class Limit:
    """A measured value above or below a limit for at least `delay`; it ends `hysteresis` inside the limit.

    `signal` is the name in the twin type, `value` and `hysteresis` are in its declared unit, `delay` in nanoseconds.

    >>> Limit("spo2", "below", 90.0, severity="high", hysteresis=1.0).passed(89.0)
    True
    """

    signal: str
    side: Literal["above", "below"]
    value: float
    severity: Severity
    title: str = ""
    hysteresis: float = 0.0
    delay: int = 0
    writing: Writing = field(default=PLAIN, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or self.hysteresis < 0 or self.delay < 0:
            raise ModelError(
                f"expected a finite limit, a hysteresis and a delay of at least zero, "
                f"got {self.value}, {self.hysteresis}, {self.delay}",
                at=self.signal,
            )

    @property
    def name(self) -> str:
        """A name that stays the same between runs, as part of an alarm's identity."""
        return f"{self.signal}-{self.side}-{self.value:g}"

    def passed(self, value: float) -> bool:
        """Whether a value lies beyond the limit."""
        return value > self.value if self.side == "above" else value < self.value

    def passing(self, values: F64) -> Mask:
        """Which of many values lie beyond the limit."""
        return values > self.value if self.side == "above" else values < self.value

    def ended(self, value: float) -> bool:
        """Whether a value has come back inside the limit by the hysteresis."""
        if self.side == "above":
            return value <= self.value - self.hysteresis
        return value >= self.value + self.hysteresis

    def words(self, value: float) -> str:
        """The measured value beside its limit, for people."""
        return f"measured {self.writing.value(value)}, limit {self.writing.value(self.value)}"


@final
@dataclass(frozen=True, slots=True)
class Change:
    """A measured value that rose or fell by more than `by` within the last `within` nanoseconds.

    The value is compared with the lowest (for a rise) or highest (for a fall) one measured in the stretch that ends
    now, both ends included. `inclusive` counts a change of exactly `by` too.
    """

    signal: str
    side: Literal["rise", "fall"]
    by: float
    within: int
    severity: Severity
    title: str = ""
    inclusive: bool = False
    writing: Writing = field(default=PLAIN, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.by <= 0 or self.within <= 0:
            raise ModelError(
                f"expected a change and a stretch above zero, got {self.by} and {self.within}", at=self.signal
            )

    @property
    def name(self) -> str:
        """A name that stays the same between runs, as part of an alarm's identity."""
        return f"{self.signal}-{self.side}-{self.by:g}-in-{self.within // 1_000_000_000}s"

    def passed(self, change: float) -> bool:
        """Whether a change, counted positive in the rule's direction, is too large.

        A billionth of the change asked for is granted to rounding, so that 90.0 - 87.9 is not more than 2.1.
        """
        slack = 1e-9 * self.by
        return change >= self.by - slack if self.inclusive else change > self.by + slack

    def words(self, value: float, change: float) -> str:
        """The measured value and its change, for people."""
        way = "up" if self.side == "rise" else "down"
        return f"measured {self.writing.value(value)}, {way} {self.writing.difference(change)}"


@final
@dataclass(frozen=True, slots=True)
class Silence:
    """No reading of a signal for longer than `after` nanoseconds; before the first reading nothing is expected.

    A signal may also be the name of something of the house that must go on, such as a filter: then its beats are
    handed to `Watch.tick`.
    """

    signal: str
    after: int
    severity: Severity
    title: str = ""

    def __post_init__(self) -> None:
        if self.after <= 0:
            raise ModelError(f"expected a stretch above zero, got {self.after}", at=self.signal)

    @property
    def name(self) -> str:
        """A name that stays the same between runs, as part of an alarm's identity."""
        return f"{self.signal}-silent"

    def words(self, last: int) -> str:
        """Since when nothing was heard, for people."""
        return f"last reading {iso(last)[:16].replace('T', ' ')} UTC"


Rule = Limit | Change | Silence
