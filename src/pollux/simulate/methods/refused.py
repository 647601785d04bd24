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
