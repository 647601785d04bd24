"""Structures and heat on geometry, reduced to a few states that run live inside a twin.

From a `Solid` (a STEP or STL file, or words: `box`, `cylinder`) and a `Material` comes a `Structure` or a body with
`Heat`: the full finite-element model. `reduce` makes a few modes of it, states the error, and gives a `px.Part` and the
surface for a 3D view. Needs the extra `geometry` (scikit-fem, SciPy; gmsh for STEP, STL and round bars); a reduced body
that was written to a file needs none of it.
"""

from pollux.simulate.geometry.bases import AbstractBasis, CraigBampton, Modal, Pod, Static
from pollux.simulate.geometry.blocks import box
from pollux.simulate.geometry.elasticity import Structure
from pollux.simulate.geometry.exactness import ReductionError
from pollux.simulate.geometry.form import Form
from pollux.simulate.geometry.heat import Convection, Flow, Heat, Held, Temperature
from pollux.simulate.geometry.loads import (
    Acceleration,
    Displacement,
    Force,
    PeakStress,
    Pressure,
    Rayleigh,
    Stress,
    Warmed,
    Warming,
)
from pollux.simulate.geometry.material import Material
from pollux.simulate.geometry.meshing import cylinder, step, stl
from pollux.simulate.geometry.modes import natural
from pollux.simulate.geometry.part import BodyPart
from pollux.simulate.geometry.picture import Picture, Surface
from pollux.simulate.geometry.reduced import Reduced
from pollux.simulate.geometry.reduction import reduce
from pollux.simulate.geometry.reference import steady
from pollux.simulate.geometry.solid import Solid
from pollux.simulate.geometry.store import read, write

__all__ = [
    "AbstractBasis",
    "Acceleration",
    "BodyPart",
    "Convection",
    "CraigBampton",
    "Displacement",
    "Flow",
    "Force",
    "Form",
    "Heat",
    "Held",
    "Material",
    "Modal",
    "PeakStress",
    "Picture",
    "Pod",
    "Pressure",
    "Rayleigh",
    "Reduced",
    "ReductionError",
    "Solid",
    "Static",
    "Stress",
    "Structure",
    "Surface",
    "Temperature",
    "Warmed",
    "Warming",
    "box",
    "cylinder",
    "natural",
    "read",
    "reduce",
    "steady",
    "step",
    "stl",
    "write",
]
