"""The patient over days: what his fluid, drugs and reflex do, and how he is shown."""

import msgspec
import numpy as np
import pytest
from tests.worlds.heart.somebody import SOMEBODY

from pollux.columns.layout import layout_of
from pollux.model.schema import schema_of
from pollux.predict import Learning
from pollux.show.compose.view import bound_by
from pollux.show.documents.twins import View
from pollux.simulate import Run, Settling, run
from pollux.worlds.heart import home, presentation, scene, story
from pollux.worlds.heart.grades import NOTICE
from pollux.worlds.heart.patient import DRIFT, Patient

SCHEMA = schema_of(Patient)
DAY = 86_400 * 10**9
CASES: dict[str, dict[str, float]] = {
    "as he is": {},
    "diuretic doubled": {"loop_diuretic": 80},
    "diuretic stopped": {"loop_diuretic": 0},
    "salt and sick kidneys": {"intake": 245, "kidneys": 0.02},
    "the same, diuretic doubled": {"intake": 245, "kidneys": 0.02, "loop_diuretic": 80},
    "ARNI": {"arni.dose": 1},
    "SGLT2": {"sglt2.dose": 1},
    "beta-blocker doubled": {"beta_blocker": 50},
    "truth": dict(SOMEBODY),
}
NAMES = (
    *SCHEMA.readings,
    "filling",
    "output",
    "ejection",
    "felt",
    "usual",
    "salt",
    "blood",
    "lung_diastolic",
    "strain",
    "strain_anterior",
)


@pytest.fixture(scope="module")
def seen():
    layout = layout_of(SCHEMA)
    start = layout.start(len(CASES))
    for member, case in enumerate(CASES.values()):
        for name, value in case.items():
            start[layout.slot[name], member] = value
    settling = Settling(every=DAY // 2)
    outcome = run(Run(SCHEMA, start, 0, 14 * DAY, grid=DAY, record=NAMES, settling=settling))
    assert not outcome.failed.any()
    return outcome


def of(seen, case, name, day=14):
    return float(seen[name][day, list(CASES).index(case)])


def test_a_stable_patient_stays_where_he_is(seen):
    """Two weeks without a change move weight by less than 0.3 kg and the filling pressure by less than 1 mmHg."""
    assert of(seen, "as he is", "weight") == pytest.approx(of(seen, "as he is", "weight", 0), abs=0.3)
    assert of(seen, "as he is", "filling") == pytest.approx(of(seen, "as he is", "filling", 0), abs=1.0)


def test_he_is_the_stable_patient_of_the_reference(seen):
    """His readings lie near the stable patient of the circulation's reference: systolic 118, EF 29 %, filling
    pressure 16.
    """
    assert of(seen, "as he is", "systolic") == pytest.approx(118, abs=5)
    assert 100 * of(seen, "as he is", "ejection") == pytest.approx(29.4, abs=2)
    assert of(seen, "as he is", "filling") == pytest.approx(16, abs=2)
    assert of(seen, "as he is", "weight") == pytest.approx(84.2, abs=0.5)


def test_a_diuretic_takes_fluid_weight_and_pressure(seen):
    """Twice the loop diuretic lowers salt, weight and filling pressure; none at all raises them."""
    for name in ("salt", "weight", "filling", "systolic"):
        assert of(seen, "diuretic doubled", name) < of(seen, "as he is", name) < of(seen, "diuretic stopped", name), (
            name
        )


def test_salt_and_sick_kidneys_congest(seen):
    """In the story's illness he gains more than 2 kg in 3 days, his lungs fill and his saturation falls."""
    gain = of(seen, "salt and sick kidneys", "weight", 3) - of(seen, "salt and sick kidneys", "weight", 0)
    assert 2.0 < gain < 4.0
    assert of(seen, "salt and sick kidneys", "filling") > of(seen, "as he is", "filling") + 4
    assert of(seen, "salt and sick kidneys", "saturation") < of(seen, "as he is", "saturation") - 1
    assert of(seen, "the same, diuretic doubled", "weight") < of(seen, "salt and sick kidneys", "weight") - 2


def test_one_litre_of_fluid_is_one_kilogram_and_its_share_of_blood(seen):
    """What the scale gains is the fluid, and a fifth to a quarter of it is blood."""
    fluid = of(seen, "salt and sick kidneys", "weight") - of(seen, "salt and sick kidneys", "weight", 0)
    blood = of(seen, "salt and sick kidneys", "blood") - of(seen, "salt and sick kidneys", "blood", 0)
    assert blood == pytest.approx(225 * fluid, rel=1e-9)


def test_the_reflex_gets_used_to_a_new_pressure(seen):
    """The set point follows the patient's own pressure, so that the reflex does not fight a lasting treatment."""
    assert of(seen, "ARNI", "usual") < of(seen, "as he is", "usual") - 2
    assert of(seen, "ARNI", "pulse") == pytest.approx(of(seen, "as he is", "pulse"), abs=0.5)


def test_drugs_act_as_their_treatments_say(seen):
    """SGLT2 lowers the diastolic pulmonary pressure by about 1.5 mmHg, the beta-blocker slows the pulse."""
    change = of(seen, "SGLT2", "lung_diastolic") - of(seen, "as he is", "lung_diastolic")
    assert -2.25 < change < -0.75
    assert of(seen, "beta-blocker doubled", "pulse") < of(seen, "as he is", "pulse") - 2


def test_walls_move_as_the_scan_saw_them(seen):
    """The anterior wall shortens by the scan's share of the mean strain, which follows the ejection fraction."""
    ejection = of(seen, "as he is", "ejection")
    assert of(seen, "as he is", "strain") == pytest.approx(100 * ((1 - ejection) ** (1 / 3) - 1), rel=1e-6)
    assert of(seen, "as he is", "strain_anterior") == pytest.approx(0.62 * of(seen, "as he is", "strain"), rel=1e-6)


def test_the_hidden_patient_is_possible(seen):
    """The hidden patient of the story is stable at home: weight, pressure and filling pressure in their usual range."""
    assert of(seen, "truth", "weight") == pytest.approx(84, abs=1.5)
    assert 105 < of(seen, "truth", "systolic") < 130
    assert of(seen, "truth", "felt") < 20


def test_the_story_says_what_it_is():
    """The header of the story carries the notice."""
    assert NOTICE in story.HEADER


def test_the_page_is_bound_to_what_exists():
    """Every signal shown is one of the model and has a unit; every node and part is in the scene."""
    for signal, where in presentation.bindings().items():
        assert signal in home.OUTLOOK or SCHEMA.unit_of(signal) is not None, where
    view = msgspec.convert(presentation.view("H-1", glb=None), View)
    assert set(bound_by(view)) | {"felt"} == set(presentation.bindings())
    nodes = set(scene.places(story_narrowings()))
    used = {c["node"] for c in (*presentation.CALLOUTS, *presentation.CHAMBERS)} | {
        node for _, node, _, _ in presentation.PATCHES
    }
    assert used <= nodes
    assert set(presentation.SIGNALS) <= set(scene.PARTS)


def story_narrowings():
    from pollux.worlds.heart.scan import Truth

    return Truth().narrowings


def test_the_view_has_the_form_of_the_interface():
    """The whole document decodes as the server's View, and carries the notice."""
    document = presentation.view("H-0417", glb="twins/Patient/H-0417/scene.glb")
    view = msgspec.convert(document, View)
    assert view.notice == NOTICE
    assert len(view.vitals) <= 6
    assert view.lab is not None
    assert view.lab.choices[0].id == "keep"


def test_options_set_actuators_within_their_bounds():
    """Each option sets actuators of the patient to values that they allow, and names a treatment that may be given at
    home.
    """
    for option in presentation.options(loop=40, beta=25):
        for symbol, value in option.values.items():
            signal = SCHEMA.signal(symbol.name)
            assert signal.role == "actuator"
            assert signal.low <= value <= signal.high


def test_no_text_promises_too_much():
    """None of the forbidden words stands in any text of the world's page."""
    document = str(presentation.view("H-0417", glb=None)).lower() + presentation.SOURCES + str(story.CHAPTERS).lower()
    assert not [word for word in (" safe", "best plan", "optimal dose", "survival") if word in document]


def test_what_drifts_is_learnt():
    """Everything that the filter lets drift is a parameter with a prior."""
    Learning(members=40, every="8 h", drift=dict(DRIFT)).check(SCHEMA)


def test_members_differ_as_their_priors_do():
    """Patients drawn from the priors differ in what is not known of them, and none of them fails."""
    layout = layout_of(SCHEMA)
    start = layout.start(64, np.random.default_rng(1))
    outcome = run(Run(SCHEMA, start, 0, DAY, grid=DAY, record=("filling", "weight"), settling=Settling(every=DAY)))
    assert not outcome.failed.any()
    assert 3 < outcome["filling"][-1].std() < 12
    assert 8 < outcome["weight"][-1].std() < 16
