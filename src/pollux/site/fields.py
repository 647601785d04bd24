"""The field connections that a site's fleets declare: one driver for each, and the way of orders to what they hear."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, final

from pollux.clock import Clock
from pollux.columns.batch import Refusal
from pollux.connect.driver import Sink
from pollux.connect.field.order import FieldOrder
from pollux.connect.field.source import AbstractFieldDriver, FieldPlace
from pollux.errors import SetupError
from pollux.guard import Gate, Identity
from pollux.show.documents.site import Broken
from pollux.show.facts import Metric
from pollux.site.declare import Declared

FOLDER: Final = "field"
"""Where drivers keep what must stay, below the data folder."""

Known = Callable[[str, str, str], int]
"""Type, twin and signal: when its newest known value was so; NEVER where none is."""


@final
class Fields:
    """The drivers of a site's field connections, none where no fleet declares one.

    A driver comes in as a service of its own, which may tell the twins of its type and nothing else. `acts` says
    whether orders leave. Raises SetupError where one cannot be made.
    """

    def __init__(
        self,
        declared: Mapping[str, Declared],
        folder: Path,
        *,
        gate: Gate,
        sink: Sink,
        clock: Clock,
        told: Callable[[Refusal], None],
        acts: bool,
        known: Known,
    ) -> None:
        self._drivers: dict[str, list[AbstractFieldDriver]] = {}
        for type_, one in declared.items():
            for source in one.fields:
                identity = Identity("", source.name, "service", frozenset({"device"}), (f"{type_}/*",))
                place = FieldPlace(
                    tenant="",
                    sink=sink,
                    may=partial(gate.may, identity, "publish"),
                    clock=clock,
                    acts=acts,
                    folder=folder / FOLDER,
                    reached=partial(known, type_),
                    told=told,
                )
                self._drivers.setdefault(type_, []).append(source.driver(one.schema, place))

    @property
    def drivers(self) -> list[AbstractFieldDriver]:
        """All drivers, in the order declared."""
        return [driver for some in self._drivers.values() for driver in some]

    def __bool__(self) -> bool:
        return bool(self._drivers)

    def start(self) -> None:
        """Begin to hear them; one that is not there is tried again."""
        for driver in self.drivers:
            driver.start()

    def stop(self) -> None:
        """Say goodbye to all."""
        for driver in self.drivers:
            driver.stop()

    def send(self, type_: str, twin: str, payload: bytes, *, expires: int) -> bool:
        """Send an order through the connection that takes orders for this twin; False where none does.

        Raises Overloaded where too many wait.
        """
        driver = next((one for one in self._drivers.get(type_, ()) if one.takes(twin)), None)
        if driver is None:
            return False
        driver.order(FieldOrder.read(twin, payload, expires=expires))
        return True

    def broken(self) -> list[Broken]:
        """Which connections are not heard as they should be, and why."""
        return [Broken(promise=f"{one.name} is heard", text=one.trouble) for one in self.drivers if one.trouble]

    def metrics(self) -> list[Metric]:
        """Which connections are heard, and what their drivers have counted."""
        if not self._drivers:
            return []
        heard: list[tuple[dict[str, str], float]] = []
        counts: list[tuple[dict[str, str], float]] = []
        for type_, some in self._drivers.items():
            for one in some:
                of = {"connection": one.name, "type": type_}
                heard.append((of, float(one.connected)))
                counts += [({**of, "kind": kind}, float(count)) for kind, count in one.counters.items()]
        return [
            Metric("pollux_field_connected", "gauge", "Whether a field connection is heard.", tuple(heard)),
            Metric("pollux_field_total", "counter", "What the driver of a field connection counted.", tuple(counts)),
        ]


def check_fields(declared: Mapping[str, Declared]) -> None:
    """Raise SetupError, before anything is opened, for what a field connection lacks and for two of one name."""
    for one in declared.values():
        _told_apart(one)
        for source in one.fields:
            source.ready()


def _told_apart(declared: Declared) -> None:
    names = [source.name for source in declared.fields]
    for name in names:
        if names.count(name) > 1:
            raise SetupError(
                f"expected one connection of {declared.schema.name} to a device, got two", at=name,
                hint="give one of them name=\"...\"",
            )  # fmt: skip
