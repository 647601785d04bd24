"""The exact derivatives that an FMU hands out: of rates and outputs by states and inputs."""

from collections.abc import Iterator, Mapping

from pollux.model.differentiate import jacobian
from pollux.model.graph import Expr, leaf
from pollux.model.schema import Schema
from pollux.model.units import DIMENSIONLESS
from pollux.simulate.export.names import der, is_input, state_name, values
from pollux.simulate.methods.sheet import rate_of


def has_slopes(schema: Schema) -> bool:
    """Whether derivatives can be told: an algebraic unknown would need those of its residuals solved along."""
    return not schema.algebraic


def slopes(schema: Schema) -> Mapping[tuple[str, str], Expr]:
    """The derivatives that are not zero everywhere, by the variables (what, by what)."""
    if not has_slopes(schema):
        return {}
    whats, bys = dict(_whats(schema)), dict(_bys(schema))
    found = jacobian(tuple(whats.values()), tuple(bys.values()))
    names, knowns = tuple(whats), tuple(bys)
    return {(names[i], knowns[j]): expr for (i, j), expr in found.items()}


def _whats(schema: Schema) -> Iterator[tuple[str, Expr]]:
    """Rates, computed numbers, and the states that are outputs themselves."""
    for state in schema.states:
        yield der(schema, state), rate_of(schema, state)
        if state not in schema.cycles and schema.signal(state).role == "sensor":
            yield state, schema.expression(state)
    yield from values(schema).items()


def _bys(schema: Schema) -> Iterator[tuple[str, Expr]]:
    """The leaves that states and inputs are in equations."""
    for state in schema.states:
        is_phase = state in schema.cycles
        unit = DIMENSIONLESS if is_phase else schema.signal(state).unit
        yield state_name(schema, state), leaf("phase" if is_phase else "state", state, unit)
    for name in schema.params:
        if is_input(schema.signal(name)):
            yield name, leaf("param", name, schema.signal(name).unit)
