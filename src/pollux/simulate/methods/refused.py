"""What a method cannot integrate, told before a kernel is written."""

from pollux.columns.layout import layout_of
from pollux.errors import SimulationError
from pollux.simulate.methods.rows import METHODS, STOCHASTIC, Task


def refuse(task: Task) -> None:
    """Raise `SimulationError` for a type that this method is not for."""
    schema = task.schema
    check_known(task.method)
    if schema.algebraic and task.method != "rodas4":
        _refuse(task, f"a method for algebraic variables ({', '.join(schema.unknowns)})", 'method="rodas4"')
    if schema.noises and task.method not in STOCHASTIC and not task.is_trial:
        _refuse(task, f"a method for noise ({', '.join(schema.noises)})", 'method="euler-maruyama" or "milstein"')
    if layout_of(schema).delays and task.method == "rodas4":
        _refuse(task, "an explicit method for a delay", 'method="rk4" or "dopri5"')


def check_known(method: str) -> None:
    """Raise `SimulationError` for the name of no method."""
    if method not in METHODS:
        raise SimulationError(f"expected a method, got {method!r}", hint=f"auto, {', '.join(METHODS)}")


def _refuse(task: Task, wanted: str, hint: str) -> None:
    raise SimulationError(f"expected {wanted}, got {task.method!r}", at=task.schema.name, hint=f'{hint}, or "auto"')
