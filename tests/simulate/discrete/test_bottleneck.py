"""The bottleneck is found where it was put, by every way of looking, and said in words."""

import pytest

from pollux.errors import ModelError
from pollux.simulate.discrete import (
    Buffer,
    Failures,
    Line,
    Machine,
    Sink,
    Supply,
    bottleneck,
    exponential,
    sensitivities,
    shifting,
    simulate,
    trace,
)
from pollux.simulate.discrete.bottleneck import active_periods, turning


def five(slow: str, *, by: str = "time") -> Line:
    """Five machines alike with buffers of four, one of them slower, or broken more often."""
    blocks: list[Supply | Machine | Buffer | Sink] = [Supply("raw")]
    for name in "abcde":
        mean, repair = (
            (12.0 if name == slow and by == "time" else 10.0),
            (90 if name == slow and by == "repair" else 30),
        )
        failures = Failures(exponential(300), exponential(repair))
        blocks += [Machine(name, exponential(mean), failures=failures), Buffer(f"after {name}", 4)]
    return Line("five", [*blocks[:-1], Sink("out")])


@pytest.mark.parametrize(("slow", "by"), [("b", "time"), ("d", "time"), ("c", "repair")])
def test_the_slow_machine_is_found(slow: str, by: str) -> None:
    """By active periods and by the shifting bottleneck, and the line gains most where it is."""
    line = five(slow, by=by)
    results = simulate(line, "60 h", warm_up="2 h", members=8)
    found = bottleneck(line, results)
    assert found.machine == slow
    assert f"The bottleneck is {slow}" in str(found)
    assert shifting(line, trace(line, "40 h")).machine == slow


def test_the_line_gains_most_at_the_bottleneck() -> None:
    """One per cent faster at the slow machine is worth most; elsewhere it is worth less."""
    first, *others = sensitivities(five("b"), "out", "60 h", warm_up="2 h", members=20)
    assert first.machine == "b"
    assert first.gain.low > 0.001
    assert all(one.gain.mean < first.gain.mean for one in others)
    assert str(first).startswith("b 1% faster: throughput +0.")


def test_active_periods_leave_rests_of_no_time_out() -> None:
    """A machine that finishes and starts again at once is active all along."""
    line = Line("busy", [Supply("raw"), Machine("press", 10), Sink("out")])
    traced = trace(line, 100.0)
    assert active_periods(traced, 0) == [(0.0, 100.0)]


def test_the_shares_of_the_shifting_bottleneck_are_shares() -> None:
    """Alone and shifting are between nothing and everything, and alone adds up to no more than the whole time."""
    line = five("c")
    found = shifting(line, trace(line, "20 h"))
    assert 0.5 < sum(found.alone.values()) <= 1.0
    assert all(0 <= share <= 1 for share in found.shifts.values())


def test_there_may_be_no_turning_point() -> None:
    """Where machines are starved before and blocked behind, no single machine holds the line up."""
    assert turning({"a": 0.0, "b": 0.2, "c": 0.0}, {"a": 0.0, "b": 0.1, "c": 0.0}) is None
    assert turning({"a": 0.2, "b": 0.0}, {"a": 0.0, "b": 0.1}) == "b"


def test_a_line_without_machines_has_none() -> None:
    """There is nothing to name."""
    line = five("a")
    results = simulate(line, 10.0, members=1)
    with pytest.raises(ModelError):
        bottleneck(Line("none", [Sink("out")]), results)
