/* Van der Pol's oscillator. r: x, v, their rates, mu, force (an input) */
#define NR 6
#define NX 2
#define NZ 0
#define NI 1
static void start(Model *m) { m->r[0] = 2.0; m->r[4] = 1.0; }
static void rates(Model *m) {
    m->r[2] = m->r[1];
    m->r[3] = m->r[4] * (1.0 - m->r[0] * m->r[0]) * m->r[1] - m->r[0] + m->r[5];
}
static void signs(Model *m, double *z) { (void)m; (void)z; }
static int jump(Model *m) { (void)m; return 0; }
