"""The demo scan: its parts are closed and give the truth back; the heart on show is whole, named and moves."""

import json
from dataclasses import replace

import numpy as np
import pytest

import pollux as px
from pollux.worlds.heart import anatomy, coronaries, glb, scene
from pollux.worlds.heart.coronaries import LAD, Narrowing
from pollux.worlds.heart.scan import PHASES, Scanner, Truth, examine, segmented, squeezed

TRUTH = Truth()


@pytest.fixture(scope="module")
def scan():
    return segmented(TRUTH, step=4.0)


@pytest.fixture(scope="module")
def heart():
    return scene.heart(TRUTH.narrowings, step=5.0)


def found(parts):
    return {finding.name: finding.value for finding in examine(parts)}


def test_the_scan_gives_its_truth_back(scan):
    """Volumes and mass measured on the surfaces are those the scan was made from, the narrowing within 2 points."""
    seen = found(scan)
    assert seen["Left ventricle, end-diastolic volume"] == pytest.approx(212.0, rel=1e-9)
    assert seen["Left ventricle, end-systolic volume"] == pytest.approx(149.5, rel=1e-9)
    assert seen["Left ventricle, ejection fraction"] == pytest.approx(29.5, abs=0.05)
    assert seen["Left ventricle, mass"] == pytest.approx(212.0, rel=1e-9)
    assert seen[f"{LAD}, narrowing"] == pytest.approx(62, abs=2)
    assert seen["Right coronary artery, narrowing"] < 2


def test_scans_travel_as_files(scan):
    """The scan written as GLB and read again is measured alike."""
    again = found(glb.read(glb.written(scan)))
    assert again["Left ventricle, end-diastolic volume"] == pytest.approx(212.0, rel=1e-5)
    assert again["Left ventricle, mass"] == pytest.approx(212.0, rel=1e-4)


def test_a_missing_part_is_named(scan):
    """A scan without a part that is measured says which one is missing."""
    with pytest.raises(px.DataRefused, match="Wall of the left ventricle"):
        examine(tuple(part for part in scan if not part.name.startswith("Wall")))


def test_a_scan_in_metres_is_refused(scan):
    """The whole scan in other units is refused with the unit that it looks like."""
    wrong = tuple(replace(part, vertices=part.vertices / 1000) for part in scan)
    with pytest.raises(px.DataRefused, match="metres"):
        examine(wrong)


def test_a_scanner_errs_as_it_says():
    """Over many scans the error of a volume has the stated standard deviation and no bias; the same seed repeats it."""
    errors = [np.log(Scanner().sees(TRUTH, np.random.default_rng(seed)).left[0] / TRUTH.left[0]) for seed in range(400)]
    assert np.std(errors) == pytest.approx(0.04, rel=0.15)
    assert abs(np.mean(errors)) < 0.008
    assert Scanner().sees(TRUTH, np.random.default_rng(3)) == Scanner().sees(TRUTH, np.random.default_rng(3))


def test_both_phases_have_every_cavity(scan):
    """Four cavities at the end of diastole and of systole, a wall, four valve rings and every coronary are there."""
    names = [part.name for part in scan]
    assert len(names) == len(set(names)) == 8 + 1 + 4 + len(coronaries.VESSELS)
    assert all(sum(phase in name for name in names) == 4 for phase in PHASES)


def test_the_heart_on_show_has_named_parts(heart):
    """Every named part is there, with unit normals, a tint from 0 to a little over 1, and no loose vertex index."""
    assert [part.name for part in heart] == list(scene.PARTS)
    for part in heart:
        assert part.normals is not None
        assert part.colours is not None
        assert np.linalg.norm(part.normals, axis=1) == pytest.approx(1.0, abs=1e-6)
        assert 0 <= part.colours.min() <= part.colours.max() < 1.1
        assert part.faces.max() < len(part.vertices)


def test_the_scene_is_about_two_units_tall_and_upright():
    """The scene's file holds the same parts, two units tall, the arch above the apex, and every place a label needs."""
    file = scene.file(TRUTH.narrowings, step=6.0)
    length = int.from_bytes(file[12:16], "little")
    nodes = {node["name"]: node for node in json.loads(file[20 : 20 + length])["nodes"]}
    parts = {part.name: part.vertices / 1000 for part in glb.read(file)}
    whole = np.vstack(list(parts.values()))
    assert np.ptp(whole[:, 1]) == pytest.approx(2.1, abs=0.3)
    assert np.abs(whole).max() < 1.3
    assert parts["aorta"][:, 1].max() > parts["rv"][:, 1].max() > nodes["at_apex"]["translation"][1]
    assert {"at_anterior", "at_lateral", "at_stenosis", "in_lv", "in_rv", "in_la", "in_ra"} <= set(nodes)


def test_places_lie_on_the_surface():
    """Labels end on the heart, not beside it; the centres of the chambers lie inside."""
    where = scene.places(TRUTH.narrowings)
    on = np.array([point for name, point in where.items() if name.startswith("at_")])
    inside = np.array([point for name, point in where.items() if name.startswith("in_")])
    assert np.abs(anatomy.body(on)).max() < 2.5
    assert anatomy.body(inside).max() < -15


def test_the_ventricles_contract_and_the_arch_does_not():
    """At the end of systole the side of the ventricle has moved by some millimetres and the arch by less than one."""
    side, arch = scene.places(())["at_lateral"], np.array([-4.0, 90.0, -9.0])
    moved = np.linalg.norm(squeezed(np.stack([side, arch]), 0.3) - np.stack([side, arch]), axis=1)
    assert 3.0 < moved[0] < 15.0
    assert moved[1] < 1.0


def test_a_narrowing_shows():
    """The vessel on show is thinner where it is narrowed, and the narrowing is a part of its own."""
    vessel = coronaries.named(LAD)
    tight = coronaries.radii(vessel, (Narrowing(LAD, 0.62, 0.3, 14.0),))
    free = coronaries.radii(vessel, ())
    assert (tight / free).min() == pytest.approx(np.sqrt(0.38), abs=0.01)
