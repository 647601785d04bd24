/* The functions of FMI 2.0.4, with the signatures of the standard (sections 2.1, 3.2 and 4.2); the one file to compile. */
#include "fmi2_absent.h"
#include "fmi2_types.h"

/* -- for both kinds */

PUBLIC const char *FMI2(GetTypesPlatform)(void) { return "default"; }
PUBLIC const char *FMI2(GetVersion)(void) { return "2.0"; }

PUBLIC fmi2Status FMI2(SetDebugLogging)(fmi2Component c, fmi2Boolean loggingOn, size_t nCategories,
                                        const fmi2String categories[])
{
    (void)nCategories;
    (void)categories;
    REQUIRE(ANY_MODE, "fmi2SetDebugLogging");
    SELF->debug = loggingOn;
    return fmi2OK;
}

PUBLIC fmi2Component FMI2(Instantiate)(fmi2String instanceName, fmi2Type fmuType, fmi2String fmuGUID,
                                       fmi2String fmuResourceLocation, const fmi2CallbackFunctions *functions,
                                       fmi2Boolean visible, fmi2Boolean loggingOn)
{
    Instance *self = instance_new(instanceName, fmuGUID, fmuType == fmi2ModelExchange);
    (void)fmuResourceLocation;
    (void)visible;
    if (self == NULL) {
        if (functions != NULL && functions->logger != NULL)
            functions->logger(functions->componentEnvironment, instanceName, fmi2Error, "logStatusError",
                              "the GUID is that of another FMU, this kind was not exported, or memory is short");
        return NULL;
    }
    self->debug = loggingOn;
    self->say = say;
    if (functions != NULL) {
        self->logger = (void (*)(void))functions->logger;
        self->environment = functions->componentEnvironment;
    }
    return self;
}

PUBLIC void FMI2(FreeInstance)(fmi2Component c) { instance_free(SELF); }

PUBLIC fmi2Status FMI2(SetupExperiment)(fmi2Component c, fmi2Boolean toleranceDefined, fmi2Real tolerance,
                                        fmi2Real startTime, fmi2Boolean stopTimeDefined, fmi2Real stopTime)
{
    (void)stopTimeDefined;
    (void)stopTime;
    REQUIRE(MODE_INSTANTIATED, "fmi2SetupExperiment");
    set_time(SELF, startTime);
    set_tolerance(SELF, toleranceDefined, tolerance);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(EnterInitializationMode)(fmi2Component c)
{
    REQUIRE(MODE_INSTANTIATED, "fmi2EnterInitializationMode");
    SELF->now.mode = MODE_INITIALISING;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(ExitInitializationMode)(fmi2Component c)
{
    REQUIRE(MODE_INITIALISING, "fmi2ExitInitializationMode");
    begin_run(SELF);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(Terminate)(fmi2Component c)
{
    REQUIRE(MODE_RUNNING, "fmi2Terminate");
    SELF->now.mode = MODE_TERMINATED;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(Reset)(fmi2Component c)
{
    REQUIRE(ANY_MODE, "fmi2Reset");
    begin_anew(SELF);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(GetReal)(fmi2Component c, const fmi2ValueReference vr[], size_t nvr, fmi2Real value[])
{
    size_t k;
    REQUIRE(ANY_MODE, "fmi2GetReal");
    for (k = 0; k < nvr; k++)
        if (get_value(SELF, vr[k], TYPE_REAL, &value[k]) != STATUS_OK) return fmi2Error;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(SetReal)(fmi2Component c, const fmi2ValueReference vr[], size_t nvr, const fmi2Real value[])
{
    size_t k;
    REQUIRE(ANY_MODE, "fmi2SetReal");
    for (k = 0; k < nvr; k++)
        if (set_value(SELF, vr[k], TYPE_REAL, value[k]) != STATUS_OK) return fmi2Error;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(GetBoolean)(fmi2Component c, const fmi2ValueReference vr[], size_t nvr, fmi2Boolean value[])
{
    size_t k;
    double number;
    REQUIRE(ANY_MODE, "fmi2GetBoolean");
    for (k = 0; k < nvr; k++) {
        if (get_value(SELF, vr[k], TYPE_BOOLEAN, &number) != STATUS_OK) return fmi2Error;
        value[k] = number >= 0.5;
    }
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(SetBoolean)(fmi2Component c, const fmi2ValueReference vr[], size_t nvr,
                                   const fmi2Boolean value[])
{
    size_t k;
    REQUIRE(ANY_MODE, "fmi2SetBoolean");
    for (k = 0; k < nvr; k++)
        if (set_value(SELF, vr[k], TYPE_BOOLEAN, value[k] ? 1.0 : 0.0) != STATUS_OK) return fmi2Error;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(GetFMUstate)(fmi2Component c, fmi2FMUstate *state)
{
    REQUIRE(ANY_MODE, "fmi2GetFMUstate");
    return (fmi2Status)save(SELF, state);
}

PUBLIC fmi2Status FMI2(SetFMUstate)(fmi2Component c, fmi2FMUstate state)
{
    REQUIRE(ANY_MODE, "fmi2SetFMUstate");
    if (state == NULL) return refused(c, 1, "fmi2SetFMUstate");
    memcpy(&SELF->now, state, sizeof(State));
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(FreeFMUstate)(fmi2Component c, fmi2FMUstate *state)
{
    (void)c;
    if (state == NULL) return fmi2OK;
    free(*state);
    *state = NULL;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(SerializedFMUstateSize)(fmi2Component c, fmi2FMUstate state, size_t *size)
{
    (void)state;
    REQUIRE(ANY_MODE, "fmi2SerializedFMUstateSize");
    *size = SAVED_SIZE;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(SerializeFMUstate)(fmi2Component c, fmi2FMUstate state, fmi2Byte bytes[], size_t size)
{
    REQUIRE(ANY_MODE, "fmi2SerializeFMUstate");
    if (state == NULL || size < SAVED_SIZE) return refused(c, 1, "fmi2SerializeFMUstate");
    serialise((const State *)state, (unsigned char *)bytes);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(DeSerializeFMUstate)(fmi2Component c, const fmi2Byte bytes[], size_t size, fmi2FMUstate *state)
{
    REQUIRE(ANY_MODE, "fmi2DeSerializeFMUstate");
    *state = deserialise((const unsigned char *)bytes, size);
    return *state == NULL ? refused(c, 1, "fmi2DeSerializeFMUstate") : fmi2OK;
}

PUBLIC fmi2Status FMI2(GetDirectionalDerivative)(fmi2Component c, const fmi2ValueReference vUnknown[], size_t nUnknown,
                                                 const fmi2ValueReference vKnown[], size_t nKnown,
                                                 const fmi2Real dvKnown[], fmi2Real dvUnknown[])
{
    REQUIRE(MODE_RUNNING | MODE_INITIALISING, "fmi2GetDirectionalDerivative");
    return (fmi2Status)differentiated(SELF, vUnknown, nUnknown, vKnown, nKnown, dvKnown, dvUnknown, 0);
}

/* -- model exchange */

PUBLIC fmi2Status FMI2(EnterEventMode)(fmi2Component c)
{
    REQUIRE(MODE_CONTINUOUS | MODE_EVENT, "fmi2EnterEventMode");
    SELF->now.mode = MODE_EVENT;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(NewDiscreteStates)(fmi2Component c, fmi2EventInfo *info)
{
    REQUIRE(MODE_EVENT, "fmi2NewDiscreteStates");
    memset(info, 0, sizeof *info);
    info->valuesOfContinuousStatesChanged = meet(SELF);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(EnterContinuousTimeMode)(fmi2Component c)
{
    REQUIRE(MODE_EVENT, "fmi2EnterContinuousTimeMode");
    SELF->now.mode = MODE_CONTINUOUS;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(CompletedIntegratorStep)(fmi2Component c, fmi2Boolean noSetFMUStatePriorToCurrentPoint,
                                                fmi2Boolean *enterEventMode, fmi2Boolean *terminateSimulation)
{
    (void)noSetFMUStatePriorToCurrentPoint;
    REQUIRE(MODE_CONTINUOUS, "fmi2CompletedIntegratorStep");
    *enterEventMode = 0;
    *terminateSimulation = 0;
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(SetTime)(fmi2Component c, fmi2Real time)
{
    REQUIRE(MODE_EVENT | MODE_CONTINUOUS, "fmi2SetTime");
    set_time(SELF, time);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(SetContinuousStates)(fmi2Component c, const fmi2Real x[], size_t nx)
{
    REQUIRE(MODE_EVENT | MODE_CONTINUOUS, "fmi2SetContinuousStates");
    if (nx != STATES) return refused(c, 1, "fmi2SetContinuousStates");
    set_states(SELF, x);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(GetDerivatives)(fmi2Component c, fmi2Real derivatives[], size_t nx)
{
    REQUIRE(MODE_RUNNING | MODE_INITIALISING, "fmi2GetDerivatives");
    return nx != STATES ? refused(c, 1, "fmi2GetDerivatives") : (fmi2Status)get_derivatives(SELF, derivatives);
}

PUBLIC fmi2Status FMI2(GetEventIndicators)(fmi2Component c, fmi2Real eventIndicators[], size_t ni)
{
    REQUIRE(MODE_RUNNING | MODE_INITIALISING, "fmi2GetEventIndicators");
    if (ni != CROSSINGS) return refused(c, 1, "fmi2GetEventIndicators");
    get_crossings(SELF, eventIndicators);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(GetContinuousStates)(fmi2Component c, fmi2Real x[], size_t nx)
{
    REQUIRE(ANY_MODE, "fmi2GetContinuousStates");
    if (nx != STATES) return refused(c, 1, "fmi2GetContinuousStates");
    get_states(SELF, x);
    return fmi2OK;
}

PUBLIC fmi2Status FMI2(GetNominalsOfContinuousStates)(fmi2Component c, fmi2Real nominals[], size_t nx)
{
    size_t k;
    REQUIRE(ANY_MODE, "fmi2GetNominalsOfContinuousStates");
    if (nx != STATES) return refused(c, 1, "fmi2GetNominalsOfContinuousStates");
    for (k = 0; k < nx; k++) nominals[k] = NOMINAL[k];
    return fmi2OK;
}

/* -- co-simulation */

PUBLIC fmi2Status FMI2(DoStep)(fmi2Component c, fmi2Real currentCommunicationPoint, fmi2Real communicationStepSize,
                               fmi2Boolean noSetFMUStatePriorToCurrentPoint)
{
    (void)noSetFMUStatePriorToCurrentPoint;
    REQUIRE(MODE_STEP, "fmi2DoStep");
    if (!(communicationStepSize > 0.0)) return refused(c, 1, "fmi2DoStep with a step that is not above zero");
    return (fmi2Status)advance(SELF, currentCommunicationPoint, communicationStepSize);
}

PUBLIC fmi2Status FMI2(GetRealStatus)(fmi2Component c, const fmi2StatusKind kind, fmi2Real *value)
{
    REQUIRE(ANY_MODE, "fmi2GetRealStatus");
    if (kind != fmi2LastSuccessfulTime) return fmi2Discard;
    *value = SELF->now.y[TIME];
    return fmi2OK;
}
