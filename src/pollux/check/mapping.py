"""Mappings: how topics and payloads of a fleet become twins and signals.

px.mqtt("plant/{line}/{id}/telemetry")              # a JSON object of signals; line becomes a fact
px.mqtt("plant/{line}/{id}/{signal}")               # one number, or {"value": ..., "t": ...}, per topic
px.mqtt("acme/#", read=acme)                        # def acme(topic, payload): return {"id": ..., "temp": ...}
px.mqtt("gateway/#", twin="sensor")                 # [{"sensor": "P-7", "temp": 300}, ...]: the payload names the twins
px.mqtt("log/{id}/csv", columns=["t", "temp"])        # lines of CSV that come without a header
px.mqtt("plant/{id}/telemetry", broker="mqtts://plant.example", commands="plant/{id}/cmd")  # heard through a broker
px.mqtt("field/{id}", broker="mqtts://public.example", sealed=True)  # only what the devices have sealed themselves
px.mqtt("lab/{id}", names={"T1": Pump.temp}, units={Pump.temp: "degF"}, ignore=["fw", "rssi"])
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, final

from pollux.check.broker import Broker
from pollux.check.doubts import AbstractDoubt
from pollux.check.patterns import Pattern
from pollux.clock import instant
from pollux.errors import SetupError
from pollux.model.symbols import Symbol

Name: TypeAlias = str | Symbol
Reader: TypeAlias = Callable[[str, bytes], "dict[str, Any] | list[dict[str, Any]] | None"]

NATIVE: Final = "twins/{type}/{id}/telemetry"
COMMANDS: Final = "twins/{type}/{id}/commands"
"""Where orders go that leave through a broker; they are answered one level below, at `ack`."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class TopicMapping:
    """How one fleet speaks; made by `mqtt`.

    `names` are wire names to signals where they differ; `units` the wire's unit of a signal where it differs from the
    declared one; `ignore` keys that are no signals; `doubts` rules by which values are not believed; `create` whether
    an unknown id becomes a new twin; `read` a function from (topic, payload) to what a native payload would say;
    `columns` the wire names of CSV lines that come without a header; `twin` the key of a payload that names its twin
    itself. With a `broker` these topics are heard there, and
    orders leave there under `commands`. What arrives from `sealed` on (nanoseconds UTC) is taken sealed only.
    """

    pattern: Pattern
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    ignore: frozenset[str] = frozenset()
    doubts: Mapping[str, tuple[AbstractDoubt, ...]] = field(default_factory=dict[str, tuple[AbstractDoubt, ...]])
    create: bool = True
    read: Reader | None = None
    columns: tuple[str, ...] = ()
    broker: Broker | None = None
    commands: str = COMMANDS
    twin: str | None = None
    sealed: int | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        """The MQTT subscriptions that hear all of its topics."""
        return self.pattern.filters


def mqtt(
    pattern: str = NATIVE,
    *,
    names: Mapping[str, Name] | None = None,
    units: Mapping[Any, str] | None = None,
    ignore: Collection[str] = (),
    doubts: Mapping[Any, Sequence[AbstractDoubt]] | None = None,
    create: bool = True,
    read: Reader | None = None,
    columns: Sequence[str] = (),
    twin: str | None = None,
    broker: Broker | str | None = None,
    commands: str | None = None,
    sealed: bool | str = False,
) -> TopicMapping:
    """The mapping of a fleet that speaks under this topic pattern.

    `{id}` is the twin, `{signal}` a signal per topic, every other placeholder a fact of the class if it has one of that
    name. Where no level of the topic is the twin, `twin` is the key or the column of the payload that names it; in
    SenML the device is. `columns` names the cells of CSV lines without a header. With `broker`, a `px.Broker` or its
    address, the topics are heard through a broker that is already there, and the site's own endpoint hears the native
    ones; orders leave there under `commands`, a topic with `{id}`, and are answered one level below, at `ack`. With
    `sealed` only payloads are taken that the device has sealed; an instant says from when on. Raises `SetupError` for a
    pattern without `{id}`, unless the payload or a function names the twin, for a twin that both name, for `commands`
    without a broker, and for `sealed` where the topic does not name the twin.

    >>> mqtt("plant/{line}/{id}/telemetry").filters
    ('plant/+/+/telemetry', 'plant/+/+/telemetry/+')
    """
    topics = Pattern(pattern)
    if not topics.names("id") and read is None and twin is None:
        raise SetupError(
            f"expected {{id}} in the topic pattern, got {pattern!r}",
            hint="or give twin=, the key that names it, or read=, a function from (topic, payload) to a dict with 'id'",
        )
    if twin is not None and (topics.names("id") or topics.names("signal") or read is not None):
        raise SetupError(
            f"expected the twin in the topic or in the payload, got {pattern!r} and twin={twin!r}",
            hint="leave out twin=, or {id}, {signal} and read=",
        )
    if sealed and not topics.names("id"):
        raise SetupError(
            f"expected {{id}} in the topic of sealed payloads, got {pattern!r}", hint="they are bound to it"
        )
    return TopicMapping(
        topics,
        {wire: _name(name) for wire, name in (names or {}).items()},
        {_name(name): text for name, text in (units or {}).items()},
        frozenset(ignore),
        {_name(name): tuple(some) for name, some in (doubts or {}).items()},
        create,
        read,
        tuple(columns),
        Broker(broker) if isinstance(broker, str) else broker,
        _commands(commands, pattern, broker is not None),
        twin,
        instant(sealed) if isinstance(sealed, str) else 0 if sealed else None,
    )


def _commands(commands: str | None, pattern: str, through: bool) -> str:
    if commands is None:
        return COMMANDS
    if not through:
        raise SetupError("expected a broker beside commands, got none", at=pattern, hint="they are native else")
    if not Pattern(commands).names("id") or set("+#") & set(commands):
        raise SetupError(f"expected a topic with {{id}} and no wildcard for orders, got {commands!r}", at=pattern)
    return commands


def _name(name: Name) -> str:
    return name.name if isinstance(name, Symbol) else name
