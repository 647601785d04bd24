"""What the server asks of the house it shows: small protocols, implemented by the composition root.

A `House` is the installation. Everything that belongs to a tenant is asked of its `Tenancy`, so that a request of one
tenant never holds an object through which another tenant's twins could be reached. Methods read snapshots and return
at once; what takes long is started and looked at again. What a house does not offer is None, and its routes are absent.

Methods are called from several threads. They raise NotFound for what does not exist, OrderRefused, Conflict, Overloaded
and DataRefused with a reason. Rights are the server's business, except where a method takes an `Identity`: there the
house writes down who it was, and may be stricter.
"""

# The body of a protocol's method is its sentence:
# pyright: reportReturnType=false

from collections.abc import Callable, Mapping, Sequence
from socket import socket as Socket
from typing import Literal, Protocol

from pollux.act import Order, Outcome
from pollux.clock import Clock
from pollux.columns.batch import Refusal
from pollux.columns.frames import Encoding, Frames
from pollux.columns.statistics import DeviceStatistics
from pollux.guard import Accounts, Gate, Identity
from pollux.show.asks import AckAsk, AdviceAsk, CommandAsk, ForkAsk, RunAsk, SensitivityAsk, SignAsk
from pollux.show.documents.acting import Check
from pollux.show.documents.common import CheckLine
from pollux.show.documents.fleet import Fleet, Wall
from pollux.show.documents.sensitivity import Sensitivity
from pollux.show.documents.site import Broken
from pollux.show.documents.twins import View
from pollux.show.documents.whatif import Card, Fork, ForkRow
from pollux.show.facts import (
    AuditEntry,
    Caption,
    Changes,
    GapFact,
    Metric,
    Mode,
    News,
    PresenceFact,
    ReceptionFact,
    Remark,
    Samples,
    Score,
    Table,
    Turn,
    TwinType,
)
from pollux.show.tracing import Tracing
from pollux.watch import Alarm


class Ticket(Protocol):
    """A promise of the log: `then` calls back, from another thread, once what was appended is durable."""

    def then(self, callback: Callable[..., object], /, *args: object) -> object:
        """Call `callback(*args)` when durable, at once if it already is."""

    def otherwise(self, callback: Callable[..., object], /, *args: object) -> object:
        """Call `callback(*args)` when it has turned out that it never will be."""


class Noted(Protocol):
    """An entry of the audit trail that is being written."""

    def then(self, callback: Callable[..., object], /, *args: object) -> object:
        """Call `callback(*args)` when it is durable, at once if it already is; never when it fails."""

    def wait(self, timeout: float | None = None, /) -> bool:
        """Wait until it is durable; false when the time is over first. Raises StorageFailed when it never will be."""


Sink = Callable[[Frames], Ticket]
"""Takes raw frames into the log and the mirror. May block; raises Overloaded and StorageFailed."""


class Twins(Protocol):
    """The twins of a tenant as they are, or were at a moment or after a position of the log."""

    def types(self) -> Sequence[TwinType]:
        """The twin types."""

    def ids(self, type_: str) -> Sequence[str]:
        """The ids of all twins of a type; the same object until a twin comes or goes."""

    def read(self, type_: str, ids: Sequence[str] | None, *, at: int | None = None, seq: int | None = None) -> Table:
        """The twins named, in that order, or all; as known at a moment, or after a position of the log."""

    def presence(self, type_: str, ids: Sequence[str], *, at: int | None = None) -> Sequence[PresenceFact]:
        """Whether each twin is heard."""


class TwinEditor(Protocol):
    """Makes, changes and removes twins; each change is in the log before the call returns."""

    def put(self, type_: str, twin: str, facts: Mapping[str, float | str | bool], *, who: Identity) -> bool:
        """Make a twin with these facts and parameters, or replace them; True when it is new."""

    def change(self, type_: str, twin: str, facts: Mapping[str, float | str | bool | None], *, who: Identity) -> None:
        """Change some facts and parameters; None takes one back to its default."""

    def remove(self, type_: str, twin: str, *, who: Identity) -> None:
        """Remove a twin; its history stays."""

    def links(self, type_: str) -> Mapping[str, str]:
        """The links of a type, each with the type that it leads to."""

    def relate(self, type_: str, twin: str, links: Mapping[str, Sequence[str]], *, who: str) -> None:
        """Link a twin to others by their ids, in place of those it was linked to."""


class LiveFeed(Protocol):
    """What changes, by position in the log."""

    def position(self) -> int:
        """The position after which the newest state holds."""

    def changes(self, type_: str, after: int) -> Changes:
        """Cells of a type that changed after a position; all cells for 0."""

    def samples(self, type_: str, twin: str, signal: str, after: int) -> Samples:
        """The samples of one signal that were heard after a position, as far as they are remembered."""

    def turn(self, type_: str, twin: str, *, at: int | None = None) -> Turn | None:
        """The newest whole turn of the twin's cycle."""

    def fork_turn(self, fork: str, option: str, at: int | None) -> Turn | None:
        """A turn of one option of a fork."""

    def news(self, after: int) -> News:
        """What else happened after a position of the announcements (not of the log)."""

    def lag(self) -> tuple[float | None, float | None]:
        """Seconds between event and twin, and values per second; None where not known."""


class HistoryReader(Protocol):
    """What was."""

    def series(self, type_: str, twin: str, signal: str, start: int, end: int, *, at: int | None = None) -> Samples:
        """The samples of one field in [start, end), as known at a moment."""

    def gaps(self, type_: str, twin: str, start: int, end: int) -> Sequence[GapFact]:
        """Stretches in which nothing was heard, with the reason."""


class Forks(Protocol):
    """What-if."""

    def list(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[ForkRow]:
        """The forks of a twin, newest first."""

    def make(self, type_: str, twin: str, ask: ForkAsk, *, who: Identity) -> str:
        """Fork a twin, and start a run when choices are given; the id of the fork."""

    def run(self, fork: str, ask: RunAsk, *, who: Identity) -> None:
        """Start a run; raises Conflict when one is running."""

    def find(self, fork: str) -> Fork:
        """A fork and what its run has shown so far."""

    def drop(self, fork: str, *, who: Identity) -> None:
        """Forget a fork, and stop its run."""


class Sensitivities(Protocol):
    """What matters in a fork."""

    def ask(self, fork: str, ask: SensitivityAsk, *, who: Identity) -> None:
        """Start to find out, in place of what was asked before; raises Conflict while that is under way."""

    def find(self, fork: str) -> Sensitivity:
        """What is known so far."""

    def drop(self, fork: str) -> None:
        """Forget what was asked, and stop it."""


class Advisor(Protocol):
    """Recommendations."""

    def cards(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Card]:
        """The cards of a twin, newest first, without actions."""

    def find(self, type_: str, twin: str, card: str) -> Card:
        """One card."""

    def advise(self, type_: str, twin: str, ask: AdviceAsk, *, who: Identity) -> str:
        """Start weighing; the id of the card that will hold the answer."""

    def decline(self, type_: str, twin: str, card: str, reason: str, *, who: Identity) -> None:
        """Put a card aside, with the reason."""


class Orders(Protocol):
    """Orders as they stand."""

    def list(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Order]:
        """The orders of a twin."""

    def find(self, type_: str, twin: str, order: str) -> Order:
        """One order."""

    def outcome(self, order: Order) -> Sequence[Outcome]:
        """What was measured beside what was predicted; empty before that is known."""

    def checks(self, order: Order) -> Sequence[CheckLine]:
        """What was looked at: limits, interlocks, gates."""

    def signatures_wanted(self, order: Order) -> int:
        """How many signatures the order needs in all."""


class OrderDesk(Protocol):
    """Takes orders; exists only where acting was asked for."""

    def check(self, type_: str, twin: str, card: str, *, who: Identity) -> Check:
        """What acting on a card would do, and whether it may: the first of two steps."""

    def sign(self, type_: str, twin: str, ask: SignAsk, *, who: Identity) -> Order:
        """The second step: the checked order, proposed and signed by `who`."""

    def command(
        self, type_: str, twin: str, ask: CommandAsk, expires_at: int, *, who: Identity, approve: bool
    ) -> Order:
        """Propose an order; with `approve` who asks may also send it, as far as the policy needs no other signature.

        The same id with the same body is the same order; raises Conflict for another body.
        """

    def approve(self, type_: str, twin: str, order: str, *, who: Identity, reason: str, code: str) -> Order:
        """Sign an order."""

    def told(self, type_: str, twin: str, order: str, ask: AckAsk, *, who: Identity) -> Order:
        """What a person's app says of a change on the person's plan; of no other order."""

    def cancel(self, type_: str, twin: str, order: str, *, who: Identity, reason: str) -> Order:
        """Take an order back."""


class Alarms(Protocol):
    """What stands out."""

    def list(self, *, at: int | None = None) -> Sequence[Alarm]:
        """Open alarms, in the order to be shown."""

    def past(self, type_: str, twin: str, start: int, end: int) -> Sequence[Alarm]:
        """All alarms of a twin that were raised in [start, end)."""

    def find(self, alarm: str) -> Alarm:
        """One alarm."""

    def acknowledge(self, alarm: str, *, who: Identity, reason: str) -> Alarm:
        """Somebody has seen it."""

    def shelve(self, alarm: str, *, who: Identity, reason: str, until: int) -> Alarm:
        """Out of sight until a moment."""


class Presenter(Protocol):
    """How a domain wants its twins shown. Whatever it leaves out, the server makes from the type."""

    def caption(self, type_: str, twin: str) -> Caption | None:
        """Title and subtitle, for those who may see names."""

    def view(self, type_: str, twin: str, *, at: int | None = None) -> View | None:
        """What stands where."""

    def remarks(self, type_: str, twin: str, *, at: int | None = None) -> Mapping[str, Remark]:
        """What is to be said beside values."""

    def scores(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Score]:
        """Sums of points that the domain counts of a twin."""

    def cause(self, alarm: Alarm) -> str:
        """What is likely behind an alarm, in a few words; empty where nobody says."""

    def scene(self, type_: str, twin: str) -> bytes | None:
        """The model in three dimensions, as GLB."""

    def fleet(self, type_: str, *, at: int | None = None) -> Fleet | None:
        """The fleet with its own scale and money."""

    def wall(self, name: str) -> Wall | None:
        """A wall by its name; it holds no names of persons."""


class Receptions(Protocol):
    """How messages fared."""

    def of(self, type_: str, twin: str, *, at: int | None = None) -> ReceptionFact:
        """How the messages of one twin fared."""

    def quality(self, type_: str, twin: str, *, at: int | None = None) -> DeviceStatistics:
        """How well the device of a twin measures, since it was first heard."""

    def lost(self, limit: int) -> Sequence[Refusal]:
        """The newest refused messages of everybody, also of twins and types that there are none of; newest last."""


class AuditTrail(Protocol):
    """Who did and saw what."""

    def entries(self, after: int, limit: int) -> Sequence[AuditEntry]:
        """Entries after a position of the log."""

    def looked(self, who: Identity, target: str) -> Noted | None:
        """Somebody is to be shown personal data, once this entry is durable; None where it already is.

        Raises Overloaded and StorageFailed where it cannot be written.
        """


class Subjects(Protocol):
    """People whose data are held."""

    def export(self, subject: str, *, who: Identity) -> Mapping[str, object]:
        """Everything that is held about a person."""

    def erase(self, subject: str, *, who: Identity) -> None:
        """Destroy the person's key, and with it everything held about them. Raises NotFound when nothing is held."""


class Models(Protocol):
    """Twin types in the language of others."""

    def dtdl(self) -> list[dict[str, object]]:
        """The types as DTDL interfaces."""


class Tenancy(Protocol):
    """Everything that belongs to one tenant."""

    @property
    def title(self) -> str: ...

    @property
    def mode(self) -> Mode: ...

    @property
    def notice(self) -> str | None: ...

    @property
    def zone(self) -> str | None: ...

    @property
    def twins(self) -> Twins: ...

    @property
    def live(self) -> LiveFeed: ...

    @property
    def alarms(self) -> Alarms: ...

    @property
    def receptions(self) -> Receptions: ...

    @property
    def tracing(self) -> Tracing: ...

    @property
    def audit(self) -> AuditTrail: ...

    @property
    def editor(self) -> TwinEditor | None: ...

    @property
    def history(self) -> HistoryReader | None: ...

    @property
    def forks(self) -> Forks | None: ...

    @property
    def sensitivities(self) -> Sensitivities | None: ...

    @property
    def advisor(self) -> Advisor | None: ...

    @property
    def orders(self) -> Orders | None: ...

    @property
    def desk(self) -> OrderDesk | None: ...

    @property
    def presenter(self) -> Presenter | None: ...

    @property
    def subjects(self) -> Subjects | None: ...

    @property
    def models(self) -> Models | None: ...


Offer = Literal["edit", "history", "forks", "advice", "orders", "acting", "subjects", "models"]
"""What a house may or may not have; routes of what it has not are absent."""


class House(Protocol):
    """An installation: who may enter, where data go, and its tenants."""

    @property
    def clock(self) -> Clock: ...

    @property
    def gate(self) -> Gate: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def version(self) -> str: ...

    @property
    def offers(self) -> frozenset[Offer]: ...

    def tenancy(self, tenant: str) -> Tenancy | None:
        """What belongs to a tenant; None when there is no such tenant."""

    def tunnel(self, address: str, certificate: bytes | None) -> Socket | None:
        """A connection to the MQTT endpoint for a client that came in otherwise, from an address, with the fingerprint
        of the certificate that it has shown; None where there is no endpoint."""

    def sink(self, frames: Frames) -> Ticket:
        """Take raw frames, of any tenant."""

    def apart(self, payload: bytes, encoding: Encoding, now: int) -> Sequence[tuple[str, bytes]]:
        """A payload of several twins, which names them itself, as MessagePack of one twin each; raises DataRefused."""

    def broken(self) -> Sequence[Broken]:
        """Promises that do not hold at the moment; empty when all is well."""

    def metrics(self) -> Sequence[Metric]:
        """Figures for operators."""

    def speed(self) -> float:
        """Seconds of the site's clock per real second."""

    def home(self, identity: Identity) -> str:
        """The first thing this identity wants to see: `twins/TW`, `fleets/TYPE`, `wall/NAME` or empty."""

    def rights_text(self, identity: Identity) -> str:
        """What this identity may do, in words."""
