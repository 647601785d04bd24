"""Two time scales: a fast model, run to its periodic state, gives derived values of a slow one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from pollux.errors import ModelError
from pollux.model.amounts import seconds
from pollux.model.graph import Expr, Settled, const, lift, node, told_in
from pollux.model.roles import actuator, parameter
from pollux.model.schema import schema_of
from pollux.model.symbols import Symbol
from pollux.model.units import absolute, convert
from pollux.model.value import Value
from pollux.model.views import view_of

if TYPE_CHECKING:
    from pollux.model.twin import Twin

T = TypeVar("T", bound="Twin")
Inputs: TypeAlias = "Mapping[parameter | actuator | Value, Value | float]"


def settled(kind: type[T], given: Inputs, *, over: str, every: str | None = None, step: str | None = None) -> T:
    """A view of a fast model after it has run `over` a stretch of time with these parameters and actuators.

    What is read on the view, a reading above all, is a value of the slow model: `settled(Circulation,
    {Circulation.svr: self.svr}, over="25 s").systolic`. A bare number is in the declared unit of its key; what is not
    given keeps the value that the fast model declares. `every` says how often the slow model asks again, `step` how
    long the steps of the fast model are where its author has tried it; else they are chosen.

    Raises ModelError for keys that are no parameters or actuators of the type.

    >>> from pollux.model.equations import rate
    >>> from pollux.model.roles import hidden
    >>> from pollux.model.twin import Twin
    >>> class Circuit(Twin):
    ...     pressure = hidden("mmHg")
    ...     resistance = parameter("mmHg*s/ml", 1.0)
    ...     pull = parameter("mmHg/s", 1.0)
    ...     @rate(pressure)
    ...     def falls(self):
    ...         return -self.pull * self.resistance / self.resistance
    >>> settled(Circuit, {Circuit.resistance: 0.9}, over="25 s").pressure
    <settled of 1 in mmHg>
    """
    schema = schema_of(kind)
    told = {symbol.name: _told(kind, symbol, value) for symbol, value in given.items() if isinstance(symbol, Symbol)}
    if len(told) < len(given):
        raise ModelError(f"expected parameters of {kind.__name__} as keys", hint=f"{{{kind.__name__}.name: value}}")
    inputs, run = tuple(sorted(told)), seconds(over)
    args, again = tuple(told[name] for name in inputs), None if every is None else seconds(every)
    dt = None if step is None else seconds(step)
    return view_of(kind, lambda name: _output(args, Settled(schema, inputs, run, name, again, dt)))


def _told(kind: type, symbol: Symbol, value: Value | float) -> Expr:
    name, schema = symbol.name, schema_of(kind)
    if symbol.twin is not kind or name not in schema.params:
        raise ModelError(
            f"expected a parameter or an actuator of {kind.__name__}, got {symbol!r}",
            hint="what the fast model computes itself cannot be given",
        )
    lifted, signal = lift(value), schema.signal(name)
    if lifted is None:
        raise ModelError(f"expected a value for {symbol!r}, got {type(value).__name__}")
    if isinstance(value, Value):
        return told_in(lifted, signal.unit)
    return const(convert(float(value), signal.edge, absolute(signal.edge)), signal.unit)


def _output(args: tuple[Expr, ...], data: Settled) -> Value:
    return node("settled", args, data.schema.unit_of(data.output), data)
