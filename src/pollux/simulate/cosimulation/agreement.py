r"""Values that follow from themselves: repeated, and led by the differences of earlier tries.

Wanted is $u = g(u)$ for the values that parts exchange. With the gaps $r_k = g(u_k) - u_k$ and their differences
$\Delta R$, and those of the tries $\Delta U$, the next try is

$$u_{k+1} = u_k + r_k - (\Delta U + \Delta R)\,\gamma, \qquad \gamma = \arg\min \lVert r_k - \Delta R\,\gamma \rVert$$

which is the interface quasi-Newton method with an inverse Jacobian from least squares (Degroote, Bathe and Vierendeels,
Comput Struct 87:793, 2009), or Anderson's acceleration. For one value it is the secant method, which is Aitken's. A
linear problem of n values is solved after n + 1 tries, also where plain repetition runs away.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from pollux.columns.arrays import F64, Mask

_DEEPEST: Final = 12
"""Differences that are kept; older ones say little about where the values are now."""

_SINGULAR: Final = 1e-10
"""Directions whose part of the differences is below this are left out."""


@final
@dataclass(frozen=True, slots=True)
class Iteration:
    """How a macro step is repeated until all values agree to `tolerance`, relative and absolute; `most` times."""

    tolerance: float = 1e-9
    most: int = 50


@final
class Agreement:
    """A guess (values, members) that comes nearer to what follows from it; members that agree are left alone.

    Without an iteration the guess is only replaced by what follows from it, until nothing changes any more.
    """

    def __init__(self, guess: F64, iteration: Iteration | None) -> None:
        self.guess = guess.copy()
        self._tolerance = iteration.tolerance if iteration else 0.0
        self._is_led = iteration is not None
        self._tries: deque[F64] = deque(maxlen=_DEEPEST + 1)
        self._gaps: deque[F64] = deque(maxlen=_DEEPEST + 1)

    def agrees(self, found: F64) -> bool:
        """Compare with what followed from the guess, and improve it where they differ."""
        gap = found - self.guess
        size = self._tolerance * (1.0 + np.maximum(np.abs(found), np.abs(self.guess)))
        # A member that is no number will not agree; it has failed, which is for its parts to show.
        sound = np.isfinite(gap).all(axis=0)
        moving = sound & np.any(np.abs(gap) > size, axis=0)
        self._tries.append(self.guess.copy())
        self._gaps.append(gap)
        self.guess[:, ~sound] = found[:, ~sound]
        self.guess[:, moving] += self._move(gap, moving)
        return not moving.any()

    def _move(self, gap: F64, moving: Mask) -> F64:
        """By how much the members that do not agree yet are moved."""
        if not self._is_led or len(self._gaps) < 2 or not moving.any():
            return gap[:, moving]
        tries, gaps = (np.diff(np.array(one)[:, :, moving], axis=0) for one in (self._tries, self._gaps))
        # One small least-squares problem for each member: (members, values, differences).
        slopes = np.linalg.pinv(np.moveaxis(gaps, 2, 0).swapaxes(1, 2), rcond=_SINGULAR)
        gamma = np.einsum("mdv,vm->dm", slopes, gap[:, moving])
        led: F64 = gap[:, moving] - np.einsum("dvm,dm->vm", tries + gaps, gamma)
        return led
