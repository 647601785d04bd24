"""Whether an order did what was predicted when it was signed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

from pollux.act.orders import Effect, OrderState


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """One predicted effect beside what was measured.

    `verdict` is "inside" or "outside" the predicted interval, or "unknown" when nothing was measured in time.
    """

    effect: Effect
    measured: float
    verdict: Literal["inside", "outside", "unknown"]

    @property
    def change(self) -> float:
        """The measured change since the order was signed."""
        return self.measured - self.effect.before


def compare(effect: Effect, measured: float) -> Outcome:
    """Hold one measurement against its prediction.

    >>> compare(Effect("weight", "kg", 0, before=86.9, median=84.3, low=82.7, high=86.0), 84.0).verdict
    'inside'
    """
    if math.isnan(measured):
        return Outcome(effect, measured, "unknown")
    inside = effect.low <= measured <= effect.high
    return Outcome(effect, measured, "inside" if inside else "outside")


def judge(predicted: Sequence[Effect], measured: Mapping[str, float]) -> tuple[OrderState, str, list[Outcome]]:
    """The last state of an order from its measured effects: verified when the main one moved as foreseen.

    The first effect is the one the order was given for. It is effective when its measured change has the predicted
    sign and lies inside the interval, or beyond it on the predicted side; "ineffective" otherwise, also when nothing
    was measured, because an effect nobody saw is not an effect.
    """
    outcomes = [compare(effect, measured.get(effect.signal, math.nan)) for effect in predicted]
    inside = sum(o.verdict == "inside" for o in outcomes)
    words = f"{inside} of {len(outcomes)} inside the predicted interval"
    if not outcomes:
        return "ineffective", "nothing was predicted, so nothing can be verified", outcomes
    main = outcomes[0]
    foreseen = main.effect.median - main.effect.before
    further = foreseen * (main.measured - main.effect.median) > 0
    moved = main.verdict == "inside" or (main.verdict == "outside" and further)
    return ("verified" if moved else "ineffective"), words, outcomes
