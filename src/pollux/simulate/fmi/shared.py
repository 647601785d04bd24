"""Memory that two processes see: a counter that shows that somebody works, the inputs, and what is read."""

import mmap
from pathlib import Path
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64

_HEAD: Final = 64


@final
class Shared:
    """A file that is mapped; `make` it once, open it by its path on the other side."""

    def __init__(self, path: Path, inputs: int, reads: int, members: int) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        numbers = np.frombuffer(self._map, np.float64, offset=_HEAD)
        self.beat: NDArray[np.int64] = np.frombuffer(self._map, np.int64, count=1)
        self.inputs: F64 = numbers[: inputs * members].reshape(inputs, members)
        self.reads: F64 = numbers[inputs * members :][: reads * members].reshape(reads, members)

    def count(self) -> int:
        """How far the other side has come."""
        return int(self.beat[0])

    @staticmethod
    def make(path: Path, inputs: int, reads: int, members: int) -> "Shared":
        """A file of the right size, all zero."""
        with path.open("xb") as file:
            file.truncate(_HEAD + 8 * max(1, (inputs + reads) * members))
        return Shared(path, inputs, reads, members)
