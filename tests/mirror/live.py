"""A small pipe for the tests of the mirror: frames in, state out."""

from collections.abc import Sequence
from typing import Any

from pollux.check import AbstractDoubt, Decoder, Spike, Stuck, TooFast, TopicMapping, mqtt
from pollux.columns import Block, Frames, Message, freeze, restore
from pollux.mirror import Effects, Mirror
from tests.columns.plants import Building, Pump, Room

DOUBTS: dict[Any, list[AbstractDoubt]] = {
    Pump.temp: [TooFast("2 K/s"), Stuck("5 s", samples=3)],
    Pump.vibration: [Spike(0.5)],
}
MAPPINGS = (mqtt("plant/{line}/{floor}/{id}/telemetry", doubts=DOUBTS), mqtt("p/{id}/{signal}"))
TYPES = {one.__name__: one.__pollux__ for one in (Pump, Room, Building)}


class Live:
    """Decoder and mirror of one tenant."""

    def __init__(self, mappings: Sequence[TopicMapping] = MAPPINGS, *, compiled: bool = False) -> None:
        self.blocks = {name: Block(schema) for name, schema in TYPES.items()}
        self.decoder = Decoder({"Pump": mappings}, self.blocks)
        self.mirror = Mirror(self.blocks, self.decoder.judges)
        if compiled:
            assert self.decoder.compile()
            assert self.mirror.compile()

    def hear(self, messages: Sequence[Message]) -> Effects:
        """Apply messages as one batch."""
        return self.mirror.apply(self.decoder.decode(Frames.of(messages)))

    def value(self, signal: str, id: str = "P-1") -> float:
        """The last value of a pump's signal."""
        block = self.blocks["Pump"]
        return float(block.values[block.layout.slot[signal], block.row(id)])

    def told(self, field: str, signal: str, id: str = "P-1") -> Any:
        """What stands beside a value: quality, reason, event_time, aside and so on."""
        block = self.blocks["Pump"]
        return getattr(block, field)[block.schema.index[signal], block.row(id)]

    def state(self) -> dict[str, bytes]:
        """The whole state; equal states have equal bytes."""
        return {name: freeze(block) for name, block in self.blocks.items()} | {"mirror": self.mirror.freeze()}

    def resume(self, state: dict[str, bytes]) -> None:
        """Go on from a state."""
        for name, block in self.blocks.items():
            restore(block, state[name])
        self.mirror.restore(state["mirror"])
