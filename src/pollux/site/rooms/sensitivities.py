"""What matters in forks: at most two questions at a time, the newest hundred answers kept in memory."""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from msgspec import structs

from pollux.decide.options import Choice
from pollux.errors import Conflict, DataRefused, Overloaded, PolluxError
from pollux.guard import Identity
from pollux.model.graph import Expr
from pollux.show.asks import SensitivityAsk
from pollux.show.compose.sensitivity import outcomes
from pollux.show.documents.sensitivity import Sensitivity
from pollux.show.documents.whatif import Fork
from pollux.site.mattering import Question, mattering
from pollux.site.rooms.trying import actuator_of, span_of

if TYPE_CHECKING:
    from pollux.site.live import LiveSite

_REPORT: Final = logging.getLogger("pollux.site")

_UNITS: Final = (("day", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0))

AT_ONCE: Final = 2
"""Questions at a time; further ones are refused."""

KEPT: Final = 100
"""Answers: beyond that the oldest is forgotten."""


@final
@dataclass(slots=True, eq=False)
class _Asked:
    """A question with what is known of its answer."""

    answer: Sensitivity


@final
class SensitivitiesRoom:
    """Answers by fork. They do not outlive a restart; the forks do."""

    def __init__(self, live: "LiveSite") -> None:
        self._live = live
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, _Asked] = OrderedDict()

    def ask(self, fork: str, ask: SensitivityAsk, *, who: Identity) -> None:
        rooms = self._live.rooms
        shown = rooms.forks.find(fork)
        question = self._question(shown, ask)
        begun = Sensitivity(fork=fork, state="running", method=ask.method, output=ask.output, over=question.over)
        held = _Asked(begun)
        with self._lock:
            if fork in self._asked and self._asked[fork].answer.state == "running":
                raise Conflict("this is being found out", at=fork, hint="stop it first")
            if sum(one.answer.state == "running" for one in self._asked.values()) >= AT_ONCE:
                raise Overloaded("too many questions at once", retry_after=2.0)
            self._asked[fork] = held
            self._asked.move_to_end(fork)
            while len(self._asked) > KEPT:
                self._asked.popitem(last=False)
        self._live.runs.submit(self._work, fork, shown.twin, held, question)

    def find(self, fork: str) -> Sensitivity:
        with self._lock:
            held = self._asked.get(fork)
            return held.answer if held is not None else Sensitivity(fork=fork, state="none")

    def drop(self, fork: str) -> None:
        with self._lock:
            self._asked.pop(fork, None)

    def _question(self, fork: Fork, ask: SensitivityAsk) -> Question:
        type_ = fork.twin.partition("/")[0]
        declared = self._live.site.declared[type_]
        known = outcomes(declared.schema)
        if ask.output not in known:
            raise DataRefused(
                f"expected a state, a derived value or an event of {type_}, got {ask.output!r}", at="$.output",
                hint=f"there are {', '.join(known)}",
            )  # fmt: skip
        settings: dict[Choice, float | Expr] = {
            actuator_of(declared, name): value for name, value in ask.settings.items()
        }
        over = ask.over or self._as_far(fork, type_)
        span_of(over)
        return Question(ask.output, over, ask.method, settings or None)

    def _as_far(self, fork: Fork, type_: str) -> str:
        """As far as the fork was run, else as its lab runs."""
        if fork.until is not None:
            return _in_words(fork.until - fork.made)
        return self._live.labs[type_].horizon

    def _work(self, fork: str, twin: str, held: _Asked, question: Question) -> None:
        if not self._wanted(fork, held):
            return
        answer = self._found(fork, twin, held, question)
        with self._lock:
            held.answer = answer
        self._live.news.say("forks", twin)

    def _found(self, fork: str, twin: str, held: _Asked, question: Question) -> Sensitivity:
        """The answer; a run that fails is shown as failed, and why."""
        try:
            return mattering(
                fork,
                self._live.rooms.forks.copy(fork),
                self._live.site.declared[twin.partition("/")[0]].kind,
                question,
                progress=lambda done: self._progressed(held, done),
                cancelled=lambda: not self._wanted(fork, held),
            )
        except PolluxError as error:
            text = str(error)
        except Exception as error:  # noqa: BLE001 - whatever a class raises must not hang the question
            _REPORT.exception("what matters could not be found out")
            text = f"the runs failed: {type(error).__name__}"
        return structs.replace(held.answer, state="failed", text=text)

    def _progressed(self, held: _Asked, done: float) -> None:
        with self._lock:
            held.answer = structs.replace(held.answer, progress=done)

    def _wanted(self, fork: str, held: _Asked) -> bool:
        """Whether it was not dropped, nor dropped and asked anew."""
        with self._lock:
            return self._asked.get(fork) is held


def _in_words(seconds: float) -> str:
    """A span as people write it and `duration` reads it.

    >>> _in_words(604_800.0), _in_words(86_400.0), _in_words(5_400.0)
    ('7 days', '1 day', '1.5 h')
    """
    name, size = next(((name, size) for name, size in _UNITS if seconds >= size), _UNITS[-1])
    count = f"{seconds / size:g}"
    return f"{count} {name}{'s' if name == 'day' and count != '1' else ''}"
