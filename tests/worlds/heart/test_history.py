"""From a history to a twin: evidence narrows the beliefs, facts open and close gates."""

import numpy as np
import pytest
from tests.worlds.heart.somebody import SOMEBODY

from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.predict import analyse
from pollux.predict.learning import learnt
from pollux.simulate import Run, Settling, run
from pollux.worlds.heart import gates, history
from pollux.worlds.heart.facts import Dated, Fact
from pollux.worlds.heart.patient import Patient
from pollux.worlds.heart.scan import Scanner, Truth, examine, segmented

SCHEMA = schema_of(Patient)
LAYOUT = layout_of(SCHEMA)
DAY = 86_400 * 10**9
MEMBERS = 128


def rested(columns, names):
    """Readings after a day, from columns of members."""
    outcome = run(Run(SCHEMA, columns, 0, DAY, grid=DAY, record=names, settling=Settling(every=DAY)))
    return np.stack([outcome[name][-1] for name in names])


@pytest.fixture(scope="module")
def made():
    """The demo's scan measured, its evidence taken in, and readings before and after, with the truth beside them."""
    names = ("full", "emptied", "filling", "systolic", "weight", "output", "pulse", "diastolic")
    hidden = LAYOUT.start(4)
    for name, value in SOMEBODY.items():
        hidden[LAYOUT.slot[name]] = value
    truth = dict(zip(names, rested(hidden, names)[:, 0], strict=True))
    volumes = (float(truth["full"]), float(truth["emptied"]))
    scanner = Scanner()
    seen = scanner.sees(Truth(left=volumes), np.random.default_rng(4))
    scanned = history.from_scan(examine(segmented(seen, step=5.0)), time=0)
    evidence = [*scanned, *history.DEMO.evidence]

    columns = LAYOUT.start(MEMBERS, np.random.default_rng(1))
    before = rested(columns, names)
    priors = [(one, one.prior) for one in learnt(SCHEMA) if one.prior is not None]
    free = np.stack([prior.to_free(columns[LAYOUT.slot[one.name]]) for one, prior in priors])
    forecast = np.stack([before[names.index(e.of)] for e in evidence])
    after = analyse(
        free,
        forecast,
        np.array([e.value for e in evidence]),
        np.array([e.deviation for e in evidence]),
        np.random.default_rng(2),
    ).members
    for (one, prior), values in zip(priors, after, strict=True):
        columns[LAYOUT.slot[one.name]] = np.clip(prior.from_free(values), one.low, one.high)
    return names, truth, before, rested(columns, names), scanned


def test_the_scan_becomes_evidence(made):
    """Volumes of the scan are evidence for the model's own volumes, with the scanner's error, close to the hidden
    truth.
    """
    _, truth, _, _, scanned = made
    assert {e.of for e in scanned} == {"full", "emptied"}
    for e in scanned:
        assert e.deviation == pytest.approx(0.04 * e.value)
        assert abs(e.value - truth[e.of]) < 3 * e.deviation


def test_evidence_narrows_the_beliefs(made):
    """After scan, cuff, scale and echo the volumes are known several times better than before, and near the truth."""
    names, truth, before, after, _ = made
    for name in ("full", "systolic", "weight"):
        row = names.index(name)
        assert after[row].std() < 0.6 * before[row].std(), name
    row = names.index("full")
    assert abs(after[row].mean() - truth["full"]) < 3 * max(after[row].std(), 4.0)


def test_the_filling_pressure_stays_uncertain(made):
    """Nothing at home or on the scan settles the filling pressure: its interval stays wide and holds the truth."""
    names, truth, before, after, _ = made
    row = names.index("filling")
    assert after[row].std() > 1.5
    low, high = np.quantile(after[row], (0.05, 0.95))
    assert low - 1 < truth["filling"] < high + 1
    assert after[row].std() < before[row].std()


def test_dates_count_from_the_day_the_twin_begins():
    """A history moved to a start keeps its values and its distances in time."""
    moved = history.DEMO.since(1000 * DAY)
    assert moved.told["potassium"].value == 4.6
    assert moved.told["potassium"].time == 998 * DAY
    assert moved.evidence[0].time == 998 * DAY


def test_what_the_scan_tells_is_a_fact():
    """Narrowing, volume and mass of a scan become facts of the patient."""
    told = history.told_by_scan(examine(segmented(Truth(), step=5.0)), time=7)
    assert told["narrowing"].value == pytest.approx(62, abs=2)
    assert told["scan_mass"].value == pytest.approx(212, abs=0.1)
    assert all(name in {s.name for s in SCHEMA.signals} for name in (*told, *history.DEMO.told))


def judged(treatment, told=history.DEMO.told, *, now=0, decompensated=False, dry=False):
    vitals = {"systolic": Dated(117.0, now), "pulse": Dated(75.0, now)}
    return gates.judge(treatment, history.gathered({**vitals, **told}, now=now, decompensated=decompensated, dry=dry))


def test_his_gates_today():
    """On the demo's day the ARNI is closed by his ACE inhibitor, the diuretic and the SGLT2 inhibitor are free."""
    assert judged("arni").state is gates.State.CLOSED
    assert "takes an ACE inhibitor" in str(judged("arni"))
    assert judged("loop-diuretic").state is gates.State.FREE
    assert judged("sglt2").state is gates.State.FREE
    assert judged("beta-blocker", decompensated=True).state is gates.State.CLOSED


def test_old_laboratory_values_are_due():
    """Two weeks later his potassium is unknown, labs are due, and more diuretic is closed until they are there."""
    later = 15 * DAY
    assert history.gathered(history.DEMO.told, now=later, decompensated=False, dry=False).known(Fact.LABS_DUE) is True
    assert judged("loop-diuretic", now=later).state is gates.State.CLOSED
    assert judged("mra", now=later).state is gates.State.UNKNOWN


def test_the_wash_out_counts_from_the_stop():
    """An ACE inhibitor stopped a day ago keeps the ARNI closed; stopped two days ago, no longer."""
    told = dict(history.DEMO.told)
    for hours, state in ((24, gates.State.CLOSED), (48, gates.State.FREE)):
        told["ace_inhibitor"] = Dated(False, -hours * 3600 * 10**9)
        assert judged("arni", told).state is state
