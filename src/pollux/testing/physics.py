"""check_physics: the exam for whatever stands behind `AbstractPhysics`; needs no test framework."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import PolluxError
from pollux.simulate.physics import AbstractPhysics

Make = Callable[[], AbstractPhysics]


def check_physics(make: Make, *, span: int, steps: int = 4, poison: str | None = None) -> tuple[str, ...]:
    """Examine an implementation; gives the laws that it kept, raises `AssertionError` with the first that it broke.

    `make` gives a fresh one, always the same. `span` is a step in nanoseconds, a few of which are taken. `poison` names
    an input that the states depend on: set to NaN for one member it must show there, and in no other member; without
    it this law is left out.

    >>> from pollux.testing.physics import check_physics
    >>> check_physics.__name__
    'check_physics'
    """
    kept: list[str] = []
    for law in LAWS:
        law(make, span, steps)
        kept.append(law.__name__.strip("_").replace("_", " "))
    if poison is not None:
        _nan_stays_visible(make, span, steps, poison)
        kept.append("nan stays visible")
    return tuple(kept)


def _run(one: AbstractPhysics, span: int, steps: int) -> None:
    for _ in range(steps):
        one.step(span)


def _seen(one: AbstractPhysics) -> F64:
    """Everything that can be read, (names, members)."""
    return np.array([one.get(name) for name in (*one.states, *one.inputs, *one.outputs)])


def _expect(holds: bool, broken: str, names: Sequence[str] = ()) -> None:
    if not holds:
        raise AssertionError(broken + (f": {', '.join(names)}" if names else ""))


def _same(first: AbstractPhysics, second: AbstractPhysics, broken: str) -> None:
    """Bit for bit, where NaN equals NaN."""
    one, other = _seen(first), _seen(second)
    alike = (one == other) | (np.isnan(one) & np.isnan(other))
    names = (*first.states, *first.inputs, *first.outputs)
    _expect(bool(alike.all()), broken, [n for n, row in zip(names, alike, strict=True) if not row.all()])


def _names_are_told_apart(make: Make, span: int, steps: int) -> None:
    one = make()
    names = (*one.states, *one.inputs, *one.outputs)
    _expect(len(set(names)) == len(names), "a name stands for two things", sorted(names))
    shapes = {name: one.get(name).shape for name in names}
    wrong = [name for name, shape in shapes.items() if shape != (one.members,)]
    _expect(not wrong, f"expected one number for each of {one.members} members", wrong)


def _time_moves_by_the_span(make: Make, span: int, steps: int) -> None:
    one = make()
    began = one.time
    _run(one, span, steps)
    _expect(one.time == began + steps * span, f"expected {steps * span} ns to pass, got {one.time - began}")


def _steps_are_repeatable(make: Make, span: int, steps: int) -> None:
    first, second = make(), make()
    _run(first, span, steps)
    _run(second, span, steps)
    _same(first, second, "two that began alike and were stepped alike differ")


def _saving_changes_nothing(make: Make, span: int, steps: int) -> None:
    first, second = make(), make()
    for one in (first, second):
        _run(one, span, steps)
    first.save()
    _same(first, second, "saving changed what can be read")
    for one in (first, second):
        _run(one, span, steps)
    _same(first, second, "saving changed the future")


def _a_load_has_the_same_future(make: Make, span: int, steps: int) -> None:
    one, straight = make(), make()
    _run(one, span, steps)
    saved = one.save()
    _run(one, span, steps + 1)
    one.load(saved)
    _run(one, span, steps)
    _run(straight, span, 2 * steps)
    _expect(one.time == straight.time, f"expected the time to be loaded too, got {one.time - straight.time} ns apart")
    _same(one, straight, "after a load the future is another")


def _another_takes_it_over(make: Make, span: int, steps: int) -> None:
    one, other = make(), make()
    _run(one, span, steps)
    other.load(one.save())
    _same(one, other, "another that loaded the state reads differently")
    for each in (one, other):
        _run(each, span, steps)
    _same(one, other, "another that loaded the state has another future")


def _unknown_names_are_refused(make: Make, span: int, steps: int) -> None:
    one = make()
    for attempt in (lambda: one.get("no such name"), lambda: one.set({"no such name": 1.0})):
        _expect(_is_refused(attempt), "expected a PolluxError for an unknown name")


def _foreign_bytes_are_refused(make: Make, span: int, steps: int) -> None:
    one, untouched = make(), make()
    for bytes_ in (b"", b"no state of mine", one.save()[:-1]):
        _expect(_is_refused(partial(one.load, bytes_)), "expected a PolluxError for bytes that are no state")
    _same(one, untouched, "bytes that were refused changed something")


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PolluxError:
        return True
    return False


def _nan_stays_visible(make: Make, span: int, steps: int, poison: str) -> None:
    one, sound = make(), make()
    values = one.get(poison)
    values[0] = np.nan
    one.set({poison: values})
    for each in (one, sound):
        _run(each, span, steps)
    states, expected = (np.array([each.get(name) for name in each.states]) for each in (one, sound))
    _expect(not np.isfinite(states[:, 0]).all(), f"NaN in {poison} left every state of that member a finite number")
    _expect(np.array_equal(states[:, 1:], expected[:, 1:], equal_nan=True), "a member that failed disturbed another")


LAWS = (
    _names_are_told_apart,
    _time_moves_by_the_span,
    _steps_are_repeatable,
    _saving_changes_nothing,
    _a_load_has_the_same_future,
    _another_takes_it_over,
    _unknown_names_are_refused,
    _foreign_bytes_are_refused,
)
