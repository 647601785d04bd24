"""An outlook: the chance that something happens to a twin that goes on as it is, asked again and again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.clock import duration
from pollux.errors import ModelError
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol

Quantiles = tuple[float, float, float]
"""A low end, a middle and a high end."""

I64 = NDArray[np.int64]

NINETY: Final = 1.6448536269514722
"""The 95 % quantile of the standard normal distribution: 90 % lie between it and its negative."""


@final
@dataclass(frozen=True, slots=True)
class Outlook:
    """Chances of events of a twin that goes on as it is, by a name for each: the event and within what span.

    After the updates of its filter, at most once in `every`, an ensemble of `members` is run ahead over the longest
    span and counted. A chance is shown in per cent with the interval that so few members allow.

    Raises ModelError where no chance, no member or no such event is asked for.

    >>> import pollux as px
    >>> class Seal(px.Twin):
    ...     wear = px.hidden("1", start=0)
    ...     ageing = px.parameter("1/day", px.lognormal(0.01, 0.5))
    ...
    ...     @px.rate(wear)
    ...     def wears(self):
    ...         return self.ageing
    ...
    ...     @px.event
    ...     def fails(self):
    ...         return self.wear >= 1
    >>> outlook = Outlook({"failure_30": (Seal.fails, "30 days")})
    >>> outlook.names, outlook.span // 86_400_000_000_000
    (('failure_30',), 30)
    """

    chances: Mapping[str, tuple[Symbol, str]]
    members: int = 96
    every: str = "1 day"

    def __post_init__(self) -> None:
        if not self.chances or self.members < 1:
            raise ModelError("expected at least one chance and one member", at="Outlook")

    @property
    def names(self) -> tuple[str, ...]:
        """What is foreseen, by name."""
        return tuple(self.chances)

    @property
    def span(self) -> int:
        """Nanoseconds over which the ensemble is run ahead."""
        return max(duration(span) for _, span in self.chances.values())

    @property
    def interval(self) -> int:
        """Nanoseconds between two outlooks."""
        return duration(self.every)

    def check(self, schema: Schema) -> None:
        """Refuse what is no event of the type, and names that the type uses itself."""
        for name, (event, _) in self.chances.items():
            if event.schema != schema or event.name not in schema.events:
                raise ModelError(f"expected an event of {schema.name}, got {event.name}", at=f"Outlook, {name}")
            if name in schema.index or name in schema.derived or not name.isidentifier():
                raise ModelError(f"expected a name of its own, got {name!r}", at=f"Outlook, {schema.name}")

    def counted(
        self,
        first: Mapping[str, I64],
        now: int,
        alive: NDArray[np.bool_],
        *,
        already: Mapping[str, NDArray[np.bool_]] | None = None,
    ) -> dict[str, Quantiles]:
        """By name the chance in per cent: low end, best guess, high end of the 90 % interval.

        `first` is by event when it first happened to each member, nanoseconds UTC; `alive` which members are numbers;
        `already` by event whether it is so now: what has happened is no longer to come, but it is so all the same.
        """
        found: dict[str, Quantiles] = {}
        for name, (event, span) in self.chances.items():
            within = (first[event.name] > now) & (first[event.name] <= now + duration(span))
            if already is not None:
                within = within | already[event.name]
            low, share, high = wilson(int((within & alive).sum()), int(alive.sum()))
            found[name] = (100 * low, 100 * share, 100 * high)
        return found


def wilson(hits: int, count: int) -> tuple[float, float, float]:
    r"""The share of hits between the ends of its 90 % interval.

    $$\frac{\hat p + z^2/2n \pm z\sqrt{\hat p(1-\hat p)/n + z^2/4n^2}}{1 + z^2/n}$$

    Wilson 1927, J. Am. Stat. Assoc. 22:209. With nobody left the interval is everything.

    >>> [round(100 * one, 1) for one in wilson(0, 96)], [round(100 * one, 1) for one in wilson(30, 96)]
    ([0.0, 0.0, 2.7], [24.1, 31.2, 39.5])
    """
    if not count:
        return 0.0, math.nan, 1.0
    share, z2 = hits / count, NINETY**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = NINETY * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return max(0.0, middle - half), share, min(1.0, middle + half)
