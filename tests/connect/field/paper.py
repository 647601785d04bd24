"""A field connection on paper: a source and a driver that a test plays by hand."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from pollux.clock import WallClock
from pollux.columns.batch import Refusal
from pollux.columns.frames import Frames
from pollux.columns.memory import NEVER
from pollux.connect.driver import Sink
from pollux.connect.field.counters import FieldCounters
from pollux.connect.field.delivery import FieldDelivery
from pollux.connect.field.order import FieldOrder
from pollux.connect.field.source import AbstractFieldDriver, AbstractFieldSource, FieldPlace
from pollux.errors import SetupError


class Ticket:
    """Durable at once."""

    def then(self, callback, *args):
        callback(*args)


@final
class Kept:
    """A sink that keeps what it takes, or raises what it is told to."""

    def __init__(self) -> None:
        self.batches: list[Frames] = []
        self.refuses: Exception | None = None

    def __call__(self, frames: Frames) -> Ticket:
        if self.refuses is not None:
            raise self.refuses
        self.batches.append(frames)
        return Ticket()


def place(folder: Path, sink: Sink, told: list[Refusal] | None = None, *, acts: bool = False, may=None, reached=None):
    """What a site would give to a driver."""
    return FieldPlace(
        tenant="",
        sink=sink,
        may=may or (lambda target: True),
        clock=WallClock(),
        acts=acts,
        folder=folder,
        reached=reached or (lambda twin, signal: int(NEVER)),
        told=(told if told is not None else []).append,
    )


@final
class PaperDriver(AbstractFieldDriver):
    """Says what the test lets it say."""

    def __init__(self, name: str, schema, given: FieldPlace) -> None:
        self._name, self._acts = name, given.acts
        self._counts = FieldCounters()
        self.delivery = FieldDelivery(schema.name, "opcua", given, self._counts, name=name)
        self.orders: list[FieldOrder] = []
        self.running = False
        self.why = "not connected yet"
        self.given = given

    @property
    def name(self) -> str:
        return self._name

    @property
    def connected(self) -> bool:
        return self.running and not self.why

    @property
    def trouble(self) -> str:
        return self.why

    @property
    def counters(self) -> dict[str, int]:
        return self._counts.asdict()

    def start(self) -> None:
        self.running, self.why = True, ""

    def stop(self) -> None:
        self.running = False

    def takes(self, twin: str) -> bool:
        return self._acts

    def order(self, order: FieldOrder) -> None:
        self.orders.append(order)


@final
@dataclass(frozen=True)
class Paper(AbstractFieldSource):
    """A source whose drivers the test gets hold of."""

    title: str = "paper:1"
    wrong: bool = False
    made: list[PaperDriver] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.title

    def check(self, schema) -> None:
        if self.wrong:
            raise SetupError("expected a signal of the type, got another", at=self.title)

    def driver(self, schema, place: FieldPlace) -> PaperDriver:
        self.made.append(PaperDriver(self.title, schema, place))
        return self.made[-1]

    def meaning(self) -> list[str]:
        return [f"temp is {self.title}"]
