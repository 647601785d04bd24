"""An open site: the log, the estates, the doors, and the threads between them, put together in one place."""

import hashlib
import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np
from numpy.typing import NDArray

from pollux.act import Order, Transition
from pollux.check import Decoder
from pollux.clock import Clock, ScaledClock, SimulatedClock, WallClock, stopwatch
from pollux.columns.batch import Batch
from pollux.columns.frames import Frames
from pollux.columns.view import LiveReader, live_view
from pollux.connect.coap.endpoint import CoapEndpoint
from pollux.connect.mqtt.endpoint import MqttEndpoint
from pollux.connect.wire.rights import layouts
from pollux.errors import SetupError
from pollux.guard import Accounts, Gate, Keyring
from pollux.guard.sealing import SealKeys
from pollux.guard.signing import OrderKey
from pollux.mirror.once import Once
from pollux.remember import History, Log, Note, Snapshots, Ticket
from pollux.show import Server, invite
from pollux.show.compose.params import Param, outward_params
from pollux.site.addresses import allowed
from pollux.site.as_of import AsOf
from pollux.site.brokers import check_brokers
from pollux.site.cadence import Cadence
from pollux.site.carrier import Carrier
from pollux.site.cycles import Cycles
from pollux.site.declare import Declared, Site
from pollux.site.desk import Desk
from pollux.site.doors import Doors
from pollux.site.estate import Applied, Estate
from pollux.site.fields import check_fields
from pollux.site.filters import Filter
from pollux.site.guarding import Guarding
from pollux.site.handles import Handle
from pollux.site.house import Rooms
from pollux.site.identity import FOLDER, passphrase
from pollux.site.labs import labs_of
from pollux.site.leaving import leave
from pollux.site.meaning import meaning, patterns, persons
from pollux.site.meter import Meter
from pollux.site.news import NewsRoom
from pollux.site.nodes import check_address
from pollux.site.pipe import Pipe
from pollux.site.presenting import Lab
from pollux.site.recover import Past
from pollux.site.rooms.forks import AT_ONCE
from pollux.site.rooms.receptions import DeadLetters
from pollux.site.secure import Listener, Secure
from pollux.site.stamping import Stamping
from pollux.site.states import StatePublisher
from pollux.site.turns import Turns

if TYPE_CHECKING:
    pass

ADMINISTRATOR = "administrator"
TENANT = ""
"""The tenant of an installation that has one."""

WORKERS = 2


@final
@dataclass(frozen=True, slots=True)
class Options:
    """Where a site is opened and what it opens."""

    folder: Path
    act: bool = False
    mqtt: str | None = None
    http: str | None = None
    insecure: bool = False
    tls: Path | None = None
    older: tuple[Listener, ...] = ()
    coap: str | None = None
    opcua: str | None = None


@final
class LiveSite:
    """A site with its data folder open, as a context; `Site.open` makes it.

    While it is open, devices are heard, twins can be read and forked, filters and rules run. Leaving the context closes
    doors first, then writes what waits and seals the log.
    """

    def __init__(self, site: Site, options: Options, *, clock: Clock | None, closed: Callable[[], None]) -> None:
        self.site = site
        self.options = options
        self.clock: Clock = clock or WallClock()
        self._closed = closed
        self._wall = WallClock()
        for address in (options.mqtt, options.http, options.coap):
            if address is not None:
                # What cannot be listened on is refused before anything is opened.
                allowed(address, secured=options.tls is not None, by_name=options.insecure)
        check_brokers(site.declared)
        check_fields(site.declared)
        check_address(options.opcua)
        self._open()

    # -- opening and closing ------------------------------------------------------------------------------------------

    def _open(self) -> None:
        folder = self.options.folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keys: Keyring = Keyring(folder / "keys")
        self.accounts: Accounts = Accounts(folder / "accounts.db", clock=self._wall)
        token = os.environ.get("POLLUX_TOKEN")
        if token:
            self.accounts.first_administrator(token)
        self.secure: Secure | None = self._secure()
        self.gate: Gate = Gate(self.accounts, by_name=self.options.insecure)
        self.log: Log = Log.open(folder, clock=self.clock, keys=self.keys)
        self.snapshots: Snapshots = Snapshots(folder, keys=self.keys)
        seals = SealKeys(folder / "keys")
        holdings = {TENANT: [declared.holding(seals) for declared in self.site.declared.values()]}
        self.past: Past = Past(self.log.reader, self.snapshots, holdings)
        self.as_of: AsOf = AsOf(self.past, TENANT)
        self.estates: dict[str, Estate] = self.past.estates()
        self.news: NewsRoom = NewsRoom()
        self.letters: DeadLetters = DeadLetters()
        self.meter: Meter = Meter(self.clock)
        self.cadence: Cadence = Cadence(self.clock.now())
        self.cycles: Cycles = Cycles()
        self.pipe: Pipe = Pipe(self.log, self.estates, told=self._told, durable=self._durable)
        self.workers: Executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="pollux-work")
        self.outlooks: Executor = ThreadPoolExecutor(1, thread_name_prefix="pollux-outlook")
        self.filters: dict[str, Filter] = self._filters()
        self.doors: Doors = Doors(self)
        self.guarding: Guarding = Guarding(self)
        self.desk: Desk = self._desk()
        self.runs: Executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pollux-run")
        self.labs: dict[str, Lab] = labs_of(self.site.declared)
        self.reader: Decoder = self.estate.reader()
        self.history: History = self._history()
        self._indexing: Future[object] = self.workers.submit(self.history.prepare)
        self.rooms: Rooms = Rooms(self)
        heard = self.endpoint or self.coap or self.doors.guests.home
        self._states = StatePublisher(self.doors.publish_states, self.pipe.lock) if heard else None
        self._turns = Turns(self.turn) if not isinstance(self.clock, SimulatedClock) else None
        self.owing: list[Callable[[], None]] = []
        """Called before time is moved by hand: each waits until somebody inside has done what was asked of it."""
        self._closing = False
        self._configure()

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            # A door that does not open, as on a taken port, must leave neither lock nor thread behind.
            self.close()
            raise
        return self

    def _begin(self) -> None:
        sys.setswitchinterval(0.0005)
        threading.Thread(target=self._compile, name="pollux-compile", daemon=True).start()
        self.doors.open()
        self.desk.opened()
        if self.options.http is not None:
            self.doors.show(self.options.http)
        if self._turns:
            self._turns.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the doors, finish what runs, keep a snapshot, seal the log."""
        if self._turns:
            self._turns.stop()
        self.log.flush()
        self._closing = True
        self.doors.close()
        self.runs.shutdown(wait=True, cancel_futures=True)
        self.workers.shutdown(wait=True, cancel_futures=True)
        self.outlooks.shutdown(wait=True, cancel_futures=True)
        self.guarding.trail.close()
        if self.log.health.accepting:
            self.keep_snapshot()
        self.log.close()
        self.accounts.close()
        self._closed()

    def _compile(self) -> None:
        for estate in self.estates.values():
            estate.compile()
        self.reader.compile()

    def _secure(self) -> Secure | None:
        folder = self.options.tls
        if folder is None:
            return None
        return Secure(folder, self.accounts, clock=self._wall, passphrase=passphrase(), older=self.options.older)

    def shaken(self, address: str, why: str) -> None:
        """A handshake failed: who it was is not known."""
        self.gate.attempts.tell("", "", address, why)

    def _desk(self) -> Desk:
        """Takes orders; without `act` it has no carrier, so that nothing can leave."""
        acts = self.options.act and self.doors.carries
        key = OrderKey.kept(self.options.folder / FOLDER, passphrase())
        carrier = Carrier(partial(leave, self), self.doors.retain, self._noted_step, self._asked, key) if acts else None
        return Desk(self, carrier)

    def _asked(self, order: Order) -> dict[str, Param]:
        """What an order asks for, in the units in which its type is declared."""
        return outward_params(self.site.declared[order.type].schema, order)

    def _filters(self) -> dict[str, Filter]:
        made: dict[str, Filter] = {}
        for name, declared in self.site.declared.items():
            if declared.learning is not None:
                made[name] = Filter(
                    declared.schema,
                    declared.learning,
                    seed=1,
                    said=self._estimated,
                    outlook=declared.outlook,
                    aside=None if isinstance(self.clock, SimulatedClock) else self.outlooks,
                    unsure=partial(self.estate.unsure, name),
                )
                beliefs = self.estate.beliefs.items()
                made[name].resume({twin.split("/", 1)[1]: b for twin, b in beliefs if twin.startswith(f"{name}/")})
        return made

    def _history(self) -> History:
        """The past of every signal, decoded once more by a decoder of its own, so that reading disturbs nothing."""

        def begin() -> Callable[[Frames], Mapping[str, Batch]]:
            once = Once()

            def decode(frames: Frames) -> Mapping[str, Batch]:
                with self.pipe.lock:
                    decoded = self.reader.decode(frames)
                return once.batches(decoded)

            return decode

        return History(
            self.options.folder,
            log=self.log.reader,
            begin=begin,
            decoder=hashlib.sha256(repr(meaning(self.site.declared)).encode()).hexdigest(),
            snapshots=self.snapshots,
            tenant=TENANT,
            keys=self.keys,
        )

    def _configure(self) -> None:
        self.note(Note("configuration", {"at": self.clock.now(), **meaning(self.site.declared)}, TENANT))

    def page(self, name: str = ADMINISTRATOR) -> str:
        """A one-time address of the page, which signs in as `name`; an administrator is made where there is none.

        Raises SetupError when the site is open without a page.
        """
        if self.server is None:
            raise SetupError("the site is open without a page", hint='site.open(folder, http="127.0.0.1:0")')
        if name == ADMINISTRATOR and self.accounts.find(ADMINISTRATOR) is None:
            self.accounts.add(ADMINISTRATOR, kind="person", roles={ADMINISTRATOR}, twins=["*"])
        return invite(self.accounts, name, self.server.url)

    @property
    def endpoint(self) -> MqttEndpoint | None:
        """Where devices speak MQTT."""
        return self.doors.mqtt

    @property
    def coap(self) -> CoapEndpoint | None:
        """Where devices speak CoAP."""
        return self.doors.coap

    @property
    def server(self) -> Server | None:
        """What serves the page and the API."""
        return self.doors.http

    @property
    def speed(self) -> float:
        """Seconds of the site's clock per real second."""
        return self.clock.speed if isinstance(self.clock, ScaledClock) else 1.0

    # -- entries ------------------------------------------------------------------------------------------------------

    @property
    def estate(self) -> Estate:
        """The estate of the only tenant."""
        return self.estates[TENANT]

    @cached_property
    def sink(self) -> Callable[..., Ticket]:
        """Takes raw frames: stamped with the site's time, and with the person they speak of."""
        declared = self.site.declared
        spoken = layouts(patterns(declared))
        return Stamping(self.pipe.push, self.clock, types=list(declared), personal=persons(declared), translate=spoken)

    def note(self, note: Note) -> Ticket:
        """Take a decision or a tick into the log and the estates."""
        return self.pipe.note(note)

    def _told(self, tenant: str, applied: Applied, seq: int) -> None:
        """Under the pipe's lock, in the order of the log: take note, start nothing slow."""
        for name, batch in applied.batches.items():
            if name in self.filters:
                self.filters[name].gather(batch, self.estates[tenant].blocks[name])
        self.desk.expect(applied)
        self.news.tell(applied)
        self.letters.tell(applied)
        self.meter.tell(applied)
        self.cadence.tell(applied)
        if self._states:
            self._states.changed(applied, self.estates[tenant])

    def _durable(self, tenant: str, applied: Applied, begun: float) -> None:
        """From the log's thread: what may leave now."""
        self.meter.durable(begun)
        if not self._closing:
            for _ in applied.orders:
                self.workers.submit(self.desk.consider)
            for alarm in applied.alarms:
                if self.desk.asks_again(alarm):
                    self.workers.submit(self.desk.doubted, alarm)

    def _estimated(self, type_: str, twin: str, body: Mapping[str, Any]) -> None:
        self.note(Note("estimate", body, TENANT, self.subject_of(type_, twin)))

    def subject_of(self, type_: str, twin: str) -> str | None:
        """The person that a twin is of, None for things."""
        return twin if self.site.declared[type_].schema.personal else None

    # -- time ---------------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """What happens because time passes: filters, silences, expiries, snapshots. Called again and again."""
        now = self.clock.now()
        for name, filter_ in self.filters.items():
            filter_.due(now, lambda twin, name=name: self.column(name, twin), self.workers)  # type: ignore[misc]
        beats = {"filter": min((f.last for f in self.filters.values() if f.last), default=now)}
        self.note(Note("tick", {"at": now, "beats": beats}, TENANT))
        self.desk.judge.turn(now)
        if self._states:
            self._states.flush()
        self._keep_up(now)
        self.guarding.turn()
        if self._indexing.done():
            self._indexing = self.workers.submit(self.history.keep_up)

    def advance_to(self, when: int) -> None:
        """In simulated time: move the clock, and do everything that falls due before coming back."""
        assert isinstance(self.clock, SimulatedClock)
        self.desk.settle()
        for settle in tuple(self.owing):
            settle()
        self.clock.advance_to(when)
        for name, filter_ in self.filters.items():
            for future in filter_.due(when, lambda twin, name=name: self.column(name, twin), self.workers):  # type: ignore[misc]
                future.result()
        self.note(Note("tick", {"at": when, "beats": {}}, TENANT))
        self.desk.judge.turn(when)
        self.desk.settle()
        self._keep_up(when)

    def _keep_up(self, now: int) -> None:
        """Keep a snapshot where a replay from the last one would take too long."""
        logged = self.log.counts.bytes
        if self.cadence.due(now, logged) and self.log.health.accepting:
            begun = stopwatch()
            self.keep_snapshot()
            self.cadence.kept(now, stopwatch() - begun, logged)

    def keep_snapshot(self) -> None:
        """Write the estates as they are now; what belongs to persons is sealed."""
        with self.pipe.lock:
            estate = self.estate
            parts = estate.freeze()
            seq, time = estate.seq, estate.time
        self.log.flush()
        if persons(self.site.declared):
            self.snapshots.write(seq, time, {}, personal={f"estate:{TENANT}": parts})
        else:
            self.snapshots.write(seq, time, parts)

    # -- reading ------------------------------------------------------------------------------------------------------

    def ids(self, type_: str) -> list[str]:
        """The ids of all twins of a type."""
        with self.pipe.lock:
            return sorted(self.estate.blocks[type_].row_of)

    def column(self, type_: str, twin: str) -> NDArray[np.float64]:
        """A copy of one twin's column (layout.width,)."""
        with self.pipe.lock:
            block = self.estate.blocks[type_]
            return block.take(block.row(twin)).values[:, 0].copy()

    def handle(self, declared: Declared, id_: str) -> "Handle[Any]":
        """One twin; raises NotFound."""
        with self.pipe.lock:
            self.estate.blocks[declared.schema.name].row(id_)
        return Handle(self, declared, id_)

    def fleet_view(self, declared: Declared) -> Any:
        """A view of all twins of a type."""
        with self.pipe.lock:
            block = self.estate.blocks[declared.schema.name]
            rows = np.array(sorted(block.row_of.values()), np.int64)
            reader = LiveReader(self.estate.blocks, declared.schema.name, rows, now=self.clock.now())
            return live_view(declared.kind, reader)

    # -- out ----------------------------------------------------------------------------------------------------------

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """To whoever hears a topic and may."""
        self.doors.publish(topic, payload, retain=retain)

    def _noted_step(self, order: Order, step: Transition) -> Ticket:
        body = {"at": step.at, "action": step.state, "id": step.order, "who": step.who, "reason": step.reason}
        return self.note(Note("order", body, TENANT, self.subject_of(order.type, order.twin)))
