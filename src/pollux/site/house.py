"""The open site as the server sees it: a house with one tenancy, made of rooms."""

from collections.abc import Sequence
from socket import socket as Socket
from typing import TYPE_CHECKING, final

from pollux._version import __version__
from pollux.check.apart import apart
from pollux.check.faults import Fault
from pollux.clock import Clock, SimulatedClock
from pollux.columns.frames import Encoding, Frames
from pollux.errors import DataRefused
from pollux.guard import Accounts, Gate, Identity
from pollux.remember import Ticket
from pollux.show.documents.site import Broken
from pollux.show.facts import Metric, Mode
from pollux.show.house import Offer, Tenancy
from pollux.site.rooms.advisor import AdvisorRoom
from pollux.site.rooms.alarms import AlarmsRoom
from pollux.site.rooms.audit import AuditRoom
from pollux.site.rooms.editor import EditorRoom
from pollux.site.rooms.feed import FeedRoom
from pollux.site.rooms.forks import ForksRoom
from pollux.site.rooms.history import HistoryRoom
from pollux.site.rooms.orders import DeskRoom, OrdersRoom
from pollux.site.rooms.presenter import PresenterRoom
from pollux.site.rooms.receptions import ReceptionsRoom
from pollux.site.rooms.sensitivities import SensitivitiesRoom
from pollux.site.rooms.trace import TraceRoom
from pollux.site.rooms.twins import TwinsRoom

if TYPE_CHECKING:
    from pollux.site.live import LiveSite


@final
class Rooms:
    """Everything that the server may ask of the only tenant."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self.twins = TwinsRoom(live)
        self.live = FeedRoom(live)
        self.alarms = AlarmsRoom(live)
        self.receptions = ReceptionsRoom(live)
        self.tracing = TraceRoom(live)
        self.audit = AuditRoom(live)
        self.editor = EditorRoom(live)
        self.history = HistoryRoom(live)
        self.forks = ForksRoom(live)
        self.sensitivities = SensitivitiesRoom(live)
        self.advisor = AdvisorRoom(live)
        self.orders = OrdersRoom(live)
        self.desk = DeskRoom(live) if live.desk.acts else None
        self.presenter = PresenterRoom(live)
        self.subjects = None
        self.models = None

    @property
    def title(self) -> str:
        return self._live.site.title

    @property
    def mode(self) -> Mode:
        return "act" if self._live.desk.acts else "observe"

    @property
    def notice(self) -> str | None:
        return self._live.site.notice

    @property
    def zone(self) -> str | None:
        return self._live.site.zone


@final
class SiteHouse:
    """An open site behind the doors of HTTP."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._texts = frozenset(name for one in live.estate.decoder.vocabularies for name in one.texts)

    @property
    def clock(self) -> Clock:
        return self._live.clock

    @property
    def gate(self) -> Gate:
        return self._live.gate

    @property
    def accounts(self) -> Accounts:
        return self._live.accounts

    @property
    def version(self) -> str:
        return __version__

    @property
    def offers(self) -> frozenset[Offer]:
        always: frozenset[Offer] = frozenset({"edit", "history", "forks", "advice", "orders"})
        acting: frozenset[Offer] = frozenset({"acting"})
        return always | acting if self._live.desk.acts else always

    def tenancy(self, tenant: str) -> Tenancy | None:
        return self._live.rooms if tenant == self._live.estate.tenant else None

    def tunnel(self, address: str, certificate: bytes | None) -> Socket | None:
        endpoint = self._live.endpoint
        return None if endpoint is None else endpoint.tunnel(address, certificate)

    def sink(self, frames: Frames) -> Ticket:
        return self._live.sink(frames)

    def apart(self, payload: bytes, encoding: Encoding, now: int) -> Sequence[tuple[str, bytes]]:
        try:
            return apart(payload, encoding, arrival=now, texts=self._texts)
        except Fault as fault:
            raise DataRefused(fault.detail, at=fault.path or "$") from None

    def broken(self) -> Sequence[Broken]:
        live = self._live
        found: list[Broken] = []
        if not live.log.health.accepting:
            found.append(Broken(promise="acknowledged means durable", text=live.log.health.reason))
        found += live.doors.broken()
        for name, filter_ in live.filters.items():
            if filter_.fault:
                found.append(Broken(promise=f"{name}: the hidden is estimated", text=filter_.fault))
        return found + (live.secure.broken() if live.secure else [])

    def metrics(self) -> Sequence[Metric]:
        live = self._live
        counts = live.log.counts
        found = [
            Metric("pollux_log_entries_total", "counter", "Entries appended to the log.", (({}, counts.entries),)),
            Metric("pollux_log_groups_total", "counter", "Groups synced to the disk.", (({}, counts.groups),)),
            Metric("pollux_log_bytes_total", "counter", "Bytes appended to the log.", (({}, counts.bytes),)),
            Metric("pollux_alarms_open", "gauge", "Alarms that somebody must see.", (({}, len(live.estate.alarms)),)),
            Metric(
                "pollux_alarms_shed_total", "counter", "Alarms shed by a full book.", (({}, live.estate.alarms.shed),)
            ),
        ]
        twins = tuple(({"type": name}, float(len(block))) for name, block in live.estate.blocks.items())
        found.append(Metric("pollux_twins", "gauge", "Twins of each type.", twins))
        damaged = len(live.snapshots.faults)
        found.append(Metric("pollux_snapshots_damaged", "gauge", "Snapshots passed over as damaged.", (({}, damaged),)))
        refused = tuple(({"reason": one.name.lower()}, float(n)) for one, n in sorted(live.letters.counts.items()))
        found.append(Metric("pollux_refused_total", "counter", "Messages that were refused, by reason.", refused))
        found += live.guarding.trail.metrics()
        if live.secure:
            found += live.secure.metrics()
        found += live.doors.metrics()
        return found

    def speed(self) -> float:
        return 0.0 if isinstance(self._live.clock, SimulatedClock) else self._live.speed

    def home(self, identity: Identity) -> str:
        types = list(self._live.site.declared)
        if len(types) != 1:
            return ""
        ids = self._live.rooms.twins.ids(types[0])
        return f"twins/{types[0]}/{ids[0]}" if len(ids) == 1 else f"fleets/{types[0]}"

    def rights_text(self, identity: Identity) -> str:
        if "administrator" in identity.roles:
            return "may do everything"
        roles = ", ".join(sorted(identity.roles)) or "nothing"
        return f"may act as {roles}"
