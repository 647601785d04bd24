"""What-if on the page: forks of the lab's choices, run aside, their comparison kept."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, final

from pollux.clock import duration, stopwatch
from pollux.decide import Futures, Option, options
from pollux.errors import Conflict, DataRefused, NotFound, Overloaded, PolluxError
from pollux.guard import Identity
from pollux.show.asks import ForkAsk, RunAsk
from pollux.show.documents.whatif import Fork, ForkRow
from pollux.site.presenting import Lab, LabChoice
from pollux.site.rooms.runs import KEYS, RunRecord, ranked

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

KEPT = 50
AT_ONCE = 4


@final
class ForksRoom:
    """The last fifty forks of a tenant; at most four run at once."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._records: OrderedDict[str, RunRecord] = OrderedDict()
        self._count = 0

    def list(self, type_: str, twin: str, *, at: int | None = None) -> Sequence[ForkRow]:
        with self._lock:
            mine = [one for one in self._records.values() if (one.type, one.twin) == (type_, twin)]
        return [one.row() for one in reversed(mine) if at is None or one.made <= at]

    def make(self, type_: str, twin: str, ask: ForkAsk, *, who: Identity) -> str:
        lab = self._lab(type_)
        choices = self._chosen(lab, twin, ask.choices)
        return self._begin(type_, twin, lab, choices, lab.horizon, lab.members)

    def run(self, fork: str, ask: RunAsk, *, who: Identity) -> None:
        record = self.record(fork)
        if record.state == "running":
            raise Conflict("a run of this fork is under way", at=fork)
        lab = self._lab(record.type)
        choices = self._chosen(lab, record.twin, ask.choices)
        self._begin(record.type, record.twin, lab, choices, ask.over, ask.members, id_=fork)

    def find(self, fork: str) -> Fork:
        record = self.record(fork)
        return record.document(self._lab(record.type))

    def drop(self, fork: str, *, who: Identity) -> None:
        self.record(fork)
        with self._lock:
            del self._records[fork]

    def record(self, fork: str) -> RunRecord:
        """The record of a fork; raises NotFound."""
        with self._lock:
            found = self._records.get(fork)
        if found is None:
            raise NotFound(f"no fork {fork!r}")
        return found

    def newest(self, type_: str, twin: str) -> RunRecord | None:
        """The newest finished run of a twin."""
        with self._lock:
            done = [r for r in self._records.values() if (r.type, r.twin) == (type_, twin) and r.state == "done"]
        return done[-1] if done else None

    def try_all(self, type_: str, twin: str) -> str:
        """Run every choice of the lab, as far as a comparison holds them."""
        lab = self._lab(type_)
        return self._begin(type_, twin, lab, self._chosen(lab, twin, ()), lab.horizon, lab.members)

    # -- inside -------------------------------------------------------------------------------------------------------

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
            if sum(record.state == "running" for record in self._records.values()) >= AT_ONCE:
                raise Overloaded("too many runs at once", retry_after=2.0)
            self._count += 1
            id_ = id_ or f"F-{self._count}"
            until = fork.made + duration(over)
            record = RunRecord(id_, type_, twin, fork.made, until, members, live.estate.seq, choices)
            self._records[id_] = record
            while len(self._records) > KEPT:
                self._records.popitem(last=False)
        plans = tuple(_option(choice) for choice in choices)
        live.runs.submit(self._work, record, lambda: fork.futures(over, plans, members=members, progress=None), lab)
        live.news.say("forks", f"{type_}/{twin}")
        return id_

    def _work(self, record: RunRecord, run: Callable[[], Futures], lab: Lab) -> None:
        began = stopwatch()
        try:
            done = ranked(record, run(), lab, stopwatch() - began)
        except PolluxError as error:
            done = replace(record, state="failed", text=str(error))
        with self._lock:
            if record.id in self._records:
                self._records[record.id] = done
        self._live.news.say("forks", f"{record.type}/{record.twin}")
        self._live.rooms.advisor.consider(done)


def _option(choice: LabChoice) -> Option:
    (option,) = options([choice.values]) if choice.values else options(None)
    return replace(option, label=choice.label)
