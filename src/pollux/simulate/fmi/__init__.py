"""Functional Mock-up Units: models of other tools, run beside our own. Needs the extra `fmi`.

`open_fmu` finds one that is installed, `FmuPhysics` runs many instances of it, `physics_of` those of a twin type.
"""

from pollux.simulate.fmi.opened import OpenedFmu, open_fmu
from pollux.simulate.fmi.physics import FmuPhysics
from pollux.simulate.fmi.ports import Port
from pollux.simulate.fmi.running import Running
from pollux.simulate.fmi.typed import physics_of

__all__ = ["FmuPhysics", "OpenedFmu", "Port", "Running", "open_fmu", "physics_of"]
