"""The wire names of all vocabularies as one table for the kernels, and what each name means."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any, final

import numpy as np

from pollux.check.names import Names
from pollux.check.vocabulary import Key, Vocabulary
from pollux.columns.arrays import F64, I32

_NO_KEY = -1


@final
class KeyTable:
    """Every name with its role; `signal[key]` is the signal of a key, `channel[vocabulary, signal]` its key.

    `spoken[vocabulary]` says whether the kernels read payloads of a vocabulary at all.
    """

    def __init__(self, vocabularies: Sequence[Vocabulary], kernels: ModuleType, names: Names) -> None:
        self._kernels = kernels
        self.spoken = np.array([_is_spoken(one) for one in vocabularies] or [False])
        self._names = names
        widest = max((len(one.schema.signals) for one in vocabularies), default=0)
        # The last column stands for "no signal": a topic's channel of -1 finds it.
        self.channel = np.full((max(len(vocabularies), 1), widest + 1), _NO_KEY, np.int32)
        roles: list[int] = []
        keys: list[Key | None] = []
        for group, vocabulary in enumerate(vocabularies):
            words = self._words(vocabulary)
            names.add([wire.encode(errors="backslashreplace") for wire in words], [group] * len(words))
            for role, key in words.values():
                if key is not None:
                    self.channel[group, key.signal] = len(keys)
                roles.append(role)
                keys.append(key)
        self._role = np.array(roles, np.int32)
        self._follow = np.full(len(roles) + len(vocabularies), _NO_KEY, np.int32)
        self._stamp = np.zeros(len(roles), np.int64)
        self.signal: I32 = np.array([_NO_KEY if key is None else key.signal for key in keys], np.int32)
        self._factor = np.array([1.0 if key is None else key.factor for key in keys])
        self._offset = np.array([0.0 if key is None else key.offset for key in keys])
        self._foreign = np.array([key is not None and not key.same for key in keys], np.bool_)

    @property
    def keys(self) -> Any:
        """The names as the kernels take them."""
        return self._kernels.Keys(self._names.table, self._role, self._follow, self._stamp)

    def converted(self, key: I32, value: F64) -> F64:
        """Numbers of the wire in the units of their signals, as a new array."""
        foreign = self._foreign[key]
        if not foreign.any():
            return value.copy()
        return np.where(foreign, value * self._factor[key] + self._offset[key], value)

    def _words(self, vocabulary: Vocabulary) -> dict[str, tuple[int, Key | None]]:
        """The role and the key of each wire name; what stands first counts, as in documents."""
        kernels = self._kernels
        kinds = {"number": kernels.NUMBER, "flag": kernels.FLAG}
        words: dict[str, tuple[int, Key | None]] = {
            "t": (kernels.TIME, None),
            "seq": (kernels.SEQ, None),
            "boot": (kernels.BOOT, None),
        }
        for wire, key in vocabulary.keys.items():
            words.setdefault(wire, (kinds.get(key.kind, kernels.OTHER), key))
        if vocabulary.pattern.names("signal"):
            words.setdefault("value", (kernels.VALUE, None))
        for wire in sorted(vocabulary.ignore - vocabulary.parts):
            words.setdefault(wire, (kernels.IGNORE, None))
        return words


def _is_spoken(vocabulary: Vocabulary) -> bool:
    # What a function reads is its own business; a signal called "value" has two meanings where topics name signals.
    twofold = vocabulary.pattern.names("signal") and "value" in vocabulary.keys
    return vocabulary.mapping.read is None and vocabulary.mapping.twin is None and not twofold
