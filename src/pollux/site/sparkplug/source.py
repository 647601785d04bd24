"""Sparkplug B as a fleet declares it: which group, which nodes and devices, through which broker. It opens nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from pollux.check.broker import Broker
from pollux.check.sparkplug_said import Address
from pollux.clock import SECOND, duration
from pollux.connect.field.source import AbstractFieldDriver, AbstractFieldSource, FieldPlace
from pollux.errors import SetupError
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol
from pollux.model.units import unit

ID: Final = "{id}"
ANY: Final = "+"
TOLD: Final = ("sensor", "actuator", "fact")


@final
@dataclass(frozen=True, slots=True, eq=False)
class SparkplugSource(AbstractFieldSource):
    """The devices of a group, or its edge nodes, as twins; made by `sparkplug`. `beat` and `pause` are nanoseconds."""

    group: str
    node: str
    device: str
    host: str
    broker: Broker | None
    names: Mapping[str, str]
    units: Mapping[str, str]
    ignore: frozenset[str]
    beat: int
    pause: int
    form: re.Pattern[str] = field(repr=False)

    @property
    def name(self) -> str:
        where = self.broker.name.removeprefix("broker:") if self.broker else "own"
        return f"sparkplug:{where}:{self.group}/{self.node}" + (f"/{self.device}" if self.device else "")

    def check(self, schema: Schema) -> None:
        for name in (*self.names.values(), *self.units):
            signal = schema.signal(name)
            if signal.role not in TOLD:
                raise SetupError(
                    f"expected a sensor, an actuator or a fact, got the {signal.role} {name}", at=self.name
                )
        for name, text in self.units.items():
            if unit(text).dimension != schema.signal(name).unit.dimension:
                raise SetupError(f"expected {schema.signal(name).edge} or a unit like it, got {text}", at=name)

    def driver(self, schema: Schema, place: FieldPlace) -> AbstractFieldDriver:
        from pollux.site.sparkplug.driver import SparkplugDriver

        return SparkplugDriver(self, schema, place)

    def meaning(self) -> list[str]:
        return [f"{signal} < {self.name} {metric}" for metric, signal in self.names.items()] or [f"* < {self.name}"]

    def twin(self, at: Address) -> str | None:
        """The twin that an address speaks of, None for none of this fleet."""
        if at.group != self.group or bool(at.device) != bool(self.device):
            return None
        found = self.form.fullmatch(f"{at.node}/{at.device}")
        return None if found is None else found["id"]

    def concerns(self, at: Address) -> bool:
        """Whether an address is of a node of this fleet: all that it says counts in its sequence."""
        return at.group == self.group and (ID in self.node or self.node in (ANY, at.node))

    def signal(self, metric: str, schema: Schema) -> str | None:
        """The signal that a metric tells, None where none does."""
        if metric in self.ignore:
            return None
        name = self.names.get(metric, metric)
        place = schema.index.get(name)
        return name if place is not None and schema.signals[place].role in TOLD else None

    def metric(self, signal: str) -> str:
        """The metric that tells a signal."""
        return next((metric for metric, told in self.names.items() if told == signal), signal)


def sparkplug(
    group: str,
    *,
    device: str = ID,
    node: str = ANY,
    host: str = "pollux",
    broker: Broker | str | None = None,
    names: Mapping[str, Any] | None = None,
    units: Mapping[Any, str] | None = None,
    ignore: tuple[str, ...] = (),
    beat: str = "10 s",
    pause: str = "10 s",
) -> SparkplugSource:
    """The devices of a Sparkplug group as twins of a fleet: Pollux is their host application `host`.

    `device` says which device is which twin: `"{id}"`, or a form such as `"pump-{id}"`; `node` which edge nodes they
    are behind, `"+"` for all. With `node="{id}"` and `device=""` the edge nodes themselves are the twins. They speak to
    the site's own endpoint, or through `broker`, a `px.Broker` or its address. Metrics are signals of the same name, or
    of that which `names` gives them; `units` are those of metrics whose birth names none, or a wrong one, by signal.
    `ignore` names metrics that are no signals. While a device lives its twin is present, told every `beat` where it has
    nothing to say; a node is asked for a rebirth at most once in `pause`.

    Raises SetupError for what cannot be meant.

    Source: Eclipse Sparkplug 3.0.

    >>> sparkplug("plant", device="pump-{id}").name
    'sparkplug:own:plant/+/pump-{id}'
    """
    levels = f"{node}/{device}"
    for what, level in (("group", group), ("node", node), ("host", host)):
        wild = level == ANY and what == "node"
        if not level or (not wild and set("/+#\0") & set(level)):
            raise SetupError(f"expected the name of a {what} without / + #, got {level!r}", at="px.sparkplug")
    if levels.count(ID) != 1 or set("/+#\0") & set(device) or (ID in node and device):
        raise SetupError(
            f"expected {{id}} in device, or in node beside an empty device, got {node!r} and {device!r}",
            at="px.sparkplug",
            hint='px.sparkplug("plant", device="{id}")',
        )
    return SparkplugSource(
        group,
        node,
        device,
        host,
        Broker(broker) if isinstance(broker, str) else broker,
        {metric: _name(signal) for metric, signal in (names or {}).items()},
        {_name(signal): text for signal, text in (units or {}).items()},
        frozenset(ignore),
        _nanoseconds(beat, "beat"),
        _nanoseconds(pause, "pause"),
        _form(levels),
    )


def _nanoseconds(text: str, what: str) -> int:
    found = duration(text)
    if found < SECOND:
        raise SetupError(f"expected {what} of at least 1 s, got {text}", at="px.sparkplug")
    return found


def _form(levels: str) -> re.Pattern[str]:
    words = re.escape(levels).replace(re.escape(ID), r"(?P<id>[^/]+)")
    return re.compile(f"[^/]+{words[2:]}" if levels.startswith(ANY) else words, re.DOTALL)


def _name(signal: object) -> str:
    return signal.name if isinstance(signal, Symbol) else str(signal)
