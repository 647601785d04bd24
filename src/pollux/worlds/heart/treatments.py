"""Treatments: what each does to the parameters of the circulation, and how large its effect was in those who measured
it.

A drug acts at once on vessels, rate and volume, and over months on the muscle (remodelling). Every change and every
published size carries its source and grade. Sizes are compared with what the simulation gives: the published interval
where there is one, else half to one and a half times the published mean (our choice). What lies outside is marked and
not ranked; what was never measured in these units is said to be so, and never ranked below a treatment that happens
to be modelled.

The changes act in a circulation with its reflex on. Where the reference chose them without reflex they were fitted
again with it (our calibration) where they fell out of their band; the runs of the reference stay as regressions in
the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final

from pollux.worlds.heart.grades import Grade, Source


class Knob(StrEnum):
    """The parameters of `Circulation` that treatments act on."""

    RATE = "heart_rate"
    LEFT_STRENGTH = "lv.stiffness"
    RIGHT_STRENGTH = "rv.stiffness"
    LEFT_CURVE = "lv.curve"
    SYSTEMIC = "svr"
    PULMONARY = "pvr"
    VEINS = "veins.unstressed"
    BLOOD = "blood"
    PUMP = "pump"


class Place(StrEnum):
    """Where a treatment may be thought of at all."""

    HOME = "at home"
    HOSPITAL = "hospital only: physiology, never proposed for a man at home"
    TEAM = "refer to the heart team, never an order"


class Pillar(StrEnum):
    """The four classes of drugs that a plan for a weak left ventricle names as taken, gated or missing."""

    RENIN = "ACE inhibitor or ARNI"
    BETA = "beta-blocker"
    MRA = "mineralocorticoid antagonist"
    SGLT2 = "SGLT2 inhibitor"


@final
@dataclass(frozen=True, slots=True)
class Change:
    """A parameter multiplied by `factor` and then raised by `added` in its own unit."""

    knob: Knob
    factor: float = 1.0
    added: float = 0.0

    def on(self, value: float) -> float:
        """The parameter under the treatment."""
        return self.factor * value + self.added


@final
@dataclass(frozen=True, slots=True)
class Size:
    """A measured effect: the change of one reading of the circulation, as a band, after so many months (0: acute).

    `relative` sizes are shares of the value before.
    """

    reading: str
    unit: str
    low: float
    high: float
    source: Source
    months: float = 0.0
    relative: bool = False

    def holds(self, before: float, after: float) -> bool:
        """Whether a simulated change lies inside."""
        change = after / before - 1 if self.relative else after - before
        return self.low <= change <= self.high


def around(reading: str, unit: str, mean: float, text: str, *, months: float = 0.0, relative: bool = False) -> Size:
    """A published mean with the band of half to one and a half times it (our choice)."""
    low, high = sorted((0.5 * mean, 1.5 * mean))
    return Size(reading, unit, low, high, Source(Grade.PUBLISHED, text), months, relative)


@final
@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for the card."""

    text: str
    source: Source


FITTED: Final = Source(Grade.CALIBRATION, "changes of parameters, fitted to the sizes below")


@final
@dataclass(frozen=True, slots=True)
class Treatment:
    """One treatment: `acute` changes at once, `chronic` ones over `months`, published sizes, notes for the card."""

    key: str
    title: str
    place: Place
    acute: tuple[Change, ...] = ()
    chronic: tuple[Change, ...] = ()
    months: float = 0.0
    mapping: Source = FITTED
    sizes: tuple[Size, ...] = ()
    notes: tuple[Note, ...] = ()
    pillar: Pillar | None = None

    @property
    def sized(self) -> bool:
        """Whether a haemodynamic size has been published and seen."""
        return any(size.source.may_be_shown for size in self.sizes)

    def changes(self, share: float = 1.0) -> tuple[Change, ...]:
        """The changes with `share` (0 to 1) of the chronic ones reached."""
        grown = (Change(c.knob, 1 + share * (c.factor - 1), share * c.added) for c in self.chronic)
        return (*self.acute, *grown)


NOT_MODELLED: Final = "indicated by guideline, effect on your numbers not modelled"
DISAGREES: Final = "model disagrees with the literature"

GUIHA: Final = "Guiha 1974, NEJM 291:587, n = 18"
VMAC: Final = "VMAC, JAMA 2002;287:1531, less the change under placebo"
CAPTOPRIL: Final = (
    "acute and long-term effects of captopril on exercise, n = 15 (one mean pressure read by machine from a scan)"
)
SHIFT: Final = "SHIFT echo, Eur Heart J 2011;32:2507, at 8 months"
EMBRACE: Final = "EMBRACE-HF, Circulation 2021, 10.1161/circulationaha.120.052503, n = 65, mean EF 44 %"
WOO: Final = "Woo 2005, ischaemic patients"
REMEMBERED: Final = Source(Grade.MEMORY, "not verified")


def _seen(text: str, source: str) -> Note:
    return Note(text, Source(Grade.PUBLISHED, source))


TREATMENTS: Final = (
    Treatment(
        "loop-diuretic",
        "Loop diuretic, more",
        Place.HOME,
        mapping=Source(
            Grade.CALIBRATION, "excretion of sodium by the urinary delivery, wide priors, learnt from his own weight"
        ),
        sizes=(
            Size(
                "filling",
                "mmHg",
                -15.0,
                0.0,
                Source(Grade.PUBLISHED, "ESCAPE, JAMA 2005;294:1625: towards a wedge pressure of 15"),
            ),
            Size(
                "venous",
                "mmHg",
                -9.0,
                0.0,
                Source(Grade.PUBLISHED, "ESCAPE, JAMA 2005;294:1625: towards a right atrial pressure of 8"),
            ),
        ),
        notes=(
            _seen("the response of patients varies widely", "Testani 2013, PMC4386906"),
            Note(
                "potassium and creatinine are not modelled: check them and the weight",
                Source(Grade.CHOICE, "rule of this world"),
            ),
        ),
    ),
    Treatment(
        "ace-inhibitor",
        "ACE inhibitor",
        Place.HOME,
        acute=(
            Change(Knob.SYSTEMIC, 0.68),
            Change(Knob.PULMONARY, 0.8),
            Change(Knob.VEINS, added=600),
            Change(Knob.RATE, added=-6),
        ),
        mapping=Source(Grade.CALIBRATION, "fitted again with the reflex on: veins +600 ml instead of +500"),
        sizes=(
            around("filling", "mmHg", -11.0, CAPTOPRIL),
            around("mean_pressure", "mmHg", -21.0, CAPTOPRIL),
            around("output", "of the output before", 0.25, CAPTOPRIL, relative=True),
        ),
        pillar=Pillar.RENIN,
    ),
    Treatment(
        "arni",
        "ACE inhibitor to ARNI",
        Place.HOME,
        acute=(Change(Knob.SYSTEMIC, 0.92), Change(Knob.BLOOD, added=-100)),
        chronic=(Change(Knob.LEFT_STRENGTH, 1.3), Change(Knob.LEFT_CURVE, 1.12)),
        months=6.0,
        sizes=(
            Size("ejection", "1", 0.048, 0.144, Source(Grade.MEMORY, "PROVE-HF, JAMA 2019;322:1085"), 12.0),
            Size(
                "full",
                "of the volume before",
                -0.219,
                -0.073,
                Source(Grade.MEMORY, "PROVE-HF, JAMA 2019;322:1085"),
                12.0,
                True,
            ),
        ),
        notes=(_seen("NT-proBNP fell by 37 % at 12 months", "entrestohcp.com, PROVE-HF"),),
        pillar=Pillar.RENIN,
    ),
    Treatment(
        "beta-blocker",
        "Beta-blocker, more",
        Place.HOME,
        acute=(Change(Knob.RATE, added=-12), Change(Knob.LEFT_STRENGTH, 0.9)),
        chronic=(Change(Knob.LEFT_STRENGTH, 1.25 / 0.9), Change(Knob.LEFT_CURVE, 1.08)),
        months=4.0,
        sizes=(Size("ejection", "1", 0.025, 0.12, Source(Grade.MEMORY, "trials over 3 to 12 months"), 6.0),),
        pillar=Pillar.BETA,
    ),
    Treatment(
        "mra",
        "Mineralocorticoid antagonist",
        Place.HOME,
        notes=(Note("potassium and creatinine are due after the start and after each increase", REMEMBERED),),
        pillar=Pillar.MRA,
    ),
    Treatment(
        "sglt2",
        "SGLT2 inhibitor",
        Place.HOME,
        acute=(Change(Knob.BLOOD, added=-150),),
        mapping=Source(Grade.CALIBRATION, "blood −150 ml, fitted to the pulmonary pressure below"),
        sizes=(around("lung_diastolic", "mmHg", -1.5, EMBRACE),),
        pillar=Pillar.SGLT2,
    ),
    Treatment(
        "ivabradine",
        "Ivabradine",
        Place.HOME,
        acute=(Change(Knob.RATE, added=-11),),
        chronic=(Change(Knob.LEFT_STRENGTH, 1.05), Change(Knob.LEFT_CURVE, 1.02)),
        months=4.0,
        mapping=Source(
            Grade.CALIBRATION, "remodelling fitted to the volumes below; without it the model reaches a third of them"
        ),
        sizes=(around("emptied", "ml", -11.2, SHIFT, months=8.0), around("ejection", "1", 0.027, SHIFT, months=8.0)),
    ),
    Treatment(
        "training",
        "Exercise training",
        Place.HOME,
        acute=(Change(Knob.SYSTEMIC, 0.93), Change(Knob.RATE, added=-3)),
        notes=(_seen("resting ejection fraction did not change significantly", "CRD 12006009419, 35 trials"),),
    ),
    Treatment(
        "digoxin",
        "Digoxin",
        Place.HOME,
        acute=(Change(Knob.LEFT_STRENGTH, 1.15), Change(Knob.RIGHT_STRENGTH, 1.1), Change(Knob.RATE, added=-5)),
        sizes=(Size("ejection", "1", 0.015, 0.06, Source(Grade.MEMORY, "PROVED and RADIANCE, by withdrawal")),),
    ),
    Treatment(
        "nitrate",
        "Nitroglycerin, intravenous",
        Place.HOSPITAL,
        acute=(Change(Knob.VEINS, added=250), Change(Knob.PULMONARY, 0.9), Change(Knob.SYSTEMIC, 0.93)),
        sizes=(around("filling", "mmHg", -1.8, VMAC),),
    ),
    Treatment(
        "nitroprusside",
        "Nitroprusside, intravenous",
        Place.HOSPITAL,
        acute=(Change(Knob.SYSTEMIC, 0.5), Change(Knob.PULMONARY, 0.6), Change(Knob.VEINS, added=700)),
        sizes=(
            around("filling", "mmHg", -15.0, GUIHA),
            around("output", "l/min", 2.22, GUIHA),
            around("mean_pressure", "mmHg", -15.0, GUIHA),
        ),
    ),
    Treatment(
        "inotrope",
        "Inotrope (dobutamine-like)",
        Place.HOSPITAL,
        acute=(
            *(Change(Knob.LEFT_STRENGTH, 1.2), Change(Knob.RIGHT_STRENGTH, 1.2)),
            *(Change(Knob.RATE, added=8), Change(Knob.SYSTEMIC, 0.85)),
        ),
        sizes=(
            Size(
                "output",
                "of the output before",
                0.2,
                0.4,
                Source(Grade.MEMORY, "cardiac index +20 to +40 %"),
                relative=True,
            ),
        ),
        notes=(
            _seen(
                "trials failed to show benefit and suggested that inodilators may raise morbidity and mortality",
                "Bayram 2005, Am J Cardiol 96(suppl):47G; contested for the advanced by Guglin 2014, PMC4038527",
            ),
        ),
    ),
    Treatment(
        "crt",
        "Cardiac resynchronisation",
        Place.TEAM,
        chronic=(Change(Knob.LEFT_STRENGTH, 1.2), Change(Knob.LEFT_CURVE, 1.05)),
        months=3.0,
        sizes=(around("ejection", "1", 0.032, WOO, months=6.0),),
    ),
    Treatment("lvad", "Left ventricular assist device", Place.TEAM, acute=(Change(Knob.PUMP, added=70),)),
    Treatment("valve", "Repair or replacement of a valve", Place.TEAM),
    Treatment("revascularisation", "Revascularisation", Place.TEAM),
)

BY_KEY: Final[Mapping[str, Treatment]] = MappingProxyType({treatment.key: treatment for treatment in TREATMENTS})


def applied(parameters: Mapping[str, float], changes: tuple[Change, ...]) -> dict[str, float]:
    """The parameters under some changes, one after another.

    >>> applied({"svr": 1.0, "blood": 5500.0}, BY_KEY["sglt2"].changes())["blood"]
    5350.0
    """
    after = dict(parameters)
    for change in changes:
        after[change.knob] = change.on(after[change.knob])
    return after
