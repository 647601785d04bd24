"""Operations on single numbers that numba has no word for; imported by generated kernels only."""

from typing import Any

from llvmlite import ir  # pyright: ignore[reportMissingTypeStubs]
from numba import types
from numba.extending import intrinsic

# The signatures are numba's: a typing context, then the arguments' types; back come the signature and a generator.


@intrinsic
def bits(typing: Any, x: Any) -> Any:
    """The 64 bits of a real number, as a whole number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def real(typing: Any, x: Any) -> Any:
    """The real number with these 64 bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def floor(typing: Any, x: Any) -> Any:
    """The largest whole number that is not above x, as one vectorisable instruction."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.floor", [ir.DoubleType()]), args)

    return types.float64(types.float64), generate


@intrinsic
def shr(typing: Any, x: Any, count: Any) -> Any:
    """x shifted right, zeros moving in: the arithmetic shift of 64 bits has no AVX2 instruction."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.lshr(*args)

    return types.int64(types.int64, types.int64), generate
