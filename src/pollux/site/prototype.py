"""A twin of what is not there yet: a type run ahead as it was designed, before any site has one."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pollux.clock import instant
from pollux.columns.layout import Layout, layout_of
from pollux.columns.memory import NEVER
from pollux.columns.slices import RowSlice
from pollux.errors import SimulationError
from pollux.model.schema import schema_of
from pollux.model.symbols import Symbol
from pollux.model.twin import Twin
from pollux.model.units import convert
from pollux.simulate import Course, Sampling, ensemble
from pollux.site.fork import Fork

F64 = NDArray[np.float64]
T = TypeVar("T", bound=Twin)


def prototype(
    kind: type[T],
    *,
    given: Mapping[Symbol, float] | None = None,
    inputs: Mapping[str, Course] | None = None,
    members: int = 1,
    seed: int = 0,
    sampling: Sampling = "plain",
    start: str = "2000-01-01T00:00:00Z",
) -> Fork[T]:
    """A design as a fork: `members` things of a type that no site needs to have, to be run ahead and compared.

    What has a prior is drawn from it by `seed`, each member its own, which is how things of this type differ; `given`
    are the values that the design fixes, in declared units. `inputs` are courses of parameters and actuators by name,
    as for every fork; time begins at `start`. `sampling` says how the members fill the priors: "plain", "latin" or
    "sobol". Raises SimulationError for what is no slot of the type.

    >>> import pollux as px
    >>> class Tank(px.Twin):
    ...     level = px.hidden("m", start=2)
    ...     outlet = px.parameter("1/h", px.lognormal(0.5, 0.2))
    ...     @px.rate(level)
    ...     def drains(self):
    ...         return -self.outlet * self.level
    >>> futures = px.prototype(Tank, members=100).run("2 h", {Tank.outlet: [0.25, 1.0]})
    >>> [round(float(level), 2) for level in futures.band(Tank.level).median[:, -1]]
    [1.21, 0.27]
    """
    schema, layout = schema_of(kind), layout_of(schema_of(kind))
    columns = _drawn(layout, members, seed, sampling)
    for symbol, value in (given or {}).items():
        signal = schema.signal(symbol.name)
        if signal.name not in layout.slot or signal.name in schema.readings:
            raise SimulationError(f"expected a parameter, an actuator or a state of {schema.name}, got {signal.name}")
        columns[layout.slot[signal.name]] = convert(float(value), signal.edge, signal.unit)
    signals = len(schema.signals)
    actuators = sum(one.role == "actuator" for one in schema.signals)
    slice_ = RowSlice(
        layout,
        ("prototype",),
        np.concatenate([columns[:, :1], np.full((signals + actuators, 1), np.nan)]),
        np.full((signals, 1), NEVER, np.int64),
        np.zeros((signals, 1), np.uint8),
        {},
        0,
    )
    fixed = frozenset(symbol.name for symbol in given or {})
    return Fork(slice_, made=instant(start), members=members, seed=seed, believed=columns, inputs=inputs, fixed=fixed)


def _drawn(layout: Layout, members: int, seed: int, sampling: Sampling) -> F64:
    if sampling == "plain":
        return layout.start(members, np.random.Generator(np.random.Philox(key=seed)))
    return ensemble(layout, layout.start(1), ids=("prototype",), members=members, seed=seed, sampling=sampling)
