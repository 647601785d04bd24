/* An FMI 3 FMU around MODEL. With SIZE, reference 0 is an array of so many. With EVENTS it uses event mode and returns early. */
#ifndef SIZE
#define SIZE 1
#endif
#include "common.h"
#include <stdbool.h>
typedef void (*Logger)(void *, int, const char *, const char *);

static Model *make(const char *token, Logger log) {
    if (strcmp(token, "{pollux}")) { log(NULL, 3, "error", "another token"); return NULL; }
    Model *m = calloc(1, sizeof(Model));
    m->next = 1e300;
    start(m);
    rates(m);
    return m;
}
void *fmi3InstantiateCoSimulation(const char *name, const char *token, const char *place, bool v, bool l, bool events,
                                  bool early, const unsigned *vr, size_t n, void *where, Logger log, void *update) {
    (void)name; (void)place; (void)v; (void)l; (void)events; (void)early; (void)vr; (void)n; (void)where; (void)update;
    return make(token, log);
}
void *fmi3InstantiateModelExchange(const char *name, const char *token, const char *place, bool v, bool l, void *where,
                                   Logger log) {
    (void)name; (void)place; (void)v; (void)l; (void)where;
    return make(token, log);
}
void fmi3FreeInstance(void *m) { free(m); }
int fmi3EnterInitializationMode(Model *m, bool d, double tol, double t, bool s, double e) {
    (void)d; (void)tol; (void)s; (void)e; m->time = t; return 0;
}
int fmi3ExitInitializationMode(Model *m) { rates(m); return 0; }
int fmi3GetFloat64(Model *m, const unsigned *vr, size_t n, double *v, size_t nv) {
    size_t at = 0;
    rates(m);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < (vr[i] ? 1 : SIZE); j++) {
            if (at >= nv) return 3;
            v[at++] = m->r[vr[i] + j];
        }
    return at == nv ? 0 : 3;
}
int fmi3SetFloat64(Model *m, const unsigned *vr, size_t n, const double *v, size_t nv) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < (vr[i] ? 1 : SIZE); j++) m->r[vr[i] + j] = v[at++];
    return at == nv ? 0 : 3;
}
int fmi3GetInt32(Model *m, const unsigned *vr, size_t n, int32_t *v, size_t nv) {
    rates(m);
    for (size_t i = 0; i < n; i++) v[i] = m->n[vr[i] - 100];
    return n == nv ? 0 : 3;
}
int fmi3SetInt32(Model *m, const unsigned *vr, size_t n, const int32_t *v, size_t nv) {
    for (size_t i = 0; i < n; i++) m->n[vr[i] - 100] = v[i];
    return n == nv ? 0 : 3;
}
int fmi3GetBoolean(Model *m, const unsigned *vr, size_t n, bool *v, size_t nv) {
    rates(m);
    for (size_t i = 0; i < n; i++) v[i] = m->n[vr[i] - 200] != 0;
    return n == nv ? 0 : 3;
}
int fmi3SetBoolean(Model *m, const unsigned *vr, size_t n, const bool *v, size_t nv) {
    for (size_t i = 0; i < n; i++) m->n[vr[i] - 200] = v[i];
    return n == nv ? 0 : 3;
}

#ifdef EVENTS
static int quiet(Model *m) { (void)m; return 0; }
#endif
int fmi3DoStep(Model *m, double t, double h, bool no, bool *event, bool *ended, bool *early, double *last) {
    (void)no;
    *event = *ended = *early = false;
#ifdef EVENTS
    /* Its events are handled in event mode: it stops at the first, and says so. */
    double reached = t + h;
    if (m->next < t + h - 1e-12) { reached = m->next; *early = true; }
    m->time = t;
    while (m->time < reached - 1e-12) {
        double left = reached - m->time, now = m->time, part = left < INNER ? left : INNER;
        double x[NX + 1], d[NX + 1];
        memcpy(x, m->r, NX * sizeof(double));
        evaluate(m, now, x, d);
        for (int j = 0; j < NX; j++) m->r[j] = x[j] + part * d[j];
        m->time = now + part;
    }
    m->time = reached;
    *event = m->next <= reached + 1e-12;
    *last = reached;
    faults(m);
    quiet(m);
    return 0;
#else
    *last = t + h;
    return advance(m, t, h);
#endif
}
/* Reference 300 is the only clock: what ticks is n[15], until the discrete states are updated. */
int fmi3SetClock(Model *m, const unsigned *vr, size_t n, const bool *v) {
    if (n != 1 || *vr != 300) return 3;
    m->n[15] = *v;
    return 0;
}
int fmi3EnterEventMode(Model *m) { (void)m; return 0; }
int fmi3EnterStepMode(Model *m) { rates(m); return 0; }
int fmi3UpdateDiscreteStates(Model *m, bool *again, bool *ended, bool *nominals, bool *values, bool *due, double *next) {
    *again = *ended = *nominals = false;
    *values = jump(m);
    *due = m->next < 1e299;
    *next = m->next;
    rates(m);
    return 0;
}
int fmi3EnterContinuousTimeMode(Model *m) { (void)m; return 0; }
int fmi3CompletedIntegratorStep(Model *m, bool no, bool *enter, bool *ended) {
    (void)no; *enter = *ended = false; faults(m); return 0;
}
int fmi3SetTime(Model *m, double t) { m->time = t; return 0; }
int fmi3SetContinuousStates(Model *m, const double *x, size_t n) { memcpy(m->r, x, n * sizeof(double)); return 0; }
int fmi3GetContinuousStates(Model *m, double *x, size_t n) { memcpy(x, m->r, n * sizeof(double)); return 0; }
int fmi3GetNominalsOfContinuousStates(Model *m, double *x, size_t n) { (void)m; for (size_t i = 0; i < n; i++) x[i] = 1.0; return 0; }
int fmi3GetContinuousStateDerivatives(Model *m, double *d, size_t n) { rates(m); memcpy(d, m->r + NX, n * sizeof(double)); return 0; }
int fmi3GetEventIndicators(Model *m, double *z, size_t n) { (void)n; signs(m, z); return 0; }
int fmi3GetNumberOfContinuousStates(Model *m, size_t *n) { (void)m; *n = NX; return 0; }
int fmi3GetNumberOfEventIndicators(Model *m, size_t *n) { (void)m; *n = NZ; return 0; }

int fmi3GetFMUState(Model *m, void **s) { if (!*s) *s = malloc(sizeof(Model)); memcpy(*s, m, sizeof(Model)); return 0; }
int fmi3SetFMUState(Model *m, void *s) { memcpy(m, s, sizeof(Model)); return 0; }
int fmi3FreeFMUState(Model *m, void **s) { (void)m; free(*s); *s = NULL; return 0; }
int fmi3SerializedFMUStateSize(Model *m, void *s, size_t *n) { (void)m; (void)s; *n = sizeof(Model); return 0; }
int fmi3SerializeFMUState(Model *m, void *s, uint8_t *b, size_t n) { (void)m; memcpy(b, s, n); return 0; }
int fmi3DeserializeFMUState(Model *m, const uint8_t *b, size_t n, void **s) { (void)m; *s = malloc(n); memcpy(*s, b, n); return 0; }
const char *fmi3GetVersion(void) { return "3.0"; }
int fmi3SetDebugLogging(Model *m, bool on, size_t n, const char *const *c) { (void)m; (void)on; (void)n; (void)c; return 0; }
int fmi3Terminate(Model *m) { (void)m; return 0; }
int fmi3Reset(Model *m) { (void)m; return 3; }
#ifdef ALL
#include "rest3.h"
#endif
