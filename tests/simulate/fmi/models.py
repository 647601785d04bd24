"""The models of which the tests make FMUs: their sources, and the variables that go with each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Var:
    """One line of the model's variables."""

    name: str
    reference: int
    type: str = "Real"
    causality: str = "local"
    more: str = ""
    start: str | None = None
    unit: str | None = None
    derivative: str | None = None
    variability: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Model:
    """A source and its variables; `states` are the names of rates."""

    source: str
    variables: tuple[Var, ...]
    rates: tuple[str, ...]
    indicators: int = 0
    unit_names: tuple[str, ...] = ()


BALL = Model(
    "ball.c",
    (
        Var("h", 0, causality="output", start="1", unit="m"),
        Var("v", 1, causality="output", start="0", unit="m/s"),
        Var("der(h)", 2, derivative="h"),
        Var("der(v)", 3, derivative="v"),
        Var("g", 4, causality="parameter", start="-9.81", unit="m/s2", variability="fixed"),
        Var("e", 5, causality="parameter", start="0.7", variability="tunable"),
    ),
    ("der(h)", "der(v)"),
    1,
    ("m", "m/s", "m/s2"),
)
OSCILLATOR = Model(
    "oscillator.c",
    (
        Var("x", 0, causality="output", start="2"),
        Var("v", 1, causality="output", start="0"),
        Var("der(x)", 2, derivative="x"),
        Var("der(v)", 3, derivative="v"),
        Var("mu", 4, causality="parameter", start="1", variability="fixed"),
        Var("force", 5, causality="input", start="0"),
    ),
    ("der(x)", "der(v)"),
)
STAIRS = Model(
    "stairs.c",
    (
        Var("level", 0, causality="output", start="0"),
        Var("der(level)", 1, derivative="level"),
        Var("u", 2, causality="input", start="0"),
        Var("y", 3, causality="output"),
        Var("steps", 0, "Integer", "output"),
        Var("n", 1, "Integer", "input", start="0"),
        Var("m", 2, "Integer", "output"),
    ),
    ("der(level)",),
)
COUNTER = Model(
    "counter.c",
    (
        Var("sum", 0, causality="output", start="0"),
        Var("der(sum)", 1, derivative="sum"),
        Var("count", 0, "Integer", "output"),
        Var(
            "clock",
            0,
            "Clock",
            "input",
            more='intervalVariability="constant" intervalDecimal="0.25" shiftDecimal="0.1"',
            variability="discrete",
        ),
    ),
    ("der(sum)",),
)
CHAIN = Model(
    "chain.c",
    (
        Var("T", 0, causality="output", start="0 10 20", size=3),
        Var("der(T)", 3, derivative="T", size=3),
        Var("warmth", 6, causality="input", start="5"),
    ),
    ("der(T)",),
)
