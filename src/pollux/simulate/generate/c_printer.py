"""C99 source of lists of assignments: the same lists as numba's and NumPy's, one member at a time.

The elementary functions are printed from `elementary` and not taken from the C library. glibc's are closer, within one
or two units in the last place against three, but both lie far below the error of any integration; ours are the same on
every platform and give the same bits as the other back ends when those are strict. What IEEE 754 defines to the last
bit is left to the compiler: + - * / and sqrt, floor, fabs. Contraction must be off (-ffp-contract=off), reassociation
is never allowed. Whole numbers are unsigned, so that shifts and sums wrap round as they should.
"""

import math
from collections.abc import Iterable, Sequence

from pollux.simulate.generate.assign import KINDS, REAL, TRUTH, WHOLE, Arg, Assign
from pollux.simulate.generate.elementary import elementary

TYPES = {REAL: "double", WHOLE: "uint64_t", TRUTH: "int"}

C_HEAD = """#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif

static inline uint64_t bits_(double x) { uint64_t n; memcpy(&n, &x, sizeof n); return n; }
static inline double real_(uint64_t n) { double x; memcpy(&x, &n, sizeof x); return x; }
"""
"""What every generated file begins with."""

_SPELLING = {
    **{op: f"{{0}} {op} {{1}}" for op in ("+", "-", "*", "/", "<", "<=", ">", ">=", "==")},
    "neg": "-{0}",
    "abs": "fabs({0})",
    "sqrt": "sqrt({0})",
    "floor": "floor({0})",
    "where": "{0} ? {1} : {2}",
    "and": "{0} && {1}",
    "or": "{0} || {1}",
    "not": "!{0}",
    "copy": "{0}",
    "load": "y[{0}]",
    "bits": "bits_({0})",
    "real": "real_({0})",
    "shl": "{0} << {1}",
    "shr": "{0} >> {1}",
    "iand": "{0} & {1}",
    "ior": "{0} | {1}",
    "ixor": "{0} ^ {1}",
    "iadd": "{0} + {1}",
}


def c_number(value: float) -> str:
    """A number as C reads it back to the bit; negative ones in brackets.

    >>> c_number(0.1), c_number(-2.0), c_number(float("nan"))
    ('0.1', '(-2.0)', 'NAN')
    """
    if math.isnan(value):
        return "NAN"
    size = "INFINITY" if math.isinf(value) else repr(abs(value))
    return f"(-{size})" if math.copysign(1.0, value) < 0.0 else size


def c_function(name: str, assigns: Sequence[Assign], params: Sequence[str]) -> str:
    """A section as a function of the buffer `y` and of its free names.

    >>> print(c_function("doubles", [Assign("a", "load", (0,)), Assign("", "store", (1, "a"))], ()))
    static void doubles(double *y)
    {
        const double a = y[0];
        y[1] = a;
    }
    <BLANKLINE>
    """
    body = live(assigns, ())
    read = {one for assign in body for one in assign.reads}
    # -Wunused-parameter: every section of a kind has the same parameters, whatever its equations read.
    unread = [f"    (void){one};\n" for one in ("y", *params) if one not in read and not (one == "y" and body)]
    # The number of a step is a whole number: random numbers are drawn by it.
    head = ", ".join(("double *y", *(f"{'uint64_t' if one == 's' else 'double'} {one}" for one in params)))
    return f"static void {name}({head})\n{{\n{''.join(unread)}{_lines(body)}}}\n"


def c_elementary(names: Iterable[str]) -> str:
    """The elementary functions of these names, in their order, which is that in which they call each other."""
    return "\n".join(_elementary(name) for name in names)


def live(assigns: Sequence[Assign], results: Iterable[Arg]) -> tuple[Assign, ...]:
    """The assignments without those that nobody reads.

    >>> [a.name for a in live([Assign("a", "abs", ("x",)), Assign("b", "abs", ("x",))], ["b"])]
    ['b']
    """
    wanted = {one for one in results if isinstance(one, str)}
    kept: list[Assign] = []
    for assign in reversed(assigns):
        if assign.op == "store" or assign.name in wanted:
            wanted.update(assign.reads)
            kept.append(assign)
    return tuple(reversed(kept))


def _elementary(name: str) -> str:
    about = elementary(name)
    body = _lines(live(about.body, (about.result,)))
    head = ", ".join(f"double {one}" for one in about.params)
    return f"static double {name}_({head})\n{{\n{body}    return {_arg(about.result)};\n}}\n"


def _lines(assigns: Sequence[Assign]) -> str:
    return "".join(f"    {_spelt(one)};\n" for one in assigns)


def _spelt(assign: Assign) -> str:
    if assign.op == "store":
        return f"y[{assign.args[0]}] = {_arg(assign.args[1])}"
    return f"const {TYPES[KINDS[assign.op]]} {assign.name} = {_value(assign)}"


def _value(assign: Assign) -> str:
    if assign.op == "load":
        return f"y[{assign.args[0]}]"
    args = tuple(_arg(one) for one in assign.args)
    if assign.op in ("max", "min"):
        return _extreme(">" if assign.op == "max" else "<", assign.args, args)
    spelling = _SPELLING.get(assign.op)
    return f"{assign.op}_({', '.join(args)})" if spelling is None else spelling.format(*args)


def _arg(arg: Arg) -> str:
    if isinstance(arg, bool):
        return "1" if arg else "0"
    if isinstance(arg, int):
        return f"UINT64_C({arg})"
    return c_number(arg) if isinstance(arg, float) else arg


def _extreme(sign: str, args: tuple[Arg, ...], texts: tuple[str, ...]) -> str:
    """The same choice as in a numba kernel, to the sign of zero: NaN is handed on."""
    (first, last), (a, b) = args, texts
    if not isinstance(first, str):
        (first, last), (a, b) = (last, first), (b, a)
    if not isinstance(last, str):
        return f"{b} {sign} {a} ? {b} : {a}"
    return f"{a} {sign} {b} || {a} != {a} ? {a} : {b}"
