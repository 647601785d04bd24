"""Emulated apps of persons, for practice: they read the plan, and confirm later that it was taken."""

import re
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self, TypeVar, final

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from pollux.act import Plan, PlanChange
from pollux.castor.chorus import Chorus
from pollux.castor.pace import Pace
from pollux.castor.speaker import PATIENCE, Credentials, State
from pollux.clock import DAY, HOUR, MINUTE, SimulatedClock, duration, instant, stopwatch
from pollux.errors import Overloaded, SetupError
from pollux.model.twin import Twin
from pollux.site.declare import Fleet
from pollux.site.live import LiveSite

T = TypeVar("T", bound=Twin)

MOST: Final = 1_000
"""Apps that one call may have: each is a connection."""
REMEMBERED: Final = 1_000
"""Changes that one app remembers; the oldest that are over make room."""
LOOK: Final = 1 * MINUTE
"""How often an app looks whether something is due, by the site's clock."""

Taken = Callable[[str, Mapping[str, Any]], None]
"""Id and parameters of a change, at the moment at which it is taken for the first time."""

_HOUR_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def companion(
    fleet: Fleet[T],
    ids: Sequence[str],
    *,
    reads: str = "10 min",
    takes: str = "08:00",
    taken: Taken | None = None,
) -> "Companions":
    """The apps of some persons of an open site, as a context: `with px.companion(patients, ["BJ-62"]): ...`

    Each has an account of its own with the role `app`, comes in by MQTT and hears its own person's plan. A change is
    read, which is told as `accepted`, when `reads` is over since it was sent, and taken, which is told as `done`, at
    `takes`: the next such hour of the day (UTC) after it was read, "08:00", or a stretch of time after it, "12 h".
    `taken` is called just before, so that the emulated person lives by it from then on. What expires before is not
    taken. Times are those of the site's clock; under a simulated clock everything due is done while it is moved.

    Raises SetupError for a type that is not personal, and for times and ids that cannot be.
    """
    live, schema = fleet.live, fleet.declared.schema
    if not schema.personal:
        raise SetupError(f"expected a personal type, got {schema.name}", hint="class Patient(px.Twin, personal=True)")
    if not 1 <= len(ids) <= MOST or len(set(ids)) < len(ids):
        raise SetupError(f"expected 1 to {MOST} different ids, got {len(ids)}", at=schema.name)
    habit = Habit(duration(reads), takes)
    habit.taking(0)
    return Companions(live, schema.name, tuple(ids), habit, taken)


@final
@dataclass(frozen=True, slots=True)
class Habit:
    """How somebody lives with an app: how long after it was sent a change is read, and when it is taken."""

    reads: int
    takes: str

    def taking(self, read: int) -> int:
        """When a change that was read at a moment is taken.

        >>> Habit(0, "08:00").taking(9 * HOUR) // HOUR, Habit(0, "12 h").taking(9 * HOUR) // HOUR
        (32, 21)
        """
        match = _HOUR_OF_DAY.fullmatch(self.takes)
        if match is None:
            return read + duration(self.takes)
        return read + (int(match[1]) * HOUR + int(match[2]) * MINUTE - read % DAY) % DAY


@final
@dataclass(frozen=True, slots=True)
class Pending:
    """A change on the plan, what the app tells of it next, and when."""

    change: PlanChange
    next: State
    due: int


@final
class Diary:
    """What one app knows of its plan: which changes are still to be read or taken, and when. No sockets, no threads."""

    def __init__(self, habit: Habit) -> None:
        self._habit = habit
        self._pending: dict[str, Pending] = {}
        self._over: dict[str, None] = {}

    def heard(self, plan: Plan, now: int) -> None:
        """Take the plan as it is now: new changes are noted, those that are gone are forgotten."""
        listed = {change.id: change for change in plan.changes}
        self._pending = {id_: one for id_, one in self._pending.items() if id_ in listed}
        for id_, change in listed.items():
            if id_ in self._pending or id_ in self._over:
                continue
            if change.state == "sent":
                self._pending[id_] = Pending(change, "accepted", max(now, instant(change.sent_at) + self._habit.reads))
            else:
                self._pending[id_] = Pending(change, "done", self._habit.taking(now))

    def knows(self, id_: str) -> bool:
        """Whether a change has been heard of."""
        return id_ in self._pending or id_ in self._over

    def next_due(self) -> int | None:
        """The first moment at which something is to be told."""
        return min((one.due for one in self._pending.values()), default=None)

    def due(self, now: int) -> list[Pending]:
        """What is to be told by now, in order of time; each is told once, and what has expired is not told at all."""
        ready = sorted((one for one in self._pending.values() if one.due <= now), key=lambda one: one.due)
        told: list[Pending] = []
        for one in ready:
            alive = one.due < instant(one.change.expires_at)
            if alive:
                told.append(one)
            if alive and one.next == "accepted":
                self._pending[one.change.id] = replace(one, next="done", due=self._habit.taking(one.due))
            else:
                self._end(one.change.id)
        return told

    def _end(self, id_: str) -> None:
        del self._pending[id_]
        self._over[id_] = None
        while len(self._over) > REMEMBERED:
            del self._over[next(iter(self._over))]


@final
class App:
    """One app: a stock MQTT client that hears `twins/{type}/{id}/plan` and answers on `.../plan/ack`."""

    def __init__(self, chorus: Chorus, credentials: Credentials, twin: str, heard: Callable[[Plan], None]) -> None:
        self._chorus, self._credentials, self._twin, self._heard = chorus, credentials, twin, heard
        self._connected = threading.Event()
        self._refusal = ""
        self._changed = threading.Condition()
        self._waiting = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=credentials.account, protocol=paho.MQTTv5)
        self._client.username_pw_set(credentials.account, credentials.token or None)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Begin to connect; `ready` waits for it."""
        self._chorus.do(self._join)

    def ready(self) -> None:
        """Wait until the app is let in; raises SetupError when nobody answers or the door is closed."""
        if not self._connected.wait(PATIENCE):
            raise SetupError(f"the door stayed closed: {self._refusal or 'no answer'}", at=self._twin)

    def tell(self, id_: str, state: State) -> None:
        """Say what has become of a change, and wait until that is acknowledged; raises Overloaded when it is not."""
        body = msgspec.json.encode({"id": id_, "state": state, "reason": ""})
        with self._changed:
            self._waiting += 1
            self._chorus.do(lambda: self._client.publish(f"twins/{self._twin}/plan/ack", body, qos=1))
            if not self._changed.wait_for(lambda: self._waiting == 0, PATIENCE):
                raise Overloaded("nobody acknowledges", retry_after=1.0, at=self._twin)

    def stop(self) -> None:
        """Leave."""
        self._chorus.do(lambda: self._chorus.leave(self._client))

    # -- in the chorus's thread ---------------------------------------------------------------------------------------

    def _join(self) -> None:
        self._chorus.join(self._client)
        self._refusal = self._credentials.knock(self._client)

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
            return
        client.subscribe(f"twins/{self._twin}/plan", qos=1)

    def _on_subscribe(self, *_: Any) -> None:
        self._connected.set()

    def _on_publish(self, *_: Any) -> None:
        with self._changed:
            self._waiting -= 1
            self._changed.notify_all()

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        try:
            plan = msgspec.json.decode(message.payload, type=Plan)
        except msgspec.MsgspecError:
            return
        self._heard(plan)


@final
class Companions:
    """Emulated apps of one fleet, made by `companion`; a context. Their accounts' tokens end with it."""

    def __init__(self, live: LiveSite, type_name: str, ids: tuple[str, ...], habit: Habit, taken: Taken | None) -> None:
        if live.endpoint is None:
            raise SetupError("expected an MQTT endpoint, got a site without one", hint="site.open(..., mqtt=...)")
        self.ids = ids
        self._live, self._type, self._taken = live, type_name, taken
        self._port = live.endpoint.port
        self._lock = threading.Condition()
        self._diaries = {id_: Diary(habit) for id_ in ids}
        self._chorus = Chorus()
        self._apps: dict[str, App] = {}
        self._tokens: list[str] = []
        self._last = live.clock.now()
        self._pace = Pace(live.clock, self._next, self._turn)

    def __enter__(self) -> Self:
        self._chorus.__enter__()
        try:
            self._apps = {id_: self._enrolled(id_) for id_ in self.ids}
            for app in self._apps.values():
                app.start()
            for app in self._apps.values():
                app.ready()
        except BaseException:
            self._leave()
            raise
        self._pace.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pace.stop()
        self._leave()
        if error is None and self._pace.failure is not None:
            raise self._pace.failure

    def _enrolled(self, id_: str) -> App:
        """An account of its own for each: `companion:Patient:BJ-62`."""
        twin, account = f"{self._type}/{id_}", f"companion:{self._type}:{id_}"
        self._live.accounts.add(account, kind="service", roles={"app"}, twins=[twin], subject=id_)
        token = self._live.accounts.issue(account, label=f"emulated {secrets.token_hex(2)}")
        self._tokens.append(token.id)
        credentials = Credentials("127.0.0.1", self._port, account, token.secret)
        return App(self._chorus, credentials, twin, lambda plan: self._heard(id_, plan))

    def _leave(self) -> None:
        for app in self._apps.values():
            app.stop()
        self._chorus.__exit__()
        for token in self._tokens:
            self._live.accounts.revoke(token)

    def _heard(self, id_: str, plan: Plan) -> None:
        with self._lock:
            self._diaries[id_].heard(plan, self._live.clock.now())
            self._lock.notify_all()

    def _next(self) -> int:
        """The next look, or the next thing that is due where that comes first."""
        with self._lock:
            moments = [one for diary in self._diaries.values() if (one := diary.next_due()) is not None]
        return max(self._last + 1, min([*moments, self._last + LOOK]))

    def _turn(self, now: int) -> None:
        self._last = now
        if isinstance(self._live.clock, SimulatedClock):
            self._caught_up()
        for id_, diary in self._diaries.items():
            with self._lock:
                due = diary.due(now)
            for one in due:
                if one.next == "done" and self._taken is not None:
                    self._taken(one.change.id, one.change.params)
                self._apps[id_].tell(one.change.id, one.next)

    def _caught_up(self) -> None:
        """Wait until what the site has put on the plans has been heard: simulated time stands still meanwhile."""
        end = stopwatch() + PATIENCE
        with self._lock:
            while not all(self._diaries[id_].knows(order) for id_ in self.ids for order in self._planned(id_)):
                if not self._lock.wait(0.02) and stopwatch() > end:
                    raise Overloaded("the plan was not heard", retry_after=1.0, at=self._type)

    def _planned(self, id_: str) -> list[str]:
        """The orders that are on a person's plan, or will be as soon as the site has sent them."""
        if not self._live.desk.acts:
            return []
        orders = self._live.estate.orders.of(self._type, id_)
        return [one.id for one in orders if one.carrier == "person" and one.state in ("approved", "sent", "accepted")]
