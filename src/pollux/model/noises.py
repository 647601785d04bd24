r"""White noise in equations: what makes a rate random."""

from typing import Final, final

from pollux.errors import ModelError
from pollux.model.differentiate import jacobian
from pollux.model.graph import Expr
from pollux.model.rules import CONDITIONS
from pollux.model.symbols import ValuedSymbol
from pollux.model.walk import topological

_CLOSED: Final = CONDITIONS | frozenset(("floor", "window", "settled", "delay"))


@final
class noise(ValuedSymbol):
    r"""White noise: `gusts = px.noise()` is $\xi = dW/dt$, in 1/s**0.5, with $W$ a standard Wiener process.

    A rate that is affine in noise makes its state a solution of a stochastic differential equation in the sense of Itô,

    $$dX = f(X)\,dt + \sum_k g_k(X)\,dW_k, \qquad dW_k \sim \mathcal N(0, dt),$$

    where $f$ is the rate without noise and $g_k$ its derivative by the $k$-th. Each name is a process of its own; the
    rates that use the same name are pushed together. It is no signal: its value on a live view is its mean, zero.
    Readings, events, jumps, residuals and cycles may not use it, because at an instant it has no value.

    Raises ModelError, when the class is complete, for a rate that is not affine in it.

    >>> import pollux as px
    >>> class Mast(px.Twin):
    ...     gusts = px.noise()
    ...     sway, damping = px.hidden("m"), px.parameter("1/s", 0.2)
    ...     force = px.parameter("m/s**0.5", 0.05)
    ...
    ...     @px.rate(sway)
    ...     def sways(self):
    ...         return -self.damping * self.sway + self.force * self.gusts
    >>> Mast.__pollux__.noises, str(Mast.__pollux__.rates["sway"].unit)
    (('gusts',), 'm/s')

    B. Øksendal, Stochastic Differential Equations, 6th ed., Springer 2003, chapters 3 and 5.
    """


def noises_of(expr: Expr) -> tuple[Expr, ...]:
    """The noises that an expression uses."""
    return tuple(one for one in topological([expr]) if one.op == "noise")


def quiet(expr: Expr, what: str) -> Expr:
    """The expression, in which no noise may stand."""
    found = noises_of(expr)
    if found:
        raise ModelError(
            f"expected {what} without noise, got {found[0].data}, which has no value at an instant",
            hint="noise belongs to rates: let a px.hidden be moved by it and use that",
        )
    return expr


def affine(expr: Expr, what: str) -> Expr:
    """The expression, which must be a sum of what has no noise and of noises times what has none."""
    found = noises_of(expr)
    for (_, column), slope in jacobian((expr,), found).items():
        if noises_of(slope):
            raise ModelError(
                f"expected {what} to be affine in noise, got one that is not in {found[column].data}",
                hint="drift + strength * self.gusts, with a strength of states and parameters",
            )
    return expr


def check_noise(expr: Expr) -> None:
    """Refuse noise under what asks for its value at an instant: conditions, floors, windows, fast models, delays."""
    for one in topological([expr]):
        if one.op in _CLOSED:
            for operand in one.args:
                quiet(operand, f"the operands of {one.op}")
