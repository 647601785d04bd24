"""Lines for the tests, and a program that runs one in plain Python: the kernel's own source, not compiled."""

import sys

from pollux.simulate.discrete import (
    Assembly,
    Buffer,
    Failures,
    Inspection,
    Line,
    Machine,
    Setup,
    Sink,
    Source,
    Stock,
    Supply,
    Trace,
    Transport,
    Worker,
    empirical,
    erlang,
    exponential,
    geometric,
    lognormal,
    trace,
    triangular,
    uniform,
    weibull,
)


def everything() -> Line:
    """Every kind of block, every law and every way to fail and to block, in one line."""
    return Line(
        "everything",
        [
            Source("orders", exponential(40), batch=2, loses=True),
            Buffer("in", 6, to="cut"),
            Machine(
                "cut",
                triangular(10, 15, 30),
                failures=Failures(exponential(400), lognormal(60, 1.5), repairer="fitters"),
                setup=Setup(7, uniform(5, 15), setter="fitters"),
                operator="crew",
                to="way",
            ),
            Transport("way", uniform(20, 30), 3, to="join"),
            Stock("wheels", reorder=6, up_to=20, lead=erlang(120, 3), to="join"),
            Assembly("join", weibull(12, 2.0), needs={"wheels": 2}, operator="crew", to="hot"),
            Buffer("hot", 4, to=("oven",)),
            Machine(
                "oven",
                erlang(40, 4),
                servers=2,
                failures=Failures(exponential(900), exponential(90), counted="calendar", repairer="fitters"),
                to={"cold": 0.7, "spare": 0.3},
            ),
            Buffer("cold", 3, to="press"),
            Buffer("spare", 2, to="press two"),
            Machine(
                "press",
                20,
                failures=Failures(geometric(0.05), exponential(50), counted="cycles"),
                blocking="before",
                to="checked",
            ),
            Machine("press two", empirical([15, 20, 30, 60]), to="checked"),
            Buffer("checked", 2, to="test"),
            Inspection("test", 12, scrap=0.05, rework=0.1, back_to="hot", to="out"),
            Sink("out"),
        ],
        [Worker("fitters", 1), Worker("crew", 1)],
    )


def serial() -> Line:
    """Three machines with failures and one repairer, for an engine that is written another way."""

    def machine(name: str, mean: float, every: float) -> Machine:
        return Machine(name, exponential(mean), failures=Failures(exponential(every), exponential(30)))

    return Line(
        "serial",
        [
            Supply("raw"),
            machine("a", 10, 200),
            Buffer("ab", 2),
            machine("b", 11, 300),
            Buffer("bc", 3),
            machine("c", 9, 150),
            Sink("out"),
        ],
    )


def told(traced: Trace) -> list[str]:
    """A trace as text, to the last bit."""
    rows = zip(traced.times.tolist(), traced.slots.tolist(), traced.modes.tolist(), strict=True)
    return [f"{when.hex()} {slot} {mode}" for when, slot, mode in rows]


if __name__ == "__main__":
    span, member = float(sys.argv[1]), int(sys.argv[2])
    print("\n".join(told(trace(everything(), span, member=member, seed=3))))
