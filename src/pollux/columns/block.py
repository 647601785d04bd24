"""A block: all twins of one type as columns, the live numbers of Pollux.

One f64 array of shape (fields, rows) holds the slots of the layout, the standard deviations and the desired values of
the actuators, so that a twin is a strided column and a fork one copy. What a value is worth stands beside it per
signal: event time, arrival, quality, reason. The newest reading that was set aside is kept apart from the last good
one.

A slot always holds a number that a simulation can start from; whether anybody ever told it is in the quality. What a
filter believes of derived values and of chances has rows of its own: it is more than a formula of what is in the slots.
"""

import bisect
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar, final

import numpy as np
from numpy.typing import NDArray

from pollux.columns.arrays import F64, I64, U8, U16
from pollux.columns.batch import Place
from pollux.columns.layout import layout_of
from pollux.columns.links import Links
from pollux.columns.memory import Memory
from pollux.columns.quality import Quality, Reason
from pollux.columns.slices import RowSlice
from pollux.errors import NotFound
from pollux.model.schema import Schema

_Scalar = TypeVar("_Scalar", bound=np.generic)

VACANT: Final = ""
"""The id of a row that belongs to no twin."""


@final
class Block:
    """All twins of one schema; `foreseen` are names of chances that are believed of them besides the derived values.

    Array properties have one column per row, vacant rows included; they are views of the live memory, valid until the
    next `add`. `version` counts changes; `epoch` changes when a row changes its owner.
    """

    __slots__ = (
        "actuators",
        "derived",
        "epoch",
        "ids",
        "layout",
        "links",
        "memory",
        "positions",
        "row_of",
        "schema",
        "texts",
        "vacant",
        "version",
    )

    def __init__(self, schema: Schema, foreseen: Sequence[str] = ()) -> None:
        self.schema = schema
        self.layout = layout_of(schema)
        self.actuators = _numbered(i for i, signal in enumerate(schema.signals) if signal.role == "actuator")
        self.positions = _numbered(i for i, signal in enumerate(schema.signals) if signal.kind == "position")
        self.derived = {name: place for place, name in enumerate((*schema.estimable, *foreseen))}
        self.memory = Memory(self.layout, len(self.actuators), len(self.positions), len(self.derived))
        self.ids: list[str] = []
        self.row_of: dict[str, int] = {}
        self.vacant: list[int] = []
        self.texts: dict[int, list[str | None]] = {
            i: [] for i, signal in enumerate(schema.signals) if signal.kind == "text"
        }
        self.links = {name: Links() for name in schema.links}
        self.version = 0
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.row_of)

    def __repr__(self) -> str:
        return f"<Block of {self.schema.name}: {len(self)} twins>"

    @property
    def rows(self) -> int:
        """The number of rows, vacant ones included."""
        return len(self.ids)

    @property
    def values(self) -> F64:
        """The slots of the layout, (layout.width, rows)."""
        return self.memory.numbers[: self.layout.width, : len(self.ids)]

    @property
    def sigma(self) -> F64:
        """Standard deviations, (signals, rows); NaN where unknown."""
        start = self.layout.width
        return self.memory.numbers[start : start + len(self.schema.signals), : len(self.ids)]

    @property
    def desired(self) -> F64:
        """What each actuator was last asked for, (actuators, rows); NaN where nothing was."""
        return self.memory.numbers[self.layout.width + len(self.schema.signals) :, : len(self.ids)]

    @property
    def event_time(self) -> I64:
        """When each value was so, (signals, rows), nanoseconds UTC; NEVER where nothing was told."""
        return self.memory.times[: len(self.schema.signals), : len(self.ids)]

    @property
    def arrival(self) -> I64:
        """When each value was heard, (signals, rows)."""
        signals = len(self.schema.signals)
        return self.memory.times[signals : 2 * signals, : len(self.ids)]

    @property
    def desired_time(self) -> I64:
        """When each desired value was set, (actuators, rows)."""
        return self.memory.times[2 * len(self.schema.signals) :, : len(self.ids)]

    @property
    def quality(self) -> U8:
        """A `Quality` per value, (signals, rows)."""
        return self.memory.quality[:, : len(self.ids)]

    @property
    def reason(self) -> U16:
        """A `Reason` per value, (signals, rows)."""
        return self.memory.reason[:, : len(self.ids)]

    @property
    def believed(self) -> F64:
        """5 % quantile, median and 95 % quantile of each derived value, (3, derived, rows); NaN without a filter."""
        return self.memory.believed.reshape(3, len(self.derived), self.memory.capacity)[:, :, : len(self.ids)]

    @property
    def believed_time(self) -> I64:
        """When each derived value was so, (derived, rows); NEVER without a filter."""
        return self.memory.believed_time[:, : len(self.ids)]

    @property
    def aside(self) -> F64:
        """The newest reading that was set aside, (signals, rows); `aside_time` and `aside_reason` say when and why."""
        return self.memory.aside[:, : len(self.ids)]

    @property
    def aside_time(self) -> I64:
        """When the reading that was set aside arrived, (signals, rows)."""
        return self.memory.aside_time[:, : len(self.ids)]

    @property
    def aside_reason(self) -> U16:
        """Why it was set aside, (signals, rows)."""
        return self.memory.aside_reason[:, : len(self.ids)]

    def row(self, id: str) -> int:
        """The row of a twin; `NotFound` where there is none."""
        found = self.row_of.get(id)
        if found is None:
            raise NotFound(f"expected a {self.schema.name}, got {id!r}", at=self.schema.name)
        return found

    def add(self, id: str) -> int:
        """The row of a twin of this id, made where there is none."""
        found = self.row_of.get(id)
        return self.add_many((id,))[0] if found is None else found

    def add_many(self, ids: Sequence[str]) -> list[int]:
        """Rows for new twins, in order: vacant ones first, lowest first, then new ones."""
        new = [id for id in dict.fromkeys(ids) if id not in self.row_of]
        rows = self.next_rows(len(new))
        self.memory.reserve(max(len(self.ids), *(row + 1 for row in rows)) if rows else 0)
        del self.vacant[: len(rows)]
        self.ids.extend([VACANT] * (max(rows, default=-1) + 1 - len(self.ids)))
        for texts in self.texts.values():
            texts.extend([None] * (len(self.ids) - len(texts)))
        for id, row in zip(new, rows, strict=True):
            self.ids[row] = id
            self.row_of[id] = row
            for signal, texts in self.texts.items():
                texts[row] = self.first_text(signal)
        self.memory.refresh(np.array(rows, np.int64))
        self.version += 1
        return [self.row_of[id] for id in ids]

    def first_text(self, signal: int) -> str | None:
        """The text that a fact begins with."""
        start = self.schema.signals[signal].start
        return start if isinstance(start, str) else None

    def next_rows(self, count: int) -> list[int]:
        """The rows that the next `count` new twins would get."""
        reused = self.vacant[:count]
        return [*reused, *range(len(self.ids), len(self.ids) + count - len(reused))]

    def remove(self, id: str) -> int:
        """Forget a twin: its row becomes vacant, holds nothing of it, and no link of this block leads from it."""
        row = self.row(id)
        del self.row_of[id]
        self.ids[row] = VACANT
        bisect.insort(self.vacant, row)
        self.memory.refresh(row)
        for texts in self.texts.values():
            texts[row] = None
        for links in self.links.values():
            links.set(row, ())
        self.version += 1
        self.epoch += 1
        return row

    def put(
        self,
        signal: int,
        rows: I64 | Sequence[int],
        *,
        value: F64 | float,
        event_time: I64 | int,
        quality: Quality,
        sigma: F64 | float = np.nan,
    ) -> None:
        """Write a numeric signal of some rows, as an estimator or a person does: no order of times is asked."""
        slot = int(self.layout.signal_slot[signal])
        if slot < 0:
            raise NotFound(f"expected a numeric signal, got {self.schema.signals[signal].name!r}", at=self.schema.name)
        self.values[slot, rows] = value
        self.sigma[signal, rows] = sigma
        self.event_time[signal, rows] = event_time
        self.arrival[signal, rows] = event_time
        self.quality[signal, rows] = quality
        self.reason[signal, rows] = Reason.NONE
        self.version += 1

    def believe(self, name: str, row: int, quantiles: tuple[float, float, float], *, when: int) -> None:
        """Write what a filter believes of a derived value of one twin: 5 % quantile, median, 95 % quantile."""
        place = self.derived[name]
        self.believed[:, place, row] = quantiles
        self.believed_time[place, row] = when
        self.version += 1

    def want(self, signal: int, row: int, *, value: float, when: int) -> None:
        """Note what an actuator was asked for; what it reports stands beside it, unchanged."""
        place = self.actuators[signal]
        self.desired[place, row] = value
        self.desired_time[place, row] = when
        self.version += 1

    def place_of(self, signal: int, row: int) -> Place | None:
        """A position as three numbers, None where it was never told."""
        start = 3 * self.positions[signal]
        x, y, z = self.memory.places[start : start + 3, row].tolist()
        return None if np.isnan(x) else (x, y, z)

    def take(self, rows: int | Sequence[int] | I64 | None = None) -> RowSlice:
        """A copy of one row, of some, or of all: what a fork begins with."""
        if isinstance(rows, int):
            return self._slice(slice(rows, rows + 1), (self.ids[rows],))
        if rows is None:
            return self._slice(slice(0, len(self.ids)), tuple(self.ids))
        some = np.asarray(rows, np.int64)
        places: list[int] = some.tolist()
        return self._slice(some, tuple([self.ids[row] for row in places]))

    def _slice(self, where: slice | I64, ids: tuple[str, ...]) -> RowSlice:
        memory, signals = self.memory, len(self.schema.signals)
        return RowSlice(
            self.layout,
            ids,
            _copied(memory.numbers, where),
            _copied(memory.times[:signals], where),
            _copied(memory.quality, where),
            {i: _picked(texts, where) for i, texts in self.texts.items()},
            self.version,
        )


def _copied(array: NDArray[_Scalar], where: slice | I64) -> NDArray[_Scalar]:
    return array[:, where].copy() if isinstance(where, slice) else array.take(where, axis=1)


def _picked(texts: list[str | None], where: slice | I64) -> tuple[str | None, ...]:
    rows: list[int] = list(range(*where.indices(len(texts)))) if isinstance(where, slice) else where.tolist()
    return tuple([texts[row] for row in rows])


def _numbered(members: Iterable[int]) -> dict[int, int]:
    return {member: number for number, member in enumerate(members)}
