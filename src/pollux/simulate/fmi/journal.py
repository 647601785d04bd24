"""What was done to instances since they began, so that it can be done again where their state cannot be saved."""

from collections.abc import Sequence
from typing import final

import msgspec
import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import DataRefused
from pollux.simulate.fmi.instances import AbstractInstances


class Deed(msgspec.Struct, frozen=True, array_like=True):
    """Inputs that were set, or steps: `times` stretches of `span` nanoseconds in `count` steps each."""

    inputs: bytes = b""
    span: int = 0
    count: int = 0
    times: int = 0


@final
class Journal:
    """Deeds in their order; equal stretches that follow each other are one line."""

    def __init__(self, deeds: Sequence[Deed] = ()) -> None:
        self._deeds = list(deeds)

    @property
    def deeds(self) -> list[Deed]:
        """What was done."""
        return list(self._deeds)

    def put(self, inputs: F64) -> None:
        """Inputs were set."""
        self._deeds.append(Deed(np.ascontiguousarray(inputs).tobytes()))

    def went(self, span: int, count: int) -> None:
        """A stretch was gone."""
        last = self._deeds[-1] if self._deeds else None
        if last is not None and (last.span, last.count) == (span, count):
            self._deeds[-1] = msgspec.structs.replace(last, times=last.times + 1)
        else:
            self._deeds.append(Deed(span=span, count=count, times=1))

    def replay(self, instances: AbstractInstances, inputs: int, begin: float) -> None:
        """Do it all again with instances that have just begun."""
        gone = 0
        for deed in self._deeds:
            if not deed.times:
                instances.put(_matrix(deed.inputs, inputs, instances.members))
            for _ in range(deed.times):
                instances.advance(begin + gone * 1e-9, deed.span * 1e-9 / deed.count, deed.count)
                gone += deed.span

    def of_member(self, member: int, copies: int, inputs: int, members: int) -> "Journal":
        """The same deeds for copies of one of its members."""
        return Journal(
            [
                deed
                if deed.times
                else Deed(np.repeat(_matrix(deed.inputs, inputs, members)[:, [member]], copies, axis=1).tobytes())
                for deed in self._deeds
            ]
        )


def _matrix(told: bytes, rows: int, members: int) -> F64:
    if len(told) != 8 * rows * members:
        raise DataRefused(f"expected {rows} inputs of {members} members, got a journal that is cut short")
    found: F64 = np.frombuffer(told, np.float64).reshape(rows, members)
    return found
