"""Branch-free exp, log, sin, cos, tanh and pow, written once in the intermediate language.

Both printers spell them from here, so that strict kernels give the same bits in numba and in NumPy. There is no branch
and no call, so LLVM's loop vectoriser takes them (numba from a wheel has no vector library of its own). Polynomials
interpolate at Chebyshev nodes, computed with 60 digits; the error of each lies below half a unit in the last place.

Largest errors, in units in the last place (ulp) of the result, for every finite argument unless said:
exp 2, and 0 below 1e-307; log 1; tanh 2; sin and cos 3 for |x| <= 1e8, up to 1e15 the result belongs to an argument
within 4 ulp of x, beyond it is NaN; pow(x, y) for x > 0: 3 + 2 |y ln x|, for x < 0 NaN. NaN stays NaN.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import final

from pollux.simulate.generate.assign import Arg, Assign
from pollux.simulate.generate.lines import Lines, Term

# Adding it rounds |x| < 2**51 to a whole number, which then stands in the low bits: no conversion, which AVX2 lacks.
_ROUND = 6755399441055744.0  # 1.5 * 2**52
_TWO52 = 4503599627370496.0
_MANTISSA = 0x000F_FFFF_FFFF_FFFF
_ONE_BITS = 0x3FF0_0000_0000_0000
_TWO52_BITS = 0x4330_0000_0000_0000

_LOG2E = 1.4426950408889634
_LN2 = (0.6931471803691238, 1.9082149292705877e-10)  # the first part has 32 bits: its products with n are exact
_PI = (3.141592651605606, 1.9841871479187034e-09, 1.144237741932715e-17, 3.2892513872648515e-26)  # 27 bits each
_HALF_PI = tuple(part / 2 for part in _PI)

_EXP = (
    2.0,
    2.0,
    1.0000000000000002,
    0.33333333333333337,
    0.08333333333324826,
    0.016666666666660123,
    0.0027777777834427433,
    0.00039682539726107235,
    4.960304259190875e-05,
    5.511453691999413e-06,
    5.524017689081949e-07,
    5.020077099102064e-08,
)
"""Twice those of e^r."""
_LOG = (
    0.666666666666667,
    0.3999999999989889,
    0.28571428626253836,
    0.22222211089379496,
    0.1818289243253687,
    0.15331611722055008,
    0.14617807153417325,
)
_SIN = (
    -0.16666666666666666,
    0.008333333333333316,
    -0.00019841269841254885,
    2.7557319219139183e-06,
    -2.505210761393476e-08,
    1.6058977114074673e-10,
    -7.643963965925357e-13,
    2.731365867494017e-15,
)
_TANH = (
    -0.3333333333333333,
    0.13333333333332714,
    -0.053968253967434016,
    0.021869488493666944,
    -0.008863234397814355,
    0.003592110378689024,
    -0.001455661830100716,
    0.0005889360520074057,
    -0.0002346347410887237,
    8.511313685577672e-05,
    -2.060276537636634e-05,
)


@final
@dataclass(frozen=True, slots=True)
class Function:
    """An elementary function as a list of assignments: `params` in, `result` out."""

    name: str
    params: tuple[str, ...]
    body: tuple[Assign, ...]
    result: Arg


@cache
def elementary(name: str) -> Function:
    """The list of one of `exp log sin cos tanh pow`.

    >>> elementary("exp").params, len(elementary("exp").body) < 50
    (('x',), True)
    """
    params, formula = _FORMULAS[name]
    lines = Lines()
    result = formula(*(lines.term(p) for p in params))
    return Function(name, params, lines.section(), result.arg)


def _polynomial(x: Term, coefficients: Sequence[float]) -> Term:
    """c0 + c1 x + c2 x^2 + ... by Estrin's scheme: pairs, then pairs of pairs, so that few products wait for others.

    Horner's rule needs fewer operations, but a single member then waits for each of them: it took half as long again.
    """
    terms = [x.lines.term(c) for c in coefficients]
    while len(terms) > 1:
        pairs = [low + x * high for low, high in zip(terms[::2], terms[1::2], strict=False)]
        terms = pairs + terms[2 * len(pairs) :]
        x = x * x
    return terms[0]


def _reduce(x: Term, n: Term, parts: Sequence[float]) -> Term:
    """x - n c, with the constant c in parts so short that their products with n are exact."""
    for part in parts:
        x = x - n * part
    return x


def _exp(x: Term) -> Term:
    """2^n e^r with |r| <= ln 2 / 2: 2 e^r times 2^(n - 1), whose exponent stands in the bits of the rounded quotient.

    The factor 2 lets the product overflow to infinity as it should; what is smaller than the normal numbers is 0.
    """
    bounded = x.min(710.0)
    shifted = bounded * _LOG2E + (_ROUND + 1022.0)
    r = _reduce(bounded, shifted - (_ROUND + 1022.0), _LN2)
    value = _polynomial(r, _EXP) * (shifted.bits << 52).unbits
    return (x < -708.0).where(0.0, value)


def _log(x: Term) -> Term:
    """e ln 2 + log m with sqrt(1/2) <= m < sqrt(2); log m is a series in s = (m - 1) / (m + 1)."""
    small = x < 2.2250738585072014e-308
    bits = small.where(x * 18014398509481984.0, x).bits
    exponent = ((bits >> 52) | _TWO52_BITS).unbits - _TWO52
    m = ((bits & _MANTISSA) | _ONE_BITS).unbits
    upper = m > 1.4142135623730951
    f = upper.where(m * 0.5, m) - 1.0
    e = exponent - upper.where(1022.0, 1023.0) - small.where(54.0, 0.0)
    s = f / (f + 2.0)
    z = s * s
    half_square = 0.5 * f * f
    tail = s * (half_square + z * _polynomial(z, _LOG)) + e * _LN2[1]
    value = e * _LN2[0] - ((half_square - tail) - f)
    value = x.equals(0.0).where(float("-inf"), (x < 0.0).where(float("nan"), value))
    return (x < float("inf")).where(value, x)


def _odd_sine(r: Term, odd: Term) -> Term:
    """sin r for |r| <= pi/2, with its sign turned where the last bit of `odd` is set."""
    z = r * r
    sine = r * (z * _polynomial(z, _SIN)) + r
    return (sine.bits ^ (odd << 63)).unbits


def _sin(x: Term) -> Term:
    """(-1)^n sin(x - n pi)."""
    x = (abs(x) <= 1e15).where(x, float("nan"))
    shifted = x * 0.3183098861837907 + _ROUND
    return _odd_sine(_reduce(x, shifted - _ROUND, _PI), shifted.bits)


def _cos(x: Term) -> Term:
    """-(-1)^n sin(x - (2 n + 1) pi / 2), so that it is exact near its zeros."""
    x = (abs(x) <= 1e15).where(x, float("nan"))
    shifted = (x * 0.3183098861837907 - 0.5) + _ROUND
    odd = (shifted - _ROUND) * 2.0 + 1.0
    return _odd_sine(_reduce(x, odd, _HALF_PI), shifted.bits.plus(1))


def _tanh(x: Term) -> Term:
    """An odd polynomial up to 0.55, beyond it 1 - 2 / (e^(2 |x|) + 1) with the sign of x."""
    size = abs(x)
    z = x * x
    near = x * (z * _polynomial(z, _TANH)) + x
    far = 1.0 - 2.0 / (_call("exp", size * 2.0) + 1.0)
    return (size < 0.55).where(near, (x < 0.0).where(-far, far))


def _pow(x: Term, y: Term) -> Term:
    """e^(y ln x); x^0 is 1."""
    return y.equals(0.0).where(1.0, _call("exp", y * _call("log", x)))


def _call(name: str, x: Term) -> Term:
    return Term(x.lines, x.lines.emit(name, x.arg))


_FORMULAS: dict[str, tuple[tuple[str, ...], Callable[..., Term]]] = {
    "exp": (("x",), _exp),
    "log": (("x",), _log),
    "sin": (("x",), _sin),
    "cos": (("x",), _cos),
    "tanh": (("x",), _tanh),
    "pow": (("x", "y"), _pow),
}
