"""Parts: a piece of a twin with signals and equations of its own, used by composition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Never, NoReturn, Self, cast, final, overload

from pollux.errors import ModelError
from pollux.model.amounts import Amount
from pollux.model.priors import Prior
from pollux.model.roles import Role
from pollux.model.suggest import did_you_mean
from pollux.model.symbols import AbstractHolder, Symbol, refuse_change
from pollux.model.trace import check_part
from pollux.model.views import Read, below, view_of


class Part(AbstractHolder):
    """A piece of a twin: `lv = Chamber(stiffness=1.54)` gives it values, `Heart.lv.volume` is its symbol.

    Its class body is written like that of a twin, parts inside it included. Values given are those of its parameters,
    facts and actuators, and the starts of its states.

    Raises ModelError for a value of what the part does not have.

    >>> import pollux as px
    >>> class Vessel(px.Part):
    ...     volume = px.hidden("ml")
    ...     compliance = px.parameter("ml/mmHg", 1.0)
    ...
    ...     @px.derived
    ...     def pressure(self):
    ...         return self.volume / self.compliance
    >>> class Body(px.Twin):
    ...     aorta = Vessel(volume=38, compliance=0.1)
    >>> Body.aorta.pressure, Body.__pollux__.signal("aorta.compliance").start
    (Body.aorta.pressure, 0.1)
    """

    __pollux_read__: Read | None = None
    __pollux_state__: "_Declared"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        check_part(cls)

    def __init__(self, **given: Amount | Prior | bool) -> None:
        kind = type(self)
        for name in given:
            if not isinstance(vars(kind).get(name), Role):
                known = [one for one, what in vars(kind).items() if isinstance(what, Role)]
                raise ModelError(
                    f"expected a signal of {kind.__name__}, got {name!r}",
                    at=kind.__name__,
                    hint=did_you_mean(name, known),
                )
        object.__setattr__(self, "__pollux_state__", _Declared(given))

    def __set_name__(self, owner: type, name: str) -> None:
        state = self.__pollux_state__
        if state.owner is None:
            state.owner, state.name = owner, name

    @overload
    def __get__(self, instance: None, owner: type) -> type[Self]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Self: ...
    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None:
            return self
        read = cast("Part", instance).__pollux_read__
        if read is not None:
            return view_of(type(self), below(self.__pollux_state__.name, read))
        return cast("Part", instance).__pollux_inner__(self)

    def __set__(self, instance: object, value: Never) -> NoReturn:
        refuse_change(instance, self.__pollux_state__.name)

    if not TYPE_CHECKING:
        # Hidden from type checkers, which would otherwise let every assignment to a view pass.
        def __setattr__(self, name: str, value: object) -> NoReturn:
            refuse_change(self, name)

    def __pollux_get__(self, symbol: Symbol) -> Any:
        if self.__pollux_read__ is not None:
            return symbol.seen(self.__pollux_read__)
        held = self.__pollux_state__.held
        if symbol.local not in held:
            held[symbol.local] = symbol.held_by(self)
        return held[symbol.local]

    def __pollux_inner__(self, inner: "Part") -> "Part":
        """A part declared in the class of this one, as a part of this very one."""
        state, own = self.__pollux_state__, inner.__pollux_state__
        if own.name not in state.inners:
            part = object.__new__(type(inner))
            object.__setattr__(part, "__pollux_state__", _Declared(own.values, own.owner, own.name, outer=self))
            state.inners[own.name] = part
        return state.inners[own.name]

    def __pollux_path__(self) -> str:
        state = self.__pollux_state__
        return state.name if state.outer is None else f"{state.outer.__pollux_path__()}.{state.name}"

    def __pollux_top__(self) -> type | None:
        state = self.__pollux_state__
        return state.owner if state.outer is None else state.outer.__pollux_top__()

    def __pollux_given__(self) -> Mapping[str, Any]:
        return self.__pollux_state__.values


@final
@dataclass(slots=True)
class _Declared:
    """What a part in a class body knows of itself; its name and owner come when the body is complete."""

    values: Mapping[str, Any]
    owner: type | None = None
    name: str = ""
    outer: Part | None = None
    held: dict[str, Symbol] = field(default_factory=dict[str, Symbol])
    inners: dict[str, Part] = field(default_factory=dict[str, Part])
