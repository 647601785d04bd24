/* The types of FMI 2.0.4, as the standard defines them, and what every function of this version needs. */
#ifndef FMI2_TYPES_H
#define FMI2_TYPES_H

#include "run.h"

#ifdef FMI2_FUNCTION_PREFIX
#define JOINED(prefix, name) prefix##name
#define PREFIXED(prefix, name) JOINED(prefix, name)
#define FMI2(name) PREFIXED(FMI2_FUNCTION_PREFIX, fmi2##name)
#else
#define FMI2(name) fmi2##name
#endif

typedef void *fmi2Component;
typedef void *fmi2ComponentEnvironment;
typedef void *fmi2FMUstate;
typedef unsigned int fmi2ValueReference;
typedef double fmi2Real;
typedef int fmi2Integer;
typedef int fmi2Boolean;
typedef char fmi2Char;
typedef const fmi2Char *fmi2String;
typedef char fmi2Byte;
typedef enum { fmi2OK, fmi2Warning, fmi2Discard, fmi2Error, fmi2Fatal, fmi2Pending } fmi2Status;
typedef enum { fmi2ModelExchange, fmi2CoSimulation } fmi2Type;
typedef enum { fmi2DoStepStatus, fmi2PendingStatus, fmi2LastSuccessfulTime, fmi2Terminated } fmi2StatusKind;

typedef void (*Logger)(fmi2ComponentEnvironment, fmi2String, fmi2Status, fmi2String, fmi2String, ...);

typedef struct {
    Logger logger;
    void *(*allocateMemory)(size_t, size_t);
    void (*freeMemory)(void *);
    void (*stepFinished)(fmi2ComponentEnvironment, fmi2Status);
    fmi2ComponentEnvironment componentEnvironment;
} fmi2CallbackFunctions;

typedef struct {
    fmi2Boolean newDiscreteStatesNeeded;
    fmi2Boolean terminateSimulation;
    fmi2Boolean nominalsOfContinuousStatesChanged;
    fmi2Boolean valuesOfContinuousStatesChanged;
    fmi2Boolean nextEventTimeDefined;
    fmi2Real nextEventTime;
} fmi2EventInfo;

#define SELF ((Instance *)c)
#define REQUIRE(modes, function) \
    if (!allowed(SELF, modes, function)) return fmi2Error
#define ANY_MODE (MODE_BEFORE | MODE_RUNNING | MODE_TERMINATED)

static void say(const Instance *self, int status, const char *text)
{
    static const char *const categories[] = {"logEvents", "logStatusWarning", "logStatusDiscard", "logStatusError"};
    /* The text itself is the format: it has no percent sign, and many importers read no arguments behind it. */
    ((Logger)self->logger)(self->environment, self->name, (fmi2Status)status, categories[status], text);
}

static fmi2Status refused(fmi2Component c, size_t count, const char *function)
{
    if (c != NULL && count == 0) return fmi2OK;
    if (c != NULL) complain(SELF, STATUS_ERROR, "%s: this FMU has nothing of the kind", function);
    return fmi2Error;
}

#endif
