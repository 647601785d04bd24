"""Discrete events: lines of machines in a compiled engine, processes as generators, and what theory says of both.

A line is a list of blocks. It is run for many members on common random numbers, forked from how it stands, and asked
for its bottleneck. What no block says is written as a process: a generator that waits for what it yields.

>>> from pollux.simulate.discrete import Buffer, Line, Machine, Sink, Source, exponential, simulate
>>> blocks = [Source("in", exponential(10)), Buffer("queue"), Machine("desk", exponential(8)), Sink("out")]
>>> line = Line("counter", blocks)
>>> results = simulate(line, "10 h", warm_up="1 h", members=50, level=0.99)
>>> 40.0 in results.wait("out")  # as M/M/1 says
True
"""

from pollux.simulate.discrete import theory
from pollux.simulate.discrete.blocks import (
    Assembly,
    Block,
    Buffer,
    Failures,
    Inspection,
    Machine,
    Setup,
    Sink,
    Source,
    Stock,
    Supply,
    Transport,
    Worker,
)
from pollux.simulate.discrete.bottleneck import Bottleneck, Sensitivity, Shifting, bottleneck, sensitivities, shifting
from pollux.simulate.discrete.confidence import Interval, interval
from pollux.simulate.discrete.environment import Environment, Interrupted, Process
from pollux.simulate.discrete.laws import (
    Law,
    constant,
    empirical,
    erlang,
    exponential,
    geometric,
    lognormal,
    schedule,
    triangular,
    uniform,
    weibull,
)
from pollux.simulate.discrete.line import Line
from pollux.simulate.discrete.line_physics import LinePhysics
from pollux.simulate.discrete.opening import Mode, Start
from pollux.simulate.discrete.resources import Container, Resource, Store
from pollux.simulate.discrete.results import Results, difference
from pollux.simulate.discrete.run import Trace, simulate, trace
from pollux.simulate.discrete.streams import Streams

__all__ = [
    "Assembly",
    "Block",
    "Bottleneck",
    "Buffer",
    "Container",
    "Environment",
    "Failures",
    "Inspection",
    "Interrupted",
    "Interval",
    "Law",
    "Line",
    "LinePhysics",
    "Machine",
    "Mode",
    "Process",
    "Resource",
    "Results",
    "Sensitivity",
    "Setup",
    "Shifting",
    "Sink",
    "Source",
    "Start",
    "Stock",
    "Store",
    "Streams",
    "Supply",
    "Trace",
    "Transport",
    "Worker",
    "bottleneck",
    "constant",
    "difference",
    "empirical",
    "erlang",
    "exponential",
    "geometric",
    "interval",
    "lognormal",
    "schedule",
    "sensitivities",
    "shifting",
    "simulate",
    "theory",
    "trace",
    "triangular",
    "uniform",
    "weibull",
]
