/* The functions of FMI 3.0 for what no exported twin has: other types, clocks, scheduled execution. */
#include "fmi3_types.h"

PUBLIC fmi3Instance FMI3(InstantiateScheduledExecution)(
    fmi3String instanceName, fmi3String instantiationToken, fmi3String resourcePath, fmi3Boolean visible,
    fmi3Boolean loggingOn, fmi3InstanceEnvironment instanceEnvironment, fmi3LogMessageCallback logMessage,
    fmi3ClockUpdateCallback clockUpdate, fmi3LockPreemptionCallback lockPreemption,
    fmi3UnlockPreemptionCallback unlockPreemption)
{
    UNUSED(instanceName);
    UNUSED(instantiationToken);
    UNUSED(resourcePath);
    UNUSED(visible);
    UNUSED(loggingOn);
    UNUSED(clockUpdate);
    UNUSED(lockPreemption);
    UNUSED(unlockPreemption);
    if (logMessage != NULL)
        logMessage(instanceEnvironment, fmi3Error, "logStatusError", "this FMU is not for scheduled execution");
    return NULL;
}

#define NO_VARIABLES(Name, Type) \
    PUBLIC fmi3Status FMI3(Get##Name)(fmi3Instance instance, const fmi3ValueReference valueReferences[], \
                                      size_t nValueReferences, Type values[], size_t nValues) \
    { \
        UNUSED(valueReferences); \
        UNUSED(values); \
        return refused(instance, nValueReferences + nValues, "fmi3Get" #Name); \
    } \
    PUBLIC fmi3Status FMI3(Set##Name)(fmi3Instance instance, const fmi3ValueReference valueReferences[], \
                                      size_t nValueReferences, const Type values[], size_t nValues) \
    { \
        UNUSED(valueReferences); \
        UNUSED(values); \
        return refused(instance, nValueReferences + nValues, "fmi3Set" #Name); \
    }

NO_VARIABLES(Float32, fmi3Float32)
NO_VARIABLES(Int8, int8_t)
NO_VARIABLES(UInt8, uint8_t)
NO_VARIABLES(Int16, int16_t)
NO_VARIABLES(UInt16, uint16_t)
NO_VARIABLES(Int32, int32_t)
NO_VARIABLES(UInt32, uint32_t)
NO_VARIABLES(Int64, int64_t)
NO_VARIABLES(UInt64, uint64_t)
NO_VARIABLES(String, fmi3String)

PUBLIC fmi3Status FMI3(GetBinary)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                  size_t nValueReferences, size_t valueSizes[], fmi3Binary values[], size_t nValues)
{
    UNUSED(valueReferences);
    UNUSED(valueSizes);
    UNUSED(values);
    return refused(instance, nValueReferences + nValues, "fmi3GetBinary");
}

PUBLIC fmi3Status FMI3(SetBinary)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                  size_t nValueReferences, const size_t valueSizes[], const fmi3Binary values[],
                                  size_t nValues)
{
    UNUSED(valueReferences);
    UNUSED(valueSizes);
    UNUSED(values);
    return refused(instance, nValueReferences + nValues, "fmi3SetBinary");
}

PUBLIC fmi3Status FMI3(GetClock)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                 size_t nValueReferences, fmi3Clock values[])
{
    UNUSED(valueReferences);
    UNUSED(values);
    return refused(instance, nValueReferences, "fmi3GetClock");
}

PUBLIC fmi3Status FMI3(SetClock)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                 size_t nValueReferences, const fmi3Clock values[])
{
    UNUSED(valueReferences);
    UNUSED(values);
    return refused(instance, nValueReferences, "fmi3SetClock");
}

PUBLIC fmi3Status FMI3(GetNumberOfVariableDependencies)(fmi3Instance instance, fmi3ValueReference valueReference,
                                                        size_t *nDependencies)
{
    UNUSED(valueReference);
    UNUSED(nDependencies);
    return refused(instance, 1, "fmi3GetNumberOfVariableDependencies");
}

PUBLIC fmi3Status FMI3(GetVariableDependencies)(fmi3Instance instance, fmi3ValueReference dependent,
                                                size_t elementIndicesOfDependent[], fmi3ValueReference independents[],
                                                size_t elementIndicesOfIndependents[],
                                                fmi3DependencyKind dependencyKinds[], size_t nDependencies)
{
    UNUSED(dependent);
    UNUSED(elementIndicesOfDependent);
    UNUSED(independents);
    UNUSED(elementIndicesOfIndependents);
    UNUSED(dependencyKinds);
    UNUSED(nDependencies);
    return refused(instance, 1, "fmi3GetVariableDependencies");
}

/* There are no structural parameters: nothing can be configured. */
PUBLIC fmi3Status FMI3(EnterConfigurationMode)(fmi3Instance instance)
{
    return refused(instance, 1, "fmi3EnterConfigurationMode");
}

PUBLIC fmi3Status FMI3(ExitConfigurationMode)(fmi3Instance instance)
{
    return refused(instance, 1, "fmi3ExitConfigurationMode");
}

#define NO_CLOCK(Name, Values) \
    PUBLIC fmi3Status FMI3(Name)(fmi3Instance instance, const fmi3ValueReference valueReferences[], \
                                 size_t nValueReferences, Values values[]) \
    { \
        UNUSED(valueReferences); \
        UNUSED(values); \
        return refused(instance, nValueReferences, "fmi3" #Name); \
    }
#define NO_FRACTION(Name, Values) \
    PUBLIC fmi3Status FMI3(Name)(fmi3Instance instance, const fmi3ValueReference valueReferences[], \
                                 size_t nValueReferences, Values counters[], Values resolutions[]) \
    { \
        UNUSED(valueReferences); \
        UNUSED(counters); \
        UNUSED(resolutions); \
        return refused(instance, nValueReferences, "fmi3" #Name); \
    }

NO_CLOCK(GetShiftDecimal, fmi3Float64)
NO_CLOCK(SetIntervalDecimal, const fmi3Float64)
NO_CLOCK(SetShiftDecimal, const fmi3Float64)
NO_FRACTION(GetShiftFraction, uint64_t)
NO_FRACTION(SetIntervalFraction, const uint64_t)
NO_FRACTION(SetShiftFraction, const uint64_t)

PUBLIC fmi3Status FMI3(GetIntervalDecimal)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                           size_t nValueReferences, fmi3Float64 intervals[],
                                           fmi3IntervalQualifier qualifiers[])
{
    UNUSED(valueReferences);
    UNUSED(intervals);
    UNUSED(qualifiers);
    return refused(instance, nValueReferences, "fmi3GetIntervalDecimal");
}

PUBLIC fmi3Status FMI3(GetIntervalFraction)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                            size_t nValueReferences, uint64_t counters[], uint64_t resolutions[],
                                            fmi3IntervalQualifier qualifiers[])
{
    UNUSED(valueReferences);
    UNUSED(counters);
    UNUSED(resolutions);
    UNUSED(qualifiers);
    return refused(instance, nValueReferences, "fmi3GetIntervalFraction");
}

PUBLIC fmi3Status FMI3(GetOutputDerivatives)(fmi3Instance instance, const fmi3ValueReference valueReferences[],
                                             size_t nValueReferences, const int32_t orders[], fmi3Float64 values[],
                                             size_t nValues)
{
    UNUSED(valueReferences);
    UNUSED(orders);
    UNUSED(values);
    return refused(instance, nValueReferences + nValues, "fmi3GetOutputDerivatives");
}

PUBLIC fmi3Status FMI3(ActivateModelPartition)(fmi3Instance instance, fmi3ValueReference clockReference,
                                               fmi3Float64 activationTime)
{
    UNUSED(clockReference);
    UNUSED(activationTime);
    return refused(instance, 1, "fmi3ActivateModelPartition");
}
