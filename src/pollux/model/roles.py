"""The roles of signals; the role says who may write.

A `sensor` tells us, a `hidden` is inferred, an `actuator` may be set, a `parameter` is believed (and learnt when it
has a prior), a `fact` is told. On the class each is a symbol, on a view it is a `Value`.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, NoReturn, TypeAlias, final

from pollux.errors import ModelError
from pollux.model.amounts import Amount, amount, belief, difference, seconds, slope
from pollux.model.priors import Prior
from pollux.model.schema import Kind, Signal
from pollux.model.symbols import AbstractTerm, ValuedSymbol
from pollux.model.units import DIMENSIONLESS, Unit, absolute, unit

Given: TypeAlias = "Amount | Prior | bool | None"

_FREE: Final = (-math.inf, math.inf)


class Role(ValuedSymbol, AbstractTerm):
    """A signal: its declaration, checked when the class that carries it is complete."""

    def __init__(self, unit: str, doc: str) -> None:
        super().__init__()
        self._written = unit
        self._doc = doc

    @property
    def edge(self) -> Unit:
        return unit(self._written)

    @abstractmethod
    def declared(self, name: str, given: Given = None) -> Signal:
        """The signal under its dotted name; `given` is what a part was given for it.

        Raises `ModelError` for a declaration that cannot hold.
        """


@final
class sensor(Role):
    """A signal that the device tells, between `low` and `high`, with `noise` (one standard deviation).

    With a rate it is a state that is measured directly; with a reading it is computed from the states. `every` is the
    time between samples, `start` where a simulation begins.

    >>> sensor("degC", low=-20, high=60).declared("temp").low
    253.14999999999998
    """

    def __init__(
        self,
        unit: str,
        *,
        low: Amount = -math.inf,
        high: Amount = math.inf,
        noise: Amount = 0.0,
        start: Amount | Prior | None = None,
        every: str | float | None = None,
        doc: str = "",
    ) -> None:
        super().__init__(unit, doc)
        self._bounds = low, high
        self._noise, self._start, self._every = noise, start, every

    def declared(self, name: str, given: Given = None) -> Signal:
        edge = self.edge
        low, high = _bounds(self._bounds, edge)
        noise = difference(self._noise, edge)
        _expect(0.0 <= noise < math.inf, "a noise of zero or more", noise)
        start, prior = _begin(self._start if given is None else given, edge)
        every = None if self._every is None else seconds(self._every)
        return _within(
            Signal(
                name,
                "sensor",
                absolute(edge),
                edge,
                low,
                high,
                noise=noise,
                start=start,
                prior=prior,
                every=every,
                doc=self._doc,
            )
        )


@final
class hidden(Role):
    """A quantity that nobody measures: with a rate a state, inferred from what is measured.

    With jumps only it is a discrete state, with a residual an unknown.

    >>> hidden("1", start=0, low=0).declared("wear").start
    0.0
    """

    def __init__(
        self,
        unit: str,
        *,
        start: Amount | Prior | None = None,
        low: Amount = -math.inf,
        high: Amount = math.inf,
        doc: str = "",
    ) -> None:
        super().__init__(unit, doc)
        self._bounds = low, high
        self._start = start

    def declared(self, name: str, given: Given = None) -> Signal:
        edge = self.edge
        low, high = _bounds(self._bounds, edge)
        start, prior = _begin(self._start if given is None else given, edge)
        return _within(Signal(name, "hidden", absolute(edge), edge, low, high, start=start, prior=prior, doc=self._doc))


@final
class actuator(Role):
    """A signal that may be set, between `low` and `high`, no faster than `slew`; `safe` is where it goes in doubt.

    >>> pump = actuator("rpm", low=600, high=3000, slew="100 rpm/s", safe=600).declared("speed")
    >>> pump.slew, pump.initial
    (100.0, 600.0)
    """

    def __init__(
        self,
        unit: str,
        *,
        low: Amount,
        high: Amount,
        slew: Amount | None = None,
        safe: Amount | None = None,
        start: Amount | None = None,
        doc: str = "",
    ) -> None:
        super().__init__(unit, doc)
        self._bounds = low, high
        self._slew, self._safe, self._start = slew, safe, start

    def declared(self, name: str, given: Given = None) -> Signal:
        edge = self.edge
        low, high = _bounds(self._bounds, edge)
        _expect(math.isfinite(low) and math.isfinite(high), "finite bounds of an actuator", (low, high))
        slew = None if self._slew is None else slope(self._slew, edge)
        _expect(slew is None or slew > 0.0, "a slew above zero", slew)
        safe = None if self._safe is None else amount(self._safe, edge)
        _expect(safe is None or low <= safe <= high, f"a safe value from {low:g} to {high:g}", safe)
        start, prior = _begin(self._start if given is None else given, edge)
        _expect(prior is None, "a number to start an actuator with", prior)
        return _within(
            Signal(name, "actuator", absolute(edge), edge, low, high, start=start, safe=safe, slew=slew, doc=self._doc)
        )


@final
class parameter(Role):
    """A number that is believed: a value, or a prior from which it differs from twin to twin and is learnt.

    >>> from pollux.model.priors import lognormal
    >>> parameter("1/s", lognormal(4e-9, 0.3)).declared("ageing").prior
    lognormal(median=4e-09, spread=0.3)
    """

    def __init__(
        self,
        unit: str,
        value: Amount | Prior,
        *,
        low: Amount = -math.inf,
        high: Amount = math.inf,
        doc: str = "",
    ) -> None:
        super().__init__(unit, doc)
        self._bounds = low, high
        self._value = value

    def declared(self, name: str, given: Given = None) -> Signal:
        edge = self.edge
        low, high = _bounds(self._bounds, edge)
        start, prior = _begin(self._value if given is None else given, edge)
        return _within(
            Signal(name, "parameter", absolute(edge), edge, low, high, start=start, prior=prior, doc=self._doc)
        )


@final
class fact(Role):
    """What is told about a twin once: a text, a flag, a choice, a position, or a number with a unit.

    `fact("text")`, `fact("flag", False)`, `fact(["gas", "oil"], "gas")`, `fact("position")`, `fact("m**2", 40)`.
    Numbers and flags may stand in equations. `personal=True` marks what says something about a person.

    >>> fact(["gas", "oil"], "gas").declared("fuel").choices
    ('gas', 'oil')
    """

    def __init__(
        self,
        kind: str | Sequence[str],
        value: Amount | bool | None = None,
        *,
        low: Amount = -math.inf,
        high: Amount = math.inf,
        personal: bool = False,
        doc: str = "",
    ) -> None:
        named: Kind | None = _KINDS.get(kind) if isinstance(kind, str) else "choice"
        self._kind: Kind = named or "number"
        self._choices = () if isinstance(kind, str) else tuple(kind)
        super().__init__(kind if isinstance(kind, str) and named is None else "1", doc)
        self._value, self._bounds, self._personal = value, (low, high), personal

    def declared(self, name: str, given: Given = None) -> Signal:
        value = self._value if given is None else given
        if self._kind == "number":
            edge = self.edge
            low, high = _bounds(self._bounds, edge)
            start, prior = _begin(value, edge)
            own, personal = absolute(edge), self._personal
            return _within(
                Signal(name, "fact", own, edge, low, high, start=start, prior=prior, doc=self._doc, personal=personal)
            )
        return Signal(
            name,
            "fact",
            DIMENSIONLESS,
            DIMENSIONLESS,
            *_FREE,
            start=self._plain(value),
            kind=self._kind,
            choices=self._choices,
            doc=self._doc,
            personal=self._personal,
        )

    def _plain(self, value: Given) -> str | bool | None:
        if value is None:
            return None
        if self._kind == "flag":
            return value if isinstance(value, bool) else _refuse("True or False", value)
        if self._kind == "position" or not isinstance(value, str):
            return _refuse("a text" if self._kind != "position" else "no value of a position in the class", value)
        _expect(not self._choices or value in self._choices, f"one of {', '.join(self._choices)}", value)
        return value


_KINDS: Final[dict[str, Kind]] = {"text": "text", "flag": "flag", "position": "position"}


def _bounds(bounds: tuple[Amount, Amount], edge: Unit) -> tuple[float, float]:
    low, high = (amount(one, edge) for one in bounds)
    _expect(low < high, "low below high", (low, high))
    return low, high


def _begin(what: Given, edge: Unit) -> tuple[float | None, Prior | None]:
    if what is None:
        return None, None
    if isinstance(what, Prior):
        prior = belief(what, edge)
        return prior.mean, prior
    return amount(what, edge), None


def _within(signal: Signal) -> Signal:
    start = signal.start
    if isinstance(start, float) and not signal.low <= start <= signal.high:
        _refuse(f"a number from {signal.low:g} to {signal.high:g} {signal.unit}", start)
    return signal


def _expect(holds: bool, what: str, got: object) -> None:
    if not holds:
        _refuse(what, got)


def _refuse(what: str, got: object) -> NoReturn:
    raise ModelError(f"expected {what}, got {got!r}")
