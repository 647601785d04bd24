"""What an edge agent declares: where it tells, what it reads, and how much disk it may take. It opens nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import final

from pollux.check.ids import fault as id_fault
from pollux.clock import SECOND, Clock, WallClock, duration
from pollux.edge.address import Address
from pollux.edge.agent import Agent
from pollux.edge.capture import Capture
from pollux.edge.driving import Apply, Driven
from pollux.edge.queue import LEAST
from pollux.edge.reading import Reading
from pollux.edge.sealing import plainly, sealing
from pollux.edge.sizes import size_of
from pollux.edge.sources.source import AbstractSource
from pollux.edge.summary import Plan, Summary, counter, signal_of
from pollux.errors import SetupError
from pollux.guard.sealing import SealKey
from pollux.guard.signing import public_keys
from pollux.model.files import declared_as
from pollux.model.schema import schema_of
from pollux.model.symbols import Symbol
from pollux.model.twin import Twin


@final
class Edge:
    """An agent beside devices: declared once, run by `pollux edge` or opened in Python.

    `to` is the site's address; the agent is there whom its `certificate` and `key` show, or the `account` with the
    token in `token_file`, and believes the `authority`, without one those of the system. `disk` bounds everything that
    it keeps: the raw rings first, the rest is the queue's. `plain` allows plain text beyond this machine. With `seal`,
    a key's file, what it tells is sealed for the site; with `signed_by`, the file of the site's public key, it carries
    out signed orders only.

    Raises SetupError for whatever cannot be meant.

    >>> import pollux as px
    >>> class Pump(px.Twin):
    ...     vibration = px.sensor("m/s^2", low=-200, high=200)
    ...     vibration_rms = px.sensor("m/s^2", low=0)
    >>> edge = px.Edge("pump-7", to="mqtts://plant.example", certificate="P-7.pem", key="P-7.key")
    >>> source = px.every("1 ms", lambda: 9.81)
    >>> edge.read(Pump, "P-7", source, px.Summary(Pump.vibration, rms=Pump.vibration_rms), raw="10 min")
    >>> [reading.capacity for reading in edge.readings]
    [612000]
    """

    def __init__(
        self,
        name: str,
        *,
        to: str,
        account: str = "",
        token_file: str | Path | None = None,
        certificate: str | Path | None = None,
        key: str | Path | None = None,
        authority: str | Path | None = None,
        plain: bool = False,
        disk: str = "256 MB",
        seal: str | Path | None = None,
        signed_by: str | Path | None = None,
    ) -> None:
        if not name:
            raise SetupError("expected a name of the agent, got none")
        self.name: str = name
        self.address: Address = Address(
            to,
            account=account,
            token_file=token_file,
            certificate=certificate,
            key=key,
            authority=authority,
            plain=plain,
        )
        self.disk: int = size_of(disk)
        self._seal, self._signed_by = seal, signed_by
        self.readings: list[Reading] = []
        self.driven: list[Driven] = []

    def read(
        self,
        kind: type[Twin],
        id: str,
        source: AbstractSource,
        *summaries: Summary | Symbol,
        every: str = "1 min",
        raw: str = "10 min",
        capture: Capture | None = None,
        missed: Symbol | None = None,
        dropped: Symbol | None = None,
    ) -> None:
        """Read a source for a twin: a number for each summary, in their order; a signal alone tells its mean.

        A summary is told `every` so often, at multiples of it, with the end of the window as its time. The newest `raw`
        are kept on disk as they came, and sent where `capture` asks for it. `missed` is told how many samples of the
        window were due and not taken, `dropped` how many messages ever gave way to the bound of the disk.

        Raises SetupError, NotFound or UnitError for signals and units that do not fit, and where the raw samples do not
        fit the disk.
        """
        schema = schema_of(kind)
        wrong = id_fault(id)
        if wrong or not summaries:
            raise SetupError(wrong or "expected a summary, got none", at=f"{schema.name}/{id}")
        plans = tuple(Plan(one if isinstance(one, Summary) else Summary(one), schema) for one in summaries)
        reading = Reading(
            schema,
            id,
            source,
            plans,
            _length(every),
            _length(raw),
            capture,
            counter(missed, schema),
            counter(dropped, schema),
        )
        self._check(reading)
        self.readings.append(reading)

    def drive(self, kind: type[Twin], id: str, actuators: Mapping[Symbol, Apply], *, deadman: str = "30 s") -> None:
        """Let orders for actuators of a twin pass the agent: each is set by a function of one number, in its unit.

        Limits, rate of change and expiry are checked once more; nothing is set twice by one order. When the site has
        not been heard for `deadman`, and when the agent ends, actuators go to the safe values that the class declares.
        The site must have this agent as the twin's device. Raises SetupError for what is no actuator with a safe value,
        and for less than five seconds.
        """
        schema = schema_of(kind)
        wrong = id_fault(id)
        if wrong:
            raise SetupError(wrong, at=schema.name)
        functions = {signal_of(symbol, schema).name: apply for symbol, apply in actuators.items()}
        if any(one.twin == f"{schema.name}/{id}" for one in self.driven):
            raise SetupError("expected the actuators of a twin together, got it twice", at=f"{schema.name}/{id}")
        self.driven.append(Driven(schema, id, functions, _length(deadman) / SECOND))

    def open(self, folder: str | Path, *, clock: Clock | None = None) -> Agent:
        """Open the agent in a data folder, as a context: it reads, and forwards to the site, until it is left.

        Raises SetupError where nothing is declared, a key cannot be read or the folder is in use, StorageError where
        the disk fails.
        """
        if not (self.readings or self.driven):
            raise SetupError("expected something to read, got nothing", at=self.name, hint="edge.read(...)")
        return Agent(
            self.name,
            self.address,
            self.readings,
            self.driven,
            Path(folder),
            budget=self._left,
            clock=clock or WallClock(),
            wire=sealing(SealKey.read(self._seal)) if self._seal else plainly,
            signers=public_keys(Path(self._signed_by)) if self._signed_by else (),
        )

    @property
    def _left(self) -> int:
        """Bytes that the raw rings leave to the queue."""
        return self.disk - sum(one.bytes for one in self.readings)

    def _check(self, reading: Reading) -> None:
        if reading.capture is not None:
            reading.capture.check(reading.schema, reading.signals)
        for plan in reading.plans:
            _check_lines(plan, reading)
        told = [one.name for plan in reading.plans for one in plan.told] + [reading.missed, reading.dropped]
        names = [name for name in told if name]
        if len(set(names)) < len(names):
            raise SetupError("expected each figure under a signal of its own", at=reading.twin)
        if any(one.name == reading.name for one in self.readings):
            raise SetupError("expected each signal to be read once", at=reading.twin)
        if self._left - reading.bytes < LEAST:
            raise SetupError(
                f"expected raw samples that fit the disk, got {reading.bytes} bytes of {self.disk}",
                at=reading.twin,
                hint="a shorter raw=, a lower rate= of the source, or more disk=",
            )


def edge_in(path: Path) -> Edge:
    """The agent that a file declares under the name `edge`; the file is run, with your rights."""
    return declared_as("edge", Edge, path)


def _check_lines(plan: Plan, reading: Reading) -> None:
    if not plan.summary.lines:
        return
    if not reading.source.step:
        raise SetupError("expected a source with even steps for the lines of a spectrum", at=reading.twin, hint="step=")
    if plan.summary.resolution * reading.summary < SECOND:
        raise SetupError(
            f"expected a window of a segment at least, 1 / {plan.summary.resolution:g} Hz",
            at=reading.twin,
            hint="a longer every=, or a coarser resolution=",
        )


def _length(text: str) -> int:
    length = duration(text)
    if length <= 0:
        raise SetupError(f"expected a length of time above 0, got {text!r}")
    return length
