"""Live digital twins: mirrored, remembered, forked, advised, checked."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pollux.errors import DataRefused, ModelError, NotFound, OrderRefused, PolluxError, SetupError, SimulationError
from pollux.model.commands import command
from pollux.model.delays import delay
from pollux.model.equations import algebraic, cycle, derived, event, on, rate, reading
from pollux.model.functions import clip, cos, exp, floor, log, maximum, minimum, sin, sqrt, tanh, where
from pollux.model.link import link, present
from pollux.model.links import links, total
from pollux.model.mathematics import mathematics
from pollux.model.noises import noise
from pollux.model.parts import Part
from pollux.model.priors import lognormal, normal, uniform
from pollux.model.quantities import money, pi, quantity, time
from pollux.model.roles import actuator, fact, hidden, parameter, sensor
from pollux.model.settled import settled
from pollux.model.tables import table
from pollux.model.twin import Twin
from pollux.model.value import Value
from pollux.model.windows import last, mean, peak, sum, trough

# -- doors: all but the words of a model is loaded when it is first asked for, so that `import pollux` stays light

if TYPE_CHECKING:
    from pollux.act import ApprovalPolicy, Interlock
    from pollux.castor.companion import companion
    from pollux.castor.datasets import data_set
    from pollux.castor.emulate import Emulated, emulate
    from pollux.castor.recording import Tape, replay
    from pollux.castor.sensors import Artefact, Channel, Emulation, Sensor
    from pollux.castor.wfdb import read_wfdb
    from pollux.check import (
        Agree,
        Broker,
        Calibration,
        DeviceClock,
        Disconnected,
        Gap,
        OtherUnit,
        OutOfRange,
        Spike,
        Stuck,
        TooFast,
        mqtt,
    )
    from pollux.clock import Clock, ScaledClock, SimulatedClock, duration, instant, iso
    from pollux.connect.modbus.registers import Register
    from pollux.connect.modbus.source import modbus
    from pollux.connect.opcua.declared import opcua
    from pollux.decide import Advice, Futures, Gate, Option, accrue, always, chance, each, ever, final
    from pollux.edge import Address, Capture, Edge, Summary, every, heard, polled, serial_line, tail
    from pollux.guard.sealing import SealKey, seal
    from pollux.predict import Evidence, Learning, Outlook
    from pollux.show.documents.twins import Aside
    from pollux.show.facts import Points, Remark, Samples, Score, Turn
    from pollux.simulate import Course, Solver, discrete, geometry, level, straight
    from pollux.simulate.export import export_fmu
    from pollux.simulate.fmi.twin import Fmu
    from pollux.simulate.sensitivity import Study, local_sensitivity, morris, sobol_indices, study, tornado
    from pollux.simulate.surrogate import Prediction, Surrogate, surrogate
    from pollux.site.calibrations import calibrations
    from pollux.site.declare import Fleet, Site
    from pollux.site.fork import Fork
    from pollux.site.handles import Handle
    from pollux.site.homeassistant.declared import HomeAssistant
    from pollux.site.live import LiveSite
    from pollux.site.presenting import Lab, LabChoice, LabFigure, LabRow, Presenter
    from pollux.site.prototype import prototype
    from pollux.site.sparkplug.source import sparkplug
    from pollux.site.standing import StandingOrder
    from pollux.watch import Alarm
    from pollux.watch.words import change, limit, silence

_DOORS = {
    "LiveSite": "pollux.site.live",
    "Clock": "pollux.clock",
    "Emulated": "pollux.castor.emulate",
    "ApprovalPolicy": "pollux.act",
    "Interlock": "pollux.act",
    "companion": "pollux.castor.companion",
    "data_set": "pollux.castor.datasets",
    "emulate": "pollux.castor.emulate",
    "Tape": "pollux.castor.recording",
    "replay": "pollux.castor.recording",
    "Artefact": "pollux.castor.sensors",
    "Channel": "pollux.castor.sensors",
    "Emulation": "pollux.castor.sensors",
    "Sensor": "pollux.castor.sensors",
    "read_wfdb": "pollux.castor.wfdb",
    "Agree": "pollux.check",
    "Broker": "pollux.check",
    "Calibration": "pollux.check",
    "DeviceClock": "pollux.check",
    "OtherUnit": "pollux.check",
    "Disconnected": "pollux.check",
    "Gap": "pollux.check",
    "OutOfRange": "pollux.check",
    "Spike": "pollux.check",
    "Stuck": "pollux.check",
    "TooFast": "pollux.check",
    "mqtt": "pollux.check",
    "ScaledClock": "pollux.clock",
    "SimulatedClock": "pollux.clock",
    "duration": "pollux.clock",
    "instant": "pollux.clock",
    "iso": "pollux.clock",
    "Register": "pollux.connect.modbus.registers",
    "modbus": "pollux.connect.modbus.source",
    "opcua": "pollux.connect.opcua.declared",
    "Advice": "pollux.decide",
    "Futures": "pollux.decide",
    "Gate": "pollux.decide",
    "Option": "pollux.decide",
    "accrue": "pollux.decide",
    "always": "pollux.decide",
    "chance": "pollux.decide",
    "each": "pollux.decide",
    "ever": "pollux.decide",
    "final": "pollux.decide",
    "Address": "pollux.edge",
    "Capture": "pollux.edge",
    "Edge": "pollux.edge",
    "Summary": "pollux.edge",
    "every": "pollux.edge",
    "heard": "pollux.edge",
    "polled": "pollux.edge",
    "serial_line": "pollux.edge",
    "tail": "pollux.edge",
    "SealKey": "pollux.guard.sealing",
    "seal": "pollux.guard.sealing",
    "Evidence": "pollux.predict",
    "Learning": "pollux.predict",
    "Outlook": "pollux.predict",
    "Aside": "pollux.show.documents.twins",
    "Points": "pollux.show.facts",
    "Remark": "pollux.show.facts",
    "Samples": "pollux.show.facts",
    "Score": "pollux.show.facts",
    "Turn": "pollux.show.facts",
    "Alarm": "pollux.watch",
    "Course": "pollux.simulate",
    "Solver": "pollux.simulate",
    "discrete": "pollux.simulate.discrete",
    "geometry": "pollux.simulate.geometry",
    "level": "pollux.simulate",
    "straight": "pollux.simulate",
    "export_fmu": "pollux.simulate.export",
    "Study": "pollux.simulate.sensitivity",
    "local_sensitivity": "pollux.simulate.sensitivity",
    "morris": "pollux.simulate.sensitivity",
    "sobol_indices": "pollux.simulate.sensitivity",
    "study": "pollux.simulate.sensitivity",
    "tornado": "pollux.simulate.sensitivity",
    "Prediction": "pollux.simulate.surrogate",
    "Surrogate": "pollux.simulate.surrogate",
    "surrogate": "pollux.simulate.surrogate",
    "calibrations": "pollux.site.calibrations",
    "Fleet": "pollux.site.declare",
    "Fmu": "pollux.simulate.fmi.twin",
    "Site": "pollux.site.declare",
    "Fork": "pollux.site.fork",
    "Handle": "pollux.site.handles",
    "HomeAssistant": "pollux.site.homeassistant.declared",
    "Lab": "pollux.site.presenting",
    "LabChoice": "pollux.site.presenting",
    "LabFigure": "pollux.site.presenting",
    "LabRow": "pollux.site.presenting",
    "Presenter": "pollux.site.presenting",
    "prototype": "pollux.site.prototype",
    "sparkplug": "pollux.site.sparkplug.source",
    "StandingOrder": "pollux.site.standing",
    "change": "pollux.watch.words",
    "limit": "pollux.watch.words",
    "silence": "pollux.watch.words",
}

_ROOMS = frozenset(("discrete", "geometry"))
"""Doors to whole modules."""


def __getattr__(name: str) -> Any:
    """The public name, loaded from where it is at home."""
    home = _DOORS.get(name)
    if home is None:
        raise AttributeError(f"module 'pollux' has no attribute {name!r}")
    found = import_module(home) if name in _ROOMS else getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_DOORS})


__all__ = [
    "Address",
    "Advice",
    "Agree",
    "Alarm",
    "ApprovalPolicy",
    "Artefact",
    "Aside",
    "Broker",
    "Calibration",
    "Capture",
    "Channel",
    "Clock",
    "Course",
    "DataRefused",
    "DeviceClock",
    "Disconnected",
    "Edge",
    "Emulated",
    "Emulation",
    "Evidence",
    "Fleet",
    "Fmu",
    "Fork",
    "Futures",
    "Gap",
    "Gate",
    "Handle",
    "HomeAssistant",
    "Interlock",
    "Lab",
    "LabChoice",
    "LabFigure",
    "LabRow",
    "Learning",
    "LiveSite",
    "ModelError",
    "NotFound",
    "Option",
    "OrderRefused",
    "OtherUnit",
    "OutOfRange",
    "Outlook",
    "Part",
    "Points",
    "PolluxError",
    "Prediction",
    "Presenter",
    "Register",
    "Remark",
    "Samples",
    "ScaledClock",
    "Score",
    "SealKey",
    "Sensor",
    "SetupError",
    "SimulatedClock",
    "SimulationError",
    "Site",
    "Solver",
    "Spike",
    "StandingOrder",
    "Stuck",
    "Study",
    "Summary",
    "Surrogate",
    "Tape",
    "TooFast",
    "Turn",
    "Twin",
    "Value",
    "accrue",
    "actuator",
    "algebraic",
    "always",
    "calibrations",
    "chance",
    "change",
    "clip",
    "command",
    "companion",
    "cos",
    "cycle",
    "data_set",
    "delay",
    "derived",
    "discrete",
    "duration",
    "each",
    "emulate",
    "event",
    "ever",
    "every",
    "exp",
    "export_fmu",
    "fact",
    "final",
    "floor",
    "geometry",
    "heard",
    "hidden",
    "instant",
    "iso",
    "last",
    "level",
    "limit",
    "link",
    "links",
    "local_sensitivity",
    "log",
    "lognormal",
    "mathematics",
    "maximum",
    "mean",
    "minimum",
    "modbus",
    "money",
    "morris",
    "mqtt",
    "noise",
    "normal",
    "on",
    "opcua",
    "parameter",
    "peak",
    "pi",
    "polled",
    "present",
    "prototype",
    "quantity",
    "rate",
    "read_wfdb",
    "reading",
    "replay",
    "seal",
    "sensor",
    "serial_line",
    "settled",
    "silence",
    "sin",
    "sobol_indices",
    "sparkplug",
    "sqrt",
    "straight",
    "study",
    "sum",
    "surrogate",
    "table",
    "tail",
    "tanh",
    "time",
    "tornado",
    "total",
    "trough",
    "uniform",
    "where",
]
