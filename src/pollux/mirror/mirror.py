"""The mirror: decoded batches in, new state and effects out. No clock, no waiting, no storage.

State is a function of what was applied, in order: the same batches, or the same frames cut into others, give the same
columns bit for bit, and a snapshot with the rest gives the whole.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import final

from pollux.clock import SECOND
from pollux.columns.arrays import I64, U8
from pollux.columns.batch import Decoded, Place, Texts
from pollux.columns.block import Block
from pollux.columns.inspector import AbstractInspector
from pollux.columns.judge import AbstractJudge
from pollux.columns.quality import Reason
from pollux.errors import NotFound, PolluxError
from pollux.mirror.effects import Changes, Counts, Effects
from pollux.mirror.facts import forget_fact, set_fact
from pollux.mirror.keep import frozen, resume
from pollux.mirror.population import Population


@final
class Mirror:
    """The live twins of one tenant.

    `blocks` are theirs by the name of the type; `judges` doubt values beside their neighbours (`Decoder.judges`),
    `inspectors` follow devices over time (`Decoder.inspectors`). `counts` adds up the effects since the beginning.
    """

    __slots__ = ("blocks", "counts", "populations")

    def __init__(
        self,
        blocks: Mapping[str, Block],
        judges: Mapping[str, AbstractJudge] | None = None,
        inspectors: Mapping[str, Callable[[], AbstractInspector]] | None = None,
    ) -> None:
        known, follow = judges or {}, inspectors or {}
        self.blocks = blocks
        self.populations = {
            name: Population(block, known.get(name), follow.get(name)) for name, block in blocks.items()
        }
        self.counts = Counts()

    def compile(self) -> bool:
        """Make the passes over samples compiled from the next batch on; False where numba is missing."""
        try:
            kernels = import_module("pollux.mirror.kernels")
        except ImportError:
            return False
        kernels.warm()
        for population in self.populations.values():
            population.kernels = kernels
        return True

    def apply(self, decoded: Decoded) -> Effects:
        """Apply what a batch of frames said; it must have been decoded from the state as it is now."""
        newcomers = self._welcome(decoded.newcomers)
        changes: dict[str, Changes] = {}
        heard: dict[str, I64] = {}
        counts = Counts(frames=decoded.frames, refused=len(decoded.refusals))
        for name, messages in decoded.messages.items():
            if len(messages):
                batch, texts = decoded.batches[name], decoded.texts.get(name) or Texts.empty()
                changes[name], heard[name], own = self.populations[name].take(messages, batch, texts)
                counts += own
        self.counts += counts
        return Effects(changes, newcomers, heard, decoded.refusals, counts)

    def _welcome(self, newcomers: Mapping[str, Sequence[str]]) -> tuple[tuple[str, str], ...]:
        for name, ids in newcomers.items():
            if any(id in self.blocks[name].row_of for id in ids):
                raise PolluxError(
                    f"expected new twins of {name}, got known ones", hint="apply each decoded batch once, in order"
                )
            self.blocks[name].add_many(ids)
            self.populations[name].reserve()
        return tuple((name, id) for name, ids in newcomers.items() for id in ids)

    def add(self, name: str, id: str) -> int:
        """The row of a twin, made where there is none."""
        row = self._population(name).block.add(id)
        self.populations[name].reserve()
        return row

    def remove(self, name: str, id: str) -> None:
        """Forget a twin, with everything that links to it."""
        population = self._population(name)
        row = population.block.remove(id)
        population.forget(row)
        for block in self.blocks.values():
            for link, links in block.links.items():
                if block.schema.links[link].to == name:
                    links.forget(row)

    def tell(self, name: str, id: str, signal: str, value: float | bool | str | Place | None, *, when: int) -> None:
        """Set a fact as a person or a program tells it, at `when`; None forgets it."""
        population = self._population(name)
        population.block.schema.signal(signal)
        place, row = population.block.schema.index[signal], population.block.row(id)
        if value is None:
            forget_fact(population.block, place, row)
        else:
            set_fact(population, place, row, value, when=when)

    def link(self, name: str, id: str, link: str, targets: Sequence[str]) -> None:
        """Let a twin be linked to these twins of the linked type and to no others; NotFound where one is not there."""
        block = self._population(name).block
        other = self._population(block.schema.links[link].to).block
        block.links[link].set(block.row(id), [other.row(target) for target in targets])
        block.version += 1

    def doubt(self, name: str, id: str, signal: str, first: int, last: int, reason: Reason) -> None:
        """Doubt the samples of a signal between two event times after they came, and its last value if it is one."""
        population = self._population(name)
        population.doubt(population.block.schema.index[signal], population.block.row(id), first, last, reason)

    def want(self, name: str, id: str, signal: str, value: float, *, when: int) -> None:
        """Note what an actuator was asked for."""
        block = self._population(name).block
        block.schema.signal(signal)
        block.want(block.schema.index[signal], block.row(id), value=value, when=when)

    def relate(self, name: str, id: str, link: str, others: Sequence[str]) -> None:
        """Give a twin these linked twins and no others; `NotFound` where one of them is not known."""
        block = self._population(name).block
        if link not in block.links:
            raise NotFound(f"expected a link of {name}, got {link!r}", at=name)
        other = self._population(block.schema.links[link].to).block
        block.links[link].set(block.row(id), [other.row(one) for one in others])
        block.version += 1

    def presence(self, name: str, rows: I64 | slice | None = None, *, now: int, speed: float = 1.0) -> U8:
        """A `Presence` for each row (all rows unless told), by the agreed interval of the type or the twin's own.

        `speed` is that of the clock which `now` was read from.
        """
        population = self._population(name)
        every = [signal.every for signal in population.block.schema.signals if signal.every is not None]
        some = slice(0, population.block.rows) if rows is None else rows
        agreed = min(every) * SECOND if every else 0.0
        return population.rhythm.presence(some, now=now, agreed=agreed, speed=speed)

    def freeze(self) -> bytes:
        """What is remembered beside the blocks, as bytes: equal states give equal bytes."""
        return frozen(self.populations, self.counts)

    def restore(self, data: bytes) -> None:
        """Go on from what `freeze` gave, after the blocks were restored; raises `StorageError` for other bytes."""
        self.counts = resume(self.populations, data)

    def _population(self, name: str) -> Population:
        found = self.populations.get(name)
        if found is None:
            raise NotFound(f"expected a type of this site, got {name!r}")
        return found
