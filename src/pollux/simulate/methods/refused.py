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
