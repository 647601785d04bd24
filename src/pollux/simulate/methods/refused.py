"""What a method cannot integrate, told before a kernel is written."""

from pollux.errors import SimulationError
from pollux.simulate.methods.rows import Task


def refuse(task: Task) -> None:
    """Raise `SimulationError` for a type that this method is not for."""
    schema = task.schema
    if schema.algebraic and task.method != "rodas4":
        raise SimulationError(
            f"expected a method for algebraic variables ({', '.join(schema.unknowns)}), got {task.method!r}",
            at=schema.name,
            hint='method="rodas4", or "auto"',
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
