"""The places of functions in the table of addresses that compiled loops read, and of numbers in a member's memory."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pollux.simulate.fmi.symbols import Library

DO_STEP: Final = 0
ENTER_EVENT: Final = 1
DISCRETE: Final = 2
ENTER_CONTINUOUS: Final = 3
ENTER_STEP: Final = 4
SET_TIME: Final = 5
SET_STATES: Final = 6
GET_STATES: Final = 7
DERIVATIVES: Final = 8
INDICATORS: Final = 9
COMPLETED: Final = 10
SET_CLOCK: Final = 11

NEXT: Final = 0
"""In a member's memory: the time of its next event, infinity when there is none."""
GUESS: Final = 1
"""In a member's memory: the step that the integrator would take next; 0 when it has taken none."""
TICKS: Final = 2
"""In a member's memory: from here on how often each clock has ticked."""

_WORDS: Final = {
    2: ("DoStep", "EnterEventMode", "NewDiscreteStates", "EnterContinuousTimeMode", "EnterStepMode", "SetTime",
        "SetContinuousStates", "GetContinuousStates", "GetDerivatives", "GetEventIndicators",
        "CompletedIntegratorStep", "SetClock"),
    3: ("DoStep", "EnterEventMode", "UpdateDiscreteStates", "EnterContinuousTimeMode", "EnterStepMode", "SetTime",
        "SetContinuousStates", "GetContinuousStates", "GetContinuousStateDerivatives", "GetEventIndicators",
        "CompletedIntegratorStep", "SetClock"),
}  # fmt: skip


def table_of(library: Library, version: int) -> NDArray[np.int64]:
    """The addresses in the order of the constants above; 0 for what is missing."""
    return np.array([library.address(word) for word in _WORDS[version]], np.int64)
