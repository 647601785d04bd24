"""What the code of an FMU does to its process, it does not do to ours; and what of its state can be believed."""

from pathlib import Path

import numpy as np
import pytest
from tests.simulate.fmi.models import BALL, OSCILLATOR, STAIRS

from pollux.errors import NotFound, SimulationError
from pollux.simulate.fmi import FmuPhysics, Running

SECOND = 10**9


def _physics(fmu, way="co-simulation", members=2, **more):
    return FmuPhysics(fmu, members=members, running=Running(way=way, **more))


@pytest.mark.parametrize(
    ("fault", "way", "timeout", "message"),
    [
        ("CRASH_AT", "co-simulation", 60.0, r"the end of its process: it was ended by SIGSEGV"),
        ("CRASH_AT", "model exchange", 60.0, r"the end of its process: it was ended by SIGSEGV"),
        ("EXIT_AT", "co-simulation", 60.0, r"the end of its process: it left with status 7"),
        ("HANG_AT", "model exchange", 1.0, r"an answer within 1 s, got silence"),
    ],
)
def test_a_breakdown_is_an_error_of_ours(opened, fault, way, timeout, message):
    """A crash, an exit and a hang are contained; a load of what was before begins anew."""
    fmu = opened(OSCILLATOR, 2, states=False, defines=(f"{fault}=0.5",))
    with _physics(fmu, way, step=0.1, timeout=timeout) as one:
        one.step(SECOND // 5)
        saved, before = one.save(), one.get("x")
        with pytest.raises(SimulationError, match=message):
            one.step(SECOND)
        with pytest.raises(SimulationError, match="whose process has ended"):
            one.get("x")
        one.load(saved)
        assert np.array_equal(one.get("x"), before)


def test_chatter_does_no_harm(opened):
    """Megabytes on standard output are neither kept nor waited for."""
    fmu = opened(OSCILLATOR, 2, states=False, defines=("CHATTER=20000",))
    with _physics(fmu, step=0.1) as one:
        one.step(SECOND)
        assert np.isfinite(one.get("x")).all()


def test_isolated_and_local_are_the_same(opened):
    """The boundary changes no bit, in many steps at once and one by one."""
    fmu = opened(STAIRS, 3, events=True, states=False)
    seen = []
    for isolated in (True, False):
        with _physics(fmu, members=3, isolated=isolated) as one:
            one.set({"u": [0.0, 1.0, 2.0], "n": 4})
            rows = one.record(2 * SECOND, every=SECOND // 10)
            one.step(SECOND // 2)
            seen.append(np.array([*rows["level"], one.get("level"), one.get("y"), one.get("m")]))
    assert np.array_equal(seen[0], seen[1])


def test_a_state_goes_from_process_to_process(opened):
    """What one process saved another loads, and both have the same future."""
    fmu = opened(OSCILLATOR, 3)
    with _physics(fmu) as one, _physics(fmu) as other:
        one.set({"force": [0.1, 0.2]})
        one.step(SECOND)
        other.load(one.save())
        assert not other.replays
        for each in (one, other):
            each.step(SECOND)
        assert np.array_equal(one.get("x"), other.get("x"))


def test_secrets_stay_here(opened, monkeypatch):
    """The process is told what it needs, and not what happens to stand in our environment."""
    monkeypatch.setenv("POLLUX_TOKEN", "secret")
    monkeypatch.setenv("MY_LICENCE", "server")
    with _physics(opened(BALL, 2, states=False), environment=("MY_LICENCE",)) as one:
        pid = one._instances._process._child.pid
        place = Path(f"/proc/{pid}/environ")
        if not place.exists():
            pytest.skip("this system does not show the environment of processes")
        told = place.read_bytes()
    assert b"MY_LICENCE=server" in told
    assert b"POLLUX_TOKEN" not in told


def test_closing_ends_the_process(opened):
    """Nothing is left behind: no process, no folder."""
    one = _physics(opened(BALL, 2, states=False))
    process = one._instances._process
    one.close()
    assert process._child.poll() is not None
    assert not process.folder.exists()


@pytest.mark.parametrize(
    ("fault", "doubt"),
    [("STATE_LIES", "a state that was restored reads differently"), ("STATE_CRASHES", "broke down while its state")],
)
def test_a_state_that_lies_is_found_out(opened, monkeypatch, fault, doubt):
    """A state that is not restored, or crashes when it is, is replaced by replay, and a warning says so."""
    fmu = opened(OSCILLATOR, 2, defines=(fault,))
    said: list[str] = []
    # Not by pytest.warns, whose filters are those of all threads of the process.
    monkeypatch.setattr("pollux.simulate.fmi.physics.warn", lambda text, **_: said.append(text))
    with _physics(fmu, isolated=False) as one:
        assert [doubt in text for text in said] == [True]
        assert one.replays
        assert doubt in str(one.warnings)
        one.set({"force": [0.5, 0.7]})
        one.step(SECOND // 2)
        saved, then = one.save(), one.get("x")
        one.step(SECOND // 2)
        one.load(saved)
        assert np.array_equal(one.get("x"), then)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("states", [True, False], ids=["state", "replay"])
def test_a_fork_goes_on_from_one_member(opened, states):
    """Copies of a member have its future, and what is done to them does not reach it."""
    fmu = opened(OSCILLATOR, 2, states=states)
    with _physics(fmu, members=3, isolated=False, parameters={"mu": [0.5, 1.0, 2.0]}) as one:
        one.set({"force": [0.0, 0.1, 0.2]})
        one.step(SECOND // 2)
        with one.fork(4, member=2) as copies:
            assert copies.time == one.time
            assert np.array_equal(copies.get("x"), np.repeat(one.get("x")[2], 4))
            copies.set({"force": [0.2, 0.2, 5.0, 6.0]})
            for each in (one, copies):
                each.step(SECOND)
            assert copies.get("x")[0] == one.get("x")[2]
            assert len(set(copies.get("x"))) == 3
        with pytest.raises(NotFound, match="a member from 0 to 2"):
            one.fork(1, member=3)


def test_one_instance_per_process(opened):
    """An FMU of which a process can hold one gets a process per member."""
    fmu = opened(BALL, 2, ways=("cs",), states=False, declares='canBeInstantiatedOnlyOncePerProcess="true"')
    with _physics(fmu, parameters={"g": [-1.0, -2.0]}) as one:
        rows = one.record(SECOND // 5, every=SECOND // 10)
        assert rows["v"][-1] == pytest.approx([-0.2, -0.4])
    with pytest.raises(SimulationError, match="of which a process can hold one"):
        _physics(fmu, isolated=False)
