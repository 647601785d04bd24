"""The state of an instance as bytes: taken, serialised, and set again.

Source: FMI 2.0.4, section 2.1.8; FMI 3.0.2, section 2.2.6.
"""

from typing import final

import numpy as np

from pollux.simulate.fmi.pointers import invoke
from pollux.simulate.fmi.statuses import WARNING
from pollux.simulate.fmi.symbols import STATE_WORDS, Library

_LARGEST = 1 << 30


@final
class StateCalls:
    """The six functions of an FMU for its state."""

    def __init__(self, library: Library, version: int) -> None:
        self._get, self._set, self._free, self._size, self._write, self._read = (
            library.address(word) for word in STATE_WORDS[version]
        )

    @property
    def complete(self) -> bool:
        """Whether all of them are there."""
        return all((self._get, self._set, self._free, self._size, self._write, self._read))

    def save(self, component: int) -> bytes | None:
        """The state of an instance; None where a call fails."""
        state, size = np.zeros(1, np.int64), np.zeros(1, np.int64)
        if invoke(self._get, component, state.ctypes.data) > WARNING:
            return None
        try:
            if invoke(self._size, component, int(state[0]), size.ctypes.data) > WARNING or not 0 < size[0] < _LARGEST:
                return None
            told = np.zeros(int(size[0]), np.uint8)
            if invoke(self._write, component, int(state[0]), told.ctypes.data, told.size) > WARNING:
                return None
            return told.tobytes()
        finally:
            invoke(self._free, component, state.ctypes.data)

    def load(self, component: int, told: bytes) -> bool:
        """Set the state of an instance; False where a call fails."""
        state, held = np.zeros(1, np.int64), np.frombuffer(told, np.uint8)
        if invoke(self._read, component, held.ctypes.data, held.size, state.ctypes.data) > WARNING:
            return False
        try:
            return invoke(self._set, component, int(state[0])) <= WARNING
        finally:
            invoke(self._free, component, state.ctypes.data)
