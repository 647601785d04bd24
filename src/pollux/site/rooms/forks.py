"""What-if on the page: forks of the lab's choices, run aside; what has ended stands on the shelf of the log."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import msgspec

from pollux.clock import duration, stopwatch
from pollux.decide import Futures, Option, options
from pollux.errors import Conflict, DataRefused, NotFound, Overloaded, PolluxError
from pollux.guard import Identity
from pollux.remember import Note
from pollux.show.asks import ForkAsk, RunAsk
from pollux.show.documents.whatif import Fork, ForkRow
from pollux.site.presenting import Lab, LabChoice
from pollux.site.rooms.cards import card_of
from pollux.site.rooms.runs import KEYS, RunRecord, ranked
from pollux.site.shelf import Finished, Tried

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

AT_ONCE = 4


@final
class ForksRoom:
    """The forks of a tenant: at most four run at once, what has ended is in the log."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._running: OrderedDict[str, RunRecord] = OrderedDict()
        self._count = max((_number(run.id) for run in live.estate.shelf), default=0)

    def list(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[ForkRow]:
        live = self._live
        estate = live.estate if at is None else live.as_of.estate(at, None)
        with live.pipe.lock:
            done = [run.row for run in estate.shelf.of(type_, twin)]
        with self._lock:
            mine = [one.row() for one in self._running.values() if (one.type, one.twin) == (type_, twin)]
        return [*reversed(mine if at is None else []), *reversed(done)]

    def make(self, type_: str, twin: str, ask: ForkAsk, *, who: Identity) -> str:
        lab = self._lab(type_)
        choices = self._chosen(lab, twin, ask.choices)
        return self._begin(type_, twin, lab, choices, lab.horizon, lab.members)

    def run(self, fork: str, ask: RunAsk, *, who: Identity) -> None:
        with self._lock:
            if fork in self._running:
                raise Conflict("a run of this fork is under way", at=fork)
        done = self._finished(fork)
        if done.card is not None and done.card.state == "acted":
            raise Conflict("somebody acted on what this fork showed", at=fork, hint="fork the twin again")
        lab = self._lab(done.type)
        choices = self._chosen(lab, done.twin, ask.choices)
        self._begin(done.type, done.twin, lab, choices, ask.over, ask.members, id_=fork)

    def find(self, fork: str) -> Fork:
        with self._lock:
            running = self._running.get(fork)
        return running.document() if running is not None else self._finished(fork).fork

    def drop(self, fork: str, *, who: Identity) -> None:
        with self._lock:
            running = self._running.pop(fork, None)
        if running is None:
            done = self._finished(fork)
            self._note(done.type, done.twin, "drop", {"fork": fork})

    def try_all(self, type_: str, twin: str) -> str:
        """Run every choice of the lab, as far as a comparison holds them."""
        lab = self._lab(type_)
        return self._begin(type_, twin, lab, self._chosen(lab, twin, ()), lab.horizon, lab.members)

    def running(self, type_: str, twin: str) -> Sequence[RunRecord]:
        """The runs of a twin that have not ended."""
        with self._lock:
            return [one for one in self._running.values() if (one.type, one.twin) == (type_, twin)]

    # -- inside -------------------------------------------------------------------------------------------------------

    def _finished(self, fork: str) -> Finished:
        with self._live.pipe.lock:
            found = self._live.estate.shelf.find(fork)
        if found is None:
            raise NotFound(f"no fork {fork!r}")
        return found

    def _lab(self, type_: str) -> Lab:
        lab = self._live.labs.get(type_)
        if lab is None:
            raise NotFound(f"there is nothing to try on a {type_}", hint="its type declares no actuator")
        return lab

    @staticmethod
    def _chosen(lab: Lab, twin: str, wanted: Sequence[str]) -> tuple[LabChoice, ...]:
        known = {choice.id: choice for choice in lab.choices(twin)}
        missing = [one for one in wanted if one not in known]
        if missing:
            raise DataRefused(f"no choice {missing[0]!r}", hint=f"there are {', '.join(known)}")
        keep = next(iter(known))
        ids = list(dict.fromkeys([keep, *(wanted or known)]))[: len(KEYS)]
        return tuple(known[one] for one in ids)

    def _begin(
        self,
        type_: str,
        twin: str,
        lab: Lab,
        choices: tuple[LabChoice, ...],
        over: str,
        members: int,
        *,
        id_: str = "",
    ) -> str:
        live = self._live
        fork = live.handle(live.site.declared[type_], twin).fork()
        with self._lock:
            if len(self._running) >= AT_ONCE:
                raise Overloaded("too many runs at once", retry_after=2.0)
            self._count += 1
            id_ = id_ or f"F-{self._count}"
            until = fork.made + duration(over)
            record = RunRecord(id_, type_, twin, fork.made, until, members, live.estate.seq, choices)
            self._running[id_] = record
        plans = tuple(_option(choice) for choice in choices)

        def run() -> Futures:
            return fork.futures(
                over,
                plans,
                members=members,
                progress=lambda done: self._progressed(id_, done),
                cancelled=lambda: id_ not in self._running,
            )

        live.runs.submit(self._work, record, run, lab)
        live.news.say("forks", f"{type_}/{twin}")
        return id_

    def _progressed(self, fork: str, done: float) -> None:
        with self._lock:
            record = self._running.get(fork)
            if record is not None:
                self._running[fork] = replace(record, progress=done)
        self._live.news.progress(fork, done, f"{done:.0%}")

    def _work(self, record: RunRecord, run: Callable[[], Futures], lab: Lab) -> None:
        began = stopwatch()
        try:
            done = ranked(record, run(), lab, stopwatch() - began)
        except PolluxError as error:
            done = replace(record, state="failed", text=str(error))
        with self._lock:
            wanted = self._running.get(record.id) is not None
        try:
            if wanted:
                run_ = self._shelved(done, lab)
                self._note(record.type, record.twin, "finish", {"run": msgspec.to_builtins(run_)})
        finally:
            with self._lock:
                self._running.pop(record.id, None)
        self._live.news.say("forks", f"{record.type}/{record.twin}")
        self._live.news.say("advice", f"{record.type}/{record.twin}")

    def _shelved(self, done: RunRecord, lab: Lab) -> Finished:
        """What the log keeps of a run that has ended."""
        document = done.document(lab, self._live.site.declared[done.type].schema)
        card, choice = card_of(done, document, lab)
        tried = tuple(
            Tried(
                id=one.id,
                label=one.label,
                values={symbol.name: float(value) for symbol, value in one.values.items()},
                effects=self._live.desk.foreseen(done, number) if one.values else (),
            )
            for number, one in enumerate(done.choices)
        )
        return Finished(
            type=done.type, twin=done.twin, made=done.made, fork=document, tried=tried, card=card, choice=choice
        )

    def _note(self, type_: str, twin: str, action: str, more: dict[str, Any]) -> None:
        live = self._live
        body = {"at": live.clock.now(), "type": type_, "twin": twin, "action": action, **more}
        live.note(Note("run", body, live.estate.tenant, live.subject_of(type_, twin))).wait()


def _number(fork: str) -> int:
    """The number in the name of a fork."""
    digits = fork.removeprefix("F-")
    return int(digits) if digits.isdigit() else 0


def _option(choice: LabChoice) -> Option:
    (option,) = options([choice.values]) if choice.values else options(None)
    return replace(option, label=choice.label)
