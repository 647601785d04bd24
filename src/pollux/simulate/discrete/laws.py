"""How long things take: laws of durations, as values.

Each is drawn by inverting its distribution, so one uniform number makes one duration (an Erlang law takes one for each
phase): with the same luck an option that is faster is faster part by part.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, final

from pollux.clock import SECOND, duration
from pollux.errors import ModelError

Kind: TypeAlias = Literal[
    "constant",
    "exponential",
    "uniform",
    "triangular",
    "erlang",
    "lognormal",
    "weibull",
    "geometric",
    "empirical",
    "schedule",
    "never",
]
Span: TypeAlias = str | float
"""A duration: a text with a unit ("2 min"), or a number of seconds."""

KINDS: Final[tuple[Kind, ...]] = (
    "constant",
    "exponential",
    "uniform",
    "triangular",
    "erlang",
    "lognormal",
    "weibull",
    "geometric",
    "empirical",
    "schedule",
    "never",
)


@final
@dataclass(frozen=True, slots=True)
class Law:
    """A law of durations in seconds, made by a function of this module.

    `mean` and `scv` (variance over the squared mean) are exact. What `a`, `b`, `c` and `points` mean depends on the
    kind; nobody but the tables of a line needs them.
    """

    kind: Kind
    mean: float
    scv: float
    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    points: tuple[float, ...] = ()

    def slower(self, factor: float) -> "Law":
        """The same law with every duration so many times longer.

        >>> exponential("2 min").slower(1.5).mean
        180.0
        """
        if not factor > 0 or not math.isfinite(factor):
            raise ModelError(f"expected a factor above zero, got {factor:g}", at=self.kind)
        shape = self.kind in ("erlang", "lognormal", "weibull", "geometric")  # whose b is a shape, not a duration
        return replace(
            self,
            mean=self.mean * factor,
            a=self.a * factor,
            b=self.b if shape else self.b * factor,
            c=self.c * factor,
            points=tuple(point * factor for point in self.points),
        )


def seconds(span: Span, *, at: str, zero: bool = False) -> float:
    """A duration in seconds; raises ModelError for one that is not above zero (or below it, with `zero`)."""
    found = duration(span) / SECOND if isinstance(span, str) else float(span)
    if not math.isfinite(found) or found < 0 or (found == 0 and not zero):
        raise ModelError(f"expected a duration {'of zero or more' if zero else 'above zero'}, got {span!r}", at=at)
    return found


def constant(span: Span) -> Law:
    """Always the same duration.

    >>> constant("55 s").mean
    55.0
    """
    length = seconds(span, at="constant", zero=True)
    return Law("constant", length, 0.0, length)


def exponential(mean: Span) -> Law:
    r"""Memoryless: $F(t) = 1 - e^{-t/m}$.

    >>> exponential("1 min").scv
    1.0
    """
    length = seconds(mean, at="exponential")
    return Law("exponential", length, 1.0, length)


def uniform(low: Span, high: Span) -> Law:
    """Every duration between two is as likely.

    >>> uniform("1 s", "3 s").mean
    2.0
    """
    a, b = seconds(low, at="uniform", zero=True), seconds(high, at="uniform")
    if not a < b:
        raise ModelError(f"expected a low end below the high one, got {a:g} s and {b:g} s", at="uniform")
    mean = (a + b) / 2
    return Law("uniform", mean, (b - a) ** 2 / 12 / mean**2, a, b)


def triangular(low: Span, likely: Span, high: Span) -> Law:
    """A triangle over the durations from `low` to `high`, highest at `likely`: what people can estimate.

    >>> triangular(1, 2, 6).mean
    3.0
    """
    a, m, b = (seconds(one, at="triangular", zero=True) for one in (low, likely, high))
    if not (a <= m <= b and a < b):
        raise ModelError(f"expected low <= likely <= high, got {a:g}, {m:g} and {b:g} s", at="triangular")
    mean = (a + m + b) / 3
    variance = (a * a + m * m + b * b - a * m - a * b - m * b) / 18
    return Law("triangular", mean, variance / mean**2, a, m, b)


def erlang(mean: Span, phases: int) -> Law:
    """The sum of so many exponential phases: its scv is 1 / phases.

    >>> erlang("1 min", 4).scv
    0.25
    """
    if not 1 <= phases <= 64:
        raise ModelError(f"expected 1 to 64 phases, got {phases}", at="erlang")
    length = seconds(mean, at="erlang")
    return Law("erlang", length, 1 / phases, length / phases, float(phases))


def lognormal(mean: Span, scv: float) -> Law:
    """The logarithm is normal; `scv` is the variance over the squared mean.

    >>> lognormal("1 h", 2.0).mean
    3600.0
    """
    if not 0 < scv < 1e4:
        raise ModelError(f"expected an scv above zero, got {scv:g}", at="lognormal")
    length, spread = seconds(mean, at="lognormal"), math.log1p(scv)
    return Law("lognormal", length, scv, length * math.exp(-spread / 2), math.sqrt(spread))


def weibull(scale: Span, shape: float) -> Law:
    r"""$F(t) = 1 - e^{-(t/s)^k}$: a shape above one wears out, one below it dies young.

    >>> round(weibull("1 h", 2.0).mean / 3600, 4)
    0.8862
    """
    if not 0.1 <= shape <= 100:
        raise ModelError(f"expected a shape of 0.1 to 100, got {shape:g}", at="weibull")
    length = seconds(scale, at="weibull")
    first, second = math.gamma(1 + 1 / shape), math.gamma(1 + 2 / shape)
    return Law("weibull", length * first, second / first**2 - 1, length, 1 / shape)


def geometric(chance: float, cycle: Span = 1.0) -> Law:
    """Whole cycles until something of this chance in each of them happens: one at least, 1 / chance in the mean.

    >>> geometric(0.1).mean
    10.0
    """
    if not 0 < chance <= 1:
        raise ModelError(f"expected a chance above zero and at most one, got {chance:g}", at="geometric")
    length = seconds(cycle, at="geometric")
    return Law("geometric", length / chance, 1 - chance, length, 0.0 if chance == 1 else 1 / math.log1p(-chance))


def empirical(measured: Sequence[float]) -> Law:
    """Durations as they were measured, in seconds: each is as likely.

    >>> empirical([1.0, 2.0, 6.0]).mean
    3.0
    """
    points = tuple(sorted(float(one) for one in measured))
    if not points or not all(math.isfinite(one) and one >= 0 for one in points) or points[-1] == 0:
        raise ModelError(f"expected durations of zero or more, got {len(points)} of them", at="empirical")
    mean = math.fsum(points) / len(points)
    variance = math.fsum((one - mean) ** 2 for one in points) / len(points)
    return Law("empirical", mean, variance / mean**2, points=points)


def schedule(moments: Sequence[float]) -> Law:
    """Arrivals at given moments, in seconds since the start; none after the last.

    >>> schedule([0.0, 60.0, 60.0, 90.0]).mean
    30.0
    """
    points = tuple(float(one) for one in moments)
    gaps = [after - before for before, after in zip((0.0, *points), points, strict=False)]
    if not points or not all(math.isfinite(gap) and gap >= 0 for gap in gaps):
        raise ModelError("expected moments that do not decrease, from zero on", at="schedule")
    mean = (points[-1] - points[0]) / max(1, len(points) - 1)
    return Law("schedule", mean, 0.0, points=tuple(gaps))


NEVER: Final = Law("never", math.inf, 0.0)
"""What does not happen."""


def as_law(given: Law | Span) -> Law:
    """A law, or a duration that is always the same."""
    return given if isinstance(given, Law) else constant(given)
