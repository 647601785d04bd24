"""What happens in the story, act by act: the same for the fast telling and for the live demo.

An act does something on the ward through doors that are open to everybody, and gives what is to be told of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

import numpy as np

import pollux as px
from pollux.worlds.heart import scan
from pollux.worlds.heart.man import DAY
from pollux.worlds.heart.patient import Patient
from pollux.worlds.heart.story import PATIENT, START
from pollux.worlds.heart.ward import Ward

Document = Mapping[str, Any]

WEIGHT_RULE: Final = "Weight up by more than 2 kg in 3 days"
LABS: Final[dict[Any, float]] = {Patient.potassium: 4.4, Patient.creatinine: 124.0, Patient.filtration: 54.0}
"""What the laboratory finds on the day of the alarm: invented."""


@final
@dataclass(slots=True)
class Told:
    """What an act has to say: lines for the reader, and promises with whether each held."""

    lines: list[str] = field(default_factory=list)
    promises: list[tuple[str, bool]] = field(default_factory=list)

    def say(self, line: str) -> None:
        """A line of the story."""
        self.lines.append(line)

    def promise(self, text: str, held: bool) -> None:
        """Something that was promised, and whether it held."""
        self.promises.append((text, bool(held)))


def made(ward: Ward) -> Told:
    """His twin, from history and scan."""
    told, truth = Told(), scan.Truth()
    by_name = {one.name: one.value for one in ward.findings}
    full = by_name["Left ventricle, end-diastolic volume"]
    ejection = by_name["Left ventricle, ejection fraction"]
    narrowing = next(value for name, value in by_name.items() if name.startswith("Left anterior descending"))
    told.say(
        f"From a 3D scan: end-diastolic volume {full:.0f} ml, ejection fraction {ejection:.0f} %, "
        f"left anterior artery narrowed by {narrowing:.0f} %."
    )
    now = ward.patient.now
    told.say(
        f"With clinic and history, his twin believes: strength {_interval(now.strength, 2)} mmHg/ml, "
        f"filling pressure {_interval(now.filling, 0)} mmHg, which nobody measured."
    )
    scanner = scan.Scanner()
    told.promise(
        "volume and narrowing measured on the meshes lie within the scanner's error of the hidden truth",
        abs(np.log(full / truth.left[0])) < 3 * scanner.volume
        and abs(narrowing / 100 - truth.narrowings[0].share) < 3 * scanner.narrowing,
    )
    prior = 0.3 * 0.8
    told.promise("scan and clinic narrow what is believed of his strength", float(now.strength.sigma) < 0.8 * prior)
    return told


def tried(ward: Ward, choices: tuple[str, ...] = ()) -> tuple[Told, Document, Document]:
    """Some choices, or everything that the lab offers, on the same luck: the run, and the card that came of it."""
    told = Told()
    run = ward.physician.tries(choices)
    card = ward.physician.card()
    rows = {row["label"]: row for group in run["table"]["groups"] for row in group["rows"]}
    for option in run["options"]:
        key = option["key"]
        filling, risk, gate = (rows[name]["cells"][key] for name in ("Filling pressure", "Decompensation", "Gate"))
        told.say(
            f"  {option['label']:38} filling {_signed(filling['value'])} ({_signed(filling['lo'])} to "
            f"{_signed(filling['hi'])}) mmHg  decompensation {risk['value']:3.0f} %  {_standing(gate)}"
        )
    told.say(f"{card['rank']}: {card['title']}.")
    closed = [row for row in rows["Gate"]["cells"].values() if row["text"] in ("closed", "not ranked")]
    told.promise("every option is simulated, also what a gate closes or nobody has sized", _all_simulated(run, rows))
    told.promise("what is closed or not sized says why, and is not ranked", all(row["detail"] for row in closed))
    return told, run, card


def signed(ward: Ward, card: Document, reason: str) -> tuple[Told, str]:
    """The card's change, signed by the physician: it leaves for his plan, and for no device."""
    told = Told()
    before = [
        one for one in ward.physician.get(f"twins/Patient/{PATIENT}/commands")["orders"] if one["state"] == "sent"
    ]
    order = ward.physician.signs(card["id"], reason)
    row = ward.physician.order(order)
    told.say(f"{row['title']}: proposed by the twin, signed by {ward.physician.name}, on his plan.")
    told.promise("nothing was on his plan before somebody signed", not before)
    told.promise("who proposed it did not sign it", row["proposer"] != ward.physician.name)
    return told, order


def streamed(ward: Ward) -> Told:
    """What the stream has made of him."""
    told, patient = Told(), ward.patient
    now, truth = patient.now, float(ward.man.truth("filling")[0])
    believed = now.filling
    low, high = (float(believed) + side * 1.645 * float(believed.sigma) for side in (-1, 1))
    told.say(
        f"Weight {float(now.weight):.1f} kg, {float(now.systolic):.0f}/{float(now.diastolic):.0f} mmHg, "
        f"heart rate {float(now.pulse):.0f}. Filling pressure {float(believed):.0f} ({low:.0f} to {high:.0f}) mmHg."
    )
    inside = "inside" if low <= truth <= high else "outside"
    told.say(
        f"The hidden truth is {truth:.0f} mmHg: {inside}. He obeys another model than his twin: told, not promised."
    )
    told.promise(
        "every wearable is heard", all(_heard(patient, name) for name in ("pulse", "systolic", "weight", "saturation"))
    )
    return told


def alarmed(ward: Ward) -> Document | None:
    """The alarm of the scale, once it is raised."""
    rows = ward.physician.get(f"alarms?twin=Patient/{PATIENT}")["alarms"]
    return next((one for one in rows if one["title"] == WEIGHT_RULE and one["state"] == "raised"), None)


def sudden(ward: Ward, alarm: Document, filling: list[float]) -> Told:
    """The alarm, its likely cause, what comes next. `filling` is the hidden truth hour by hour until now."""
    told, now = Told(), ward.patient.now
    day = (alarm["t"] * 10**9 - START) / DAY
    seven, thirty = (_risk(ward, span) for span in ("7 days", "30 days"))
    told.say(f"Day {day:.1f}: {alarm['title']}. {alarm['text'].split(' · ')[-1].capitalize()}.")
    told.say(f"If nothing changes, decompensation in 7 days {seven}, in 30 days {thirty}.")
    told.promise("the scale's alarm names fluid as the likely cause", "likely fluid" in alarm["text"])
    told.promise(
        "it is raised before his true filling pressure has been at 25 mmHg for a day",
        sum(pressure >= 25 for pressure in filling) < 24,
    )
    told.promise("the twin sees a higher pressure than ten days ago", _risen(ward))
    told.promise("the weight is measured, not believed", int(now.weight.quality) != 0)
    return told


def examined_again(ward: Ward) -> str:
    """Labs are due before a diuretic may be raised: taken, and told to his twin."""
    ward.patients.add(PATIENT, LABS)
    return "Labs were due: potassium 4.4 mmol/l, creatinine 124 µmol/l, eGFR 54, taken today."


def happened(ward: Ward, orders: list[str]) -> Told:
    """Every prediction that an order was signed on, beside what was measured."""
    told = Told()
    for order in orders:
        row = ward.physician.order(order)
        steps = ", ".join(station["label"] for station in row["stations"] if station["t"] is not None)
        told.say(f"{row['title']}: {steps}. {row['end']['text'] if row['end'] else 'not judged yet'}")
        for effect in row["outcome"]["rows"] if row["outcome"] else ():
            told.say("  " + _effect(effect))
        told.promise(f"{row['title']}: read, then taken, then judged", row["state"] in ("verified", "ineffective"))
        told.promise(f"{row['title']}: it did what was foreseen", row["state"] == "verified")
    return told


def _effect(row: Document) -> str:
    measured = row["measured"]
    verdict = {True: "inside", False: "outside", None: "not measured"}[row["inside"]]
    what = "nothing" if measured is None else f"{measured:.1f}"
    return (
        f"{row['label']:20} predicted {row['predicted']:6.1f} ({row['lo']:.1f} to {row['hi']:.1f}) {row['unit']}, "
        f"measured {what}: {verdict}"
    )


def _interval(value: px.Value, digits: int) -> str:
    low, high = (float(value) + side * 1.645 * float(value.sigma) for side in (-1, 1))
    return f"{float(value):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _standing(cell: Document) -> str:
    return cell["text"] if cell["text"] in ("free", "none") else f"{cell['text']}: {cell['detail']}"


def _all_simulated(run: Document, rows: Mapping[str, Document]) -> bool:
    keys = {option["key"] for option in run["options"]}
    return all(rows["Filling pressure"]["cells"][key]["value"] is not None for key in keys) and run["state"] == "done"


def _heard(patient: px.Handle[Patient], name: str) -> bool:
    return float(getattr(patient.now, name).age) < 2 * DAY / 10**9


def _risk(ward: Ward, span: str) -> str:
    """The chance that he decompensates if nothing changes, by a fork of his twin."""
    ((low, chance, high),) = ward.patient.fork().run(span, members=48).chances(Patient.decompensates)
    return f"{100 * chance:.0f} % ({100 * low:.0f} to {100 * high:.0f})"


def _risen(ward: Ward) -> bool:
    past = ward.patient.history(Patient.filling, "10 days").value
    return len(past) > 1 and bool(past[-1] > past[0])
