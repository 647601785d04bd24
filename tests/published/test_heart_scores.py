"""Published scores and rules of the heart world: NEWS2 (RCP 2017), weight rules, limits on measurements."""

import pytest

from pollux.worlds.heart import limits, study, weight
from pollux.worlds.heart.limits import Measured, Measurement
from pollux.worlds.heart.news2 import SECOND, Input, Reading, ScaleTwo, score
from pollux.worlds.heart.weight import DAY, Finding, Weighing, check

NOW = 10**9 * SECOND
HOUR = 3600.0
DECISION = ScaleTwo("clinician", NOW, "hypercapnic failure")

VECTORS = [
    ((16, 97, False, 120, 70, "A", 37.0), None, 0),
    ((22, 94, False, 105, 105, "A", 37.5), None, 5),
    ((9, 96, False, 111, 50, "A", 36.0), None, 3),
    ((26, 90, True, 88, 132, "V", 39.2), None, 19),
    ((8, 91, True, 90, 131, "C", 35.0), None, 20),
    ((18, 95, True, 130, 80, "A", 37.0), DECISION, 4),
    ((18, 95, False, 130, 80, "A", 37.0), DECISION, 0),
]

BOUNDARIES: dict[Input, list[tuple[float | bool | str, int]]] = {
    Input.RESPIRATION: [(8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3)],
    Input.SATURATION: [(91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0)],
    Input.SYSTOLIC: [(90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3)],
    Input.PULSE: [(40, 3), (41, 1), (50, 1), (51, 0), (90, 0), (91, 1), (110, 1), (111, 2), (130, 2), (131, 3)],
    Input.TEMPERATURE: [(35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.0, 1), (39.1, 2)],
    Input.OXYGEN: [(True, 2), (False, 0)],
    Input.CONSCIOUSNESS: [("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3)],
}
ON_OXYGEN = [(83, 3), (84, 2), (85, 2), (86, 1), (87, 1), (88, 0), (92, 0), (93, 1), (94, 1), (95, 2), (96, 2), (97, 3)]
ON_AIR = [(83, 3), (84, 2), (85, 2), (86, 1), (87, 1), (88, 0), (92, 0), (93, 0), (97, 0), (100, 0)]


def taken(values):
    return {name: Reading(value, NOW) for name, value in zip(Input, values, strict=True)}


@pytest.mark.parametrize(("values", "decision", "expected"), VECTORS)
def test_h27_vectors(values, decision, expected):
    """H27: the seven vectors of the chart score exactly as published."""
    assert score(taken(values), now=NOW, interval=HOUR, scale_two=decision).total == expected


@pytest.mark.parametrize(
    ("name", "value", "points"), [(name, v, p) for name, rows in BOUNDARIES.items() for v, p in rows]
)
def test_h27_boundaries(name, value, points):
    """H27: every boundary value of the chart scores exactly as published."""
    assert score({name: Reading(value, NOW)}, now=NOW, interval=HOUR).points[name] == points


@pytest.mark.parametrize(("oxygen", "value", "points"), [(True, *r) for r in ON_OXYGEN] + [(False, *r) for r in ON_AIR])
def test_h27_boundaries_of_scale_two(oxygen, value, points):
    """H27: every boundary value of scale 2, on air and on oxygen, scores exactly as published."""
    given = {Input.SATURATION: Reading(value, NOW), Input.OXYGEN: Reading(oxygen, NOW)}
    assert score(given, now=NOW, interval=HOUR, scale_two=DECISION).points[Input.SATURATION] == points


def test_h31_incomplete():
    """H31: saturation 94, systolic 105 and pulse 105 alone are "incomplete, at least 3" with four inputs named."""
    given = {Input.SATURATION: Reading(94, NOW), Input.SYSTOLIC: Reading(105, NOW), Input.PULSE: Reading(105, NOW)}
    seen = score(given, now=NOW, interval=HOUR)
    assert seen.total is None
    assert str(seen) == "NEWS2 incomplete, at least 3; missing: respiration, oxygen, consciousness, temperature"


def test_h32_old_input_and_single_three():
    """H32: one old input makes it incomplete and is named; vector 1 with pulse 40 shows total 3 and a single 3."""
    values = taken(VECTORS[0][0])
    old = values | {Input.SYSTOLIC: Reading(120, NOW - int(HOUR * 2) * SECOND)}
    assert [missing.input for missing in score(old, now=NOW, interval=HOUR).missing] == [Input.SYSTOLIC]
    slow = score(values | {Input.PULSE: Reading(40, NOW)}, now=NOW, interval=HOUR)
    assert (slow.total, slow.threes) == (3, (Input.PULSE,))


def days(*kilograms, last=3):
    step = last / (len(kilograms) - 1)
    return [Weighing(round(i * step * DAY), kg) for i, kg in enumerate(kilograms)]


@pytest.mark.parametrize(
    ("series", "finding"),
    [
        (days(84.0, 84.6, 85.5, 86.1), Finding.GAINED),
        (days(84.0, 84.6, 85.5, 86.0), None),
        (days(84.0, 84.525, 85.05, 85.575, 86.1, last=4), None),
    ],
)
def test_h28_weight_up(series, finding):
    """H28: +2.1 kg in 3 days alerts, +2.0 kg does not, +2.1 kg evenly over 4 days does not."""
    alert = check(series)
    assert (alert.finding if alert else None) == finding


@pytest.mark.parametrize(
    ("series", "systolic", "finding"),
    [
        (days(86.0, 85.2, 84.6, 84.0), 118, Finding.POSSIBLY_DRY),
        (days(85.9, 85.2, 84.6, 84.0), 118, None),
        (days(84.5, 84.4, 84.2, 84.0), 94, Finding.POSSIBLY_DRY),
        (days(84.0, 84.0, 84.0, 84.0), 94, None),
    ],
)
def test_h29_weight_down(series, systolic, finding):
    """H29: -2.0 kg in 3 days is possibly dry, -1.9 is not; systolic 94 with -0.5 kg is, with steady weight not."""
    alert = check(series, systolic=systolic)
    assert (alert.finding if alert else None) == finding


def measured(hour):
    """A day of a patient whose saturation and pressure dip below their limits for an hour each."""
    at = hour * 3600 * SECOND
    systolic = 87 if hour == 9 else 112
    yield Measurement(Measured.SYSTOLIC, systolic, at)
    yield Measurement(Measured.MEAN_DERIVED, limits.mean_pressure(systolic, 45 if hour == 9 else 70), at)
    yield Measurement(Measured.SATURATION, 88 if hour == 5 else 95, at)
    yield Measurement(Measured.PULSE, 72, at)


def test_h33_limits_are_independent_of_any_model():
    """H33: the limits of a measured series are the same whether a filter runs beside them, is wrong, or has failed."""

    def alerts(estimate):
        found: list[limits.Breach] = []
        for hour in range(24):
            found += limits.breaches(measured(hour))
            try:
                estimate(hour)
            except ArithmeticError:
                continue
        return [str(breach) for breach in found]

    def broken(hour):
        raise ZeroDivisionError(hour)

    plain = alerts(lambda hour: None)
    assert plain == alerts(lambda hour: 40.0 + hour) == alerts(broken)
    assert len(plain) == 3


def test_h33_a_filling_pressure_never_raises_a_limit():
    """H33: there is no limit on anything that is estimated; only measured quantities have one."""
    assert set(limits.LIMITS) <= set(Measured)
    assert not [what for what in Measured if "atrial" in what or "filling" in what]


def test_weight_jumps_ask_for_a_repeat_and_stay():
    """A jump between two weighings asks for a repeat; the alert is raised all the same."""
    alert = check(days(84.0, 84.1, 84.0, 86.6))
    assert alert is not None
    assert alert.repeat
    assert alert.finding is Finding.GAINED
    assert weight.check([]) is None


def test_h30_the_rules_are_counted():
    """H30: over 60 stable and 60 decompensating months each rule's false alarms, sensitivity and value come with
    intervals.
    """
    reports = study.study(range(60))
    gained = reports[Finding.GAINED]
    print(*map(str, reports.values()), sep="\n")
    assert gained.months == 60
    for report in reports.values():
        low, high = report.caught.interval
        assert 0 <= low <= report.caught.hits / 60 <= high <= 1
    assert gained.caught.interval[0] > gained.false_alerts / gained.months


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (7, 20, 0.1539, 0.5922)]
)
def test_exact_intervals(hits, of, low, high):
    """The exact binomial interval is that of Clopper and Pearson's tables."""
    assert study.Share(hits, of).interval == pytest.approx((low, high), abs=1e-4)
