"""The physics of a twin type that was made from an FMU: by the names and in the units of its signals."""

from dataclasses import replace

from pollux.simulate.fmi.physics import FmuPhysics
from pollux.simulate.fmi.ports import startable
from pollux.simulate.fmi.running import Running
from pollux.simulate.fmi.twin import face_of, own_values


def physics_of(kind: type, *, members: int = 1, t0: int = 0, running: Running | None = None) -> FmuPhysics:
    """Members of a type made by `px.Fmu`, as `FmuPhysics`; signals of its own begin as the class body says.

    Numbers are in the units of the signals, kelvin for degC and degF. Parameters given by `running` go by the names of
    the signals. Raises `ModelError` for another type, and what `FmuPhysics` raises.
    """
    face = face_of(kind)
    options = running or face.running
    elements = [name for one in startable(face.fmu.description) for name in one.elements]
    fixed = {face.ports[name].name for name in elements if name in face.ports}
    own = own_values(kind)
    parameters = {name: value for name, value in own.items() if name in fixed} | dict(options.parameters)
    made = FmuPhysics(
        face.fmu,
        members=members,
        t0=t0,
        running=replace(options, parameters=parameters, also=tuple(dict.fromkeys((*face.running.also, *options.also)))),
        ports=face.ports,
    )
    made.set({name: value for name, value in own.items() if name in made.inputs})
    return made
