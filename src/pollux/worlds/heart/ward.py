"""The demo's patient and the people around him on one open site: admitted, measured, tried on his twin, treated."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, final

import numpy as np

import pollux as px
from pollux.worlds.heart import history, home, scan
from pollux.worlds.heart.clinician import Clinician
from pollux.worlds.heart.man import DAY, Lives, Man, wearables
from pollux.worlds.heart.patient import Patient
from pollux.worlds.heart.story import BEGINS_WITH, GAP, ILLNESS, LIFE, PATIENT, PHYSICIAN, SEEDS, START


@final
@dataclass(frozen=True, slots=True)
class Ward:
    """An open site with one patient, his devices and his app, and the physician who is signed in."""

    live: px.LiveSite
    patients: px.Fleet[Patient]
    man: px.Emulated
    physician: Clinician
    findings: tuple[scan.Finding, ...]

    @property
    def patient(self) -> px.Handle[Patient]:
        """His twin."""
        return self.patients[PATIENT]


@contextmanager
def opened(
    folder: Path,
    clock: px.Clock,
    *,
    http: str = "127.0.0.1:0",
    outlook: str = "1 day",
    tried: int = 48,
    greet: Callable[[px.LiveSite], None] = lambda _: None,
) -> Iterator[Ward]:
    """Open the clinic's site in a folder and admit him; his devices speak and his app listens until it is closed.

    `greet` is called as soon as the door is open and his bed is there, before anything is known of him.
    """
    declared = home.declare(narrowing=lambda: narrowed(examined(seed=SEEDS.scan)), outlook=outlook, tried=tried)
    with declared.site.open(folder, act=True, http=http, clock=clock) as live:
        declared.patients.add(PATIENT)
        greet(live)
        findings = examined(seed=SEEDS.scan)
        admit(declared.patients, findings)
        password = secrets.token_urlsafe(12)
        live.accounts.add(PHYSICIAN, kind="person", roles={home.CLINICIAN}, twins=["Patient/*"])
        live.accounts.set_password(PHYSICIAN, password)
        with devices(declared.patients) as man, px.companion(declared.patients, [PATIENT], taken=swallowing(man)):
            assert live.server is not None
            physician = Clinician(live.server.url, PHYSICIAN, password)
            yield Ward(live, declared.patients, man, physician, findings)


@cache
def examined(*, seed: int) -> tuple[scan.Finding, ...]:
    """What is measured on his scan, with the scanner's error."""
    rng = np.random.default_rng(seed)
    return scan.examine(scan.segmented(scan.Scanner().sees(scan.Truth(), rng), step=4.0))


def narrowed(findings: tuple[scan.Finding, ...]) -> float:
    """The share of its area that the anterior artery has lost, by the scan."""
    return next(one.value for one in findings if one.name.startswith("Left anterior descending")) / 100


def admit(patients: px.Fleet[Patient], findings: tuple[scan.Finding, ...]) -> None:
    """Tell his twin what is known before the first device speaks: dated facts, and what scan and clinic measured."""
    known = history.DEMO.since(START)
    scanned = START - 20 * DAY
    told = {**known.told, **history.told_by_scan(findings, time=scanned)}
    for when in sorted({dated.time for dated in told.values()}):
        patients.add(PATIENT, {getattr(Patient, n): d.value for n, d in told.items() if d.time == when}, when=when)
    evidence = (*known.evidence, *history.from_scan(findings, time=scanned))
    patients[PATIENT].believe([px.Evidence(getattr(Patient, e.of), e.value, e.deviation) for e in evidence])


def devices(patients: px.Fleet[Patient]) -> px.Emulated:
    """What he wears, on a man who obeys another model than his twin."""
    return px.emulate(
        patients,
        ids=[PATIENT],
        every="1 h",
        obeys=Man,
        actuators={Man.loop_diuretic: BEGINS_WITH},
        life=Lives(START, (ILLNESS,), seed=SEEDS.life, habits=LIFE),
        sensors=wearables(lost=(GAP,)),
        seed=SEEDS.devices,
    )


def swallowing(man: px.Emulated) -> Any:
    """What becomes of a change on his plan: from then on he takes what it says, as far as his body knows the drug."""

    def taken(_: str, params: Mapping[str, Any]) -> None:
        his = {name: value for name, value in params.items() if hasattr(Man, name)}
        if his:
            man.adjust(PATIENT, his)

    return taken
