"""From what a host heard to the frames of a fleet's twins."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, final

from pollux.check.faults import Fault
from pollux.check.sparkplug_said import Address, Heard
from pollux.columns.batch import Refusal
from pollux.columns.field import SPARKPLUG, SPARKPLUG_GOOD, SPARKPLUG_STALE, Datum, pack_field
from pollux.columns.frames import Encoding, Message
from pollux.columns.quality import Reason
from pollux.connect.wire.rights import native
from pollux.model.schema import Schema
from pollux.site.sparkplug.source import SparkplugSource
from pollux.site.sparkplug.units import words

MOST_TOLD: Final = 10_000
"""Metrics of which it was said that they are not taken; beyond that they are counted only."""


@final
class Translator:
    """Names twins and signals. What a mapped metric says that no signal can hold is told once for each metric."""

    def __init__(self, source: SparkplugSource, schema: Schema, told: Callable[[Refusal], None]) -> None:
        self._source, self._schema, self._told = source, schema, told
        self._said: set[tuple[str, str, str]] = set()
        self.unmapped = 0
        self.refused = 0

    def messages(self, heard: Message, at: Address, values: Sequence[Heard]) -> Iterator[Message]:
        """What the log is told of the values in a message, twin by twin."""
        by_device: dict[str, list[Heard]] = {}
        for one in values:
            by_device.setdefault(one.device, []).append(one)
        for device, some in by_device.items():
            of = at._replace(device=device)
            twin = self._source.twin(of)
            if twin is None:
                continue
            topic = f"twins/{self._schema.name}/{twin}/telemetry"
            if native(topic) is None:
                self.refuse(heard, Fault(Reason.BAD_ID, f"expected the id of a twin, got {twin[:60]!r}"))
                continue
            data = [datum for one in some if (datum := self._datum(heard, of, one)) is not None]
            payload = pack_field("sparkplug", data)
            yield Message(heard.origin, topic.encode(), payload, heard.arrival, Encoding.FIELD, heard.qos)

    def refuse(self, heard: Message, fault: Fault) -> None:
        """Say that a message, or a part of it, was not taken."""
        self.refused += 1
        self._told(
            Refusal.of(
                0, heard.arrival, heard.origin, fault.reason, fault.detail, topic=heard.topic, payload=heard.payload
            )
        )

    def _datum(self, heard: Message, at: Address, value: Heard) -> Datum | None:
        name = self._source.signal(value.name, self._schema)
        if name is None:
            self.unmapped += 1
            return None
        signal = self._schema.signal(name)
        wrong = _why_not(value, signal.kind)
        if wrong:
            key = at.node, at.device, value.name
            if key not in self._said and len(self._said) < MOST_TOLD:
                self._said.add(key)
                self.refuse(heard, Fault(Reason.WRONG_TYPE, wrong))
            return None
        of = self._source.units.get(name) or words(value.unit) if signal.kind == "number" else None
        good = value.quality >= SPARKPLUG_GOOD and value.quality != SPARKPLUG_STALE
        status = 0 if good else value.quality + SPARKPLUG
        return Datum(name, value.value, value.time or None, status, of or None)


def _why_not(value: Heard, kind: str) -> str:
    """Why no signal of this kind holds a value; empty where one may. A null is a reading that could not be made."""
    if value.compound:
        return f"expected a {kind} in the metric {value.name[:60]}, got {value.compound}"
    if value.value is None and kind in ("text", "position"):
        return f"expected a {kind} in the metric {value.name[:60]}, got null"
    return ""
