"""Facts that are not numbers, as a live view shows them: a text, a choice by its name, a position."""

from collections.abc import Hashable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, U8
from pollux.columns.column import Column
from pollux.columns.reckon import Known
from pollux.columns.worth import Worth
from pollux.errors import ModelError
from pollux.model.units import DIMENSIONLESS
from pollux.model.value import Value


@final
class Words(Value):
    """Texts, names of choices or positions: `str`, `np.asarray` and `==` work, arithmetic does not.

    None where nothing was told; a position is a tuple of three numbers.
    """

    __slots__ = ("_now", "told", "worth")

    def __init__(self, told: NDArray[Any], *, now: int, worth: Worth) -> None:
        self.told = told
        self.worth = worth
        self._now = now

    @property
    def sigma(self) -> F64:
        return np.full(self.told.shape, np.nan)

    @property
    def age(self) -> F64:
        return self.worth.age(self._now)

    @property
    def quality(self) -> U8:
        return self.worth.quality

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.told, dtype=dtype, copy=copy)

    def __float__(self) -> float:
        raise ModelError("expected a number, got a text", hint="str(...) of it")

    def __bool__(self) -> bool:
        return self.told.ndim == 0 and bool(self.told.item())

    def __len__(self) -> int:
        return len(self.told)

    def __str__(self) -> str:
        return str(self.told.item()) if self.told.ndim == 0 else str(self.told.tolist())

    def __repr__(self) -> str:
        return repr(self.told.item()) if self.told.ndim == 0 else repr(self.told.tolist())

    def operate(self, op: str, operands: tuple[Any, ...], data: Hashable = None) -> Any:
        if op != "==":
            raise ModelError(f"expected numbers for {op}, got a text", hint="a text is compared with == only")
        left, right = (one.told if isinstance(one, Words) else one for one in operands)
        equal = np.asarray(np.equal(left, right, dtype=object), np.bool_)
        return Column(Known(equal, self.worth, lambda: np.zeros(())), DIMENSIONLESS, now=self._now)
