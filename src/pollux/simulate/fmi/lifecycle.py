"""The life of one instance: made, initialised, ready to step, freed; FMI 2 and 3 side by side.

Source: FMI 2.0.4, sections 2.1.5, 3.2.3 and 4.2.4; FMI 3.0.2, section 2.3.
"""

import ctypes
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn, final

import numpy as np
from numpy.typing import NDArray

from pollux.errors import SimulationError
from pollux.simulate.fmi.plan import Plan
from pollux.simulate.fmi.pointers import NO, YES, invoke
from pollux.simulate.fmi.statuses import MEANING, WARNING
from pollux.simulate.fmi.symbols import Library

_LINES: Final = 50
_LETTERS: Final = 400
_LOGGER2: Final = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p
)
_LOGGER3: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)


class _Callbacks2(ctypes.Structure):
    """What an FMI 2 instance may call: logger, memory, end of a step, its environment."""

    _fields_ = [  # as ctypes wants it
        ("logger", _LOGGER2),
        ("allocate", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
        ("finished", ctypes.c_void_p),
        ("environment", ctypes.c_void_p),
    ]


@final
class Log:
    """The last messages of an FMU; how many there were, and no more memory than a page, however many it writes."""

    def __init__(self) -> None:
        self.count = 0
        self._lines: deque[str] = deque(maxlen=_LINES)

    def second(self, _environment: Any, _name: Any, _status: int, _category: Any, message: bytes | None) -> None:
        """The logger of FMI 2."""
        self._keep(message)

    def third(self, _environment: Any, _status: int, _category: Any, message: bytes | None) -> None:
        """The logger of FMI 3."""
        self._keep(message)

    def _keep(self, message: bytes | None) -> None:
        self.count += 1
        # The arguments of FMI 2's printf-like messages are not read: the text as it stands is enough, and safe.
        self._lines.append((message or b"")[:_LETTERS].decode("utf-8", "replace"))

    @property
    def lines(self) -> tuple[str, ...]:
        """The last of them, oldest first."""
        return tuple(self._lines)


@final
class Maker:
    """Makes instances of one FMU, and frees them."""

    def __init__(self, plan: Plan, library: Library, log: Log) -> None:
        self._plan = plan
        self._library = library
        self._log = log
        # Kept alive as long as instances may call them.
        self._logger2 = _LOGGER2(log.second)
        self._logger3 = _LOGGER3(log.third)
        libc = ctypes.CDLL(None) if os.name != "nt" else ctypes.CDLL("msvcrt")
        self._callbacks = _Callbacks2(
            self._logger2,
            ctypes.cast(libc.calloc, ctypes.c_void_p),
            ctypes.cast(libc.free, ctypes.c_void_p),
            None,
            None,
        )

    def instance(self, name: str) -> int:
        """A fresh instance; raises `SimulationError` where the FMU refuses."""
        made = self._instance2(name) if self._plan.version == 2 else self._instance3(name)
        if not made:
            self._refuse("expected an instance, got none")
        return made

    def free(self, component: int) -> None:
        """Free an instance. It is not terminated first: what it still would write is nobody's."""
        _void(self._library.address("FreeInstance"), ctypes.c_void_p)(component)

    def initialise(self, component: int, set_starts: Callable[[], None], set_inputs: Callable[[], None]) -> None:
        """Through initialization mode: the starts are set before it, the inputs inside."""
        plan = self._plan
        if plan.version == 2:
            self._call("SetupExperiment", component, *self._told(), plan.begin, NO, 0.0)
        self.texts(component)
        set_starts()
        if plan.version == 2:
            self._call("EnterInitializationMode", component)
        else:
            self._call("EnterInitializationMode", component, *self._told(), plan.begin, NO, 0.0)
        set_inputs()
        self._call("ExitInitializationMode", component)

    def texts(self, component: int) -> None:
        """Set the parameters that are texts."""
        for reference, text in self._plan.texts:
            references = np.array([reference], np.uint32)
            held = ctypes.c_char_p(text.encode())
            more = () if self._plan.version == 2 else (1,)
            self._call("SetString", component, references.ctypes.data, 1, ctypes.addressof(held), *more)

    def nominals(self, component: int) -> NDArray[np.float64]:
        """The sizes of the continuous states, 1 where the FMU does not tell them."""
        found = np.ones(self._plan.states)
        address = self._library.address("GetNominalsOfContinuousStates")
        if address and self._plan.states:
            status = invoke(address, component, found.ctypes.data, found.size)
            if status > WARNING:
                found[:] = 1.0
        found[~(np.isfinite(found) & (found > 0.0))] = 1.0
        return found

    def _told(self) -> tuple[np.int32, float]:
        return (YES if self._plan.tolerance_told else NO), self._plan.tolerance

    def _call(self, word: str, component: int, *values: Any) -> None:
        status = invoke(self._library.address(word), component, *values)
        if status > WARNING:
            self._refuse(f"expected {word} to succeed, got: {MEANING.get(status, str(status))}")

    def _refuse(self, what: str) -> NoReturn:
        last = self._log.lines[-1] if self._log.lines else None
        raise SimulationError(what, at=self._plan.identifier, hint=last and f"the FMU says: {last}")

    def _instance2(self, name: str) -> int:
        make = _pointer(self._library.address("Instantiate"), ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p,
                        ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)  # fmt: skip
        where = (Path(self._plan.folder) / "resources").as_uri()
        kind = 0 if self._plan.exchange else 1
        return int(
            make(
                name.encode(), kind, self._plan.token.encode(), where.encode(), ctypes.addressof(self._callbacks), 0, 0
            )
            or 0
        )

    def _instance3(self, name: str) -> int:
        resources = Path(self._plan.folder) / "resources"
        where = (str(resources) + os.sep).encode() if resources.is_dir() else None
        token = self._plan.token.encode()
        text, flag, pointer = ctypes.c_char_p, ctypes.c_bool, ctypes.c_void_p
        if self._plan.exchange:
            make = _pointer(self._library.address("InstantiateModelExchange"), text, text, text, flag, flag, pointer,
                            _LOGGER3)  # fmt: skip
            return int(make(name.encode(), token, where, False, False, None, self._logger3) or 0)
        make = _pointer(self._library.address("InstantiateCoSimulation"), text, text, text, flag, flag, flag, flag,
                        pointer, ctypes.c_size_t, pointer, _LOGGER3, pointer)  # fmt: skip
        # No intermediate variables and no callback for them: we read between steps only. It may return early from a
        # step where it can have event mode, which is what early returns are for.
        events = self._plan.event_mode
        return int(
            make(name.encode(), token, where, False, False, events, events, None, 0, None, self._logger3, None) or 0
        )


def _pointer(address: int, *types: Any) -> Any:
    return ctypes.CFUNCTYPE(ctypes.c_void_p, *types)(address)


def _void(address: int, *types: Any) -> Any:
    return ctypes.CFUNCTYPE(None, *types)(address)
