"""What the cutter was taught: the columns and boots of blocks that Python read and found good, by their bytes.

No sender can fill memory: columns are forgotten when very many were told, boots with the lives that they name.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final, final

import msgspec
import numpy as np

from pollux.check.lives import Lives
from pollux.check.names import Names
from pollux.check.packed import Head
from pollux.check.vocabulary import Key
from pollux.columns.arrays import F64, I32, I64

_MOST_KEYS: Final = 1 << 16


@final
class Taught:
    """Columns and boots as tables for the kernels; what is taught in one batch is known in the next.

    A boot is a text or a whole number, as MessagePack writes it shortest, and so are columns: others stay unknown.
    """

    _layouts: set[tuple[int, bytes]]
    _boots: set[bytes]
    _new_layouts: dict[tuple[int, bytes], Sequence[Key]]
    _new_boots: dict[bytes, int]
    _first: I64
    _signal: I32
    _factor: F64
    _offset: F64
    _boot: I32

    def __init__(self, vocabularies: int, kernels: ModuleType, tables: ModuleType, seed: np.uint64) -> None:
        self._kernels = kernels
        self._last: I32 = np.full(max(vocabularies, 1), -1, np.int32)
        self._layout_names, self._boot_names = Names(tables, seed), Names(tables, seed)
        self._generation = -1
        self._forget_layouts()
        self._forget_boots()
        self.known: Any = self._tables()

    def learn(self, vocabulary: int, head: Head, keys: Sequence[Key], boot: int) -> None:
        """Know the columns of a good block and its boot, of this number, from the next batch on."""
        layout = vocabulary, msgspec.msgpack.encode(head.signals)
        if layout not in self._layouts:
            self._layouts.add(layout)
            self._new_layouts[layout] = keys
        if head.boot is not None:
            told = msgspec.msgpack.encode(head.boot)
            if told not in self._boots:
                self._boots.add(told)
                self._new_boots[told] = boot

    def follow(self, lives: Lives) -> None:
        """Know what was taught since the last batch, and forget the boots of lives that are forgotten."""
        later = lives.generation != self._generation
        if later:
            self._generation = lives.generation
            self._forget_boots()
        if later or self._new_layouts or self._new_boots:
            self._add_layouts()
            self._add_boots()
            self.known = self._tables()

    def _add_layouts(self) -> None:
        if len(self._signal) + sum(map(len, self._new_layouts.values())) > _MOST_KEYS:
            self._forget_layouts()
        told, wide = list(self._new_layouts), [len(keys) for keys in self._new_layouts.values()]
        keys = [key for some in self._new_layouts.values() for key in some]
        self._layout_names.add([signals for _, signals in told], [vocabulary for vocabulary, _ in told])
        self._first = np.concatenate((self._first, self._first[-1] + np.cumsum(wide, dtype=np.int64)))
        self._signal = np.concatenate((self._signal, np.array([key.signal for key in keys], np.int32)))
        self._factor = np.concatenate((self._factor, np.array([key.factor for key in keys], np.float64)))
        self._offset = np.concatenate((self._offset, np.array([key.offset for key in keys], np.float64)))
        self._new_layouts = {}

    def _add_boots(self) -> None:
        self._boot_names.add(list(self._new_boots))
        self._boot = np.concatenate((self._boot, np.array(list(self._new_boots.values()), np.int32)))
        self._new_boots = {}

    def _forget_layouts(self) -> None:
        # Those that were told since go too: they are taught again if they come again.
        self._layouts, self._new_layouts = set(), {}
        self._layout_names.clear()
        self._last[:] = -1
        self._first, self._signal = np.zeros(1, np.int64), np.empty(0, np.int32)
        self._factor, self._offset = np.empty(0), np.empty(0)

    def _forget_boots(self) -> None:
        self._boots, self._new_boots = set(), {}
        self._boot_names.clear()
        self._boot = np.empty(0, np.int32)

    def _tables(self) -> Any:
        return self._kernels.Known(
            layouts=self._layout_names.table,
            first=self._first,
            signal=self._signal,
            factor=self._factor,
            offset=self._offset,
            last=self._last,
            boots=self._boot_names.table,
            boot=self._boot,
        )
