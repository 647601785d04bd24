/* An FMI 2 FMU around MODEL: real variables are the references of r, integers those of n. */
#include "common.h"
typedef void (*Logger)(void *, const char *, int, const char *, const char *, ...);
typedef struct { Logger logger; void *(*get)(size_t, size_t); void (*give)(void *); void *done, *where; } Callbacks;
typedef struct { int again, ended, nominals, values, defined; double next; } Event;

#ifndef NO_INSTANTIATE
void *fmi2Instantiate(const char *name, int kind, const char *guid, const char *place, const Callbacks *c, int v, int l) {
    (void)name; (void)kind; (void)place; (void)v; (void)l;
    if (strcmp(guid, "{pollux}")) { c->logger(c->where, name, 3, "error", "another guid than %s", "mine"); return NULL; }
    Model *m = c->get(1, sizeof(Model));
    m->logger = (void *)c->logger;
    m->next = 1e300;
    start(m);
    rates(m);
    return m;
}
#endif
void fmi2FreeInstance(void *m) { free(m); }
int fmi2SetupExperiment(Model *m, int d, double tol, double t, int s, double e) {
    (void)d; (void)tol; (void)s; (void)e; m->time = t; return 0;
}
int fmi2EnterInitializationMode(Model *m) { (void)m; return 0; }
int fmi2ExitInitializationMode(Model *m) { rates(m); return 0; }
int fmi2GetReal(Model *m, const unsigned *vr, size_t n, double *v) {
    rates(m);
    for (size_t i = 0; i < n; i++) { if (vr[i] >= NR) return 3; v[i] = m->r[vr[i]]; }
    return 0;
}
int fmi2SetReal(Model *m, const unsigned *vr, size_t n, const double *v) {
    for (size_t i = 0; i < n; i++) { if (vr[i] >= NR) return 3; m->r[vr[i]] = v[i]; }
    return 0;
}
int fmi2GetInteger(Model *m, const unsigned *vr, size_t n, int *v) {
    rates(m);
    for (size_t i = 0; i < n; i++) v[i] = m->n[vr[i]];
    return 0;
}
int fmi2SetInteger(Model *m, const unsigned *vr, size_t n, const int *v) {
    for (size_t i = 0; i < n; i++) m->n[vr[i]] = v[i];
    return 0;
}
int fmi2GetBoolean(Model *m, const unsigned *vr, size_t n, int *v) { return fmi2GetInteger(m, vr, n, v); }
int fmi2SetBoolean(Model *m, const unsigned *vr, size_t n, const int *v) { return fmi2SetInteger(m, vr, n, v); }

#ifndef NO_DO_STEP
int fmi2DoStep(Model *m, double t, double h, int no) {
    (void)no;
#ifdef LOGS
    for (int i = 0; i < LOGS; i++) ((Logger)m->logger)(NULL, "it", 1, "warning", "%d times at %g", i, t);
#endif
    return advance(m, t, h);
}
#endif

int fmi2GetFMUstate(Model *m, void **s) { if (!*s) *s = malloc(sizeof(Model)); memcpy(*s, m, sizeof(Model)); return 0; }
int fmi2FreeFMUstate(Model *m, void **s) { (void)m; free(*s); *s = NULL; return 0; }
int fmi2SerializedFMUstateSize(Model *m, void *s, size_t *n) { (void)m; (void)s; *n = sizeof(Model); return 0; }
int fmi2SerializeFMUstate(Model *m, void *s, char *b, size_t n) { (void)m; memcpy(b, s, n); return 0; }
int fmi2DeSerializeFMUstate(Model *m, const char *b, size_t n, void **s) {
    (void)m; *s = malloc(n); memcpy(*s, b, n); return 0;
}
int fmi2SetFMUstate(Model *m, void *s) {
    Model *from = s;
#ifdef STATE_CRASHES
    from = NULL;
#endif
    void *logger = m->logger;
    double kept = m->r[0];
    (void)kept;
    memcpy(m, from, sizeof(Model));
    m->logger = logger;
#ifdef STATE_LIES
    m->r[0] = kept;
#endif
    return 0;
}

int fmi2EnterEventMode(Model *m) { (void)m; return 0; }
int fmi2NewDiscreteStates(Model *m, Event *e) {
    memset(e, 0, sizeof(Event));
    e->values = jump(m);
    e->defined = m->next < 1e299;
    e->next = m->next;
    rates(m);
    return 0;
}
int fmi2EnterContinuousTimeMode(Model *m) { (void)m; return 0; }
int fmi2CompletedIntegratorStep(Model *m, int no, int *enter, int *ended) {
    (void)no; *enter = 0; *ended = 0; faults(m); return 0;
}
int fmi2SetTime(Model *m, double t) { m->time = t; return 0; }
int fmi2SetContinuousStates(Model *m, const double *x, size_t n) { memcpy(m->r, x, n * sizeof(double)); return 0; }
int fmi2GetContinuousStates(Model *m, double *x, size_t n) { memcpy(x, m->r, n * sizeof(double)); return 0; }
int fmi2GetNominalsOfContinuousStates(Model *m, double *x, size_t n) {
    (void)m;
    for (size_t i = 0; i < n; i++) x[i] = 1.0;
    return 0;
}
int fmi2GetDerivatives(Model *m, double *d, size_t n) { rates(m); memcpy(d, m->r + NX, n * sizeof(double)); return 0; }
int fmi2GetEventIndicators(Model *m, double *z, size_t n) { (void)n; signs(m, z); return 0; }
const char *fmi2GetVersion(void) { return "2.0"; }
const char *fmi2GetTypesPlatform(void) { return "default"; }
int fmi2SetDebugLogging(Model *m, int on, size_t n, const char *const *c) { (void)m; (void)on; (void)n; (void)c; return 0; }
int fmi2Terminate(Model *m) { (void)m; return 0; }
int fmi2Reset(Model *m) { (void)m; return 3; }
#ifdef ALL
#include "rest2.h"
#endif
