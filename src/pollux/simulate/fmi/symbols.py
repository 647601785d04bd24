"""The functions of an FMU's library: which must be there, which may be missing, and where they lie.

Tools leave out functions that they never call themselves, and an FMU that merely lacks `fmi2GetDirectionalDerivative`
runs. So only what is called here is asked for.

Source: FMI 2.0.4, sections 3.2 and 4.2; FMI 3.0.2, sections 3.2 and 4.2.
"""

import ctypes
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, final

from pollux.errors import SimulationError
from pollux.simulate.fmi.kinds import NUMERIC
from pollux.simulate.fmi.plan import Plan

_COMMON: Final = ("FreeInstance", "EnterInitializationMode", "ExitInitializationMode")
_EXCHANGE: Final = ("EnterEventMode", "EnterContinuousTimeMode", "SetTime", "CompletedIntegratorStep")
_STATES: Final = ("SetContinuousStates", "GetContinuousStates")
REQUIRED: Final = {
    (2, False): ("Instantiate", "SetupExperiment", *_COMMON, "DoStep"),
    (2, True): ("Instantiate", "SetupExperiment", *_COMMON, *_EXCHANGE, "NewDiscreteStates"),
    (3, False): ("InstantiateCoSimulation", *_COMMON, "DoStep"),
    (3, True): ("InstantiateModelExchange", *_COMMON, *_EXCHANGE, "UpdateDiscreteStates"),
}
"""By version and whether it is model exchange. What depends on the FMU (states, indicators, types) comes on top."""

STATE_WORDS: Final = {
    2: ("GetFMUstate", "SetFMUstate", "FreeFMUstate", "SerializedFMUstateSize", "SerializeFMUstate",
        "DeSerializeFMUstate"),
    3: ("GetFMUState", "SetFMUState", "FreeFMUState", "SerializedFMUStateSize", "SerializeFMUState",
        "DeserializeFMUState"),
}  # fmt: skip
"""Get, set, free, size, serialize and deserialize, as each version spells them."""

_SYSTEMS: Final = {"linux": ("linux", "linux"), "darwin": ("darwin", "darwin"), "win32": ("windows", "win")}
_ENDINGS: Final = {"linux": ".so", "darwin": ".dylib", "win32": ".dll"}


def required(plan: Plan) -> tuple[str, ...]:
    """The words of the functions without which this FMU cannot be run."""
    words = [*REQUIRED[plan.version, plan.exchange]]
    words += [f"Set{NUMERIC[plan.version][one.type].word}" for one in (*plan.starts, *plan.inputs)]
    words += [f"Get{NUMERIC[plan.version][one.type].word}" for one in plan.reads]
    if plan.texts:
        words.append("SetString")
    if plan.states:
        words += [*_STATES, "GetDerivatives" if plan.version == 2 else "GetContinuousStateDerivatives"]
    if plan.indicators:
        words.append("GetEventIndicators")
    if plan.clocks:
        words.append("SetClock")
    if plan.event_mode and not plan.exchange:
        words += ["EnterEventMode", "EnterStepMode", "UpdateDiscreteStates"]
    return tuple(dict.fromkeys(words))


@final
class Library:
    """An FMU's library, loaded: from here on its code runs. Raises `SimulationError` where it cannot be."""

    def __init__(self, plan: Plan) -> None:
        self.path = library_path(plan)
        self._prefix = f"fmi{plan.version}"
        try:
            self._library = ctypes.CDLL(str(self.path))
        except OSError as error:
            raise SimulationError(
                f"expected a library that can be loaded, got {error}",
                at=self.path.name,
                hint="it may need other libraries of its tool on this machine",
            ) from None
        missing = [word for word in required(plan) if not self.address(word)]
        if missing:
            names = ", ".join(self._prefix + word for word in missing)
            raise SimulationError(
                f"expected the functions of FMI {plan.version}, got a library without {names}", at=self.path.name
            )

    def address(self, word: str) -> int:
        """Where the function of this word lies; 0 where it is missing."""
        function = getattr(self._library, self._prefix + word, None)
        return 0 if function is None else (ctypes.cast(function, ctypes.c_void_p).value or 0)


def library_path(plan: Plan) -> Path:
    """The library for this machine; raises `SimulationError` with those that the FMU has."""
    binaries = Path(plan.folder) / "binaries"
    for name in _platforms():
        path = binaries / name / (plan.identifier + _ENDINGS.get(sys.platform, ".so"))
        if path.is_file():
            return path
    there = sorted(one.name for one in binaries.iterdir()) if binaries.is_dir() else []
    raise SimulationError(
        f"expected a library for {next(_platforms())}, got {', '.join(there) or 'none'}",
        at=plan.identifier,
        hint="export it for this machine: FMUs that hold only their sources are not compiled here",
    )


def _platforms() -> Iterator[str]:
    """What this machine is called in FMI 3, and then in FMI 2."""
    system, short = _SYSTEMS.get(sys.platform, ("linux", "linux"))
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    yield f"{machine}-{system}"
    if machine == "x86_64":
        yield f"{short}64"
    else:
        yield f"{short}-{machine}"
        yield f"{machine}-{short}"
