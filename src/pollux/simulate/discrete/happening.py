"""What processes wait for: something that happens once, a span of time, all or any of several things."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, final

from pollux.errors import SimulationError

if TYPE_CHECKING:
    from pollux.simulate.discrete.environment import Environment

Told = Callable[["Happening"], None]


class Happening:
    """Something that happens once, with a value or an error; processes wait for it by yielding it.

    `succeed` and `fail` make it happen now. An error that no process is waiting for ends the run: it is raised by
    `Environment.run`, so that nothing goes wrong unheard.
    """

    __slots__ = ("_error", "_told", "_value", "env", "happened", "heard", "scheduled")

    def __init__(self, env: "Environment") -> None:
        self.env = env
        self.happened = False
        self.scheduled = False
        self.heard = False
        self._told: list[Told] = []
        self._value: Any = None
        self._error: BaseException | None = None

    @property
    def value(self) -> Any:
        """What it brought; raises SimulationError before it has happened."""
        if not self.happened:
            raise SimulationError("expected something that has happened, got one that has not", at=repr(self))
        return self._value

    @property
    def error(self) -> BaseException | None:
        """The error with which it failed, None where it did not."""
        return self._error

    def succeed(self, value: Any = None) -> "Happening":
        """Let it happen now, with a value; raises SimulationError when it has happened already."""
        return self._settle(value, None)

    def fail(self, error: BaseException) -> "Happening":
        """Let it fail now: the error is raised in every process that waits for it."""
        return self._settle(None, error)

    def _settle(self, value: Any, error: BaseException | None) -> "Happening":
        if self.scheduled:
            raise SimulationError("expected something that has not happened, got one that has", at=repr(self))
        self._value, self._error = value, error
        self.env.schedule(self, 0)
        return self

    def then(self, told: Told) -> None:
        """Call this when it happens; what has happened is told at once."""
        if self.happened:
            told(self)
        else:
            self._told.append(told)

    def forget(self, told: Told) -> None:
        """Do not call this any more."""
        if told in self._told:
            self._told.remove(told)

    @property
    def outcome(self) -> tuple[Any, BaseException | None]:
        """The value and the error, for whoever is told."""
        return self._value, self._error

    def happen(self) -> None:
        """It happens: whoever waits is told, in the order in which they came. Called by the environment."""
        self.happened = True
        waiting = self._told
        if waiting:
            self._told = []
            for told in waiting:
                told(self)
        elif self._error is not None and not self.heard:
            raise self._error

    def __and__(self, other: "Happening") -> "Happening":
        return AllOf(self.env, (self, other))

    def __or__(self, other: "Happening") -> "Happening":
        return AnyOf(self.env, (self, other))

    def __repr__(self) -> str:
        return f"{type(self).__name__} at {self.env.seconds:g} s"


@final
class Timeout(Happening):
    """A span of time."""

    __slots__ = ()

    def __init__(self, env: "Environment", span: int, value: Any = None) -> None:
        # As the parent does it, without the calls: there are more of these than of everything else.
        self.env = env
        self.happened = self.heard = False
        self._told = []
        self._value = value
        self._error = None
        env.schedule(self, span)


class _AbstractSeveral(Happening, ABC):
    """Something that waits for several others; its value is what those that have happened brought, by themselves."""

    __slots__ = ("_of",)

    def __init__(self, env: "Environment", of: Sequence[Happening]) -> None:
        super().__init__(env)
        self._of = tuple(of)
        for one in self._of:
            one.heard = True
            one.then(self._heard)
        self._look()

    def _heard(self, one: Happening) -> None:
        if one.error is not None:
            if not self.scheduled:
                self.fail(one.error)
            return
        self._look()

    def _look(self) -> None:
        if not self.scheduled and self._is_enough(sum(one.happened for one in self._of)):
            self.succeed({one: one.value for one in self._of if one.happened})

    @abstractmethod
    def _is_enough(self, happened: int) -> bool:
        """Whether it happens once so many of them have."""


@final
class AllOf(_AbstractSeveral):
    """Happens when all of some things have."""

    __slots__ = ()

    def _is_enough(self, happened: int) -> bool:
        return happened == len(self._of)


@final
class AnyOf(_AbstractSeveral):
    """Happens when the first of some things does."""

    __slots__ = ()

    def _is_enough(self, happened: int) -> bool:
        return happened > 0 or not self._of
