"""One instance of an FMU in FMPy, for tests that call it function by function."""

import shutil
from contextlib import contextmanager

import fmpy
from fmpy.fmi2 import FMU2Model, FMU2Slave
from fmpy.fmi3 import FMU3Model, FMU3Slave
from tests.simulate.export.fmus import made

CLASSES = {
    (2, "co-simulation"): FMU2Slave,
    (2, "model-exchange"): FMU2Model,
    (3, "co-simulation"): FMU3Slave,
    (3, "model-exchange"): FMU3Model,
}


class Called:
    """An instance with its variables by name, the same for both versions."""

    def __init__(self, path, version, kind):
        self.version = version
        self.description = fmpy.read_model_description(path)
        self.reference = {one.name: one.valueReference for one in self.description.modelVariables}
        self.folder = fmpy.extract(path)
        identifier = (self.description.coSimulation or self.description.modelExchange).modelIdentifier
        self.fmu = CLASSES[version, kind](
            guid=self.description.guid if version == 2 else self.description.instantiationToken,
            unzipDirectory=self.folder, modelIdentifier=identifier, instanceName="one",
        )  # fmt: skip
        self.messages = []

    def instantiate(self):
        if self.version == 2:
            self.fmu.instantiate(callbacks=self._callbacks2())
        else:
            self.fmu.instantiate(logMessage=self._logger3())

    def _callbacks2(self):
        from fmpy.fmi2 import fmi2CallbackFunctions, fmi2CallbackLoggerTYPE

        def log(environment, name, status, category, message):
            self.messages.append((status, message.decode()))

        functions = fmi2CallbackFunctions()
        self._keep = functions.logger = fmi2CallbackLoggerTYPE(log)
        return functions

    def _logger3(self):
        from fmpy.fmi3 import fmi3LogMessageCallback

        def log(environment, status, category, message):
            self.messages.append((status, message.decode()))

        self._keep = fmi3LogMessageCallback(log)
        return self._keep

    def begin(self, **start):
        if self.version == 2:
            self.fmu.setupExperiment(startTime=0.0)
            self.fmu.enterInitializationMode()
        else:
            self.fmu.enterInitializationMode(startTime=0.0)
        for name, value in start.items():
            self.set(name, value)
        self.fmu.exitInitializationMode()

    def get(self, name):
        read = self.fmu.getReal if self.version == 2 else self.fmu.getFloat64
        return read([self.reference[name]])[0]

    def set(self, name, value):
        write = self.fmu.setReal if self.version == 2 else self.fmu.setFloat64
        write([self.reference[name]], [value])

    def slope(self, what, by):
        told = self.fmu.getDirectionalDerivative([self.reference[what]], [self.reference[by]], [1.0])
        return told[0]

    def step(self, at, span):
        self.fmu.doStep(currentCommunicationPoint=at, communicationStepSize=span)


@contextmanager
def called(twin, version, kind="co-simulation", exported="both"):
    """An instance that has begun nothing yet; its folder is removed afterwards."""
    one = Called(made(twin, version, exported), version, kind)
    try:
        one.instantiate()
        yield one
        one.fmu.freeInstance()
    finally:
        shutil.rmtree(one.folder, ignore_errors=True)
