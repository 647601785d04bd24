/* What an instance does: steps of its own, events that a solver found, states that are saved. */
#ifndef RUN_H
#define RUN_H

#include "instance.h"

/* The nanoseconds of a span that is a whole number of them, else 0. Such spans are divided as the kernels of Pollux
   divide them, so that both take the same steps to the last bit. */
static int64_t nanoseconds(double span)
{
    double whole = floor(span * 1e9 + 0.5);
    return whole >= 1.0 && whole < 9e15 && fabs(span * 1e9 - whole) < 1e-3 ? (int64_t)whole : 0;
}

/* Whether the present course of steps goes on from here; else another one begins. */
static int goes_on(State *now, double from, double dt)
{
    double gap = fabs(from - (now->origin + (double)now->done * dt));
    if (dt == now->dt && gap <= 1e-6 * dt + 1e-12 + 4.0 * DBL_EPSILON * fabs(from)) return 1;
    now->origin = from;
    now->dt = dt;
    now->done = 0;
    return 0;
}

#if OWN_STEPS

#define UNIT 1e-9

static void open_run(State *now)
{
    now->origin = now->y[TIME];
    now->dt = UNIT;
    opening(now->y, now->origin, 0.0, UNIT);
}

/* Attempts at steps of their own until the end of the communication step is met. */
static void take_steps(State *now, double from, double span)
{
    double *y = now->y, target;
    int64_t whole = nanoseconds(span);
    int k, anew = now->stale & PART_HELD;
    if (!goes_on(now, from, UNIT)) y[SINCE] = 0.0;
    now->done += whole;
    target = whole ? (double)now->done * UNIT : y[SINCE] + span;
    if (!whole) now->done = -1; /* what follows begins a course of its own */
    if (anew) {
        hold(y);
        opening(y, now->origin, target, UNIT);
    }
    for (k = 0; k < MOST_STEPS && y[SINCE] < target; k++) step(y, now->origin, target, UNIT);
    if (y[SINCE] < target) y[FAILED] = now->origin + y[SINCE];
}

#else

static void open_run(State *now) { opening(now->y, now->y[TIME], 0.0, 0.0, 0.0, 0.0, 0.0, 0); }

/* Equal steps that fill the communication step, none longer than the longest. */
static void take_steps(State *now, double from, double span)
{
    int64_t whole = nanoseconds(span);
    int64_t steps = whole ? (whole + STEP_NANOSECONDS - 1) / STEP_NANOSECONDS
                          : (int64_t)ceil(span / ((double)STEP_NANOSECONDS * 1e-9));
    double dt = whole ? (double)whole / (double)steps / 1e9 : span / (double)steps;
    goes_on(now, from, dt);
    if (now->stale & PART_HELD) hold(now->y);
    for (; steps > 0; steps--, now->done++, now->taken++) {
        double s = (double)now->done;
        step(now->y, now->origin + s * dt, now->origin + (s + 0.5) * dt, now->origin + (s + 1.0) * dt,
             0.5 * dt, dt, dt / 6.0, (uint64_t)now->taken);
    }
}

#endif

static void begin_run(Instance *self)
{
    refresh(self, PART_HELD);
    if (self->exchange)
        refresh(self, PART_TRUTHS);
    else
        open_run(&self->now);
    self->now.mode = self->exchange ? MODE_EVENT : MODE_STEP;
    self->now.stale |= PART_ALL & ~(PART_HELD | PART_UNKNOWNS);
}

static int advance(Instance *self, double from, double span)
{
    State *now = &self->now;
    take_steps(now, from, span);
    set_time(self, from + span);
    now->stale &= ~(PART_HELD | PART_UNKNOWNS);
    if (now->y[FAILED] != now->y[FAILED]) return STATUS_OK;
    return complain(self, STATUS_ERROR, "a state is no finite number since the time %.17g", now->y[FAILED]);
}

static void set_tolerance(Instance *self, int defined, double tolerance)
{
    if (OWN_STEPS && defined && tolerance > 0.0) self->now.y[RELATIVE] = tolerance;
}

/* -- model exchange */

static void get_states(const Instance *self, double *x)
{
    int k;
    for (k = 0; k < STATES; k++) x[k] = self->now.y[STATE_ROW + k];
}

static void set_states(Instance *self, const double *x)
{
    int k;
    for (k = 0; k < STATES; k++) self->now.y[STATE_ROW + k] = x[k];
    self->now.stale |= PART_ALL & ~PART_HELD;
}

/* A derivative that is no finite number is discarded, not an error: the solver may try a shorter step. */
static int get_derivatives(Instance *self, double *rates)
{
    int k;
    refresh(self, PART_DERIVATIVES);
    for (k = 0; k < STATES; k++) {
        rates[k] = self->now.y[DERIVATIVE_ROW + k];
        if (!(rates[k] - rates[k] == 0.0))
            return complain(self, STATUS_DISCARD, "derivative %d is no finite number at the time %.17g", k,
                            self->now.y[TIME]);
    }
    return STATUS_OK;
}

static void get_crossings(Instance *self, double *values)
{
    int k;
    refresh(self, PART_CROSSINGS);
    for (k = 0; k < CROSSINGS; k++) values[k] = self->now.y[CROSSING_ROW + k];
}

static size_t place_in(const unsigned *references, size_t count, unsigned reference)
{
    size_t k;
    for (k = 0; k < count && references[k] != reference; k++) continue;
    return k;
}

/* The product of the derivatives of `what` by `by` with a seed on one side; what no equation connects is zero. Known are
   states and inputs: a parameter stands still, and what it would change is not told. */
static int differentiated(Instance *self, const unsigned *what, size_t whats, const unsigned *by, size_t bys,
                          const double *seed, double *out, int adjoint)
{
    size_t i, j;
    int k;
    if (!HAS_SLOPES) return complain(self, STATUS_ERROR, "this FMU tells no derivatives");
    for (j = 0; j < bys; j++)
        if (by[j] >= VARIABLES || !IS_KNOWN[by[j]])
            return complain(self, STATUS_ERROR, "the value reference %u is that of no state and no input", by[j]);
    refresh(self, PART_SLOPES);
    for (i = 0; i < (adjoint ? bys : whats); i++) out[i] = 0.0;
    for (k = 0; k < SLOPES; k++) {
        i = place_in(what, whats, SLOPE_OF[k]);
        j = place_in(by, bys, SLOPE_BY[k]);
        if (i < whats && j < bys) out[adjoint ? j : i] += self->now.y[SLOPE_ROW + k] * seed[adjoint ? i : j];
    }
    return STATUS_OK;
}

/* Event mode: tells whether a state jumped. */
static int meet(Instance *self)
{
    State *now = &self->now;
    double before[STATES + 1];
    refresh(self, PART_UNKNOWNS);
    get_states(self, before);
    meeting(now->y, now->y[TIME]);
    now->stale |= PART_ALL & ~PART_HELD;
    return memcmp(before, now->y + STATE_ROW, STATES * sizeof(double)) != 0;
}

/* -- saved states */

static const char SAVED[] = TOKEN;
enum { SAVED_SIZE = sizeof SAVED + sizeof(State) };

static void serialise(const State *state, unsigned char *bytes)
{
    memcpy(bytes, SAVED, sizeof SAVED);
    memcpy(bytes + sizeof SAVED, state, sizeof *state);
}

static State *deserialise(const unsigned char *bytes, size_t size)
{
    State *state;
    if (size != SAVED_SIZE || memcmp(bytes, SAVED, sizeof SAVED) != 0) return NULL;
    state = (State *)malloc(sizeof *state);
    if (state != NULL) memcpy(state, bytes + sizeof SAVED, sizeof *state);
    return state;
}

/* A copy of the present state, in `*place` if there is one already. */
static int save(const Instance *self, void **place)
{
    if (*place == NULL) *place = malloc(sizeof(State));
    if (*place == NULL) return complain(self, STATUS_ERROR, "there is no memory to save a state");
    memcpy(*place, &self->now, sizeof(State));
    return STATUS_OK;
}

#endif
