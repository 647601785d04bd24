"""What-ifs of a type made from an FMU: the FMU moves its signals, and our own equations follow them."""

from typing import Any

import numpy as np
import pytest
from tests.simulate.fmi.models import BALL, OSCILLATOR

import pollux as px
from pollux.columns.frames import Frames, Message, Origin
from pollux.remember import Note
from pollux.simulate.fmi import Running, physics_of
from pollux.simulate.fmi.archive import digest_of

pytest.importorskip("fmpy")

SECOND = 10**9


@pytest.fixture
def oscillator(built):
    """A type with equations of its own around an FMU."""
    path = built(OSCILLATOR, 2, states=False)
    base = px.Fmu(path, sha256=digest_of(path))

    class Oscillator(base):  # type: ignore[misc, valid-type]
        """It swings."""

        @px.derived
        def energy(self):
            return 0.5 * self.v**2 + 0.5 * self.x**2

        @px.event
        def passes(self):
            return self.x <= 0

    return Oscillator


def test_futures_follow_the_fmu(oscillator):
    """Options and members are instances; derived values and events are reckoned from what they do."""
    futures = px.prototype(oscillator).run("4 s", {oscillator.force: [0.0, 1.0]}, every="100 ms")
    with physics_of(oscillator, members=2, running=Running(isolated=False)) as one:
        one.set({"force": [0.0, 1.0]})
        rows = one.record(4 * SECOND, every=SECOND // 10)
    x = futures.band(oscillator.x).median
    assert np.allclose(x[:, 1:], rows["x"].T, atol=1e-12)
    assert np.allclose(futures.band(oscillator.energy).median[:, 1:], (rows["x"].T ** 2 + rows["v"].T ** 2) / 2)
    assert futures.probability(oscillator.passes) == {0.0: 1.0, 1.0: 0.0}


def test_inputs_that_move_are_followed(oscillator):
    """A course of an input is told to the FMU as it changes."""
    after = px.level([px.instant("2000-01-01T00:00:02Z")], [1.0])
    futures = px.prototype(oscillator, inputs={"force": after}).run("4 s", every="100 ms")
    with physics_of(oscillator, running=Running(isolated=False)) as one:
        first = one.record(2 * SECOND, every=SECOND // 10)["x"]
        one.set({"force": 1.0})
        then = one.record(2 * SECOND, every=SECOND // 10)["x"]
    assert np.allclose(futures.band(oscillator.x).median[0, 1:], np.concatenate([first, then])[:, 0], atol=1e-12)


def test_a_live_twin_begins_where_it_is(oscillator, tmp_path):
    """What was measured of a live twin is what its FMU begins with, where the FMU lets it be set."""
    site = px.Site()
    fleet = site.fleet(oscillator)
    with site.open(tmp_path / "data", mqtt=None) as live:
        body = {"type": "Oscillator", "twin": "O-1", "action": "put", "values": {"force": 0.2}, "who": "test"}
        live.note(Note("twin", {"at": live.clock.now(), **body})).wait()
        told = Message(Origin("", "O-1"), b"twins/Oscillator/O-1/telemetry", b'{"x": 0.5, "v": -1.0}', live.clock.now())
        live.sink(Frames.of([told])).wait()
        futures = fleet["O-1"].fork().run("1 s", every="100 ms")
    given = {"x": 0.5, "v": -1.0}
    with physics_of(oscillator, running=Running(isolated=False, parameters=given)) as one:
        one.set({"force": 0.2})
        rows = one.record(SECOND, every=SECOND // 10)["x"][:, 0]
    assert futures.band(oscillator.x).median[0, 0] == 0.5
    assert np.allclose(futures.band(oscillator.x).median[0, 1:], rows, atol=1e-12)


def test_a_what_if_can_be_cancelled(oscillator):
    """The FMU's part of a run is asked too whether somebody still wants it."""
    asked = iter([False, False, True])
    with pytest.raises(px.SimulationError, match="cancelled"):
        px.prototype(oscillator).run("10 s", cancelled=lambda: next(asked))
    assert next(asked, None) is None


def test_other_code_makes_another_type(built):
    """Two types with the same signals and another FMU behind them are not taken for each other."""
    types: list[Any] = []
    for defines in ((), ("INNER=1e-4",)):
        path = built(BALL, 2, states=False, defines=defines)
        types.append(type("Ball", (px.Fmu(path, sha256=digest_of(path)),), {}))
    assert types[0].__pollux__ != types[1].__pollux__


def test_a_member_that_fails_is_no_number(built):
    """After an error of the FMU its signals are no finite numbers in the futures."""
    path = built(OSCILLATOR, 2, states=False, ways=("cs",), defines=("ERROR_AT=0.5",))
    kind = type("Faulty", (px.Fmu(path, sha256=digest_of(path)),), {})
    futures = px.prototype(kind).run("1 s", every="100 ms")
    path = futures.samples.path("x")
    assert np.isfinite(path[0, :4]).all()
    assert np.isnan(path[0, 6:]).all()
    assert futures.failures == 1
