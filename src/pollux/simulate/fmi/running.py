"""How an FMU is run: which way, which step, where, and for how long a call may take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from numpy.typing import ArrayLike

from pollux.errors import SimulationError
from pollux.simulate.fmi.description import Ability, Way


@final
@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """Options of a run.

    `way` is co-simulation where the FMU has it, else model exchange. `step` is the communication step of co-simulation
    in seconds (default: what the FMU tells), `fixed_step` lets model exchange take classical Runge-Kutta steps of that
    length instead of steps chosen by `tolerance`. `parameters` are values by name, one or one per member, for what is
    fixed once it runs; `texts` those that are text. `also` names variables to read besides outputs and states.

    `isolated=False` runs the FMU's code in this very process: faster to call and deadly when it is faulty. `timeout`
    is how many seconds one call into it may take; `environment` names variables of the environment that it needs, such
    as that of its licence server.
    """

    way: Way | None = None
    step: float | None = None
    tolerance: float | None = None
    fixed_step: float = 0.0
    parameters: Mapping[str, ArrayLike] = field(default_factory=dict[str, ArrayLike])
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    also: tuple[str, ...] = ()
    isolated: bool = True
    timeout: float = 60.0
    environment: tuple[str, ...] = ()

    def steps_in(self, span: float, ability: Ability, default: float | None) -> int:
        """Into how many equal steps a span is cut; raises `SimulationError` where whole ones do not make it up."""
        if ability.way == "model exchange":
            return 1
        h = self.step or ability.fixed_step or default
        if h is None or not h > 0.0:
            return 1
        count = span / h
        nearest = max(1, round(count))
        if abs(count - nearest) <= 1e-9 * nearest:
            return nearest
        if ability.varies_step:
            return max(1, math.ceil(count))
        raise SimulationError(
            f"expected whole steps of {h:g} s, which are all that the FMU can take, got a span of {span:g} s",
            at=ability.identifier,
        )
