/* What both shells share: the instance, its own small integrator for co-simulation, and faults on demand. */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    double time, next;
    double r[64];
    int n[16];
    void *logger;
    int waits;
} Model;

#include MODEL

#ifndef INNER
#define INNER 1e-3
#endif

static void evaluate(Model *m, double t, const double *x, double *dx) {
    m->time = t;
    memcpy(m->r, x, NX * sizeof(double));
    rates(m);
    memcpy(dx, m->r + NX, NX * sizeof(double));
}

/* The classical method with a fixed inner step; events at the ends of inner steps. */
static void inner(Model *m, double h) {
    double x[NX + 1], y[NX + 1], k[4][NX + 1], t = m->time;
    memcpy(x, m->r, NX * sizeof(double));
    evaluate(m, t, x, k[0]);
    for (int s = 1; s < 4; s++) {
        double part = s == 3 ? h : h / 2;
        for (int j = 0; j < NX; j++) y[j] = x[j] + part * k[s - 1][j];
        evaluate(m, t + part, y, k[s]);
    }
    for (int j = 0; j < NX; j++) m->r[j] = x[j] + h / 6 * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]);
    m->time = t + h;
    jump(m);
    rates(m);
}

static void faults(Model *m);

#ifdef EULER
/* One explicit step: next to nothing, for measuring what calling it costs. */
static int advance(Model *m, double t, double h) {
    rates(m);
    for (int j = 0; j < NX; j++) m->r[j] += h * m->r[NX + j];
    m->time = t + h;
    return 0;
}
#else
static int advance(Model *m, double t, double h) {
    int steps = (int)(h / INNER + 0.999999);
    if (steps < 1) steps = 1;
    m->time = t;
    for (int i = 0; i < steps; i++) inner(m, h / steps);
    m->time = t + h;
    faults(m);
#ifdef ERROR_AT
    if (m->time >= ERROR_AT) return 3;
#endif
#ifdef FATAL_AT
    if (m->time >= FATAL_AT) return 4;
#endif
    return 0;
}
#endif

static void faults(Model *m) {
    (void)m;
#ifdef CRASH_AT
    if (m->time >= CRASH_AT) raise(SIGSEGV);
#endif
#ifdef EXIT_AT
    if (m->time >= EXIT_AT) exit(7);
#endif
#ifdef HANG_AT
    if (m->time >= HANG_AT) for (;;) usleep(1000);
#endif
#ifdef NAN_AT
    if (m->time >= NAN_AT) m->r[0] = 0.0 / 0.0;
#endif
#ifdef CHATTER
    for (int i = 0; i < CHATTER; i++) printf("%d: a line that nobody asked for, and another hundred thousand of it\n", i);
#endif
}
