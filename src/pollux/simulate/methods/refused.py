"""What the graph can say and no kernel computes."""

from pollux.errors import SimulationError
from pollux.model.schema import Schema


def refuse(schema: Schema) -> None:
    """Raise `SimulationError` for a type that no kernel can be written for."""
    if schema.algebraic:
        raise SimulationError(
            f"expected states that follow from rates, got the unknowns {', '.join(schema.unknowns)}: "
            "algebraic variables are not in simulation",
            at=schema.name,
            hint="give each a rate that closes the gap within a short time",
        )
    if schema.noises:
        raise SimulationError(
            f"expected rates without noise, got {', '.join(schema.noises)}: noise is not in simulation",
            at=schema.name,
        )
    turning = [one.event for one in schema.jumps if one.event in schema.cycles]
    if turning:
        raise SimulationError(
            f"expected jumps at events, got one at each turn of {turning[0]}: it is not in simulation",
            at=schema.name,
            hint="an event such as self.tick.phase >= 0.5 happens once in each turn",
        )
