"""The patient at home, declared: his fleet, what is watched on raw measurements, what is learnt, who signs, what may be
tried.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final

import numpy as np

import pollux as px
from pollux.worlds.heart import gates, history, presentation, scan, scene
from pollux.worlds.heart.coronaries import LAD, Narrowing
from pollux.worlds.heart.facts import Dated
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.patient import CONGESTED, DRIFT, Patient
from pollux.worlds.heart.story import PATIENT
from pollux.worlds.heart.treatments import BY_KEY, NOT_MODELLED

HORIZON: Final = "7 days"
CLINICIAN: Final = "clinician"
POLICY: Final = px.ApprovalPolicy(
    signatures=1, roles=frozenset({CLINICIAN}), proposer_may_sign=False, reason_when_departing=True
)
ASSUMPTIONS: Final = (
    "ranked by the chance of decompensation and of a systolic pressure below 90 in 7 days, then by filling pressure"
)


@final
@dataclass(slots=True)
class Home:
    """One site with one fleet, and the facts that gates ask for: told by history and scan, dated."""

    site: px.Site
    patients: px.Fleet[Patient]
    told: dict[str, Dated] = field(default_factory=dict)
    decompensated: bool = False
    dry: bool = False

    def verdict(self, treatment: str, *, now: int) -> gates.Verdict:
        """What the gate of a treatment says at a moment."""
        facts = history.gathered(self.told, now=now, decompensated=self.decompensated, dry=self.dry)
        return gates.judge(treatment, facts)


def declare(*, members: int = 48, every: str = "12 h", tried: int = 48) -> Home:
    """The site of the demo; `members` and `every` are those of the filter, `tried` the members of the lab."""
    asked: list[Home] = []

    def gate(_: str, choice: px.LabChoice) -> Sequence[px.Gate]:
        return closing(asked[0], choice)

    site = px.Site("Heart clinic", notice=NOTICE)
    patients = site.fleet(
        Patient,
        learning=px.Learning(members=members, every=every, drift=dict(DRIFT)),
        policy=POLICY,
        thing="patient",
        presenter=presenter(lab(gate, tried)),
    )
    site.watch(Patient, *RULES)
    asked.append(Home(site, patients))
    return asked[0]


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


def closing(home: Home, choice: px.LabChoice) -> Sequence[px.Gate]:
    """What the facts say against a choice, now."""
    treatment = next((one.treatment for one in OPTIONS if one.id == choice.id), None)
    if treatment is None:
        return ()
    verdict = home.verdict(treatment, now=home.patients.live.clock.now())
    words = "; ".join(verdict.reasons)
    state = verdict.state
    if state is gates.State.FREE:
        return (px.Gate("free"),)
    return (px.Gate("unknown" if state is gates.State.UNKNOWN else "closed", words or str(state)),)


OPTIONS: Final = presentation.options(loop=40.0, beta=25.0)


def choices(_: str = PATIENT) -> tuple[px.LabChoice, ...]:
    """What may be tried on him; the first is to go on as he is."""
    return tuple(px.LabChoice(o.id, o.label, o.short, o.values, o.detail) for o in OPTIONS)


def unranked(choice: px.LabChoice, _: px.Futures, __: int) -> str | None:
    """Why a choice is simulated and not ranked: nobody has verified the size of its effect, or it has no equation."""
    treatment = next((one.treatment for one in OPTIONS if one.id == choice.id), None)
    if treatment is None:
        return None
    if not choice.values:
        return NOT_MODELLED
    return None if BY_KEY[treatment].sized else "size not verified"


def risks(futures: px.Futures, *, days: float | None = None) -> list[float]:
    """The chance, for each option, that the filling pressure reaches what this world calls decompensated."""
    felt = futures.samples.path("felt")
    times = (futures.samples.times - futures.forked) / 86_400e9
    inside = times <= (np.inf if days is None else days + 1e-9)
    return [float(np.nanmean(np.nanmax(row[inside], axis=0) >= CONGESTED)) for row in felt]


def figures(row: presentation.Row) -> Callable[[px.Futures], Sequence[px.LabFigure]]:
    """How a row of the lab is computed."""

    def compare(futures: px.Futures) -> Sequence[px.LabFigure]:
        if row.how == "cost":
            return [px.LabFigure(_cost(option.values)) for option in futures.options]
        if row.how == "risk":
            return [px.LabFigure(100.0 * share) for share in _passing(row, futures)]
        band = futures.band(str(row.signal))
        now = band.median[:, :1]
        ends = [(line - now)[:, -1] for line in (band.median, band.low, band.high)]
        return [px.LabFigure(float(m), float(low), float(high)) for m, low, high in zip(*ends, strict=True)]

    return compare


def _passing(row: presentation.Row, futures: px.Futures) -> list[float]:
    path, limit = futures.samples.path(str(row.signal)), row.passing or 0.0
    past = path < limit if row.below else path >= limit
    return [float(np.mean(np.any(one, axis=0))) for one in past]


def _cost(values: Sequence[tuple[str, float]]) -> float:
    """A week of the drug and one visit, by our price list."""
    if not values:
        return 0.0
    drug = values[0][0].split(".")[0].replace("_", "-")
    return presentation.PRICES["visit"] + 7.0 * presentation.PRICES.get(drug, 0.0)


def worth(futures: px.Futures) -> Sequence[px.LabFigure]:
    """What an option is worth, as `ASSUMPTIONS` says."""
    low = _passing(presentation.ROWS[3], futures)
    filling = futures.band("filling").median[:, -1]
    both = zip(risks(futures), low, filling, strict=True)
    return [px.LabFigure(-100.0 * (risk + dry) - 0.1 * float(end)) for risk, dry, end in both]


def lab(gate: Callable[[str, px.LabChoice], Sequence[px.Gate]], tried: int) -> px.Lab:
    """The treatment lab."""
    rows = [
        px.LabRow(row.group, row.label, row.unit, figures(row), row.signal, row.signed, row.step)  # type: ignore[arg-type]
        for row in presentation.ROWS
        if row.how in ("change", "risk", "cost")
    ]
    return px.Lab(
        choices,
        HORIZON,
        tried,
        rows,
        worth,
        gates=gate,
        unranked=unranked,
        not_modelled=presentation.NOT_SIMULATED,
        sources=presentation.SOURCES,
        assumptions=ASSUMPTIONS,
    )


def presenter(lab_: px.Lab) -> px.Presenter:
    """How he is shown; the heart in three dimensions is made when it is first asked for."""
    made: dict[str, bytes] = {}

    def model(twin: str) -> bytes:
        if twin not in made:
            made[twin] = scene.file((Narrowing(LAD, 0.62, 0.30, 14.0),))
        return made[twin]

    return px.Presenter(caption=presentation.caption, view=lambda twin: _view(twin), scene=model, lab=lab_)


def _view(twin: str) -> dict[str, Any]:
    return presentation.view(twin, glb=f"twins/Patient/{twin}/scene.glb")


def examined(*, seed: int) -> tuple[scan.Finding, ...]:
    """What is measured on his scan, with the scanner's error."""
    seen = scan.Scanner().sees(scan.Truth(), np.random.default_rng(seed))
    return scan.examine(scan.segmented(seen, step=4.0))
