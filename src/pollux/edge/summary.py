"""What of a signal is told once a minute, and under which signals of the twin: declared, checked, bound to a schema."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias, final

from pollux.check.doubts import AbstractDoubt
from pollux.check.vocabulary import TOLD, linear
from pollux.columns.quality import Reason
from pollux.edge.window import Window
from pollux.errors import SetupError
from pollux.model.schema import NUMERIC, Schema, Signal
from pollux.model.symbols import Symbol
from pollux.model.units import DIMENSIONLESS, Unit, convert, scale, unit


class _Own(Enum):
    ITSELF = "the signal itself"


ITSELF: Final = _Own.ITSELF
Figure: TypeAlias = Callable[[Window], float]

_FREQUENCY: Final = unit("Hz")


@final
class Summary:
    """How one signal is summarised, and which signals of its twin are told which figure.

    `px.Summary(Pump.vibration, rms=Pump.vibration_rms)` tells the mean as `vibration` and the root mean square as
    `vibration_rms`: figures are ordinary signals, declared in the class with a unit of the same dimension, so that the
    site needs to know nothing of summaries. `unit` is the source's where it is not the declared one. `quantiles` are by
    fraction, `lines` pairs of signals for the frequency and the root mean square of the strongest lines of the
    spectrum, in bins of `resolution` (Hz). What `doubts` and the declared low and high doubt is left out of all figures
    and counted in `doubted`, and in `because` by the name of its `pollux.columns.Reason`, such as "SPIKE".

    Raises SetupError for a signal of another class, NotFound, or UnitError for one of another dimension, when it is
    given to `Edge.read`.

    >>> import pollux as px
    >>> class Pump(px.Twin):
    ...     vibration = px.sensor("m/s^2", low=-200, high=200)
    ...     vibration_rms = px.sensor("m/s^2", low=0)
    ...     tone = px.sensor("Hz", low=0)
    ...     tone_rms = px.sensor("m/s^2", low=0)
    >>> px.Summary(Pump.vibration, rms=Pump.vibration_rms, lines=[(Pump.tone, Pump.tone_rms)]).resolution
    1.0
    """

    def __init__(
        self,
        signal: Symbol,
        *,
        unit: str | None = None,
        mean: Symbol | Literal[_Own.ITSELF] | None = ITSELF,
        count: Symbol | None = None,
        minimum: Symbol | None = None,
        maximum: Symbol | None = None,
        rms: Symbol | None = None,
        deviation: Symbol | None = None,
        quantiles: Mapping[float, Symbol] | None = None,
        lines: Sequence[tuple[Symbol, Symbol]] = (),
        resolution: float = 1.0,
        doubts: Sequence[AbstractDoubt] = (),
        doubted: Symbol | None = None,
        because: Mapping[str, Symbol] | None = None,
    ) -> None:
        self.signal: Symbol = signal
        self.unit: str | None = unit
        self.mean: Symbol | None = signal if mean is ITSELF else mean
        self.count: Symbol | None = count
        self.minimum: Symbol | None = minimum
        self.maximum: Symbol | None = maximum
        self.rms: Symbol | None = rms
        self.deviation: Symbol | None = deviation
        self.quantiles: Mapping[float, Symbol] = dict(quantiles or {})
        self.lines: tuple[tuple[Symbol, Symbol], ...] = tuple(lines)
        self.resolution: float = resolution
        self.doubts: tuple[AbstractDoubt, ...] = tuple(doubts)
        self.doubted: Symbol | None = doubted
        self.because: Mapping[str, Symbol] = dict(because or {})
        self._check()

    def _check(self) -> None:
        at = self.signal.name
        if not self.resolution > 0:
            raise SetupError(f"expected a resolution above 0 Hz, got {self.resolution:g}", at=at)
        for q in self.quantiles:
            if not 0 <= q <= 1:
                raise SetupError(f"expected quantiles from 0 to 1, got {q:g}", at=at)
        for name in self.because:
            if name not in Reason.__members__ or Reason[name].refuses or not Reason[name]:
                known = ", ".join(one.name for one in Reason if one and not one.refuses)
                raise SetupError(f"expected the name of a doubt, got {name!r}", at=at, hint=f"there are {known}")


@final
@dataclass(frozen=True, slots=True)
class Told:
    """One figure under its wire name."""

    name: str
    figure: Figure


@final
class Plan:
    """A summary bound to the schema of its twin: `factor` and `offset` turn the source's numbers into the column's."""

    def __init__(self, summary: Summary, schema: Schema) -> None:
        self.summary = summary
        self.schema = schema
        self.name = signal_of(summary.signal, schema).name
        self.place = schema.index[self.name]
        self.signal = schema.signals[self.place]
        self.factor, self.offset = linear(unit(summary.unit) if summary.unit else self.signal.edge, self.signal)
        for doubt in summary.doubts:
            doubt.check(self.signal)
        self.told = tuple(self._told())

    def window(self, step: int) -> Window:
        """An empty window for samples that are `step` nanoseconds apart, 0 for any."""
        return Window(
            step if self.summary.lines else 0, self.summary.resolution, quantiles=bool(self.summary.quantiles)
        )

    def _told(self) -> Iterator[Told]:
        given = self.summary
        yield from self._level(given.mean, lambda window: window.moments.mean if window.moments.count else float("nan"))
        yield from self._level(given.minimum, lambda window: window.moments.low)
        yield from self._level(given.maximum, lambda window: window.moments.high)
        yield from self._level(given.rms, lambda window: window.moments.rms)
        yield from self._size(given.deviation, lambda window: window.moments.deviation)
        for q, symbol in given.quantiles.items():
            yield from self._level(symbol, _quantile(q))
        for number, (frequency, rms) in enumerate(given.lines):
            yield from self._plain(frequency, _FREQUENCY, _frequency(number))
            yield from self._size(rms, _strength(number))
        yield from self._plain(given.count, DIMENSIONLESS, lambda window: window.moments.count)
        yield from self._plain(given.doubted, DIMENSIONLESS, lambda window: sum(window.doubted.values()))
        for name, symbol in given.because.items():
            yield from self._plain(symbol, DIMENSIONLESS, _because(Reason[name]))

    def _level(self, symbol: Symbol | None, figure: Figure) -> Iterator[Told]:
        for signal in _if_any(symbol, self.schema):
            yield Told(signal.name, _converted(figure, self.signal.unit, signal.edge))

    def _size(self, symbol: Symbol | None, figure: Figure) -> Iterator[Told]:
        yield from self._plain(symbol, self.signal.unit, figure)

    def _plain(self, symbol: Symbol | None, have: Unit, figure: Figure) -> Iterator[Told]:
        for signal in _if_any(symbol, self.schema):
            yield Told(signal.name, _scaled(figure, scale(have, signal.edge)))


def counter(symbol: Symbol | None, schema: Schema) -> str:
    """The wire name of a signal that counts something; empty for none. Raises UnitError for one with a dimension."""
    for signal in _if_any(symbol, schema):
        scale(DIMENSIONLESS, signal.edge)
        return signal.name
    return ""


def _if_any(symbol: Symbol | None, schema: Schema) -> tuple[Signal, ...]:
    return () if symbol is None else (signal_of(symbol, schema),)


def signal_of(symbol: Symbol, schema: Schema) -> Signal:
    """The signal that a symbol names; raises SetupError for one of another class, or that no device tells."""
    if symbol.schema.name != schema.name:
        raise SetupError(f"expected a signal of {schema.name}, got {symbol!r}", at="px.Edge")
    signal = schema.signal(symbol.name)
    if signal.role not in TOLD or signal.kind not in NUMERIC:
        raise SetupError(f"expected a number that a device tells, got the {signal.role} {symbol!r}", at="px.Edge")
    return signal


def _converted(figure: Figure, have: Unit, want: Unit) -> Figure:
    scale(have, want)
    return lambda window: convert(figure(window), have, want)


def _scaled(figure: Figure, factor: float) -> Figure:
    return lambda window: figure(window) * factor


def _quantile(q: float) -> Figure:
    return lambda window: window.quantile(q)


def _frequency(number: int) -> Figure:
    return lambda window: window.line(number).frequency


def _strength(number: int) -> Figure:
    return lambda window: window.line(number).rms


def _because(reason: Reason) -> Figure:
    return lambda window: window.doubted.get(reason, 0)
