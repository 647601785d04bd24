/* The functions of FMI 2.0.4 for what no exported twin has: other types, asynchronous steps. */
#include "fmi2_types.h"

#define NO_VARIABLES(Name, Type) \
    PUBLIC fmi2Status FMI2(Get##Name)(fmi2Component c, const fmi2ValueReference vr[], size_t nvr, Type value[]) \
    { \
        (void)vr; \
        (void)value; \
        return refused(c, nvr, "fmi2Get" #Name); \
    } \
    PUBLIC fmi2Status FMI2(Set##Name)(fmi2Component c, const fmi2ValueReference vr[], size_t nvr, const Type value[]) \
    { \
        (void)vr; \
        (void)value; \
        return refused(c, nvr, "fmi2Set" #Name); \
    }

NO_VARIABLES(Integer, fmi2Integer)
NO_VARIABLES(String, fmi2String)

PUBLIC fmi2Status FMI2(CancelStep)(fmi2Component c) { return refused(c, 1, "fmi2CancelStep"); }

PUBLIC fmi2Status FMI2(SetRealInputDerivatives)(fmi2Component c, const fmi2ValueReference vr[], size_t nvr,
                                                const fmi2Integer order[], const fmi2Real value[])
{
    (void)vr;
    (void)order;
    (void)value;
    return refused(c, nvr, "fmi2SetRealInputDerivatives");
}

PUBLIC fmi2Status FMI2(GetRealOutputDerivatives)(fmi2Component c, const fmi2ValueReference vr[], size_t nvr,
                                                 const fmi2Integer order[], fmi2Real value[])
{
    (void)vr;
    (void)order;
    (void)value;
    return refused(c, nvr, "fmi2GetRealOutputDerivatives");
}

#define NO_STATUS(Name, Type) \
    PUBLIC fmi2Status FMI2(Get##Name##Status)(fmi2Component c, const fmi2StatusKind kind, Type *value) \
    { \
        (void)c; \
        (void)kind; \
        (void)value; \
        return fmi2Discard; \
    }

PUBLIC fmi2Status FMI2(GetStatus)(fmi2Component c, const fmi2StatusKind kind, fmi2Status *value)
{
    (void)c;
    (void)kind;
    (void)value;
    return fmi2Discard;
}

NO_STATUS(Integer, fmi2Integer)
NO_STATUS(Boolean, fmi2Boolean)
NO_STATUS(String, fmi2String)
