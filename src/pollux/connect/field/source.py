"""A field connection as a fleet declares it, and what the open site gives to the driver that it makes."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

from pollux.clock import Clock
from pollux.columns.batch import Refusal
from pollux.connect.driver import AbstractDriver, Sink
from pollux.connect.field.order import FieldOrder
from pollux.model.schema import Schema

May = Callable[[str], bool]
"""Whether the driver may publish to a target such as `Pump/P-7/telemetry`: the gate, asked for its identity."""

Reached = Callable[[str, str], int]
"""Twin and signal: when the newest value that is known of it was so, nanoseconds UTC; NEVER where none is."""


@final
@dataclass(frozen=True, slots=True)
class FieldPlace:
    """What a site gives to a field driver.

    `sink` takes frames of what it `may` tell, `clock` is the wall's, `acts` says whether orders leave: without it a
    driver builds nothing that could write. In `folder` a driver keeps what must stay, such as a key of its own.
    `reached` tells from when on a history has to be read; `told` hears of data that may not be kept.
    """

    tenant: str
    sink: Sink
    may: May
    clock: Clock
    acts: bool
    folder: Path
    reached: Reached
    told: Callable[[Refusal], None]


class AbstractFieldDriver(AbstractDriver):
    """Hears one connection of a fleet: always by name of a declared signal, never what is not mapped.

    `start` returns at once: a device that is not there is tried again and again, so that a site opens without it.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """How the connection is called in records, metrics and reports: no secret, no more than protocol and place."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether the device is heard just now."""

    @property
    @abstractmethod
    def trouble(self) -> str:
        """Why it is not heard as it should be, or what is weak about it; empty while all is well."""

    @abstractmethod
    def takes(self, twin: str) -> bool:
        """Whether orders for this twin go through here; never without `acts`."""

    @abstractmethod
    def order(self, order: FieldOrder) -> None:
        """Carry out an order, later and in the driver's thread; it is answered as a device answers.

        From any thread. Raises Overloaded when too many wait.
        """


class AbstractFieldSource(ABC):
    """One connection of a fleet, as it is declared; it opens nothing."""

    @property
    @abstractmethod
    def name(self) -> str:
        """How the connection is called, as in the driver."""

    @abstractmethod
    def check(self, schema: Schema) -> None:
        """Raise SetupError for what does not fit the type."""

    def ready(self) -> None:  # noqa: B027  most need nothing
        """Raise SetupError where an optional library or a file is missing; asked before anything is opened."""

    @abstractmethod
    def driver(self, schema: Schema, place: FieldPlace) -> AbstractFieldDriver:
        """The driver that hears it; raises SetupError, also where an optional library is missing."""

    @abstractmethod
    def meaning(self) -> list[str]:
        """What stands in the log of how its values are understood: each signal and where it comes from."""
