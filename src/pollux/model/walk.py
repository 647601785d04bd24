"""Ways through the graph, none of them recursive: a sum of a thousand terms is a thousand levels deep."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from pollux.model.graph import Expr, node
from pollux.model.rules import LEAVES

_BARRIERS: Final = frozenset(("total", "linked", "gather"))


def topological(roots: Iterable[Expr], *, into_totals: bool = False, stop: frozenset[str] = frozenset()) -> list[Expr]:
    """Every node below the roots once, operands before results, always in the same order.

    What stands below a `total` or a `gather` belongs to the linked type and is left out unless asked for; what stands
    below an operation in `stop` is left out too.
    """
    barriers = stop if into_totals else stop | _BARRIERS
    done: dict[Expr, None] = {}
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        expr, ready = stack.pop()
        if ready:
            done[expr] = None
        elif expr not in done:
            stack.append((expr, True))
            if expr.op not in barriers:
                stack += [(one, False) for one in reversed(expr.args)]
    return list(done)


def leaves(*roots: Expr) -> Iterator[Expr]:
    """The nodes without operands that the roots rest on: constants, signals, phases, time."""
    return (one for one in topological(roots) if one.op in LEAVES)


def names(*roots: Expr) -> frozenset[str]:
    """The signals and cycles that the roots depend on."""
    return frozenset(str(one.data) for one in leaves(*roots) if one.op in ("state", "param", "phase"))


def rewritten(root: Expr, replace: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with every node for which `replace` gives another exchanged for it, operands first."""
    new: dict[Expr, Expr] = {}
    for expr in topological([root]):
        args = expr.args if expr.op in _BARRIERS else tuple(new[one] for one in expr.args)
        same = all(one is other for one, other in zip(args, expr.args, strict=True))
        rebuilt = expr if same else node(expr.op, args, expr.unit, expr.data)
        other = replace(rebuilt)
        new[expr] = rebuilt if other is None else other
    return new[root]
