/* Counts the ticks of a clock, and integrates what it has counted. r: sum, its rate; n: count; n[15]: the clock */
#define NR 2
#define NX 1
#define NZ 0
#define NI 16
static void start(Model *m) { (void)m; }
static void rates(Model *m) { m->r[1] = m->n[0]; }
static void signs(Model *m, double *z) { (void)m; (void)z; }
static int jump(Model *m) { m->n[0] += m->n[15]; m->n[15] = 0; return 0; }
