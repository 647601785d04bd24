"""How the patient is shown: values, charts, the heart in three dimensions and the treatment lab, as plain data.

The documents have the form of the page's interface; names of signals and parts are checked against the model and the
scene by the tests, so that nothing on the page is bound to nothing. Texts promise nothing that a simulation cannot
hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, final

import pollux as px
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.patient import CONGESTED, Patient
from pollux.worlds.heart.scene import PARTS
from pollux.worlds.heart.treatments import BY_KEY, NOT_MODELLED, Place

DAY: Final = 86_400.0
WEEK: Final = 7 * DAY
Document = dict[str, Any]

VITALS: Final[tuple[Document, ...]] = (
    {"label": "Heart rate", "signals": ["pulse"], "source": "wrist", "text": None},
    {"label": "Blood pressure", "signals": ["systolic", "diastolic"], "source": "cuff", "text": None},
    {"label": "Oxygen saturation", "signals": ["saturation"], "source": "finger", "text": None},
    {"label": "Weight", "signals": ["weight"], "source": "scale", "text": None},
    {
        "label": "Filling pressure",
        "signals": ["filling"],
        "source": "estimate",
        "text": "an estimate of the twin; nobody measures it",
    },
    {
        "label": "Decompensation",
        "signals": ["decompensation_7"],
        "source": "risk",
        "text": "in 7 days, if nothing changes",
    },
)

CHARTS: Final[tuple[Document, ...]] = (
    {
        "label": "Systolic pressure",
        "signal": "systolic",
        "note": None,
        "text": None,
        "low": 85.0,
        "high": 135.0,
        "zero": False,
        "limits": [{"value": 90.0, "kind": "limit", "label": "limit 90"}],
    },
    {
        "label": "Weight",
        "signal": "weight",
        "note": None,
        "text": None,
        "low": 82.0,
        "high": 90.0,
        "zero": False,
        "limits": [],
    },
    {
        "label": "Filling pressure",
        "signal": "filling",
        "note": "estimate of the twin, nobody measures it",
        "text": None,
        "low": 5.0,
        "high": 35.0,
        "zero": False,
        "limits": [{"value": CONGESTED, "kind": "reference", "label": f"{CONGESTED:g}, this world's decompensation"}],
    },
)

LAYERS: Final[tuple[Document, ...]] = (
    {
        "key": "strain",
        "label": "Strain",
        "unit": "%",
        "from": -14.0,
        "to": -3.0,
        "from_label": "usual",
        "to_label": "weak",
    },
    {
        "key": "pressure",
        "label": "Pressure",
        "unit": "mmHg",
        "from": 5.0,
        "to": 30.0,
        "from_label": "usual",
        "to_label": "high",
    },
    {
        "key": "narrowing",
        "label": "Narrowing",
        "unit": "%",
        "from": 0.0,
        "to": 100.0,
        "from_label": "open",
        "to_label": "closed",
    },
)

SIGNALS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "lv": {"strain": "strain", "pressure": "filling"},
        "la": {"pressure": "filling"},
        "ra": {"pressure": "venous"},
        "aorta": {"pressure": "mean_pressure"},
        "pulmonary_trunk": {"pressure": "lung_diastolic"},
        "lad": {"narrowing": "narrowing"},
        "lad_narrowing": {"narrowing": "narrowing"},
    }
)
"""What colours each part, by layer."""

WALLS: Final = ("strain_anterior", "strain_lateral", "strain_inferior", "strain_apex")
SLIGHTLY_WEAK: Final = 10.0
WEAK: Final = 6.0
"""Shortening in per cent below which a wall is called so (our choice, for a heart that is weak as a whole)."""


def wall_word(shortening: float) -> str:
    """How the strain of a wall reads.

    >>> wall_word(-4.0), wall_word(-8.0), wall_word(-12.0)
    ('weak', 'slightly weak', 'usual')
    """
    return "weak" if -shortening < WEAK else "slightly weak" if -shortening < SLIGHTLY_WEAK else "usual"


PATCHES: Final = (
    ("Anterior wall", "at_anterior", 0.33, "strain_anterior"),
    ("Lateral wall", "at_lateral", 0.36, "strain_lateral"),
    ("Apex", "at_apex", 0.28, "strain_apex"),
    ("Inferior wall", "at_inferior", 0.40, "strain_inferior"),
)

CALLOUTS: Final[tuple[Document, ...]] = (
    {
        "label": "Left anterior artery",
        "node": "at_stenosis",
        "signal": "narrowing",
        "prefix": "narrowed",
        "text": None,
        "side": "right",
    },
    {"label": "Right atrium", "node": "at_ra", "signal": "venous", "prefix": None, "text": None, "side": "left"},
    {
        "label": "Lateral wall",
        "node": "at_lateral",
        "signal": "strain_lateral",
        "prefix": "strain",
        "text": None,
        "side": "right",
    },
    {
        "label": "Anterior wall",
        "node": "at_anterior",
        "signal": "strain_anterior",
        "prefix": "strain",
        "text": None,
        "side": "right",
    },
)

CHAMBERS: Final[tuple[Document, ...]] = (
    {"node": "in_lv", "radius": 0.50, "column": "lv.volume"},
    {"node": "in_rv", "radius": 0.42, "column": "rv.volume"},
    {"node": "in_ra", "radius": 0.33, "column": "ra.volume"},
    {"node": "in_la", "radius": 0.33, "column": "la.volume"},
)

TRACES: Final[tuple[Document, ...]] = (
    {"label": "Left ventricle, one beat", "y": "left_pressure", "x": None, "unit": "mmHg"},
    {"label": "Pressure over volume", "y": "left_pressure", "x": "lv.volume", "unit": "mmHg"},
)


def scene(glb: str | None) -> Document:
    """The heart in three dimensions; `glb` is where the page finds it."""
    patches = [
        {"label": label, "node": node, "radius": radius, "signals": {"strain": of}}
        for label, node, radius, of in PATCHES
    ]
    return {
        "title": "Heart",
        "glb": glb,
        "hint": "drag to turn",
        "camera": {"position": [0.1, 0.3, 5.0], "target": [0.0, 0.0, 0.0], "fov": 28.0},
        "layers": list(LAYERS),
        "parts": [
            {
                "part": part,
                "kind": piece.kind,
                "label": piece.label,
                "signals": dict(SIGNALS.get(part, {})),
                "patches": patches if part == "lv" else [],
            }
            for part, piece in PARTS.items()
        ],
        "callouts": list(CALLOUTS),
        "motion": {"chambers": list(CHAMBERS), "spin": [], "traces": list(TRACES)},
    }


@final
@dataclass(frozen=True, slots=True)
class Option:
    """One thing that may be tried: the treatment it belongs to, what it sets, and how people call it.

    An option without `values` other than the first is simulated as no change, because its effect is not modelled.
    """

    id: str
    label: str
    short: str
    treatment: str | None = None
    values: Mapping[px.actuator, float] = field(default_factory=dict)
    detail: str = ""


def options(*, loop: float, beta: float) -> tuple[Option, ...]:
    """What may be tried at home on `loop` mg furosemide and `beta` mg carvedilol a day; first, nothing."""
    tried = (
        Option(
            "loop+1",
            f"Loop diuretic, {loop:g} to {min(2 * loop, 160):g} mg a day",
            "diuretic up",
            "loop-diuretic",
            {Patient.loop_diuretic: min(2 * loop, 160.0)},
        ),
        Option(
            "loop-1",
            f"Loop diuretic, {loop:g} to {loop / 2:g} mg a day",
            "diuretic down",
            "loop-diuretic",
            {Patient.loop_diuretic: loop / 2},
        ),
        Option("sglt2", "Add SGLT2 inhibitor", "SGLT2", "sglt2", {Patient.sglt2.dose: 1.0}),
        Option("arni", "ACE inhibitor to ARNI", "ARNI", "arni", {Patient.arni.dose: 1.0}),
        Option(
            "beta+1",
            f"Beta-blocker, {beta:g} to {min(2 * beta, 50):g} mg a day",
            "beta-blocker up",
            "beta-blocker",
            {Patient.beta_blocker: min(2 * beta, 50.0)},
        ),
        Option("ivabradine", "Add ivabradine", "ivabradine", "ivabradine", {Patient.ivabradine.dose: 1.0}),
        Option("training", "Exercise training", "training", "training", {Patient.training.dose: 1.0}),
        Option("mra", "Add mineralocorticoid antagonist", "MRA", "mra", {}, NOT_MODELLED),
    )
    return (Option("keep", "Keep as is", "keep as is"), *(one for one in tried if _at_home(one)))


def _at_home(option: Option) -> bool:
    return option.treatment is None or BY_KEY[option.treatment].place is Place.HOME


@final
@dataclass(frozen=True, slots=True)
class Row:
    """A quantity that is compared: `how` is the change of a signal over the run, its risk of passing a value, or a
    cost.
    """

    group: str
    label: str
    unit: str
    how: str
    signal: str | None = None
    passing: float | None = None
    below: bool = False
    signed: bool = False
    step: float | None = None


ROWS: Final = (
    Row("Benefit", "Filling pressure", "mmHg", "change", "filling", signed=True, step=0.1),
    Row("Benefit", "Weight", "kg", "change", "weight", signed=True, step=0.1),
    Row("Risk", "Decompensation", "%", "risk", "felt", passing=CONGESTED, step=1.0),
    Row("Risk", "Systolic below 90", "%", "risk", "systolic", passing=90.0, below=True, step=1.0),
    Row("Cost", "Drugs, visits, admissions", "EUR", "cost", step=1.0),
    Row("Gate", "Gate", "", "gate"),
)

PRICES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "admission": 4500.0,
        "visit": 60.0,
        "loop-diuretic": 0.1,
        "sglt2": 1.6,
        "arni": 4.2,
        "beta-blocker": 0.2,
        "ivabradine": 1.1,
    }
)
"""EUR for an admission, a visit, and a day of each drug: our price list (choice), to be replaced by the clinic's."""

NOT_SIMULATED: Final = "potassium, creatinine, symptoms, whether he takes the drugs, infection"
SOURCES: Final = (
    "diuretic and volume: our calibration, learnt from his own weight · SGLT2: published, fitted · "
    "ARNI, beta-blocker: mapping ours, "
    "sizes not verified, not ranked · costs: our price list"
)
WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {"past": "past", "live": "You see the patient as he is. Orders can be signed."}
)
REMARK_NEWS2: Final = "NEWS2 at home is an aid, not a validated score."


def caption(code: str) -> tuple[str, str]:
    """Title and subtitle of the demo patient, for those who may see them."""
    return f"Patient {code}", "man, 62 · chronic heart failure"


def view(code: str, *, glb: str | None, loop: float = 40.0, beta: float = 25.0) -> Document:
    """Everything that the page needs to present one patient."""
    title, subtitle = caption(code)
    choices = [
        {"id": o.id, "label": o.label, "detail": o.detail or None, "gate": None} for o in options(loop=loop, beta=beta)
    ]
    return {
        "twin": f"Patient/{code}",
        "type": "Patient",
        "group": {"title": "Heart clinic", "href": "fleets/Patient"},
        "title": title,
        "subtitle": subtitle,
        "notice": NOTICE,
        "time": {
            "past": 2 * WEEK,
            "future": WEEK,
            "ranges": [
                {"label": "14 days", "past": 2 * WEEK, "future": WEEK},
                {"label": "60 days", "past": 60 * DAY, "future": 30 * DAY},
            ],
        },
        "vitals": list(VITALS),
        "charts": list(CHARTS),
        "scene": scene(glb),
        "lab": {"title": "Treatment lab", "choices": choices},
        "words": dict(WORDS),
        "panels": ["alerts", "lab", "advice", "orders", "refusals"],
    }


def bindings() -> dict[str, str]:
    """Every signal that the page is bound to, with the place that binds it."""
    bound = {signal: f"vital {vital['label']}" for vital in VITALS for signal in vital["signals"]}
    bound |= {chart["signal"]: f"chart {chart['label']}" for chart in CHARTS}
    bound |= {signal: f"part {part}" for part, layers in SIGNALS.items() for signal in layers.values()}
    bound |= {of: f"patch {label}" for label, _, _, of in PATCHES}
    bound |= {callout["signal"]: f"callout {callout['label']}" for callout in CALLOUTS if callout["signal"]}
    return bound | {row.signal: f"row {row.label}" for row in ROWS if row.signal}
