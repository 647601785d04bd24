r"""What a narrowing costs: the pressure behind it, at rest and when the vessels behind it are wide open.

With area reduction s, flow q (ml/s) and an open lumen of area A0 (cm²) the loss is

    Δp = R q / (1 − s)² + K q²,      R = 8π μ L / A0²,      K = (ρ / 2 A0²) (1 / (1 − s) − 1)²

in Poiseuille's and Borda and Carnot's terms. The flow that the muscle behind it gets follows from that loss and the
resistance behind it; the share of the aortic pressure that is left when it is widest is the fractional flow reserve.
What revascularisation would do to the pump has no published universal number: nothing here predicts it.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np

MMHG: Final = 1333.22
"""dyn/cm² in one mmHg."""
DENSITY: Final = 1.06
VISCOSITY: Final = 0.035
"""g/cm³ and poise, of blood (textbook)."""
RESTING_FLOW: Final = 1.0
"""Flow through the open vessel at rest, ml/s (our choice for the left anterior descending artery)."""
RESERVE: Final = 4.0
"""How many times it can grow in a healthy bed (our choice)."""


@final
@dataclass(frozen=True, slots=True)
class Stenosis:
    """A narrowing: share of the area lost, open area in mm², length in mm."""

    share: float
    area: float
    length: float

    @property
    def linear(self) -> float:
        """R / (1 − s)², mmHg s/ml."""
        open_area = self.area / 100.0
        poiseuille = 8 * np.pi * VISCOSITY * (self.length / 10.0) / open_area**2
        return float(poiseuille / (1 - self.share) ** 2 / MMHG)

    @property
    def quadratic(self) -> float:
        """K, mmHg (s/ml)²."""
        open_area = self.area / 100.0
        return float(DENSITY / (2 * open_area**2) * (1 / (1 - self.share) - 1) ** 2 / MMHG)

    def loss(self, flow: float) -> float:
        """Pressure lost at a flow in ml/s, mmHg.

        >>> Stenosis(0.0, 10.0, 0.0).loss(2.0)
        0.0
        """
        return self.linear * flow + self.quadratic * flow**2

    def flow(self, pressure: float, *, widening: float = 1.0) -> float:
        """Flow (ml/s) at an aortic pressure (mmHg) when the bed behind is `widening` times as wide as at rest."""
        bed = (pressure / RESTING_FLOW) / widening
        total = self.linear + bed
        return float(2 * pressure / (total + np.sqrt(total**2 + 4 * self.quadratic * pressure)))

    def reserve(self, pressure: float = 90.0) -> float:
        """The share of the aortic pressure that is left behind it at the largest flow: the fractional flow reserve.

        >>> 0.7 < Stenosis(0.62, 11.0, 14.0).reserve() < 1.0
        True
        """
        return 1.0 - self.loss(self.flow(pressure, widening=RESERVE)) / pressure
