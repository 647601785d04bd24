"""A reduced body as a part of a twin: its modes are states, its equations are written from the matrices."""

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pollux.columns.arrays import F64
from pollux.errors import ModelError
from pollux.model.equations import RateEquation, derived, rate
from pollux.model.functions import maximum, sqrt
from pollux.model.graph import const, lift
from pollux.model.parts import Part
from pollux.model.roles import Role, hidden, parameter
from pollux.model.units import SECOND, Unit, unit
from pollux.model.value import Value
from pollux.simulate.geometry.form import Form
from pollux.simulate.geometry.mises import COMPONENTS
from pollux.simulate.geometry.system import Seen

SCALES: Final = {"structure": ("stiffness", "damping"), "heat": ("capacity",)}
"""Parameters of every part, 1 where nothing is said: what they multiply scales the whole body alike."""


class BodyPart(Part):
    """What every part made from a reduced body has; it is made by `Reduced.part`, not by hand.

    States are `mode1`, `mode2`, ... (m or K) and, in a structure, their `speed1`, ... (m/s); outputs are derived values
    under their own names. The parameter `stiffness` multiplies Young's modulus, `damping` all damping; in heat
    `capacity` multiplies the heat capacity. Each may have a prior, and is learnt then.
    """

    __pollux_form__: ClassVar[Form]

    @property
    def coordinates(self) -> tuple[Any, ...]:
        """The states, for the rate of a driven part: `@px.rate(*arm.coordinates)`."""
        return tuple(getattr(self, name) for name in self.__pollux_form__.states)

    def moves(self, inputs: Mapping[str, Value | float]) -> tuple[Value, ...]:
        """The rates of all states under these inputs, in the order of `coordinates`; those not given do nothing."""
        return tuple(_rates(self, self.__pollux_form__, _deviations(self.__pollux_form__, inputs)))

    def output(self, name: str, inputs: Mapping[str, Value | float]) -> Value:
        """An output under these inputs; raises ModelError for a name that is none."""
        form = self.__pollux_form__
        for one in form.seen:
            if one.name == name:
                return _output(self, form, one, _deviations(form, inputs))
        raise ModelError(f"expected one of {', '.join(one.name for one in form.seen)}, got {name!r}", at="output")

    def warmth(self, name: str, inputs: Mapping[str, Value | float] | None = None) -> dict[str, Value]:
        """What a structure that is `Warmed` by this body under a name is told: modes and inputs.

        A driven part is given its inputs here too. Raises ModelError for a structure.
        """
        form = self.__pollux_form__
        if form.is_structure:
            raise ModelError("expected a body with heat, got a structure", at="warmth")
        known = {one.name: getattr(self, one.name) for one in form.inputs} if inputs is None else inputs
        given = {f"{name}_{one}": _value(one, value) for one, value in known.items()}
        return {f"{name}_{state}": getattr(self, state) for state in form.states} | given

    if TYPE_CHECKING:
        # Its names come from a body, so no type checker can know them.
        def __getattr__(self, name: str) -> Value: ...
        def __get__(self, instance: object, owner: type) -> Any: ...


def part_of(
    form: Form, name: str, *, inputs: Mapping[str, Role], driven: bool = False, start: float | None = None
) -> type[BodyPart]:
    """The class of a part; see `Reduced.part`."""
    _check(form, name, inputs, driven)
    body: dict[str, Any] = {"__pollux_form__": form, "__doc__": f"A body of {form.modes} modes."}
    body |= _states(form, start)
    body |= {scale: parameter("1", 1.0, low=0.0) for scale in SCALES[form.kind]}
    if not driven:
        roles = {one.name: parameter(one.unit, one.zero) for one in form.inputs}
        body |= roles | dict(inputs)
        if form.states:
            body["body_moves"] = _rate_equation(form, [body[state] for state in form.states])
        body |= {one.name: derived(_reader(one.name)) for one in form.seen}
    found: type[BodyPart] = types.new_class(name, (BodyPart,), exec_body=lambda space: space.update(body))
    return found


def _check(form: Form, name: str, inputs: Mapping[str, Role], driven: bool) -> None:
    own = [one.name for one in form.inputs]
    names = [name, *own, *(one.name for one in form.seen), *form.states, *SCALES[form.kind], "body_moves"]
    taken = [one for one in names if names.count(one) > 1 or not one.isidentifier() or hasattr(BodyPart, one)]
    if taken:
        raise ModelError(f"expected a name of its own for each thing of a part, got {taken[0]!r}", at=name)
    for one in inputs:
        if one not in own or driven:
            hint = "a driven part is given its inputs by the twin" if driven else f"inputs are {', '.join(own)}"
            raise ModelError(f"expected an input of the body, got {one!r}", at=name, hint=hint)


def _states(form: Form, start: float | None) -> Iterator[tuple[str, hidden]]:
    of, rise = _state_unit(form), 0.0
    if start is not None:
        if form.is_structure:
            raise ModelError("expected a start in K of a body with heat, got one of a structure", at="start")
        rise = start - form.seen[0].zero
    for place, name in enumerate(form.states):
        is_speed = place >= form.modes
        begin = 0.0 if is_speed else rise * float(form.uniform[place])
        yield name, hidden(str(of / SECOND if is_speed else of), start=begin)


def _state_unit(form: Form) -> Unit:
    return unit("m" if form.is_structure else "K")


def _rate_equation(form: Form, states: list[hidden]) -> RateEquation:
    def body_moves(self: Any) -> tuple[Value, ...]:
        part: BodyPart = self
        return part.moves({one.name: getattr(part, one.name) for one in form.inputs})

    return rate(*states)(body_moves)


def _reader(name: str) -> Callable[[Any], Value]:
    def read(self: Any) -> Value:
        part: BodyPart = self
        return part.output(name, {one.name: getattr(part, one.name) for one in part.__pollux_form__.inputs})

    return read


def _deviations(form: Form, inputs: Mapping[str, Value | float]) -> dict[str, Value]:
    """The inputs that were given, less the numbers at which nothing happens."""
    known = {one.name: one for one in form.inputs}
    found: dict[str, Value] = {}
    for name, value in inputs.items():
        if name not in known:
            raise ModelError(f"expected one of {', '.join(known)}, got {name!r}", at="inputs of a part")
        given = _value(name, value)
        zero = known[name].zero
        found[name] = given - const(zero, unit(known[name].unit)) if zero else given
    return found


def _value(name: str, value: Value | float) -> Value:
    given = lift(value)
    if given is None:
        raise ModelError(f"expected a value for {name}, got {type(value).__name__}", at="inputs of a part")
    return given


def _rates(part: BodyPart, form: Form, acting: Mapping[str, Value]) -> Iterator[Value]:
    of = _state_unit(form)
    per = SECOND**2 if form.is_structure else SECOND
    pulls = [_sum(_driven(part, form, row, of / per, acting)) for row in form.drive]
    amounts = [getattr(part, name) for name in form.states[: form.modes]]
    backs = [const(float(value), unit("1") / per) * q for value, q in zip(form.values, amounts, strict=True)]
    if not form.is_structure:
        yield from ((pull - back) / part.capacity for pull, back in zip(pulls, backs, strict=True))
        return
    speeds = [getattr(part, name) for name in form.states[form.modes :]]
    yield from speeds
    for pull, back, drag, speed in zip(pulls, backs, form.drag, speeds, strict=True):
        yield pull - part.damping * (const(float(drag), unit("1/s")) * speed) - part.stiffness * back


def _driven(part: BodyPart, form: Form, row: F64, of: Unit, acting: Mapping[str, Value]) -> Iterator[Value]:
    for one, number in zip(form.inputs, row, strict=True):
        if number and one.name in acting:
            push = const(float(number), of / unit(one.unit)) * acting[one.name]
            yield part.stiffness * push if one.elastic else push


def _output(part: BodyPart, form: Form, one: Seen, acting: Mapping[str, Value]) -> Value:
    of = unit(one.unit)
    rows = [_row(part, form, place, of, acting, one.is_stress) for place in range(one.first, one.first + one.count)]
    if not one.is_stress:
        return rows[0] + const(one.zero, of) if one.zero else rows[0]
    spots = [_mises(*rows[place : place + COMPONENTS]) for place in range(0, len(rows), COMPONENTS)]
    worst = spots[0]
    for spot in spots[1:]:
        worst = maximum(worst, spot)
    return worst


def _row(part: BodyPart, form: Form, place: int, of: Unit, acting: Mapping[str, Value], stress: bool) -> Value:
    """One linear output; displacement under a force falls with the stiffness, stress of a strain grows with it."""
    names, state = form.states[: form.modes], _state_unit(form)
    shown = _sum(
        (
            const(float(number), of / state) * getattr(part, name)
            for name, number in zip(names, form.outputs[place], strict=True)
            if number
        ),
        of,
    )
    at_once: dict[bool, list[Value]] = {False: [], True: []}
    for one, number in zip(form.inputs, form.direct[place], strict=True):
        if number and one.name in acting:
            at_once[one.elastic].append(const(float(number), of / unit(one.unit)) * acting[one.name])
    forced, grown = _sum(at_once[False], of), _sum(at_once[True], of)
    if not form.is_structure:
        return shown + forced
    if stress:
        return part.stiffness * (shown + grown) + forced
    return shown + grown + forced / part.stiffness


def _sum(terms: Iterable[Value], of: Unit | None = None) -> Value:
    total: Value | None = None
    for one in terms:
        total = one if total is None else total + one
    return const(0.0, of or unit("1")) if total is None else total


def _mises(x: Value, y: Value, z: Value, yz: Value, xz: Value, xy: Value) -> Value:
    normal = (x - y) ** 2 + (y - z) ** 2 + (z - x) ** 2
    return sqrt(0.5 * normal + 3.0 * (yz**2 + xz**2 + xy**2))
