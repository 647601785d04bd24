"""Every promise that `pollux bench` names can be measured; nothing is measured here."""

import ast
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.promises import jax_peer, odeint, progpy_peer, stiff
from tests.promises.accuracy import coarsest
from tests.promises.heart import Heart, plain_rates
from tests.promises.measurement import Measurement, named

from pollux.columns.layout import layout_of
from pollux.model.evaluate import evaluate
from pollux.model.schema import schema_of
from pollux.simulate.methods.sheet import rate_of
from pollux.testing.bench import NAMES, as_plain, as_row

ROOT = Path(__file__).parent.parent.parent
PROMISES = ROOT / "tests" / "promises"
MODULES = sorted(path.stem for path in PROMISES.glob("*.py"))


def lines_of(module: str) -> dict[str, str]:
    """The names of the lines that a module of promises can yield, with their goals: written in the call or in CASES."""
    found = {}
    for node in ast.walk(ast.parse((PROMISES / f"{module}.py").read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="Measurement"), args=[ast.Constant(value=name), _, _, goal, *_]):
                found[str(name)] = ast.unparse(goal)
            case ast.Assign(targets=[ast.Name(id="CASES")], value=cases):
                found |= {str(case[0]): str(case[-1]) for case in ast.literal_eval(cases)}
    return found


def test_every_name_has_its_measurement():
    """Each name of the table has a module with `measure`, and that module yields a line of this name with a goal."""
    for name, module in NAMES.items():
        tree = ast.parse((PROMISES / f"{module}.py").read_text(encoding="utf-8"))
        assert "measure" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, module
        assert lines_of(module).get(name, ""), name


def test_every_measurement_has_its_name():
    """No promise is measured that nobody can ask for, in any module of promises."""
    assert {line for module in MODULES for line in lines_of(module)} == set(NAMES)


def test_a_name_that_is_none_is_refused():
    """An unknown name is answered with those that there are, by exit code 1."""
    command = [sys.executable, "-m", "pollux", "bench", "no-such-promise"]
    found = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True)
    assert found.returncode == 1
    assert "what-if" in found.stderr


def test_a_line_tells_how_both_sides_were_measured():
    """The conditions stand in JSON and below the row for people, whether or not the peer is here."""
    line = Measurement("a", 2.0, "us", "<= 3", "scipy", None, None, {"ours": "RK4, warm", "peer": "rtol 1e-06"})
    assert as_plain(line)["conditions"] == {"ours": "RK4, warm", "peer": "rtol 1e-06"}
    head, *below = as_row(line).splitlines()
    assert head.endswith("scipy not here")
    assert [one.strip() for one in below] == ["ours: RK4, warm", "peer: rtol 1e-06"]


def test_a_peer_is_named_with_its_version_or_with_what_installs_it():
    """Whoever reads a line knows which version was beaten, or how to get it here."""
    assert named("numpy") == f"numpy {np.__version__}"
    assert named("no-such-peer") == "no-such-peer (pip install no-such-peer)"


def test_a_peer_that_is_not_here_leaves_its_columns_empty(monkeypatch):
    """Without SciPy, JAX or ProgPy a line is measured all the same, and names what to install."""
    for module in (odeint, jax_peer, progpy_peer, stiff):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.delenv("PROGPY", raising=False)
    assert [peer.value for peer in (odeint.rk45(), odeint.lsoda(), jax_peer.classical())] == [None, None, None]
    name, *nothing = progpy_peer.theirs()
    assert "pip install progpy" in name
    assert nothing == [None, None]
    assert stiff.solved_by(lambda: pytest.fail("the peer is not here")) is None


@given(st.lists(st.floats(0, 1), min_size=1), st.floats(0, 1))
def test_matched_steps_are_the_longest_from_which_on_no_error_is_larger(errors, bound):
    """A step whose error happens to be small is not taken while a shorter one still errs more than the peer."""
    place = coarsest(tuple(errors), bound)
    if place is None:
        assert errors[-1] > bound
    else:
        assert max(errors[place:]) <= bound
        assert place == 0 or errors[place - 1] > bound


def test_the_peers_of_the_circulation_compute_the_same_rates():
    """The rates of the type and those that SciPy and JAX are given agree at the start and on the way."""
    schema, layout = schema_of(Heart), layout_of(schema_of(Heart))
    values = dict(zip(layout.names, layout.start(1)[:, 0].tolist(), strict=True))
    for shift in (0.0, 0.3):
        values["beat"] = shift
        values["felt"] = 85 + 10 * shift
        states = [values[name] for name in schema.states]
        ours = [float(evaluate(rate_of(schema, name), lambda leaf: values[str(leaf.data)])) for name in schema.states]
        assert plain_rates(0.0, states, values) == pytest.approx(ours, rel=1e-12)


def test_the_peer_of_the_circulation_overflows_nowhere():
    """However wild the steps are that RK45 tries and rejects, nothing leaves the range of floats."""
    integrate = pytest.importorskip("scipy.integrate")
    schema, layout = schema_of(Heart), layout_of(schema_of(Heart))
    values = dict(zip(layout.names, layout.start(1)[:, 0].tolist(), strict=True))
    start = [values[name] for name in schema.states]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = integrate.solve_ivp(plain_rates, (0.0, 60.0), start, args=(values,), rtol=1e-6, atol=1e-8)
    assert found.success
    assert 0 < found.y[schema.states.index("aorta"), -1] < 500
