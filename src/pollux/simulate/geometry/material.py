"""What a solid is made of: an isotropic, linear material at one temperature."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, final

from pollux.errors import ModelError
from pollux.model.amounts import Amount, amount
from pollux.model.units import unit

UNITS: Final[Mapping[str, str]] = {
    "density": "kg/m**3",
    "youngs_modulus": "Pa",
    "poissons_ratio": "1",
    "expansion": "1/K",
    "conductivity": "W/m/K",
    "heat_capacity": "J/kg/K",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Constants of an isotropic material; a bare number is in the unit of the SI, a text brings its own.

    `youngs_modulus` (Pa), `poissons_ratio` and `density` (kg/m**3) are what a structure needs, `expansion` (1/K) what
    thermal strain needs, `conductivity` (W/m/K), `heat_capacity` (J/kg/K) and `density` what heat needs.

    Raises ModelError for a number that no material has and for units of another dimension.

    >>> steel = Material(density="7.85 g/cm**3", youngs_modulus="210 GPa", poissons_ratio=0.3)
    >>> steel.number("density"), steel.number("youngs_modulus")
    (7850.0, 210000000000.0)
    """

    density: Amount
    youngs_modulus: Amount | None = None
    poissons_ratio: Amount = 0.0
    expansion: Amount | None = None
    conductivity: Amount | None = None
    heat_capacity: Amount | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) is not None:
                self._check(one.name, self.number(one.name))

    def number(self, name: str) -> float:
        """A constant in the unit of the SI; raises ModelError where nothing was said about it."""
        said: Amount | None = getattr(self, name)
        if said is None:
            raise ModelError(
                f"expected the {name} of the material, got none", at="Material", hint=f'{name}="... {UNITS[name]}"'
            )
        return amount(said, unit(UNITS[name]))

    def _check(self, name: str, number: float) -> None:
        low, high = {"poissons_ratio": (-1.0, 0.5), "expansion": (-math.inf, math.inf)}.get(name, (0.0, math.inf))
        if not low < number < high:
            raise ModelError(
                f"expected a {name} between {low:g} and {high:g} {UNITS[name]}, got {number:g}", at="Material"
            )

    @property
    def lame(self) -> tuple[float, float]:
        r"""Lamé's constants $\lambda = E\nu/((1+\nu)(1-2\nu))$ and $\mu = E/(2(1+\nu))$ in Pa."""
        e, nu = self.number("youngs_modulus"), self.number("poissons_ratio")
        return e * nu / ((1.0 + nu) * (1.0 - 2.0 * nu)), e / (2.0 * (1.0 + nu))
