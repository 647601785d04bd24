"""A fleet whose devices are followed over time: messages in, qualities and figures out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pollux.check import AbstractCheck, Calibration, Decoder, TopicMapping
from pollux.clock import SECOND
from pollux.columns import Batch, Block, Frames, Message, Origin, Quality, Reason, freeze
from pollux.mirror import Mirror
from pollux.model.equations import rate
from pollux.model.roles import parameter, sensor
from pollux.model.twin import Twin

NOW = 1_790_000_000 * SECOND


class Oven(Twin):
    """Three sensors of one temperature, a pressure, a level."""

    temp_a = sensor("degC", low=-20, high=120, noise=0.1)
    temp_b = sensor("degC", low=-20, high=120, noise=0.1)
    temp_c = sensor("K", low=250, high=400, noise=0.1)
    pressure = sensor("kPa", low=50, high=400)
    level = sensor("m", low=0, high=5)
    share = sensor("percent")
    rise = parameter("K/s", 0.0)

    @rate(temp_a)
    def heats(self) -> Any:
        return self.rise


SCHEMA = Oven.__pollux__


class Followed:
    """Decoder and mirror of a fleet of ovens, with checks and calibrations."""

    def __init__(
        self,
        *checks: AbstractCheck,
        mappings: Sequence[TopicMapping] = (),
        calibrations: Sequence[Calibration] = (),
    ) -> None:
        self.block = Block(SCHEMA)
        self.blocks = {"Oven": self.block}
        self.decoder = Decoder(
            {"Oven": mappings}, self.blocks, checks={"Oven": checks}, calibrations={"Oven": calibrations}
        )
        self.mirror = Mirror(self.blocks, self.decoder.judges, self.decoder.inspectors)

    def hear(self, *messages: Message) -> Batch:
        """The samples of some messages, in one batch, with their final qualities."""
        changes = self.mirror.apply(self.decoder.decode(Frames.of(messages))).changes
        return changes["Oven"].batch if "Oven" in changes else Batch.empty()

    def reasons(self, *messages: Message) -> list[str]:
        """Why each sample is doubted, `NONE` where it is not."""
        return [Reason(one).name for one in self.hear(*messages).reason]

    @property
    def inspector(self) -> Any:
        """What follows the ovens."""
        return self.mirror.populations["Oven"].inspector

    def state(self) -> bytes:
        """Everything that is remembered."""
        return freeze(self.block) + self.mirror.freeze()


def said(values: Mapping[str, float | None], second: float, *, t: float | None = None, id: str = "O-1") -> Message:
    """A message that arrives at a second; `t` is what its device takes the second for."""
    told = dict(values) if t is None else {**values, "t": NOW + round(t * SECOND)}
    payload = json.dumps(told).encode()
    return Message(
        Origin("", id, None, "b1"), f"twins/Oven/{id}/telemetry".encode(), payload, NOW + round(second * SECOND), 0
    )


def share_of(batch: Batch, reason: Reason) -> float:
    """The share of samples that are doubted for a reason."""
    return float(np.mean(batch.reason == reason))


GOOD = int(Quality.GOOD)
