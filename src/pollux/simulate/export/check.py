"""What cannot leave as an FMU is refused by name, before anything is written."""

from typing import Literal, TypeAlias

from pollux.columns.layout import equations
from pollux.errors import SimulationError
from pollux.model.rules import LEAVES, OPERATIONS
from pollux.model.schema import Schema
from pollux.model.walk import topological
from pollux.simulate.export.places import check_watchable

Kind: TypeAlias = Literal["both", "co-simulation", "model-exchange"]

_WRITTEN = OPERATIONS | LEAVES | {"table", "spline"}
_OF_OUR_STEPS = {"window": "a reading over a stretch of time", "delay": "a delay", "noise": "white noise"}
_REASONS = {
    "total": ("a total over linked twins", "an FMU holds one twin: make the total a parameter or an actuator"),
    "settled": ("a settled fast model", "export the fast model as an FMU of its own, and connect the two"),
}


def check(schema: Schema, kind: Kind) -> None:
    """Raise `SimulationError` for an equation that C source cannot hold, or that a solver cannot be given."""
    for name, root in equations(schema):
        for expr in topological([root]):
            at = f"{schema.name}.{name}"
            if expr.op in _OF_OUR_STEPS:
                _check_steps(kind, _OF_OUR_STEPS[expr.op], at)
            elif expr.op not in _WRITTEN:
                what, hint = _REASONS.get(expr.op, (f"the operation {expr.op!r}", None))
                raise SimulationError(f"expected an equation that can be exported, got {what}", at=at, hint=hint)
    if kind != "co-simulation":
        check_watchable(schema)


def _check_steps(kind: Kind, what: str, at: str) -> None:
    if kind != "co-simulation":
        raise SimulationError(
            f"expected equations of the moment for {kind}, got {what}",
            at=at,
            hint='that takes steps of our own: kind="co-simulation"',
        )
