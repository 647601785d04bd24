"""A patient with parameters of his own, within the twin's own model, for tests that need a truth."""

from collections.abc import Mapping
from typing import Final

SOMEBODY: Final[Mapping[str, float]] = {
    "strength": 0.74,
    "curve": 0.0200,
    "resistance": 1.00,
    "lung_resistance": 0.085,
    "compliance": 0.78,
    "free_rate": 82.5,
    "dry_weight": 80.4,
    "dry_blood": 4790.0,
    "intake": 150.0,
    "kidneys": 0.115,
    "loop_effect": 2.5,
    "half_delivery": 112.0,
    "weakening": 2.0e-4,
}
"""In the units of `Patient`; the priors do not know it."""
