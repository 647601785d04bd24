"""Twins as tables: the fields of a type and the rows of a block, copied."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pollux.columns.block import Block
from pollux.columns.memory import NEVER
from pollux.columns.quality import Quality
from pollux.columns.view import NINE_TENTHS, LiveReader, fact
from pollux.errors import NotFound
from pollux.model.schema import Schema, Signal
from pollux.show.compose.types import ROLES, outward_bound, outward_columns
from pollux.show.facts import Field, Table, TwinType
from pollux.site.declare import Declared
from pollux.site.estate import Estate

F64 = NDArray[np.float64]


def type_of(declared: Declared) -> TwinType:
    """What clients may see of a type: its signals in the order of the schema, then its derived values."""
    schema = declared.schema
    fields = [_field(one, schema) for one in schema.signals]
    fields += [
        Field(
            name, "estimate", str(schema.unit_of(name)), label=_titled(name.replace("_", " ")), personal=schema.personal
        )
        for name in schema.estimable
    ]
    fields += [
        Field(name, "risk", "%", label=_titled(name.replace("_", " ")), step=1.0, personal=schema.personal)
        for name in (declared.outlook.names if declared.outlook else ())
    ]
    return TwinType(
        schema.name, tuple(fields), f"{schema.name}s", schema.name.lower(), personal=schema.personal, schema=schema
    )


def _field(signal: Signal, schema: Schema) -> Field:
    return Field(
        signal.name,
        ROLES[signal.role],
        str(signal.edge),
        label=_titled(signal.doc or signal.name.replace("_", " ")),
        every=signal.every,
        low=outward_bound(signal, signal.low),
        high=outward_bound(signal, signal.high),
        personal=schema.personal or signal.personal,
        numeric=signal.kind in ("number", "flag"),
        flag=signal.kind == "flag",
        choices=signal.choices,
    )


def _titled(label: str) -> str:
    """With a capital, as titles begin: only the first letter, for what follows may be a name."""
    return label[:1].upper() + label[1:]


def table_of(kind: TwinType, estate: Estate, ids: Sequence[str] | None, now: int) -> Table:
    """Some twins of a type as they stand in an estate, or all of them."""
    block = estate.blocks[kind.name]
    wanted = sorted(block.row_of) if ids is None else list(ids)
    missing = [one for one in wanted if one not in block.row_of]
    if missing:
        raise NotFound(f"no {kind.name} {missing[0]!r}", at=kind.name)
    rows = np.array([block.row_of[one] for one in wanted], np.int64)
    parts = [_signal_rows(block, rows), _derived_rows(kind, estate, rows, now)]
    values, quality, reason, event_time, arrival, sigma = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    low, high = _interval(block, rows, np.asarray(values, np.float64), quality, np.asarray(sigma, np.float64))
    return Table(
        kind,
        tuple(wanted),
        estate.seq,
        now,
        values,
        quality.astype(np.uint8),
        reason.astype(np.uint16),
        np.maximum(event_time.astype(np.int64), 0),
        np.maximum(arrival.astype(np.int64), 0),
        sigma,
        low,
        high,
        texts=_texts(block, rows),
    )


def _interval(
    block: Block, rows: NDArray[np.int64], values: F64, quality: NDArray[np.generic], sigma: F64
) -> tuple[F64, F64]:
    """The 5 % and the 95 % quantile of what is estimated: a filter's own where it says them, else as if normal."""
    half = np.where(quality == Quality.ESTIMATED, 0.5 * NINE_TENTHS * sigma, np.nan)
    low, high = values - half, values + half
    believed = block.believed[:, :, rows]
    own = np.isfinite(believed[1]) & (believed[1] == values[len(block.schema.signals) :])
    for column, quantile in ((low, believed[0]), (high, believed[2])):
        column[len(block.schema.signals) :][own] = quantile[own]
    return low, high


def _signal_rows(block: Block, rows: NDArray[np.int64]) -> tuple[NDArray[np.generic], ...]:
    slots, (factor, shift) = block.layout.signal_slot, outward_columns(block.schema)
    quality = block.quality[:, rows].copy()
    values = np.full(quality.shape, np.nan)
    numeric = slots >= 0
    values[numeric] = block.values[slots[numeric]][:, rows]
    values[quality == Quality.MISSING] = np.nan
    return (
        values * factor + shift,
        quality,
        block.reason[:, rows].copy(),
        block.event_time[:, rows].copy(),
        block.arrival[:, rows].copy(),
        block.sigma[:, rows] * factor,
    )


def _derived_rows(kind: TwinType, estate: Estate, rows: NDArray[np.int64], now: int) -> tuple[NDArray[np.generic], ...]:
    reader = LiveReader(estate.blocks, kind.name, rows, now=now)
    block = estate.blocks[kind.name]
    names = list(block.derived)
    shape = (len(names), len(rows))
    values, sigma = np.full(shape, np.nan), np.full(shape, np.nan)
    quality, reason = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
    times = np.full(shape, NEVER, np.int64)
    for place, name in enumerate(names):
        if name not in block.schema.derived:
            low, values[place], high = block.believed[:, place, rows]
            sigma[place], times[place] = (high - low) / NINE_TENTHS, block.believed_time[place, rows]
            quality[place] = np.where(np.isfinite(values[place]), Quality.ESTIMATED, Quality.MISSING)
            continue
        column = reader.read(name)
        values[place] = np.asarray(column, np.float64)
        sigma[place] = column.sigma
        quality[place] = np.where(np.isfinite(values[place]), Quality.ESTIMATED, Quality.MISSING)
        times[place] = getattr(column, "event_time", NEVER)
    return values, quality, reason, times, times.copy(), sigma


def _texts(block: Block, rows: NDArray[np.int64]) -> dict[str, list[str | None]]:
    found: dict[str, list[str | None]] = {}
    for index, signal in enumerate(block.schema.signals):
        if signal.kind in ("text", "choice", "position"):
            told = [fact(block, index, int(row)) for row in rows]
            found[signal.name] = [None if one is None else one if isinstance(one, str) else _place(one) for one in told]
    return found


def _place(place: Sequence[float]) -> str:
    return ", ".join(f"{number:.6g}" for number in place)
