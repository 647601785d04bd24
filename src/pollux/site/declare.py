"""What a site declares: its fleets, how they speak, what is watched, learnt and allowed. It opens nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, final

from pollux.act import ApprovalPolicy, Envelope, Interlock, Slew
from pollux.act.envelope import Bounds
from pollux.check import AbstractCheck, Calibration
from pollux.check.mapping import TopicMapping
from pollux.check.sealed import AbstractKeys
from pollux.clock import Clock
from pollux.connect.field.source import AbstractFieldSource
from pollux.errors import SetupError
from pollux.model.files import declared_as
from pollux.model.schema import Schema, Signal, schema_of
from pollux.model.symbols import Symbol
from pollux.model.twin import Twin
from pollux.model.units import convert
from pollux.predict import Learning, Outlook
from pollux.site.estate import Holding
from pollux.site.homeassistant.declared import HomeAssistant
from pollux.site.presenting import Presenter
from pollux.watch import Rule

if TYPE_CHECKING:
    from pollux.site.handles import Handle
    from pollux.site.live import LiveSite

T = TypeVar("T", bound=Twin)


@final
@dataclass(slots=True)
class Declared:
    """Everything said about the twins of one type."""

    kind: type[Twin]
    mappings: tuple[TopicMapping, ...] = ()
    fields: tuple[AbstractFieldSource, ...] = ()
    rules: list[Rule] = field(default_factory=list[Rule])
    learning: Learning | None = None
    outlook: Outlook | None = None
    policy: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    interlocks: tuple[Interlock, ...] = ()
    thing: str = "machine"
    presenter: Presenter | None = None
    checks: tuple[AbstractCheck, ...] = ()
    calibrations: tuple[Calibration, ...] = ()

    @property
    def schema(self) -> Schema:
        """The type's schema."""
        return schema_of(self.kind)

    def holding(self, seals: AbstractKeys | None = None) -> Holding:
        """As the estate needs it; `seals` are the keys that open what devices have sealed."""
        return Holding(
            self.schema,
            self.mappings,
            tuple(self.rules),
            self.thing,
            self.outlook.names if self.outlook else (),
            self.checks,
            self.calibrations,
            seals,
        )

    def envelope(self) -> Envelope:
        """What its actuators allow."""
        bounds = {
            one.name: Bounds(
                one.low, one.high, None if one.slew is None else Slew(one.slew), _words(one), str(one.edge)
            )
            for one in self.schema.signals
            if one.role == "actuator"
        }
        return Envelope(bounds, self.interlocks)


@final
class Fleet(Generic[T]):
    """All twins of one type of a site: `fleet["P-7"]` is one of them, `fleet.now` all at once, while it is open."""

    def __init__(self, site: "Site", declared: Declared) -> None:
        self._site = site
        self.declared = declared

    def __getitem__(self, id_: str) -> "Handle[T]":
        """The twin of this id; raises NotFound."""
        return self.live.handle(self.declared, id_)

    def add(
        self,
        id_: str,
        told: "Mapping[Symbol, float | str | bool] | None" = None,
        *,
        when: int | None = None,
    ) -> "Handle[T]":
        """A twin that is there before its first device speaks, with what is told of it: facts and parameters.

        Where there is a twin of this id the facts are added to it. `when` is since when they hold, in nanoseconds UTC;
        without it since now. Raises DataRefused for an id that cannot be one and for what is no fact and no parameter.
        """
        facts = {symbol.name: value for symbol, value in (told or {}).items()}
        self.live.rooms.editor.tell(self.declared.schema.name, id_, facts, when=when)
        return self[id_]

    def __len__(self) -> int:
        return len(self.live.ids(self.declared.schema.name))

    def __iter__(self) -> "Iterator[Handle[T]]":
        return iter([self[id_] for id_ in self.live.ids(self.declared.schema.name)])

    @property
    def now(self) -> T:
        """A view of all twins as they are: every signal is an array (twins,)."""
        view: T = self.live.fleet_view(self.declared)
        return view

    @property
    def live(self) -> "LiveSite":
        """The open site of the fleet; raises SetupError when it is not open."""
        return self._site.live


@final
class Site:
    """A site: fleets of twins, declared once and opened where it is needed.

    >>> import pollux as px
    >>> class Kettle(px.Twin):
    ...     temp = px.sensor("degC", low=-10, high=120)
    >>> site = px.Site("kitchen")
    >>> kettles = site.fleet(Kettle)
    """

    def __init__(
        self,
        title: str = "Pollux",
        *,
        notice: str | None = None,
        zone: str | None = None,
        home_assistant: HomeAssistant | None = None,
    ) -> None:
        self.title = title
        self.notice = notice
        self.zone = zone
        self.home_assistant = home_assistant
        self.declared: dict[str, Declared] = {}
        self._live: LiveSite | None = None

    def fleet(
        self,
        kind: type[T],
        *speaking: TopicMapping | AbstractFieldSource,
        learning: Learning | None = None,
        outlook: Outlook | None = None,
        policy: ApprovalPolicy | None = None,
        interlocks: Sequence[Interlock] = (),
        thing: str = "machine",
        presenter: Presenter | None = None,
        checks: Sequence[AbstractCheck] = (),
        calibrations: Sequence[Calibration] = (),
    ) -> Fleet[T]:
        """Declare the twins of a type: how they speak (natively too, always), what is learnt, who signs orders.

        `outlook` names chances that are foreseen again and again; it needs `learning`. `checks` follow its devices over
        time: clocks, units, redundant sensors; `calibrations` are those of its sensors. Raises SetupError when the type
        was declared before.
        """
        schema = schema_of(kind)
        if schema.name in self.declared:
            raise SetupError(f"expected each type once, got {schema.name} again", at=self.title)
        if learning is not None:
            learning.check(schema)
        if outlook is not None:
            if learning is None:
                raise SetupError("expected learning beside an outlook, got none", at=schema.name)
            outlook.check(schema)
        declared = Declared(
            kind,
            tuple(one for one in speaking if isinstance(one, TopicMapping)),
            tuple(one for one in speaking if isinstance(one, AbstractFieldSource)),
            learning=learning,
            outlook=outlook,
            policy=policy or ApprovalPolicy(),
            interlocks=tuple(interlocks),
            thing=thing,
            presenter=presenter,
            checks=tuple(checks),
            calibrations=tuple(calibrations),
        )
        for source in declared.fields:
            source.check(schema)
        self.declared[schema.name] = declared
        return Fleet(self, declared)

    def watch(self, kind: type[Twin], *rules: Rule) -> None:
        """Add rules to a type that was declared; raises SetupError otherwise."""
        schema = schema_of(kind)
        if schema.name not in self.declared:
            raise SetupError(f"expected a declared type, got {schema.name}", hint="site.fleet(...) comes first")
        for rule in rules:
            schema.signal(rule.signal)
        self.declared[schema.name].rules += rules

    def open(
        self,
        folder: str | Path,
        *,
        act: bool = False,
        mqtt: str | None = "127.0.0.1:0",
        http: str | None = None,
        insecure: bool = False,
        tls: str | Path | None = None,
        older: Sequence[Literal["mqtt", "http"]] = (),
        coap: str | None = None,
        opcua: str | None = None,
        clock: Clock | None = None,
    ) -> "LiveSite":
        """Open the site in a data folder, as a context: devices may speak, twins are read, forked and, with `act`, set.

        `mqtt`, `http` and `coap` are addresses to listen on (port 0: a free one), None for none. `insecure` lets
        devices of this machine come in by their name. `tls` is the folder of an authority (`pollux identity`): all
        listeners then speak TLS 1.3, those in `older` 1.2 too, CoAP speaks DTLS 1.2, and they may listen beyond this
        machine. `opcua` is an address on which twins are shown over OPC UA, always signed and encrypted, so that it may
        be beyond this machine too. Raises SetupError, DamagedLog or StorageError when it cannot be opened.
        """
        from pollux.site.live import LiveSite, Options

        if self._live is not None:
            raise SetupError("the site is open already", at=self.title)
        secured = None if tls is None else Path(tls)
        options = Options(Path(folder), act, mqtt, http, insecure, secured, tuple(older), coap, opcua)
        self._live = LiveSite(self, options, clock=clock, closed=self._forget)
        return self._live

    @property
    def live(self) -> "LiveSite":
        """The open site; raises SetupError when it is not open."""
        if self._live is None:
            raise SetupError("the site is not open", at=self.title, hint='with site.open("folder"): ...')
        return self._live

    def _forget(self) -> None:
        self._live = None


def declared_in(path: Path) -> Site:
    """The site that a file declares under the name `site`; the file is run, with your rights."""
    return declared_as("site", Site, path)


def _words(signal: Signal) -> Callable[[float], str]:
    """How a number of a signal's column is written for people: in the unit in which its class declares it."""
    return lambda number: f"{convert(number, signal.unit, signal.edge):g}"
