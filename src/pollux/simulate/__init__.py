"""What if: equations compiled to kernels, run ahead for many members at once.

`run(Run(...))` is the door. Underneath, small passes: the graph of a type is lowered to a list of assignments, the list
composed into the step of a kernel, the kernel printed as numba or NumPy source. `discrete` is for what moves in events.
"""

from pollux.simulate.chance import Chance, shared
from pollux.simulate.cosimulation.account import Trace
from pollux.simulate.cosimulation.agreement import Iteration
from pollux.simulate.cosimulation.connection import Connection, converted
from pollux.simulate.cosimulation.control import Control
from pollux.simulate.cosimulation.cosimulation import CoSimulation
from pollux.simulate.cosimulation.master import Part
from pollux.simulate.coupled.couple import couple
from pollux.simulate.coupled.forked import forked
from pollux.simulate.coupled.physics import CoupledPhysics
from pollux.simulate.coupled.run import CoupledOutcome, CoupledRun, Feed, Group, GroupOutcome
from pollux.simulate.courses import Course, level, side_by_side, straight
from pollux.simulate.ensemble import ensemble
from pollux.simulate.kernels.kernel import Backend, Compilation, Compiler
from pollux.simulate.kernels.warm import warm
from pollux.simulate.methods.rows import Method
from pollux.simulate.outcome import Happenings, Outcome, Pace
from pollux.simulate.physics import AbstractPhysics, KernelPhysics
from pollux.simulate.recorder import now
from pollux.simulate.run import Run
from pollux.simulate.sampling import Sampling, levels, luck
from pollux.simulate.settling.settle import Settled, Settling
from pollux.simulate.simulation import Cancelled, Progress, run
from pollux.simulate.solver import Solver
from pollux.simulate.steps import choose_step
from pollux.simulate.tolerance import Tolerance

__all__ = [
    "AbstractPhysics",
    "Backend",
    "Cancelled",
    "Chance",
    "CoSimulation",
    "Compilation",
    "Compiler",
    "Connection",
    "Control",
    "CoupledOutcome",
    "CoupledPhysics",
    "CoupledRun",
    "Course",
    "Feed",
    "Group",
    "GroupOutcome",
    "Happenings",
    "Iteration",
    "KernelPhysics",
    "Method",
    "Outcome",
    "Pace",
    "Part",
    "Progress",
    "Run",
    "Sampling",
    "Settled",
    "Settling",
    "Solver",
    "Tolerance",
    "Trace",
    "choose_step",
    "converted",
    "couple",
    "ensemble",
    "forked",
    "level",
    "levels",
    "luck",
    "now",
    "run",
    "shared",
    "side_by_side",
    "straight",
    "warm",
]
