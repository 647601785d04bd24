"""One FMU and one way to run it: its plan, its ports, and how instances of it are made."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import final

import msgspec
import numpy as np

from pollux.columns.arrays import F64
from pollux.errors import DataRefused, NotFound, SimulationError
from pollux.model.suggest import did_you_mean
from pollux.simulate.fmi.clocks import clocks_of
from pollux.simulate.fmi.description import Variable
from pollux.simulate.fmi.instances import AbstractInstances
from pollux.simulate.fmi.local import LocalInstances
from pollux.simulate.fmi.opened import OpenedFmu
from pollux.simulate.fmi.plan import Plan, plan_of
from pollux.simulate.fmi.ports import Port, inputs_of, ports_of, reads_of, startable
from pollux.simulate.fmi.probe import verdict
from pollux.simulate.fmi.remote import RemoteInstances
from pollux.simulate.fmi.running import Running
from pollux.simulate.fmi.split import SplitInstances

_SECOND = 1e-9


@final
class Setting:
    """Raises `SimulationError` for what the FMU cannot do, `NotFound` for parameters that it does not have."""

    def __init__(self, fmu: OpenedFmu, running: Running, ports: Mapping[str, Port]) -> None:
        self.fmu = fmu
        self.running = running
        self._ports = ports
        description = fmu.description
        self.ability = description.way(running.way)
        clocks = clocks_of(description, self.ability, fmu.name)
        given = self._given(running.parameters)
        reads, self._state_elements = reads_of(description, running.also)
        self.parameters = ports_of(given, ports)
        self.inputs = ports_of(tuple(inputs_of(description)), ports)
        self.reads = ports_of(reads, ports)
        self.plan: Plan = plan_of(
            description,
            self.ability,
            str(fmu.folder),
            starts=given,
            inputs=self.inputs.variables,
            reads=reads,
            texts={description.variable(name): text for name, text in running.texts.items()},
            clocks=clocks,
            tolerance=running.tolerance,
            fixed_step=running.fixed_step,
        )

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The names of the continuous states."""
        elements = [name for one in self.reads.variables for name in one.elements]
        named = dict(zip(elements, self.reads.names, strict=True))
        return tuple(named[name] for name in self._state_elements)

    @cached_property
    def digest(self) -> str:
        """What two must have in common so that one can load the state of the other."""
        parts = (self.fmu.sha256, self.plan, self.inputs.names, self.reads.names, self.running.step)
        plan = msgspec.structs.replace(self.plan, folder="")
        return hashlib.sha256(msgspec.msgpack.encode((parts[0], plan, *parts[2:]))).hexdigest()

    def starts(self, members: int) -> F64:
        """The parameters that were given, (number, member), in our units."""
        found = np.empty((len(self.parameters.names), members))
        for place, name in enumerate(self.parameters.names):
            found[place] = np.asarray(self.running.parameters[name], np.float64)
        return found

    def first_inputs(self, members: int) -> F64:
        """What the inputs begin with."""
        return np.repeat(self.inputs.starts(), members, axis=1)

    def doubt(self, starts: F64, inputs: F64) -> str:
        """Why its state cannot be saved; nothing where it can."""
        h = self.running.step or self.ability.fixed_step or self.fmu.description.step or 1e-2
        told = self.parameters.inward(starts), self.inputs.inward(inputs)
        return verdict(self.plan, *told, h, timeout=self.running.timeout).doubt

    def instances(self, starts: F64, inputs: F64) -> AbstractInstances:
        """Fresh instances, here or in a process of their own."""
        told = self.parameters.inward(starts), self.inputs.inward(inputs)
        if self.ability.once_per_process and inputs.shape[1] > 1:
            if not self.running.isolated:
                raise SimulationError(
                    f"expected 1 member, got {inputs.shape[1]} of an FMU of which a process can hold one",
                    at=self.fmu.name, hint="isolated=True gives each member a process",
                )  # fmt: skip
            return SplitInstances(self._isolated, *told)
        return self._isolated(*told) if self.running.isolated else LocalInstances(self.plan, *told)

    def steps_in(self, span: int) -> int:
        """Into how many communication steps so many nanoseconds are cut."""
        return self.running.steps_in(span * _SECOND, self.ability, self.fmu.description.step)

    def check_whole(self, place: int, values: F64) -> None:
        """Raises `DataRefused` for what is no whole number where only those can be told."""
        if self.inputs.whole[place] and not np.array_equal(values, np.rint(values)):
            name = self.inputs.names[place]
            raise DataRefused(f"expected whole numbers, got {values[values != np.rint(values)][0]}", at=name)

    def _isolated(self, starts: F64, inputs: F64) -> AbstractInstances:
        running = self.running
        return RemoteInstances(self.plan, starts, inputs, timeout=running.timeout, environment=running.environment)

    def _given(self, names: Mapping[str, object]) -> tuple[Variable, ...]:
        """The variables of parameters that were given, every element of which must be."""
        known = {self._name(name): one for one in startable(self.fmu.description) for name in one.elements}
        for name in names:
            if name not in known:
                raise NotFound(f"expected a parameter, got {name!r}", at=self.fmu.name, hint=did_you_mean(name, known))
        given = tuple(dict.fromkeys(known[name] for name in names))
        for name, one in known.items():
            if one in given and name not in names:
                raise NotFound(f"expected all elements of {one.name}, got none for {name}", at=self.fmu.name)
        return given

    def _name(self, element: str) -> str:
        port = self._ports.get(element)
        return element if port is None else port.name
