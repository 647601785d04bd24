"""An in-memory house with two tenants: what the site implements for real, small enough to read in one go."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from argon2 import PasswordHasher
from msgspec import structs

import pollux as px
from pollux.act import ApprovalPolicy, Effect, Order, OrderBook, Outcome
from pollux.check.apart import apart
from pollux.check.faults import Fault
from pollux.clock import DAY, HOUR, MINUTE, SECOND, SimulatedClock
from pollux.columns.batch import Refusal
from pollux.columns.frames import Encoding, Frames, Origin
from pollux.columns.quality import Quality, Reason
from pollux.columns.statistics import ClockEstimate, Delays, DeviceStatistics, SignalStatistics
from pollux.errors import Conflict, DataRefused, NotFound, OrderRefused
from pollux.guard import DEFAULT_POLICY, Accounts, Gate, Grant, Identity, Policy
from pollux.guard.passwords import Passwords
from pollux.model.schema import schema_of
from pollux.show import asks
from pollux.show.compose.view import TIME
from pollux.show.documents.acting import Check
from pollux.show.documents.common import Action, CheckLine, Line
from pollux.show.documents.fleet import Fleet, Tile, Wall
from pollux.show.documents.sensitivity import Bar, Sensitivity
from pollux.show.documents.site import Broken
from pollux.show.documents.twins import Callout, Camera, Chart, Choice, Lab, Layer, Scene, ScenePart, View, Vital
from pollux.show.documents.whatif import (
    Card,
    Cell,
    Chance,
    Comparison,
    Fan,
    Fork,
    ForkRow,
    RunOption,
    TableGroup,
    TableRow,
)
from pollux.show.facts import (
    Announcement,
    AuditEntry,
    Caption,
    Changes,
    DeviceFact,
    Field,
    GapFact,
    Metric,
    Mode,
    News,
    Points,
    PresenceFact,
    ReceptionFact,
    Remark,
    Samples,
    Score,
    Table,
    Turn,
    TwinType,
)
from pollux.show.house import Offer
from pollux.show.tracing import AccountFact, HeardFact, LineFact, SpokenFact, TraceFact, ValueFact
from pollux.watch import Alarm, AlarmBook

NOW = 1_763_894_536 * SECOND


class PumpClass(px.Twin):
    """A pump that warms while it turns."""

    temp = px.sensor("K", low=250, high=500)
    speed = px.actuator("rpm", low=600, high=3000, safe=600)
    room = px.parameter("K", 293)
    losses = px.parameter("1/s", px.lognormal(0.01, 0.3))

    @px.rate(temp)
    def warms(self):
        return self.losses * (self.room - self.temp)


PUMP = TwinType(
    "Pump",
    (
        Field("temp", "measured", "K", label="Temperature", every=60.0),
        Field("wear", "estimate", "1", label="Wear"),
        Field("speed", "set", "rpm", label="Speed"),
        Field("room", "parameter", "K", label="Room", low=250.0, high=420.0),
        Field("site", "fact", "", label="Site", numeric=False),
        Field("mode", "fact", "", label="Mode", choices=("auto", "manual")),
    ),
    "Pumps",
    "pump",
    schema=schema_of(PumpClass),
)
PATIENT = TwinType(
    "Patient",
    (
        Field("pulse", "measured", "/min", label="Pulse", every=1.0),
        Field("name", "fact", "", label="Name", personal=True, numeric=False),
    ),
    "Patients",
    "patient",
    personal=True,
)
POLICY = Policy(
    [
        *DEFAULT_POLICY.grants,
        Grant("role:clinician", frozenset({"read", "write", "propose", "approve", "command", "see-names"}), "*"),
        Grant("role:wall", frozenset({"read"}), "wall/ward-4"),
    ]
)
OFFERS: frozenset[Offer] = frozenset({"edit", "history", "forks", "advice", "orders", "acting", "subjects", "models"})


def fast_passwords(clock: SimulatedClock) -> Passwords:
    """Cheap parameters: what is tested is the door, not the hash."""
    return Passwords(clock, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class DoneTicket:
    """A ticket that is durable when the disk says so."""

    def __init__(self, disk: "Disk") -> None:
        self._disk = disk

    def then(self, callback: Callable[..., object], /, *args: object) -> None:
        if self._disk.slow:
            self._disk.owed.append((callback, args))
            self._disk.waited.set()
        else:
            callback(*args)

    def otherwise(self, callback: Callable[..., object], /, *args: object) -> None:
        self._disk.feared.append((callback, args))


@dataclass
class Disk:
    """Where frames go. `slow` keeps tickets open until `sync`; `failure` is raised instead of taking anything."""

    heard: list[Frames] = field(default_factory=list)
    slow: bool = False
    failure: Exception | None = None
    owed: list[tuple[Callable[..., object], tuple[object, ...]]] = field(default_factory=list)
    feared: list[tuple[Callable[..., object], tuple[object, ...]]] = field(default_factory=list)
    waited: threading.Event = field(default_factory=threading.Event)

    def sink(self, frames: Frames) -> DoneTicket:
        if self.failure is not None:
            raise self.failure
        self.heard.append(frames)
        return DoneTicket(self)

    def sync(self) -> None:
        owed, self.owed = self.owed, []
        for callback, args in owed:
            callback(*args)

    def fail(self) -> None:
        """The sync that was owed fails: nothing of it will ever be durable."""
        self.owed.clear()
        for callback, args in self.feared:
            callback(*args)

    def messages(self) -> list[tuple[Origin, str, bytes, int]]:
        return [
            (frames.sender(i), frames.topic(i).decode(), bytes(frames.payload(i)), int(frames.encoding[i]))
            for frames in self.heard
            for i in range(len(frames))
        ]


class FakeTwins:
    """Twins as plain arrays; also their editor and their live feed."""

    def __init__(self, clock: SimulatedClock, types: Sequence[TwinType]) -> None:
        self.clock, self.seq = clock, 0
        self._types = tuple(types)
        self.columns: dict[str, dict[str, np.ndarray]] = {}
        self.names: dict[str, tuple[str, ...]] = {}
        self.texts: dict[tuple[str, str, str], str] = {}
        self.stream: dict[tuple[str, str, str], list[tuple[int, int, float]]] = {}
        self.said: list[Announcement] = []
        self.runs: list[tuple[str, float, str]] = []
        self.cycle: Turn | None = None
        self.offline: set[str] = set()
        for type_ in types:
            self.names[type_.name] = ()
            self.columns[type_.name] = self._empty(type_, 0)

    @staticmethod
    def _empty(type_: TwinType, rows: int) -> dict[str, np.ndarray]:
        shape = len(type_.fields), rows
        return {
            "value": np.full(shape, np.nan),
            "quality": np.zeros(shape, np.uint8),
            "reason": np.zeros(shape, np.uint16),
            "time": np.zeros(shape, np.int64),
            "arrival": np.zeros(shape, np.int64),
            "sigma": np.full(shape, np.nan),
            "changed": np.zeros(shape, np.int64),
        }

    def add(self, type_: str, twin: str) -> None:
        kind = self._type(type_)
        if twin in self.names[type_]:
            return
        new = self._empty(kind, 1)
        self.columns[type_] = {k: np.concatenate((v, new[k]), axis=1) for k, v in self.columns[type_].items()}
        self.names[type_] = (*self.names[type_], twin)

    def tell(self, twin: str, signal: str, value: float, *, quality: Quality = Quality.GOOD, sigma: float = np.nan):
        kind, name = twin.split("/")
        place, row = self._type(kind).index[signal], self._row(kind, name)
        self.seq += 1
        now, columns = self.clock.now(), self.columns[kind]
        for key, content in (
            ("value", value), ("quality", quality), ("time", now), ("arrival", now), ("sigma", sigma),
            ("changed", self.seq),
        ):  # fmt: skip
            columns[key][place, row] = content
        self.stream.setdefault((kind, name, signal), []).append((self.seq, now, value))

    def write(self, twin: str, signal: str, text: str) -> None:
        kind, name = twin.split("/")
        place, row = self._type(kind).index[signal], self._row(kind, name)
        self.seq += 1
        self.texts[kind, name, signal] = text
        self.columns[kind]["quality"][place, row] = Quality.GOOD
        self.columns[kind]["changed"][place, row] = self.seq

    def remove_row(self, type_: str, twin: str) -> None:
        row = self._row(type_, twin)
        self.columns[type_] = {k: np.delete(v, row, axis=1) for k, v in self.columns[type_].items()}
        self.names[type_] = tuple(name for name in self.names[type_] if name != twin)

    def _type(self, name: str) -> TwinType:
        found = next((one for one in self._types if one.name == name), None)
        if found is None:
            raise NotFound("no such type", at=name)
        return found

    def _row(self, type_: str, twin: str) -> int:
        if twin not in self.names.get(type_, ()):
            raise NotFound("no such twin", at=f"{type_}/{twin}")
        return self.names[type_].index(twin)

    # Twins
    def types(self) -> Sequence[TwinType]:
        return self._types

    def ids(self, type_: str) -> Sequence[str]:
        return self.names[self._type(type_).name]

    def read(self, type_: str, ids: Sequence[str] | None, *, at: int | None = None, seq: int | None = None) -> Table:
        kind = self._type(type_)
        names = self.names[type_] if ids is None else tuple(ids)
        rows = [self._row(type_, name) for name in names]
        c = {k: v[:, rows].copy() for k, v in self.columns[type_].items()}
        now = self.clock.now() if at is None else at
        if at is not None:
            later = c["time"] > at
            c["quality"][later], c["value"][later] = Quality.MISSING, np.nan
        texts = {
            one.name: [self.texts.get((type_, name, one.name)) for name in names]
            for one in kind.fields
            if not one.numeric
        }
        return Table(
            kind, names, self.seq if seq is None else seq, now, c["value"], c["quality"], c["reason"], c["time"],
            c["arrival"], c["sigma"], texts=texts,
        )  # fmt: skip

    def presence(self, type_: str, ids: Sequence[str], *, at: int | None = None) -> Sequence[PresenceFact]:
        for name in ids:
            self._row(type_, name)
        device = DeviceFact("d", "device", True, NOW)
        return [PresenceFact(name not in self.offline, NOW, devices=(device,)) for name in ids]

    # editor
    def put(self, type_: str, twin: str, facts: Mapping[str, float | str | bool], *, who: Identity) -> bool:
        new = twin not in self.ids(type_)
        self.add(type_, twin)
        self.change(type_, twin, facts, who=who)
        return new

    def change(self, type_: str, twin: str, facts: Mapping[str, float | str | bool | None], *, who: Identity) -> None:
        self._row(type_, twin)
        for name, value in facts.items():
            if isinstance(value, str):
                self.write(f"{type_}/{twin}", name, value)
            elif value is not None:
                self.tell(f"{type_}/{twin}", name, float(value))

    def remove(self, type_: str, twin: str, *, who: Identity) -> None:
        self.remove_row(type_, twin)

    def links(self, type_: str) -> Mapping[str, str]:
        return {}

    def relate(self, type_: str, twin: str, links: Mapping[str, Sequence[str]], *, who: str) -> None:
        raise NotFound("there are no links here", at=twin)

    # live feed
    def position(self) -> int:
        return self.seq

    def changes(self, type_: str, after: int) -> Changes:
        columns, ids = self.columns[type_], self.names[type_]
        cells = np.nonzero(columns["changed"] > after) if after else np.nonzero(columns["changed"] >= 0)
        return Changes(
            self.seq, ids, cells[1].astype(np.int32), cells[0].astype(np.int32), columns["value"][cells],
            columns["quality"][cells], columns["time"][cells], columns["sigma"][cells],
        )  # fmt: skip

    def samples(self, type_: str, twin: str, signal: str, after: int) -> Samples:
        found = [one for one in self.stream.get((type_, twin, signal), []) if one[0] > after]
        n = len(found)
        return Samples(
            self.seq,
            np.array([one[1] for one in found], np.int64).reshape(n),
            np.array([one[2] for one in found], np.float64).reshape(n),
            np.full(n, Quality.GOOD, np.uint8),
        )

    def turn(self, type_: str, twin: str, *, at: int | None = None) -> Turn | None:
        return self.cycle if type_ == "Patient" else None

    def fork_turn(self, fork: str, option: str, at: int | None) -> Turn | None:
        return self.cycle

    def news(self, after: int) -> News:
        return News(len(self.said), tuple(self.said[after:]), tuple(self.runs))

    def lag(self) -> tuple[float | None, float | None]:
        return 0.25, 100.0


class FakeHistory:
    """A minute of temperatures, one a second, with one bad stretch."""

    def __init__(self, twins: FakeTwins) -> None:
        self.twins, self.n = twins, 3_600

    def series(self, type_: str, twin: str, signal: str, start: int, end: int, *, at: int | None = None) -> Samples:
        self.twins._row(type_, twin)
        time = NOW - HOUR + np.arange(self.n) * (HOUR // self.n)
        value = 300.0 + np.sin(np.arange(self.n) / 30.0)
        quality = np.full(self.n, Quality.GOOD, np.uint8)
        quality[100:110] = Quality.UNCERTAIN
        last = end if at is None else min(end, at + 1)
        inside = (time >= start) & (time < last)
        position = np.arange(self.n)
        return Samples(
            self.twins.seq, time[inside], value[inside], quality[inside], time[inside] + SECOND, position[inside]
        )

    def gaps(self, type_: str, twin: str, start: int, end: int) -> Sequence[GapFact]:
        return [GapFact(NOW - 3 * HOUR, NOW - HOUR + MINUTE, "no cuff")]


class FakeAlarms:
    """A real alarm book."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.book, self._clock = AlarmBook(), clock

    def raise_(self, twin: str, signal: str, severity, title: str, value: float = 0.0) -> Alarm:
        kind, name = twin.split("/")
        alarm = Alarm(
            f"{kind}~{name}~{signal}~{severity}", kind, name, f"{signal}-rule", signal, severity, title,
            "measured 360, limit 350", value, self._clock.now(),
        )  # fmt: skip
        self.book.put(alarm)
        return alarm

    def list(self, *, at: int | None = None) -> Sequence[Alarm]:
        return [alarm for alarm in self.book if at is None or alarm.raised <= at]

    def past(self, type_: str, twin: str, start: int, end: int) -> Sequence[Alarm]:
        every = [*self.book, *self.book.past()]
        return [one for one in every if (one.type, one.twin) == (type_, twin) and start <= one.raised < end]

    def find(self, alarm: str) -> Alarm:
        return self.book.find(alarm)

    def acknowledge(self, alarm: str, *, who: Identity, reason: str) -> Alarm:
        return self.book.acknowledge(alarm, who=who.name, reason=reason, at=self._clock.now())

    def shelve(self, alarm: str, *, who: Identity, reason: str, until: int) -> Alarm:
        return self.book.shelve(alarm, who=who.name, reason=reason, until=until, at=self._clock.now())


class FakeOrders:
    """A real order book, with one signature wanted, and the desk that fills it."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.book, self._clock, self.policy = OrderBook(), clock, ApprovalPolicy()
        self.issued: dict[str, int] = {}

    def list(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Order]:
        return [order for order in self.book if (order.type, order.twin) == (type_, twin)]

    def find(self, type_: str, twin: str, order: str) -> Order:
        found = self.book.find(order)
        if (found.type, found.twin) != (type_, twin):
            raise NotFound("no such order", at=order)
        return found

    def outcome(self, order: Order) -> Sequence[Outcome]:
        return [Outcome(effect, effect.median, "inside") for effect in order.predicted]

    def checks(self, order: Order) -> Sequence[CheckLine]:
        return [CheckLine(text="within the envelope", ok=True)]

    def signatures_wanted(self, order: Order) -> int:
        return self.policy.signatures

    def check(self, type_: str, twin: str, card: str, *, who: Identity) -> Check:
        confirm = Action(key="sign", label="Sign", href=f"twins/{type_}/{twin}/commands", body={"check": "K-1"})
        return Check(
            id="K-1", title="Slow down", expires=NOW / SECOND + 300, affected=twin,
            lines=(Line(label="Wear", value=-1.0),), checks=(), blocked=None, confirm=confirm,
        )  # fmt: skip

    def sign(self, type_: str, twin: str, ask: asks.SignAsk, *, who: Identity) -> Order:
        if ask.check != "K-1":
            raise NotFound("no such check", at=ask.check)
        effect = Effect("temp", "K", NOW + HOUR, 350.0, 340.0, 335.0, 345.0)
        command = asks.CommandAsk(id="PC-1", name="set", params={"speed": 2000.0}, reason="as advised")
        return self._propose(type_, twin, command, NOW + HOUR, who, approve=True, predicted=(effect,))

    def command(
        self, type_: str, twin: str, ask: asks.CommandAsk, expires_at: int, *, who: Identity, approve: bool
    ) -> Order:
        return self._propose(type_, twin, ask, expires_at, who, approve=approve)

    def _propose(
        self,
        type_: str,
        twin: str,
        ask: asks.CommandAsk,
        expires_at: int,
        who: Identity,
        *,
        approve: bool,
        predicted: tuple[Effect, ...] = (),
    ) -> Order:
        if float(ask.params.get("speed", 0)) > 3000:
            raise OrderRefused("speed: expected 600 to 3000", at=f"{type_}/{twin}", hint="ask for less")
        now = self._clock.now()
        order = Order(
            ask.id, type_, twin, ask.name, tuple(ask.params.items()), who.name,
            self.issued.setdefault(ask.id, now), expires_at, ask.reason, predicted=predicted,
        )  # fmt: skip
        known = self.book.known(order)
        if known is not None:
            return known
        proposed = self.book.propose(order, now)
        if approve and not self.policy.signatures:
            return self.book.step(order.id, "approved", who=who.name, now=now)
        return proposed

    def approve(self, type_: str, twin: str, order: str, *, who: Identity, reason: str, code: str) -> Order:
        return self.book.sign(order, self.policy, who=who.name, roles=who.roles, reason=reason, now=self._clock.now())

    def told(self, type_: str, twin: str, order: str, ask: asks.AckAsk, *, who: Identity) -> Order:
        if self.find(type_, twin, order).carrier != "person":
            raise NotFound("no such order", at=order)
        return self.book.step(order, ask.state, who=who.name, reason=ask.reason, now=self._clock.now())

    def cancel(self, type_: str, twin: str, order: str, *, who: Identity, reason: str) -> Order:
        return self.book.step(order, "cancelled", who=who.name, reason=reason, now=self._clock.now())


class FakeForks:
    """Forks whose runs are done when somebody looks the second time; and the advisor."""

    def __init__(self) -> None:
        self.forks: dict[str, Fork] = {}
        self.cards_: dict[str, tuple[str, Card]] = {}
        self._count = itertools.count(1)
        self.declined: list[tuple[str, str]] = []

    def list(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[ForkRow]:
        mine = [fork for fork in self.forks.values() if fork.twin == f"{type_}/{twin}"]
        return [ForkRow(id=f.id, title=f.title, made=f.made, state=f.state, kept=False) for f in reversed(mine)]

    def make(self, type_: str, twin: str, ask: asks.ForkAsk, *, who: Identity) -> str:
        name = f"F-{next(self._count)}"
        self.forks[name] = Fork(
            id=name, twin=f"{type_}/{twin}", title="fork", made=NOW / SECOND, until=None, members=0, seq=1,
            state="running" if ask.choices else "ready", progress=0.0, text=None,
        )  # fmt: skip
        return name

    def run(self, fork: str, ask: asks.RunAsk, *, who: Identity) -> None:
        if self.find(fork).state == "running":
            raise Conflict("a run is going on", at=fork)
        fan = Fan(unit="K", p5=[300.0], p50=[301.0], p95=[302.0])
        chance = Chance(unit="%", value=3.0, lo=1.0, hi=8.0, text="in 7 days")
        rows = tuple(
            TableRow(label=name, unit="K", signal=name, signed=True, step=None, cells={"0": Cell(value=1.0)})
            for name in ("temp", "wear")
        )
        self.forks[fork] = structs.replace(
            self.forks[fork], state="done", progress=1.0, members=ask.members, grid=[NOW / SECOND],
            options=(RunOption(key="0", choice="keep", label="Keep", short="keep", first=True, gate=None),),
            fans={"0": {"temp": fan, "wear": fan}},
            chances={"0": {"temp": chance, "wear": chance}},
            table=Comparison(note="median", groups=(TableGroup(title="All", rows=rows),)),
        )  # fmt: skip

    def find(self, fork: str) -> Fork:
        if fork not in self.forks:
            raise NotFound("no such fork", at=fork)
        return self.forks[fork]

    def drop(self, fork: str, *, who: Identity) -> None:
        del self.forks[self.find(fork).id]

    # advisor
    def cards(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Card]:
        return [card for owner, card in self.cards_.values() if owner == f"{type_}/{twin}"]


class FakeSensitivities:
    """Answers that are there at once."""

    def __init__(self, forks: FakeForks) -> None:
        self._forks = forks
        self.answers: dict[str, Sensitivity] = {}

    def ask(self, fork: str, ask: asks.SensitivityAsk, *, who: Identity) -> None:
        self._forks.find(fork)
        if ask.output != "temp":
            raise DataRefused("expected temp", at="$.output")
        bar = Bar(
            name="losses", label="losses", unit="1/s", low=0.006, high=0.016, at_low=299.0, at_high=303.0,
            share=100.0, lo=None, hi=None,
        )  # fmt: skip
        self.answers[fork] = Sensitivity(
            fork=fork, state="done", progress=1.0, method=ask.method, output=ask.output, label="temp", unit="K",
            over=ask.over or "7 days", middle=301.0, words="Losses decides it.", note="3 runs.", runs=3, bars=(bar,),
        )  # fmt: skip

    def find(self, fork: str) -> Sensitivity:
        return self.answers.get(fork) or Sensitivity(fork=fork, state="none")

    def drop(self, fork: str) -> None:
        self.answers.pop(fork, None)


class FakeAdvisor:
    """Cards that are open as soon as they are asked for."""

    def __init__(self) -> None:
        self.cards_: dict[str, tuple[str, Card]] = {}
        self.running = False

    def cards(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Card]:
        return [card for owner, card in self.cards_.values() if owner == f"{type_}/{twin}"]

    def find(self, type_: str, twin: str, card: str) -> Card:
        owner, found = self.cards_.get(card, ("", None))
        if found is None or owner != f"{type_}/{twin}":
            raise NotFound("no such card", at=card)
        return found

    def advise(self, type_: str, twin: str, ask: asks.AdviceAsk, *, who: Identity) -> str:
        name = f"R-{len(self.cards_) + 1}"
        card = Card(
            id=name, state="running" if self.running else "open", option="A", fork=None, rank="Ranked first",
            title="Slow down", text="", made=NOW / SECOND, expires=None,
        )  # fmt: skip
        self.cards_[name] = (f"{type_}/{twin}", card)
        return name

    def decline(self, type_: str, twin: str, card: str, reason: str, *, who: Identity) -> None:
        self.cards_[card] = (f"{type_}/{twin}", structs.replace(self.find(type_, twin, card), state="declined"))


class FakePresenter:
    """Presents patients itself, and leaves pumps to the server."""

    def caption(self, type_: str, twin: str) -> Caption | None:
        return Caption("Anna Example", "woman, 62") if type_ == "Patient" else None

    def view(self, type_: str, twin: str, *, at: int | None = None) -> View | None:
        if type_ != "Patient":
            return None
        scene = Scene(
            title="Heart", glb=f"twins/{type_}/{twin}/scene.glb", hint=None,
            camera=Camera(position=(0, 0, 4), target=(0, 0, 0), fov=28),
            layers=(Layer(key="strain", label="Strain", unit="%", from_=-20, to=-5, from_label="a", to_label="b"),),
            parts=(ScenePart(part="lv", kind="muscle", label="LV", signals={"strain": "pulse"}),),
            callouts=(Callout(label="x", node="n", signal="name", prefix=None, text=None, side="left"),),
        )  # fmt: skip
        return View(
            twin=f"{type_}/{twin}", type=type_, group=None, title="Anna Example", subtitle="woman, 62", notice=None,
            time=TIME, vitals=(Vital(label="Pulse", signals=("pulse",)), Vital(label="Name", signals=("name",))),
            charts=(Chart(label="Pulse", signal="pulse"),), scene=scene,
            lab=Lab(title="Lab", choices=(Choice(id="keep", label="Keep"),)), words={},
            panels=("alerts", "lab", "advice", "orders", "refusals"),
        )  # fmt: skip

    def remarks(self, type_: str, twin: str, *, at: int | None = None) -> Mapping[str, Remark]:
        return {"pulse": Remark(word="usual for her")} if type_ == "Patient" else {}

    def scores(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[Score]:
        inputs = (Points("pulse", "pulse", 2), Points("name", "name", None, "not measured"))
        return (Score("Early warning", 6, inputs, "medium", "An aid."),) if type_ == "Patient" else ()

    def cause(self, alarm: Alarm) -> str:
        return "likely fluid" if alarm.signal == "weight" else ""

    def scene(self, type_: str, twin: str) -> bytes | None:
        return b"glTF" + bytes(8) if type_ == "Patient" else None

    def fleet(self, type_: str, *, at: int | None = None) -> Fleet | None:
        return None

    def wall(self, name: str) -> Wall | None:
        if name != "ward-4":
            return None
        tile = Tile(code="4-03", state="steady", severity=None, text="steady", since=None, values=())
        return Wall(name=name, title="Ward 4", text="1 bed", now=0.0, seq=1, notice=None, tiles=(tile,) * 20)


class FakeReceptions:
    """All arrives, unless a fact is put here."""

    def __init__(self) -> None:
        self.fact = ReceptionFact(NOW - DAY, True, "connected", 10, 10, NOW)

    def of(self, type_: str, twin: str, *, at: int | None = None) -> ReceptionFact:
        return self.fact

    def quality(self, type_: str, twin: str, *, at: int | None = None) -> DeviceStatistics:
        some = tuple(
            SignalStatistics(name, 10, {"good": 9, "uncertain": 1}, {"spike": 1}) for name in ("temp", "speed")
        )
        clock = ClockEstimate(-3600.0, None, "zone", -3600.0)
        return DeviceStatistics(type_, twin, 10, 1, 2, Delays(10, 0.001, 0.002, 0.004), clock, some)

    def lost(self, limit: int) -> Sequence[Refusal]:
        return self.fact.refusals[-limit:]

    def refuse(self) -> None:
        origin = Origin("", "P-1")
        refusal = Refusal(
            0,
            NOW,
            origin,
            "twins/Pump/P-1/telemetry",
            Reason.WRONG_TYPE,
            "expected a number - at $.temp",
            '{"temp": "7,5"}',
        )
        self.fact = ReceptionFact(NOW - DAY, True, "connected", 10, 4, NOW, (refusal,), (("temp", "outside", 3, NOW),))


class FakeTracing:
    """One device is known."""

    def of(self, device: str) -> TraceFact | None:
        if device != "D-1":
            return None
        account = AccountFact("device", False, 1, (), ("Pump/P-1", "Patient/H-1"))
        twins = (
            SpokenFact("Pump/P-1", False, NOW, 10, True, ""),
            SpokenFact("Patient/H-1", True, NOW, 10, True, ""),
        )
        values = (ValueFact("temp", 301.0, "K", NOW, Quality.GOOD, Reason.NONE),)
        heard = (HeardFact("Pump/P-1", "D-1", NOW, "twins/Pump/P-1/telemetry", 14, '{"temp": 301}', values),)
        line = LineFact("MQTT 5", "127.0.0.1", "D-1", NOW - HOUR, NOW, 1_000, 100)
        return TraceFact(device, account, (line,), 0, (), (), twins, 0, heard, 0, (), (0.001, 0.004))


class FakeAudit:
    """Entries in a list."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def entries(self, after: int, limit: int) -> Sequence[AuditEntry]:
        every = [AuditEntry(i, NOW, who, "looked", target) for i, (who, target) in enumerate(self.seen, 1)]
        return [entry for entry in every if entry.seq > after][:limit]

    def looked(self, who: Identity, target: str) -> None:
        self.seen.append((who.name, target))


class FakeSubjects:
    """One person."""

    def __init__(self, subject: str) -> None:
        self.held = {subject: {"name": "Anna Example"}}

    def export(self, subject: str, *, who: Identity) -> Mapping[str, object]:
        if subject not in self.held:
            raise NotFound("nobody", at=subject)
        return self.held[subject]

    def erase(self, subject: str, *, who: Identity) -> None:
        if self.held.pop(subject, None) is None:
            raise NotFound("nobody", at=subject)


class FakeModels:
    """One interface."""

    def dtdl(self) -> list[dict[str, object]]:
        return [{"@id": "dtmi:pollux:Pump;1", "@type": "Interface"}]


class FakeTenancy:
    """One tenant with three pumps and two patients."""

    zone: str | None = "Europe/Berlin"
    notice: str | None = None
    mode: Mode = "act"

    def __init__(self, title: str, clock: SimulatedClock, letter: str = "P") -> None:
        self.title = title
        self.twins = self.live = self.editor = twins = FakeTwins(clock, (PUMP, PATIENT))
        for name in (f"{letter}-1", f"{letter}-2", f"{letter}-3"):
            twins.add("Pump", name)
            twins.tell(f"Pump/{name}", "temp", 300.0 + int(name[2:]), sigma=0.4)
            twins.tell(f"Pump/{name}", "wear", 0.1, quality=Quality.ESTIMATED, sigma=0.02)
            twins.tell(f"Pump/{name}", "speed", 2400.0)
            twins.tell(f"Pump/{name}", "mode", 0.0)
            twins.write(f"Pump/{name}", "site", "hall 1")
        for name in ("H-1", "H-2"):
            twins.add("Patient", name)
            twins.tell(f"Patient/{name}", "pulse", 70.0)
            twins.write(f"Patient/{name}", "name", "Anna Example")
        self.history = FakeHistory(twins)
        self.alarms = FakeAlarms(clock)
        self.receptions = FakeReceptions()
        self.tracing = FakeTracing()
        self.audit = FakeAudit()
        self.forks = FakeForks()
        self.sensitivities = FakeSensitivities(self.forks)
        self.advisor = FakeAdvisor()
        self.orders = FakeOrders(clock)
        self.desk: FakeOrders | None = self.orders
        self.presenter = FakePresenter()
        self.subjects = FakeSubjects("anna" if letter == "P" else "bert")
        self.models = FakeModels()


class FakeHouse:
    """An installation with its own tenant and another one."""

    version = "0.1.0"
    offers = OFFERS

    def tunnel(self, address: str, certificate: bytes | None) -> None:
        """No MQTT here."""

    def __init__(self, folder: Path, tokens: Mapping[str, str] | None = None) -> None:
        self.clock = SimulatedClock(NOW)
        self.accounts = Accounts(folder / "accounts.db", clock=self.clock, passwords=fast_passwords(self.clock))
        self.gate = Gate(self.accounts, policy=POLICY)
        self.disk = Disk()
        self.tenants = {"": FakeTenancy("The plant", self.clock), "north": FakeTenancy("The north", self.clock, "N")}
        self.broken_promises: list[Broken] = []
        self.tokens: dict[str, str] = dict(tokens or {})
        if tokens is None:
            self._people()

    def _people(self) -> None:
        self.person("admin", {"administrator"}, ["*"])
        self.person("viewer", {"viewer"}, ["Pump/*"])
        self.person("reader", {"viewer"}, ["Pump/P-1/temp"])
        self.person("operator", {"operator"}, ["Pump/*"])
        self.person("clinician", {"clinician"}, ["*"])
        self.person("wall", {"wall"}, ["wall/ward-4"])
        self.person("stranger", {"administrator"}, ["*"], tenant="north")
        self.person("nobody", set(), ["*"])
        self.accounts.add("P-1", kind="device", roles={"device"}, twins=["Pump/P-1"])
        self.tokens["device"] = self.accounts.issue("P-1").secret

    def person(self, name: str, roles: set[str], twins: list[str], tenant: str = "") -> None:
        self.accounts.add(name, kind="person", roles=roles, twins=twins, tenant=tenant)
        self.tokens[name] = self.accounts.issue(name, tenant=tenant).secret

    def tenancy(self, tenant: str) -> FakeTenancy | None:
        return self.tenants.get(tenant)

    def sink(self, frames: Frames) -> DoneTicket:
        return self.disk.sink(frames)

    def apart(self, payload: bytes, encoding: Encoding, now: int) -> Sequence[tuple[str, bytes]]:
        try:
            return apart(payload, encoding, arrival=now)
        except Fault as fault:
            raise DataRefused(fault.detail, at=fault.path or "$") from None

    def broken(self) -> Sequence[Broken]:
        return self.broken_promises

    def metrics(self) -> Sequence[Metric]:
        samples = (({"tenant": "north", "twin": "P-1"}, 3.0), ({"tenant": "", "twin": "P-2"}, 4.0))
        return [Metric("pollux_samples_total", "counter", "Samples taken in.", samples)]

    def speed(self) -> float:
        return 1.0

    def home(self, identity: Identity) -> str:
        return "wall/ward-4" if "wall" in identity.roles else ""

    def rights_text(self, identity: Identity) -> str:
        return ", ".join(sorted(identity.roles))

    def close(self) -> None:
        self.accounts.close()
