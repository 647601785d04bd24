/* The functions of FMI 3.0 that a solver calls. */
#include "fmi3_types.h"

PUBLIC fmi3Status FMI3(EnterContinuousTimeMode)(fmi3Instance instance)
{
    REQUIRE(MODE_EVENT, "fmi3EnterContinuousTimeMode");
    SELF->now.mode = MODE_CONTINUOUS;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(CompletedIntegratorStep)(fmi3Instance instance, fmi3Boolean noSetFMUStatePriorToCurrentPoint,
                                                fmi3Boolean *enterEventMode, fmi3Boolean *terminateSimulation)
{
    UNUSED(noSetFMUStatePriorToCurrentPoint);
    REQUIRE(MODE_CONTINUOUS, "fmi3CompletedIntegratorStep");
    *enterEventMode = *terminateSimulation = false;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(SetTime)(fmi3Instance instance, fmi3Float64 time)
{
    REQUIRE(MODE_EVENT | MODE_CONTINUOUS, "fmi3SetTime");
    set_time(SELF, time);
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(SetContinuousStates)(fmi3Instance instance, const fmi3Float64 continuousStates[],
                                            size_t nContinuousStates)
{
    REQUIRE(MODE_EVENT | MODE_CONTINUOUS, "fmi3SetContinuousStates");
    if (nContinuousStates != STATES) return refused(instance, 1, "fmi3SetContinuousStates");
    set_states(SELF, continuousStates);
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetContinuousStateDerivatives)(fmi3Instance instance, fmi3Float64 derivatives[],
                                                      size_t nContinuousStates)
{
    REQUIRE(MODE_RUNNING | MODE_INITIALISING, "fmi3GetContinuousStateDerivatives");
    if (nContinuousStates != STATES) return refused(instance, 1, "fmi3GetContinuousStateDerivatives");
    return (fmi3Status)get_derivatives(SELF, derivatives);
}

PUBLIC fmi3Status FMI3(GetEventIndicators)(fmi3Instance instance, fmi3Float64 eventIndicators[],
                                           size_t nEventIndicators)
{
    REQUIRE(MODE_RUNNING | MODE_INITIALISING, "fmi3GetEventIndicators");
    if (nEventIndicators != CROSSINGS) return refused(instance, 1, "fmi3GetEventIndicators");
    get_crossings(SELF, eventIndicators);
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetContinuousStates)(fmi3Instance instance, fmi3Float64 continuousStates[],
                                            size_t nContinuousStates)
{
    REQUIRE(ANY_MODE, "fmi3GetContinuousStates");
    if (nContinuousStates != STATES) return refused(instance, 1, "fmi3GetContinuousStates");
    get_states(SELF, continuousStates);
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetNominalsOfContinuousStates)(fmi3Instance instance, fmi3Float64 nominals[],
                                                      size_t nContinuousStates)
{
    size_t k;
    REQUIRE(ANY_MODE, "fmi3GetNominalsOfContinuousStates");
    if (nContinuousStates != STATES) return refused(instance, 1, "fmi3GetNominalsOfContinuousStates");
    for (k = 0; k < nContinuousStates; k++) nominals[k] = NOMINAL[k];
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetNumberOfEventIndicators)(fmi3Instance instance, size_t *nEventIndicators)
{
    REQUIRE(ANY_MODE, "fmi3GetNumberOfEventIndicators");
    *nEventIndicators = CROSSINGS;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetNumberOfContinuousStates)(fmi3Instance instance, size_t *nContinuousStates)
{
    REQUIRE(ANY_MODE, "fmi3GetNumberOfContinuousStates");
    *nContinuousStates = STATES;
    return fmi3OK;
}

PUBLIC fmi3Status FMI3(GetDirectionalDerivative)(fmi3Instance instance, const fmi3ValueReference unknowns[],
                                                 size_t nUnknowns, const fmi3ValueReference knowns[], size_t nKnowns,
                                                 const fmi3Float64 seed[], size_t nSeed, fmi3Float64 sensitivity[],
                                                 size_t nSensitivity)
{
    REQUIRE(MODE_RUNNING | MODE_INITIALISING, "fmi3GetDirectionalDerivative");
    if (nSeed != nKnowns || nSensitivity != nUnknowns) return refused(instance, 1, "fmi3GetDirectionalDerivative");
    return (fmi3Status)differentiated(SELF, unknowns, nUnknowns, knowns, nKnowns, seed, sensitivity, 0);
}

PUBLIC fmi3Status FMI3(GetAdjointDerivative)(fmi3Instance instance, const fmi3ValueReference unknowns[],
                                             size_t nUnknowns, const fmi3ValueReference knowns[], size_t nKnowns,
                                             const fmi3Float64 seed[], size_t nSeed, fmi3Float64 sensitivity[],
                                             size_t nSensitivity)
{
    REQUIRE(MODE_RUNNING | MODE_INITIALISING, "fmi3GetAdjointDerivative");
    if (nSeed != nUnknowns || nSensitivity != nKnowns) return refused(instance, 1, "fmi3GetAdjointDerivative");
    return (fmi3Status)differentiated(SELF, unknowns, nUnknowns, knowns, nKnowns, seed, sensitivity, 1);
}
