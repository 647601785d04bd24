"""What lies between the samples of a delay."""

from collections.abc import Callable
from functools import reduce
from typing import Final

from pollux.columns.rings import DelaySlots
from pollux.simulate.generate.lines import Term

_NODES: Final = (-1.0, 0.0, 1.0, 2.0)


def was(slots: DelaySlots, sample: Callable[[int], Term], ahead: Term) -> Term:
    """The delayed value `ahead` seconds after the newest sample was taken."""
    theta = ahead * (1.0 / slots.spacing)
    return reduce(Term.__add__, (_weight(k, theta) * sample(1 + k) for k in range(4)))


def _weight(k: int, theta: Term) -> Term:
    """Lagrange's polynomial that is 1 at the k-th node and 0 at the others."""
    others = [node for place, node in enumerate(_NODES) if place != k]
    scale = reduce(float.__mul__, (1.0 / (_NODES[k] - node) for node in others))
    return reduce(Term.__mul__, ((theta - node) for node in others)) * scale
