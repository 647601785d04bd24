/* One instance of the model, for either version of FMI: its memory, its values, its log.

   model.h is generated beside this file: sizes, tables and equations. Everything here is private to the one file that
   is compiled, so that any number of exported twins can be linked into one program. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the tables of model.h are made of. */
enum { TYPE_REAL, TYPE_BOOLEAN };
enum { NEVER, BEFORE_THE_RUN, AT_ANY_TIME };
enum {
    PART_HELD = 1,
    PART_DERIVATIVES = 2,
    PART_OUTPUTS = 4,
    PART_TRUTHS = 8,
    PART_CROSSINGS = 16,
    PART_UNKNOWNS = 32,
    PART_SLOPES = 64,
    PART_ALL = 127
};

#include "model.h"

#if defined(_WIN32)
#define PUBLIC __declspec(dllexport)
#elif defined(__GNUC__)
#define PUBLIC __attribute__((visibility("default")))
#else
#define PUBLIC
#endif

/* The status values are the same in both versions. */
enum { STATUS_OK, STATUS_WARNING, STATUS_DISCARD, STATUS_ERROR };

enum {
    MODE_INSTANTIATED = 1,
    MODE_INITIALISING = 2,
    MODE_EVENT = 4,
    MODE_CONTINUOUS = 8,
    MODE_STEP = 16,
    MODE_TERMINATED = 32,
    MODE_BEFORE = MODE_INSTANTIATED | MODE_INITIALISING,
    MODE_RUNNING = MODE_EVENT | MODE_CONTINUOUS | MODE_STEP
};

/* Everything that the future depends on: saved and restored as one block of memory. */
typedef struct {
    double y[ROWS];
    double origin;  /* where the present course of steps began */
    double dt;      /* their length, or the unit in which they are counted where they choose their own */
    int64_t done;   /* how many were taken, or how many units have passed */
    int64_t taken;  /* all steps of the run: noise is drawn by their number */
    int32_t mode;
    int32_t stale;  /* the parts of y that must be computed before they are read */
} State;

typedef struct Instance Instance;

struct Instance {
    State now;
    int exchange; /* for model exchange, not for co-simulation */
    int debug;
    char *name;
    void *environment;
    void (*logger)(void); /* the importer's function, of the type of its version */
    void (*say)(const Instance *self, int status, const char *text);
};

static int complain(const Instance *self, int status, const char *format, ...)
{
    char text[256];
    va_list parts;
    va_start(parts, format);
    vsnprintf(text, sizeof text, format, parts);
    va_end(parts);
    if (self->logger != NULL) self->say(self, status, text);
    return status;
}

static int allowed(const Instance *self, int modes, const char *function)
{
    if (self == NULL) return 0;
    if (self->now.mode & modes) return 1;
    complain(self, STATUS_ERROR, "%s was called in a mode in which it is not allowed", function);
    return 0;
}

static void begin_anew(Instance *self)
{
    State *now = &self->now;
    int row;
    memset(now, 0, sizeof *now);
    for (row = 0; row < KEPT; row++) now->y[row] = START[row];
    now->mode = MODE_INSTANTIATED;
    now->stale = PART_ALL;
}

static Instance *instance_new(const char *name, const char *token, int exchange)
{
    Instance *self;
    if (token == NULL || strcmp(token, TOKEN) != 0) return NULL;
    if (exchange ? !HAS_EXCHANGE : !HAS_STEPS) return NULL;
    self = (Instance *)calloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->name = (char *)calloc(1, strlen(name == NULL ? "" : name) + 1);
    if (self->name == NULL) {
        free(self);
        return NULL;
    }
    if (name != NULL) strcpy(self->name, name);
    self->exchange = exchange;
    begin_anew(self);
    return self;
}

static void instance_free(Instance *self)
{
    if (self == NULL) return;
    free(self->name);
    free(self);
}

/* -- values */

/* In model exchange a condition that can be read changes in event mode only; what it remembers stands in its row. */
static int conditions_stand(const Instance *self)
{
    return self->exchange && (self->now.mode & (MODE_EVENT | MODE_CONTINUOUS | MODE_TERMINATED));
}

static void refresh(Instance *self, int parts)
{
    double *y = self->now.y, t0 = y[TIME];
    int due;
    if (parts & ~PART_HELD) parts |= PART_UNKNOWNS; /* everything else may rest on them */
    due = self->now.stale & parts;
    if (due & PART_HELD) hold(y);
    if (due & PART_UNKNOWNS) algebra(y, t0);
    if (due & PART_DERIVATIVES) derivatives(y, t0);
    if (due & PART_OUTPUTS) outputs(y, t0);
    if ((due & PART_TRUTHS) && !conditions_stand(self)) truths(y, t0);
    if (due & PART_CROSSINGS) crossings(y, t0);
    if (due & PART_SLOPES) slopes(y, t0);
    self->now.stale &= ~parts;
}

static int get_value(Instance *self, unsigned reference, int type, double *value)
{
    *value = 0.0;
    if (reference >= VARIABLES || TYPE[reference] != type)
        return complain(self, STATUS_ERROR, "no variable of this type has the value reference %u", reference);
    refresh(self, PART[reference]);
    *value = self->now.y[ROW[reference]];
    return STATUS_OK;
}

static int set_value(Instance *self, unsigned reference, int type, double value)
{
    if (reference >= VARIABLES || TYPE[reference] != type)
        return complain(self, STATUS_ERROR, "no variable of this type has the value reference %u", reference);
    if (!(self->now.mode & (WRITABLE[reference] == AT_ANY_TIME ? MODE_BEFORE | MODE_RUNNING
                            : WRITABLE[reference] == BEFORE_THE_RUN ? MODE_BEFORE : 0)))
        return complain(self, STATUS_ERROR, "the variable with the value reference %u cannot be set now", reference);
    self->now.y[ROW[reference]] = value;
    self->now.stale = PART_ALL;
    return STATUS_OK;
}

static void set_time(Instance *self, double time)
{
    self->now.y[TIME] = time;
    self->now.stale |= PART_ALL & ~PART_HELD;
}

#endif
