"""`invoke` for compiled loops: the address becomes a function pointer, and calling it costs what it costs in C.

Needs numba; imported by `compiled` only.
"""

from importlib import import_module
from typing import Any

from numba import types
from numba.extending import intrinsic, overload

from pollux.simulate.fmi.pointers import invoke

ir: Any = import_module("llvmlite.ir")  # without types of its own
cgutils: Any = import_module("numba.core.cgutils")


@intrinsic
def _machine_call(typing_context: Any, address: Any, values: Any) -> Any:
    """A call of `int32 (*)(values...)` at an address; the address is an argument, so that the code can be cached."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wanted = [context.get_value_type(one) for one in signature.args[1].types]
        pointer = builder.inttoptr(arguments[0], ir.FunctionType(ir.IntType(32), wanted).as_pointer())
        return builder.call(pointer, cgutils.unpack_tuple(builder, arguments[1]))

    return types.int32(address, values), generate


machine_call: Any = _machine_call  # its typing context is the compiler's business


@overload(invoke)
def _invoke(address: Any, *values: Any) -> Any:
    def calling(address: Any, *values: Any) -> Any:
        return machine_call(address, values)

    return calling
