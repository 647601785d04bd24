"""What stands beside his values: how far the weight has moved, his own baseline, the next month, the likely cause."""

from collections.abc import Mapping
from typing import Final

import numpy as np

import pollux as px
from pollux.worlds.heart import causes, known, presentation
from pollux.worlds.heart.circulation import Circulation
from pollux.worlds.heart.patient import Patient

SHOWN: Final = 0.5
"""Kilograms in three days from which a change of the weight is said."""

FIELDS: Final = (
    *(Circulation.lv.volume, Circulation.rv.volume, Circulation.ra.volume, Circulation.la.volume),
    *(Circulation.left_pressure, Circulation.aorta.pressure),
)
"""What is drawn of a beat."""


def remarks(patient: px.Handle[Patient]) -> Mapping[str, px.Remark]:
    """What is said beside some values."""
    found: dict[str, px.Remark] = {}
    gained = known.gain(patient)
    if abs(gained) >= SHOWN:
        found["weight"] = px.Remark(aside=px.Aside(value=round(gained, 1), unit="kg", text="in 3 days"))
    baseline = patient.history(Patient.filling, "14 days").value
    if len(baseline) > 4:
        moved = float(baseline[-1] - np.median(baseline[: len(baseline) // 2]))
        found["filling"] = px.Remark(line=f"{moved:+.0f} on his own baseline".replace("-", "−"))
    strains = {name: float(getattr(patient.now, name)) for name in presentation.WALLS}
    return found | {n: px.Remark(word=presentation.wall_word(v)) for n, v in strains.items() if np.isfinite(v)}


def turn(patient: px.Handle[Patient]) -> px.Turn | None:
    """One heartbeat of the middle member of what is believed of him."""
    return patient.fork().turn(Circulation.beat, FIELDS)


def cause(patient: px.Handle[Patient], alarm: px.Alarm) -> str:
    """What is likely behind an alarm of scale or cuff, among the explanations that are weighed."""
    if alarm.signal not in ("weight", "systolic"):
        return ""
    past = {name: patient.history(getattr(Patient, name), "3 days").value for name in ("systolic", "diastolic")}
    if any(len(values) < 4 for values in past.values()):
        return ""
    moved = {name: float(values[-3:].mean() - values[:3].mean()) for name, values in past.items()}
    scale = [one.kilograms for one in known.weighings(patient, "3 days")]
    gained = scale[-1] - scale[0] if len(scale) > 1 else 0.0
    rising = int(sum(np.sign(step) == np.sign(gained) for step in np.diff(scale))) if len(scale) > 1 else 1
    found = causes.weighed(**moved, kilograms=gained, weighings=max(1, rising))
    return causes.sentence(found)
