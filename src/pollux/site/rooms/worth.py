"""What somebody who asks for advice says that futures are worth, in place of what the lab of the type says."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from pollux.decide import Futures, Objective, accrue, chance
from pollux.errors import DataRefused
from pollux.model.quantities import money
from pollux.model.symbols import AbstractCondition, AbstractTerm, Symbol
from pollux.model.value import Value
from pollux.show.asks import AdviceAsk, Bound, Price
from pollux.site.declare import Declared
from pollux.site.presenting import Lab, LabChoice, LabFigure


def asked(lab: Lab, declared: Declared, ask: AdviceAsk) -> Lab:
    """The lab with the asker's objective and bounds: expected gain less expected loss, on luck that all options share.

    What the lab itself says against a choice stays, and so does its own worth where neither gain nor loss is named.
    Raises DataRefused for names that the type does not have, and UnitError for prices that are no money or of several
    currencies.
    """
    for bound in ask.constraints:
        _event(declared, bound.event, "$.constraints")

    def unranked(choice: LabChoice, futures: Futures, row: int) -> str | None:
        return lab.unranked(choice, futures, row) or _beyond(ask.constraints, futures, row)

    bounded = replace(lab, unranked=unranked)
    if not ask.gain and not ask.loss:
        return bounded
    worth = _objective(declared, ask)

    def score(futures: Futures) -> Sequence[LabFigure]:
        kept = _kept(futures)
        return [LabFigure(float(row.mean()) if len(row) else 0.0) for row in worth.of(futures.samples)[:, kept]]

    return replace(bounded, score=score, assumptions=_words(ask))


def _objective(declared: Declared, ask: AdviceAsk) -> Objective:
    gains = [accrue(_price(price) * _signal(declared, name)) for name, price in ask.gain.items()]
    losses = [_price(price) * chance(_event(declared, name, "$.loss")) for name, price in ask.loss.items()]
    total = reduce(add, [*gains, *(-1.0 * loss for loss in losses)])
    if len(total.unit.dimension) != 1 or not total.unit.is_money:
        raise DataRefused(
            f"expected gains that add up to money, got {total.unit}",
            at="$.gain",
            hint="a price for a time: EUR/day/rpm",
        )
    return total


def _price(price: Price) -> Value:
    return money(f"{price.amount!r} {price.unit}")


def _signal(declared: Declared, name: str) -> AbstractTerm:
    found = getattr(declared.kind, name, None)
    if not isinstance(found, AbstractTerm) or not isinstance(found, Symbol):
        raise DataRefused(f"expected a signal of {declared.schema.name}, got {name!r}", at="$.gain")
    return found


def _event(declared: Declared, name: str, at: str) -> AbstractCondition:
    found = getattr(declared.kind, name, None)
    if not isinstance(found, AbstractCondition) or name not in declared.schema.events:
        known = ", ".join(declared.schema.events) or "none"
        raise DataRefused(f"expected an event of {declared.schema.name} ({known}), got {name!r}", at=at)
    return found


def _beyond(bounds: Sequence[Bound], futures: Futures, row: int) -> str | None:
    """The first bound that an option does not keep."""
    for bound in bounds:
        happened: NDArray[np.bool_] = futures.samples.count(bound.event)[row, _kept(futures)] > 0
        happens = float(happened.mean()) if len(happened) else 1.0
        if happens > bound.at_most:
            return f"{bound.event.replace('_', ' ')} in {happens:.0%} of futures, more than {bound.at_most:.0%}"
    return None


def _kept(futures: Futures) -> NDArray[np.bool_]:
    """Members that failed in no option: none is judged on luck that another one did not have."""
    return np.asarray(~futures.samples.failed.any(axis=0))


def _words(ask: AdviceAsk) -> str:
    """What the ranking rests on, for the card."""
    prices = [
        f"{sign} {name} at {one.amount:g} {one.unit}"
        for sign, name, one in (
            *(("gain:", name, one) for name, one in ask.gain.items()),
            *(("loss:", name, one) for name, one in ask.loss.items()),
        )
    ]
    return f"ranked by expected gain less expected loss, as asked; {'; '.join(prices)}"
