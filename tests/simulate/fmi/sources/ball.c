/* A ball that falls from a metre and bounces; it rests when it is slow. r: height, speed, their rates, gravity, bounce */
#define NR 6
#define NX 2
#define NZ 1
#define NI 1
static void start(Model *m) { m->r[0] = 1.0; m->r[4] = -9.81; m->r[5] = 0.7; }
static void rates(Model *m) { m->r[2] = m->n[0] ? 0.0 : m->r[1]; m->r[3] = m->n[0] ? 0.0 : m->r[4]; }
static void signs(Model *m, double *z) { z[0] = m->n[0] ? 1.0 : m->r[0]; }
static int jump(Model *m) {
    if (m->n[0] || m->r[0] > 0.0 || m->r[1] >= 0.0) return 0;
    m->r[0] = 1e-15;
    m->r[1] *= -m->r[5];
    if (m->r[1] < 0.1) { m->r[1] = 0.0; m->n[0] = 1; }
    return 1;
}
