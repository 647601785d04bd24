"""A study: a model as a function of what is uncertain, evaluated for all points of a design in one call."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeAlias, cast, final

import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import SimulationError
from pollux.model.priors import Prior
from pollux.simulate.sampling import Sampling, levels

Model: TypeAlias = Callable[[F64], F64]
"""From points (points, inputs) to values (points,) or (points, outputs)."""

Slopes: TypeAlias = Callable[[F64], F64]
"""From a point (inputs,) to derivatives (outputs, inputs)."""

OneByOne: TypeAlias = Callable[[Mapping[str, float]], float | Sequence[float]]
"""From the inputs by name to a value, or one per output."""


@final
@dataclass(frozen=True, slots=True)
class Input:
    """What is uncertain: its name, what is believed of it, and its unit."""

    name: str
    prior: Prior
    unit: str = ""


@final
@dataclass(frozen=True, slots=True)
class Output:
    """What is asked for: its name and unit."""

    name: str
    unit: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """A model over uncertain inputs, which are taken as independent of each other.

    `model` takes all points of a design at once, (points, inputs), and gives (points,) or (points, outputs); a value
    that is no finite number means that the point failed. `base` is the middle of the inputs, where one at a time is
    varied; None stands for their medians. `slopes` are exact derivatives at a point, (outputs, inputs), NaN where there
    are none, for models that know them. Raises SimulationError without inputs or outputs, for one name twice, and for
    a model that gives another number of values.

    >>> import pollux as px
    >>> box = px.study(lambda x: x[:, 0] ** 2 * x[:, 1], {"side": px.normal(1, 0.1), "height": px.normal(9, 1)})
    >>> box.names, box.middle.tolist(), box.evaluate(box.middle[None]).tolist()
    (('side', 'height'), [1.0, 9.0], [[9.0]])
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    model: Model = field(repr=False)
    base: tuple[float, ...] | None = None
    slopes: Slopes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.inputs or not self.outputs:
            raise SimulationError(
                f"expected inputs and outputs, got {len(self.inputs)} and {len(self.outputs)}", at="Study",
                hint="what is uncertain has a prior; what is asked for has a name",
            )  # fmt: skip
        for kind in (self.inputs, self.outputs):
            names = [one.name for one in kind]
            if len(set(names)) < len(names):
                raise SimulationError(f"expected names that differ, got {', '.join(names)}", at="Study")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the inputs."""
        return tuple(one.name for one in self.inputs)

    @property
    def middle(self) -> F64:
        """The base point, (inputs,)."""
        if self.base is not None:
            return np.array(self.base)
        middle: F64 = self.at(np.full((1, len(self.inputs)), 0.5))[0]
        return middle

    def at(self, places: F64) -> F64:
        """The points (points, inputs) at these levels of probability."""
        columns = [one.prior.quantile(places[:, place]) for place, one in enumerate(self.inputs)]
        return np.stack(columns, axis=1)

    def design(self, runs: int, *, sampling: Sampling = "sobol", seed: int = 0) -> F64:
        """Points (runs, inputs) drawn from the priors."""
        return self.at(levels(sampling, self.names, runs, seed=seed, twin="design").T)

    def evaluate(self, points: F64) -> F64:
        """The outputs (points, outputs) at these points, in one call of the model; NaN where it failed."""
        expected = (len(points), len(self.outputs))
        with np.errstate(all="ignore"):
            found = np.asarray(self.model(points), np.float64)
        values = found[:, None] if found.ndim == 1 else found
        if values.shape != expected:
            raise SimulationError(f"expected values of shape {expected} from the model, got {values.shape}", at="Study")
        return np.where(np.isfinite(values), values, np.nan)


def study(
    model: Model | OneByOne,
    inputs: Mapping[str, Prior],
    outputs: str | Sequence[str] = "output",
    *,
    one_by_one: bool = False,
    executor: Executor | None = None,
) -> Study:
    """A study of any function of uncertain inputs: a formula, an FMU, a mesh.

    The function takes points (points, inputs) in the order of `inputs` and gives values (points,) or (points, outputs).
    With `one_by_one` it takes one mapping of names to numbers at a time, on `executor` where one is given; an
    ArithmeticError is then a failed point. Raises SimulationError without inputs or outputs.

    >>> import pollux as px
    >>> wall = px.study(lambda x: x[:, 0] / x[:, 1], {"loss": px.uniform(1, 2), "thickness": px.uniform(0.1, 0.2)})
    >>> wall.evaluate(wall.design(8)).shape
    (8, 1)
    """
    named = (outputs,) if isinstance(outputs, str) else tuple(outputs)
    told = tuple(Input(name, prior) for name, prior in inputs.items())
    single = _Sound(cast("OneByOne", model), len(named))
    whole = _Scattered(single, tuple(inputs), executor) if one_by_one else cast("Model", model)
    return Study(told, tuple(Output(name) for name in named), whole)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Sound:
    """A function whose arithmetic errors are values; at home in a module, so that processes can be sent it."""

    one: OneByOne
    outputs: int

    def __call__(self, point: dict[str, float]) -> F64:
        try:
            return np.atleast_1d(np.asarray(self.one(point), np.float64))
        except ArithmeticError:
            return np.full(self.outputs, np.nan)


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Scattered:
    """A function of one point as a function of many."""

    single: _Sound
    names: tuple[str, ...]
    executor: Executor | None

    def __call__(self, points: F64) -> F64:
        asked = [dict(zip(self.names, point.tolist(), strict=True)) for point in points]
        found = map(self.single, asked) if self.executor is None else self.executor.map(self.single, asked)
        return np.array(list(found))
