"""Whether an order did what was predicted when it was signed."""

import math
from collections.abc import Mapping, Sequence

from pollux.act.orders import Effect, OrderState, Outcome


def compare(effect: Effect, measured: float, at: int = 0) -> Outcome:
    """Hold one measurement, made at `at`, against its prediction.

    >>> compare(Effect("weight", "kg", 0, before=86.9, median=84.3, low=82.7, high=86.0), 84.0).verdict
    'inside'
    """
    if math.isnan(measured):
        return Outcome(effect, measured, "unknown")
    inside = effect.low <= measured <= effect.high
    return Outcome(effect, measured, "inside" if inside else "outside", at)


def judge(predicted: Sequence[Effect], measured: Mapping[str, float]) -> tuple[OrderState, str, list[Outcome]]:
    """The last state of an order from what was measured of each signal, NaN where nothing was."""
    outcomes = [compare(effect, measured.get(effect.signal, math.nan)) for effect in predicted]
    return (*concluded(outcomes), outcomes)


def concluded(outcomes: Sequence[Outcome]) -> tuple[OrderState, str]:
    """The last state of an order, and why: verified when its main effect moved as foreseen.

    The first effect is the one the order was given for. It is effective when its measured change has the predicted
    sign and lies inside the interval, or beyond it on the predicted side; "ineffective" otherwise, also when nothing
    was measured, because an effect nobody saw is not an effect.
    """
    if not outcomes:
        return "ineffective", "nothing was predicted, so nothing can be verified"
    main = outcomes[0]
    foreseen = main.effect.median - main.effect.before
    further = foreseen * (main.measured - main.effect.median) > 0
    moved = main.verdict == "inside" or (main.verdict == "outside" and further)
    return ("verified" if moved else "ineffective"), _words(outcomes)


def _words(outcomes: Sequence[Outcome]) -> str:
    inside = sum(one.verdict == "inside" for one in outcomes)
    unknown = sum(one.verdict == "unknown" for one in outcomes)
    missing = f", {unknown} not measured in time" if unknown else ""
    return f"{inside} of {len(outcomes)} inside the predicted interval{missing}"
