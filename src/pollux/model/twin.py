"""`Twin`: what a twin type is a class of; it owns nothing but what its users see."""

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from pollux.errors import ModelError
from pollux.model.schema import Schema
from pollux.model.symbols import Symbol, refuse_change
from pollux.model.trace import trace
from pollux.model.views import Read


class Twin:
    """A type of twin: its class body declares signals and equations, and is checked when the class is complete.

    On the class a name is a symbol, on a view (`p7.now`) a `Value`. `class Patient(px.Twin, personal=True)` marks a
    type whose twins are people: their data are sealed with a key of their own. Raises `ModelError` for wrong units,
    unknown names, algebraic loops and Python branches on signals.

    >>> from pollux.model.equations import rate
    >>> from pollux.model.roles import hidden, parameter
    >>> class Tank(Twin):
    ...     volume = hidden("l", start=100)
    ...     drain = parameter("1/min", 0.5)
    ...
    ...     @rate(volume)
    ...     def drains(self):
    ...         return -self.drain * self.volume
    >>> Tank.__pollux__.states, str(Tank.__pollux__.rates["volume"].unit)
    (('volume',), 'l/s')
    """

    __pollux__: ClassVar[Schema]
    __pollux_read__: Read

    def __init_subclass__(cls, *, personal: bool = False) -> None:
        super().__init_subclass__()
        cls.__pollux__ = trace(cls, personal=personal)

    def __init__(self) -> None:
        raise ModelError(
            f"expected a fleet of {type(self).__name__}, got a call of the class",
            hint=f'twins live in fleets: site.fleet({type(self).__name__})["P-7"]',
        )

    def __pollux_get__(self, symbol: Symbol) -> Any:
        return symbol.seen(self.__pollux_read__)

    if not TYPE_CHECKING:
        # Hidden from type checkers, which would otherwise let every assignment to a view pass.
        def __setattr__(self, name: str, value: object) -> NoReturn:
            refuse_change(self, name)
