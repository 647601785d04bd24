/* The types of FMI 3.0, as the standard defines them, and what every function of this version needs. */
#ifndef FMI3_TYPES_H
#define FMI3_TYPES_H

#include <stdbool.h>

#include "run.h"

#ifdef FMI3_FUNCTION_PREFIX
#define JOINED(prefix, name) prefix##name
#define PREFIXED(prefix, name) JOINED(prefix, name)
#define FMI3(name) PREFIXED(FMI3_FUNCTION_PREFIX, fmi3##name)
#else
#define FMI3(name) fmi3##name
#endif

typedef void *fmi3Instance;
typedef void *fmi3InstanceEnvironment;
typedef void *fmi3FMUState;
typedef uint32_t fmi3ValueReference;
typedef float fmi3Float32;
typedef double fmi3Float64;
typedef bool fmi3Boolean;
typedef char fmi3Char;
typedef const fmi3Char *fmi3String;
typedef uint8_t fmi3Byte;
typedef const fmi3Byte *fmi3Binary;
typedef bool fmi3Clock;
typedef enum { fmi3OK, fmi3Warning, fmi3Discard, fmi3Error, fmi3Fatal } fmi3Status;
typedef enum { fmi3Independent, fmi3Constant, fmi3Fixed, fmi3Tunable, fmi3Discrete, fmi3Dependent } fmi3DependencyKind;
typedef enum { fmi3IntervalNotYetKnown, fmi3IntervalUnchanged, fmi3IntervalChanged } fmi3IntervalQualifier;

typedef void (*fmi3LogMessageCallback)(fmi3InstanceEnvironment, fmi3Status, fmi3String, fmi3String);
typedef void (*fmi3ClockUpdateCallback)(fmi3InstanceEnvironment);
typedef void (*fmi3IntermediateUpdateCallback)(fmi3InstanceEnvironment, fmi3Float64, fmi3Boolean, fmi3Boolean,
                                               fmi3Boolean, fmi3Boolean, fmi3Boolean *, fmi3Float64 *);
typedef void (*fmi3LockPreemptionCallback)(void);
typedef void (*fmi3UnlockPreemptionCallback)(void);

#define SELF ((Instance *)instance)
#define REQUIRE(modes, function) \
    if (!allowed(SELF, modes, function)) return fmi3Error
#define ANY_MODE (MODE_BEFORE | MODE_RUNNING | MODE_TERMINATED)
#define UNUSED(what) (void)(what)

static void say(const Instance *self, int status, const char *text)
{
    static const char *const categories[] = {"logEvents", "logStatusWarning", "logStatusDiscard", "logStatusError"};
    ((fmi3LogMessageCallback)self->logger)(self->environment, (fmi3Status)status, categories[status], text);
}

static fmi3Status refused(fmi3Instance instance, size_t count, const char *function)
{
    if (instance != NULL && count == 0) return fmi3OK;
    if (instance != NULL) complain(SELF, STATUS_ERROR, "%s: this FMU has nothing of the kind", function);
    return fmi3Error;
}

static fmi3Instance made(fmi3String name, fmi3String token, int exchange, bool debug, fmi3InstanceEnvironment env,
                         fmi3LogMessageCallback logger)
{
    Instance *self = instance_new(name, token, exchange);
    if (self == NULL) {
        if (logger != NULL)
            logger(env, fmi3Error, "logStatusError",
                   "the instantiation token is that of another FMU, this kind was not exported, or memory is short");
        return NULL;
    }
    self->debug = debug;
    self->environment = env;
    self->logger = (void (*)(void))logger;
    self->say = say;
    return self;
}

#endif
