"""A line: its blocks, checked, and which leads to which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

from pollux.errors import ModelError, NotFound
from pollux.simulate.discrete.blocks import (
    Assembly,
    Block,
    Buffer,
    Inspection,
    Machine,
    Sink,
    Source,
    Stock,
    Supply,
    Transport,
    Worker,
)

Station: TypeAlias = Source | Machine | Assembly | Transport | Inspection
Queue: TypeAlias = Buffer | Supply | Stock | Sink


@final
@dataclass(frozen=True)
class Line:
    """Blocks that lead to one another, in order, and the people who are shared by some of them.

    Raises ModelError for names that are given twice or lead nowhere, and for routes whose chances are none.

    >>> blocks = [Supply("steel"), Machine("press", "30 s"), Buffer("rack", 4), Machine("saw", 20), Sink("out")]
    >>> line = Line("short", blocks)
    >>> line.to("press")
    {'rack': 1.0}
    """

    name: str
    blocks: Sequence[Block]
    workers: Sequence[Worker] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))
        object.__setattr__(self, "workers", tuple(self.workers))
        names = [one.name for one in (*self.blocks, *self.workers)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ModelError(f"expected every name once, got {', '.join(twice)} twice", at=self.name)
        for block in self.blocks:
            _check(self, block)

    def __getitem__(self, name: str) -> Block:
        for block in self.blocks:
            if block.name == name:
                return block
        raise NotFound(f"expected a block of the line, got {name!r}", at=self.name)

    def replaced(self, *others: Block | Worker) -> "Line":
        """The same line with blocks or pools in the place of those of the same names; raises NotFound."""
        by_name = {one.name: one for one in others}
        missing = by_name.keys() - {one.name for one in (*self.blocks, *self.workers)}
        if missing:
            raise NotFound(f"expected blocks of the line, got {', '.join(sorted(missing))}", at=self.name)
        blocks = tuple(_same_kind(self, one, by_name.get(one.name, one)) for one in self.blocks)
        workers = tuple(_same_pool(self, one, by_name.get(one.name, one)) for one in self.workers)
        return Line(self.name, blocks, workers)

    @property
    def stations(self) -> tuple[Station, ...]:
        """The blocks that do something."""
        return tuple(one for one in self.blocks if isinstance(one, Station))

    @property
    def machines(self) -> tuple[Machine | Assembly | Inspection, ...]:
        """The blocks that work on parts."""
        return tuple(one for one in self.blocks if isinstance(one, Machine | Assembly | Inspection))

    @property
    def queues(self) -> tuple[Queue, ...]:
        """The blocks in which parts are."""
        return tuple(one for one in self.blocks if isinstance(one, Queue))

    def to(self, name: str) -> Mapping[str, float]:
        """The names of the blocks that a block leads to, with probabilities; what a queue leads to is taken by each."""
        block = self[name]
        if isinstance(block, Sink):
            return {}
        if isinstance(block, Inspection):
            return _inspected(block, self._next(block))
        given = block.to
        if isinstance(given, Mapping):
            return dict(given)
        names = (given,) if isinstance(given, str) else given
        return dict.fromkeys(names or (self._next(block),), 1.0)

    def _next(self, block: Block) -> str:
        if not isinstance(block, Sink) and isinstance(block.to, str):
            return block.to
        place = self.blocks.index(block)
        if place + 1 == len(self.blocks):
            raise ModelError("expected a block to send parts to, got the end of the list", at=block.name)
        return self.blocks[place + 1].name


def _inspected(block: Inspection, good: str) -> Mapping[str, float]:
    """Where parts go after an inspection."""
    ways = {good: 1.0 - block.scrap - block.rework}
    if block.rework > 0:
        if block.back_to is None:
            raise ModelError("expected back_to beside rework, got none", at=block.name)
        ways[block.back_to] = block.rework
    if block.scrap > 0:
        ways[scrap_of(block)] = block.scrap
    return ways


def scrap_of(block: Inspection) -> str:
    """The name of the exit for scrap."""
    return f"{block.name} scrap"


def _same_kind(line: Line, old: Block, new: Block | Worker) -> Block:
    if isinstance(new, Worker) or type(new) is not type(old):
        expected, got = type(old).__name__, type(new).__name__
        raise ModelError(f"expected another {expected}, got a {got}", at=f"{line.name}, {old.name}")
    return new


def _same_pool(line: Line, old: Worker, new: Block | Worker) -> Worker:
    if not isinstance(new, Worker):
        raise ModelError(f"expected another Worker, got a {type(new).__name__}", at=f"{line.name}, {old.name}")
    return new


def _check(line: Line, block: Block) -> None:
    at = f"{line.name}, {block.name}"
    _check_counts(block, at)
    targets = line.to(block.name)
    names = {one.name for one in line.blocks} | {scrap_of(one) for one in line.blocks if isinstance(one, Inspection)}
    lost = sorted(targets.keys() - names)
    if lost:
        raise ModelError(f"expected names of blocks, got {', '.join(lost)}", at=at)
    for name in targets:
        _check_meeting(line, block, name, at)
    if isinstance(block, Station):
        _check_route(targets, at)
        _check_workers(line, block, at)


def _check_meeting(line: Line, block: Block, name: str, at: str) -> None:
    """Parts of a queue are taken, not received by another queue; nobody can hand anything to a source or a supply."""
    target = next((one for one in line.blocks if one.name == name), None)
    if isinstance(target, Source | Supply | Stock):
        raise ModelError(f"expected a block that takes parts, got {name}", at=at)
    if isinstance(block, Queue) and isinstance(target, Queue):
        raise ModelError(f"expected a machine or a transport after a queue, got {name}", at=at)


def _check_route(targets: Mapping[str, float], at: str) -> None:
    if not all(0 < chance <= 1 for chance in targets.values()) or abs(sum(targets.values()) - 1) > 1e-9:
        raise ModelError(f"expected chances that add up to one, got {dict(targets)}", at=at)


def _check_workers(line: Line, block: Station, at: str) -> None:
    pools = {one.name for one in line.workers}
    for pool in workers_of(block):
        if pool is not None and pool not in pools:
            raise ModelError(f"expected a pool of workers, got {pool!r}", at=at)
    if isinstance(block, Machine) and block.failures is not None and block.failures.counted == "calendar":
        setter = block.setup.setter if block.setup else None
        if block.operator is not None or setter is not None:
            raise ModelError(
                "expected failures counted in busy time or cycles beside an operator or a setter, got calendar time",
                at=at,
            )


def workers_of(block: Station) -> tuple[str | None, str | None, str | None]:
    """The pools of who operates, repairs and sets up a station."""
    if isinstance(block, Source | Transport):
        return None, None, None
    if isinstance(block, Inspection):
        return block.operator, None, None
    repairer = block.failures.repairer if block.failures else None
    setter = block.setup.setter if isinstance(block, Machine) and block.setup else None
    return block.operator, repairer, setter


def _check_counts(block: Block, at: str) -> None:
    wrong: Mapping[str, bool] = {
        "a capacity of zero or more": isinstance(block, Buffer) and block.capacity is not None and block.capacity < 0,
        "no more at the start than there is room": isinstance(block, Buffer)
        and not 0 <= block.start <= (block.start if block.capacity is None else block.capacity),
        "one server or more": isinstance(block, Machine) and not 1 <= block.servers <= 10_000,
        "room for one part or more": isinstance(block, Transport) and not 1 <= block.capacity <= 10_000,
        "a batch of one or more": isinstance(block, Source) and block.batch < 1,
        "a reorder point below the full stock": isinstance(block, Stock) and not 0 <= block.reorder < block.up_to,
        "room for one order or more": isinstance(block, Stock) and not 1 <= block.orders <= 1_000,
        "a setup after one part or more": isinstance(block, Machine)
        and block.setup is not None
        and block.setup.after < 1,
        "shares below one": isinstance(block, Inspection)
        and not (block.scrap >= 0 and block.rework >= 0 and block.scrap + block.rework < 1),
    }
    for expected, is_wrong in wrong.items():
        if is_wrong:
            raise ModelError(f"expected {expected}, got {block}", at=at)
