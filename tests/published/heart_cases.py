"""Cases of the circulation as members of one ensemble, and the patients of the reference, for the tests of published
numbers.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.simulate import Outcome, Run, run
from pollux.worlds.heart.circulation import bernoulli
from pollux.worlds.heart.cvsim import CVSim
from pollux.worlds.heart.reflex import PATIENT_GAIN
from pollux.worlds.heart.smith import Smith, nadler
from pollux.worlds.heart.ursino import Ursino

SECOND = 10**9
Case = dict[str, float]


def together(
    kind: type, cases: Sequence[Mapping[str, float]], seconds: float, *, dt: float = 1e-3, **wanted
) -> Outcome:
    """All cases as members of one run of `seconds` with steps of `dt`; every reading is recorded."""
    schema = schema_of(kind)
    layout = layout_of(schema)
    start = layout.start(len(cases))
    for member, case in enumerate(cases):
        for name, value in case.items():
            start[layout.slot[name], member] = value
    record = (*schema.readings, *wanted.pop("record", ()))
    plan = Run(
        schema, start, 0, round(seconds * SECOND), step=round(dt * SECOND), record=record, backend="numba", **wanted
    )
    return run(plan)


def rows(outcome: Outcome, keys: Sequence[str]) -> dict[str, dict[str, float]]:
    """What each case reads at the end, by the case's key."""
    return {key: {name: float(outcome[name][-1, i]) for name in outcome.names} for i, key in enumerate(keys)}


NORMAL: Case = {}
LEAN: Case = {"blood": 4800, "lv.stiffness": 2.0}
STABLE: Case = {
    "lv.stiffness": 0.8306,
    "lv.curve": 0.0198,
    "rv.stiffness": 0.3109,
    "rv.curve": 0.0201,
    "svr": 0.9727,
    "pvr": 0.0806,
    "arteries.compliance": 0.8222,
    "heart_rate": 75,
    "blood": 5565.5,
}
DECOMPENSATED: Case = {
    "lv.stiffness": 0.5424,
    "lv.curve": 0.0174,
    "rv.stiffness": 0.3197,
    "rv.curve": 0.0206,
    "svr": 1.0043,
    "pvr": 0.1163,
    "arteries.compliance": 0.9008,
    "heart_rate": 80,
    "blood": 6353.3,
}
STENOSIS: Case = {"k_aortic": bernoulli(0.8)}
MITRAL_STENOSIS: Case = {"r_mitral": 0.05}
MITRAL_LEAK: Case = {"mitral_leak": 1 / 0.6}
PRESSURES = {"stable": 87.06, "decompensated": 83.27}
"""Mean pressures at which the two patients live: the set points of their reflexes, mmHg."""


def filled(case: Mapping[str, float]) -> Case:
    """A case whose blood is all there from the start, the difference in the systemic veins."""
    return {"veins.volume": 2701 + case.get("blood", 4950) - 4950, **case}


def steadied(case: Mapping[str, float], pressure: float) -> Case:
    """A case with the reflex of a patient who lives at this mean pressure."""
    return {**case, "reflex.gain": PATIENT_GAIN, "reflex.set_point": pressure, "reflex.sensed": pressure}


CASES = {
    "normal": NORMAL,
    "lean": LEAN,
    "stable": STABLE,
    "decompensated": DECOMPENSATED,
    "aortic stenosis": STENOSIS,
    "mitral stenosis": MITRAL_STENOSIS,
    "mitral regurgitation": MITRAL_LEAK,
    "stable +250": {**STABLE, "blood": 5815.5},
    "stable +500": {**STABLE, "blood": 6065.5},
}

FROZEN: Case = {
    "act": 0,
    "left.strongest": 2.95,
    "right.strongest": 1.75,
    "r_sp": 3.307,
    "r_ep": 1.407,
    "v_sv": 1121,
    "v_ev": 1375,
    "period": 60 / 72,
}
MODERATE: Case = {"left.strongest": 0.8, "left.curve": 0.013, "left.gain": 0.2}
SEVERE: Case = {"left.strongest": 0.2, "left.curve": 0.011, "left.gain": 0.2}
URSINO: dict[str, Case] = {
    "U1": {},
    "U2": FROZEN,
    "U3": MODERATE,
    "U4": {**FROZEN, **MODERATE},
    "U5": {**MODERATE, "blood": 5700},
    "U6": SEVERE,
    "U7": {**SEVERE, "r_pp": 0.4, "r_pa": 0.06},
    "U8": {**SEVERE, "pump": 75},
    "U9": {"blood": 4770},
    "U10": {**FROZEN, "blood": 4770},
}


@cache
def ursino(dt: float) -> dict[str, dict[str, float]]:
    """The ten cases of model U after 240 s."""
    wanted = ("left_strength", "splanchnic", "turn", "total")
    return rows(together(Ursino, list(URSINO.values()), 240, dt=dt, record=wanted), list(URSINO))


@cache
def smith() -> dict[str, float]:
    """The normal set of model S after 60 s."""
    stressed = 300 * nadler(1.78, 72.3)
    split = {"left.volume": 94.6812, "right.volume": 90.7302, "pa": 43.0123, "pv": 808.458, "sa": 133.338, "sv": 329.78}
    start = {name: volume * stressed / 1500 for name, volume in split.items()}
    return rows(together(Smith, [{"stressed": stressed, **start}] * 4, 60), ["S"] * 4)["S"]


@cache
def cvsim() -> dict[str, dict[str, float]]:
    """Model C with 5150 and 5000 ml after 60 s."""
    return rows(together(CVSim, [{"blood": 5150}, {"blood": 5000}] * 2, 60), ["5150", "5000"] * 2)


def drift(outcome: Outcome) -> float:
    """The largest spread of the total volume over the run, ml."""
    return float(np.ptp(outcome["total"], axis=0).max())
