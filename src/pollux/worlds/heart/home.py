"""The patient at home, declared: his fleet, what is watched on raw measurements, what is learnt and foreseen, who
signs, what may be tried.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, final

import pollux as px
from pollux.worlds.heart import beside, known, lab, presentation, scene, scores
from pollux.worlds.heart.coronaries import LAD, Narrowing
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.patient import DRIFT, FADES, Patient

CLINICIAN: Final = "clinician"
POLICY: Final = px.ApprovalPolicy(
    signatures=1, roles=frozenset({CLINICIAN}), proposer_may_sign=False, reason_when_departing=True
)
RULES: Final = (
    px.limit(Patient.systolic < 90, severity="high", title="Systolic below 90", hysteresis=3),
    px.limit(Patient.pulse < 40, severity="high", title="Heart rate below 40", hysteresis=3),
    px.limit(Patient.pulse > 130, severity="high", title="Heart rate above 130", hysteresis=5),
    px.limit(Patient.saturation < 90, severity="high", title="Saturation below 90", hysteresis=1),
    px.change(
        Patient.weight, within="3 days", rise=2.0, severity="high", title="Weight up by more than 2 kg in 3 days"
    ),
    px.change(Patient.weight, within="3 days", fall=2.0, severity="medium", title="Possibly dry, ask", inclusive=True),
    px.silence(Patient.weight, after="2 days", severity="low", title="No weight for two days"),
    px.silence(Patient.systolic, after="1 day", severity="low", title="No blood pressure for a day"),
)
"""On raw measurements only; the estimate of the filling pressure has none."""

OUTLOOK: Final = {
    "decompensation_7": (Patient.decompensates, "7 days"),
    "decompensation_30": (Patient.decompensates, "30 days"),
}
"""What is foreseen of him if nothing changes."""


@final
@dataclass(frozen=True, slots=True)
class Home:
    """One site with one fleet."""

    site: px.Site
    patients: px.Fleet[Patient]


def declare(
    *,
    members: int = 48,
    every: str = "12 h",
    tried: int = 48,
    outlook: str = "1 day",
    narrowing: Callable[[], float] = lambda: 0.62,
) -> Home:
    """The site of the demo; `members` and `every` are those of the filter, `tried` the members of lab and outlook.

    `outlook` is how often the outlook is asked, `narrowing` gives the share of its area that the scan says the anterior
    artery has lost, drawn on the heart.
    """
    declared: list[Home] = []

    def patients() -> px.Fleet[Patient]:
        return declared[0].patients

    site = px.Site("Heart clinic", notice=NOTICE)
    fleet = site.fleet(
        Patient,
        learning=px.Learning(members=members, every=every, drift=dict(DRIFT), fades=dict(FADES)),
        outlook=px.Outlook(OUTLOOK, members=tried, every=outlook),
        policy=POLICY,
        thing="patient",
        presenter=presenter(lab.lab(patients, tried), patients, narrowing),
    )
    site.watch(Patient, *RULES)
    declared.append(Home(site, fleet))
    return declared[0]


def presenter(treatments: px.Lab, patients: Any, narrowing: Callable[[], float]) -> px.Presenter:
    """How he is shown; the heart in three dimensions is made once, when it is first asked for."""
    made: list[bytes] = []
    making = threading.Lock()

    def model(_: str) -> bytes:
        with making:
            if not made:
                made.append(scene.file((Narrowing(LAD, narrowing(), 0.30, 14.0),)))
            return made[0]

    def view(twin: str) -> dict[str, Any]:
        now = patients()[twin].now
        doses = known.dose(now.loop_diuretic, lab.LOOP), known.dose(now.beta_blocker, lab.BETA)
        return presentation.view(twin, glb=f"twins/Patient/{twin}/scene.glb", loop=doses[0], beta=doses[1])

    return px.Presenter(
        caption=presentation.caption,
        view=view,
        scene=model,
        lab=treatments,
        remarks=beside.remarks,
        turn=beside.turn,
        cause=beside.cause,
        scores=scores.scores,
    )
