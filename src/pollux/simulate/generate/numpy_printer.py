"""NumPy source of a program: the same list of assignments, each one operation on arrays of members.

Names are reused as soon as their value is dead, so that the working set of a block stays in the cache. Strict programs
use the elementary functions of `elementary`, others those of NumPy.
"""

from collections.abc import Sequence
from functools import lru_cache

from pollux.simulate.generate.assign import ELEMENTARY, Arg, Assign
from pollux.simulate.generate.elementary import elementary
from pollux.simulate.generate.program import Program
from pollux.simulate.generate.registers import reused

_HEAD = """from numpy import abs, copy, cos, exp, float64, floor, inf, int64, log, maximum, minimum, nan
from numpy import sin, sqrt, tanh, uint64, where
"""

_SPELLING = {
    **{op: f"{{0}} {op} {{1}}" for op in ("+", "-", "*", "/", "<", "<=", ">", ">=", "==")},
    **{op: f"{op}({{0}})" for op in ("abs", "sqrt", "floor", "copy", "exp", "log", "sin", "cos", "tanh")},
    "neg": "-{0}",
    "max": "maximum({0}, {1})",
    "min": "minimum({0}, {1})",
    "where": "where({0}, {1}, {2})",
    "and": "{0} & {1}",
    "or": "{0} | {1}",
    "not": "~{0}",
    "load": "y[{0}]",
    "bits": "{0}.view(int64)",
    "real": "{0}.view(float64)",
    "shl": "{0} << {1}",
    "shr": "({0}.view(uint64) >> uint64({1})).view(int64)",  # zeros move in, as in a numba kernel
    "iand": "{0} & {1}",
    "ior": "{0} | {1}",
    "ixor": "{0} ^ {1}",
    "iadd": "{0} + {1}",
    "pow": "pow_({0}, {1})",
}


@lru_cache(maxsize=64)
def numpy_source(program: Program) -> str:
    """The module of a kernel: functions `hold(y)`, `begin(y, ...)` and `step(y, ...)` on blocks (rows, members)."""
    parts = [module_head(program.functions, strict=program.strict)]
    parts.append(section("hold", program.held, (), strict=program.strict))
    parts.append(section("begin", program.opening, program.times, strict=program.strict))
    parts.append(section("step", program.step, program.times, strict=program.strict))
    return "\n\n".join(parts)


def module_head(functions: Sequence[str], *, strict: bool) -> str:
    """The imports of a module and the elementary functions that it calls; NumPy has all but one unless strict."""
    own = functions if strict else tuple(f for f in functions if f == "pow")
    return "\n\n".join((_HEAD, *(_function(name, strict=strict) for name in own)))


def _function(name: str, *, strict: bool) -> str:
    about = elementary(name)
    body, (result,) = reused(about.body, (about.result,))
    return f"def {name}_({', '.join(about.params)}):\n{_lines(body, strict)}    return {result}\n"


def section(name: str, assigns: Sequence[Assign], times: Sequence[str], *, strict: bool) -> str:
    """One function of assignments on a block `y`, given the free names `times`."""
    body, _ = reused(assigns, ())
    lines = _lines(body, strict) or "    pass\n"
    return f"def {name}({', '.join(('y', *times))}):\n{lines}"


def _lines(assigns: Sequence[Assign], strict: bool) -> str:
    return "".join(f"    {_spelt(a, strict)}\n" for a in assigns)


def _spelt(assign: Assign, strict: bool) -> str:
    if assign.op == "store":
        return f"y[{assign.args[0]}] = {assign.args[1]}"
    return f"{assign.name} = {_value(assign, strict)}"


def _value(assign: Assign, strict: bool) -> str:
    args = assign.args
    if strict and assign.op in ("max", "min"):
        return _extreme(">" if assign.op == "max" else "<", *args)
    if strict and assign.op in ELEMENTARY:
        return f"{assign.op}_({', '.join(map(str, args))})"
    return _SPELLING[assign.op].format(*args)


def _extreme(sign: str, first: Arg, last: Arg) -> str:
    """The same choice as in a numba kernel, to the sign of zero."""
    if not isinstance(first, str):
        first, last = last, first
    if not isinstance(last, str):
        return f"where({last} {sign} {first}, {last}, {first})"
    return f"where(({first} {sign} {last}) | ({first} != {first}), {first}, {last})"
