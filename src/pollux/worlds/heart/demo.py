"""The heart demo: a man of 62 with chronic heart failure, his twin, and a change that is tried before it is made.

`run` plays the story in simulated time with its checks (`--fast`), or live with a page.
"""

import argparse
import signal
import socket
import tempfile
import threading
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Final, final

import numpy as np

import pollux as px
from pollux.worlds.heart import causes, history, home
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.mortal import DAY, HOUR, Illness, Mortal, worn
from pollux.worlds.heart.patient import Patient
from pollux.worlds.heart.story import PATIENT

START: Final = "2026-11-02T00:00:00Z"
ILL: Final = Illness(begins=11.0, ends=40.0)
LOOKED: Final = 16
"""The day on which the team decides."""
AFTER: Final = 7
SIGNER: Final = "Dr. M. Keller"
DOSE: Final = 80.0
SLACK: Final = 1.0
"""What scale and daily habits add to a predicted weight, kg: twice the error of two readings."""


@final
@dataclass(slots=True)
class Told:
    """What is printed, and whether each promise held."""

    held: list[bool] = field(default_factory=list)

    def say(self, text: str = "") -> None:
        print(text, flush=True)

    def check(self, promise: str, holds: bool) -> None:
        self.held.append(bool(holds))
        self.say(f"    {'holds' if holds else 'does not hold':14} {promise}")


def run(options: argparse.Namespace) -> int:
    """Play the world as asked: a real recording, its story in simulated time, or live with a page."""
    if options.record:
        return recorded(options)
    return fast() if options.fast else live(options)


def recorded(options: argparse.Namespace) -> int:
    """Replay a real recording in the bedside world; raises SetupError where this installation has none."""
    if find_spec("pollux.worlds.bedside") is None:
        raise px.SetupError("this installation has no recordings to replay", at="--record", hint="leave it out")
    return int(import_module("pollux.worlds.bedside.demo").run(options))


def fast() -> int:
    """The story in simulated time; 0 when every check held."""
    told = Told()
    told.say(NOTICE)
    told.say(f"Patient {PATIENT}, man, 62, chronic heart failure (compiling takes a minute the first time)")
    clock = px.SimulatedClock(px.instant(START))
    declared = home.declare(members=16, every="1 day", tried=24)
    with tempfile.TemporaryDirectory() as folder, declared.site.open(folder, act=True, clock=clock):
        Story(declared, clock, told).play()
    told.say(f"{sum(told.held)} of {len(told.held)} checks hold. {NOTICE}")
    return 0 if all(told.held) else 1


@final
class Story:
    """The six steps, one method each."""

    def __init__(self, declared: home.Home, clock: px.SimulatedClock, told: Told) -> None:
        self.home, self.clock, self.told = declared, clock, told
        self.start = clock.now()
        self.man = Mortal(seed=3, illness=ILL)

    @property
    def twin(self) -> px.Handle[Patient]:
        return self.home.patients[PATIENT]

    def play(self) -> None:
        self.made()
        self.man.live(days=LOOKED)
        self.stream(0, 2)
        self.tried()
        self.stream(2 * 24, LOOKED - 2)
        self.alarm()
        order, expected = self.ordered()
        self.man.dose = DOSE
        self.man.live(days=AFTER)
        self.stream(LOOKED * 24, AFTER)
        self.verified(order, expected)

    def stream(self, first: int, days: int) -> None:
        """Wearables speak over MQTT with their own times, while the clock moves day by day."""
        tape = worn(self.man, first, start=self.start, seed=5)
        with px.replay(self.home.patients, {PATIENT: tape}, every="1 day"):
            for day in range(days):
                self.home.patients.live.advance_to(self.start + first * HOUR + (day + 1) * DAY)

    def made(self) -> None:
        findings = home.examined(seed=5)
        begun = history.DEMO.since(self.start)
        self.home.told = {**begun.told, **history.told_by_scan(findings, time=self.start)}
        seen = {finding.name: finding.value for finding in findings}
        full, share = seen["Left ventricle, end-diastolic volume"], seen["Left ventricle, ejection fraction"]
        narrow = seen["Left anterior descending artery, narrowing"]
        self.told.say("1  His twin is made from his history and a 3D scan")
        self.told.say(f"    left ventricle {full:.0f} ml, ejection fraction {share:.0f} %, artery narrowed {narrow:.0f} %")
        self.told.check("the scan measures the volume within 12 % and the narrowing within 15 points of what is true",
                        abs(full / 212 - 1) < 0.12 and abs(narrow - 62) < 15)

    def tried(self) -> None:
        self.told.say("2  Treatments are tried on the twin")
        self.lab()

    def lab(self) -> px.Futures:
        """Every choice over a week, on the same luck, with its gate."""
        choices = home.choices()
        futures = self.twin.fork(seed=7).run("7 days", [dict(c.values) for c in choices], members=24, every="1 day")
        risks, worth = home.risks(futures), home.worth(futures)
        filling, weight = futures.band("filling"), futures.band("weight")
        for row, choice in enumerate(choices):
            gates = home.closing(self.home, choice)
            why = home.unranked(choice, futures, row) or "; ".join(g.reason for g in gates if g.verdict != "free")
            self.told.say(
                f"    {choice.label:36} filling {filling.median[row, -1]:4.1f} mmHg  weight "
                f"{weight.median[row, -1] - weight.median[row, 0]:+4.1f} kg  decompensation {100 * risks[row]:3.0f} %"
                f"  {why[:60]}"
            )
        self.ranked = [
            row for row, choice in enumerate(choices)
            if not home.unranked(choice, futures, row)
            and all(g.verdict == "free" for g in home.closing(self.home, choice))
        ]
        self.ranked.sort(key=lambda row: -worth[row].value)
        self.told.say(f"    ranked first under these assumptions: {choices[self.ranked[0]].label}")
        return futures

    def alarm(self) -> None:
        live = self.home.patients.live
        titles = sorted({alarm.title for alarm in live.estate.alarms})
        now = self.twin.now
        self.told.say(f"3  Wearables keep it current: {LOOKED} days over MQTT")
        felt = self.twin.fork(seed=3).run("30 days", members=32, every="1 day")
        path = felt.samples.path("felt")[0][0]
        low, high = (float(np.quantile(path, q)) for q in (0.05, 0.95))
        true = float(self.man.course["filling"][-24:].mean())
        self.told.say(f"    filling pressure, which nobody measures: {low:.0f} to {high:.0f} mmHg (truth {true:.0f})")
        self.told.check("the filter ran without a fault", live.filters["Patient"].fault == "")
        self.told.check("the true filling pressure is within 8 mmHg of the interval", low - 8 <= true <= high + 8)
        self.told.say("4  A sudden change")
        gain = {n: float(self.man.course[n][-24:].mean() - self.man.course[n][-96:-72].mean())
                for n in ("systolic", "diastolic", "weight")}
        found = causes.weighed(systolic=gain["systolic"], diastolic=gain["diastolic"], kilograms=gain["weight"],
                               weighings=3)
        week, month = home.risks(felt, days=7)[0], home.risks(felt)[0]
        self.told.say(f"    alerts: {', '.join(titles)}; weight now {float(now.weight):.1f} kg; {causes.sentence(found)}")
        self.told.say(f"    without a change: decompensation in 7 days {100 * week:.0f} %, in 30 days {100 * month:.0f} %")
        self.told.check("the weight rule fired on raw values", any("Weight up" in title for title in titles))
        self.told.check("fluid is named as the likely cause", next(iter(found)) == "fluid")
        self.told.check("the chance in 30 days is not below that in 7", month >= week)

    def ordered(self) -> tuple[px.StandingOrder, px.Futures]:
        self.told.say("5  The change is tried on the twin first, then ordered")
        futures = self.lab()
        desk, fleet = self.home.patients.live.desk, self.home.patients
        order = self.twin.set({Patient.loop_diuretic: DOSE}, reason="fluid, tried on the twin", expires="1 day")
        try:
            desk.sign(fleet.declared, order.id, who=order.order.proposer, roles=frozenset({home.CLINICIAN}), reason="own")
            refused = ""
        except px.OrderRefused as error:
            refused = error.message
        self.told.check(f"its proposer cannot sign: {refused}", bool(refused))
        desk.sign(fleet.declared, order.id, who=SIGNER, roles=frozenset({home.CLINICIAN}), reason="weight and risk")
        order.wait("sent")
        desk.step(order.id, "accepted", who=PATIENT, reason="read")
        desk.step(order.id, "done", who=PATIENT, reason="taken")
        self.told.say(f"    {order}; signed by {SIGNER}; read, then taken")
        self.told.check("the order is done, after one signature by somebody else",
                        order.state == "done" and order.order.signatures == (SIGNER,))
        return order, futures

    def verified(self, order: px.StandingOrder, futures: px.Futures) -> None:
        self.told.say("6  What was predicted is compared with what happened")
        weight = futures.band("weight")
        low, high = float(weight.low[1, -1]) - SLACK, float(weight.high[1, -1]) + SLACK
        measured = float(self.twin.now.weight)
        inside = low <= measured <= high
        self.told.say(f"    weight after {AFTER} days: {measured:.1f} kg, predicted {low:.1f} to {high:.1f}: "
                      f"{'inside' if inside else 'outside'}")
        self.told.check("the comparison was made with a measured value", np.isfinite(measured))
        self.told.check("the measured weight lies in the predicted interval", inside)


def live(options: argparse.Namespace) -> int:
    """The same patient on a calendar that runs fast, with a page; ends at Ctrl-C, SIGTERM or after some seconds."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    clock = px.ScaledClock(px.instant(START), speed=86_400.0 / options.day)
    declared = home.declare()
    port = _free(options.port)
    man = Mortal(seed=3, illness=ILL)
    man.live(days=40)
    tape = worn(man, 0, start=px.instant(START), seed=5)
    with (
        tempfile.TemporaryDirectory() as folder,
        declared.site.open(folder, act=True, http=f"127.0.0.1:{port}", clock=clock) as site,
    ):
        taken = "" if port == options.port else f" (port {options.port} is taken)"
        print(f"{NOTICE}\n{site.page()}{taken}", flush=True)
        begun = history.DEMO.since(px.instant(START))
        declared.told = dict(begun.told)
        with px.replay(declared.patients, {PATIENT: tape}, every="1 h"):
            over.wait(options.seconds)
    print(NOTICE, flush=True)
    return 0


def _free(wanted: int) -> int:
    """The port that is wanted, or a free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0
