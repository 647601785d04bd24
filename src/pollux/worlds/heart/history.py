"""A patient's history: what was told and measured before his twin lived, as facts with dates and as evidence with
errors.

Facts open and close gates. Evidence narrows the priors of his parameters: each piece is a reading of the model with a
value and a standard deviation, whatever it came from (a scan, an echo, a cuff in the clinic).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from pollux.worlds.heart.facts import NEVER, SECOND, Dated, Fact, Facts, Value
from pollux.worlds.heart.grades import Grade, Source
from pollux.worlds.heart.scan import Finding, Scanner

DAY: Final = 86_400 * SECOND


@final
@dataclass(frozen=True, slots=True)
class Evidence:
    """A measured value of something `Patient` computes: its name there, value and standard deviation in its unit."""

    of: str
    value: float
    deviation: float
    time: int
    source: Source


@final
@dataclass(frozen=True, slots=True)
class History:
    """Everything known before the first live reading; `told` are facts by the names of `Patient` with their dates."""

    told: Mapping[str, Dated]
    evidence: tuple[Evidence, ...]

    def since(self, start: int) -> "History":
        """The same history moved so that its dates count from `start` (nanoseconds since 1970)."""
        told = {name: Dated(dated.value, start + dated.time) for name, dated in self.told.items()}
        moved = tuple(Evidence(e.of, e.value, e.deviation, start + e.time, e.source) for e in self.evidence)
        return History(MappingProxyType(told), moved)


BY_SCAN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Left ventricle, end-diastolic volume": "full",
        "Left ventricle, end-systolic volume": "emptied",
    }
)
"""Which findings of a scan the model computes, by name there."""


def from_scan(findings: Iterable[Finding], *, time: int, scanner: Scanner | None = None) -> tuple[Evidence, ...]:
    """Volumes measured on a scan as evidence, with the scanner's relative error."""
    error = (scanner or Scanner()).volume
    source = Source(Grade.MEASURED, "3D scan")
    return tuple(
        Evidence(BY_SCAN[finding.name], finding.value, error * finding.value, time, source)
        for finding in findings
        if finding.name in BY_SCAN
    )


def told_by_scan(findings: Iterable[Finding], *, time: int) -> dict[str, Dated]:
    """What the scan says that is a fact to the model: mass, volume and the narrowing of the left anterior artery."""
    by_name = {finding.name: finding.value for finding in findings}
    names = {
        "scan_volume": "Left ventricle, end-diastolic volume",
        "scan_mass": "Left ventricle, mass",
        "narrowing": "Left anterior descending artery, narrowing",
    }
    return {fact: Dated(round(by_name[name], 1), time) for fact, name in names.items() if name in by_name}


CLINIC: Final = Source(Grade.MEASURED, "clinic visit")
DEMO: Final = History(
    MappingProxyType(
        {
            "rhythm": Dated("sinus", -12 * DAY),
            "potassium": Dated(4.6, -2 * DAY),
            "creatinine": Dated(118.0, -2 * DAY),
            "filtration": Dated(57.0, -2 * DAY),
            "qrs": Dated(108.0, -40 * DAY),
            "angio_oedema": Dated(False, -40 * DAY),
            "av_block": Dated(False, -40 * DAY),
            "type_one_diabetes": Dated(False, -40 * DAY),
            "ace_inhibitor": Dated(True, -2 * DAY),
            "in_hospital": Dated(False, -1 * DAY),
            "allergies": Dated("none known", -40 * DAY),
        }
    ),
    (
        Evidence("systolic", 117.0, 3.0, -2 * DAY, CLINIC),
        Evidence("diastolic", 63.0, 2.5, -2 * DAY, CLINIC),
        Evidence("pulse", 75.0, 2.0, -2 * DAY, CLINIC),
        Evidence("weight", 84.2, 0.3, -2 * DAY, CLINIC),
        Evidence("output", 4.5, 0.5, -40 * DAY, Source(Grade.MEASURED, "echo, Doppler")),
    ),
)
"""The demo patient's history; dates count from the day his twin begins. The scan is added to it when it is measured."""

FACT_OF: Final[Mapping[str, Fact]] = MappingProxyType(
    {
        "systolic": Fact.SYSTOLIC,
        "pulse": Fact.PULSE,
        "rhythm": Fact.RHYTHM,
        "potassium": Fact.POTASSIUM,
        "creatinine": Fact.CREATININE,
        "filtration": Fact.FILTRATION,
        "qrs": Fact.QRS,
        "angio_oedema": Fact.ANGIO_OEDEMA,
        "av_block": Fact.AV_BLOCK,
        "type_one_diabetes": Fact.TYPE_ONE_DIABETES,
        "in_hospital": Fact.IN_HOSPITAL,
        "ace_inhibitor": Fact.ACE_TAKEN,
        "pde5_inhibitor": Fact.PDE5_TAKEN,
    }
)
"""Signals of `Patient` that a gate may ask for."""


def gathered(
    told: Mapping[str, Dated], *, now: int, decompensated: bool, dry: bool, arni: Dated | None = None
) -> Facts:
    """What a gate reads: facts of the twin, and what the twin itself concludes at this moment.

    `decompensated` and `dry` come from the twin and the weight rules; `arni` is its share of a full dose. Laboratory
    values that are missing or too old are due. A drug that is taken was last taken now; one that is not, when it was
    stopped.

    >>> gathered(DEMO.told, now=0, decompensated=False, dry=False).known(Fact.POTASSIUM)
    4.6
    """
    known = {FACT_OF[name]: dated for name, dated in told.items() if name in FACT_OF}
    known |= _doses(known, Fact.ACE_TAKEN, Fact.ACE_LAST, now)
    taken = Dated(False, now) if arni is None else Dated(bool(arni.value), arni.time)
    known[Fact.ARNI_TAKEN] = Dated(taken.value, now)
    known[Fact.ARNI_LAST] = Dated("taken", now) if taken.value else Dated(NEVER, now)
    known[Fact.DECOMPENSATED], known[Fact.POSSIBLY_DRY] = Dated(decompensated, now), Dated(dry, now)
    labs = Facts(known, now)
    missing = any(labs.known(lab) is None for lab in (Fact.POTASSIUM, Fact.CREATININE))
    return Facts({**known, Fact.LABS_DUE: Dated(missing, now)}, now)


def _doses(known: Mapping[Fact, Dated], taken: Fact, last: Fact, now: int) -> dict[Fact, Dated]:
    dated = known.get(taken)
    if dated is None:
        return {}
    value: Value = "taken"
    return {last: Dated(value, now if dated.value else dated.time)}
