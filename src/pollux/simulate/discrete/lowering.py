"""A line as tables of numbers for the kernel: stations, queues, lists of who leads where, laws and keys."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, I64
from pollux.errors import ModelError
from pollux.simulate.discrete import columns as c
from pollux.simulate.discrete.blocks import (
    Assembly,
    Buffer,
    Failures,
    Inspection,
    Sink,
    Source,
    Stock,
    Supply,
    Transport,
)
from pollux.simulate.discrete.columns import Plan
from pollux.simulate.discrete.laws import KINDS, NEVER, Law, as_law
from pollux.simulate.discrete.line import Line, Station, scrap_of, workers_of

ENDLESS: Final = 1 << 40
"""Places of a queue without limit."""

_COUNTED: Final = {"busy": c.BUSY_TIME, "calendar": c.CALENDAR, "cycles": c.CYCLES}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """A line for the kernel: its tables, names of what stands in which row, and how it begins.

    `slots` are those of each station, first and end. `bound` is how many parts there can be where every queue is
    limited, and `unlimited` says that some is not. `digest` tells structures apart, whatever their luck and durations.
    """

    plan: Plan
    stations: tuple[str, ...]
    queues: tuple[str, ...]
    pools: tuple[str, ...]
    slots: Mapping[str, tuple[int, int]]
    room: I64
    level: I64
    staff: I64
    bound: int
    unlimited: bool
    digest: str


@final
@dataclass(frozen=True, slots=True)
class _Place:
    """What a queue comes to: its kind, its places, what is there at the start, and when it orders up to what."""

    kind: int
    room: int = ENDLESS
    start: int = 0
    reorder: int = c.NONE
    up_to: int = 0


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """What a station comes to, before the lists are laid out."""

    name: str
    role: int
    count: int
    laws: tuple[Law, Law, Law, Law, Law]
    fails: int = c.NEVER
    every: int = 0
    before: int = 0
    loses: int = 0
    batch: int = 1
    pools: tuple[str | None, str | None, str | None] = (None, None, None)
    inputs: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    outputs: dict[str, float] = field(default_factory=dict[str, float])


def lower(line: Line, seed: int = 0) -> Lowered:
    """The tables of a line with the luck of a seed; raises ModelError for machines that nothing leads to."""
    rows, queues = _rows(line), _queues(line)
    names = tuple(queues)
    place = {name: number for number, name in enumerate(names)}
    pools = tuple(one.name for one in line.workers)
    first = np.cumsum([0, *(row.count for row in rows)])
    links, share = _Links(), dict[int, F64]()
    station = np.zeros((len(rows), c.STATION_COLUMNS), np.int64)
    for number, row in enumerate(rows):
        hands = [c.NONE if pool is None else pools.index(pool) for pool in row.pools]
        inputs = links.add([n for name, needed in row.inputs for n in (place[name], needed)])
        outputs = links.add([place[name] for name in row.outputs])
        share[outputs] = np.cumsum(list(row.outputs.values()))
        values = (row.role, first[number], row.count, row.before, row.fails, row.every, row.loses, row.batch)
        operator, repairer, setter = hands
        ways = (inputs, len(row.inputs), outputs, len(row.outputs), operator, repairer, setter)
        station[number] = (*values, *ways)
    queue = _queue_table(rows, queues, place, links)
    table = np.array(links.all, np.int64)
    shares = np.ones(len(table))
    for start, part in share.items():
        shares[start : start + len(part)] = part
    slot = np.repeat(np.arange(len(rows)), [row.count for row in rows]).astype(np.int64)
    calendar = np.full(len(slot), c.NONE, np.int64)
    struck = np.flatnonzero(station[slot, c.FAILS] == c.CALENDAR)
    calendar[struck] = len(slot) + np.arange(len(struck))
    law, law_f, points = _laws(rows)
    key = np.array([_key(seed, row.name, purpose) for row in rows for purpose in c.PURPOSES], np.int64)
    timer = np.concatenate([np.arange(len(slot)), struck]).astype(np.int64)
    plan = Plan(station, slot, timer, calendar, queue, table, shares, law, law_f, points, key.reshape(-1, 2))
    return _finished(line, plan, rows, queues, names, pools, first)


def _finished(
    line: Line,
    plan: Plan,
    rows: Sequence[_Row],
    queues: Mapping[str, _Place],
    names: tuple[str, ...],
    pools: tuple[str, ...],
    first: I64,
) -> Lowered:
    room = np.array([one.room for one in queues.values()], np.int64)
    level = np.array([one.start for one in queues.values()], np.int64)
    buffers = plan.queue[:, c.KIND] == c.BUFFER
    needed = [needed for row in rows for _, needed in row.inputs]
    stocks = int(plan.queue[:, c.UP_TO].sum())
    bound = int(room[buffers & (room < ENDLESS)].sum()) + 2 * len(plan.slot) + sum(needed) + 2 * stocks
    shape = (plan.station, plan.slot, plan.queue, plan.links, plan.calendar)
    digest = hashlib.blake2b(repr((names, pools, [row.name for row in rows])).encode(), digest_size=16)
    for table in shape:
        digest.update(np.ascontiguousarray(table).tobytes())
    return Lowered(
        plan,
        tuple(row.name for row in rows),
        names,
        pools,
        {row.name: (int(first[n]), int(first[n + 1])) for n, row in enumerate(rows)},
        room,
        level,
        np.array([one.count for one in line.workers], np.int64),
        bound,
        bool((buffers & (room >= ENDLESS)).any()),
        digest.hexdigest(),
    )


@final
class _Links:
    """Lists of numbers, one after another."""

    def __init__(self) -> None:
        self.all: list[int] = [c.NONE]

    def add(self, numbers: Sequence[int]) -> int:
        """Where these begin."""
        self.all.extend(numbers)
        return len(self.all) - len(numbers)


def _key(seed: int, name: str, purpose: str) -> tuple[int, int]:
    """The key of a stream: the same block and purpose have the same luck in every line with this seed."""
    digest = hashlib.blake2b(f"{seed}\0{name}\0{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def _queues(line: Line) -> dict[str, _Place]:
    """The queues by name, with an exit for what is scrapped, and a threshold before what is handed its parts."""
    found: dict[str, _Place] = {}
    for block in line.blocks:
        if isinstance(block, Buffer):
            found[block.name] = _Place(c.BUFFER, ENDLESS if block.capacity is None else block.capacity, block.start)
        elif isinstance(block, Supply | Sink):
            found[block.name] = _Place(c.SUPPLY if isinstance(block, Supply) else c.SINK)
        elif isinstance(block, Stock):
            found[block.name] = _Place(c.STOCK, ENDLESS, block.up_to, block.reorder, block.up_to)
        if isinstance(block, Inspection) and block.scrap > 0:
            found[scrap_of(block)] = _Place(c.SINK)
    for block in line.stations:
        for name in line.to(block.name):
            if name not in found:
                found[before(name)] = _Place(c.BUFFER, 0)
    return found


def before(name: str) -> str:
    """The name of the place before a machine that is handed its parts by another one."""
    return f"before {name}"


def _rows(line: Line) -> list[_Row]:
    queues = _queues(line)
    rows = [_row(one) for one in line.stations]
    rows += [
        _Row(f"{one.name} orders", c.REPLENISHER, one.orders, _five(one.lead), outputs={one.name: 1.0})
        for one in line.blocks
        if isinstance(one, Stock)
    ]
    by_name = {row.name: row for row in rows}
    for block in line.stations:
        ways = {name if name in queues else before(name): p for name, p in line.to(block.name).items()}
        by_name[block.name].outputs.update(ways)
    for queue in line.queues:
        for name in line.to(queue.name):
            taker = line[name]
            needed = taker.needs.get(queue.name, 1) if isinstance(taker, Assembly) else 1
            by_name[name].inputs.append((queue.name, needed))
    for row in rows:
        if before(row.name) in queues:
            row.inputs.append((before(row.name), 1))
        _check(line, row)
    return rows


def _check(line: Line, row: _Row) -> None:
    at = f"{line.name}, {row.name}"
    if row.role == c.MACHINE and not row.inputs:
        raise ModelError("expected something that leads to it, got nothing", at=at)
    if row.role == c.MACHINE and len(row.inputs) > 1 and not isinstance(line[row.name], Assembly):
        raise ModelError(
            f"expected one queue before it, got {', '.join(name for name, _ in row.inputs)}",
            at=at,
            hint="an Assembly takes from several; several machines may lead to one Buffer",
        )
    service, supplies = row.laws[c.SERVICE], {one.name for one in line.blocks if isinstance(one, Supply)}
    endless = row.role == c.SOURCE or any(name in supplies for name, _ in row.inputs)
    if endless and service.mean == 0 and service.kind != "schedule":
        raise ModelError("expected a duration above zero where parts never end, got zero", at=at)
    if row.before and any(name == before(row.name) for name, _ in row.inputs):
        raise ModelError("expected a buffer before a machine that blocks before its work, got none", at=at)


def _five(
    service: Law | str | float, failures: Failures | None = None, setup: Law | str | float | None = None
) -> tuple[Law, Law, Law, Law, Law]:
    """The laws of a station by purpose."""
    return (
        as_law(service),
        NEVER if failures is None else as_law(failures.every),
        NEVER if failures is None else as_law(failures.repair),
        NEVER if setup is None else as_law(setup),
        NEVER,
    )


def _row(block: Station) -> _Row:
    pools = workers_of(block)
    if isinstance(block, Source):
        return _Row(block.name, c.SOURCE, 1, _five(block.every), loses=int(block.loses), batch=block.batch)
    if isinstance(block, Transport):
        return _Row(block.name, c.MACHINE, block.capacity, _five(block.time))
    if isinstance(block, Inspection):
        return _Row(block.name, c.MACHINE, 1, _five(block.time), pools=pools)
    fails = c.NEVER if block.failures is None else _COUNTED[block.failures.counted]
    if isinstance(block, Assembly):
        return _Row(block.name, c.MACHINE, 1, _five(block.time, block.failures), fails=fails, pools=pools)
    setup = block.setup
    return _Row(
        block.name,
        c.MACHINE,
        block.servers,
        _five(block.time, block.failures, setup and setup.time),
        fails=fails,
        every=setup.after if setup else 0,
        before=int(block.blocking == "before"),
        pools=pools,
    )


def _queue_table(rows: Sequence[_Row], queues: Mapping[str, _Place], place: Mapping[str, int], links: _Links) -> I64:
    table = np.zeros((len(queues), c.QUEUE_COLUMNS), np.int64)
    for name, one in queues.items():
        takers = [number for number, row in enumerate(rows) if name in {fed for fed, _ in row.inputs}]
        feeders = [number for number, row in enumerate(rows) if row.before and name in row.outputs]
        suppliers = [number for number, row in enumerate(rows) if row.role == c.REPLENISHER and name in row.outputs]
        lists = (links.add(takers), len(takers), links.add(feeders), len(feeders))
        table[place[name]] = (one.kind, *lists, one.reorder, one.up_to, suppliers[0] if suppliers else c.NONE)
    return table


def _laws(rows: Sequence[_Row]) -> tuple[I64, F64, F64]:
    laws = [law for row in rows for law in row.laws]
    first = np.cumsum([0, *(len(law.points) for law in laws)])
    numbers = [(KINDS.index(law.kind), first[n], len(law.points)) for n, law in enumerate(laws)]
    points = [point for law in laws for point in law.points]
    return (
        np.array(numbers, np.int64),
        np.array([(law.a, law.b, law.c) for law in laws]),
        np.array(points or [0.0]),
    )
