"""The treatment lab: what may be tried on him, what is compared, what keeps an option from being recommended."""

from collections.abc import Callable, Sequence
from typing import Final

import pollux as px
from pollux.worlds.heart import gates, known, presentation
from pollux.worlds.heart.patient import Patient
from pollux.worlds.heart.treatments import BY_KEY, NOT_MODELLED

HORIZON: Final = "7 days"
ASSUMPTIONS: Final = (
    "ranked by the chance of decompensation and of a systolic pressure below 90 in 7 days, then by filling pressure"
)
LOOP, BETA = 40.0, 25.0
"""Milligrams a day where nobody has told what he takes."""

Patients = px.Fleet[Patient]


def offered(patients: Patients, twin: str) -> tuple[presentation.Option, ...]:
    """What may be tried on a patient on the doses that he takes now; the first is to go on as he is."""
    now = patients[twin].now
    return presentation.options(loop=known.dose(now.loop_diuretic, LOOP), beta=known.dose(now.beta_blocker, BETA))


def lab(patients: Callable[[], Patients], members: int) -> px.Lab:
    """The lab of a fleet; `members` share their luck between the options."""

    def choices(twin: str) -> Sequence[px.LabChoice]:
        found = offered(patients(), twin)
        return tuple(px.LabChoice(o.id, o.label, o.short, o.values, o.detail) for o in found)

    def closing(twin: str, choice: px.LabChoice) -> Sequence[px.Gate]:
        return gate(patients(), twin, choice)

    rows = [
        px.LabRow(row.group, row.label, row.unit, figures(row), row.signal, row.signed, row.step)  # type: ignore[arg-type]
        for row in presentation.ROWS
        if row.how in ("change", "risk", "cost")
    ]
    return px.Lab(
        choices,
        HORIZON,
        members,
        rows,
        worth,
        gates=closing,
        unranked=unranked,
        not_modelled=presentation.NOT_SIMULATED,
        sources=presentation.SOURCES,
        assumptions=ASSUMPTIONS,
    )


def treatment_of(choice: str) -> str | None:
    """The treatment that a choice belongs to; None for going on as he is."""
    return next((one.treatment for one in presentation.options(loop=LOOP, beta=BETA) if one.id == choice), None)


def gate(patients: Patients, twin: str, choice: px.LabChoice) -> Sequence[px.Gate]:
    """What the facts of a patient say against a choice, now."""
    treatment = treatment_of(choice.id)
    if treatment is None:
        return ()
    verdict = gates.judge(treatment, known.facts(patients[twin], now=patients.live.clock.now()))
    if verdict.state is gates.State.FREE:
        return (px.Gate("free"),)
    words = "; ".join(verdict.reasons) or str(verdict.state)
    return (px.Gate("unknown" if verdict.state is gates.State.UNKNOWN else "closed", words),)


def unranked(choice: px.LabChoice, _: px.Futures, __: int) -> str | None:
    """Why a choice is simulated and not ranked: nobody has verified the size of its effect, or it has no equation."""
    treatment = treatment_of(choice.id)
    if treatment is None:
        return None
    if not choice.values:
        return NOT_MODELLED
    return None if BY_KEY[treatment].sized else "size not verified"


def figures(row: presentation.Row) -> Callable[[px.Futures], Sequence[px.LabFigure]]:
    """How a row of the lab is computed."""

    def compare(futures: px.Futures) -> Sequence[px.LabFigure]:
        if row.how == "cost":
            return _costs(futures)
        if row.how == "risk":
            return [px.LabFigure(100.0 * p, 100.0 * low, 100.0 * high) for low, p, high in _passing(row, futures)]
        band = futures.band(str(row.signal))
        now = band.median[:, :1]
        ends = [(line - now)[:, -1] for line in (band.median, band.low, band.high)]
        return [px.LabFigure(float(m), float(low), float(high)) for m, low, high in zip(*ends, strict=True)]

    return compare


def _passing(row: presentation.Row, futures: px.Futures) -> tuple[tuple[float, float, float], ...]:
    """The chance of passing a value at any time, between the ends of its interval, for each option."""
    if row is RISK:  # Its event is counted in the run itself; any other passing is looked for in one more.
        return futures.chances(Patient.decompensates)
    symbol, limit = getattr(Patient, str(row.signal)), row.passing or 0.0
    return futures.chances(symbol < limit if row.below else symbol >= limit)


RISK: Final = presentation.ROWS[2]
LOW_PRESSURE: Final = presentation.ROWS[3]


def _costs(futures: px.Futures) -> Sequence[px.LabFigure]:
    """A week of the drug, one visit where something changes, and admissions by their chance: our price list."""
    found = []
    for option, (low, chance, high) in zip(futures.options, _passing(RISK, futures), strict=True):
        fixed, admission = _fixed(option.values), presentation.PRICES["admission"]
        found.append(px.LabFigure(fixed + admission * chance, fixed + admission * low, fixed + admission * high))
    return found


def _fixed(values: Sequence[tuple[str, float]]) -> float:
    if not values:
        return 0.0
    drug = values[0][0].split(".")[0].replace("_", "-")
    return presentation.PRICES["visit"] + 7.0 * presentation.PRICES.get(drug, 0.0)


def worth(futures: px.Futures) -> Sequence[px.LabFigure]:
    """What an option is worth, as `ASSUMPTIONS` says."""
    filling = futures.band(Patient.filling).median[:, -1]
    both = zip(_passing(RISK, futures), _passing(LOW_PRESSURE, futures), filling, strict=True)
    return [px.LabFigure(-100.0 * (risk[1] + dry[1]) - 0.1 * float(end)) for risk, dry, end in both]
