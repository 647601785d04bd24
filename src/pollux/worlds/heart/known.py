"""What his twin holds that a gate asks for: told facts with their dates, cuff and wrist, and what follows today."""

from typing import Final

import numpy as np

import pollux as px
from pollux.worlds.heart import weight
from pollux.worlds.heart.facts import SECOND, Dated, Facts, Value
from pollux.worlds.heart.history import FACT_OF, gathered
from pollux.worlds.heart.patient import CONGESTED, Patient
from pollux.worlds.heart.weight import Finding, Weighing

RECENT: Final = "4 days"


def told(patient: px.Handle[Patient], *, now: int) -> dict[str, Dated]:
    """Everything told or measured of what a gate may ask for, by its name in `Patient`."""
    view = patient.now
    found = {name: _dated(getattr(view, name), now) for name in FACT_OF}
    return {name: dated for name, dated in found.items() if dated is not None}


def _dated(value: px.Value, now: int) -> Dated | None:
    """A fact with the time since when it holds; None where nobody ever told it."""
    age = float(value.age)
    return Dated(_plain(value), now - round(age * SECOND)) if np.isfinite(age) else None


def _plain(value: px.Value) -> Value:
    content = np.asarray(value).item()
    return content if isinstance(content, bool | str) else float(content)


def facts(patient: px.Handle[Patient], *, now: int) -> Facts:
    """What a gate reads at a moment."""
    view = patient.now
    taken = Dated(bool(float(view.arni.dose) > 0), now)
    return gathered(
        told(patient, now=now), now=now, decompensated=float(view.felt) >= CONGESTED, dry=dry(patient), arni=taken
    )


def weighings(patient: px.Handle[Patient], span: str = RECENT) -> list[Weighing]:
    """What the scale has told over the last days."""
    past = patient.history(Patient.weight, span)
    return [Weighing(time, kilograms) for time, kilograms in zip(past.time.tolist(), past.value.tolist(), strict=True)]


def dry(patient: px.Handle[Patient]) -> bool:
    """Whether scale and cuff say that he has lost too much fluid."""
    alert = weight.check(weighings(patient), systolic=float(patient.now.systolic))
    return alert is not None and alert.finding is Finding.POSSIBLY_DRY


def gain(patient: px.Handle[Patient], span: str = "3 days") -> float:
    """What the scale has risen over a span, kilograms; 0 where there is nothing to compare."""
    past = patient.history(Patient.weight, span).value
    return float(past[-1] - past[0]) if len(past) > 1 else 0.0


def dose(value: px.Value, otherwise: float) -> float:
    """What is taken a day, as last told; `otherwise` where nobody has told."""
    return float(value) if np.isfinite(float(value)) else otherwise
