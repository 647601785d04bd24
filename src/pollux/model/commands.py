"""Commands: what a device can be told besides setting its actuators."""

import inspect
from collections.abc import Callable
from typing import Any, Self, final

from pollux.errors import ModelError
from pollux.model.roles import fact
from pollux.model.schema import Command
from pollux.model.symbols import Symbol


@final
class command(Symbol):
    """A command of the device: its parameters are facts, its docstring says what the device does.

    The body is never run: a device carries a command out, not a model. Every actuator has the command `set` anyway.
    `@px.command(measures=True)` is one that asks for a measurement and changes nothing, so that nobody need sign it; a
    value that is doubted is measured again by the one whose only choice names its signal.

    >>> import pollux as px
    >>> class Infusion(px.Twin):
    ...     @px.command
    ...     def infuse(self, volume=px.fact("ml", low=0, high=500), drug=px.fact(["saline", "albumin"])):
    ...         "Infuse a volume of fluid."
    ...
    ...     @px.command(measures=True)
    ...     def measure(self, signal=px.fact(["pressure", "flow"])):
    ...         "Measure again."
    >>> [one.name for one in Infusion.__pollux__.commands["infuse"].parameters]
    ['volume', 'drug']
    >>> Infusion.__pollux__.commands["measure"].measures
    True
    """

    def __init__(self, function: Callable[..., object] | None = None, *, measures: bool = False) -> None:
        super().__init__()
        self._measures = measures
        self._function = function
        self.__doc__ = inspect.getdoc(function)

    def __call__(self, function: Callable[..., object]) -> Self:
        """Take the function that `@px.command(measures=True)` stands above."""
        self._function = function
        self.__doc__ = inspect.getdoc(function)
        return self

    def declared(self, name: str) -> Command:
        """The command under its dotted name; `ModelError` for a parameter that is no fact."""
        if self._function is None:
            raise ModelError("expected a function below @px.command, got none", hint="def measure(self, ...): ...")
        _, *parameters = inspect.signature(self._function).parameters.values()
        if self.local == "set":
            raise ModelError(
                "expected a name of its own, got 'set'", hint="every actuator has the command 'set' already"
            )
        facts = tuple(_fact(one.name, one.default).declared(one.name) for one in parameters)
        return Command(name, facts, self.__doc__ or "", self._measures)


def _fact(name: str, default: Any) -> fact:
    if not isinstance(default, fact):
        raise ModelError(
            f"expected {name} to be a fact, got {'nothing' if default is inspect.Parameter.empty else repr(default)}",
            hint=f'def infuse(self, {name}=px.fact("ml", low=0, high=500))',
        )
    return default
