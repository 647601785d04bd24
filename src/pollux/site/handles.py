"""A twin in the hands of a user: what it is now, what it was, what it may become, and what it is told."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from pollux.clock import duration, instant
from pollux.columns.statistics import DeviceStatistics
from pollux.columns.view import LiveReader, live_view
from pollux.decide import Advice
from pollux.errors import SetupError
from pollux.model.commands import command
from pollux.model.symbols import Symbol
from pollux.predict import Evidence
from pollux.show.facts import Samples
from pollux.simulate import Course
from pollux.site.declare import Declared
from pollux.site.fork import Fork, forked
from pollux.site.standing import StandingOrder

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

T = TypeVar("T")


@final
class Handle(Generic[T]):
    """One twin of an open site."""

    __slots__ = ("_declared", "_live", "id")

    def __init__(self, live: "LiveSite", declared: Declared, id_: str) -> None:
        self._live = live
        self._declared = declared
        self.id: str = id_

    def __repr__(self) -> str:
        return f"<{self._declared.schema.name} {self.id}>"

    @property
    def now(self) -> T:
        """A view of the twin as it is: `p7.now.temp` is a number with `.sigma`, `.age` and `.quality`."""
        live, name = self._live, self._declared.schema.name
        with live.pipe.lock:
            row = live.estate.blocks[name].row(self.id)
            view: T = live_view(self._declared.kind, LiveReader(live.estate.blocks, name, row, now=live.clock.now()))  # type: ignore[assignment]
        return view

    @property
    def quality(self) -> DeviceStatistics:
        """How well its device measures: counts by quality and reason, delays, duplicates, its clock, since the first.

        `pumps["P-7"].quality["temp"].reasons` is, for example, `{"spike": 2}`.
        """
        return self._live.rooms.receptions.quality(self._declared.schema.name, self.id)

    def at(self, moment: str | int) -> T:
        """A view of the twin as it was known at a moment: ISO 8601 or nanoseconds UTC."""
        when = instant(moment) if isinstance(moment, str) else moment
        blocks = self._live.past.estates(when)[self._live.estate.tenant].blocks
        name = self._declared.schema.name
        view: T = live_view(self._declared.kind, LiveReader(blocks, name, blocks[name].row(self.id), now=when))  # type: ignore[assignment]
        return view

    def history(self, symbol: Symbol, span: str) -> Samples:
        """What a signal was over the last `span`, or what was believed of it: times, values, qualities, arrivals.

        Arrays of shape (n,) in order of event time, nanoseconds UTC; estimates have `low` and `high`, the 5 % and 95 %
        quantiles.
        """
        live, name = self._live, self._declared.schema.name
        now = live.clock.now()
        return live.rooms.history.inside(name, self.id, symbol.name, now - duration(span), now + 1)

    def believe(self, evidence: Sequence[Evidence]) -> None:
        """Take in what was measured once outside of the stream, such as a scan: it narrows what is believed of it.

        The belief that comes out is in the log, so that a replay has it. Raises NotFound for names that the type does
        not compute, SetupError for a type that learns nothing.
        """
        live, name = self._live, self._declared.schema.name
        if name not in live.filters:
            raise SetupError(f"{name} learns nothing", at=self.id, hint="site.fleet(Type, learning=px.Learning())")
        live.filters[name].believe(self.id, evidence, live.clock.now(), live.column(name, self.id))

    def fork(self, *, members: int = 1, seed: int | None = None, inputs: Mapping[str, Course] | None = None) -> Fork[T]:
        """A copy of the twin at this moment, to be changed and run ahead; nothing done to it reaches the twin.

        `seed` fixes the luck of its members; by default it follows from the twin and the day. `inputs` are courses of
        what is set or comes from outside, by name.
        """
        live, name = self._live, self._declared.schema.name
        with live.pipe.lock:
            return forked(
                live.estate,
                name,
                self.id,
                made=live.clock.now(),
                executor=live.workers,
                members=members,
                seed=seed,
                inputs=inputs,
                learning=self._declared.learning,
            )

    def relate(self, links: "Mapping[Symbol, Sequence[str]]") -> None:
        """Link it to other twins by their ids, in place of those it was linked to; raises DataRefused for strangers."""
        told = {link.name: ids for link, ids in links.items()}
        self._live.rooms.editor.relate(self._declared.schema.name, self.id, told)

    def apply(self, advice: Advice, *, reason: str = "", expires: str = "1 day") -> StandingOrder:
        """Ask for what was advised: within limits, interlocks and policy, else OrderRefused with every reason."""
        return self._live.desk.apply(self._declared, self.id, advice, reason=reason, expires=expires)

    def set(self, values: "dict[Any, float]", *, reason: str, expires: str = "1 h") -> StandingOrder:
        """Ask for actuators to be set, as a departure from advice, with a reason."""
        return self._live.desk.set(self._declared, self.id, values, reason=reason, expires=expires)

    def ask(
        self,
        command: command,
        params: "Mapping[str, float | str | bool] | None" = None,
        *,
        reason: str,
        expires: str = "1 h",
    ) -> StandingOrder:
        """Ask for a command that the type declares: `patient.ask(Patient.measure, {"signal": "pulse"}, reason="...")`.

        Raises OrderRefused for parameters that are not as declared.
        """
        return self._live.desk.ask(self._declared, self.id, command.name, params or {}, reason=reason, expires=expires)
