"""Gates: what the facts say against a treatment, asked before it is weighed for advice and again when it is approved.

A closed gate refuses with its reason. An unknown fact leaves the treatment "not recommended" but still simulated.
Only a gate whose every condition is known to be fine is free. A treatment without a gate is not recommended.

Every gate is a rule of this installation. Those whose source has been seen say so; the others are from memory (ESC
2021), unverified, and their texts say that too.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final

from pollux.worlds.heart.facts import UNITS, Fact, Facts, Value
from pollux.worlds.heart.grades import Grade, Source


class State(StrEnum):
    """What a gate says."""

    FREE = "free"
    UNKNOWN = "not recommended, still simulated"
    CLOSED = "closed"
    REFERRED = "refer to the heart team"


@final
@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that closes a gate. `holds` answers None when it cannot be known."""

    fact: Fact
    text: str
    holds: Callable[[Facts], bool | None]
    source: Source


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """A gate's answer with its reasons: what closed it, or what is not known."""

    state: State
    reasons: tuple[str, ...] = ()

    @property
    def recommendable(self) -> bool:
        """Whether advice may rank the treatment."""
        return self.state is State.FREE

    def __str__(self) -> str:
        return f"{self.state}: {'; '.join(self.reasons)}" if self.reasons else str(self.state)


FREE: Final = Verdict(State.FREE)


def judge(treatment: str, facts: Facts) -> Verdict:
    """What the gate of a treatment (by its key in `treatments`) says about these facts.

    >>> print(judge("crt", Facts({}, now=0)))
    refer to the heart team
    >>> judge("mra", Facts({}, now=0)).state
    <State.UNKNOWN: 'not recommended, still simulated'>
    """
    if treatment in REFERRED:
        return Verdict(State.REFERRED)
    if treatment not in GATES:
        return Verdict(State.UNKNOWN, ("no gate has been written for this treatment yet",))
    return _weigh(GATES[treatment], facts)


def _weigh(conditions: Iterable[Condition], facts: Facts) -> Verdict:
    answers = [(condition, condition.holds(facts)) for condition in conditions]
    closing = tuple(_reason(condition, facts) for condition, answer in answers if answer)
    unknown = tuple(facts.absence(condition.fact) for condition, answer in answers if answer is None)
    if closing:
        return Verdict(State.CLOSED, closing)
    return Verdict(State.UNKNOWN, unknown) if unknown else FREE


def _reason(condition: Condition, facts: Facts) -> str:
    value = facts.known(condition.fact)
    found = (
        "" if isinstance(value, bool | str) or value is None else f" (it is {value:g} {UNITS.get(condition.fact, '')})"
    )
    rule = "" if condition.source.may_be_shown else ", a rule of this installation, unverified"
    return f"{condition.text}{found}{rule}"


ESC: Final = Source(Grade.MEMORY, "ESC 2021")
LABEL: Final = Source(Grade.PUBLISHED, "sacubitril/valsartan, prescribing information, contraindications")
CAUTION: Final = Source(
    Grade.PUBLISHED, "sacubitril/valsartan, EU product information: not to be started below 100 mmHg"
)


def _known(fact: Fact, text: str, closes: Callable[[Value], bool], source: Source) -> Condition:
    def holds(facts: Facts) -> bool | None:
        value = facts.known(fact)
        return None if value is None else closes(value)

    return Condition(fact, text, holds, source)


def _yes(fact: Fact, source: Source = ESC, text: str = "") -> Condition:
    return _known(fact, text or fact, bool, source)


def _below(fact: Fact, low: float, source: Source = ESC) -> Condition:
    return _known(fact, f"{fact} below {low:g}", lambda value: float(value) < low, source)


def _above(fact: Fact, high: float, source: Source = ESC) -> Condition:
    return _known(fact, f"{fact} above {high:g}", lambda value: float(value) > high, source)


def _within(dose: Fact, hours: float, source: Source) -> Condition:
    def holds(facts: Facts) -> bool | None:
        since = facts.hours_since(dose)
        return None if since is None else since < hours

    return Condition(dose, f"{dose} less than {hours:g} h ago", holds, source)


WASH_OUT: Final = 36.0
"""Hours between an ACE inhibitor and an ARNI, either way (published: prescribing information)."""

GATES: Final[Mapping[str, tuple[Condition, ...]]] = MappingProxyType(
    {
        "ace-inhibitor": (
            _yes(Fact.ARNI_TAKEN, LABEL),
            _within(Fact.ARNI_LAST, WASH_OUT, LABEL),
            _yes(Fact.ANGIO_OEDEMA, LABEL),
        ),
        "arni": (
            _yes(Fact.ACE_TAKEN, LABEL),
            _within(Fact.ACE_LAST, WASH_OUT, LABEL),
            _yes(Fact.ANGIO_OEDEMA, LABEL),
            _above(Fact.POTASSIUM, 5.4),
            _below(Fact.FILTRATION, 30),
            _below(Fact.SYSTOLIC, 100, CAUTION),
        ),
        "beta-blocker": (
            _yes(Fact.DECOMPENSATED),
            _below(Fact.PULSE, 50),
            _below(Fact.SYSTOLIC, 90),
            _yes(Fact.AV_BLOCK),
        ),
        "mra": (_above(Fact.POTASSIUM, 5.0), _below(Fact.FILTRATION, 30)),
        "sglt2": (_below(Fact.FILTRATION, 25), _yes(Fact.TYPE_ONE_DIABETES)),
        "ivabradine": (
            _known(Fact.RHYTHM, "rhythm is not sinus rhythm", lambda value: value != "sinus", ESC),
            _below(Fact.PULSE, 70),
        ),
        "loop-diuretic": (_yes(Fact.POSSIBLY_DRY), _yes(Fact.LABS_DUE)),
        "nitrate": (_below(Fact.SYSTOLIC, 90), _yes(Fact.PDE5_TAKEN)),
        "nitroprusside": (_below(Fact.SYSTOLIC, 90), _yes(Fact.PDE5_TAKEN)),
        "inotrope": (_known(Fact.IN_HOSPITAL, "outside hospital", lambda value: not value, ESC),),
    }
)
"""By treatment, what closes it. SGLT2: the stricter end of the range 20 to 25 (our choice)."""

REFERRED: Final = frozenset({"crt", "lvad", "valve", "revascularisation"})
"""Never an order: these are for the heart team."""

__all__ = ["FREE", "GATES", "REFERRED", "WASH_OUT", "Condition", "State", "Verdict", "judge"]
