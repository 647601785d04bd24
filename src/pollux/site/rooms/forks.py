"""What-if on the page: forks, run aside with choices of the lab; what has ended stands on the shelf of the log."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, final

import msgspec

from pollux.clock import stopwatch
from pollux.decide import Futures, Option, options
from pollux.errors import Conflict, NotFound, Overloaded, PolluxError
from pollux.guard import Identity
from pollux.remember import Note
from pollux.show.asks import AdviceAsk, ForkAsk, RunAsk
from pollux.show.compose.view import MOST_VITALS, bound_by
from pollux.show.documents.whatif import Fork, ForkRow
from pollux.site.fork import Fork as Copy
from pollux.site.fork import forked
from pollux.site.presenting import Lab, LabChoice
from pollux.site.rooms.cards import card_of
from pollux.site.rooms.runs import RunRecord, ranked
from pollux.site.rooms.trying import Trial, chosen, every_choice, settled, trial
from pollux.site.rooms.worth import asked
from pollux.site.shelf import Finished, Tried

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

_REPORT: Final = logging.getLogger("pollux.site")

AT_ONCE: Final = 4
"""Runs at a time; further ones are refused."""

READY: Final = 100
"""Forks that wait to be run: beyond that the oldest is forgotten."""

PATIENCE: Final = 10.0
"""Seconds that somebody who drops a fork waits for what is being written of it."""


@final
@dataclass(slots=True)
class Held:
    """A fork that is not on the shelf: its copy of the twin, what is known of it, whether its end is being written."""

    copy: Copy[Any]
    record: RunRecord
    ending: bool = False


@final
class ForksRoom:
    """The forks of a tenant: at most four run at once, a hundred wait to be run, what has ended is in the log.

    A fork that was never run is kept in memory: it is gone after a restart.
    """

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._changed = threading.Condition()
        self._ready: OrderedDict[str, Held] = OrderedDict()
        self._running: dict[str, Held] = {}
        self._count = max((_number(run.id) for run in live.estate.shelf), default=0)

    def list(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[ForkRow]:
        live = self._live
        estate = live.estate if at is None else live.as_of.estate(at, None)
        with live.pipe.lock:
            done = {run.id: run.row for run in estate.shelf.of(type_, twin)}
        if at is not None:
            return [*reversed(done.values())]
        with self._changed:
            every = [*self._ready.values(), *self._running.values()]
        mine = {one.record.id: one.record.row() for one in every if (one.record.type, one.record.twin) == (type_, twin)}
        newest = sorted(mine.values(), key=lambda row: -_number(row.id))
        return [*newest, *(row for row in reversed(done.values()) if row.id not in mine)]

    def make(self, type_: str, twin: str, ask: ForkAsk, *, who: Identity) -> str:
        lab = self._lab(type_)
        if not ask.choices:
            return self._waits(self._copied(type_, twin))
        tries = trial(chosen(lab, twin, ask.choices), over=lab.horizon, members=lab.members)
        return self._begin(self._copied(type_, twin), lab, tries)

    def run(self, fork: str, ask: RunAsk, *, who: Identity) -> None:
        with self._changed:
            if fork in self._running:
                raise Conflict("a run of this fork is under way", at=fork)
            held = self._ready.get(fork)
        held = held or self._again(self._finished(fork))
        type_, twin = held.record.type, held.record.twin
        lab = self._lab(type_)
        self._begin(held, lab, self._trial(type_, chosen(lab, twin, ask.choices), ask, seed=ask.seed))

    def find(self, fork: str) -> Fork:
        with self._changed:
            held = self._running.get(fork) or self._ready.get(fork)
        return held.record.document() if held is not None else self._finished(fork).fork

    def drop(self, fork: str, *, who: Identity) -> None:
        with self._changed:
            # What is just being written would come back after it was dropped.
            self._changed.wait_for(lambda: fork not in self._running or not self._running[fork].ending, PATIENCE)
            stopped = self._running.pop(fork, None) or self._ready.pop(fork, None)
        with self._live.pipe.lock:
            done = self._live.estate.shelf.find(fork)
        if done is not None:
            self._note(done.type, done.twin, "drop", {"fork": fork})
        elif stopped is None:
            raise NotFound(f"no fork {fork!r}")
        else:
            self._live.news.say("forks", f"{stopped.record.type}/{stopped.record.twin}")

    def weigh(self, type_: str, twin: str, ask: AdviceAsk) -> str:
        """Run what is asked for, or else every choice of the lab, and rank it by what the asker says it is worth."""
        lab = asked(self._lab(type_), self._live.site.declared[type_], ask)
        wanted = bool(ask.choices or ask.settings)
        choices = chosen(lab, twin, ask.choices) if wanted else every_choice(lab, twin)
        return self._begin(self._copied(type_, twin), lab, self._trial(type_, choices, ask))

    def running(self, type_: str, twin: str) -> Sequence[RunRecord]:
        """The runs of a twin that have not ended."""
        with self._changed:
            every = [one.record for one in self._running.values()]
        return [one for one in every if (one.type, one.twin) == (type_, twin)]

    def _trial(
        self, type_: str, choices: Sequence[LabChoice], ask: RunAsk | AdviceAsk, *, seed: int | None = None
    ) -> Trial:
        """Choices of the lab and settings of the asker's own, which a lab that judges has not judged."""
        declared = self._live.site.declared[type_]
        own = settled(declared, ask.settings)
        judged = declared.presenter is not None and declared.presenter.lab is not None
        return trial(choices, own, over=ask.over, members=ask.members, seed=seed, judged=judged)

    # -- copies of the twin -------------------------------------------------------------------------------------------

    def _copied(self, type_: str, twin: str) -> Held:
        """The twin as it is, and the position of the log at which it is so."""
        live = self._live
        with live.pipe.lock:
            copy = live.handle(live.site.declared[type_], twin).fork()
            seq = live.estate.seq
        return Held(copy, RunRecord("", type_, twin, copy.made, copy.made, 0, seq, (), state="ready"))

    def copy(self, fork: str) -> Copy[Any]:
        """The twin as it was when the fork was made, to be looked at."""
        with self._changed:
            held = self._running.get(fork) or self._ready.get(fork)
        return held.copy if held is not None else self._once_more(self._finished(fork)).copy

    def _again(self, done: Finished) -> Held:
        """The twin as it was when a fork was made that has been run before."""
        if done.card is not None and done.card.state == "acted":
            raise Conflict("somebody acted on what this fork showed", at=done.id, hint="fork the twin again")
        return self._once_more(done)

    def _once_more(self, done: Finished) -> Held:
        estate = self._live.as_of.estate(None, done.fork.seq)
        copy = forked(
            estate,
            done.type,
            done.twin,
            made=done.made,
            executor=self._live.workers,
            learning=self._live.site.declared[done.type].learning,
        )
        return Held(copy, RunRecord(done.id, done.type, done.twin, done.made, done.made, 0, done.fork.seq, ()))

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

    # -- from ready to the shelf --------------------------------------------------------------------------------------

    def _named(self, held: Held) -> str:
        """A name of its own for a fork that has none; under the lock."""
        if not held.record.id:
            self._count += 1
            held.record = replace(held.record, id=f"F-{self._count}")
        return held.record.id

    def _waits(self, held: Held) -> str:
        """Keep a fork until it is run."""
        with self._changed:
            id_ = self._named(held)
            self._ready[id_] = held
            while len(self._ready) > READY:
                self._ready.popitem(last=False)
        self._live.news.say("forks", held.copy.twin)
        return id_

    def _begin(self, held: Held, lab: Lab, tries: Trial) -> str:
        """Run a fork; whether it may begin, and that it has begun, is one step for all who ask at the same time."""
        with self._changed:
            if held.record.id in self._running:
                raise Conflict("a run of this fork is under way", at=held.record.id)
            if held.record.state == "ready" and held.record.id and held.record.id not in self._ready:
                raise NotFound(f"no fork {held.record.id!r}")
            if len(self._running) >= AT_ONCE:
                raise Overloaded("too many runs at once", retry_after=2.0)
            id_ = self._named(held)
            self._ready.pop(id_, None)
            way = self._running[id_] = Held(held.copy, _begun(held.record, tries))
        self._live.runs.submit(self._work, way, lab, tries)
        self._live.news.say("forks", held.copy.twin)
        return id_

    def _wanted(self, way: Held) -> bool:
        """Whether a run is still this fork's run: it was not dropped, nor dropped and begun again."""
        return self._running.get(way.record.id) is way

    def _progressed(self, way: Held, done: float) -> None:
        with self._changed:
            way.record = replace(way.record, progress=done)
        self._live.news.progress(way.record.id, done, f"{done:.0%}")

    def _work(self, way: Held, lab: Lab, tries: Trial) -> None:
        if not self._wanted(way):
            return
        finished = self._ended(way, lab, tries)
        with self._changed:
            way.ending = wanted = self._wanted(way)
        try:
            if wanted:
                self._note(finished.type, finished.twin, "finish", {"run": msgspec.to_builtins(finished)})
        except PolluxError as error:
            _REPORT.warning("a run could not be kept: %s", error)
        finally:
            with self._changed:
                if self._wanted(way):
                    del self._running[way.record.id]
                self._changed.notify_all()
        self._live.news.say("forks", way.copy.twin)
        self._live.news.say("advice", way.copy.twin)

    def _ended(self, way: Held, lab: Lab, tries: Trial) -> Finished:
        """Run it; a run that fails is shown as failed, and why."""
        began = stopwatch()
        try:
            done = ranked(way.record, self._futures(way, tries), lab, stopwatch() - began)
            return self._shelved(done, lab)
        except PolluxError as error:
            text = str(error)
        except Exception as error:  # noqa: BLE001 - a lab is code of its domain: whatever it raises must not hang the run
            _REPORT.exception("a run has failed")
            text = f"the run failed: {type(error).__name__}"
        return self._shelved(replace(way.record, state="failed", text=text), lab)

    def _futures(self, way: Held, tries: Trial) -> Futures:
        return way.copy.futures(
            tries.over,
            tuple(_option(choice) for choice in tries.choices),
            members=tries.members,
            seed=tries.seed,
            progress=lambda done: self._progressed(way, done),
            cancelled=lambda: not self._wanted(way),
        )

    def _shelved(self, done: RunRecord, lab: Lab) -> Finished:
        """What the log keeps of a run that has ended."""
        declared = self._live.site.declared[done.type]
        view = self._live.rooms.presenter.view(done.type, done.twin)
        # Where no domain says what is shown, the page shows the first few of what the type derives.
        bound = bound_by(view) if view else tuple(declared.schema.derived)[:MOST_VITALS]
        document = done.document(lab, declared.schema, bound=bound, outlook=declared.outlook)
        card, choice = card_of(done, document, lab)
        tried = tuple(
            Tried(
                id=one.id,
                label=one.label,
                values={symbol.name: float(value) for symbol, value in one.values.items()},
                effects=self._live.desk.judge.foreseen(done, number) if one.values else (),
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


def _begun(record: RunRecord, tries: Trial) -> RunRecord:
    return replace(
        record,
        state="running",
        until=record.made + tries.span,
        members=tries.members,
        choices=tries.choices,
        unranked=tries.unranked,
    )


def _option(choice: LabChoice) -> Option:
    (option,) = options([choice.values]) if choice.values else options(None)
    return replace(option, label=choice.label)
