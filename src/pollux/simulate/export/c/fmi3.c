/* The functions of FMI 3.0, with the signatures of the standard (sections 2.2, 3.2 and 4.2); the one file to compile. */
#include "fmi3_absent.h"
#include "fmi3_exchange.h"
#include "fmi3_types.h"

/* -- for all kinds */

PUBLIC const char *FMI3(GetVersion)(void) { return "3.0"; }

PUBLIC fmi3Status FMI3(SetDebugLogging)(fmi3Instance instance, fmi3Boolean loggingOn, size_t nCategories,
                                        const fmi3String categories[])
{
    UNUSED(nCategories);
    UNUSED(categories);
    REQUIRE(ANY_MODE, "fmi3SetDebugLogging");
    SELF->debug = loggingOn;
    return fmi3OK;
}

PUBLIC fmi3Instance FMI3(InstantiateModelExchange)(fmi3String instanceName, fmi3String instantiationToken,
                                                   fmi3String resourcePath, fmi3Boolean visible, fmi3Boolean loggingOn,
                                                   fmi3InstanceEnvironment instanceEnvironment,
                                                   fmi3LogMessageCallback logMessage)
{
    UNUSED(resourcePath);
    UNUSED(visible);
    return made(instanceName, instantiationToken, 1, loggingOn, instanceEnvironment, logMessage);
}

PUBLIC fmi3Instance FMI3(InstantiateCoSimulation)(
    fmi3String instanceName, fmi3String instantiationToken, fmi3String resourcePath, fmi3Boolean visible,
    fmi3Boolean loggingOn, fmi3Boolean eventModeUsed, fmi3Boolean earlyReturnAllowed,
    const fmi3ValueReference requiredIntermediateVariables[], size_t nRequiredIntermediateVariables,
    fmi3InstanceEnvironment instanceEnvironment, fmi3LogMessageCallback logMessage,
    fmi3IntermediateUpdateCallback intermediateUpdate)
{
    UNUSED(resourcePath);
    UNUSED(visible);
    UNUSED(eventModeUsed);
    UNUSED(earlyReturnAllowed);
    UNUSED(requiredIntermediateVariables);
    UNUSED(nRequiredIntermediateVariables);
    UNUSED(intermediateUpdate);
    return made(instanceName, instantiationToken, 0, loggingOn, instanceEnvironment, logMessage);
}

PUBLIC void FMI3(FreeInstance)(fmi3Instance instance) { instance_free(SELF); }

PUBLIC fmi3Status FMI3(EnterInitializationMode)(fmi3Instance instance, fmi3Boolean toleranceDefined,
                                                fmi3Float64 tolerance, fmi3Float64 startTime,
                                                fmi3Boolean stopTimeDefined, fmi3Float64 stopTime)
{
    UNUSED(stopTimeDefined);
    UNUSED(stopTime);
    REQUIRE(MODE_INSTANTIATED, "fmi3EnterInitializationMode");
    set_time(SELF, startTime);
    set_tolerance(SELF, toleranceDefined, tolerance);
    SELF->now.mode = MODE_INITIALISING;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(ExitInitializationMode)(fmi3Instance instance)
{
    REQUIRE(MODE_INITIALISING, "fmi3ExitInitializationMode");
    begin_run(SELF);
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(EnterEventMode)(fmi3Instance instance)
{
    REQUIRE(MODE_CONTINUOUS | MODE_EVENT, "fmi3EnterEventMode");
    SELF->now.mode = MODE_EVENT;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(Terminate)(fmi3Instance instance)
{
    REQUIRE(MODE_RUNNING, "fmi3Terminate");
    SELF->now.mode = MODE_TERMINATED;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(Reset)(fmi3Instance instance)
{
    REQUIRE(ANY_MODE, "fmi3Reset");
    begin_anew(SELF);
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetFloat64)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                   size_t nValueReferences, fmi3Float64 values[], size_t nValues)
{
    size_t k;
    REQUIRE(ANY_MODE, "fmi3GetFloat64");
    if (nValues != nValueReferences) return refused(instance, 1, "fmi3GetFloat64");
    for (k = 0; k < nValues; k++)
        if (get_value(SELF, valueReferences[k], TYPE_REAL, &values[k]) != STATUS_OK) return fmi3Error;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(SetFloat64)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                   size_t nValueReferences, const fmi3Float64 values[], size_t nValues)
{
    size_t k;
    REQUIRE(ANY_MODE, "fmi3SetFloat64");
    if (nValues != nValueReferences) return refused(instance, 1, "fmi3SetFloat64");
    for (k = 0; k < nValues; k++)
        if (set_value(SELF, valueReferences[k], TYPE_REAL, values[k]) != STATUS_OK) return fmi3Error;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetBoolean)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                   size_t nValueReferences, fmi3Boolean values[], size_t nValues)
{
    size_t k;
    double number;
    REQUIRE(ANY_MODE, "fmi3GetBoolean");
    if (nValues != nValueReferences) return refused(instance, 1, "fmi3GetBoolean");
    for (k = 0; k < nValues; k++) {
        if (get_value(SELF, valueReferences[k], TYPE_BOOLEAN, &number) != STATUS_OK) return fmi3Error;
        values[k] = number >= 0.5;
    }
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(SetBoolean)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                   size_t nValueReferences, const fmi3Boolean values[], size_t nValues)
{
    size_t k;
    REQUIRE(ANY_MODE, "fmi3SetBoolean");
    if (nValues != nValueReferences) return refused(instance, 1, "fmi3SetBoolean");
    for (k = 0; k < nValues; k++)
        if (set_value(SELF, valueReferences[k], TYPE_BOOLEAN, values[k] ? 1.0 : 0.0) != STATUS_OK) return fmi3Error;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetFMUState)(fmi3Instance instance, fmi3FMUState *state)
{
    REQUIRE(ANY_MODE, "fmi3GetFMUState");
    return (fmi3Status)save(SELF, state);
}

PUBLIC fmi3Status FMI3(SetFMUState)(fmi3Instance instance, fmi3FMUState state)
{
    REQUIRE(ANY_MODE, "fmi3SetFMUState");
    if (state == NULL) return refused(instance, 1, "fmi3SetFMUState");
    memcpy(&SELF->now, state, sizeof(State));
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(FreeFMUState)(fmi3Instance instance, fmi3FMUState *state)
{
    UNUSED(instance);
    if (state == NULL) return fmi3OK;
    free(*state);
    *state = NULL;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(SerializedFMUStateSize)(fmi3Instance instance, fmi3FMUState state, size_t *size)
{
    UNUSED(state);
    REQUIRE(ANY_MODE, "fmi3SerializedFMUStateSize");
    *size = SAVED_SIZE;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(SerializeFMUState)(fmi3Instance instance, fmi3FMUState state, fmi3Byte bytes[], size_t size)
{
    REQUIRE(ANY_MODE, "fmi3SerializeFMUState");
    if (state == NULL || size < SAVED_SIZE) return refused(instance, 1, "fmi3SerializeFMUState");
    serialise((const State *)state, bytes);
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(DeserializeFMUState)(fmi3Instance instance, const fmi3Byte bytes[], size_t size,
                                            fmi3FMUState *state)
{
    REQUIRE(ANY_MODE, "fmi3DeserializeFMUState");
    *state = deserialise(bytes, size);
    return *state == NULL ? refused(instance, 1, "fmi3DeserializeFMUState") : fmi3OK;
}

PUBLIC fmi3Status FMI3(EvaluateDiscreteStates)(fmi3Instance instance)
{
    REQUIRE(MODE_EVENT | MODE_INITIALISING, "fmi3EvaluateDiscreteStates");
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(UpdateDiscreteStates)(fmi3Instance instance, fmi3Boolean *discreteStatesNeedUpdate,
                                             fmi3Boolean *terminateSimulation,
                                             fmi3Boolean *nominalsOfContinuousStatesChanged,
                                             fmi3Boolean *valuesOfContinuousStatesChanged,
                                             fmi3Boolean *nextEventTimeDefined, fmi3Float64 *nextEventTime)
{
    REQUIRE(MODE_EVENT, "fmi3UpdateDiscreteStates");
    *discreteStatesNeedUpdate = *terminateSimulation = *nominalsOfContinuousStatesChanged = false;
    *valuesOfContinuousStatesChanged = meet(SELF);
    *nextEventTimeDefined = false;
    *nextEventTime = 0.0;
    return fmi3OK;
}

/* -- co-simulation */

PUBLIC fmi3Status FMI3(EnterStepMode)(fmi3Instance instance)
{
    REQUIRE(MODE_STEP, "fmi3EnterStepMode");
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(DoStep)(fmi3Instance instance, fmi3Float64 currentCommunicationPoint,
                               fmi3Float64 communicationStepSize, fmi3Boolean noSetFMUStatePriorToCurrentPoint,
                               fmi3Boolean *eventHandlingNeeded, fmi3Boolean *terminateSimulation,
                               fmi3Boolean *earlyReturn, fmi3Float64 *lastSuccessfulTime)
{
    fmi3Status status;
    UNUSED(noSetFMUStatePriorToCurrentPoint);
    REQUIRE(MODE_STEP, "fmi3DoStep");
    *eventHandlingNeeded = *terminateSimulation = *earlyReturn = false;
    *lastSuccessfulTime = currentCommunicationPoint;
    if (!(communicationStepSize > 0.0)) return refused(instance, 1, "fmi3DoStep with a step that is not above zero");
    status = (fmi3Status)advance(SELF, currentCommunicationPoint, communicationStepSize);
    if (status == fmi3OK) *lastSuccessfulTime = SELF->now.y[TIME];
    return status;
}
